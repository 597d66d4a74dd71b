//! `leitmotif vary --model theme`: bars of melody and piano anew, between the others.

use std::sync::Arc;

use anyhow::bail;
use serde_json::json;

use super::band::VaryArgs;
use super::options::{find_track, usage_error};
use super::work::{Folder, work};
use super::{Common, Outcome};
use crate::compose::{
    Candidate, FillVoices, InfillSettings, Kind, Preload, Request, part_of, place,
};
use crate::score::{Role, Song};
use crate::tokens::part::Part;

/// Writes bars anew, and the songs with them.
pub(super) fn run(args: &VaryArgs, song: &Song, common: &Common) -> Outcome {
    let band = args.band.settings();
    if args.change < 1.0 || band.density != 0.0 {
        usage_error("--change and --density are for bands: leave them out with --model theme");
    }
    let mut settings = InfillSettings {
        bars: args.bars.0.clone(),
        scale: args.band.scale,
        draws: args.draws,
        ..InfillSettings::default()
    };
    settings.temperature *= band.variety;
    choose_tracks(args, song, &mut settings)?;
    let folder = Folder::make(&args.out, args.candidates, common)?;
    let request = Request {
        song: Arc::new(song.clone()),
        kind: Kind::Infill(settings.clone()),
        seed: args.seed,
        candidates: args.candidates,
    };
    let work = work(request, Preload::Theme, Some(&args.song), common)?;
    let head = json!({
        "command": "vary", "song": args.song, "settings": settings, "seed": args.seed,
    });
    let placed = |candidate: &Candidate| place(song, candidate, candidate.at);
    folder.write(&work, head, None, &placed, common)
}

/// Which tracks are the melody and the piano, and which of them is written.
fn choose_tracks(
    args: &VaryArgs,
    song: &Song,
    settings: &mut InfillSettings,
) -> anyhow::Result<()> {
    let (mut melody, mut piano) = (false, false);
    for wanted in &args.tracks {
        match wanted.parse::<FillVoices>() {
            Ok(FillVoices::Melody) => melody = true,
            Ok(FillVoices::Piano) => piano = true,
            Ok(FillVoices::Both) => (melody, piano) = (true, true),
            Err(_) => {
                let track = find_track(song, wanted)?;
                if track.role == Role::Melody {
                    settings.melody = Some(track.id);
                    melody = true;
                } else if part_of(track) == Some(Part::Piano) {
                    settings.piano = Some(track.id);
                    piano = true;
                } else {
                    bail!(
                        "--tracks {wanted}: this track plays neither melody nor piano; leave --model theme out to have a band write it"
                    );
                }
            }
        }
    }
    settings.voices = match (melody, piano) {
        (true, false) => FillVoices::Melody,
        (false, true) => FillVoices::Piano,
        (true, true) | (false, false) => FillVoices::Both,
    };
    Ok(())
}
