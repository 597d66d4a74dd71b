//! The design tokens: colours, spacing, type sizes and radii, for the dark and the light theme.
//!
//! Panels take every colour and every distance from here, and never write one of their own.

mod fonts;
mod style;

use egui::{Color32, FontFamily, FontId, Ui};

use crate::score::Colour;

pub use fonts::{FAMILY_ICONS, FAMILY_MEDIUM, FAMILY_NUMERIC, FAMILY_SEMIBOLD};
pub use style::NUMBER;

/// Distances in points, in steps of 4.
pub mod space {
    /// 4: inside a control.
    pub const XS: f32 = 4.0;
    /// 8: between controls that belong together.
    pub const S: f32 = 8.0;
    /// 12: between a label and what it names.
    pub const M: f32 = 12.0;
    /// 16: the margin of a panel.
    pub const L: f32 = 16.0;
    /// 24: between groups.
    pub const XL: f32 = 24.0;
    /// Height of an ordinary control.
    pub const CONTROL: f32 = 28.0;
    /// Height of the controls that matter most (transport).
    pub const CONTROL_LARGE: f32 = 32.0;
    /// Height of a lane of the stacked small rolls, and of its head in the tracks panel.
    pub const LANE: f32 = 56.0;
}

/// Corner radii in points.
pub mod radius {
    /// Small things: meters, chips.
    pub const SMALL: u8 = 4;
    /// Controls.
    pub const CONTROL: u8 = 6;
    /// Cards, windows.
    pub const CARD: u8 = 10;
}

/// Type sizes in points.
pub mod size {
    /// Captions under sliders.
    pub const CAPTION: f32 = 10.5;
    /// Secondary text.
    pub const SMALL: f32 = 11.5;
    /// Running text and controls.
    pub const BODY: f32 = 13.0;
    /// Headings of panels, large numbers.
    pub const HEADING: f32 = 15.0;
    /// Icons in controls.
    pub const ICON: f32 = 15.0;
}

/// The colours of one theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether this is the dark theme.
    pub dark: bool,
    /// Behind notes.
    pub background: Color32,
    /// Panels.
    pub panel: Color32,
    /// Controls and cards on panels.
    pub raised: Color32,
    /// Controls under the pointer.
    pub raised_hover: Color32,
    /// Separators and outlines.
    pub line: Color32,
    /// Text.
    pub text: Color32,
    /// Secondary text.
    pub dim: Color32,
    /// Captions and disabled text.
    pub faint: Color32,
    /// The one accent: the active tool, the primary button, the theme.
    pub accent: Color32,
    /// The accent as text on a panel.
    pub accent_text: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// The playhead.
    pub playhead: Color32,
    /// Recording, errors.
    pub record: Color32,
    /// Levels, success.
    pub good: Color32,
    /// Rows of the roll that belong to the key.
    pub row_in_scale: Color32,
    /// Rows of the roll that do not.
    pub row_out_of_scale: Color32,
    /// Bar lines.
    pub grid_bar: Color32,
    /// Beat lines.
    pub grid_beat: Color32,
    /// Step lines.
    pub grid_step: Color32,
    /// White keys of the keyboard.
    pub key_white: Color32,
    /// Black keys of the keyboard.
    pub key_black: Color32,
    /// Text on a white key.
    pub on_key_white: Color32,
}

const fn rgb(value: u32) -> Color32 {
    Color32::from_rgb((value >> 16) as u8, (value >> 8) as u8, value as u8)
}

impl Look {
    /// The dark theme.
    pub const DARK: Self = Self {
        dark: true,
        background: rgb(0x0012_141a),
        panel: rgb(0x0019_1c24),
        raised: rgb(0x0022_2631),
        raised_hover: rgb(0x002c_313e),
        line: rgb(0x002c_313e),
        text: rgb(0x00e8_eaf0),
        dim: rgb(0x0098_a0b3),
        faint: rgb(0x0073_7d94),
        accent: rgb(0x00f2_b84b),
        accent_text: rgb(0x00f2_b84b),
        on_accent: rgb(0x0021_1a0a),
        playhead: rgb(0x00ff_ffff),
        record: rgb(0x00e5_534b),
        good: rgb(0x0036_c08f),
        row_in_scale: rgb(0x0017_1a21),
        row_out_of_scale: rgb(0x0012_141a),
        grid_bar: rgb(0x003a_4050),
        grid_beat: rgb(0x0026_2a36),
        grid_step: rgb(0x001c_1f28),
        key_white: rgb(0x00dc_e0ea),
        key_black: rgb(0x0023_2733),
        on_key_white: rgb(0x004a_5266),
    };

    /// The light theme: the same roles.
    pub const LIGHT: Self = Self {
        dark: false,
        background: rgb(0x00fb_fbfd),
        panel: rgb(0x00f1_f2f6),
        raised: rgb(0x00e2_e5ed),
        raised_hover: rgb(0x00d5_d9e4),
        line: rgb(0x00d0_d4df),
        text: rgb(0x001a_1d26),
        dim: rgb(0x004d_5568),
        faint: rgb(0x0063_6b7f),
        accent: rgb(0x00e9_a62a),
        accent_text: rgb(0x0087_5600),
        on_accent: rgb(0x0021_1a0a),
        playhead: rgb(0x0014_161c),
        record: rgb(0x00c9_362e),
        good: rgb(0x0012_8a60),
        row_in_scale: rgb(0x00fb_fbfd),
        row_out_of_scale: rgb(0x00f0_f1f6),
        grid_bar: rgb(0x00b4_bac9),
        grid_beat: rgb(0x00d6_dae4),
        grid_step: rgb(0x00e7_e9f0),
        key_white: rgb(0x00ff_ffff),
        key_black: rgb(0x003b_4150),
        on_key_white: rgb(0x004a_5266),
    };

    /// The look that `ui` is drawn with.
    pub fn of(ui: &Ui) -> &'static Self {
        if ui.visuals().dark_mode {
            &Self::DARK
        } else {
            &Self::LIGHT
        }
    }

    /// A track's colour in this theme: darker on light ground, so that notes stand out.
    pub fn track(&self, colour: Colour) -> Color32 {
        let [r, g, b] = colour.0;
        if self.dark {
            Color32::from_rgb(r, g, b)
        } else {
            let darker = |c: u8| (f32::from(c) * 0.74) as u8;
            Color32::from_rgb(darker(r), darker(g), darker(b))
        }
    }
}

/// A track colour that none of the first `index` tracks has: the six of the roles, then further hues at the same
/// lightness.
pub fn rotated_colour(index: usize) -> Colour {
    let hue = (index as f32 * 0.381_966 + 0.08).fract();
    let colour = egui::ecolor::Hsva::new(hue, 0.52, 0.88, 1.0).to_srgb();
    Colour(colour)
}

/// Running text.
pub fn body() -> FontId {
    FontId::new(size::BODY, FontFamily::Proportional)
}

/// Secondary text.
pub fn small() -> FontId {
    FontId::new(size::SMALL, FontFamily::Proportional)
}

/// Captions.
pub fn caption() -> FontId {
    FontId::new(size::CAPTION, FontFamily::Proportional)
}

/// Names of things and controls: medium weight, `size` points.
pub fn medium(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(FAMILY_MEDIUM.into()))
}

/// Headings: semi-bold, `size` points.
pub fn semibold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(FAMILY_SEMIBOLD.into()))
}

/// Numbers that change in place: figures of one width, `size` points.
pub fn numeric(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(FAMILY_NUMERIC.into()))
}

/// Icons, `size` points.
pub fn icon(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(FAMILY_ICONS.into()))
}

/// Installs fonts and both themes into `ctx`; once, at the start.
pub fn install(ctx: &egui::Context) {
    fonts::install(ctx);
    ctx.set_style_of(egui::Theme::Dark, style::style(&Look::DARK));
    ctx.set_style_of(egui::Theme::Light, style::style(&Look::LIGHT));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: Color32) -> f32 {
        let linear = egui::Rgba::from(colour);
        0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()
    }

    /// Contrast ratio as WCAG 2.1 defines it.
    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn text_can_be_read_in_both_themes() {
        for look in [Look::DARK, Look::LIGHT] {
            for ground in [look.background, look.panel, look.raised] {
                for text in [look.text, look.dim, look.accent_text] {
                    let ratio = contrast(text, ground);
                    assert!(
                        ratio >= 4.5,
                        "{text:?} on {ground:?}: {ratio:.2} (dark: {})",
                        look.dark
                    );
                }
            }
            assert!(contrast(look.faint, look.panel) >= 4.0, "captions");
            assert!(contrast(look.on_accent, look.accent) >= 7.0);
        }
    }

    #[test]
    fn further_tracks_get_distinct_colours() {
        let colours: std::collections::BTreeSet<_> =
            (0..12).map(|index| rotated_colour(index).0).collect();
        assert_eq!(colours.len(), 12);
    }
}
