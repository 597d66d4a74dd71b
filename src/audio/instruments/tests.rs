//! What the built-in SoundFont promises, checked on the file that is shipped.

use std::collections::BTreeMap;
use std::sync::Arc;

use realfft::RealFftPlanner;
use rustysynth::{SampleHeader, SoundFont, Synthesizer, SynthesizerSettings};

use super::bank::{build_programs, middle_key};
use super::compare;
use super::programs::KITS;
use super::sf2::{Bank, Generator, Instrument, Preset, Sample, Sf2Error, Zone, generator};
use super::synthesis::{hertz, loudness};

const SHIPPED: &[u8] = include_bytes!("../../../soundfonts/leitmotif.sf2");
const RATE: usize = 44_100;

fn shipped() -> Arc<SoundFont> {
    Arc::new(SoundFont::new(&mut &*SHIPPED).unwrap())
}

fn synthesizer(font: &Arc<SoundFont>) -> Synthesizer {
    let mut settings = SynthesizerSettings::new(RATE as i32);
    settings.enable_reverb_and_chorus = false;
    Synthesizer::new(font, &settings).unwrap()
}

/// Both sides of so many seconds.
fn render(synthesizer: &mut Synthesizer, seconds: f64) -> [Vec<f64>; 2] {
    let length = (seconds * RATE as f64) as usize;
    let (mut left, mut right) = (vec![0.0_f32; length], vec![0.0_f32; length]);
    synthesizer.render(&mut left, &mut right);
    [left, right].map(|side| side.into_iter().map(f64::from).collect())
}

/// A note of a program (drums for channel 9), held for the whole time.
fn note(
    font: &Arc<SoundFont>,
    channel: i32,
    program: u8,
    key: u8,
    velocity: i32,
    seconds: f64,
) -> [Vec<f64>; 2] {
    let mut synthesizer = synthesizer(font);
    synthesizer.process_midi_message(channel, 0xC0, i32::from(program), 0);
    synthesizer.note_on(channel, i32::from(key), velocity);
    render(&mut synthesizer, seconds)
}

fn mono(sides: &[Vec<f64>; 2]) -> Vec<f64> {
    sides[0]
        .iter()
        .zip(&sides[1])
        .map(|(left, right)| left + right)
        .collect()
}

fn lufs(sides: &[Vec<f64>; 2]) -> f64 {
    let power = |side: &[f64]| 10_f64.powf(loudness::momentary(side, RATE as u32) / 10.0) / 2.0;
    10.0 * (power(&sides[0]) + power(&sides[1])).max(1e-12).log10()
}

/// Magnitudes of a Hann-windowed spectrum of `points`, padded to `size`.
fn spectrum(points: &[f64], size: usize) -> Vec<f64> {
    let fft = RealFftPlanner::<f64>::new().plan_fft_forward(size);
    let mut input = fft.make_input_vec();
    let turn = std::f64::consts::TAU / points.len() as f64;
    for (index, (place, point)) in input.iter_mut().zip(points).enumerate() {
        *place = point * (0.5 - 0.5 * (turn * index as f64).cos());
    }
    let mut output = fft.make_output_vec();
    fft.process(&mut input, &mut output).unwrap();
    output.iter().map(|value| value.norm()).collect()
}

fn points<'a>(font: &'a SoundFont, header: &SampleHeader) -> &'a [i16] {
    &font.get_wave_data()[header.get_start() as usize..header.get_end() as usize]
}

/// Whether a sample is looped by some zone (shorter one-shots have a loop in their header, too).
fn looped(font: &SoundFont) -> Vec<bool> {
    let mut looped = vec![false; font.get_sample_headers().len()];
    for region in font
        .get_instruments()
        .iter()
        .flat_map(rustysynth::Instrument::get_regions)
    {
        if region.get_sample_modes() != rustysynth::LoopMode::NoLoop {
            looped[region.get_sample_id()] = true;
        }
    }
    looped
}

fn tiny() -> Bank {
    let zone = |target, generators| Zone {
        keys: 0..=127,
        velocities: 1..=99,
        generators,
        target,
    };
    Bank {
        name: "Tiny".to_owned(),
        samples: vec![Sample {
            name: "Ramp with a name that is too long".to_owned(),
            points: (0..100).collect(),
            rate: 32_000,
            cycle: Some((20, 90)),
            root: 61,
            correction: -3,
        }],
        instruments: vec![Instrument {
            name: "One".to_owned(),
            zones: vec![zone(
                0,
                vec![Generator {
                    number: generator::PAN,
                    amount: -120,
                }],
            )],
        }],
        presets: vec![Preset {
            name: "First".to_owned(),
            bank: 0,
            program: 5,
            zones: vec![zone(0, Vec::new())],
        }],
        ..Bank::default()
    }
}

/// A list of chunks: names and bodies, with every size and padding checked.
fn chunks(mut bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let size = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
        assert!(bytes.len() >= 8 + size, "a chunk ends after its list");
        found.push((
            String::from_utf8(bytes[..4].to_vec()).unwrap(),
            &bytes[8..8 + size],
        ));
        bytes = &bytes[8 + size + size % 2..];
    }
    found
}

#[test]
fn the_writer_keeps_the_format() {
    let bytes = tiny().to_bytes().unwrap();
    let form = chunks(&bytes);
    assert_eq!(form.len(), 1);
    assert_eq!(form[0].0, "RIFF");
    assert_eq!(&form[0].1[..4], b"sfbk");
    let lists = chunks(&form[0].1[4..]);
    let kinds: Vec<&[u8]> = lists.iter().map(|(_, body)| &body[..4]).collect();
    assert_eq!(kinds, [b"INFO".as_slice(), b"sdta", b"pdta"]);
    let info: BTreeMap<String, &[u8]> = chunks(&lists[0].1[4..]).into_iter().collect();
    assert_eq!(info["ifil"], [2, 0, 4, 0]);
    assert_eq!(info["INAM"], b"Tiny\0\0");
    let points = chunks(&lists[1].1[4..])[0].1;
    assert_eq!(
        points.len(),
        2 * (100 + 46),
        "46 points of silence follow a sample"
    );
    let tables = chunks(&lists[2].1[4..]);
    let sizes: Vec<(&str, usize)> = tables
        .iter()
        .map(|(name, body)| (name.as_str(), body.len()))
        .collect();
    // One row each and the closing one; the instrument's zone has ranges, pan and sample.
    let expected = [
        ("phdr", 76),
        ("pbag", 8),
        ("pmod", 10),
        ("pgen", 16),
        ("inst", 44),
        ("ibag", 8),
        ("imod", 10),
        ("igen", 20),
        ("shdr", 92),
    ];
    assert_eq!(sizes, expected);
    let generators = tables[7].1;
    assert_eq!(
        &generators[..8],
        [43, 0, 0, 127, 44, 0, 1, 99],
        "ranges come first"
    );
    assert_eq!(&generators[12..16], [53, 0, 0, 0], "the sample comes last");

    let font = SoundFont::new(&mut bytes.as_slice()).unwrap();
    let header = &font.get_sample_headers()[0];
    assert_eq!(header.get_name(), "Ramp with a name th");
    assert_eq!((header.get_start(), header.get_end()), (0, 100));
    assert_eq!((header.get_start_loop(), header.get_end_loop()), (20, 90));
    assert_eq!(
        (header.get_original_pitch(), header.get_pitch_correction()),
        (61, -3)
    );
    assert_eq!(font.get_presets()[0].get_patch_number(), 5);
    assert!((font.get_instruments()[0].get_regions()[0].get_pan() + 12.0).abs() < 1e-6);
}

#[test]
fn the_writer_refuses_what_the_format_cannot_hold() {
    let mut bank = tiny();
    bank.samples[0].cycle = Some((20, 95));
    assert!(matches!(
        bank.to_bytes(),
        Err(Sf2Error::Loop {
            end: 95,
            length: 100,
            ..
        })
    ));
    let mut bank = tiny();
    bank.presets[0].zones[0].target = 1;
    assert!(matches!(
        bank.to_bytes(),
        Err(Sf2Error::Missing {
            what: "instrument",
            index: 1,
            count: 1,
            ..
        })
    ));
    let mut bank = tiny();
    bank.instruments[0].zones = vec![bank.instruments[0].zones[0].clone(); 20_000];
    assert!(matches!(
        bank.to_bytes(),
        Err(Sf2Error::TooMany {
            what: "instrument generators",
            ..
        })
    ));
}

#[test]
fn a_build_is_the_same_every_time() {
    assert_eq!(
        build_programs(&[12, 13], false).unwrap(),
        build_programs(&[12, 13], false).unwrap()
    );
}

/// The example `build_soundfont -- --check` compares the whole file; here are some tones of every way of making them.
#[test]
fn the_shipped_tones_are_what_the_program_makes() {
    let whole = shipped();
    // Modes, plucked strings, winds, and a section with a life of its own.
    let bytes = build_programs(&[13, 33, 56, 53], false).unwrap();
    let part = Arc::new(SoundFont::new(&mut bytes.as_slice()).unwrap());
    let shipped: BTreeMap<&str, &[i16]> = whole
        .get_sample_headers()
        .iter()
        .map(|header| (header.get_name(), points(&whole, header)))
        .collect();
    assert!(part.get_sample_headers().len() > 30);
    for header in part.get_sample_headers() {
        let name = header.get_name();
        let (made, there) = (points(&part, header), shipped[name]);
        assert_eq!(made.len(), there.len(), "{name}");
        let off = made.iter().zip(there).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(
            off.unwrap() <= 2,
            "run the example build_soundfont: {name} is off by {off:?}"
        );
    }
    assert!(SHIPPED.len() <= 16_000_000, "{} bytes", SHIPPED.len());
}

#[test]
fn a_changed_file_is_noticed() {
    let one = build_programs(&[115], false).unwrap();
    assert!(compare(&one, &one).unwrap().is_same());
    let other = build_programs(&[13], false).unwrap();
    assert!(!compare(&one, &other).unwrap().is_same());
    let mut louder = one.clone();
    let place = louder.windows(4).position(|id| id == b"smpl").unwrap() + 8 + 401;
    louder[place] = louder[place].wrapping_add(16);
    let difference = compare(&one, &louder).unwrap();
    assert_eq!((difference.points, difference.is_same()), (1, false));
}

#[test]
fn every_program_and_drum_is_there() {
    let font = shipped();
    let ids: Vec<(i32, i32)> = font
        .get_presets()
        .iter()
        .map(|p| (p.get_bank_number(), p.get_patch_number()))
        .collect();
    for program in 0..128 {
        assert!(ids.contains(&(0, program)), "program {program}");
    }
    for kit in &KITS {
        let id = (128, i32::from(kit.program));
        assert!(ids.contains(&id), "{}", kit.name);
    }
    for key in 35..=81 {
        let sound = note(&font, 9, 0, key, 100, 0.6);
        let level = lufs(&sound);
        assert!(
            (-48.0..-22.0).contains(&level),
            "drum {key}: {level:.1} LUFS"
        );
    }
}

#[test]
fn kits_are_different_kits() {
    let font = shipped();
    let strokes: Vec<Vec<f64>> = [0, 16, 24, 25, 32, 40, 48]
        .iter()
        .map(|kit| mono(&note(&font, 9, *kit, 38, 100, 0.3)))
        .collect();
    for (index, one) in strokes.iter().enumerate() {
        let power: f64 = one.iter().map(|point| point * point).sum();
        assert!(power > 0.0);
        for other in &strokes[index + 1..] {
            let apart: f64 = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
            assert!(apart > 0.3 * power);
        }
    }
}

#[test]
fn main_drums_have_two_layers() {
    let font = shipped();
    let kit = font
        .get_instruments()
        .iter()
        .find(|instrument| instrument.get_name() == "Standard kit")
        .unwrap();
    for key in [35, 36, 38, 40, 42, 46, 51] {
        let regions = kit.get_regions().iter();
        let samples: std::collections::BTreeSet<usize> = regions
            .filter(|region| {
                (region.get_key_range_start()..=region.get_key_range_end()).contains(&key)
            })
            .map(rustysynth::InstrumentRegion::get_sample_id)
            .collect();
        assert_eq!(samples.len(), 2, "key {key}");
    }
}

/// All programs, the short ones as well, are within 3 dB of each other while they sound.
#[test]
fn programs_are_balanced() {
    let font = shipped();
    let (mut softest, mut loudest) = (f64::INFINITY, f64::NEG_INFINITY);
    for program in 0..128_u8 {
        let sound = note(&font, 0, program, middle_key(program), 100, 1.0);
        let level = loudness::sounding(&sound, RATE as u32);
        (softest, loudest) = (softest.min(level), loudest.max(level));
        assert!(
            (-33.6..-30.0).contains(&level),
            "program {program}: {level:.1} LUFS"
        );
        let peak = sound
            .iter()
            .flatten()
            .fold(0.0_f64, |peak, point| peak.max(point.abs()));
        // The synthesizer plays at half of full scale: eight such notes at once still fit.
        assert!(peak < 0.25, "program {program} peaks at {peak}");
    }
    assert!(loudest - softest < 3.0, "{softest:.1} to {loudest:.1} LUFS");
}

#[test]
fn loops_have_no_seam() {
    let font = shipped();
    let looped = looped(&font);
    assert!(looped.iter().filter(|looped| **looped).count() > 200);
    for (header, _) in font
        .get_sample_headers()
        .iter()
        .zip(looped)
        .filter(|(_, looped)| *looped)
    {
        let points = points(&font, header);
        let start = (header.get_start_loop() - header.get_start()) as usize;
        let end = (header.get_end_loop() - header.get_start()) as usize;
        let step = |index: usize| (i32::from(points[index + 1]) - i32::from(points[index])).abs();
        let widest = (start..end - 1).map(step).max().unwrap();
        for after in 0..8 {
            let off = (i32::from(points[end + after]) - i32::from(points[start + after])).abs();
            // Filters that settle may be off by some steps of 65,536.
            assert!(off <= 24, "{}: {off} at the seam", header.get_name());
        }
        let jump = (i32::from(points[start]) - i32::from(points[end - 1])).abs();
        assert!(
            jump <= widest + 8,
            "{}: a jump of {jump}, inside {widest}",
            header.get_name()
        );
        let mean = points[start..end]
            .iter()
            .map(|point| f64::from(*point))
            .sum::<f64>()
            / (end - start) as f64;
        assert!(
            mean.abs() < 60.0,
            "{}: {mean:.1} of direct current",
            header.get_name()
        );
    }
}

#[test]
fn samples_begin_at_once_and_do_not_clip() {
    let font = shipped();
    for header in font.get_sample_headers() {
        let points = points(&font, header);
        let begin = points.iter().position(|point| point.abs() > 16).unwrap();
        assert!(begin <= 20, "{} begins at {begin}", header.get_name());
        let peak = points
            .iter()
            .map(|point| point.unsigned_abs())
            .max()
            .unwrap();
        assert!(
            (20_000..30_000).contains(&peak),
            "{} peaks at {peak}",
            header.get_name()
        );
    }
}

#[test]
fn notes_are_in_tune() {
    let font = shipped();
    for (program, keys) in [
        (0, [36, 48, 60, 72, 84]),
        (4, [41, 53, 60, 69, 81]),
        (11, [54, 60, 66, 72, 78]),
        (16, [48, 55, 60, 67, 72]),
        (24, [40, 47, 55, 64, 76]),
        (25, [43, 50, 60, 69, 74]),
        (33, [31, 36, 40, 45, 52]),
        (56, [55, 60, 65, 70, 77]),
        (73, [62, 67, 72, 79, 84]),
        (80, [45, 57, 60, 69, 81]),
    ] {
        for key in keys {
            let sound = mono(&note(&font, 0, program, key, 100, 1.3));
            // After the stroke and before any vibrato begins to tell.
            let size = 1 << 18;
            let window = &sound[RATE / 20..RATE / 20 + RATE * 9 / 20];
            let magnitudes = spectrum(window, size);
            let wanted = hertz(f64::from(key));
            let bin = |frequency: f64| (frequency * size as f64 / RATE as f64) as usize;
            let range = bin(wanted * 0.97)..bin(wanted * 1.03) + 2;
            let best = range
                .max_by(|a, b| magnitudes[*a].total_cmp(&magnitudes[*b]))
                .unwrap();
            let [a, b, c] = [best - 1, best, best + 1].map(|index| magnitudes[index].ln());
            let heard =
                (best as f64 + 0.5 * (a - c) / (a - 2.0 * b + c)) * RATE as f64 / size as f64;
            let cents = 1_200.0 * (heard / wanted).log2();
            assert!(
                cents.abs() < 3.0,
                "program {program} key {key}: {cents:+.2} cents"
            );
        }
    }
}

#[test]
fn hard_strokes_are_louder_and_brighter() {
    let font = shipped();
    // The centre of the magnitudes of the spectrum.
    let centroid = |points: &[f64]| {
        let magnitudes = spectrum(&points[..RATE / 4], RATE / 4);
        let total: f64 = magnitudes.iter().sum();
        let weighted = magnitudes.iter().enumerate();
        // A window of a quarter of a second: bins of 4 Hz.
        weighted.map(|(bin, m)| bin as f64 * 4.0 * m).sum::<f64>() / total
    };
    for (program, key) in [
        (0, 48),
        (0, 60),
        (0, 72),
        (24, 60),
        (25, 60),
        (33, 36),
        (56, 67),
    ] {
        let strokes = [30, 60, 90, 120].map(|velocity| note(&font, 0, program, key, velocity, 0.8));
        for pair in strokes.windows(2) {
            let louder = lufs(&pair[1]) - lufs(&pair[0]);
            assert!(
                (3.0..16.0).contains(&louder),
                "program {program}: {louder:.1} dB a step"
            );
        }
        let (soft, hard) = (centroid(&mono(&strokes[0])), centroid(&mono(&strokes[3])));
        assert!(
            hard > 1.2 * soft,
            "program {program} key {key}: {soft:.0} Hz soft, {hard:.0} Hz hard"
        );
    }
}

#[test]
fn a_closed_hat_stops_an_open_one() {
    let font = shipped();
    let ring = |close: bool| {
        let mut synthesizer = synthesizer(&font);
        synthesizer.note_on(9, 46, 100);
        render(&mut synthesizer, 0.1);
        if close {
            synthesizer.note_on(9, 42, 100);
        }
        render(&mut synthesizer, 0.2);
        mono(&render(&mut synthesizer, 0.1))
            .iter()
            .map(|point| point * point)
            .sum::<f64>()
    };
    assert!(ring(true) < 0.01 * ring(false));
}
