//! What lies over the window: command palette, shortcut sheet, preferences, questions.

mod midi;
mod palette;
mod path;
mod preferences;
mod question;
mod render;
mod shortcuts;

use egui::{Context, Id, Modal};

use super::command::{Command, CommandQueue};
use super::studio::{Dialog, Studio};

/// What the dialogs remember while they are open: typed text.
#[derive(Debug, Default)]
pub struct DialogState {
    palette: palette::PaletteState,
    path: path::PathDraft,
    preferences: preferences::Page,
}

/// Draws the dialog that is open, if one is.
pub fn dialogs_ui(
    ctx: &Context,
    studio: &Studio,
    state: &mut DialogState,
    queue: &mut CommandQueue,
) {
    let Some(dialog) = studio.dialog() else {
        state.palette = palette::PaletteState::default();
        state.path = path::PathDraft::default();
        return;
    };
    if *dialog == Dialog::Palette {
        palette::palette_ui(ctx, studio, &mut state.palette, queue);
        return;
    }
    let modal = Modal::new(Id::unique("dialog")).show(ctx, |ui| match dialog {
        Dialog::Palette => {}
        Dialog::Shortcuts => shortcuts::shortcuts_ui(ui, queue),
        Dialog::Preferences => {
            preferences::preferences_ui(ui, studio, &mut state.preferences, queue);
        }
        Dialog::Render => render::render_ui(ui, studio, queue),
        Dialog::Path(purpose) => path::path_ui(ui, *purpose, &mut state.path, studio, queue),
        Dialog::Unsaved(next) => question::unsaved_ui(ui, studio, next, queue),
        Dialog::Recover(found) => question::recover_ui(ui, found, queue),
    });
    if modal.should_close() {
        queue.push(Command::CloseDialog);
    }
}
