//! Actions on the selected notes, the selection, the clipboard and the theme.

use std::sync::Arc;

use crate::score::edit::{self, Edited, Humanise, Nudge, Quantise};
use crate::score::{Key, Selection, Song, Span, Tick};

use super::super::command::Action;
use super::Studio;

impl Studio {
    /// Carries out an action on notes; says whether it was one.
    pub(super) fn act_on_notes(&mut self, action: Action) -> bool {
        let song = Arc::clone(self.base_song());
        let selection = self.base_selection().clone();
        let step = self.view.snap.step();
        let grid = step.unwrap_or(Tick(10));
        let key = song.key;
        let nudge = |nudge| Some(edit::nudge(&song, &selection, nudge));
        let edited = match action {
            Action::Cut => {
                self.clipboard = edit::copy(&song, &selection);
                Some(edit::delete(&song, &selection))
            }
            Action::Copy => {
                self.clipboard = edit::copy(&song, &selection);
                return true;
            }
            Action::Paste => {
                let at = match step {
                    Some(step) => self.transport.position.round_to(step),
                    None => self.transport.position,
                };
                let focused = self.focused();
                Some(edit::paste(&song, &self.clipboard, at, focused))
            }
            Action::Duplicate => {
                let beat = song.metre.metre_at(self.transport.position).beat();
                Some(edit::duplicate(&song, &selection, beat))
            }
            Action::Delete => Some(edit::delete(&song, &selection)),
            Action::NudgeLeft => nudge(Nudge::Time(Tick::ZERO - grid)),
            Action::NudgeRight => nudge(Nudge::Time(grid)),
            Action::SemitoneUp => nudge(Nudge::Semitones(1)),
            Action::SemitoneDown => nudge(Nudge::Semitones(-1)),
            Action::OctaveUp => nudge(Nudge::Octaves(1)),
            Action::OctaveDown => nudge(Nudge::Octaves(-1)),
            Action::ScaleStepUp | Action::ScaleStepDown => {
                let steps = if action == Action::ScaleStepUp { 1 } else { -1 };
                let key = key.unwrap_or_default();
                Some(edit::move_in_key(&song, &selection, key, steps))
            }
            Action::Quantise => {
                let how = Quantise {
                    grid: step.unwrap_or(Tick::SIXTEENTH),
                    ..Quantise::default()
                };
                Some(edit::quantise(&song, &self.phrase(), &how))
            }
            Action::Humanise => {
                let how = Humanise {
                    time: Tick(20),
                    velocity: 8,
                    seed: self.next_seed(),
                };
                Some(edit::humanise(&song, &self.phrase(), &how))
            }
            Action::Legato => Some(edit::legato(&song, &selection)),
            Action::Staccato => Some(edit::staccato(&song, &selection, 0.5)),
            Action::Invert => Some(edit::invert(&song, &selection, None)),
            Action::Retrograde => Some(edit::retrograde(&song, &selection)),
            Action::Arpeggiate => Some(edit::arpeggiate(&song, &selection, grid)),
            Action::Strum => Some(edit::strum(&song, &selection, Tick(30), edit::Strum::Down)),
            Action::DoubleTime => Some(edit::stretch(&song, &selection, 1, 2)),
            Action::HalfTime => Some(edit::stretch(&song, &selection, 2, 1)),
            Action::Glue => Some(edit::glue(&song, &selection)),
            Action::Louder => Some(edit::shift_velocity(&song, &selection, 8)),
            Action::Softer => Some(edit::shift_velocity(&song, &selection, -8)),
            Action::MuteNotes => {
                let muted = selection.notes(&song).any(|(_, note)| !note.muted);
                Some(edit::mute(&song, &selection, muted))
            }
            Action::LockNotes => {
                let locked = selection.notes(&song).any(|(_, note)| !note.locked);
                Some(edit::lock(&song, &selection, locked))
            }
            Action::MarkTheme => {
                edit::theme_from_selection(&song, &self.phrase()).map(|song| Edited {
                    song,
                    selection: selection.clone(),
                })
            }
            Action::PaintReturn => self.paint_return(&song).map(|song| Edited {
                song,
                selection: selection.clone(),
            }),
            Action::ClearTheme => {
                let mut song = (*song).clone();
                song.themes.clear();
                Some(Edited {
                    song,
                    selection: selection.clone(),
                })
            }
            _ => return self.act_on_selection(action, &song, &selection, key),
        };
        if let Some(edited) = edited {
            self.step(action.text(), edited, is_small(action));
        }
        true
    }

    fn act_on_selection(
        &mut self,
        action: Action,
        song: &Song,
        selection: &Selection,
        key: Option<Key>,
    ) -> bool {
        let focused = self.focused();
        let selected = match (action, focused) {
            (Action::SelectNone, _) => Selection::none(),
            (Action::SelectAll, Some(track)) => Selection::track(song, track),
            (Action::SelectInverse, Some(track)) => {
                Selection::track(song, track).without(selection)
            }
            (Action::SelectOutOfScale, Some(track)) => {
                Selection::out_of_key(song, track, key.unwrap_or_default())
            }
            (Action::SelectSamePitch, _) => selection.same_pitch(song),
            (Action::SelectAll | Action::SelectInverse | Action::SelectOutOfScale, None) => {
                return true;
            }
            _ => return false,
        };
        self.history.select(selected);
        true
    }

    /// The selection, or without one the focused track: what actions on whole phrases work on.
    fn phrase(&self) -> Selection {
        let selection = self.base_selection();
        match self.focused() {
            Some(track) if selection.is_empty() => Selection::track(self.base_song(), track),
            _ => selection.clone(),
        }
    }

    /// The song with the bars of the selection, or else of the loop, painted for the theme's return.
    fn paint_return(&self, song: &Song) -> Option<Song> {
        let theme = song.theme()?;
        let span: Span = self
            .base_selection()
            .span(song)
            .or(self.transport.active_loop())?;
        let first = song.metre.bar_at(span.start);
        let last = song.metre.bar_at((span.end - Tick(1)).max(span.start));
        Some(edit::paint_theme(song, theme.track, first..last + 1))
    }
}

/// Small changes that are usually made in a row: the row is taken back at once.
fn is_small(action: Action) -> bool {
    matches!(
        action,
        Action::NudgeLeft
            | Action::NudgeRight
            | Action::SemitoneUp
            | Action::SemitoneDown
            | Action::OctaveUp
            | Action::OctaveDown
            | Action::ScaleStepUp
            | Action::ScaleStepDown
            | Action::Louder
            | Action::Softer
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::super::command::Command;
    use super::super::super::edit::Edit;
    use super::*;
    use crate::score::{Instrument, Note, Pitch, Role, Velocity};

    /// A studio with a piano track of four selected quarter notes from C4 up.
    fn studio() -> Studio {
        let mut studio = Studio::new(Song::default());
        studio.apply(Command::Edit(Edit::AddTrack {
            instrument: Instrument::pitched(0),
            role: Role::Piano,
        }));
        let track = studio.song().tracks[0].id;
        let notes: Vec<Note> = (0..4)
            .map(|i| {
                Note::new(
                    Tick(i * 960),
                    Tick(960),
                    Pitch::clamped(60 + i as i32),
                    Velocity::DEFAULT,
                )
            })
            .collect();
        let edited = edit::add(studio.song(), track, &notes);
        studio.apply(Edit::notes("Draw", edited).into());
        studio
    }

    fn pitches(studio: &Studio) -> Vec<u8> {
        studio.song().tracks[0]
            .notes()
            .iter()
            .map(|note| note.pitch.get())
            .collect()
    }

    #[test]
    fn a_row_of_nudges_is_taken_back_at_once() {
        let mut studio = studio();
        for _ in 0..3 {
            studio.apply(Action::SemitoneUp.into());
        }
        assert_eq!(pitches(&studio), [63, 64, 65, 66]);
        studio.apply(Action::Undo.into());
        assert_eq!(pitches(&studio), [60, 61, 62, 63]);
    }

    #[test]
    fn what_is_cut_is_pasted_at_the_playhead() {
        let mut studio = studio();
        studio.apply(Action::Cut.into());
        assert!(pitches(&studio).is_empty());
        studio.apply(Command::Seek(Tick(3840)));
        studio.apply(Action::Paste.into());
        assert_eq!(pitches(&studio).len(), 4);
        assert_eq!(studio.song().tracks[0].notes()[0].start, Tick(3840));
        assert_eq!(studio.selection().len(), 4);
    }

    #[test]
    fn a_theme_is_marked_and_its_return_painted() {
        let mut studio = studio();
        studio.apply(Action::MarkTheme.into());
        let theme = *studio.song().theme().unwrap();
        assert_eq!(theme.span, Span::new(Tick(0), Tick(3840)));
        studio.apply(Command::SetLoop(Some(Span::new(Tick(7680), Tick(11520)))));
        studio.apply(Action::SelectNone.into());
        studio.apply(Action::PaintReturn.into());
        assert_eq!(studio.song().themes.len(), 2);
        assert_eq!(studio.song().themes[1].span.start, Tick(7680));
        studio.apply(Action::ClearTheme.into());
        assert!(studio.song().themes.is_empty());
    }

    #[test]
    fn selections_follow_the_focused_track() {
        let mut studio = studio();
        studio.apply(Action::SelectOutOfScale.into());
        assert_eq!(studio.selection().len(), 2, "C# and D# leave C major");
        studio.apply(Action::SelectInverse.into());
        assert_eq!(studio.selection().len(), 2);
        studio.apply(Action::SelectNone.into());
        assert!(studio.selection().is_empty());
    }
}
