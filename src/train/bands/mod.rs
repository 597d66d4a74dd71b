//! Training data for MuseGAN: five parts, four bars.
//!
//! Bands with a licence that allows training are few, so most of the music is POP909 arranged for five ([`arrange`]); the rest
//! is read from MIDI files of bands ([`files`]). The two kinds are told apart by [`Source`](set::Source) and in every report.
//!
//! - [`prepare`]: from folders of data to one packed file, a report, pictures.
//! - [`set`]: the packed file, read through a memory map.
//! - [`phrases`]: which four bars are worth learning from.
//! - [`statistics`]: the measures of many phrases, and how far they are from others'.
//! - [`sheet`]: phrases as pictures.

pub mod arrange;
pub mod files;
pub mod form;
pub mod grooves;
pub mod harmony;
pub mod phrases;
pub mod prepare;
pub mod report;
pub mod rhythms;
pub mod set;
pub mod sheet;
pub mod statistics;
