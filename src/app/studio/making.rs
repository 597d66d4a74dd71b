//! Asking for music, and what comes back.

use std::sync::Arc;
use std::time::Instant;

use crate::score::Song;

use super::super::composer::{Ask, Event, Proposal};
use super::tray::{Entry, Job, Tray, only_melody};
use super::{Notice, Studio};

impl Studio {
    /// Why nothing can be written now, and what to do about it; `None` if it can.
    pub fn obstacle(&self) -> Option<String> {
        if self.composer.is_none() {
            return Some("This build has no networks in it.".to_owned());
        }
        if self.models.is_empty() {
            return Some("No model was found: see Preferences.".to_owned());
        }
        if self.song().theme().is_none() {
            return Some("Mark a theme first: select notes, press T.".to_owned());
        }
        None
    }

    /// Starts a continuation as the form says.
    pub(super) fn ask(&mut self) {
        if self.job.is_some() {
            return;
        }
        if let Some(obstacle) = self.obstacle() {
            self.notices.push(Notice::Info(obstacle));
            return;
        }
        self.close_tray();
        let song = Arc::clone(self.base_song());
        let form = &self.form;
        let at = form.place.tick(&song, self.transport.position);
        let first = song.metre.bar_at(at);
        let length = song.metre.bar_start(first + form.bars) - at;
        let ask = Ask {
            song: Arc::clone(&song),
            at,
            bars: form.bars,
            candidates: form.candidates.clamp(1, 8),
            seed: form.seed,
            temperature: form.temperature(),
            theme_temperature: form.theme_temperature(),
            top_p: form.top_p,
            top_k: form.top_k,
            key: song.key.filter(|_| form.stay_in_key),
            return_where_painted: form.return_where_painted,
            only_painted: form.only_painted,
            accompany: form.accompany,
        };
        let (bars, candidates) = (ask.bars, ask.candidates);
        let asked = match &mut self.composer {
            Some(composer) => composer.ask(ask),
            None => return,
        };
        match asked {
            Ok(()) => {
                self.job = Some(Job {
                    started: Instant::now(),
                    loading: true,
                    done: vec![0; candidates as usize],
                    total: bars,
                });
                self.tray = Tray {
                    at,
                    length,
                    ..Tray::default()
                };
                if self.form.fresh_seed {
                    self.roll_seed();
                }
            }
            Err(message) => self.notices.push(Notice::Error(message)),
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
                Event::Loading => {
                    if let Some(job) = &mut self.job {
                        job.loading = true;
                        // The time that is left is reckoned from the first bar on.
                        job.started = Instant::now();
                    }
                }
                Event::Remark(message) => self.notices.push(Notice::Info(message)),
                Event::Wrote {
                    candidate,
                    done,
                    total,
                    proposal,
                } => self.grown(candidate, done, total, proposal),
                Event::Finished(proposals) => self.finished(proposals),
                Event::Failed(message) => {
                    self.job = None;
                    self.tray.entries.retain(|entry| entry.writing.is_none());
                    self.audition(None);
                    self.notices.push(Notice::Error(message));
                }
            }
        }
    }

    fn grown(&mut self, candidate: usize, done: u32, total: u32, proposal: Proposal) {
        let Some(job) = &mut self.job else {
            return;
        };
        job.loading = false;
        job.total = total;
        if let Some(bars) = job.done.get_mut(candidate) {
            *bars = done;
        }
        let entry = Entry {
            proposal,
            writing: Some((done, total)),
            starred: false,
        };
        let entries = &mut self.tray.entries;
        while entries.len() <= candidate.min(7) {
            let empty = Entry {
                proposal: Proposal {
                    clip: Arc::new(Song::default()),
                    lineage: None,
                    ..entry.proposal.clone()
                },
                writing: Some((0, total)),
                starred: false,
            };
            entries.push(empty);
        }
        if let Some(place) = entries.get_mut(candidate) {
            *place = entry;
        }
        if self.tray.heard.is_none() && candidate == 0 && done == 1 && !self.transport.playing {
            self.audition(Some(0));
        } else if self.tray.heard == Some(candidate) {
            self.sound_heard();
        }
    }

    fn finished(&mut self, proposals: Vec<Proposal>) {
        self.job = None;
        // What is heard goes on being heard, at its new place.
        let heard = self
            .tray
            .heard_entry()
            .map(|e| Arc::clone(&e.proposal.clip));
        self.tray.entries = proposals
            .into_iter()
            .take(8)
            .map(|proposal| Entry {
                proposal,
                writing: None,
                starred: false,
            })
            .collect();
        self.tray.heard = heard.and_then(|clip| {
            (self.tray.entries.iter())
                .position(|entry| begins_alike(&entry.proposal.clip, &clip))
                .or((!self.tray.entries.is_empty()).then_some(0))
        });
        self.sound_heard();
    }

    /// Stops the job; what is finished stays.
    pub(super) fn stop_composing(&mut self) {
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
            if !self.tray.span().contains(self.transport.position) {
                self.seek(self.tray.at);
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
        self.heard = match (self.tray.heard_entry(), &self.composer) {
            (Some(entry), Some(composer)) => Some(Arc::new(composer.placed(
                self.song(),
                &entry.proposal,
                self.tray.at,
            ))),
            _ => None,
        };
        let song = Arc::clone(self.heard_song());
        self.sound.set_song(song);
        let range = self.transport.active_loop().or_else(|| {
            self.tray
                .heard_entry()
                .map(|_| self.tray.span())
                .filter(|span| !span.is_empty())
        });
        self.sound.set_loop(range);
    }

    /// The song as it is heard: with the candidate that is auditioned.
    pub fn heard_song(&self) -> &Arc<Song> {
        self.heard.as_ref().unwrap_or_else(|| self.song())
    }

    /// Puts the candidate that is heard, or else the best, into the song.
    pub(super) fn keep(&mut self, melody_only: bool) {
        let index = self.tray.heard.unwrap_or_default();
        let (Some(entry), Some(composer)) = (self.tray.entries.get(index), &self.composer) else {
            return;
        };
        let mut proposal = entry.proposal.clone();
        if melody_only {
            proposal.clip = only_melody(&proposal.clip);
        }
        let song = composer.placed(self.base_song(), &proposal, self.tray.at);
        let name = if melody_only {
            "Keep melody"
        } else {
            "Keep candidate"
        };
        self.stop_composing();
        self.tray = Tray::default();
        let selection = self.base_selection().kept_in(&song);
        self.history.push(name, song, selection);
        self.after_other_song();
        self.sound_heard();
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

/// Whether `whole` begins with the notes of `start` (which may be unfinished).
fn begins_alike(whole: &Song, start: &Song) -> bool {
    start.tracks.iter().all(|track| {
        whole
            .tracks
            .iter()
            .find(|other| other.role == track.role)
            .is_some_and(|other| {
                let count = track.notes().len().saturating_sub(2);
                other
                    .notes()
                    .iter()
                    .zip(track.notes())
                    .take(count)
                    .all(|(a, b)| (a.start, a.pitch) == (b.start, b.pitch))
                    && other.notes().len() >= count
            })
    })
}
