//! Finding the theme: the phrase that comes back most is marked, with its returns.

use std::sync::Arc;

use crate::compose::{FoundTheme, Kind, Request, theme_track};
use crate::score::edit::{self, Edited};
use crate::score::{Song, Span, Track};

use super::super::command::Action;
use super::{Notice, Studio};

impl Studio {
    /// Whether a theme is being looked for.
    pub fn is_finding(&self) -> bool {
        self.finding.is_some()
    }

    /// Has the focused track, or else the melody, looked through for its theme.
    pub(super) fn find_theme(&mut self) {
        if self.finding.is_some() {
            return;
        }
        let song = Arc::clone(self.base_song());
        let wanted = theme_track(&song, self.focused()).and_then(|id| song.track(id));
        let Some(track) = wanted.cloned() else {
            self.notices.push(Notice::Info(
                "There is no melody to look through: draw one, or open a song.".to_owned(),
            ));
            return;
        };
        let Some(composer) = &mut self.composer else {
            self.notices.push(Notice::Error(
                "Nothing can look for a theme: restart the program.".to_owned(),
            ));
            return;
        };
        let asked = composer.ask(Request {
            song,
            kind: Kind::FindTheme(track.id),
            seed: 0,
            candidates: 1,
        });
        if let Err(message) = asked {
            self.notices.push(Notice::Error(message));
            return;
        }
        self.finding = Some(track);
        if self.job.is_some() {
            self.notices.push(Notice::Info(
                "The theme is looked for as soon as the writing is done.".to_owned(),
            ));
        }
    }

    /// Marks what was found as one step, or says that there is none.
    pub(super) fn theme_found(&mut self, found: Result<Option<FoundTheme>, String>) {
        let Some(track) = self.finding.take() else {
            return;
        };
        let found = match found {
            Ok(Some(found)) => found,
            Ok(None) => {
                self.notices.push(Notice::Info(format!(
                    "No phrase of two bars comes back in “{}”. Select the notes of a theme and press T, or look in another \
                     track.",
                    track.name
                )));
                return;
            }
            Err(message) => {
                self.notices.push(Notice::Error(message));
                return;
            }
        };
        let song = Arc::clone(self.base_song());
        // Bars that were found in other notes say nothing about these.
        if !(song.track(track.id)).is_some_and(|now| same_notes(now, &track)) {
            self.notices.push(Notice::Info(format!(
                "“{}” was changed meanwhile: look for the theme again.",
                track.name
            )));
            return;
        }
        let returns: Vec<Span> = found.returns.iter().map(|found| found.span).collect();
        let edited = Edited {
            song: edit::set_found_theme(&song, found.track, found.theme, &returns),
            selection: self.base_selection().clone(),
        };
        self.notices
            .push(Notice::Success(in_words(&song, &track, &found)));
        self.step(Action::FindTheme.text(), edited, false);
    }
}

fn same_notes(a: &Arc<Track>, b: &Arc<Track>) -> bool {
    Arc::ptr_eq(a, b) || a.notes() == b.notes()
}

fn in_words(song: &Song, track: &Track, found: &FoundTheme) -> String {
    let first = song.metre.bar_at(found.theme.start) + 1;
    let returns = match found.returns.len() {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    };
    format!(
        "The theme of “{}” is in bars {first} to {}. It comes back {returns}.",
        track.name,
        first + 1
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::super::command::Command;
    use super::super::super::composer::Composer;
    use super::super::super::edit::{Edit, TrackChange};
    use super::super::Parts;
    use super::*;
    use crate::compose::{Event, JobId, ThemeFinder};
    use crate::score::{Instrument, Note, Pitch, Role, ThemeKind, Tick, TrackId, Velocity};

    /// Looks for themes when it is asked what happened.
    #[derive(Default)]
    struct Finds(Option<Request>);

    impl Composer for Finds {
        fn ask(&mut self, request: Request) -> Result<(), String> {
            self.0 = Some(request);
            Ok(())
        }
        fn cancel(&mut self) {}
        fn poll(&mut self) -> Vec<Event> {
            let request = self.0.take();
            let event = request.map(|request| {
                let Kind::FindTheme(track) = request.kind else {
                    panic!("only themes are looked for here")
                };
                Event::ThemeFound {
                    job: JobId(1),
                    found: ThemeFinder::default()
                        .find(&request.song, track)
                        .map_err(|error| error.to_string()),
                }
            });
            event.into_iter().collect()
        }
        fn models(&self) -> Vec<String> {
            Vec::new()
        }
    }

    const BAR: i64 = 3840;

    /// A phrase in bars 0 and 1, if `twice` again in bars 4 and 5; a bass of one note.
    fn studio(twice: bool) -> Studio {
        let phrase = [
            (0, 60),
            (960, 64),
            (1920, 67),
            (3360, 65),
            (4320, 64),
            (6240, 62),
        ];
        let starts = if twice { vec![0, 4 * BAR] } else { vec![0] };
        let notes = starts.into_iter().flat_map(|start| {
            phrase.map(|(at, key)| {
                let pitch = Pitch::clamped(key);
                Note::new(Tick(at + start), Tick(240), pitch, Velocity::DEFAULT)
            })
        });
        let piano = Instrument::pitched(0);
        let melody = Track::new(TrackId(1), "Lead", piano, Role::Melody);
        let song = Song::default().with_track(melody.with_notes(notes.collect()));
        Studio::with_parts(
            song,
            Parts {
                composer: Some(Box::new(Finds::default())),
                ..Parts::default()
            },
        )
    }

    fn marked(studio: &Studio) -> Vec<(ThemeKind, i64, i64)> {
        let themes = studio.song().themes.iter();
        themes
            .map(|region| {
                (
                    region.kind,
                    region.span.start.0 / BAR,
                    region.span.end.0 / BAR,
                )
            })
            .collect()
    }

    #[test]
    fn what_is_found_is_one_step() {
        let mut studio = studio(true);
        studio.apply(Action::FindTheme.into());
        assert!(studio.is_finding() && marked(&studio).is_empty());
        studio.poll();
        let both = [(ThemeKind::Theme, 0, 2), (ThemeKind::Return, 4, 6)];
        assert_eq!(marked(&studio), both);
        let told =
            Notice::Success("The theme of “Lead” is in bars 1 to 2. It comes back once.".into());
        assert_eq!(studio.take_notices(), [told]);
        studio.apply(Action::Undo.into());
        assert!(marked(&studio).is_empty());
        studio.apply(Action::Redo.into());
        assert_eq!(marked(&studio), both);
    }

    #[test]
    fn what_cannot_be_found_is_said() {
        let mut studio = studio(false);
        studio.apply(Action::FindTheme.into());
        studio.poll();
        let told = studio.take_notices();
        assert!(
            matches!(&told[..], [Notice::Info(text)] if text.starts_with("No phrase of two bars comes back in “Lead”")),
            "{told:?}"
        );
        assert!(marked(&studio).is_empty() && !studio.history().can_undo());
        let mut empty = Studio::new(Song::default());
        empty.apply(Action::FindTheme.into());
        assert!(matches!(&empty.take_notices()[..], [Notice::Info(_)]));
    }

    #[test]
    fn a_melody_that_was_changed_meanwhile_is_not_marked() {
        let mut changed = studio(true);
        changed.apply(Action::FindTheme.into());
        changed.apply(Action::SelectAll.into());
        changed.apply(Action::SemitoneUp.into());
        changed.poll();
        assert!(marked(&changed).is_empty());
        let told = changed.take_notices();
        assert!(matches!(&told[..], [Notice::Info(text)] if text.contains("changed meanwhile")));
        // A fader is no other melody.
        let mut louder = studio(true);
        louder.apply(Action::FindTheme.into());
        let fader = Edit::Track(TrackId(1), TrackChange::Volume(3));
        louder.apply(Command::Edit(fader));
        louder.poll();
        assert_eq!(marked(&louder).len(), 2);
    }
}
