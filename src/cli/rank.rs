//! `leitmotif rank`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde_json::{Map, Value, json};

use super::{Common, Outcome, output, songs};
use crate::compose::{Better, Measured, Weights, judge};

/// Options of `rank`.
#[derive(Debug, Args)]
#[command(
    after_help = "The measures are those that candidates are ranked by. A song with drums, or with three parts of a band, is judged as a \
band's; others by their melody, whose theme is the marked one or its first two bars.\n\n\
Examples:\n  leitmotif rank ideas/*.mid\n  leitmotif rank ideas/*.mid --by \"in key\",groove --json"
)]
pub(super) struct RankArgs {
    /// MIDI files or projects
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only these measures count, by name; by default all
    #[arg(long, value_name = "MEASURE", value_delimiter = ',')]
    by: Vec<String>,
}

/// One file.
struct Ranked {
    path: PathBuf,
    measures: Vec<Measured>,
    /// Absent where none of the measures that count is defined.
    score: Option<f32>,
}

/// Puts songs into order, the best first, and says why.
pub(super) fn run(args: &RankArgs, common: &Common) -> Outcome {
    let mut ranked = Vec::new();
    for path in &args.files {
        let measures = judge(&songs::open(path)?);
        let counted: Vec<Measured> = (measures.iter())
            .filter(|measured| args.by.is_empty() || is_named(&args.by, measured))
            .cloned()
            .collect();
        ranked.push(Ranked {
            path: path.clone(),
            score: (!counted.is_empty()).then(|| Weights::default().score(&counted)),
            measures,
        });
    }
    for wanted in &args.by {
        let is_wanted = |measured: &Measured| is_named(std::slice::from_ref(wanted), measured);
        if !ranked.iter().any(|one| one.measures.iter().any(is_wanted)) {
            let mut names: Vec<&str> = (ranked.iter())
                .flat_map(|one| one.measures.iter().map(|measured| measured.name))
                .collect();
            names.sort_unstable();
            names.dedup();
            if names.is_empty() {
                bail!("--by {wanted}: these files have no notes to measure");
            }
            bail!(
                "--by {wanted}: none of these files has that measure; choose of: {}",
                names.join(", ")
            );
        }
    }
    // Those without a score come last, in the order in which they were named.
    ranked.sort_by(|a, b| b.score.unwrap_or(-1.0).total_cmp(&a.score.unwrap_or(-1.0)));
    let files: Vec<Value> = ranked.iter().map(describe).collect();
    let report = json!({ "by": args.by, "files": files });
    output::report(common, &report, || as_text(&ranked));
    Ok(())
}

fn is_named(names: &[String], measured: &Measured) -> bool {
    let name = |name: &String| name.trim().eq_ignore_ascii_case(measured.name);
    names.iter().any(name)
}

fn describe(ranked: &Ranked) -> Value {
    let measures: Map<String, Value> = (ranked.measures.iter())
        .map(|measured| {
            let better = match measured.better {
                Better::Higher => Value::from("higher"),
                Better::Lower => Value::from("lower"),
                Better::Near(value) => json!({ "near": value }),
            };
            let entry = json!({
                "value": measured.value, "merit": measured.merit, "better": better, "meaning": measured.meaning,
            });
            (measured.name.to_owned(), entry)
        })
        .collect();
    json!({ "file": ranked.path, "score": ranked.score, "measures": measures })
}

fn as_text(ranked: &[Ranked]) -> String {
    let rows: Vec<Vec<String>> = (ranked.iter())
        .map(|one| {
            let why: Vec<String> = (one.measures.iter())
                .map(|measured| format!("{} {:.2}", measured.name, measured.value))
                .collect();
            vec![
                one.path.display().to_string(),
                one.score
                    .map_or("-".to_owned(), |score| format!("{score:.3}")),
                why.join(", "),
            ]
        })
        .collect();
    output::table(&rows)
}
