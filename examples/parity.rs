//! Compares the networks with the published implementations they follow.
//!
//! ```text
//! cargo run --example parity -- DIR [--out FILE]
//! ```
//!
//! DIR holds `config.json` (its `architecture` names the network), one or more weight files (.safetensors, .pt, .pth,
//! .ckpt, .pickle; each is checked) and `cases.safetensors` with inputs and expected outputs. Prints the maximum
//! absolute difference of every case for every weight file, and fails above 1e-4. With `--out` the outputs (of the first
//! weight file in alphabetical order) are written under the same keys. Cases without expected outputs are computed too.

#![allow(
    clippy::print_stdout,
    reason = "a program's report goes to standard output"
)]

#[cfg(feature = "torch")]
mod checks {
    use std::path::{Path, PathBuf};

    use anyhow::{Context, Result, bail, ensure};
    use leitmotif::nets::checkpoint::{self, Precision, Tensors};
    use leitmotif::nets::musegan::{self, Generator};
    use leitmotif::nets::music_transformer::{self, MusicTransformer};
    use leitmotif::nets::theme_transformer::{self, ThemeTransformer};
    use tch::{Device, Kind, Tensor};

    /// The largest difference that counts as the same.
    const TOLERANCE: f64 = 1e-4;
    const CASES: &str = "cases.safetensors";

    /// Checks every weight file of `folder`; returns whether all cases agree.
    pub(crate) fn run(folder: &Path, out: Option<&Path>) -> Result<bool> {
        let config = std::fs::read_to_string(folder.join("config.json"))
            .with_context(|| format!("{} cannot be read", folder.join("config.json").display()))?;
        let cases = checkpoint::read(&folder.join(CASES))?;
        let mut agree = true;
        let mut kept = None;
        for weights in weight_files(folder)? {
            let name = weights
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let outputs = tch::no_grad(|| compute(&config, &weights, &cases))
                .with_context(|| name.clone())?;
            for (key, output) in &outputs {
                let Some(expected) = cases.get(key) else {
                    println!("{name}  {key}  computed, nothing to compare with");
                    continue;
                };
                let difference =
                    difference(output, expected).with_context(|| format!("{name}: {key}"))?;
                let verdict = if difference <= TOLERANCE {
                    "ok"
                } else {
                    "DIFFERS"
                };
                // A comparison with a value that is no number must fail too.
                agree &= difference <= TOLERANCE;
                println!("{name}  {key}  max |difference| {difference:.3e}  {verdict}");
            }
            kept.get_or_insert(outputs);
        }
        if let (Some(path), Some(outputs)) = (out, kept) {
            checkpoint::write(path, &outputs, Precision::Single)?;
            println!("wrote {}", path.display());
        }
        Ok(agree)
    }

    fn weight_files(folder: &Path) -> Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder)
            .with_context(|| format!("{} cannot be read", folder.display()))?;
        let mut files = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?;
        files.retain(|path| {
            let known = ["safetensors", "pt", "pth", "ckpt", "pickle"];
            let extension = path
                .extension()
                .and_then(|e| e.to_str())
                .unwrap_or_default();
            path.is_file()
                && known.contains(&extension)
                && path.file_name().is_some_and(|name| name != CASES)
        });
        files.sort();
        ensure!(
            !files.is_empty(),
            "{}: no weight file (.safetensors, .pt, .pth, .ckpt, .pickle) in it",
            folder.display()
        );
        Ok(files)
    }

    /// The outputs of all cases, under the keys that the expected ones have.
    fn compute(config: &str, weights: &Path, cases: &Tensors) -> Result<Tensors> {
        #[derive(serde::Deserialize)]
        struct Named {
            architecture: String,
        }
        let named: Named =
            serde_json::from_str(config).context("config.json names no architecture")?;
        let tensors = checkpoint::read(weights)?;
        match named.architecture.as_str() {
            theme_transformer::ARCHITECTURE => {
                let config = serde_json::from_str(config).context("config.json")?;
                theme(
                    &ThemeTransformer::from_tensors(&config, &tensors, Device::Cpu)?,
                    cases,
                )
            }
            musegan::ARCHITECTURE => {
                let config = serde_json::from_str(config).context("config.json")?;
                let network = Generator::from_tensors(&config, &tensors, Device::Cpu)?;
                single(cases, "latent", "pianoroll", |latent| {
                    Ok(network.forward(latent)?)
                })
            }
            music_transformer::ARCHITECTURE => {
                let config = serde_json::from_str(config).context("config.json")?;
                let network = MusicTransformer::from_tensors(&config, &tensors, Device::Cpu)?;
                single(cases, "tokens", "logits", |tokens| {
                    Ok(network.forward(&tokens.f_to_kind(Kind::Int64)?, false)?)
                })
            }
            other => bail!("config.json: the architecture {other:?} is not known"),
        }
    }

    /// `i.src` [S], `i.tgt` [T], `i.label` [T] to `i.logits` [T, vocab].
    fn theme(network: &ThemeTransformer, cases: &Tensors) -> Result<Tensors> {
        let mut outputs = Tensors::new();
        for (key, source) in cases {
            let Some(case) = key.strip_suffix(".src") else {
                continue;
            };
            let tokens = |name: &str| -> Result<Tensor> {
                let key = format!("{case}.{name}");
                let tensor = cases
                    .get(&key)
                    .with_context(|| format!("{CASES} has no {key}"))?;
                Ok(tensor.f_to_kind(Kind::Int64)?.f_unsqueeze(0)?)
            };
            let source = source.f_to_kind(Kind::Int64)?.f_unsqueeze(0)?;
            let logits =
                network.forward(&source, None, &tokens("tgt")?, &tokens("label")?, false)?;
            outputs.insert(format!("{case}.logits"), logits.f_squeeze_dim(0)?);
        }
        ensure!(
            !outputs.is_empty(),
            "{CASES} holds no case: expected 0.src, 0.tgt, 0.label, ..."
        );
        Ok(outputs)
    }

    /// One input tensor to one output tensor.
    fn single(
        cases: &Tensors,
        input: &str,
        output: &str,
        network: impl Fn(&Tensor) -> Result<Tensor>,
    ) -> Result<Tensors> {
        let tensor = cases
            .get(input)
            .with_context(|| format!("{CASES} has no {input}"))?;
        Ok(Tensors::from([(output.to_owned(), network(tensor)?)]))
    }

    fn difference(output: &Tensor, expected: &Tensor) -> Result<f64> {
        ensure!(
            output.size() == expected.size(),
            "the output is {:?}, expected {:?}",
            output.size(),
            expected.size()
        );
        let difference = output
            .f_to_kind(Kind::Double)?
            .f_sub(&expected.f_to_kind(Kind::Double)?)?;
        Ok(difference.f_abs()?.f_max()?.f_double_value(&[])?)
    }
}

#[cfg(feature = "torch")]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    let mut arguments = std::env::args_os().skip(1);
    let (mut folder, mut out, mut wrong) = (None, None, false);
    while let Some(argument) = arguments.next() {
        if argument == "--out" {
            out = arguments.next().map(std::path::PathBuf::from);
            wrong |= out.is_none();
        } else if folder.is_some() || argument.to_string_lossy().starts_with('-') {
            wrong = true;
        } else {
            folder = Some(std::path::PathBuf::from(argument));
        }
    }
    let Some(folder) = folder.filter(|_| !wrong) else {
        eprintln!("usage: parity DIR [--out FILE]");
        return ExitCode::from(2);
    };
    match checks::run(&folder, out.as_deref()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("the outputs differ from the expected ones by more than 1e-4");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(feature = "torch"))]
fn main() {
    eprintln!("this program was built without the networks: build it with --features torch");
    std::process::exit(1);
}
