//! The shortcut table.
//!
//! Some keys mean different things at different times (1..8 choose a tool, or a candidate while the tray is filled);
//! [`When`] says so, and a test proves that no two entries that hold at one time share a key.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::command::{Action, Command};
use super::studio::{self, KeyMove};

/// When a shortcut holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// Always (unless a text is being typed).
    Always,
    /// While the tray holds candidates.
    Tray,
    /// While the tray is empty.
    NoTray,
    /// While something is being written.
    Writing,
    /// While nothing is being written.
    NotWriting,
}

impl When {
    /// Whether both can hold at one time.
    #[cfg(test)]
    fn overlaps(self, other: Self) -> bool {
        !matches!(
            (self, other),
            (Self::Tray, Self::NoTray)
                | (Self::NoTray, Self::Tray)
                | (Self::Writing, Self::NotWriting)
                | (Self::NotWriting, Self::Writing)
        )
    }
}

/// What the state of the studio is, as far as shortcuts ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct Situation {
    /// The tray holds candidates.
    pub tray: bool,
    /// Something is being written.
    pub writing: bool,
    /// A dialog lies over the window: only the shortcuts of dialogs hold.
    pub dialog: bool,
    /// Letters are notes.
    pub typing_keyboard: bool,
}

impl Situation {
    fn holds(self, when: When) -> bool {
        match when {
            When::Always => true,
            When::Tray => self.tray,
            When::NoTray => !self.tray,
            When::Writing => self.writing,
            When::NotWriting => !self.writing,
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// The keys.
    pub shortcut: KeyboardShortcut,
    /// What they do.
    pub action: Action,
    /// When they do it.
    pub when: When,
}

const fn bind(modifiers: Modifiers, key: Key, action: Action, when: When) -> Binding {
    Binding {
        shortcut: KeyboardShortcut::new(modifiers, key),
        action,
        when,
    }
}

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND;
const SHIFT: Modifiers = Modifiers::SHIFT;
const ALT: Modifiers = Modifiers::ALT;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

/// Every shortcut. Where an action has several, the first is the one shown.
pub const BINDINGS: &[Binding] = &[
    bind(CTRL, Key::N, Action::New, When::Always),
    bind(CTRL, Key::O, Action::Open, When::Always),
    bind(CTRL, Key::S, Action::Save, When::Always),
    bind(CTRL_SHIFT, Key::S, Action::SaveAs, When::Always),
    bind(CTRL, Key::E, Action::ExportMidi, When::Always),
    bind(CTRL, Key::R, Action::ExportWav, When::Always),
    bind(CTRL, Key::Q, Action::Quit, When::Always),
    bind(CTRL, Key::Z, Action::Undo, When::Always),
    bind(CTRL_SHIFT, Key::Z, Action::Redo, When::Always),
    bind(CTRL, Key::Y, Action::Redo, When::Always),
    bind(CTRL, Key::X, Action::Cut, When::Always),
    bind(CTRL, Key::C, Action::Copy, When::Always),
    bind(CTRL, Key::V, Action::Paste, When::Always),
    bind(CTRL, Key::D, Action::Duplicate, When::Always),
    bind(NONE, Key::Delete, Action::Delete, When::Always),
    bind(NONE, Key::Backspace, Action::Delete, When::NoTray),
    bind(CTRL, Key::A, Action::SelectAll, When::Always),
    bind(CTRL_SHIFT, Key::A, Action::SelectNone, When::Always),
    bind(CTRL, Key::I, Action::SelectInverse, When::Always),
    bind(NONE, Key::ArrowLeft, Action::NudgeLeft, When::Always),
    bind(NONE, Key::ArrowRight, Action::NudgeRight, When::Always),
    bind(NONE, Key::ArrowUp, Action::SemitoneUp, When::Always),
    bind(NONE, Key::ArrowDown, Action::SemitoneDown, When::Always),
    bind(SHIFT, Key::ArrowUp, Action::OctaveUp, When::Always),
    bind(SHIFT, Key::ArrowDown, Action::OctaveDown, When::Always),
    bind(ALT, Key::ArrowUp, Action::ScaleStepUp, When::Always),
    bind(ALT, Key::ArrowDown, Action::ScaleStepDown, When::Always),
    bind(NONE, Key::Q, Action::Quantise, When::Always),
    bind(NONE, Key::H, Action::Humanise, When::Always),
    bind(CTRL, Key::L, Action::Legato, When::Always),
    bind(CTRL, Key::G, Action::Glue, When::Always),
    bind(CTRL, Key::ArrowUp, Action::Louder, When::Always),
    bind(CTRL, Key::ArrowDown, Action::Softer, When::Always),
    bind(CTRL, Key::M, Action::MuteNotes, When::Always),
    bind(NONE, Key::L, Action::LockNotes, When::Always),
    bind(NONE, Key::T, Action::MarkTheme, When::Always),
    bind(SHIFT, Key::T, Action::PaintReturn, When::Always),
    bind(CTRL_SHIFT, Key::T, Action::FindTheme, When::Always),
    bind(NONE, Key::Num1, Action::ToolPencil, When::NoTray),
    bind(NONE, Key::Num2, Action::ToolSelect, When::NoTray),
    bind(NONE, Key::Num3, Action::ToolKnife, When::NoTray),
    bind(NONE, Key::Num4, Action::ToolGlue, When::NoTray),
    bind(NONE, Key::Space, Action::PlayPause, When::Always),
    bind(NONE, Key::Enter, Action::Stop, When::NoTray),
    bind(NONE, Key::Home, Action::ToStart, When::Always),
    bind(NONE, Key::PageUp, Action::PreviousBar, When::Always),
    bind(NONE, Key::PageDown, Action::NextBar, When::Always),
    bind(NONE, Key::C, Action::ToggleLoop, When::Always),
    bind(SHIFT, Key::C, Action::LoopSelection, When::Always),
    bind(NONE, Key::K, Action::ToggleMetronome, When::Always),
    bind(NONE, Key::R, Action::Record, When::Always),
    bind(SHIFT, Key::R, Action::ArmTrack, When::Always),
    bind(CTRL, Key::K, Action::TypingKeyboard, When::Always),
    bind(CTRL, Key::Period, Action::Panic, When::Always),
    bind(CTRL, Key::T, Action::AddTrack, When::Always),
    bind(CTRL_SHIFT, Key::D, Action::DuplicateTrack, When::Always),
    bind(CTRL_SHIFT, Key::Delete, Action::DeleteTrack, When::Always),
    bind(CTRL_SHIFT, Key::ArrowUp, Action::TrackUp, When::Always),
    bind(CTRL_SHIFT, Key::ArrowDown, Action::TrackDown, When::Always),
    bind(NONE, Key::M, Action::MuteTrack, When::Always),
    bind(NONE, Key::S, Action::SoloTrack, When::Always),
    bind(SHIFT, Key::L, Action::LockTrack, When::Always),
    bind(SHIFT, Key::PageUp, Action::FocusPrevious, When::Always),
    bind(SHIFT, Key::PageDown, Action::FocusNext, When::Always),
    bind(NONE, Key::G, Action::Generate, When::Always),
    bind(SHIFT, Key::G, Action::ContinueHere, When::Always),
    bind(NONE, Key::I, Action::FillBars, When::Always),
    bind(NONE, Key::Escape, Action::StopComposing, When::Writing),
    bind(NONE, Key::Escape, Action::SelectNone, When::NotWriting),
    bind(NONE, Key::D, Action::RollSeed, When::Always),
    bind(NONE, Key::N, Action::MoreLikeThis, When::Tray),
    bind(NONE, Key::Num1, Action::Audition1, When::Tray),
    bind(NONE, Key::Num2, Action::Audition2, When::Tray),
    bind(NONE, Key::Num3, Action::Audition3, When::Tray),
    bind(NONE, Key::Num4, Action::Audition4, When::Tray),
    bind(NONE, Key::Num5, Action::Audition5, When::Tray),
    bind(NONE, Key::Num6, Action::Audition6, When::Tray),
    bind(NONE, Key::Num7, Action::Audition7, When::Tray),
    bind(NONE, Key::Num8, Action::Audition8, When::Tray),
    bind(NONE, Key::Num0, Action::AuditionNone, When::Tray),
    bind(NONE, Key::Enter, Action::KeepCandidate, When::Tray),
    bind(SHIFT, Key::Enter, Action::KeepTrack, When::Tray),
    bind(NONE, Key::Backspace, Action::DiscardCandidate, When::Tray),
    bind(SHIFT, Key::Backspace, Action::CloseTray, When::Tray),
    bind(CTRL, Key::Plus, Action::ZoomIn, When::Always),
    bind(CTRL, Key::Equals, Action::ZoomIn, When::Always),
    bind(CTRL, Key::Minus, Action::ZoomOut, When::Always),
    bind(CTRL, Key::Num0, Action::ZoomToFit, When::Always),
    bind(NONE, Key::O, Action::ToggleGhosts, When::Always),
    bind(NONE, Key::F, Action::ToggleFollow, When::Always),
    bind(NONE, Key::B, Action::ToggleScaleLock, When::Always),
    bind(CTRL, Key::Comma, Action::Preferences, When::Always),
    bind(CTRL, Key::P, Action::Palette, When::Always),
    bind(NONE, Key::F1, Action::Shortcuts, When::Always),
    bind(NONE, Key::Questionmark, Action::Shortcuts, When::Always),
    bind(SHIFT, Key::Questionmark, Action::Shortcuts, When::Always),
];

/// The first shortcut of `action`.
pub fn shortcut_of(action: Action) -> Option<KeyboardShortcut> {
    BINDINGS
        .iter()
        .find(|binding| binding.action == action)
        .map(|binding| binding.shortcut)
}

/// The first shortcut of `action` in brackets after a space, or nothing.
pub fn suffix(ctx: &egui::Context, action: Action) -> String {
    shortcut_of(action)
        .map(|shortcut| format!(" ({})", ctx.format_shortcut(&shortcut)))
        .unwrap_or_default()
}

/// The tooltip of `action` with its shortcut, as shown on controls.
pub fn tooltip(ctx: &egui::Context, action: Action) -> String {
    format!("{}{}", action.tooltip(), suffix(ctx, action))
}

/// Takes the keys that were pressed out of `ctx`'s input, and returns what they ask for.
///
/// Nothing while a text is being typed, except for shortcuts with Ctrl that no text field uses.
pub fn consume(ctx: &egui::Context, situation: Situation) -> Vec<Action> {
    let typing = ctx.text_edit_focused();
    // More modifiers first: egui lets Ctrl+S answer to Ctrl+Shift+S as well.
    let mut bindings: Vec<&Binding> = BINDINGS.iter().collect();
    bindings.sort_by_key(|binding| {
        let modifiers = binding.shortcut.modifiers;
        std::cmp::Reverse(
            u8::from(modifiers.shift) + u8::from(modifiers.alt) + u8::from(modifiers.command),
        )
    });
    let id = space_id();
    let mut space = ctx
        .data(|data| data.get_temp::<Space>(id))
        .unwrap_or_default();
    let actions = ctx.input_mut(|input| {
        // The windowing layer turns Ctrl+X, Ctrl+C and Ctrl+V into events of their own.
        let mut actions = Vec::new();
        if !typing && !situation.dialog {
            input.events.retain(|event| {
                let action = match event {
                    egui::Event::Copy => Action::Copy,
                    egui::Event::Cut => Action::Cut,
                    egui::Event::Paste(_) => Action::Paste,
                    _ => return true,
                };
                actions.push(action);
                false
            });
        }
        for binding in bindings {
            let open = matches!(
                binding.action,
                Action::Palette | Action::Shortcuts | Action::Preferences | Action::Quit
            );
            if !situation.holds(binding.when)
                || (typing && is_for_text(binding.shortcut))
                || (situation.dialog && !open)
            {
                continue;
            }
            while input.consume_shortcut(&binding.shortcut) {
                if binding.action == Action::PlayPause {
                    if space == Space::Up {
                        space = Space::Held;
                    }
                } else {
                    actions.push(binding.action);
                }
            }
        }
        if space != Space::Up && !input.key_down(Key::Space) {
            if space == Space::Held {
                actions.push(Action::PlayPause);
            }
            space = Space::Up;
        }
        actions
    });
    ctx.data_mut(|data| data.insert_temp(id, space));
    actions
}

/// Takes the keys of the typing keyboard out of `ctx`'s input while it is on, and returns what they do. A key that comes
/// up is heard of in any case: a dialog may have opened while it was down.
pub fn consume_notes(ctx: &egui::Context, situation: Situation) -> Vec<Command> {
    if !situation.typing_keyboard {
        return Vec::new();
    }
    let plays = !ctx.text_edit_focused() && !situation.dialog;
    let mut commands = Vec::new();
    ctx.input_mut(|input| {
        if !input.focused {
            commands.push(Command::ReleaseTyping);
        }
        input.events.retain(|event| {
            let egui::Event::Key {
                key,
                physical_key,
                pressed,
                repeat,
                modifiers,
            } = event
            else {
                return true;
            };
            // By the place of the key: the row is a piano's in every layout.
            let key = physical_key.unwrap_or(*key);
            if !studio::is_typing_key(key) || modifiers.command || modifiers.ctrl || modifiers.alt {
                return true;
            }
            if !pressed {
                commands.push(Command::TypingKey(key, KeyMove::Up));
                return false;
            }
            if plays && !repeat {
                commands.push(Command::TypingKey(key, KeyMove::Down));
            }
            !plays
        });
    });
    commands
}

/// The space bar acts when it is released, because a drag may come that it makes a pan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Space {
    #[default]
    Up,
    Held,
    Claimed,
}

fn space_id() -> egui::Id {
    egui::Id::unique("space bar")
}

/// Says that the space bar which is held now has done its work: its release means nothing more.
pub(super) fn claim_space(ctx: &egui::Context) {
    ctx.data_mut(|data| data.insert_temp(space_id(), Space::Claimed));
}

/// Whether a text field uses these keys itself.
fn is_for_text(shortcut: KeyboardShortcut) -> bool {
    let modifiers = shortcut.modifiers;
    !modifiers.command
        || matches!(
            shortcut.logical_key,
            Key::A | Key::C | Key::V | Key::X | Key::Z | Key::Y | Key::ArrowUp | Key::ArrowDown
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_shortcuts_clash() {
        for (index, a) in BINDINGS.iter().enumerate() {
            for b in &BINDINGS[index + 1..] {
                assert!(
                    a.shortcut != b.shortcut || !a.when.overlaps(b.when),
                    "{:?} means {:?} and {:?}",
                    a.shortcut,
                    a.action,
                    b.action
                );
            }
        }
    }

    fn pressed(modifiers: Modifiers, key: Key, situation: Situation) -> Vec<Action> {
        let ctx = egui::Context::default();
        let mut actions = Vec::new();
        let input = egui::RawInput {
            events: vec![egui::Event::Key {
                key,
                physical_key: None,
                pressed: true,
                repeat: false,
                modifiers,
            }],
            ..egui::RawInput::default()
        };
        let mut output = ctx.run_ui(input, |ui| actions.extend(consume(ui.ctx(), situation)));
        output.textures_delta.clear();
        actions
    }

    #[test]
    fn the_longer_shortcut_wins() {
        let ctrl = Modifiers::CTRL | Modifiers::COMMAND;
        let none = Situation::default();
        assert_eq!(pressed(ctrl, Key::Z, none), [Action::Undo]);
        assert_eq!(
            pressed(ctrl | Modifiers::SHIFT, Key::Z, none),
            [Action::Redo]
        );
        assert_eq!(
            pressed(ctrl | Modifiers::SHIFT, Key::S, none),
            [Action::SaveAs]
        );
        assert_eq!(pressed(Modifiers::NONE, Key::S, none), [Action::SoloTrack]);
    }

    #[test]
    fn the_space_bar_acts_once_when_released_and_not_after_a_pan() {
        let ctx = egui::Context::default();
        let frame = |down: &[bool], pan: bool| {
            let events = down
                .iter()
                .map(|pressed| egui::Event::Key {
                    key: Key::Space,
                    physical_key: None,
                    pressed: *pressed,
                    repeat: false,
                    modifiers: Modifiers::NONE,
                })
                .collect();
            let input = egui::RawInput {
                events,
                ..egui::RawInput::default()
            };
            let mut actions = Vec::new();
            let mut output = ctx.run_ui(input, |ui| {
                actions.extend(consume(ui.ctx(), Situation::default()));
                if pan {
                    claim_space(ui.ctx());
                }
            });
            output.textures_delta.clear();
            actions
        };
        assert!(frame(&[true], false).is_empty());
        assert!(frame(&[true], false).is_empty(), "a key that repeats");
        assert_eq!(frame(&[false], false), [Action::PlayPause]);
        assert!(frame(&[], false).is_empty());
        assert_eq!(frame(&[true, false], false), [Action::PlayPause]);
        assert!(frame(&[true], true).is_empty());
        assert!(frame(&[false], false).is_empty(), "it was a pan");
    }

    #[test]
    fn the_tray_takes_the_digits() {
        let tray = Situation {
            tray: true,
            ..Situation::default()
        };
        assert_eq!(
            pressed(Modifiers::NONE, Key::Num2, tray),
            [Action::Audition2]
        );
        assert_eq!(
            pressed(Modifiers::NONE, Key::Num2, Situation::default()),
            [Action::ToolSelect]
        );
        assert_eq!(
            pressed(Modifiers::NONE, Key::Enter, tray),
            [Action::KeepCandidate]
        );
    }
}
