//! Which timbre, played how, stands for each of the 128 programs.

use super::synthesis::{Region, Vibrato};
use super::{
    drums, effects, keys, mallets, organ, overdrive, piano, plucked, strings, synth, winds,
};

/// A set of tones that programs share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // Each is named as the function that makes it.
pub enum Timbre {
    Piano,
    Tine,
    Glassy,
    Harpsichord,
    Clavinet,
    Glockenspiel,
    Celesta,
    Vibraphone,
    Marimba,
    Xylophone,
    TubularBells,
    SteelDrum,
    Kalimba,
    Timpani,
    Agogo,
    Woodblock,
    Taiko,
    Drawbar,
    Church,
    Reeds,
    Nylon,
    Steel,
    Clean,
    Overdriven,
    Distorted,
    Harp,
    Pizzicato,
    Sitar,
    Banjo,
    UprightBass,
    FingerBass,
    PickedBass,
    SlapBass,
    SynthBass,
    Ensemble,
    Violin,
    Cello,
    Aahs,
    Oohs,
    Trumpet,
    MutedTrumpet,
    Trombone,
    Horn,
    BrassSection,
    Sax,
    Oboe,
    Bassoon,
    Clarinet,
    Flute,
    Recorder,
    PanFlute,
    Square,
    Saw,
    Pad,
    Glass,
    Seashore,
    Breath,
    FretNoise,
    Bird,
    Telephone,
    Helicopter,
    Applause,
    Gunshot,
    ReverseCymbal,
    StandardDrums,
    PowerDrums,
    ElectronicDrums,
    MachineDrums,
    JazzDrums,
    BrushDrums,
    OrchestraDrums,
}

impl Timbre {
    /// Synthesises the timbre: the same every time.
    pub fn regions(self) -> Vec<Region> {
        match self {
            Self::Piano => piano::grand(),
            Self::Tine => keys::TINE.regions(),
            Self::Glassy => keys::GLASSY.regions(),
            Self::Harpsichord => plucked::HARPSICHORD.regions(),
            Self::Clavinet => plucked::CLAVINET.regions(),
            Self::Glockenspiel => mallets::GLOCKENSPIEL.regions(),
            Self::Celesta => mallets::CELESTA.regions(),
            Self::Vibraphone => mallets::VIBRAPHONE.regions(),
            Self::Marimba => mallets::MARIMBA.regions(),
            Self::Xylophone => mallets::XYLOPHONE.regions(),
            Self::TubularBells => mallets::TUBULAR_BELLS.regions(),
            Self::SteelDrum => mallets::STEEL_DRUM.regions(),
            Self::Kalimba => mallets::KALIMBA.regions(),
            Self::Timpani => mallets::TIMPANI.regions(),
            Self::Agogo => mallets::AGOGO.regions(),
            Self::Woodblock => mallets::WOODBLOCK.regions(),
            Self::Taiko => mallets::TAIKO.regions(),
            Self::Drawbar => organ::drawbar(),
            Self::Church => organ::church(),
            Self::Reeds => organ::reeds(),
            Self::Nylon => plucked::NYLON.regions(),
            Self::Steel => plucked::STEEL.regions(),
            Self::Clean => plucked::CLEAN.regions(),
            Self::Overdriven => overdrive::guitar(21.0, "Overdriven"),
            Self::Distorted => overdrive::guitar(33.0, "Distorted"),
            Self::Harp => plucked::HARP.regions(),
            Self::Pizzicato => plucked::PIZZICATO.regions(),
            Self::Sitar => plucked::SITAR.regions(),
            Self::Banjo => plucked::BANJO.regions(),
            Self::UprightBass => plucked::UPRIGHT_BASS.regions(),
            Self::FingerBass => plucked::FINGER_BASS.regions(),
            Self::PickedBass => plucked::PICKED_BASS.regions(),
            Self::SlapBass => plucked::SLAP_BASS.regions(),
            Self::SynthBass => synth::bass(),
            Self::Ensemble => strings::ensemble(),
            Self::Violin => strings::violin(),
            Self::Cello => strings::cello(),
            Self::Aahs => strings::aahs(),
            Self::Oohs => strings::oohs(),
            Self::Trumpet => winds::TRUMPET.regions(),
            Self::MutedTrumpet => winds::MUTED_TRUMPET.regions(),
            Self::Trombone => winds::TROMBONE.regions(),
            Self::Horn => winds::HORN.regions(),
            Self::BrassSection => winds::section(),
            Self::Sax => winds::SAX.regions(),
            Self::Oboe => winds::OBOE.regions(),
            Self::Bassoon => winds::BASSOON.regions(),
            Self::Clarinet => winds::CLARINET.regions(),
            Self::Flute => winds::FLUTE.regions(),
            Self::Recorder => winds::RECORDER.regions(),
            Self::PanFlute => winds::PAN_FLUTE.regions(),
            Self::Square => synth::square(),
            Self::Saw => synth::saw(),
            Self::Pad => synth::pad(),
            Self::Glass => synth::glass(),
            Self::Seashore => effects::seashore(),
            Self::Breath => effects::breath(),
            Self::FretNoise => effects::fret_noise(),
            Self::Bird => effects::bird(),
            Self::Telephone => effects::telephone(),
            Self::Helicopter => effects::helicopter(),
            Self::Applause => effects::applause(),
            Self::Gunshot => effects::gunshot(),
            Self::ReverseCymbal => effects::reverse_cymbal(),
            Self::StandardDrums => drums::regions(drums::standard::VOICES),
            Self::PowerDrums => drums::regions(drums::acoustic::POWER),
            Self::ElectronicDrums => drums::regions(drums::electronic::KIT),
            Self::MachineDrums => drums::regions(drums::electronic::MACHINE),
            Self::JazzDrums => drums::regions(drums::acoustic::JAZZ),
            Self::BrushDrums => drums::regions(drums::acoustic::BRUSH),
            Self::OrchestraDrums => drums::regions(drums::acoustic::ORCHESTRA),
        }
    }
}

/// A timbre and how a program plays it differently.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layer {
    /// The tones.
    pub timbre: Timbre,
    /// Low-pass cutoff in hertz on top of the timbre's own.
    pub cutoff: Option<f64>,
    /// Attack in seconds in place of the timbre's.
    pub attack: Option<f64>,
    /// Release in seconds (to -80 dB) in place of the timbre's.
    pub release: Option<f64>,
    /// Decay rate (1/s) to add.
    pub decay: f64,
    /// Semitones to add.
    pub transpose: i16,
    /// Cents to add.
    pub detune: i16,
    /// Vibrato in place of the timbre's.
    pub vibrato: Option<Vibrato>,
    /// Tremolo: depth in decibels, hertz.
    pub tremolo: Option<(f64, f64)>,
    /// Filter movement: from so many cents above the cutoff down to it, in so many seconds.
    pub sweep: Option<(f64, f64)>,
    /// Level against the program's other layers in decibels.
    pub level: f64,
    /// Sends to the player's chorus and reverb in per cent.
    pub sends: (f64, f64),
    /// Place to add, -50..=50.
    pub pan: f64,
}

impl Layer {
    const fn of(timbre: Timbre) -> Self {
        Self {
            timbre,
            cutoff: None,
            attack: None,
            release: None,
            decay: 0.0,
            transpose: 0,
            detune: 0,
            vibrato: None,
            tremolo: None,
            sweep: None,
            level: 0.0,
            sends: (0.0, 0.0),
            pan: 0.0,
        }
    }

    const fn cutoff(self, hertz: f64) -> Self {
        Self {
            cutoff: Some(hertz),
            ..self
        }
    }

    const fn times(self, attack: f64, release: f64) -> Self {
        Self {
            attack: Some(attack),
            release: Some(release),
            ..self
        }
    }

    const fn decay(self, decay: f64) -> Self {
        Self { decay, ..self }
    }

    const fn transpose(self, transpose: i16) -> Self {
        Self { transpose, ..self }
    }

    const fn detune(self, detune: i16) -> Self {
        Self { detune, ..self }
    }

    const fn vibrato(self, cents: f64, frequency: f64, delay: f64) -> Self {
        Self {
            vibrato: Some(Vibrato {
                cents,
                frequency,
                delay,
            }),
            ..self
        }
    }

    const fn tremolo(self, decibels: f64, frequency: f64) -> Self {
        Self {
            tremolo: Some((decibels, frequency)),
            ..self
        }
    }

    const fn sweep(self, cents: f64, seconds: f64) -> Self {
        Self {
            sweep: Some((cents, seconds)),
            ..self
        }
    }

    const fn level(self, level: f64) -> Self {
        Self { level, ..self }
    }

    const fn sends(self, chorus: f64, reverb: f64) -> Self {
        Self {
            sends: (chorus, reverb),
            ..self
        }
    }

    const fn pan(self, pan: f64) -> Self {
        Self { pan, ..self }
    }
}

/// The layers of a program of bank 0, 0..=127 (numbers above are read as 127).
pub fn layers(program: u8) -> Vec<Layer> {
    use Timbre as T;
    let of = Layer::of;
    match program {
        // Piano
        0 => vec![of(T::Piano)],
        1 => vec![of(T::Piano).cutoff(19_000.0).sends(12.0, 0.0)],
        2 => vec![of(T::Piano).level(-3.0), of(T::Tine).level(-4.0)],
        3 => vec![of(T::Piano).detune(-8), of(T::Piano).detune(8)],
        4 => vec![of(T::Tine).sends(15.0, 0.0)],
        5 => vec![of(T::Glassy).sends(25.0, 0.0)],
        6 => vec![of(T::Harpsichord)],
        // Its two pickups: one alone is too soft at full scale.
        7 => vec![of(T::Clavinet), of(T::Clavinet).cutoff(2_500.0)],
        // Chromatic percussion
        8 => vec![of(T::Celesta)],
        9 => vec![of(T::Glockenspiel)],
        10 => vec![of(T::Celesta), of(T::Glockenspiel).level(-5.0).decay(0.6)],
        11 => vec![of(T::Vibraphone).tremolo(2.0, 5.0)],
        12 => vec![of(T::Marimba)],
        13 => vec![of(T::Xylophone)],
        14 => vec![of(T::TubularBells)],
        15 => vec![
            of(T::Steel).decay(0.8),
            of(T::Harpsichord).cutoff(4_000.0).level(-8.0),
        ],
        // Organ
        16 => vec![of(T::Drawbar).sends(20.0, 0.0)],
        17 => vec![of(T::Drawbar), of(T::Xylophone).level(-9.0).transpose(12)],
        18 => vec![
            of(T::Drawbar)
                .vibrato(9.0, 6.4, 0.0)
                .tremolo(1.5, 6.4)
                .sends(30.0, 0.0),
        ],
        19 => vec![of(T::Church).sends(0.0, 20.0)],
        20 => vec![of(T::Reeds).cutoff(3_000.0)],
        21 => vec![of(T::Reeds).detune(-5), of(T::Reeds).detune(5)],
        22 => vec![of(T::Reeds).cutoff(5_000.0).vibrato(8.0, 5.2, 0.25)],
        23 => vec![
            of(T::Reeds).detune(-7),
            of(T::Reeds).detune(7),
            of(T::Reeds).transpose(12).level(-6.0),
        ],
        // Guitar
        24 => vec![of(T::Nylon)],
        25 => vec![of(T::Steel)],
        26 => vec![of(T::Clean).cutoff(1_500.0)],
        27 => vec![of(T::Clean).sends(15.0, 0.0)],
        28 => vec![of(T::Clean).cutoff(1_800.0).decay(5.5).times(0.0, 0.06)],
        29 => vec![of(T::Overdriven)],
        30 => vec![of(T::Distorted)],
        31 => vec![of(T::Harp).transpose(12).cutoff(2_400.0)],
        // Bass
        32 => vec![of(T::UprightBass)],
        33 => vec![of(T::FingerBass)],
        34 => vec![of(T::PickedBass)],
        35 => vec![of(T::FingerBass).cutoff(1_400.0).vibrato(7.0, 4.8, 0.3)],
        36 => vec![of(T::SlapBass)],
        37 => vec![of(T::SlapBass).cutoff(3_500.0).decay(0.8)],
        38 => vec![of(T::SynthBass).cutoff(320.0).sweep(3_600.0, 0.35)],
        39 => vec![
            of(T::SynthBass).cutoff(900.0),
            of(T::Square).transpose(-12).cutoff(700.0).level(-6.0),
        ],
        // Strings
        40 => vec![of(T::Violin)],
        41 => vec![of(T::Violin).cutoff(3_400.0)],
        42 => vec![of(T::Cello)],
        43 => vec![of(T::Cello).cutoff(1_500.0)],
        44 => vec![of(T::Ensemble).tremolo(5.0, 9.5).times(0.02, 0.3)],
        45 => vec![of(T::Pizzicato)],
        46 => vec![of(T::Harp)],
        47 => vec![of(T::Timpani)],
        // Ensemble
        48 => vec![of(T::Ensemble)],
        49 => vec![of(T::Ensemble).cutoff(3_200.0).times(0.12, 0.7)],
        50 => vec![
            of(T::Pad).times(0.05, 0.5).level(-2.0),
            of(T::Saw).cutoff(3_600.0).times(0.05, 0.4).level(-6.0),
        ],
        51 => vec![of(T::Pad).times(0.09, 0.7).sends(25.0, 0.0)],
        52 => vec![of(T::Aahs)],
        53 => vec![of(T::Oohs)],
        54 => vec![
            of(T::Aahs).times(0.02, 0.2).level(-3.0),
            of(T::Pad).times(0.02, 0.2).level(-10.0),
        ],
        55 => vec![
            of(T::Ensemble).times(0.002, 0.25).decay(3.0),
            of(T::BrassSection)
                .times(0.002, 0.25)
                .decay(3.5)
                .level(-2.0),
            of(T::Timpani).transpose(-12).level(-5.0),
        ],
        // Brass
        56 => vec![of(T::Trumpet)],
        57 => vec![of(T::Trombone)],
        58 => vec![of(T::Trombone).cutoff(1_100.0)],
        59 => vec![of(T::MutedTrumpet)],
        60 => vec![of(T::Horn)],
        61 => vec![of(T::BrassSection)],
        62 => vec![
            of(T::Saw)
                .cutoff(1_400.0)
                .sweep(2_400.0, 0.5)
                .times(0.012, 0.15),
        ],
        63 => vec![
            of(T::Saw)
                .cutoff(1_100.0)
                .sweep(1_800.0, 0.9)
                .times(0.03, 0.3)
                .sends(20.0, 0.0),
            of(T::Pad).times(0.03, 0.3).level(-4.0),
        ],
        // Reed
        64 => vec![of(T::Sax).cutoff(7_000.0)],
        65 => vec![of(T::Sax)],
        66 => vec![of(T::Sax).cutoff(4_800.0)],
        67 => vec![of(T::Sax).cutoff(3_200.0)],
        68 => vec![of(T::Oboe)],
        69 => vec![of(T::Oboe).cutoff(3_000.0)],
        70 => vec![of(T::Bassoon)],
        71 => vec![of(T::Clarinet)],
        // Pipe
        72 => vec![of(T::Flute).level(0.0)],
        73 => vec![of(T::Flute)],
        74 => vec![of(T::Recorder)],
        75 => vec![of(T::PanFlute)],
        76 => vec![of(T::PanFlute).cutoff(2_200.0)],
        77 => vec![of(T::PanFlute).vibrato(22.0, 4.6, 0.3)],
        78 => vec![of(T::Recorder).vibrato(12.0, 5.6, 0.2)],
        79 => vec![of(T::Recorder).cutoff(2_500.0)],
        // Synth lead
        80 => vec![of(T::Square)],
        81 => vec![of(T::Saw), of(T::Saw).detune(7).level(-5.0)],
        82 => vec![
            of(T::PanFlute).times(0.004, 0.1),
            of(T::Recorder).level(-4.0),
        ],
        83 => vec![
            of(T::Square).cutoff(3_000.0),
            of(T::Breath).level(-10.0).decay(10.0),
        ],
        84 => vec![of(T::Saw).level(-3.0), of(T::Overdriven).level(-5.0)],
        85 => vec![
            of(T::Oohs).times(0.01, 0.15),
            of(T::Square).transpose(12).cutoff(1_500.0).level(-18.0),
        ],
        86 => vec![of(T::Saw), of(T::Saw).transpose(7).level(-3.0)],
        87 => vec![of(T::Saw), of(T::SynthBass).transpose(-12).level(-3.0)],
        // Synth pad
        88 => vec![of(T::Glass).level(-3.0), of(T::Glassy).level(-3.0)],
        89 => vec![of(T::Pad).cutoff(2_000.0)],
        90 => vec![
            of(T::Pad).times(0.02, 0.6),
            of(T::Saw).cutoff(5_000.0).level(-5.0),
        ],
        91 => vec![of(T::Aahs).times(0.12, 0.9), of(T::Pad).level(-6.0)],
        92 => vec![of(T::Glass)],
        93 => vec![
            of(T::Glass).level(-3.0),
            of(T::TubularBells).level(-8.0),
            of(T::Saw).cutoff(6_000.0).times(0.1, 0.8).level(-10.0),
        ],
        94 => vec![of(T::Oohs).times(0.15, 1.0), of(T::Glass).level(-8.0)],
        95 => vec![
            of(T::Saw)
                .cutoff(700.0)
                .sweep(3_000.0, 2.5)
                .times(0.15, 1.0)
                .sends(30.0, 0.0),
        ],
        // Synth effects
        96 => vec![
            of(T::Kalimba).transpose(12),
            of(T::Glass).times(0.25, 1.2).level(-4.0),
        ],
        97 => vec![
            of(T::Ensemble).times(0.2, 1.2).level(-2.0),
            of(T::Pad).transpose(-12).level(-4.0),
        ],
        98 => vec![
            of(T::Glockenspiel).transpose(12).level(-4.0),
            of(T::Glassy).level(-1.0),
        ],
        99 => vec![of(T::Nylon), of(T::Glass).times(0.2, 1.0).level(-6.0)],
        100 => vec![
            of(T::Glassy).transpose(12).level(-3.0),
            of(T::Saw).cutoff(7_000.0).times(0.02, 0.6).level(-6.0),
        ],
        101 => vec![
            of(T::Glass).vibrato(25.0, 3.2, 0.0).times(0.2, 1.2),
            of(T::Oohs).times(0.3, 1.0).transpose(-12).level(-5.0),
        ],
        102 => vec![
            of(T::Glassy).pan(-30.0),
            of(T::Pad).times(0.18, 1.4).level(-5.0).pan(20.0),
        ],
        103 => vec![
            of(T::Saw)
                .cutoff(500.0)
                .sweep(4_200.0, 3.0)
                .vibrato(12.0, 6.0, 0.0)
                .times(0.05, 1.2),
            of(T::Glass).transpose(12).level(-8.0),
        ],
        // Ethnic
        104 => vec![of(T::Sitar)],
        105 => vec![of(T::Banjo)],
        106 => vec![of(T::Banjo).decay(2.0).cutoff(5_500.0)],
        107 => vec![
            of(T::Steel).decay(1.2).cutoff(5_000.0),
            of(T::Sitar).decay(2.5).level(-7.0),
        ],
        108 => vec![of(T::Kalimba)],
        109 => vec![
            of(T::Oboe).times(0.01, 0.06),
            of(T::Bassoon).transpose(-12).level(-8.0),
        ],
        110 => vec![of(T::Violin).times(0.01, 0.1)],
        111 => vec![of(T::Oboe).vibrato(18.0, 5.4, 0.2)],
        // Percussive
        112 => vec![of(T::Glockenspiel).transpose(12).decay(1.5)],
        113 => vec![of(T::Agogo)],
        114 => vec![of(T::SteelDrum)],
        115 => vec![of(T::Woodblock)],
        116 => vec![of(T::Taiko)],
        117 => vec![of(T::Taiko).decay(3.0)],
        118 => vec![
            of(T::Taiko).cutoff(2_500.0),
            of(T::Square)
                .decay(12.0)
                .cutoff(900.0)
                .transpose(-12)
                .level(-8.0),
        ],
        119 => vec![of(T::ReverseCymbal)],
        // Sound effects
        120 => vec![of(T::FretNoise)],
        121 => vec![of(T::Breath)],
        122 => vec![of(T::Seashore)],
        123 => vec![of(T::Bird)],
        124 => vec![of(T::Telephone)],
        125 => vec![of(T::Helicopter)],
        126 => vec![of(T::Applause)],
        _ => vec![of(T::Gunshot)],
    }
}

/// A drum kit: a preset of bank 128.
pub struct Kit {
    /// Program number.
    pub program: u8,
    /// Name of the preset.
    pub name: &'static str,
    /// Tables of voices; a key takes its sound from the first that has one for it.
    pub voices: &'static [Timbre],
    /// Send to the player's reverb in per cent.
    pub reverb: f64,
}

impl Kit {
    const fn new(program: u8, name: &'static str, voices: &'static [Timbre], reverb: f64) -> Self {
        Self {
            program,
            name,
            voices,
            reverb,
        }
    }

    /// How the kit plays its tables.
    pub fn layer(&self, voices: Timbre) -> Layer {
        Layer::of(voices).level(4.5).sends(0.0, self.reverb)
    }
}

/// The drum kits, on the program numbers of Roland's GS.
pub const KITS: [Kit; 8] = {
    use Timbre as T;
    [
        Kit::new(0, "Standard kit", &[T::StandardDrums], 0.0),
        Kit::new(8, "Room kit", &[T::StandardDrums], 30.0),
        Kit::new(16, "Power kit", &[T::PowerDrums, T::StandardDrums], 12.0),
        Kit::new(
            24,
            "Electronic kit",
            &[T::ElectronicDrums, T::MachineDrums, T::StandardDrums],
            0.0,
        ),
        Kit::new(25, "TR-808 kit", &[T::MachineDrums, T::StandardDrums], 0.0),
        Kit::new(32, "Jazz kit", &[T::JazzDrums, T::StandardDrums], 6.0),
        Kit::new(
            40,
            "Brush kit",
            &[T::BrushDrums, T::JazzDrums, T::StandardDrums],
            6.0,
        ),
        Kit::new(
            48,
            "Orchestra kit",
            &[T::OrchestraDrums, T::StandardDrums],
            25.0,
        ),
    ]
};
