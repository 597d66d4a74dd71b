//! Choosing an instrument by name.

use egui::{Key, RichText, ScrollArea, TextEdit, Ui};

use super::super::look::{self, Look};
use crate::score::{Instrument, gm};

/// The instruments whose name or family contains every word of `query`, in order of their programs; drum kit last.
pub(super) fn found(query: &str) -> Vec<Instrument> {
    let query = query.to_lowercase();
    let fits = |name: &str, family: &str| {
        let text = format!("{name} {family}").to_lowercase();
        query.split_whitespace().all(|word| text.contains(word))
    };
    let pitched = (0..128u8)
        .filter(|program| fits(gm::program_name(*program), gm::family_name(*program)))
        .map(Instrument::pitched);
    pitched
        .chain(
            fits(gm::instrument_name(Instrument::DRUMS), "drums percussion")
                .then_some(Instrument::DRUMS),
        )
        .collect()
}

/// A list with a search field; returns what was chosen.
pub(super) fn picker_ui(ui: &mut Ui, current: Instrument) -> Option<Instrument> {
    let look = Look::of(ui);
    ui.set_min_width(240.0);
    let id = ui.scope_id().with("instrument query");
    let mut query = ui
        .data(|data| data.get_temp::<String>(id))
        .unwrap_or_default();
    let field = ui.add(
        TextEdit::singleline(&mut query)
            .hint_text("Search instruments")
            .desired_width(f32::INFINITY),
    );
    field.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Search instruments")
    });
    if !field.has_focus() && !field.lost_focus() {
        field.request_focus();
    }
    let instruments = found(&query);
    let mut chosen = None;
    if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        chosen = instruments.first().copied();
    }
    ui.data_mut(|data| data.insert_temp(id, query));
    ScrollArea::vertical().max_height(340.0).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut family = None;
        for instrument in &instruments {
            let this = if instrument.drums {
                "Drums"
            } else {
                gm::family_name(instrument.program)
            };
            if family != Some(this) {
                family = Some(this);
                ui.add_space(6.0);
                ui.label(RichText::new(this).font(look::caption()).color(look.faint));
            }
            let button =
                egui::Button::selectable(*instrument == current, gm::instrument_name(*instrument));
            if ui.add(button.min_size(egui::vec2(224.0, 24.0))).clicked() {
                chosen = Some(*instrument);
            }
        }
        if instruments.is_empty() {
            ui.add_space(8.0);
            ui.label(RichText::new("Nothing is called that.").color(look.dim));
        }
    });
    if chosen.is_some() {
        ui.data_mut(|data| data.remove::<String>(id));
        ui.close();
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruments_are_found_by_words_of_name_and_family() {
        assert_eq!(found("").len(), 129);
        assert_eq!(found("flute"), [73, 75].map(Instrument::pitched));
        assert_eq!(found("GRAND acoustic"), [Instrument::pitched(0)]);
        assert!(found("reed sax").contains(&Instrument::pitched(65)));
        assert!(found("drum").contains(&Instrument::DRUMS));
        assert!(found("no such thing").is_empty());
    }
}
