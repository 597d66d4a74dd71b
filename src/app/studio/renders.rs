//! Renders: beginning them, and what they lead to.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::rendering::{RenderOrder, Rendering};
use super::{Dialog, Notice, RenderForm, Studio};
use crate::audio::render::Rendered;

impl Studio {
    /// What a render is to be like.
    pub fn render_form(&self) -> &RenderForm {
        &self.settings.render
    }

    /// The render that is on its way.
    pub fn rendering(&self) -> Option<&Rendering> {
        self.rendering.as_ref()
    }

    /// Begins to render the song, as it is now, into the file at `path`.
    pub(super) fn render(&mut self, path: PathBuf) {
        if self.rendering.is_some() {
            let text = "A render is still on its way: wait for it, or cancel it";
            self.notices.push(Notice::Info(text.to_owned()));
            return;
        }
        let form = &self.settings.render;
        let order = RenderOrder {
            song: Arc::clone(self.base_song()),
            font: form.source(self.settings.audio.soundfont.as_ref()),
            options: form.options(self.transport.range),
            path,
        };
        match Rendering::start(order) {
            Ok(rendering) => {
                self.rendering = Some(rendering);
                self.dialog = Some(Dialog::Render);
                self.save_settings();
            }
            Err(error) => {
                let text = format!("The render could not begin: {error}");
                self.notices.push(Notice::Error(text));
            }
        }
    }

    /// Reads how the render ended, if it has.
    pub(super) fn poll_render(&mut self) {
        let Some(rendering) = &mut self.rendering else {
            return;
        };
        let Some(result) = rendering.poll() else {
            return;
        };
        self.notices.push(match result {
            Ok(files) => rendered(&files),
            Err(_) if rendering.is_cancelled() => {
                Notice::Info("The render was cancelled; nothing was written".to_owned())
            }
            Err(message) => Notice::Error(message),
        });
        self.rendering = None;
        if self.dialog == Some(Dialog::Render) {
            self.dialog = None;
        }
    }
}

/// What there is to say about new files.
fn rendered(files: &[Rendered]) -> Notice {
    let Some(mix) = files.first() else {
        return Notice::Info("Nothing was rendered".to_owned());
    };
    let mut text = format!("Wrote {}", mix.path.display());
    if files.len() > 1 {
        let _ = write!(text, " and {} stems", files.len() - 1);
    }
    if let Some(loudness) = mix.loudness {
        let _ = write!(
            text,
            " ({:.1} LUFS, true peak {:.1} dB)",
            loudness.lufs, loudness.true_peak
        );
    }
    if files.iter().any(|file| file.clipped > 0) {
        text.push_str("; some stems were louder than the file can hold: turn them down, or choose 32-bit float");
        return Notice::Info(text);
    }
    Notice::Success(text)
}
