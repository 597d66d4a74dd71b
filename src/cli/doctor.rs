//! `leitmotif doctor`: what works on this machine, and what to do about the rest.

use anyhow::bail;
use serde_json::{Value, json};

use super::installed::installed_models;
use super::{Common, Outcome, output};
use crate::audio::{device, soundfont};
use crate::formats::places::Places;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    /// Something does not work, and the rest does.
    Lacking,
    /// Leitmotif cannot do its work.
    Bad,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Lacking => "lacking",
            Self::Bad => "bad",
        }
    }
}

struct Check {
    name: &'static str,
    verdict: Verdict,
    found: String,
    advice: Option<String>,
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Good,
            found: found.into(),
            advice: None,
        }
    }

    fn not(
        name: &'static str,
        verdict: Verdict,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            name,
            verdict,
            found: found.into(),
            advice: Some(advice.into()),
        }
    }
}

/// Checks everything and prints what to do.
pub(super) fn run(common: &Common) -> Outcome {
    let checks = [
        display(),
        audio(),
        networks(),
        models(),
        soundfonts(),
        folders(),
    ];
    let json: Vec<Value> = checks
        .iter()
        .map(|check| {
            json!({
                "check": check.name, "verdict": check.verdict.word(),
                "found": check.found, "advice": check.advice,
            })
        })
        .collect();
    output::report(common, &json!({ "checks": json }), || {
        let mut rows = Vec::new();
        for check in &checks {
            rows.push(vec![
                check.name.to_owned(),
                check.verdict.word().to_owned(),
                check.found.clone(),
            ]);
            if let Some(advice) = &check.advice {
                rows.push(vec![String::new(), String::new(), format!("-> {advice}")]);
            }
        }
        output::table(&rows)
    });
    let bad: Vec<&str> = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Bad)
        .map(|check| check.name)
        .collect();
    if bad.is_empty() {
        Ok(())
    } else {
        bail!("not in order: {}", bad.join(", "))
    }
}

fn display() -> Check {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !cfg!(target_os = "linux") {
        return Check::good("display", "the system's");
    }
    match (set("WAYLAND_DISPLAY"), set("DISPLAY")) {
        (true, _) => Check::good("display", "Wayland"),
        (false, true) => Check::good("display", "X11"),
        (false, false) => Check::not(
            "display",
            Verdict::Lacking,
            "neither DISPLAY nor WAYLAND_DISPLAY is set",
            "open the studio in a desktop session; all other commands work without one",
        ),
    }
}

fn audio() -> Check {
    let devices = device::list();
    let usable = devices.iter().filter(|device| device.rate.is_some());
    match (
        usable.clone().find(|device| device.is_default),
        usable.count(),
    ) {
        (Some(device), count) => Check::good(
            "audio",
            format!("{} ({count} devices can be used)", device.name),
        ),
        (None, count @ 1..) => Check::not(
            "audio",
            Verdict::Lacking,
            format!("{count} devices, and no default that can be used"),
            "choose a device in the studio's top bar, or set a default in the system",
        ),
        (None, 0) => Check::not(
            "audio",
            Verdict::Lacking,
            "no output device can be used",
            "connect one, or start the sound server (PipeWire, PulseAudio); rendering to WAV works without",
        ),
    }
}

#[cfg(feature = "torch")]
fn networks() -> Check {
    let probe = std::panic::catch_unwind(|| {
        let sum = tch::Tensor::f_arange(4, (tch::Kind::Float, tch::Device::Cpu))
            .and_then(|tensor| tensor.f_sum(tch::Kind::Float))
            .and_then(|sum| f64::try_from(&sum));
        (sum, tch::Cuda::is_available(), tch::get_num_threads())
    });
    match probe {
        Ok((Ok(sum), cuda, threads)) if (sum - 6.0).abs() < 1e-9 => Check::good(
            "libtorch",
            format!(
                "works, {threads} threads, {}",
                if cuda { "CUDA" } else { "CPU only" }
            ),
        ),
        Ok((Err(error), ..)) => Check::not(
            "libtorch",
            Verdict::Bad,
            format!("a sum failed: {error}"),
            "run make setup again, which fetches libtorch",
        ),
        _ => Check::not(
            "libtorch",
            Verdict::Bad,
            "a sum came out wrong",
            "run make setup again, which fetches libtorch",
        ),
    }
}

#[cfg(not(feature = "torch"))]
fn networks() -> Check {
    Check::not(
        "libtorch",
        Verdict::Lacking,
        "this build has no networks",
        "build with the feature \"torch\" (make run does) to have music written",
    )
}

fn models() -> Check {
    const THEME: &str = "theme";
    let models = installed_models();
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    match models.iter().find(|model| model.name == THEME) {
        Some(theme) => match &theme.trouble {
            None => Check::good("models", names.join(", ")),
            Some(trouble) => Check::not(
                "models",
                Verdict::Bad,
                format!("{}: {trouble}", theme.folder.display()),
                "get the folder again, or train it: leitmotif train theme --help",
            ),
        },
        None => Check::not(
            "models",
            Verdict::Lacking,
            "the model \"theme\", which continues themes, is not installed",
            "put its folder into one of those that leitmotif models names",
        ),
    }
}

fn soundfonts() -> Check {
    match soundfont::preferred() {
        Ok(font) => Check::good(
            "SoundFont",
            format!("{}, {} instruments", font.name(), font.presets()),
        ),
        Err(error) => Check::not(
            "SoundFont",
            Verdict::Bad,
            error.to_string(),
            "install one, for example the package fluid-soundfont-gm",
        ),
    }
}

/// Whether the studio can keep its settings and autosaves.
fn folders() -> Check {
    let Some(places) = Places::find() else {
        return Check::not(
            "folders",
            Verdict::Lacking,
            "there is no home folder",
            "set HOME, or LEITMOTIF_HOME to a folder for everything",
        );
    };
    for folder in [&places.config, &places.data, &places.state] {
        let tried = std::fs::create_dir_all(folder)
            .and_then(|()| tempfile::NamedTempFile::new_in(folder).map(drop));
        if let Err(error) = tried {
            return Check::not(
                "folders",
                Verdict::Lacking,
                format!("{}: {error}", folder.display()),
                "make it writable; settings and autosaves are kept there",
            );
        }
    }
    Check::good("folders", places.state.display().to_string())
}
