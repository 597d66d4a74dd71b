//! How long a frame of the centre of the window takes: layout and drawing calls, and tessellation.
//!
//! `cargo bench --bench roll` (or, without a release build, `cargo bench --profile dev --bench roll`).
//! One track holds all notes; the large roll and the stacked lanes both show 2, 20 or 100 percent of them.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures and stops where it cannot go on"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Event, Pos2, RawInput, Rect, pos2, vec2};
use leitmotif::app::centre::centre_ui;
use leitmotif::app::command::{Command, CommandQueue};
use leitmotif::app::look;
use leitmotif::app::studio::Studio;
use leitmotif::app::view::TimeAxis;
use leitmotif::score::{Instrument, Note, Pitch, Role, Song, Span, Tick, Track, TrackId, Velocity};

/// Frames that are measured for each case.
const FRAMES: usize = 60;
/// Notes that begin together.
const VOICES: i64 = 16;
/// Ticks between onsets.
const STEP: i64 = 120;
const WIDTH: f32 = 1100.0;

fn main() {
    println!(
        "notes     in view   vertices   ui ms (median, p95)   tessellation ms   frames a second"
    );
    for count in [10_000, 100_000] {
        for share in [0.02, 0.2, 1.0] {
            case(count, share);
        }
    }
}

fn case(count: i64, share: f64) {
    let mut studio = Studio::new(song(count));
    let length = (count / VOICES * STEP) as f64 * share;
    let mut view = studio.view().clone();
    view.timeline = TimeAxis::fitting(Span::new(Tick(0), Tick(length as i64)), WIDTH);
    view.roll = view.timeline;
    view.centre_pitch = 68.0;
    view.row_points = 6.0;
    studio.apply(Command::SetView(view));

    let ctx = egui::Context::default();
    look::install(&ctx);
    let (mut ui_times, mut tessellation_times, mut vertices) = (Vec::new(), Vec::new(), 0);
    for frame in 0..FRAMES + 5 {
        let pointer = pos2(300.0 + (frame % 40) as f32 * 10.0, 620.0);
        let (ui_time, tessellation, drawn) = one_frame(&ctx, &mut studio, pointer, frame);
        // The first frames build fonts and caches.
        if frame >= 5 {
            ui_times.push(ui_time);
            tessellation_times.push(tessellation);
        }
        vertices = drawn;
    }
    let ms = |times: &mut Vec<Duration>, share: usize| {
        times.sort();
        times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3
    };
    let (median, p95) = (ms(&mut ui_times, 50), ms(&mut ui_times, 95));
    let tessellation = ms(&mut tessellation_times, 50);
    println!(
        "{count:>7}   {:>5.0} %   {vertices:>8}   {median:>8.2} {p95:>8.2}      {tessellation:>8.2}          {:>8.0}",
        share * 100.0,
        1e3 / (median + tessellation)
    );
}

/// Draws a frame as the window does, with the pointer over the notes; returns how long it took and its vertices.
fn one_frame(
    ctx: &egui::Context,
    studio: &mut Studio,
    pointer: Pos2,
    frame: usize,
) -> (Duration, Duration, usize) {
    let input = RawInput {
        screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(WIDTH, 860.0))),
        time: Some(frame as f64 / 60.0),
        events: vec![Event::PointerMoved(pointer)],
        ..RawInput::default()
    };
    let mut queue = CommandQueue::default();
    let started = Instant::now();
    let mut output = ctx.run_ui(input, |ui| centre_ui(ui, studio, &mut queue));
    let ui_time = started.elapsed();
    for command in queue.take() {
        studio.apply(command);
    }
    let started = Instant::now();
    let primitives = ctx.tessellate(output.shapes, output.pixels_per_point);
    let tessellation = started.elapsed();
    output.textures_delta.clear();
    let vertices = primitives
        .iter()
        .map(|primitive| match &primitive.primitive {
            egui::epaint::Primitive::Mesh(mesh) => mesh.vertices.len(),
            egui::epaint::Primitive::Callback(_) => 0,
        })
        .sum();
    (ui_time, tessellation, vertices)
}

fn song(count: i64) -> Song {
    let notes = (0..count)
        .map(|i| {
            let voice = i % VOICES;
            let pitch = 48 + voice * 3 + (i / VOICES) % 3;
            Note::new(
                Tick(i / VOICES * STEP),
                Tick(STEP - 10),
                Pitch::new(pitch as u8).unwrap(),
                Velocity::clamped(50 + (i % 70) as i32),
            )
        })
        .collect();
    let track = Track::new(TrackId(1), "Piano", Instrument::pitched(0), Role::Piano);
    Song {
        tracks: vec![Arc::new(track.with_notes(notes))],
        ..Song::default()
    }
}
