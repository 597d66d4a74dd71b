//! The fonts: Inter for text, Lucide for icons.

use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily};

/// Medium weight: names, controls.
pub const FAMILY_MEDIUM: &str = "medium";
/// Semi-bold: headings.
pub const FAMILY_SEMIBOLD: &str = "semibold";
/// Medium weight with figures of one width.
pub const FAMILY_NUMERIC: &str = "numeric";
/// Lucide icons.
pub const FAMILY_ICONS: &str = "icons";

/// Installs the fonts into `ctx`. What Inter lacks comes from egui's own fonts.
pub(super) fn install(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::default();
    let fallback = fonts
        .families
        .get(&FontFamily::Proportional)
        .cloned()
        .unwrap_or_default();
    let faces: [(&str, &'static [u8]); 5] = [
        (
            "inter",
            include_bytes!("../../../assets/fonts/Inter-Regular.otf"),
        ),
        (
            FAMILY_MEDIUM,
            include_bytes!("../../../assets/fonts/Inter-Medium.otf"),
        ),
        (
            FAMILY_SEMIBOLD,
            include_bytes!("../../../assets/fonts/Inter-SemiBold.otf"),
        ),
        (
            FAMILY_NUMERIC,
            include_bytes!("../../../assets/fonts/Inter-Medium-Tabular.otf"),
        ),
        (FAMILY_ICONS, lucide_icons::LUCIDE_FONT_BYTES),
    ];
    for (name, bytes) in faces {
        fonts
            .font_data
            .insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
        let family = if name == "inter" {
            FontFamily::Proportional
        } else {
            FontFamily::Name(name.into())
        };
        let chain = std::iter::once(name.to_owned())
            .chain((name != FAMILY_ICONS).then(|| FAMILY_ICONS.to_owned()))
            .chain(fallback.iter().cloned())
            .collect();
        fonts.families.insert(family, chain);
    }
    ctx.set_fonts(fonts);
}
