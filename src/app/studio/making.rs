//! Asking for music, and what comes back.

use std::sync::Arc;
use std::time::Instant;

use crate::compose::{self, Candidate, Event, Weights};
use crate::score::Song;

use super::asking::Asking;
use super::form::Making;
use super::morph::changing_after;
use super::tray::{Entry, Job, Tray};
use super::{Notice, Studio};

/// Most candidates that the tray holds: as many as there are keys to hear them.
const SHOWN: usize = 8;

impl Studio {
    /// Why nothing can be written now, and what to do about it; `None` if it can.
    pub fn obstacle(&self) -> Option<String> {
        self.asking().err()
    }

    /// Starts what the form says.
    pub(super) fn ask(&mut self) {
        let asking = self.asking();
        self.ask_for(asking);
    }

    /// Starts a job, or says why there can be none.
    pub(super) fn ask_for(&mut self, asking: Result<Asking, String>) {
        let making = self.form.making;
        if self.job.is_some() && making != Making::Morph {
            return;
        }
        let asking = match asking {
            Ok(asking) => asking,
            Err(obstacle) => {
                self.notices.push(Notice::Info(obstacle));
                return;
            }
        };
        // What is heard of a morph goes on until the next comes.
        if making != Making::Morph || self.tray.making != Making::Morph {
            self.close_tray();
        }
        let candidates = asking.request.candidates as usize;
        let bars = asking.bars();
        let Some(composer) = &mut self.composer else {
            return;
        };
        if let Err(message) = composer.ask(asking.request) {
            self.notices.push(Notice::Error(message));
            return;
        }
        self.job = Some(Job {
            started: Instant::now(),
            loading: true,
            done: vec![0; candidates],
            total: bars,
        });
        self.tray.making = making;
        self.tray.at = asking.at;
        self.tray.span = asking.span;
        if self.form.fresh_seed && making != Making::Morph {
            self.roll_seed();
        }
    }

    /// Another seed; a plain sequence, so that a session can be repeated.
    pub(super) fn roll_seed(&mut self) {
        // The multiplier and the increment of a full-period generator modulo 10^8.
        self.form.seed = (self.form.seed * 1_664_521 + 40_692_037) % 100_000_000;
    }

    /// Reads what the composer says.
    pub(super) fn poll_composer(&mut self) {
        let Some(composer) = &mut self.composer else {
            return;
        };
        for event in composer.poll() {
            match event {
                Event::Loading { .. } => {
                    if let Some(job) = &mut self.job {
                        job.loading = true;
                        // The time that is left is reckoned from the first bar on.
                        job.started = Instant::now();
                    }
                }
                // The request that needs a model that cannot be used fails with the same words.
                Event::Ready { .. } | Event::Unavailable { .. } => {}
                Event::Remark { message, .. } => self.notices.push(Notice::Info(message)),
                Event::Grown {
                    draft, bars_total, ..
                } => self.grown(*draft, bars_total),
                Event::Finished { candidates, .. } | Event::Cancelled { candidates, .. } => {
                    self.finished(candidates);
                }
                Event::ThemeFound { found, .. } => self.theme_found(found),
                Event::Failed { message, .. } => {
                    self.job = None;
                    self.tray.entries.retain(|entry| entry.writing.is_none());
                    self.audition(None);
                    self.notices.push(Notice::Error(message));
                }
            }
        }
    }

    /// A candidate as it goes into the tray.
    fn entry(&self, candidate: Candidate, writing: Option<(u32, u32)>) -> Entry {
        Entry {
            candidate: Candidate {
                at: self.tray.at.unwrap_or(candidate.at),
                ..candidate
            },
            writing,
            starred: false,
            like: None,
        }
    }

    fn grown(&mut self, draft: Candidate, total: u32) {
        let Some(job) = &mut self.job else {
            return;
        };
        let (index, done) = (draft.index as usize, draft.bars);
        job.loading = false;
        job.total = total;
        if let Some(bars) = job.done.get_mut(index) {
            *bars = done;
        }
        if self.tray.making == Making::Morph || index >= SHOWN {
            return;
        }
        let entry = self.entry(draft, Some((done, total)));
        let entries = &mut self.tray.entries;
        while entries.len() <= index {
            let mut empty = entry.clone();
            empty.candidate.clip = Arc::new(Song::default());
            empty.writing = Some((0, total));
            entries.push(empty);
        }
        if let Some(place) = entries.get_mut(index) {
            *place = entry;
        }
        if self.tray.heard.is_none() && index == 0 && done <= 4 && !self.transport.playing {
            self.audition(Some(0));
        } else if self.tray.heard == Some(index) {
            self.sound_heard();
        }
    }

    fn finished(&mut self, candidates: Vec<Candidate>) {
        self.job = None;
        if self.tray.making == Making::Morph {
            self.morphed(candidates);
            return;
        }
        // What is heard goes on being heard, at its new place.
        let heard = self.tray.heard_entry().map(|entry| entry.candidate.index);
        self.tray.entries = candidates
            .into_iter()
            .take(SHOWN)
            .map(|candidate| self.entry(candidate, None))
            .collect();
        self.tray.heard = heard.and_then(|index| {
            (self.tray.entries.iter())
                .position(|entry| entry.candidate.index == index)
                .or((!self.tray.entries.is_empty()).then_some(0))
        });
        self.tray.mark_alike();
        if !self.settings.weights.are_usual() {
            self.tray.rank(&self.settings.weights);
        }
        self.sound_heard();
    }

    /// Has the measures count so much, and puts the candidates into that order at once.
    pub(super) fn weigh(&mut self, weights: Weights) {
        self.settings.weights = weights;
        if self.tray.making != Making::Morph {
            self.tray.rank(&self.settings.weights);
        }
    }

    /// Whether the candidate that is heard has something for the focused track.
    pub fn can_keep_track(&self) -> bool {
        (self.tray.heard_entry())
            .is_some_and(|entry| !self.only_focused(&entry.candidate).tracks.is_empty())
    }

    /// The mixture that the puck stands for takes the place of the one before, from the next bar line on.
    fn morphed(&mut self, candidates: Vec<Candidate>) {
        let before = Arc::clone(self.heard_song());
        self.tray.entries = candidates
            .into_iter()
            .take(1)
            .map(|candidate| self.entry(candidate, None))
            .collect();
        if self.tray.entries.is_empty() {
            return;
        }
        if self.transport.playing && self.tray.heard.is_some() {
            self.sound_heard();
            let bar = self.song().metre.bar_span(self.transport.position);
            let turning = changing_after(&before, self.heard_song(), bar);
            self.sound.set_song(Arc::new(turning));
            self.turning = Some(bar);
        } else {
            self.audition(Some(0));
        }
        if std::mem::take(&mut self.morph_again) {
            self.ask();
        }
    }

    /// Once the bar in which a morph came is over, the song sounds as it is.
    pub(super) fn poll_turning(&mut self) {
        if let Some(bar) = self.turning
            && !bar.contains(self.transport.position)
        {
            self.turning = None;
            let song = Arc::clone(self.heard_song());
            self.sound.set_song(song);
        }
    }

    /// Moves the puck of the morph pad, and asks for what lies there.
    pub(super) fn move_puck(&mut self, place: [f32; 2]) {
        self.morph.place = place.map(|at| at.clamp(0.0, 1.0));
        if self.morph.count() < 2 {
            return;
        }
        self.form.making = Making::Morph;
        if self.job.is_some() {
            // One at a time: the latest place is asked for when this one is done.
            self.morph_again = true;
        } else {
            self.ask();
        }
    }

    /// Stops the job; what is finished stays.
    pub(super) fn stop_composing(&mut self) {
        self.morph_again = false;
        if self.job.take().is_some() {
            if let Some(composer) = &mut self.composer {
                composer.cancel();
            }
            self.tray
                .entries
                .retain(|entry| entry.writing.is_none_or(|(done, _)| done > 0));
            if self
                .tray
                .heard
                .is_some_and(|heard| heard >= self.tray.entries.len())
            {
                self.tray.heard = None;
            }
            self.sound_heard();
        }
    }

    /// Hears candidate `index` in its place, or the song as it is.
    pub(super) fn audition(&mut self, index: Option<usize>) {
        let index = index.filter(|index| *index < self.tray.entries.len());
        self.tray.heard = index;
        self.sound_heard();
        if index.is_some() {
            if !self.tray.span.contains(self.transport.position) {
                self.seek(self.tray.span.start);
            }
            if !self.transport.playing {
                self.transport.started_at = self.transport.position;
                self.sound.play();
                self.read_sound();
            }
        }
    }

    /// Tells the sound what to play: the song with the candidate that is heard, looped over it unless the user loops
    /// something else.
    pub(super) fn sound_heard(&mut self) {
        self.turning = None;
        self.heard = self.tray.heard_entry().map(|entry| {
            let candidate = &entry.candidate;
            Arc::new(compose::place(self.song(), candidate, candidate.at))
        });
        let song = Arc::clone(self.heard_song());
        self.sound.set_song(song);
        let range = self.transport.active_loop().or_else(|| {
            self.tray
                .heard_entry()
                .map(|_| self.tray.span)
                .filter(|span| !span.is_empty())
        });
        self.sound.set_loop(range);
    }

    /// The song as it is heard: with the candidate that is auditioned.
    pub fn heard_song(&self) -> &Arc<Song> {
        self.heard.as_ref().unwrap_or_else(|| self.song())
    }

    /// Puts the candidate that is heard, or else the best, into the song; or only what it has for the focused track.
    pub(super) fn keep(&mut self, focused_only: bool) {
        let index = self.tray.heard.unwrap_or_default();
        let Some(entry) = self.tray.entries.get(index) else {
            return;
        };
        let mut candidate = entry.candidate.clone();
        let mut name = "Keep candidate";
        if focused_only {
            name = "Keep one track";
            candidate = self.only_focused(&candidate);
            if candidate.tracks.is_empty() {
                self.notices.push(Notice::Info(
                    "The candidate has nothing for the focused track: focus another one."
                        .to_owned(),
                ));
                return;
            }
        }
        let song = compose::place(self.base_song(), &candidate, candidate.at);
        self.stop_composing();
        self.tray = Tray::default();
        let selection = self.base_selection().kept_in(&song);
        self.history.push(name, song, selection);
        self.after_other_song();
        self.sound_heard();
    }

    /// The candidate with only the track that the focused one takes: the one that is meant for it, else one of its role.
    fn only_focused(&self, candidate: &Candidate) -> Candidate {
        let Some(focused) = self.focused_track() else {
            return candidate.only(|_| false);
        };
        let meant = candidate.only(|placed| placed.into == Some(focused.id));
        if !meant.tracks.is_empty() {
            return meant;
        }
        candidate.only(|placed| {
            placed.into.is_none()
                && (candidate.clip.track(placed.from))
                    .is_some_and(|track| track.role == focused.role)
        })
    }

    /// Takes the candidate that is heard, or else the last, out of the tray.
    pub(super) fn discard(&mut self) {
        let Some(last) = self.tray.entries.len().checked_sub(1) else {
            return;
        };
        if self.job.is_some() {
            self.notices.push(Notice::Info(
                "Wait until all is written, or press Esc to stop, before you discard.".to_owned(),
            ));
            return;
        }
        let index = self.tray.heard.unwrap_or(last);
        self.tray.entries.remove(index);
        if self.tray.entries.is_empty() {
            self.close_tray();
        } else if self.tray.heard.is_some() {
            self.tray.heard = Some(index.min(self.tray.entries.len() - 1));
            self.sound_heard();
        }
    }

    /// Empties the tray; the song stays as it is.
    pub(super) fn close_tray(&mut self) {
        self.stop_composing();
        self.tray = Tray::default();
        self.sound_heard();
    }
}
