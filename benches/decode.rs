//! How fast tokens are decoded: sessions with a key/value cache and packed weights against running the whole window of
//! 512 tokens again for every token, and against the time that reading the weights in 32 bits takes, which bounds any decoder
//! that does. Same weights, same run; medians, for one thread of its processor time, so that other programs on a busy machine
//! do not count (wall clock where the system does not tell it), for two threads of wall clock.
//!
//! ```text
//! cargo bench --bench decode [-- MODEL_FOLDER]
//! ```
//!
//! Without a folder it takes `models/theme`, or random weights of the published configuration.

#![allow(
    clippy::print_stdout,
    reason = "a program's report goes to standard output"
)]

#[cfg(feature = "torch")]
mod decode {
    use std::path::PathBuf;
    use std::time::Instant;

    use anyhow::Result;
    use leitmotif::nets::theme_transformer::{
        Arithmetic, Config, Decoder, Session, ThemeTransformer,
    };
    use tch::nn::VarStore;
    use tch::{Device, Tensor};

    /// Tokens of a context, of what is primed again when it is full, and of a source.
    const WINDOW: usize = 512;
    const KEPT: usize = 256;
    const SOURCE: usize = 100;

    fn network() -> Result<(ThemeTransformer, String)> {
        let asked = std::env::args()
            .skip(1)
            .find(|argument| !argument.starts_with('-'))
            .map(PathBuf::from);
        let shipped = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/models/theme"));
        if let Some(folder) =
            asked.or_else(|| shipped.join("config.json").is_file().then_some(shipped))
        {
            return Ok((
                ThemeTransformer::load(&folder, Device::Cpu)?,
                folder.display().to_string(),
            ));
        }
        tch::manual_seed(1);
        let mut store = VarStore::new(Device::Cpu);
        let network = ThemeTransformer::new(&store.root(), &Config::default())?;
        store.freeze();
        Ok((
            network,
            "random weights of the published configuration".to_owned(),
        ))
    }

    fn token(i: usize, row: usize) -> i64 {
        1 + ((i * 31 + row * 17) % 1000) as i64
    }

    /// A third of every row lies in theme regions, each row's somewhere else.
    fn label(i: usize, row: usize) -> i64 {
        let at = (i + row * 37) % 240;
        if at < 80 { at as i64 + 1 } else { 0 }
    }

    /// Seconds that this thread has run: the first number of its `schedstat`, in nanoseconds.
    fn seconds(start: Instant) -> f64 {
        let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        let run = told.and_then(|told| told.split_whitespace().next()?.parse::<f64>().ok());
        run.map_or_else(
            || start.elapsed().as_secs_f64(),
            |nanoseconds| nanoseconds / 1e9,
        )
    }

    fn timed(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
        let start = Instant::now();
        let before = seconds(start);
        work()?;
        Ok(seconds(start) - before)
    }

    fn median(mut seconds: Vec<f64>) -> f64 {
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Seconds of a prime of [`KEPT`] tokens, of a median step, and of a token when the context rolls on for ever.
    fn session(decoder: &Decoder, rows: usize, threads: usize) -> Result<(f64, f64, f64)> {
        let timed = |work: &mut dyn FnMut() -> Result<()>| {
            if threads == 1 {
                return timed(work);
            }
            let start = Instant::now();
            work()?;
            Ok(start.elapsed().as_secs_f64())
        };
        let decoder = &decoder.clone().with_threads(threads);
        let source: Vec<i64> = (0..SOURCE).map(|i| token(i, 99)).collect();
        let mut session = Session::new(decoder, &[&source], rows)?;
        let context: Vec<(Vec<i64>, Vec<i64>)> = (0..rows)
            .map(|row| (0..KEPT).map(|i| (token(i, row), label(i, row))).unzip())
            .collect();
        let context: Vec<(&[i64], &[i64])> = context
            .iter()
            .map(|(tokens, labels)| (&tokens[..], &labels[..]))
            .collect();
        let (mut primes, mut steps) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            primes.push(timed(&mut || {
                session.prime(&context)?;
                Ok(())
            })?);
            let block = timed(&mut || {
                for i in KEPT..WINDOW {
                    let tokens: Vec<i64> = (0..rows).map(|row| token(i, row)).collect();
                    let labels: Vec<i64> = (0..rows).map(|row| label(i, row)).collect();
                    session.step(&tokens, &labels)?;
                }
                Ok(())
            })?;
            steps.push(block / (WINDOW - KEPT) as f64);
        }
        let (prime, step) = (median(primes), median(steps));
        Ok((prime, step, step + prime / (WINDOW - KEPT) as f64))
    }

    /// Seconds of one pass of the decoder over the whole window; the source is encoded beforehand.
    fn window(network: &ThemeTransformer, rows: usize) -> Result<f64> {
        let _guard = tch::no_grad_guard();
        let tensor = |length: usize, of: fn(usize, usize) -> i64| -> Tensor {
            let numbers: Vec<i64> = (0..rows)
                .flat_map(|row| (0..length).map(move |i| of(i, row)))
                .collect();
            Tensor::from_slice(&numbers).view([rows as i64, length as i64])
        };
        let memory = network.encode(&tensor(SOURCE, token), None, false)?;
        let (tokens, labels) = (tensor(WINDOW, token), tensor(WINDOW, label));
        let pass = || {
            timed(|| {
                let _logits = network.decode(&memory, None, &tokens, &labels, false)?;
                Ok(())
            })
        };
        Ok(median((0..5).map(|_| pass()).collect::<Result<_>>()?))
    }

    pub(crate) fn run() -> Result<()> {
        tch::set_num_threads(1);
        let (plain, name) = network()?;
        println!("{name}; window {WINDOW}, primed again with {KEPT}");
        let windows = [1, 8].map(|rows| window(&plain, rows));
        let windows = windows.into_iter().collect::<Result<Vec<f64>>>()?;
        let (bytes, seconds) = bound(&plain)?;
        println!(
            "reading the decoder's weights in 32 bits, {:.1} MB: {:.2} ms, {:.0} tokens/s at most with 1 candidate",
            bytes / 1e6,
            seconds * 1e3,
            1.0 / seconds
        );
        for arithmetic in [Arithmetic::Packed, Arithmetic::Quantized] {
            let decoder = Decoder::new(network()?.0, arithmetic)?;
            println!("{arithmetic:?}; packed products: {}", decoder.is_packed());
            report(&decoder, &windows, seconds)?;
        }
        Ok(())
    }

    /// Bytes of the decoder's weights in 32 bits, and the seconds in which one thread reads as many that no cache holds.
    fn bound(network: &ThemeTransformer) -> Result<(f64, f64)> {
        let config = network.config();
        let (d, ffn) = (config.d_model, config.ffn);
        // Query, key, value and output of the own branch, query and output of the other, feed-forward; and the logits.
        let layer = 4 * d * d + 2 * d * d + 2 * d * ffn;
        let weights = layer * config.decoder_xor_pattern.len() as i64 + d * config.vocab;
        let numbers = Tensor::ones([64 << 20], (tch::Kind::Float, Device::Cpu));
        let read = || {
            timed(|| {
                let sum = numbers.sum(tch::Kind::Float).double_value(&[]);
                anyhow::ensure!(sum > 0.0, "the sum of ones is {sum}");
                Ok(())
            })
        };
        let all = median((0..5).map(|_| read()).collect::<Result<_>>()?);
        Ok((
            4.0 * weights as f64,
            all * weights as f64 / numbers.numel() as f64,
        ))
    }

    fn report(decoder: &Decoder, windows: &[f64], bound: f64) -> Result<()> {
        for (rows, threads) in [(1, 1), (8, 1), (8, 2)] {
            let whole = windows[usize::from(rows > 1)];
            let (prime, step, token) = session(decoder, rows, threads)?;
            println!(
                "{rows} candidates, {threads} threads: {:.2} times the bound; step {:.2} ms, prime {:.0} ms, {:.0} tokens/s ({:.0} with primes); \
                 whole window {:.0} ms, {:.1} tokens/s; {:.0} times as fast ({:.0} with primes)",
                rows as f64 * bound / step,
                step * 1e3,
                prime * 1e3,
                rows as f64 / step,
                rows as f64 / token,
                whole * 1e3,
                rows as f64 / whole,
                whole / step,
                whole / token,
            );
        }
        Ok(())
    }
}

#[cfg(feature = "torch")]
fn main() -> anyhow::Result<()> {
    decode::run()
}

#[cfg(not(feature = "torch"))]
fn main() {
    eprintln!("this program was built without the networks: build it with --features torch");
}
