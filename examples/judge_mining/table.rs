//! The figures as tables (Markdown).

use std::collections::BTreeMap;
use std::ops::Range;

use leitmotif::measure::grid::mean;
use leitmotif::train::theme_mining::Line;

use crate::Song;

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn row(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

fn header(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
    format!("{}\n|{}", row(&cells), "---|".repeat(cells.len()))
}

/// Melody, regions: a song by one miner.
type Of<'a> = (&'a Line, Option<&'a [Range<u32>]>);

/// What each miner finds.
pub(crate) fn statistics(names: &[String], songs: &[&Song]) -> String {
    let mut lines = vec![header(&[
        "miner",
        "songs with a theme",
        "regions a song",
        "bars covered",
        "mean s with the theme",
        "regions with s = 1",
        "notes of the theme",
    ])];
    for (index, name) in names.iter().enumerate() {
        let all = songs
            .iter()
            .map(|song| (&song.line, song.mined[index].as_deref()));
        lines.push(statistics_of(name, &all.collect::<Vec<_>>()));
    }
    let labelled: Vec<Of<'_>> = (songs.iter())
        .filter_map(|song| song.labels.as_ref())
        .map(|(line, regions)| (line, Some(&regions[..])))
        .collect();
    if !labelled.is_empty() {
        lines.push(statistics_of("prepared labels", &labelled));
    }
    lines.join("\n") + "\n"
}

fn statistics_of(name: &str, songs: &[Of<'_>]) -> String {
    let found = || {
        songs
            .iter()
            .filter_map(|(line, mined)| Some((*line, (*mined)?)))
    };
    let similarities: Vec<f64> = found()
        .flat_map(|(line, regions)| {
            let theme = line.fragment(regions[0].clone());
            let s = |region: &Range<u32>| theme.similarity(&line.fragment(region.clone()));
            regions[1..].iter().filter_map(s).collect::<Vec<_>>()
        })
        .collect();
    let exact = similarities.iter().filter(|s| **s >= 1.0).count();
    row(&[
        name.to_owned(),
        found().count().to_string(),
        figure(mean(found().map(|(_, regions)| regions.len() as f64))),
        figure(mean(found().map(|(line, regions)| {
            let bars: usize = regions.iter().map(ExactSizeIterator::len).sum();
            bars as f64 / f64::from(line.bars())
        }))),
        figure(mean(similarities.iter().copied())),
        figure((!similarities.is_empty()).then(|| exact as f64 / similarities.len() as f64)),
        figure(mean(found().map(|(line, regions)| {
            line.fragment(regions[0].clone()).notes() as f64
        }))),
    ])
}

/// What people heard as the same, and what the miners say.
pub(crate) fn heard(names: &[String], songs: &[&Song]) -> String {
    let mut lines = vec![header(&[
        "miner",
        "songs judged",
        "regions",
        "right",
        "precision",
        "recall",
        "F1",
        "theme inside a phrase",
        "share of the most frequent",
    ])];
    for (index, name) in names.iter().enumerate() {
        let (mut judged, mut regions_all, mut right, mut wanted) = (0_usize, 0, 0, 0);
        let (mut inside, mut frequent) = (0, Vec::new());
        for song in songs {
            let (Some(heard), Some(regions)) = (&song.heard, &song.mined[index]) else {
                continue;
            };
            judged += 1;
            inside += usize::from(heard.place(&regions[0]).is_some());
            let mut at: BTreeMap<_, usize> = BTreeMap::new();
            for place in regions.iter().filter_map(|region| heard.place(region)) {
                *at.entry(place).or_default() += 1;
            }
            let mut all: BTreeMap<_, usize> = BTreeMap::new();
            for place in song.line.windows(2).filter_map(|bars| heard.place(&bars)) {
                *all.entry(place).or_default() += 1;
            }
            regions_all += regions.len();
            if let Some((place, count)) = at.into_iter().max_by_key(|(_, count)| *count) {
                right += count;
                wanted += all[&place];
                let most = all.values().max().copied().unwrap_or(1);
                frequent.push(all[&place] as f64 / most as f64);
            }
        }
        let precision = right as f64 / regions_all.max(1) as f64;
        let recall = right as f64 / wanted.max(1) as f64;
        lines.push(row(&[
            name.clone(),
            judged.to_string(),
            regions_all.to_string(),
            right.to_string(),
            figure(Some(precision)),
            figure(Some(recall)),
            figure(Some(
                2.0 * precision * recall / (precision + recall).max(1e-9),
            )),
            figure(Some(inside as f64 / judged.max(1) as f64)),
            figure(mean(frequent)),
        ]));
    }
    lines.join("\n") + "\n"
}

/// Precision and recall, in bars, of each miner's regions against the first one's.
pub(crate) fn agreement(names: &[String], songs: &[&Song]) -> String {
    let mut lines = vec![header(&[
        "regions, by bars",
        &format!("precision against {}", names[0]),
        "recall",
        "same theme",
    ])];
    for (index, name) in names.iter().enumerate().skip(1) {
        let (mut both, mut ours, mut theirs, mut same, mut songs_both) = (0, 0, 0, 0, 0);
        for song in songs {
            let bars = |mined: &Option<Vec<Range<u32>>>| -> Vec<u32> {
                mined.iter().flatten().cloned().flatten().collect()
            };
            let (first, this) = (bars(&song.mined[0]), bars(&song.mined[index]));
            both += this.iter().filter(|bar| first.contains(bar)).count();
            ours += this.len();
            theirs += first.len();
            if let (Some(a), Some(b)) = (&song.mined[0], &song.mined[index]) {
                songs_both += 1;
                same += usize::from(a[0] == b[0]);
            }
        }
        lines.push(row(&[
            name.clone(),
            figure(Some(both as f64 / ours.max(1) as f64)),
            figure(Some(both as f64 / theirs.max(1) as f64)),
            figure(Some(same as f64 / f64::from(songs_both.max(1)))),
        ]));
    }
    lines.join("\n") + "\n"
}
