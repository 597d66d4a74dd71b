//! Whether loops can be heard.

use rustysynth::{LoopMode, SampleHeader};

use super::measures;
use super::play::Font;

/// What happens where a sample jumps back.
struct Seam {
    name: String,
    seconds: f64,
    /// Step from the last point to the first, against the largest step within the loop.
    value: f64,
    /// Change of slope there, against the largest change within the loop.
    slope: f64,
    /// Decibels by which the spectra before and after the seam differ, less those of neighbours within the loop.
    spectrum: f64,
}

/// Prints the worst loops.
pub(crate) fn table(font: &Font) {
    let mut looped = vec![false; font.0.get_sample_headers().len()];
    for region in font
        .0
        .get_instruments()
        .iter()
        .flat_map(rustysynth::Instrument::get_regions)
    {
        if region.get_sample_modes() != LoopMode::NoLoop
            && let Some(place) = looped.get_mut(region.get_sample_id())
        {
            *place = true;
        }
    }
    let headers = font.0.get_sample_headers().iter().zip(looped);
    let seams: Vec<Seam> = headers
        .filter(|(_, looped)| *looped)
        .filter_map(|(header, _)| seam(font, header))
        .collect();
    println!(
        "## Loops: value and slope at the seam against the largest inside; change of the spectrum in dB against that inside\n"
    );
    println!(
        "| worst by | sample | loop s | value | slope | spectrum |\n|---|---|---|---|---|---|"
    );
    for (place, what) in ["value", "slope", "spectrum"].into_iter().enumerate() {
        let measure = |seam: &Seam| [seam.value, seam.slope, seam.spectrum].get(place).copied();
        let mut order: Vec<&Seam> = seams.iter().collect();
        order.sort_by(|a, b| {
            let [one, other] = [a, b].map(|seam| measure(seam).unwrap_or(0.0));
            other.total_cmp(&one)
        });
        for seam in order.iter().take(3) {
            println!(
                "| {what} | {} | {:.2} | {:.2} | {:.2} | {:+.2} |",
                seam.name, seam.seconds, seam.value, seam.slope, seam.spectrum
            );
        }
    }
    println!("\n{} looped samples.\n", seams.len());
}

fn seam(font: &Font, header: &SampleHeader) -> Option<Seam> {
    let range = header.get_start_loop() as usize..header.get_end_loop() as usize;
    let cycle: Vec<f64> = font
        .0
        .get_wave_data()
        .get(range)?
        .iter()
        .map(|point| f64::from(*point))
        .collect();
    let length = cycle.len();
    let at = |index: usize| cycle.get(index % length).copied().unwrap_or(0.0);
    let step = |index: usize| at(index + 1) - at(index);
    let bend = |index: usize| step(index + 1) - step(index);
    let largest = |of: &dyn Fn(usize) -> f64, last: usize| {
        (0..last).map(|index| of(index).abs()).fold(1.0, f64::max)
    };
    // Spectra of a sixth of the loop: neighbours within it, and the two that meet at its seam.
    let piece = (length / 6).max(32);
    let spectrum = |start: usize| {
        let points: Vec<f64> = (start..start + piece).map(at).collect();
        measures::spectrum(&points).0
    };
    let apart = |one: usize, other: usize| difference(&spectrum(one), &spectrum(other));
    let inside = (0..4)
        .map(|n| apart(n * piece, (n + 1) * piece))
        .fold(0.0, f64::max);
    Some(Seam {
        name: header.get_name().to_owned(),
        seconds: length as f64 / f64::from(header.get_sample_rate()),
        value: step(length - 1).abs() / largest(&step, length - 1),
        slope: bend(length - 2).abs().max(bend(length - 1).abs()) / largest(&bend, length - 2),
        spectrum: apart(length - piece, length) - inside,
    })
}

/// Mean difference in decibels of what is within 40 dB of the peak.
fn difference(one: &[f64], other: &[f64]) -> f64 {
    let peak = one
        .iter()
        .chain(other)
        .fold(0.0_f64, |peak, m| peak.max(*m));
    let pairs = one.iter().zip(other);
    let (sum, count) = pairs
        .filter(|(a, b)| a.max(**b) > 0.01 * peak)
        .map(|(a, b)| (20.0 * (a / b.max(1e-6)).max(1e-6).log10()).abs().min(40.0))
        .fold((0.0, 0), |(sum, count), d| (sum + d, count + 1));
    sum / f64::from(count.max(1))
}
