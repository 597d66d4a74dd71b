//! A SoundFont and how a note of it sounds.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};

/// Points per second of all that is rendered.
pub(crate) const RATE: u32 = 48_000;
/// The channel that plays drums.
const DRUMS: i32 = 9;

/// A loaded SoundFont.
pub(crate) struct Font(pub Arc<SoundFont>);

/// One note of a program.
pub(crate) struct Note {
    program: u8,
    key: u8,
    velocity: u8,
}

impl Note {
    /// A note of bank 0.
    pub(crate) fn of(program: u8, key: u8, velocity: u8) -> Self {
        Self {
            program,
            key,
            velocity,
        }
    }
}

impl Font {
    /// Reads a file.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let font = SoundFont::new(&mut bytes.as_slice())
            .with_context(|| format!("{} is no SoundFont", path.display()))?;
        Ok(Self(Arc::new(font)))
    }

    fn synthesizer(&self) -> anyhow::Result<Synthesizer> {
        let mut settings = SynthesizerSettings::new(RATE as i32);
        settings.enable_reverb_and_chorus = false;
        Synthesizer::new(&self.0, &settings).context("the synthesizer cannot be made")
    }

    /// Both sides of a note held for so many seconds, of so many in all.
    pub(crate) fn play(
        &self,
        note: &Note,
        held: f64,
        seconds: f64,
    ) -> anyhow::Result<[Vec<f64>; 2]> {
        let mut synthesizer = self.synthesizer()?;
        synthesizer.process_midi_message(0, 0xC0, i32::from(note.program), 0);
        synthesizer.note_on(0, i32::from(note.key), i32::from(note.velocity));
        let mut sides = render(&mut synthesizer, held);
        synthesizer.note_off(0, i32::from(note.key));
        let rest = render(&mut synthesizer, seconds - held);
        for (side, rest) in sides.iter_mut().zip(rest) {
            side.extend(rest);
        }
        Ok(sides)
    }

    /// One bar of bass drum, snare and hats by a kit, at 120 beats a minute.
    pub(crate) fn beat(&self, kit: u8, velocity: u8) -> anyhow::Result<[Vec<f64>; 2]> {
        let mut synthesizer = self.synthesizer()?;
        synthesizer.process_midi_message(DRUMS, 0xC0, i32::from(kit), 0);
        let mut sides = [Vec::new(), Vec::new()];
        for eighth in 0..8 {
            synthesizer.note_on(DRUMS, 42, i32::from(velocity));
            if eighth % 4 == 0 {
                synthesizer.note_on(DRUMS, 36, i32::from(velocity));
            } else if eighth % 4 == 2 {
                synthesizer.note_on(DRUMS, 38, i32::from(velocity));
            }
            for (side, part) in sides.iter_mut().zip(render(&mut synthesizer, 0.25)) {
                side.extend(part);
            }
        }
        Ok(sides)
    }
}

fn render(synthesizer: &mut Synthesizer, seconds: f64) -> [Vec<f64>; 2] {
    let length = (seconds * f64::from(RATE)) as usize;
    let (mut left, mut right) = (vec![0.0_f32; length], vec![0.0_f32; length]);
    synthesizer.render(&mut left, &mut right);
    [left, right].map(|side| side.into_iter().map(f64::from).collect())
}

/// Both sides together.
pub(crate) fn mono(sides: &[Vec<f64>; 2]) -> Vec<f64> {
    let [left, right] = sides;
    left.iter().zip(right).map(|(l, r)| l + r).collect()
}
