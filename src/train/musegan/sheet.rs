//! Phrases to hear.

use std::sync::Arc;

use crate::score::{Song, Tempo, TempoMap, Track, TrackId, Velocity};
use crate::tokens::band::BandRoll;
use crate::tokens::part::Part;

/// The phrases one after another as a song.
pub fn song(phrases: &[BandRoll], bpm: f64) -> Song {
    let whole = phrases
        .iter()
        .fold(BandRoll::new(0), |song, phrase| song.followed_by(phrase));
    let tracks = Part::ALL.map(|part| {
        let id = TrackId(part.index() as u32 + 1);
        let notes = whole.score_notes(part, Velocity::DEFAULT);
        Arc::new(Track::new(id, part.to_string(), part.instrument(), part.role()).with_notes(notes))
    });
    Song {
        tracks: tracks.to_vec(),
        tempo: Arc::new(TempoMap::constant(Tempo::from_bpm(bpm))),
        ..Song::default()
    }
}
