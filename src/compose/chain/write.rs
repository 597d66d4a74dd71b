//! Writing the chain, step by step.

use std::sync::Arc;

use super::theme::{KIND, MELODY, PIANO};
use super::{ChainSettings, Taken};
use crate::compose::band::{BandModel, Session, accompany, bar_line, derived, seed as phrases};
use crate::compose::continue_theme::Continuing;
use crate::compose::model::ThemeModel;
use crate::compose::perform::Performer;
use crate::compose::{
    AccompanySettings, Candidate, ContinueSettings, PlacedTrack, SeedSettings, Stage, StageKind,
    lineage, place, rank,
};
use crate::score::{Lineage, Song, Tick, Track};
use crate::tokens::band::PHRASE_BARS;
use crate::tokens::part::Part;

/// Phrases that are tried for each that is continued.
const TRIED: u32 = 8;
/// Most phrases that are continued.
const MOST_PHRASES: u32 = 8;
/// Melody notes of a bar that are neither too few nor too many to be remembered.
const MEMORABLE: f64 = 5.0;

/// A request for the chain, and the models that it goes through.
pub(crate) struct Chain<'a> {
    pub(crate) band: &'a dyn BandModel,
    pub(crate) theme: &'a dyn ThemeModel,
    /// Needed where the band is to join.
    pub(crate) accompany: Option<&'a dyn BandModel>,
    pub(crate) performer: &'a dyn Performer,
    pub(crate) song: &'a Song,
    pub(crate) settings: &'a ChainSettings,
    pub(crate) seed: u64,
    pub(crate) candidates: u32,
    pub(crate) is_cancelled: &'a dyn Fn() -> bool,
    /// Takes sentences for the user.
    pub(crate) remark: &'a dyn Fn(&str),
    /// Takes drafts, and the number of bars that they will have.
    pub(crate) report: &'a dyn Fn(Candidate, u32),
}

/// What came of the chain.
pub(crate) struct Chained {
    /// Those that are complete, the best first.
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) complete: bool,
    pub(crate) tokens: u64,
}

/// A phrase with the theme that was taken from it.
struct Begun {
    phrase: Candidate,
    theme: Taken,
    lineage: Arc<Lineage>,
}

impl Chain<'_> {
    /// Writes the candidates.
    pub(crate) fn write(&self) -> Result<Chained, String> {
        let mut chained = Chained {
            candidates: Vec::new(),
            complete: true,
            tokens: 0,
        };
        let wanted = self.candidates.clamp(1, 64);
        let begun = self.begin(self.settings.phrases.clamp(1, MOST_PHRASES.min(wanted)))?;
        if (self.is_cancelled)() {
            chained.complete = false;
            return Ok(chained);
        }
        let count = begun.len() as u32;
        if count == 0 {
            return Err(
                "none of the phrases has a melody: try another seed, or ask for more notes"
                    .to_owned(),
            );
        }
        let mut first = 0;
        for (number, begun) in (0..).zip(&begun) {
            let share = wanted / count + u32::from(number < wanted % count);
            self.go_on(begun, number, first..first + share, &mut chained)?;
            if !chained.complete {
                break;
            }
            first += share;
        }
        rank::sort(&mut chained.candidates);
        Ok(chained)
    }

    /// The best phrases of many, by what the band plays and by how well their melodies can be remembered.
    fn begin(&self, phrases: u32) -> Result<Vec<Begun>, String> {
        let mut settings = SeedSettings {
            bars: PHRASE_BARS as u32,
            ..self.settings.seed.clone()
        };
        settings.parts.extend([Part::Piano, Part::Guitar]);
        let session = Session {
            song: self.song,
            seed: self.seed,
            candidates: phrases * TRIED,
            model: self.band,
            performer: self.performer,
            is_cancelled: self.is_cancelled,
            report: &|_, _| {},
        };
        let tried = phrases::write(&session, &settings).map_err(|error| error.to_string())?;
        let mut begun: Vec<Begun> = tried
            .candidates
            .into_iter()
            .filter_map(|phrase| {
                let theme = Taken::from(&phrase.clip, self.settings.seconds, self.settings.form)?;
                let mut lineage = Lineage {
                    kind: KIND.to_owned(),
                    parent: Some(Box::new((*phrase.lineage).clone())),
                    ..(*phrase.lineage).clone()
                };
                lineage.settings = [
                    ("form", lineage::text(&self.settings.form)),
                    ("seconds", lineage::text(&self.settings.seconds)),
                ]
                .map(|(name, value)| (name.to_owned(), value))
                .into();
                Some(Begun {
                    phrase,
                    theme,
                    lineage: Arc::new(lineage),
                })
            })
            .collect();
        let promise = |begun: &Begun| f64::from(begun.phrase.score) + memorable(&begun.theme);
        begun.sort_by(|a, b| promise(b).total_cmp(&promise(a)));
        begun.truncate(phrases as usize);
        Ok(begun)
    }

    /// Continues a theme with the candidates `numbers`, and has the band join them if it is to.
    fn go_on(
        &self,
        begun: &Begun,
        number: u32,
        numbers: std::ops::Range<u32>,
        chained: &mut Chained,
    ) -> Result<(), String> {
        let Some(region) = begun.theme.song.theme() else {
            return Ok(());
        };
        let settings = ContinueSettings {
            theme: region.span,
            track: MELODY,
            accompaniment: Some(PIANO),
            ..self.settings.continuation.clone()
        };
        let total = begun.theme.bars + settings.bars;
        let report = |draft: Candidate, _| {
            (self.report)(self.joined(begun, &draft, numbers.start), total);
        };
        let continued = Continuing {
            model: self.theme,
            song: &begun.theme.song,
            settings: &settings,
            seed: derived(self.seed, u64::from(number)),
            candidates: numbers.len() as u32,
            parent: Some((*begun.lineage).clone()),
            is_cancelled: self.is_cancelled,
            remark: self.remark,
            report: &report,
        }
        .write()?;
        chained.tokens += continued.tokens;
        chained.complete = continued.complete;
        for candidate in &continued.candidates {
            let whole = self.joined(begun, candidate, numbers.start);
            let whole = match &self.settings.accompany {
                Some(settings) => self.accompanied(&whole, settings)?,
                None => Some(whole),
            };
            match whole {
                Some(whole) => chained.candidates.push(whole),
                None => chained.complete = false,
            }
        }
        Ok(())
    }

    /// A theme with what continues it behind it.
    fn joined(&self, begun: &Begun, continuation: &Candidate, first: u32) -> Candidate {
        let mut clip = place(&begun.theme.song, continuation, continuation.at);
        clip.origins.clear();
        let bars = begun.theme.bars + continuation.bars;
        let clip = Arc::new(clip);
        let stage = |kind, clip: &Arc<Song>, bars, lineage: &Arc<Lineage>| Stage {
            kind,
            clip: Arc::clone(clip),
            bars,
            lineage: Arc::clone(lineage),
        };
        let theme = Arc::new(begun.theme.song.clone());
        Candidate {
            index: first + continuation.index,
            bars,
            at: bar_line(self.song, self.settings.seed.at),
            tracks: all_tracks(&clip, bars),
            stages: vec![
                stage(
                    StageKind::Phrase,
                    &begun.phrase.clip,
                    begun.phrase.bars,
                    &begun.phrase.lineage,
                ),
                stage(StageKind::Theme, &theme, begun.theme.bars, &begun.lineage),
                stage(StageKind::Continuation, &clip, bars, &continuation.lineage),
            ],
            clip,
            ..continuation.clone()
        }
    }

    /// A candidate with the band around it; `None` where that was stopped.
    fn accompanied(
        &self,
        candidate: &Candidate,
        settings: &AccompanySettings,
    ) -> Result<Option<Candidate>, String> {
        let model = self
            .accompany
            .ok_or("the model that accompanies is not loaded: try again")?;
        let settings = AccompanySettings {
            bars: 0..candidate.bars,
            given: vec![PIANO, MELODY],
            given_as: Some(Part::Piano),
            ..settings.clone()
        };
        let session = Session {
            song: &candidate.clip,
            seed: derived(self.seed, u64::from(candidate.index)),
            candidates: 1,
            model,
            performer: self.performer,
            is_cancelled: self.is_cancelled,
            report: &|_, _| {},
        };
        let parent = Some(candidate.lineage.as_ref());
        let band = accompany::write_after(&session, &settings, parent)
            .map_err(|error| error.to_string())?;
        let Some(band) = band.candidates.first() else {
            return Ok(None);
        };
        let mut whole = candidate.clone();
        let mut clip = place(&candidate.clip, band, Tick::ZERO);
        clip.origins.clear();
        whole.clip = Arc::new(clip);
        whole.tracks = all_tracks(&whole.clip, whole.bars);
        whole.lineage = Arc::clone(&band.lineage);
        whole.stages.push(Stage {
            kind: StageKind::Accompaniment,
            clip: Arc::clone(&whole.clip),
            bars: whole.bars,
            lineage: Arc::clone(&whole.lineage),
        });
        let known = |name: &str| candidate.measures.iter().any(|m| m.name == name);
        let more = band.measures.iter().filter(|m| !known(m.name)).cloned();
        whole.measures.extend(more);
        whole.score = rank::score(&whole.measures);
        Ok(Some(whole))
    }
}

/// Every track of a clip, each for the song's track of its role.
fn all_tracks(clip: &Song, bars: u32) -> Vec<PlacedTrack> {
    let placed = |track: &Arc<Track>| PlacedTrack {
        from: track.id,
        into: None,
        bars: 0..bars,
    };
    clip.tracks.iter().map(placed).collect()
}

/// How well a theme's melody can be remembered, 0..=1: neither too few notes nor too many, and more than two pitches.
fn memorable(theme: &Taken) -> f64 {
    let Some(melody) = theme.song.track(MELODY) else {
        return 0.0;
    };
    let notes = melody.notes();
    let density = notes.len() as f64 / f64::from(theme.bars.max(1));
    let mut pitches: Vec<u8> = notes.iter().map(|note| note.pitch.get()).collect();
    pitches.sort_unstable();
    pitches.dedup();
    let fit = (density / MEMORABLE).min(MEMORABLE / density.max(1e-9));
    fit * (pitches.len() as f64 / 4.0).min(1.0)
}
