//! Where no system dialog answers: a path that is typed.

use std::path::PathBuf;

use egui::{Key, RichText, TextEdit, Ui, vec2};

use super::super::command::{Command, CommandQueue};
use super::super::look::{self, Look, size, space};
use super::super::studio::{Purpose, Studio};

/// The path as it is typed.
#[derive(Debug, Default)]
pub(super) struct PathDraft {
    text: Option<String>,
}

pub(super) fn path_ui(
    ui: &mut Ui,
    purpose: Purpose,
    draft: &mut PathDraft,
    studio: &Studio,
    queue: &mut CommandQueue,
) {
    let look = Look::of(ui);
    ui.set_width(520.0);
    ui.spacing_mut().item_spacing = vec2(space::S, space::S);
    ui.label(RichText::new(purpose.title()).font(look::semibold(size::HEADING + 1.0)));
    ui.label(
        RichText::new("The system has no file dialog that answers. Type or paste the path:")
            .font(look::small())
            .color(look.dim),
    );
    let text = draft.text.get_or_insert_with(|| {
        studio
            .proposed_path(purpose)
            .map(|path| path.display().to_string())
            .unwrap_or_default()
    });
    let field = ui.add(
        TextEdit::singleline(text)
            .hint_text("/home/you/Music/song.mid")
            .desired_width(f32::INFINITY),
    );
    field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Path"));
    if !field.has_focus() && !field.lost_focus() {
        field.request_focus();
    }
    let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let path = PathBuf::from(text.trim());
    let exists = purpose.writes() && path.is_file();
    if exists {
        ui.label(
            RichText::new("A file of that name is there and will be replaced.")
                .font(look::small())
                .color(look.accent_text),
        );
    }
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let filled = !path.as_os_str().is_empty();
            let ok = ui.add_enabled(filled, egui::Button::new(purpose.verb()));
            if ok.clicked() || (entered && filled) {
                queue.push(Command::Chosen(purpose, path.clone()));
            }
            if ui.button("Cancel").clicked() {
                queue.push(Command::CloseDialog);
            }
        });
    });
}
