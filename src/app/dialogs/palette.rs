//! The command palette: find and run any command by its name.

use egui::{Area, Context, Frame, Id, Key, Modifiers, Order, RichText, ScrollArea, TextEdit, vec2};
use strum::IntoEnumIterator as _;

use super::super::command::{Action, Command, CommandQueue};
use super::super::keys;
use super::super::look::{self, Look, space};
use super::super::studio::Studio;
use super::super::widgets::icon_label;

/// What is typed and which line is chosen.
#[derive(Debug, Default)]
pub(super) struct PaletteState {
    query: String,
    chosen: usize,
}

/// The actions that fit `query`, the best first: every letter of the query occurs in order, letters at the beginning
/// of words and in a row count more.
pub(super) fn found(query: &str) -> Vec<Action> {
    let mut scored: Vec<(i32, Action)> = Action::iter()
        .filter(|action| *action != Action::Palette)
        .filter_map(|action| {
            let text = format!("{} {}", action.text(), action.group().name());
            fit(query, &text).map(|score| (score, action))
        })
        .collect();
    scored.sort_by_key(|(score, action)| (std::cmp::Reverse(*score), *action));
    scored.into_iter().map(|(_, action)| action).collect()
}

/// How well `query` fits `text`; `None` if a letter is missing.
fn fit(query: &str, text: &str) -> Option<i32> {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let mut score = 0;
    let mut at = 0;
    let mut last = None;
    for letter in query.to_lowercase().chars().filter(|c| !c.is_whitespace()) {
        let found = at + text.get(at..)?.iter().position(|c| *c == letter)?;
        let starts_word = found == 0 || text.get(found - 1).is_some_and(|c| !c.is_alphanumeric());
        score += if starts_word { 8 } else { 0 };
        score += if last.is_some_and(|last| last + 1 == found) {
            5
        } else {
            0
        };
        score -= (found as i32).min(20) / 4;
        last = Some(found);
        at = found + 1;
    }
    Some(score)
}

pub(super) fn palette_ui(
    ctx: &Context,
    _studio: &Studio,
    state: &mut PaletteState,
    queue: &mut CommandQueue,
) {
    let actions = found(&state.query);
    let (up, down, enter, escape) = ctx.input_mut(|input| {
        (
            input.consume_key(Modifiers::NONE, Key::ArrowUp),
            input.consume_key(Modifiers::NONE, Key::ArrowDown),
            input.consume_key(Modifiers::NONE, Key::Enter),
            input.consume_key(Modifiers::NONE, Key::Escape),
        )
    });
    if down {
        state.chosen += 1;
    }
    if up {
        state.chosen = state.chosen.saturating_sub(1);
    }
    state.chosen = state.chosen.min(actions.len().saturating_sub(1));
    let mut run = actions.get(state.chosen).copied().filter(|_| enter);
    let screen = ctx.content_rect();
    let width = 520.0_f32.min(screen.width() - 64.0);
    let area = Area::new(Id::unique("palette"))
        .order(Order::Foreground)
        .fixed_pos(egui::pos2(
            screen.center().x - width / 2.0,
            screen.top() + 96.0,
        ))
        .show(ctx, |ui| {
            let look = Look::of(ui);
            Frame::window(ui.style()).show(ui, |ui| {
                ui.set_width(width);
                let field = ui.add(
                    TextEdit::singleline(&mut state.query)
                        .hint_text("What do you want to do?")
                        .font(look::body())
                        .desired_width(f32::INFINITY),
                );
                field.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Find a command")
                });
                field.request_focus();
                if field.changed() {
                    state.chosen = 0;
                }
                ui.add_space(space::XS);
                ScrollArea::vertical().max_height(380.0).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    for (index, action) in actions.iter().enumerate() {
                        let chosen = index == state.chosen;
                        let icon = action
                            .icon()
                            .map_or_else(|| RichText::new("  "), |icon| icon_label(icon, 14.0));
                        let shortcut = keys::shortcut_of(*action)
                            .map(|shortcut| ui.ctx().format_shortcut(&shortcut))
                            .unwrap_or_default();
                        let button = egui::Button::selectable(chosen, (icon, action.text()))
                            .shortcut_text(
                                RichText::new(shortcut)
                                    .font(look::small())
                                    .color(look.faint),
                            )
                            .min_size(vec2(width, space::CONTROL));
                        let response = ui.add(button).on_hover_text(action.tooltip());
                        if chosen && (up || down) {
                            response.scroll_to_me(None);
                        }
                        if response.clicked() {
                            run = Some(*action);
                        }
                    }
                    if actions.is_empty() {
                        ui.label(RichText::new("No command is called that.").color(look.dim));
                    }
                });
            });
        });
    let outside = ctx.input(|input| {
        input.pointer.any_pressed()
            && input
                .pointer
                .interact_pos()
                .is_some_and(|position| !area.response.rect.contains(position))
    });
    if let Some(action) = run {
        queue.push(Command::CloseDialog);
        queue.push(action);
    } else if escape || outside {
        queue.push(Command::CloseDialog);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_fit_comes_first() {
        assert_eq!(found("undo").first(), Some(&Action::Undo));
        assert_eq!(found("exmi").first(), Some(&Action::ExportMidi));
        assert_eq!(found("add track").first(), Some(&Action::AddTrack));
        assert_eq!(found("zzzz"), []);
        assert!(found("").len() > 80);
    }
}
