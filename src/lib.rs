//! Leitmotif: a desktop composition studio.
//!
//! A musician seeds or draws a theme on multitrack pianorolls; neural networks continue, accompany and vary it;
//! everything plays in real time through a `SoundFont` synthesizer; the result goes to a DAW as MIDI.
//!
//! The modules are layers. Each imports only what stands below it in this list:
//!
//! | layer | what it is |
//! |---|---|
//! | [`app`] | the window: panels that send commands, one place that applies them |
//! | [`cli`] | the command line |
//! | [`compose`] | asks a network for music: jobs, candidates, ranking, the worker thread |
//! | [`train`] | data sets, theme mining, training loops |
//! | [`nets`] | the networks: tensors in, tensors out |
//! | [`tokens`] | songs to tokens and back, grammars |
//! | [`audio`] | transport, schedule, synthesizer, device stream, offline render |
//! | [`formats`] | MIDI, project files, pictures |
//! | [`measure`] | measures of music |
//! | [`score`] | the song as a value |

pub mod app;
pub mod audio;
pub mod cli;
pub mod compose;
pub mod formats;
pub mod measure;
#[cfg(feature = "torch")]
pub mod nets;
pub mod score;
pub mod tokens;
pub mod train;
