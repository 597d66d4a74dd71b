//! How long the bands' networks take for one phrase of four bars and for 64 at once, one thread: the published generator
//! (random weights of its configuration: the time does not depend on them) and the models that ship. Medians of 30.
//!
//! ```text
//! cargo bench --bench phrase
//! ```

#![allow(
    clippy::print_stdout,
    reason = "a program's report goes to standard output"
)]

#[cfg(feature = "torch")]
mod phrase {
    use std::path::Path;
    use std::time::Instant;

    use anyhow::Result;
    use leitmotif::nets::checkpoint::{self, Tensors};
    use leitmotif::nets::musegan::{BandConfig, BandGenerator, Config, Generator, Given, Latents};
    use leitmotif::tokens::cut::cut;
    use tch::{Device, Kind, Tensor};

    /// Milliseconds, the median of 30 runs after two that warm up.
    fn median(mut run: impl FnMut() -> Result<()>) -> Result<f64> {
        for _ in 0..2 {
            run()?;
        }
        let mut times = Vec::new();
        for _ in 0..30 {
            let start = Instant::now();
            run()?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        Ok(times[times.len() / 2])
    }

    /// Random weights of the published shapes.
    fn random() -> Tensors {
        let mut blocks = vec![
            ("transconv0".to_owned(), [128, 256, 4, 1, 1]),
            ("transconv1".to_owned(), [256, 128, 1, 4, 1]),
            ("transconv2".to_owned(), [128, 64, 1, 1, 4]),
            ("transconv3".to_owned(), [64, 32, 1, 1, 3]),
        ];
        for track in 0..5 {
            blocks.push((format!("transconv4.{track}"), [32, 16, 1, 4, 1]));
            blocks.push((format!("transconv5.{track}"), [16, 1, 1, 1, 12]));
        }
        let float = (Kind::Float, Device::Cpu);
        let mut tensors = Tensors::new();
        for (name, shape) in blocks {
            let channels = [shape[1]];
            tensors.insert(
                format!("{name}.transconv.weight"),
                Tensor::randn(shape, float),
            );
            for (part, values) in [
                ("transconv.bias", Tensor::zeros(channels, float)),
                ("batchnorm.weight", Tensor::ones(channels, float)),
                ("batchnorm.bias", Tensor::zeros(channels, float)),
                ("batchnorm.running_mean", Tensor::zeros(channels, float)),
                ("batchnorm.running_var", Tensor::ones(channels, float)),
            ] {
                tensors.insert(format!("{name}.{part}"), values);
            }
        }
        tensors
    }

    fn published() -> Result<()> {
        tch::manual_seed(1);
        let config = Config::default();
        let generator = Generator::from_tensors(&config, &random(), Device::Cpu)?;
        for rows in [1_i64, 64] {
            let time = median(|| {
                let latent = Tensor::f_randn([rows, config.latent], (Kind::Float, Device::Cpu))?;
                let rolls = tch::no_grad(|| generator.forward(&latent))?.f_gt(0.5)?;
                anyhow::ensure!(rolls.size()[0] == rows);
                Ok(())
            })?;
            println!("published generator, {rows} phrases: {time:.2} ms");
        }
        Ok(())
    }

    fn shipped(folder: &Path) -> Result<()> {
        let config: BandConfig =
            serde_json::from_str(&std::fs::read_to_string(folder.join("config.json"))?)?;
        let tensors = checkpoint::read(&folder.join("weights.safetensors"))?;
        let generator = BandGenerator::from_tensors(&config, &tensors, Device::Cpu)?;
        for rows in [1_i64, 64] {
            let given = config.accompanies.then(|| Given {
                rolls: Tensor::zeros([rows, 2, 64, 72], (Kind::Float, Device::Cpu)),
                part: Tensor::ones([rows], (Kind::Int64, Device::Cpu)),
            });
            let time = median(|| {
                let latents = Latents::normal(&config, rows, Device::Cpu)?;
                let values = tch::no_grad(|| generator.forward(&latents, given.as_ref()))?;
                let values = Vec::<f32>::try_from(values.f_contiguous()?.f_view([-1])?)?;
                let each = values.len() / rows as usize;
                let phrases = values
                    .chunks(each)
                    .map(|values| cut(values, &config.cuts()));
                anyhow::ensure!(phrases.count() == rows as usize);
                Ok(())
            })?;
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            println!("{name}, {rows} phrases, notes included: {time:.2} ms");
        }
        Ok(())
    }

    pub(crate) fn run() -> Result<()> {
        tch::set_num_threads(1);
        published()?;
        let models = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/models"));
        for name in [
            "musegan-hybrid",
            "musegan-jamming",
            "musegan-composer",
            "musegan-accompany",
        ] {
            let folder = models.join(name);
            if folder.is_dir() {
                shipped(&folder)?;
            }
        }
        Ok(())
    }
}

#[cfg(feature = "torch")]
fn main() -> anyhow::Result<()> {
    phrase::run()
}

#[cfg(not(feature = "torch"))]
fn main() {
    eprintln!("this program was built without the networks: build it with --features torch");
}
