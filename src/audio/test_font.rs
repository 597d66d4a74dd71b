//! A tiny SoundFont for tests, whose every note begins with a click on the very sample on which it is played.

use std::sync::Arc;

use super::bus::Bus;
use super::soundfont::{Font, FontOrigin};
use super::synths::TrackSynth;
use crate::score::Instrument;

/// Sample frames of the click and the tone after it.
const FRAMES: usize = 4_800;

fn chunk(id: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(body);
    if body.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

fn list(kind: [u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut body = kind.to_vec();
    body.extend(chunks.concat());
    chunk(*b"LIST", &body)
}

fn named(name: &str, words: &[u16], tail: &[u8]) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.resize(20, 0);
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    bytes.extend(tail);
    bytes
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// One generator: what it sets, and to what.
type Generator = (u16, i16);

/// Delay, attack and hold of the volume envelope, and its release: none.
const NO_ENVELOPE: [Generator; 4] = [
    (33, i16::MIN),
    (34, i16::MIN),
    (35, i16::MIN),
    (38, i16::MIN),
];
/// Scale tuning: every key sounds at one pitch.
const ONE_PITCH: Generator = (56, 0);
const LOOPED: Generator = (54, 1);
const SAMPLE: Generator = (53, 0);

fn key_range(key: u8) -> Generator {
    (43, i16::from_le_bytes([key, key]))
}

/// The bytes of a font with one sample and one instrument of `zones`, which is program 0 of bank 0 and of the drums.
/// Each frame of the sample is 1/48,000 s; the loop is the tone after its click.
fn with_zones(zones: &[Vec<Generator>]) -> Vec<u8> {
    let mut wave = vec![0_i16; FRAMES + 64];
    for (index, sample) in wave.iter_mut().take(FRAMES).enumerate() {
        let tone = (index as f32 * std::f32::consts::TAU / 48.0).sin() * 3_000.0;
        *sample = if index < 16 { 30_000 } else { tone as i16 };
    }
    let smpl: Vec<u8> = wave.iter().flat_map(|s| s.to_le_bytes()).collect();
    let preset = |name, bank, bag| named(name, &[0, bank, bag], &[0; 12]);
    let phdr = [
        preset("Click", 0, 0),
        preset("Drums", 128, 1),
        preset("EOP", 0, 2),
    ];
    let mut ibag = Vec::new();
    let mut igen = Vec::new();
    for zone in zones {
        ibag.extend(words(&[(igen.len() / 4) as u16, 0]));
        for &(kind, value) in zone {
            igen.extend(words(&[kind, value as u16]));
        }
    }
    ibag.extend(words(&[(igen.len() / 4) as u16, 0]));
    igen.extend(words(&[0, 0]));
    let mut shdr_tail = Vec::new();
    for value in [0, FRAMES as u32, 48, FRAMES as u32 - 48, 48_000] {
        shdr_tail.extend(value.to_le_bytes());
    }
    shdr_tail.extend([60, 0, 0, 0, 1, 0]);
    let shdr = [named("click", &[], &shdr_tail), named("EOS", &[], &[0; 26])].concat();
    let pdta = list(
        *b"pdta",
        &[
            chunk(*b"phdr", &phdr.concat()),
            chunk(*b"pbag", &words(&[0, 0, 1, 0, 2, 0])),
            chunk(*b"pmod", &[0; 10]),
            chunk(*b"pgen", &words(&[41, 0, 41, 0, 0, 0])),
            chunk(
                *b"inst",
                &[
                    named("Click", &[0], &[]),
                    named("EOI", &[zones.len() as u16], &[]),
                ]
                .concat(),
            ),
            chunk(*b"ibag", &ibag),
            chunk(*b"imod", &[0; 10]),
            chunk(*b"igen", &igen),
            chunk(*b"shdr", &shdr),
        ],
    );
    let info = list(
        *b"INFO",
        &[
            chunk(*b"ifil", &words(&[2, 1])),
            chunk(*b"isng", b"EMU8000\0"),
            chunk(*b"INAM", b"Click\0"),
        ],
    );
    let sdta = list(*b"sdta", &[chunk(*b"smpl", &smpl)]);
    chunk(*b"RIFF", &[b"sfbk".to_vec(), info, sdta, pdta].concat())
}

/// The bytes of the font: one region over all keys, no envelope delay, no dependence of pitch on key, loop over the
/// tone.
pub(crate) fn click() -> Vec<u8> {
    let mut zone = NO_ENVELOPE.to_vec();
    zone.extend([ONE_PITCH, LOOPED, SAMPLE]);
    with_zones(&[zone])
}

/// The same font, but that every key has its pitch: 1 kHz at key 60.
pub(crate) fn tuned() -> Arc<Font> {
    let mut zone = NO_ENVELOPE.to_vec();
    zone.extend([LOOPED, SAMPLE]);
    let bytes = with_zones(&[zone]);
    Arc::new(Font::from_bytes(&bytes, "Tuned", FontOrigin::BuiltIn).unwrap())
}

/// The key of the closed hi-hat of [`stereo_hats`]: 0.1 s.
pub(crate) const CLOSED_HAT: u8 = 42;
/// The key of the open one: it does not end by itself.
pub(crate) const OPEN_HAT: u8 = 46;

/// Which samples a closed hi-hat has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// One in the middle.
    Mono,
    /// One for each side.
    Stereo,
}

/// A font with an open hi-hat of a left and a right sample, and a closed one, which choke each other.
pub(crate) fn hats(closed: Closed) -> Arc<Font> {
    let mut zones = Vec::new();
    let sides: &[i16] = match closed {
        Closed::Mono => &[0],
        Closed::Stereo => &[-500, 500],
    };
    for (key, loops, pans) in [(CLOSED_HAT, 0, sides), (OPEN_HAT, 1, &[-500, 500])] {
        for &pan in pans {
            let mut zone = vec![key_range(key)];
            zone.extend(NO_ENVELOPE);
            zone.extend([ONE_PITCH, (17, pan), (57, 1), (54, loops), SAMPLE]);
            zones.push(zone);
        }
    }
    let bytes = with_zones(&zones);
    Arc::new(Font::from_bytes(&bytes, "Hats", FontOrigin::BuiltIn).unwrap())
}

/// A font with two hi-hats of a left and a right sample each, which choke each other as those of FluidR3 do.
pub(crate) fn stereo_hats() -> Arc<Font> {
    hats(Closed::Stereo)
}

/// A font whose loop is one turn of 1 kHz at key 60, 48 samples, and whose modulation envelope moves the pitch up by
/// so many cents.
pub(crate) fn short_loop(cents: i16) -> Arc<Font> {
    let mut zone = NO_ENVELOPE.to_vec();
    // The end of the loop comes 4,656 samples sooner.
    let one_turn = (3, 96 - (FRAMES as i16 - 48));
    zone.extend([(7, cents), one_turn, LOOPED, SAMPLE]);
    let bytes = with_zones(&[zone]);
    Arc::new(Font::from_bytes(&bytes, "Short", FontOrigin::BuiltIn).unwrap())
}

/// The font, parsed.
pub(crate) fn font() -> Arc<Font> {
    Arc::new(Font::from_bytes(&click(), "Click", FontOrigin::BuiltIn).unwrap())
}

/// Plays some of every preset of a font that may be damaged.
pub(crate) fn play_everything(font: &Arc<Font>) {
    let mut synth = TrackSynth::new(Some(font), 48_000, 8);
    let mut bus = Bus::default();
    for instrument in [Instrument::pitched(0), Instrument::DRUMS] {
        for key in [0, 60, 127] {
            synth.try_note(instrument, key, 100);
            for _ in 0..80 {
                bus.clear(128);
                synth.render_onto(&mut bus);
            }
        }
    }
}
