//! Files: MIDI, projects, pictures.
