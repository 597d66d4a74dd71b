//! Songs to tokens and back, and the grammars of the token languages.
//!
//! - [`theme_vocab`]: the 1,033 tokens of the Theme Transformer, their numbers and published names.
//! - [`clip`]: notes on the grid of sixteenths, which is all that these tokens can say; songs to clips and back.
//! - [`theme`]: clips to token numbers and back.
//! - [`labels`]: which place of the theme each token of a theme region answers to.
//! - [`grammar`]: the automaton that says which token may come next.
//! - [`part`], [`band`]: the five parts of a band, and their pianorolls.
//! - [`melody`]: two bars of melody as numbers, free of key and octave.
//! - [`cut`]: from the numbers of a network that writes for a band to notes.
//! - [`transpose`]: tokens in other keys.
//! - [`expression`]: who plays notes on the grid, and what is known of each before it is played.

pub mod band;
pub mod clip;
pub mod cut;
pub mod expression;
pub mod grammar;
pub mod labels;
pub mod melody;
pub mod part;
pub mod theme;
pub mod theme_vocab;
pub mod transpose;
