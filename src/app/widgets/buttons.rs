//! Buttons.

use egui::{
    Align2, Color32, CornerRadius, Response, RichText, Role, Sense, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo, vec2,
};
use lucide_icons::Icon;

use super::super::command::{Action, CommandQueue};
use super::super::keys;
use super::super::look::{self, Look, radius, size, space};

/// A square button with an icon.
#[derive(Debug, Clone)]
#[must_use = "add it to a ui"]
pub struct IconButton<'a> {
    icon: Icon,
    label: &'a str,
    tooltip: String,
    size: f32,
    filled: bool,
    selected: bool,
    enabled: bool,
    tint: Option<Color32>,
}

impl<'a> IconButton<'a> {
    /// A button with `icon` that is called `label` by screen readers and tests.
    pub fn new(icon: Icon, label: &'a str) -> Self {
        Self {
            icon,
            label,
            tooltip: label.to_owned(),
            size: space::CONTROL,
            filled: false,
            selected: false,
            enabled: true,
            tint: None,
        }
    }

    /// The button of `action`, with its icon, text, tooltip and shortcut.
    pub fn of(ui: &Ui, action: Action) -> IconButton<'static> {
        IconButton::new(action.icon().unwrap_or(Icon::Circle), action.text())
            .tooltip(keys::tooltip(ui.ctx(), action))
    }

    /// Another tooltip than the label.
    pub fn tooltip(mut self, tooltip: impl Into<String>) -> Self {
        self.tooltip = tooltip.into();
        self
    }

    /// Another icon.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = icon;
        self
    }

    /// Width and height in points (28 by default).
    pub fn size(mut self, size: f32) -> Self {
        self.size = size;
        self
    }

    /// With a ground even when the pointer is elsewhere.
    pub fn filled(mut self) -> Self {
        self.filled = true;
        self
    }

    /// Whether it is switched on.
    pub fn selected(mut self, selected: bool) -> Self {
        self.selected = selected;
        self
    }

    /// Whether it can be pressed.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Another colour for the icon.
    pub fn tint(mut self, tint: Color32) -> Self {
        self.tint = Some(tint);
        self
    }

    /// Draws it.
    pub fn show(self, ui: &mut Ui) -> Response {
        let look = Look::of(ui);
        let sense = if self.enabled {
            Sense::click()
        } else {
            Sense::hover()
        };
        let (rect, response) = ui.allocate_exact_size(Vec2::splat(self.size), sense);
        let (enabled, selected, label) = (self.enabled, self.selected, self.label);
        response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, selected, label));
        let hovered = response.hovered() && enabled;
        let fill = if selected {
            look.accent
        } else if hovered || response.is_pointer_button_down_on() {
            look.raised_hover
        } else if self.filled {
            look.raised
        } else {
            Color32::TRANSPARENT
        };
        let ink = if selected {
            look.on_accent
        } else if !enabled {
            look.faint.gamma_multiply(0.6)
        } else if let Some(tint) = self.tint {
            tint
        } else {
            look.text
        };
        paint_ground(ui, &response, fill);
        ui.painter().text(
            rect.center(),
            Align2::CENTER_CENTER,
            char::from(self.icon),
            look::icon((self.size * 0.54).round().max(12.0)),
            ink,
        );
        response.on_hover_text(self.tooltip)
    }
}

/// The ground of a button, with an outline while it has the keyboard focus.
fn paint_ground(ui: &Ui, response: &Response, fill: Color32) {
    let look = Look::of(ui);
    let corners = CornerRadius::same(radius::CONTROL);
    ui.painter().rect_filled(response.rect, corners, fill);
    if response.has_focus() {
        ui.painter().rect_stroke(
            response.rect,
            corners,
            Stroke::new(1.5, look.accent),
            StrokeKind::Inside,
        );
    }
}

/// The icon button of an action, which sends it when pressed.
pub fn action_button(
    ui: &mut Ui,
    queue: &mut CommandQueue,
    action: Action,
    change: impl FnOnce(IconButton<'static>) -> IconButton<'static>,
) -> Response {
    let response = change(IconButton::of(ui, action)).show(ui);
    if response.clicked() {
        queue.push(action);
    }
    response
}

/// A button with a text that can be switched on.
pub fn chip(ui: &mut Ui, text: &str, selected: bool, tooltip: impl Into<String>) -> Response {
    let look = Look::of(ui);
    let ink = if selected { look.on_accent } else { look.text };
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), look::medium(size::BODY), ink);
    let (rect, response) = ui.allocate_exact_size(
        vec2(galley.size().x + space::M * 2.0, space::CONTROL),
        Sense::click(),
    );
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, text));
    let fill = if selected {
        look.accent
    } else if response.hovered() {
        look.raised_hover
    } else {
        look.raised
    };
    paint_ground(ui, &response, fill);
    ui.painter()
        .galley(rect.center() - galley.size() / 2.0, galley, ink);
    response.on_hover_text(tooltip.into())
}

/// The one button of a panel that matters: full width, in the accent, `progress` (0..=1) filled in if something runs.
pub fn primary_button(
    ui: &mut Ui,
    text: &str,
    enabled: bool,
    progress: Option<f32>,
    tooltip: impl Into<String>,
) -> Response {
    let look = Look::of(ui);
    let sense = if enabled {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 44.0), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, text));
    let corners = CornerRadius::same(radius::CARD);
    let (fill, ink) = if !enabled {
        (look.raised, look.faint)
    } else if response.hovered() && progress.is_none() {
        (lighter(look.accent), look.on_accent)
    } else {
        (look.accent, look.on_accent)
    };
    ui.painter().rect_filled(rect, corners, fill);
    if let Some(progress) = progress {
        let mut done = rect;
        done.set_width(rect.width() * progress.clamp(0.0, 1.0));
        ui.painter()
            .with_clip_rect(done)
            .rect_filled(rect, corners, lighter(look.accent));
    }
    if response.has_focus() {
        ui.painter().rect_stroke(
            rect,
            corners,
            Stroke::new(2.0, look.text),
            StrokeKind::Inside,
        );
    }
    ui.painter().text(
        rect.center(),
        Align2::CENTER_CENTER,
        text,
        look::semibold(size::HEADING - 1.0),
        ink,
    );
    response.on_hover_text(tooltip.into())
}

fn lighter(colour: Color32) -> Color32 {
    let mix = |c: u8| c + ((255 - c) as f32 * 0.22) as u8;
    Color32::from_rgb(mix(colour.r()), mix(colour.g()), mix(colour.b()))
}

/// An icon as text, for menus and labels.
pub fn icon_label(icon: Icon, size: f32) -> RichText {
    RichText::new(char::from(icon)).font(look::icon(size))
}
