//! What the sound is played with, and where to. Every change is heard at once.

use egui::{RichText, Ui};

use super::super::super::look::{Look, small};
use super::super::super::sound::AudioChoice;
use super::super::super::studio::Studio;
use super::{choice, line};

/// Buffers that are offered, in frames.
const BUFFERS: [u32; 7] = [64, 128, 256, 512, 1_024, 2_048, 4_096];

pub(super) fn audio_ui(ui: &mut Ui, studio: &Studio, audio: &mut AudioChoice) {
    line(ui, "SoundFont", |ui| soundfont_ui(ui, studio, audio));
    line(ui, "Audio device", |ui| device_ui(ui, studio, audio));
    line(ui, "Sample rate", |ui| rate_ui(ui, studio, audio));
    line(ui, "Buffer", |ui| buffer_ui(ui, studio, audio));
    line(ui, "", |ui| state_ui(ui, studio));
}

fn soundfont_ui(ui: &mut Ui, studio: &Studio, audio: &mut AudioChoice) {
    let mut choices = vec![(None, "The best one found".to_owned())];
    for font in studio.fonts() {
        choices.push((font.path, font.name));
    }
    with_current(&mut choices, audio.soundfont.as_ref(), |path| {
        format!("{} (not found)", path.display())
    });
    let tooltip = "The instruments: a SoundFont 2 file in one of the folders for SoundFonts";
    choice(ui, "SoundFont", tooltip, &mut audio.soundfont, &choices);
}

fn device_ui(ui: &mut Ui, studio: &Studio, audio: &mut AudioChoice) {
    let mut choices = vec![(None, "The system's default".to_owned())];
    for device in studio.devices() {
        choices.push((Some(device.name.clone()), device.name.clone()));
    }
    with_current(&mut choices, audio.device.as_ref(), |name| {
        format!("{name} (not connected)")
    });
    let tooltip = "Where the sound goes. A device that is unplugged is used again when it is back";
    choice(ui, "Audio device", tooltip, &mut audio.device, &choices);
}

fn rate_ui(ui: &mut Ui, studio: &Studio, audio: &mut AudioChoice) {
    let device = (studio.devices().iter()).find(|device| match &audio.device {
        Some(name) => device.name == *name,
        None => device.is_default,
    });
    let name = |rate: u32| format!("{} kHz", f64::from(rate) / 1_000.0);
    let own = match device.and_then(|device| device.rate) {
        Some(rate) => format!("The device's own ({})", name(rate)),
        None => "The device's own".to_owned(),
    };
    let mut choices = vec![(None, own)];
    for rate in device.into_iter().flat_map(|device| &device.rates) {
        choices.push((Some(*rate), name(*rate)));
    }
    with_current(&mut choices, audio.rate.as_ref(), |rate| {
        format!("{} (not offered)", name(*rate))
    });
    let tooltip = "Samples a second. The device's own needs no conversion";
    choice(ui, "Sample rate", tooltip, &mut audio.rate, &choices);
}

fn buffer_ui(ui: &mut Ui, studio: &Studio, audio: &mut AudioChoice) {
    let rate = audio.rate.or_else(|| {
        let default = (studio.devices().iter()).find(|device| device.is_default);
        default.and_then(|device| device.rate)
    });
    let per_second = f64::from(rate.unwrap_or(48_000));
    let mut choices = vec![(None, "The usual (512 frames)".to_owned())];
    for frames in BUFFERS {
        let milliseconds = 1_000.0 * f64::from(frames) / per_second;
        let text = format!("{frames} frames ({milliseconds:.1} ms)");
        choices.push((Some(frames), text));
    }
    with_current(&mut choices, audio.buffer_frames.as_ref(), |frames| {
        format!("{frames} frames")
    });
    let tooltip = "A small buffer answers at once, a large one never drops out. \
         Raise it when the top bar counts dropouts";
    choice(ui, "Buffer", tooltip, &mut audio.buffer_frames, &choices);
}

fn state_ui(ui: &mut Ui, studio: &Studio) {
    let look = Look::of(ui);
    let sound = studio.sound_state();
    let (text, ink) = match (&sound.problem, sound.latency) {
        (Some(problem), _) => (problem.clone(), look.record),
        (None, Some(latency)) => {
            let milliseconds = latency.as_secs_f64() * 1_000.0;
            let text = format!(
                "{}, {}. Latency {milliseconds:.1} ms, {} dropouts.",
                sound.font, sound.device, sound.xruns
            );
            (text, look.dim)
        }
        (None, None) => (format!("{}, {}", sound.font, sound.device), look.dim),
    };
    ui.add(egui::Label::new(RichText::new(text).font(small()).color(ink)).wrap())
        .on_hover_text("Latency: from a note in the song until it leaves the device");
}

/// What is chosen is shown even where it is not there now.
fn with_current<T: PartialEq + Clone>(
    choices: &mut Vec<(Option<T>, String)>,
    current: Option<&T>,
    name: impl FnOnce(&T) -> String,
) {
    if let Some(current) = current
        && choices
            .iter()
            .all(|(other, _)| other.as_ref() != Some(current))
    {
        choices.push((Some(current.clone()), name(current)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_connected_is_still_shown() {
        let mut choices = vec![(None, "default".to_owned())];
        let gone = "Headphones".to_owned();
        for _ in 0..2 {
            with_current(&mut choices, Some(&gone), |name| format!("{name} (gone)"));
        }
        assert_eq!(choices.len(), 2);
        assert_eq!(choices[1], (Some(gone), "Headphones (gone)".to_owned()));
        with_current(&mut choices, None, |name: &String| name.clone());
        assert_eq!(choices.len(), 2);
    }
}
