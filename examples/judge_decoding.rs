//! What decoding loses by its arithmetic: nats a token of held-out songs, token by token as when music is written.
//!
//! `cargo run --example judge_decoding -- MODEL DATA [--chunks N] [--from N] [--context N]`: MODEL is a folder with config.json and
//! weights, DATA holds sequences.npz. With `--from`, the tokens before are read at once, as when a context that is full is
//! read anew, or only the last `--context` of them: what the music loses by being forgotten.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use leitmotif::nets::theme_transformer::{Arithmetic, Decoder, Session, ThemeTransformer};
use leitmotif::tokens::labels::Labels;
use leitmotif::train::theme::evaluate::{SourceForm, chunks};
use leitmotif::train::theme::sequences::SequenceSet;
use leitmotif::train::theme::windows::Window;

const CHUNK: usize = 512;
const ROWS: usize = 8;

/// Nats of a token by the logits.
fn nats(logits: &[f32], token: i64) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits
        .iter()
        .map(|logit| f64::from(logit - most).exp())
        .sum();
    sum.ln() - f64::from(logits[token as usize] - most)
}

/// What is read at once before the steps: `context` tokens before token `from`.
#[derive(Clone, Copy)]
struct Primed {
    from: usize,
    context: usize,
}

/// Nats of every target of some windows that is read token by token.
fn decode(decoder: &Decoder, windows: &[&Window], primed: Primed) -> Result<Vec<f64>> {
    let sources: Vec<&[i64]> = windows.iter().map(|window| &window.source[..]).collect();
    let mut session = Session::new(decoder, &sources, windows.len())?;
    let vocab = decoder.network().config().vocab as usize;
    let longest = windows.iter().map(|window| window.input.len()).max();
    let first = primed.from - 1;
    let mut all = Vec::new();
    for i in first..longest.unwrap_or(0) {
        let at = |of: &[i64]| of.get(i).copied().unwrap_or(0);
        let tokens: Vec<i64> = windows.iter().map(|window| at(&window.input)).collect();
        let labels: Vec<i64> = windows.iter().map(|window| at(&window.labels)).collect();
        let logits = if i == first {
            let read = primed.from - primed.context..primed.from;
            let prefixes: Vec<(&[i64], &[i64])> = (windows.iter())
                .map(|window| (&window.input[read.clone()], &window.labels[read.clone()]))
                .collect();
            session.prime(&prefixes)?
        } else {
            session.step(&tokens, &labels)?
        };
        for (window, logits) in windows.iter().zip(logits.chunks(vocab)) {
            if let Some(token) = window.target.get(i) {
                all.push(nats(logits, *token));
            }
        }
    }
    Ok(all)
}

fn main() -> Result<()> {
    let usage = "judge_decoding MODEL DATA [--chunks N] [--from N] [--context N]";
    let mut given = std::env::args().skip(1);
    let model = PathBuf::from(given.next().context(usage)?);
    let data = PathBuf::from(given.next().context(usage)?);
    let (mut count, mut from, mut context) = (usize::MAX, 1, usize::MAX);
    while let Some(name) = given.next() {
        let number: usize = given.next().context(usage)?.parse()?;
        match name.as_str() {
            "--chunks" => count = number,
            "--from" => from = number.max(1),
            "--context" => context = number.max(1),
            _ => bail!(usage),
        }
    }
    let primed = Primed {
        from,
        context: context.min(from),
    };
    tch::set_num_threads(1);
    let set = SequenceSet::read(&data.join("sequences.npz"))?;
    let keys = ThemeTransformer::load(&model, tch::Device::Cpu)?
        .config()
        .keys;
    let mut all = chunks(
        set.validation(),
        CHUNK,
        Labels::Timed,
        SourceForm::Whole,
        keys,
    );
    all.retain(|window| window.input.len() > from);
    let stride = all.len().div_ceil(count.min(all.len()).max(1));
    let some: Vec<&Window> = all.iter().step_by(stride.max(1)).collect();
    let mut exact = Vec::new();
    for arithmetic in [
        Arithmetic::Single,
        Arithmetic::Packed,
        Arithmetic::Quantized,
    ] {
        let network = ThemeTransformer::load(&model, tch::Device::Cpu)?;
        let decoder = Decoder::new(network, arithmetic)?;
        let begun = Instant::now();
        let mut nats = Vec::new();
        for windows in some.chunks(ROWS) {
            nats.extend(decode(&decoder, windows, primed)?);
        }
        let seconds = begun.elapsed().as_secs_f64();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        if exact.is_empty() {
            exact.clone_from(&nats);
        }
        let apart: Vec<f64> = nats
            .iter()
            .zip(&exact)
            .map(|(a, b)| (a - b).abs())
            .collect();
        println!(
            "{arithmetic:?}: {} tokens of {} chunks, {:.5} nats a token ({:+.5}), {:.5} apart a token on average; {:.0} tokens/s",
            nats.len(),
            some.len(),
            mean(&nats),
            mean(&nats) - mean(&exact),
            mean(&apart),
            nats.len() as f64 / seconds,
        );
    }
    Ok(())
}
