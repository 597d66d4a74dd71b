//! Ideas: what goes on the corners of the morph pad, and what else is made of something that was generated.

use std::ops::Range;
use std::sync::Arc;

use crate::compose::{self, Kind, Request, VarySettings};
use crate::score::{Note, Song, Span, Tick, TrackId};
use crate::tokens::clip::bar_ticks;
use crate::tokens::part::Part;

use super::asking::{Asking, bars_span};
use super::form::{Making, Place, Reroll};
use super::morph::Idea;
use super::{Notice, Studio};

/// How far "more like this" goes from what it is like.
const NEAR: f32 = 0.35;

impl Studio {
    /// What is heard goes on a corner: the candidate, or else the generated clip at the playhead.
    pub(super) fn put_idea(&mut self, corner: usize) {
        let idea = match self.tray.heard_entry() {
            Some(entry) => Some(Idea {
                clip: Arc::clone(&entry.candidate.clip),
                bars: entry.candidate.bars,
                lineage: Arc::clone(&entry.candidate.lineage),
            }),
            None => self.clip_at_playhead(),
        };
        let message = match idea {
            Some(idea) if compose::is_band(&idea.lineage) => {
                if let Some(slot) = self.morph.ideas.get_mut(corner) {
                    *slot = Some(idea);
                }
                return;
            }
            Some(_) => "Only what Seed, Accompany, Re-roll or Morph wrote can be morphed.",
            None => {
                "Hear a candidate first (1 to 8), or put the playhead into a clip that Seed wrote."
            }
        };
        self.notices.push(Notice::Info(message.to_owned()));
    }

    /// The corner is free again.
    pub(super) fn clear_idea(&mut self, corner: usize) {
        if let Some(slot) = self.morph.ideas.get_mut(corner) {
            *slot = None;
        }
    }

    /// The latest generated clip around the playhead.
    fn clip_at_playhead(&self) -> Option<Idea> {
        let song = self.base_song();
        let origin = (song.origins.iter().rev()).find(|origin| {
            origin.span.contains(self.transport.position) && compose::is_band(&origin.lineage)
        })?;
        let bars = origin.span.length().0 / bar_ticks().0;
        Some(Idea {
            clip: Arc::new(cut(song, origin.span, &origin.tracks)),
            bars: u32::try_from(bars).ok()?.max(1),
            lineage: Arc::clone(&origin.lineage),
        })
    }

    /// The bars of the latest clip that a band's model wrote around `bar` of `track`.
    pub fn clip_bars(&self, bar: u32, track: TrackId) -> Option<Range<u32>> {
        let song = self.base_song();
        let at = song.metre.bar_start(bar);
        let origin = (song.origins.iter().rev()).find(|origin| {
            origin.span.contains(at)
                && origin.tracks.contains(&track)
                && compose::is_band(&origin.lineage)
        })?;
        let last = origin.span.end - Tick(1);
        Some(song.metre.bar_at(origin.span.start)..song.metre.bar_at(last) + 1)
    }

    /// Writes `bars` once more: one track of the band, or all of it.
    pub(super) fn reroll(&mut self, bars: Range<u32>, track: Option<TrackId>) {
        let song = Arc::clone(self.base_song());
        let mut parts = Part::ALL.to_vec();
        if let Some(track) = track.and_then(|id| song.track(id)) {
            let Some(part) = Part::of(track.instrument) else {
                self.notices.push(Notice::Info(format!(
                    "{} is none of the band's parts: give it another instrument.",
                    track.name
                )));
                return;
            };
            parts = vec![part];
        }
        self.form.making = Making::Vary;
        self.form.reroll = Some(Reroll::Band);
        let asking = self.variation(&song, bars, parts);
        self.ask_for(asking);
    }

    /// Writes `bars` of melody and piano anew, between the others; of one track alone if one is given.
    pub(super) fn fill(&mut self, bars: Range<u32>, track: Option<TrackId>) {
        let song = Arc::clone(self.base_song());
        let mut voices = self.form.fill;
        if let Some(track) = track {
            let Some(voice) = self.voice_of(track) else {
                let name = song
                    .track(track)
                    .map_or("This track", |track| track.name.as_str());
                self.notices.push(Notice::Info(format!(
                    "{name} plays neither melody nor piano: re-roll it with the band, or give it another role."
                )));
                return;
            };
            voices = voice;
        }
        self.form.making = Making::Vary;
        self.form.reroll = Some(Reroll::Fill);
        let asking = self.filling(&song, bars, voices, track);
        self.ask_for(asking);
    }

    /// The bar that "here" means: where the selection begins, else the one of the playhead.
    pub(super) fn place_here(&self) -> u32 {
        let song = self.base_song();
        let selected = self.base_selection().span(song).map(|span| span.start);
        song.metre
            .bar_at(selected.unwrap_or(self.transport.position))
    }

    /// Writes on from a bar.
    pub(super) fn continue_from(&mut self, bar: u32, track: Option<TrackId>) {
        if let Some(track) = track.filter(|id| self.base_song().track(*id).is_some()) {
            self.view.focused = Some(track);
        }
        self.form.making = Making::Continue;
        self.form.place = Place::FromBar(bar);
        self.ask();
    }

    /// Whether a band can join what is heard: a continuation, or bars that were filled.
    pub fn can_add_band(&self) -> bool {
        self.tray.heard_entry().is_some_and(|entry| {
            let candidate = &entry.candidate;
            !candidate.tracks.is_empty() && !compose::is_band(&candidate.lineage)
        })
    }

    /// Keeps what is heard, and has the band join it.
    pub(super) fn add_band(&mut self) {
        if !self.can_add_band() {
            self.notices.push(Notice::Info(
                "Hear a continuation first (1 to 8): the band joins that one.".to_owned(),
            ));
            return;
        }
        let Some(candidate) = self.tray.heard_entry().map(|entry| entry.candidate.clone()) else {
            return;
        };
        // Ask before anything is kept: what is missing is said, and nothing has changed.
        let song = compose::place(self.base_song(), &candidate, candidate.at);
        let Some(tracks) = song.origins.last().map(|origin| origin.tracks.clone()) else {
            return;
        };
        let first = song.metre.bar_at(candidate.at);
        let bars = first..first + candidate.bars;
        match self.band_around(&Arc::new(song), &tracks, bars) {
            Ok(asking) => {
                self.keep(false);
                // The band is heard where it joins as soon as it plays, as everything that is written from silence.
                self.sound.pause();
                self.read_sound();
                self.form.making = Making::Accompany;
                self.ask_for(Ok(asking));
            }
            Err(obstacle) => self.notices.push(Notice::Info(obstacle)),
        }
    }

    /// Whether there is something near what is heard: a band's clip has neighbours.
    pub fn has_neighbours(&self) -> bool {
        (self.tray.heard_entry()).is_some_and(|entry| compose::is_band(&entry.candidate.lineage))
    }

    /// Candidates near the one that is heard.
    pub(super) fn more_like_this(&mut self) {
        let Some(entry) = self.tray.heard_entry() else {
            self.notices
                .push(Notice::Info("Hear a candidate first (1 to 8).".to_owned()));
            return;
        };
        let candidate = &entry.candidate;
        if !compose::is_band(&candidate.lineage) {
            self.notices.push(Notice::Info(
                "Continuations have no neighbours: roll another seed (D) and continue again."
                    .to_owned(),
            ));
            return;
        }
        let song = Arc::new(compose::place(self.base_song(), candidate, candidate.at));
        let first = song.metre.bar_at(candidate.at);
        let bars = first..first + candidate.bars;
        let asking = Asking {
            span: bars_span(&song, &bars),
            at: None,
            request: Request {
                kind: Kind::Vary(VarySettings {
                    bars,
                    change: NEAR,
                    ..VarySettings::default()
                }),
                song,
                seed: self.form.seed,
                candidates: self.form.candidates.clamp(1, 8),
            },
        };
        self.ask_for(Ok(asking));
    }
}

/// What `tracks` play in `span`, from tick 0.
fn cut(song: &Song, span: Span, tracks: &[TrackId]) -> Song {
    let mut clip = Song {
        tempo: Arc::clone(&song.tempo),
        ..Song::default()
    };
    for track in tracks.iter().filter_map(|id| song.track(*id)) {
        let notes = track.notes_starting_in(span).iter().map(|note| Note {
            start: note.start - span.start,
            ..*note
        });
        clip = clip.with_track(track.with_notes(notes.collect()));
    }
    clip
}
