//! General MIDI: the names of programs, families and drum keys.

use super::{Instrument, Pitch};

/// The sixteen families of eight programs each.
pub const FAMILIES: [&str; 16] = [
    "Piano",
    "Chromatic percussion",
    "Organ",
    "Guitar",
    "Bass",
    "Strings",
    "Ensemble",
    "Brass",
    "Reed",
    "Pipe",
    "Synth lead",
    "Synth pad",
    "Synth effects",
    "Ethnic",
    "Percussive",
    "Sound effects",
];

/// The 128 programs, by number from 0.
#[rustfmt::skip]
pub const PROGRAMS: [&str; 128] = [
    "Acoustic grand piano", "Bright acoustic piano", "Electric grand piano", "Honky-tonk piano",
    "Electric piano 1", "Electric piano 2", "Harpsichord", "Clavinet",
    "Celesta", "Glockenspiel", "Music box", "Vibraphone", "Marimba", "Xylophone", "Tubular bells", "Dulcimer",
    "Drawbar organ", "Percussive organ", "Rock organ", "Church organ", "Reed organ", "Accordion", "Harmonica", "Tango accordion",
    "Nylon-string guitar", "Steel-string guitar", "Jazz guitar", "Clean electric guitar",
    "Muted electric guitar", "Overdriven guitar", "Distortion guitar", "Guitar harmonics",
    "Acoustic bass", "Fingered electric bass", "Picked electric bass", "Fretless bass",
    "Slap bass 1", "Slap bass 2", "Synth bass 1", "Synth bass 2",
    "Violin", "Viola", "Cello", "Contrabass", "Tremolo strings", "Pizzicato strings", "Orchestral harp", "Timpani",
    "String ensemble 1", "String ensemble 2", "Synth strings 1", "Synth strings 2",
    "Choir aahs", "Voice oohs", "Synth voice", "Orchestra hit",
    "Trumpet", "Trombone", "Tuba", "Muted trumpet", "French horn", "Brass section", "Synth brass 1", "Synth brass 2",
    "Soprano sax", "Alto sax", "Tenor sax", "Baritone sax", "Oboe", "English horn", "Bassoon", "Clarinet",
    "Piccolo", "Flute", "Recorder", "Pan flute", "Blown bottle", "Shakuhachi", "Whistle", "Ocarina",
    "Lead 1 (square)", "Lead 2 (sawtooth)", "Lead 3 (calliope)", "Lead 4 (chiff)",
    "Lead 5 (charang)", "Lead 6 (voice)", "Lead 7 (fifths)", "Lead 8 (bass and lead)",
    "Pad 1 (new age)", "Pad 2 (warm)", "Pad 3 (polysynth)", "Pad 4 (choir)",
    "Pad 5 (bowed)", "Pad 6 (metallic)", "Pad 7 (halo)", "Pad 8 (sweep)",
    "Effect 1 (rain)", "Effect 2 (soundtrack)", "Effect 3 (crystal)", "Effect 4 (atmosphere)",
    "Effect 5 (brightness)", "Effect 6 (goblins)", "Effect 7 (echoes)", "Effect 8 (sci-fi)",
    "Sitar", "Banjo", "Shamisen", "Koto", "Kalimba", "Bagpipe", "Fiddle", "Shanai",
    "Tinkle bell", "Agogo", "Steel drums", "Woodblock", "Taiko drum", "Melodic tom", "Synth drum", "Reverse cymbal",
    "Guitar fret noise", "Breath noise", "Seashore", "Bird tweet", "Telephone ring", "Helicopter", "Applause", "Gunshot",
];

/// The first drum key that has a name.
const FIRST_DRUM: u8 = 27;

/// Names from key 27 on: General MIDI level 1 gives 35..=81, level 2 the rest.
#[rustfmt::skip]
const DRUMS: [&str; 61] = [
    "High Q", "Slap", "Scratch push", "Scratch pull", "Sticks", "Square click", "Metronome click", "Metronome bell",
    "Acoustic bass drum", "Bass drum", "Side stick", "Acoustic snare", "Hand clap", "Electric snare",
    "Low floor tom", "Closed hi-hat", "High floor tom", "Pedal hi-hat", "Low tom", "Open hi-hat",
    "Low-mid tom", "High-mid tom", "Crash cymbal 1", "High tom", "Ride cymbal 1", "Chinese cymbal",
    "Ride bell", "Tambourine", "Splash cymbal", "Cowbell", "Crash cymbal 2", "Vibraslap", "Ride cymbal 2",
    "High bongo", "Low bongo", "Mute high conga", "Open high conga", "Low conga", "High timbale", "Low timbale",
    "High agogo", "Low agogo", "Cabasa", "Maracas", "Short whistle", "Long whistle", "Short guiro", "Long guiro",
    "Claves", "High woodblock", "Low woodblock", "Mute cuica", "Open cuica", "Mute triangle", "Open triangle",
    "Shaker", "Jingle bell", "Bell tree", "Castanets", "Mute surdo", "Open surdo",
];

/// The name of a program, 0..=127 (numbers above are read as 127).
pub fn program_name(program: u8) -> &'static str {
    PROGRAMS[usize::from(program.min(127))]
}

/// The family of a program, 0..=127 (numbers above are read as 127).
pub fn family_name(program: u8) -> &'static str {
    FAMILIES[usize::from(program.min(127) / 8)]
}

/// The name of a drum kit by its program; other numbers than those of General MIDI level 2 are the standard kit.
pub fn kit_name(program: u8) -> &'static str {
    match program {
        8 => "Room kit",
        16 => "Power kit",
        24 => "Electronic kit",
        25 => "Analogue kit",
        32 => "Jazz kit",
        40 => "Brush kit",
        48 => "Orchestra kit",
        56 => "Effects kit",
        _ => "Standard kit",
    }
}

/// The name of what an instrument is.
pub fn instrument_name(instrument: Instrument) -> &'static str {
    if instrument.drums {
        kit_name(instrument.program)
    } else {
        program_name(instrument.program)
    }
}

/// What a key of a drum kit plays; `None` for keys without a standard sound.
pub fn drum_name(pitch: Pitch) -> Option<&'static str> {
    let index = pitch.get().checked_sub(FIRST_DRUM)?;
    DRUMS.get(usize::from(index)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_of_general_midi_have_their_names() {
        for (program, name) in [
            (0, "Acoustic grand piano"),
            (25, "Steel-string guitar"),
            (33, "Fingered electric bass"),
            (48, "String ensemble 1"),
            (73, "Flute"),
            (104, "Sitar"),
            (127, "Gunshot"),
        ] {
            assert_eq!(program_name(program), name);
        }
        assert_eq!(family_name(33), "Bass");
        assert_eq!(instrument_name(Instrument::DRUMS), "Standard kit");
        for (key, name) in [
            (35, "Acoustic bass drum"),
            (38, "Acoustic snare"),
            (42, "Closed hi-hat"),
            (49, "Crash cymbal 1"),
            (56, "Cowbell"),
            (81, "Open triangle"),
            (87, "Open surdo"),
        ] {
            assert_eq!(drum_name(Pitch::clamped(key)), Some(name));
        }
        assert_eq!(drum_name(Pitch::clamped(26)), None);
        assert_eq!(drum_name(Pitch::clamped(88)), None);
    }
}
