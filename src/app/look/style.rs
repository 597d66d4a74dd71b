//! The tokens as an egui style, so that plain egui widgets look like the rest.

use egui::style::{ScrollStyle, WidgetVisuals};
use egui::{
    Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Vec2,
    Visuals, vec2,
};

use super::{FAMILY_MEDIUM, FAMILY_NUMERIC, FAMILY_SEMIBOLD, Look, radius, size, space};

/// The text style of large numbers that change in place.
pub const NUMBER: &str = "number";

/// The style of one theme.
pub(super) fn style(look: &Look) -> Style {
    let mut style = Style {
        visuals: visuals(look),
        animation_time: 0.08,
        ..Style::default()
    };
    let medium = FontFamily::Name(FAMILY_MEDIUM.into());
    let semibold = FontFamily::Name(FAMILY_SEMIBOLD.into());
    style.text_styles = [
        (
            TextStyle::Small,
            FontId::new(size::SMALL, FontFamily::Proportional),
        ),
        (
            TextStyle::Body,
            FontId::new(size::BODY, FontFamily::Proportional),
        ),
        (TextStyle::Button, FontId::new(size::BODY, medium)),
        (
            TextStyle::Name(NUMBER.into()),
            FontId::new(size::HEADING, FontFamily::Name(FAMILY_NUMERIC.into())),
        ),
        (TextStyle::Heading, FontId::new(size::HEADING, semibold)),
        (
            TextStyle::Monospace,
            FontId::new(size::BODY, FontFamily::Monospace),
        ),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::splat(space::S);
    spacing.button_padding = vec2(space::M, space::XS);
    spacing.interact_size = vec2(space::CONTROL, space::CONTROL);
    spacing.window_margin = Margin::same(space::L as i8);
    spacing.menu_margin = Margin::same(space::S as i8);
    spacing.slider_rail_height = 4.0;
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 10.0;
    spacing.icon_spacing = space::S;
    spacing.combo_height = 320.0;
    spacing.tooltip_width = 320.0;
    spacing.scroll = ScrollStyle {
        bar_width: 8.0,
        ..ScrollStyle::floating()
    };
    style.interaction.tooltip_delay = 0.35;
    style.interaction.selectable_labels = false;
    style
}

fn visuals(look: &Look) -> Visuals {
    let mut visuals = if look.dark {
        Visuals::dark()
    } else {
        Visuals::light()
    };
    let widget = |fill: Color32, text: Color32, outline: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, outline),
        corner_radius: CornerRadius::same(radius::CONTROL),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let none = Color32::TRANSPARENT;
    visuals.widgets.noninteractive = widget(look.panel, look.text, look.line);
    visuals.widgets.inactive = widget(look.raised, look.text, none);
    visuals.widgets.hovered = widget(look.raised_hover, look.text, none);
    visuals.widgets.active = widget(look.raised_hover, look.text, look.accent);
    visuals.widgets.open = widget(look.raised_hover, look.text, look.line);
    visuals.selection.bg_fill = look.accent.gamma_multiply(0.35);
    visuals.selection.stroke = Stroke::new(1.0, look.accent_text);
    visuals.weak_text_color = Some(look.dim);
    visuals.hyperlink_color = look.accent_text;
    visuals.faint_bg_color = look.raised;
    visuals.extreme_bg_color = look.background;
    visuals.text_edit_bg_color = Some(look.background);
    visuals.code_bg_color = look.raised;
    visuals.warn_fg_color = look.accent_text;
    visuals.error_fg_color = look.record;
    visuals.window_fill = look.panel;
    visuals.panel_fill = look.panel;
    visuals.window_stroke = Stroke::new(1.0, look.line);
    visuals.window_corner_radius = CornerRadius::same(radius::CARD);
    visuals.menu_corner_radius = CornerRadius::same(radius::CARD);
    let shadow = Shadow {
        offset: [0, 8],
        blur: 24,
        spread: 0,
        color: Color32::from_black_alpha(if look.dark { 120 } else { 50 }),
    };
    visuals.window_shadow = shadow;
    visuals.popup_shadow = shadow;
    visuals.slider_trailing_fill = true;
    visuals.disabled_alpha = 0.45;
    visuals
}
