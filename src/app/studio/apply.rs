//! Carries commands out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::score::edit::Edited;
use crate::score::{Instrument, Role, Selection, Song, Span, Tempo, Tick};

use super::super::command::{Action, Command};
use super::super::edit::{Edit, TrackChange};
use super::super::settings::ThemeChoice;
use super::super::view::{TimeAxis, Tool};
use super::{Dialog, Making, Purpose, Studio};

impl Studio {
    /// Carries `command` out: the only way in which the studio changes.
    pub fn apply(&mut self, command: Command) {
        match command {
            Command::Action(action) => self.act(action),
            Command::Edit(edit) => self.edit(&edit),
            Command::EditLive(edit) => {
                let live = edit.apply(self.base_song(), self.base_selection());
                self.show(Some(live));
            }
            Command::EditCancel => self.show(None),
            Command::Select(selection) => self.history.select(selection),
            Command::Focus(track) => {
                if self.song().track(track).is_some() {
                    self.view.focused = Some(track);
                }
            }
            Command::SetView(view) => self.view = view,
            Command::Seek(tick) => self.seek(tick),
            Command::SetLoop(range) => {
                self.transport.range = range.filter(|range| !range.is_empty());
                self.transport.looping = self.transport.range.is_some();
                self.sound_heard();
            }
            Command::Preview {
                instrument,
                pitch,
                velocity,
            } => self.sound.preview(instrument, pitch, velocity),
            Command::Live(event) => self.sound.play_live(event),
            Command::TypingKey(key, moved) => {
                if let Some(event) = self.typing.key(key, moved) {
                    self.sound.play_live(event);
                }
            }
            Command::ReleaseTyping => self.release_typing(),
            Command::SetForm(form) => self.form = form,
            Command::Reroll { bars, track } => self.reroll(bars, track),
            Command::Fill { bars, track } => self.fill(bars, track),
            Command::ContinueFrom { bar, track } => self.continue_from(bar, track),
            Command::SetWeights(weights) => self.weigh(weights),
            Command::PutIdea(corner) => self.put_idea(corner),
            Command::ClearIdea(corner) => self.clear_idea(corner),
            Command::MovePuck(place) => self.move_puck(place),
            Command::SetRenderForm(form) => self.settings.render = form,
            Command::PickRender => self.pick(self.settings.render.purpose()),
            Command::Audition(index) => self.audition(index),
            Command::SetSettings(settings) => {
                if settings.audio != self.settings.audio {
                    self.sound.choose(&settings.audio);
                }
                self.sound.set_midi(&settings.midi);
                self.settings = settings;
                self.save_settings();
            }
            Command::OpenPath(path) => {
                if !self.asks_first(Command::OpenPath(path.clone())) {
                    self.open(path);
                }
            }
            Command::Chosen(purpose, path) => self.chosen(purpose, path),
            Command::CloseDialog => {
                if matches!(self.dialog.take(), Some(Dialog::Path(_))) {
                    // Nothing is saved: what was to come after does not come.
                    self.after_save = None;
                }
            }
            Command::Regardless(next) => {
                self.history.mark_saved();
                self.forget_autosave();
                self.apply(*next);
            }
            Command::SaveThen(next) => {
                self.after_save = Some(*next);
                self.save();
            }
            Command::Recover(take) => self.recover(take),
        }
    }

    /// Shows the change of a drag, or the song of the last step again.
    fn show(&mut self, live: Option<(Arc<Song>, Selection)>) {
        let before = Arc::clone(self.song());
        self.live = live;
        self.song_may_differ(&before);
    }

    /// Makes `edit` a step.
    fn edit(&mut self, edit: &Edit) {
        let before = Arc::clone(self.song());
        self.live = None;
        let (song, selection) = edit.apply(self.base_song(), self.base_selection());
        if *song != **self.base_song() {
            self.history.push(edit.name(), song, selection);
        } else if selection != *self.base_selection() {
            self.history.select(selection);
        }
        self.song_may_differ(&before);
    }

    /// Tells the sound and the view that the song may not be `before` any more.
    fn song_may_differ(&mut self, before: &Arc<Song>) {
        if Arc::ptr_eq(before, self.song()) {
            return;
        }
        self.after_other_song();
        self.sound_heard();
    }

    /// Looks at a track that is there.
    pub(super) fn after_other_song(&mut self) {
        if self.focused().is_none() {
            self.view.focused = self.song().tracks.first().map(|track| track.id);
        }
    }

    pub(super) fn seek(&mut self, tick: Tick) {
        let tick = tick.max(Tick::ZERO);
        self.transport.position = tick;
        self.transport.started_at = tick;
        self.sound.seek(tick);
    }

    /// Changes one thing about the focused track.
    fn change_focused(&mut self, change: impl FnOnce(&crate::score::Track) -> TrackChange) {
        if let Some(track) = self.focused_track() {
            let edit = Edit::Track(track.id, change(track));
            self.edit(&edit);
        }
    }

    /// Makes what a function of [`crate::score::edit`] gave a step; one of a row of `small` ones is merged with the
    /// one before.
    pub(super) fn step(&mut self, name: &'static str, edited: Edited, small: bool) {
        let before = Arc::clone(self.song());
        self.live = None;
        if edited.song == **self.base_song() {
            self.history.select(edited.selection);
        } else if small {
            self.history
                .push_merging(name, edited.song, edited.selection);
        } else {
            self.history.push(name, edited.song, edited.selection);
        }
        self.song_may_differ(&before);
    }

    /// Another number each time.
    pub(super) fn next_seed(&mut self) -> u64 {
        self.seeds += 1;
        self.seeds
    }

    pub(super) fn act(&mut self, action: Action) {
        if self.act_on_notes(action) {
            return;
        }
        match action {
            Action::Undo => {
                let before = Arc::clone(self.song());
                self.live = None;
                self.history.undo();
                self.song_may_differ(&before);
            }
            Action::Redo => {
                let before = Arc::clone(self.song());
                self.live = None;
                self.history.redo();
                self.song_may_differ(&before);
            }
            Action::ToolPencil => self.view.tool = Tool::Pencil,
            Action::ToolSelect => self.view.tool = Tool::Select,
            Action::ToolKnife => self.view.tool = Tool::Knife,
            Action::ToolGlue => self.view.tool = Tool::Glue,
            Action::PlayPause => {
                if self.transport.playing {
                    self.sound.pause();
                } else {
                    self.transport.started_at = self.transport.position;
                    match self.settings.count_in_bars {
                        0 => self.sound.play(),
                        bars => self.sound.play_after(bars),
                    }
                }
                self.read_sound();
            }
            Action::Stop => {
                self.sound.pause();
                self.seek(self.transport.started_at);
                self.read_sound();
            }
            Action::ToStart => self.seek(Tick::ZERO),
            Action::PreviousBar => {
                let song = Arc::clone(self.song());
                let here = song.metre.bar_span(self.transport.position).start;
                let before = (here - Tick(1)).max(Tick::ZERO);
                self.seek(song.metre.bar_span(before).start);
            }
            Action::NextBar => {
                let end = self.song().metre.bar_span(self.transport.position).end;
                self.seek(end);
            }
            Action::ToggleLoop => {
                self.transport.looping = !self.transport.looping;
                if self.transport.looping && self.transport.range.is_none() {
                    let metre = &self.song().metre;
                    let bar = metre.bar_at(self.transport.position);
                    self.transport.range =
                        Some(Span::new(metre.bar_start(bar), metre.bar_start(bar + 4)));
                }
                self.sound_heard();
            }
            Action::ToggleMetronome => {
                self.transport.metronome = !self.transport.metronome;
                self.sound.set_metronome(self.transport.metronome);
            }
            Action::Record => self.toggle_recording(),
            Action::TypingKeyboard => self.toggle_typing(),
            Action::Panic => {
                self.release_typing();
                self.sound.panic();
            }
            Action::ArmTrack => self.toggle_arm(),
            Action::CountIn => {
                let mut settings = self.settings.clone();
                settings.count_in_bars = (settings.count_in_bars + 1) % 3;
                self.apply(Command::SetSettings(settings));
            }
            Action::AddTrack => {
                self.edit(&Edit::AddTrack {
                    instrument: Instrument::pitched(0),
                    role: Role::Piano,
                });
                self.view.focused = self.song().tracks.last().map(|track| track.id);
            }
            Action::DuplicateTrack => {
                if let Some(id) = self.focused() {
                    self.edit(&Edit::DuplicateTrack(id));
                }
            }
            Action::DeleteTrack => {
                if let Some(id) = self.focused() {
                    self.edit(&Edit::DeleteTrack(id));
                }
            }
            Action::TrackUp | Action::TrackDown => {
                let by = if action == Action::TrackUp { -1 } else { 1 };
                if let Some(track) = self.focused()
                    && let Some(to) = self
                        .song()
                        .track_index(track)
                        .and_then(|index| index.checked_add_signed(by))
                {
                    self.edit(&Edit::MoveTrack { track, to });
                }
            }
            Action::MuteTrack => self.change_focused(|track| TrackChange::Mute(!track.mute)),
            Action::SoloTrack => self.change_focused(|track| TrackChange::Solo(!track.solo)),
            Action::LockTrack => self.change_focused(|track| TrackChange::Locked(!track.locked)),
            Action::FocusPrevious | Action::FocusNext => {
                let by = if action == Action::FocusPrevious {
                    -1
                } else {
                    1
                };
                let song = Arc::clone(self.song());
                if let Some(track) = self
                    .focused()
                    .and_then(|id| song.track_index(id))
                    .and_then(|index| index.checked_add_signed(by))
                    .and_then(|index| song.tracks.get(index))
                {
                    self.view.focused = Some(track.id);
                }
            }
            Action::ZoomIn => self.zoom(1.25),
            Action::ZoomOut => self.zoom(0.8),
            Action::ToggleGhosts => self.view.ghosts = !self.view.ghosts,
            Action::ToggleFollow => self.view.follow = !self.view.follow,
            Action::ToggleScaleLock => self.view.scale_lock = !self.view.scale_lock,
            Action::ZoomToFit => {
                // Both start at the beginning; a whole song of any length fits about 900 points.
                let quarters = self.song().end().quarters().max(16.0);
                let axis = TimeAxis {
                    points_per_quarter: (900.0 / quarters as f32).clamp(2.0, 72.0),
                    left_quarters: 0.0,
                };
                self.view.timeline = axis;
                self.view.roll = axis;
            }
            Action::LoopSelection => {
                let song = self.song();
                if let Some(span) = self.selection().span(song) {
                    let range = Span::new(
                        song.metre.bar_span(span.start).start,
                        song.metre.bar_span(span.end - Tick(1)).end,
                    );
                    self.apply(Command::SetLoop(Some(range)));
                }
            }
            Action::TapTempo => self.tap(),
            Action::New => self.new_song(),
            Action::Open => self.pick(Purpose::Open),
            Action::OpenDemo => {
                if !self.asks_first(Action::OpenDemo.into()) {
                    self.show_song(crate::formats::demo::song(), None, None);
                }
            }
            Action::Save => self.save(),
            Action::SaveAs => self.pick(Purpose::Save),
            Action::ExportMidi => self.pick(Purpose::Midi),
            Action::ExportWav => self.toggle_dialog(Dialog::Render),
            Action::CancelRender => {
                if let Some(rendering) = &self.rendering {
                    rendering.cancel();
                }
            }
            Action::ExportPng => self.pick(Purpose::Png),
            Action::Quit => {
                if !self.asks_first(Action::Quit.into()) {
                    self.save_settings();
                    self.forget_autosave();
                    self.quitting = true;
                }
            }
            Action::FindTheme => self.find_theme(),
            Action::Generate => self.ask(),
            Action::ChooseSeed => self.form.making = Making::Seed,
            Action::ChooseContinue => self.form.making = Making::Continue,
            Action::ChooseAccompany => self.form.making = Making::Accompany,
            Action::ChooseVary => self.form.making = Making::Vary,
            Action::ChooseMorph => self.form.making = Making::Morph,
            Action::ChooseChain => self.form.making = Making::Chain,
            Action::ContinueHere => {
                let bar = self.place_here();
                self.continue_from(bar, None);
            }
            Action::FillBars => {
                let bars = self.scope().bars;
                self.fill(bars, None);
            }
            Action::AddBand => self.add_band(),
            Action::MoreLikeThis => self.more_like_this(),
            Action::StopComposing => self.stop_composing(),
            Action::RollSeed => self.roll_seed(),
            Action::AuditionNone => self.audition(None),
            Action::KeepCandidate => self.keep(false),
            Action::KeepTrack => self.keep(true),
            Action::DiscardCandidate => self.discard(),
            Action::CloseTray => self.close_tray(),
            Action::ToggleDark => {
                let mut settings = self.settings.clone();
                settings.theme = match settings.theme {
                    ThemeChoice::Light => ThemeChoice::Dark,
                    ThemeChoice::Dark | ThemeChoice::System => ThemeChoice::Light,
                };
                self.apply(Command::SetSettings(settings));
            }
            Action::Preferences => {
                self.sound.look_for_devices();
                self.toggle_dialog(Dialog::Preferences);
            }
            Action::Palette => self.toggle_dialog(Dialog::Palette),
            Action::Shortcuts => self.toggle_dialog(Dialog::Shortcuts),
            other => {
                if let Some(index) = Action::AUDITIONS.iter().position(|action| *action == other) {
                    self.audition(Some(index));
                }
            }
        }
    }

    fn toggle_dialog(&mut self, dialog: Dialog) {
        self.dialog = (self.dialog.as_ref() != Some(&dialog)).then_some(dialog);
    }

    /// The tempo of the last taps; a pause of two seconds begins anew.
    fn tap(&mut self) {
        let now = Instant::now();
        if (self.taps.back()).is_some_and(|last| now - *last > Duration::from_secs(2)) {
            self.taps.clear();
        }
        self.taps.push_back(now);
        if self.taps.len() > 8 {
            self.taps.pop_front();
        }
        if let (Some(first), true) = (self.taps.front(), self.taps.len() >= 3) {
            let beat = (now - *first).as_secs_f64() / (self.taps.len() - 1) as f64;
            let bpm = (60.0 / beat).clamp(20.0, 300.0).round();
            self.edit(&Edit::Tempo(Tempo::from_bpm(bpm)));
        }
    }

    fn zoom(&mut self, factor: f32) {
        let axis = self.view.roll;
        let x = axis.x(self.transport.position).clamp(0.0, 1200.0);
        self.view.roll = axis.zoomed(factor, x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn studio() -> Studio {
        let mut studio = Studio::new(Song::default());
        studio.apply(Action::AddTrack.into());
        studio.apply(Action::AddTrack.into());
        studio
    }

    #[test]
    fn undo_and_redo_walk_the_steps() {
        let mut studio = studio();
        assert_eq!(studio.song().tracks.len(), 2);
        studio.apply(Action::Undo.into());
        assert_eq!(studio.song().tracks.len(), 1);
        assert!(
            studio.focused().is_some(),
            "the focus moves to a track that is there"
        );
        studio.apply(Action::Redo.into());
        assert_eq!(studio.song().tracks.len(), 2);
    }

    #[test]
    fn a_drag_is_one_step() {
        let mut studio = studio();
        let id = studio.song().tracks[0].id;
        for volume in [90, 80, 70] {
            let change = Edit::Track(id, TrackChange::Volume(volume));
            studio.apply(Command::EditLive(change));
            assert_eq!(studio.song().tracks[0].volume, volume);
        }
        assert_eq!(studio.base_song().tracks[0].volume, 100);
        studio.apply(Edit::Track(id, TrackChange::Volume(70)).into());
        studio.apply(Action::Undo.into());
        assert_eq!(studio.song().tracks[0].volume, 100);
        assert_eq!(studio.song().tracks.len(), 2);
    }

    #[test]
    fn a_cancelled_drag_leaves_no_trace() {
        let mut studio = studio();
        let id = studio.song().tracks[0].id;
        studio.apply(Command::EditLive(Edit::Track(id, TrackChange::Volume(1))));
        studio.apply(Command::EditCancel);
        assert_eq!(studio.song().tracks[0].volume, 100);
    }

    #[test]
    fn stop_goes_back_to_where_playing_began() {
        let mut studio = studio();
        studio.apply(Command::Seek(Tick(3840)));
        studio.apply(Action::PlayPause.into());
        assert!(studio.transport().playing);
        studio.sound.seek(Tick(9000));
        studio.poll();
        assert_eq!(studio.transport().position, Tick(9000));
        studio.apply(Action::Stop.into());
        assert!(!studio.transport().playing);
        assert_eq!(studio.transport().position, Tick(3840));
    }

    #[test]
    fn bars_are_stepped_by_the_metre() {
        let mut studio = studio();
        studio.apply(Action::NextBar.into());
        studio.apply(Action::NextBar.into());
        assert_eq!(studio.transport().position, Tick(7680));
        studio.apply(Action::PreviousBar.into());
        assert_eq!(studio.transport().position, Tick(3840));
    }

    #[test]
    fn looping_without_a_range_takes_four_bars() {
        let mut studio = studio();
        studio.apply(Action::ToggleLoop.into());
        assert_eq!(
            studio.transport().active_loop(),
            Some(Span::new(Tick(0), Tick(4 * 3840)))
        );
        studio.apply(Action::ToggleLoop.into());
        assert_eq!(studio.transport().active_loop(), None);
        assert!(studio.transport().range.is_some(), "the range is kept");
    }
}
