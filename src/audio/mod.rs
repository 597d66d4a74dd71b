//! Sound: transport, schedule, synthesizer, device stream, offline render.
