//! Where playing is and where it goes next. Pure arithmetic on samples.

/// What happens where the song ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AtEnd {
    /// Playing stops at the bar line after the last note.
    #[default]
    Stop,
    /// Playing goes on in silence: the song may still be growing.
    GoOn,
}

/// A step of the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing but time passed.
    On,
    /// The loop began again: sounding notes end and controllers are sent again.
    Wrapped,
    /// The song is over.
    Ended,
}

/// The play position and its rules. It moves in whole blocks of `block` samples; an event belongs to the block edge
/// nearest to it.
#[derive(Debug, Clone)]
pub struct Transport {
    block: i64,
    playing: bool,
    position: i64,
    looped: Option<(i64, i64)>,
    /// By what part of a sample a round of the loop is longer than the distance of its bounds, and what has come together
    /// of it.
    left_over: (f64, f64),
    at_end: AtEnd,
}

/// A loop shorter than this many samples is no loop.
const SHORTEST_LOOP: i64 = 256;

impl Transport {
    /// A transport at rest at the start, moving in blocks of `block` samples.
    pub fn new(block: usize) -> Self {
        Self {
            block: block.max(1) as i64,
            playing: false,
            position: 0,
            looped: None,
            left_over: (0.0, 0.0),
            at_end: AtEnd::default(),
        }
    }

    /// Whether time passes.
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// Lets time pass, or not.
    pub fn set_playing(&mut self, playing: bool) {
        self.playing = playing;
    }

    /// Samples from the start of the song.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Puts the playhead at a sample.
    pub fn set_position(&mut self, position: i64) {
        self.position = position.max(0);
    }

    /// What is repeated, from and to, in samples with their fractions; `None` for nothing.
    pub fn set_loop(&mut self, looped: Option<(f64, f64)>) {
        let bounds = looped.map(|(start, end)| (start.round() as i64, end.round() as i64));
        self.looped = bounds.filter(|(start, end)| end - start >= SHORTEST_LOOP);
        let part = match (looped, bounds) {
            (Some((start, end)), Some((first, last))) => (end - start) - (last - first) as f64,
            _ => 0.0,
        };
        self.left_over = (part, 0.0);
    }

    /// What happens at the end.
    pub fn set_at_end(&mut self, at_end: AtEnd) {
        self.at_end = at_end;
    }

    /// The sample from which on events are still to come: those nearer to an earlier block edge have been sent.
    pub fn undone_from(&self) -> i64 {
        self.position - self.block / 2
    }

    /// Events before this sample are due now.
    pub fn due_before(&self) -> i64 {
        self.position - self.block / 2 + self.block
    }

    /// Takes the turn that is due at this block edge, if any. `end` is the end of the song.
    pub fn turn(&mut self, end: i64) -> Turn {
        if !self.playing {
            return Turn::On;
        }
        if let Some((start, loop_end)) = self.looped
            && loop_end < self.due_before()
            && loop_end >= self.undone_from()
        {
            // What is left over is kept, so that a loop of any length keeps its tempo.
            let (part, together) = &mut self.left_over;
            *together += *part;
            let whole = together.round();
            *together -= whole;
            self.position = start + (self.position - loop_end) - whole as i64;
            return Turn::Wrapped;
        }
        if self.at_end == AtEnd::Stop
            && self.position >= end
            && self
                .looped
                .is_none_or(|(_, loop_end)| self.position > loop_end)
        {
            self.playing = false;
            return Turn::Ended;
        }
        Turn::On
    }

    /// How many samples, a multiple of the block, may pass before the block edge of the next event (at `next`) or turn;
    /// at least one block, at most `most` rounded up to blocks.
    pub fn stretch(&self, next: i64, end: i64, most: usize) -> usize {
        let block = self.block;
        let mut blocks = (most as i64 + block - 1) / block;
        if self.playing {
            let mut target = next;
            if let Some((_, loop_end)) = self.looped
                && loop_end >= self.due_before()
            {
                target = target.min(loop_end);
            } else if self.at_end == AtEnd::Stop && end > self.position {
                target = target.min(end);
            }
            let ahead = (target.saturating_sub(self.undone_from())).div_euclid(block);
            blocks = blocks.min(ahead);
        }
        (blocks.max(1) * block) as usize
    }

    /// Lets `samples` pass.
    pub fn advance(&mut self, samples: usize) {
        if self.playing {
            self.position += samples as i64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The block edges at which events at `times` would be sent.
    fn edges(transport: &mut Transport, times: &[i64], frames: i64) -> Vec<(i64, i64)> {
        let mut sent = Vec::new();
        let mut cursor = 0;
        let mut stream = 0;
        while stream < frames {
            if transport.turn(i64::MAX) == Turn::Wrapped {
                cursor = times.partition_point(|&at| at < transport.undone_from());
            }
            while let Some(&at) = times.get(cursor)
                && at < transport.due_before()
            {
                sent.push((stream, at));
                cursor += 1;
            }
            let next = times.get(cursor).copied().unwrap_or(i64::MAX);
            let length = transport.stretch(next, i64::MAX, 64);
            transport.advance(length);
            stream += length as i64;
        }
        sent
    }

    #[test]
    fn every_event_goes_to_the_nearest_block_edge() {
        let mut transport = Transport::new(8);
        transport.set_playing(true);
        let times: Vec<i64> = (0..200).map(|i| i * 37).collect();
        let sent = edges(&mut transport, &times, 8000);
        assert_eq!(sent.len(), times.len());
        for (edge, at) in sent {
            assert!((edge - at).abs() <= 4, "{at} was sent at {edge}");
        }
    }

    #[test]
    fn a_loop_does_not_drift() {
        let mut transport = Transport::new(8);
        transport.set_playing(true);
        let (start, end) = (101, 1_098);
        transport.set_loop(Some((start as f64, end as f64)));
        transport.set_position(start);
        let sent = edges(&mut transport, &[101, 500, 1_097, 1_098], 100_000);
        let onsets: Vec<i64> = sent
            .iter()
            .filter(|(_, at)| *at == 101)
            .map(|(edge, _)| *edge)
            .collect();
        assert!(onsets.len() >= 100);
        for (round, edge) in onsets.iter().enumerate() {
            let exact = round as i64 * (end - start);
            assert!(
                (edge - exact).abs() <= 4,
                "round {round}: {edge} for {exact}"
            );
        }
        assert!(
            sent.iter().all(|(_, at)| *at != 1_098),
            "the first sample after the loop is never reached"
        );
    }

    #[test]
    fn fractions_of_samples_add_up_over_the_rounds() {
        let mut transport = Transport::new(8);
        transport.set_playing(true);
        let (start, end) = (100.4, 1_100.1);
        transport.set_loop(Some((start, end)));
        transport.set_position(100);
        let sent = edges(&mut transport, &[110], 200_000);
        assert!(sent.len() >= 200);
        for (round, (edge, _)) in sent.into_iter().enumerate() {
            let exact = 10.0 + round as f64 * (end - start);
            let off = edge as f64 - exact;
            assert!(off.abs() <= 5.0, "round {round} is {off} samples off");
        }
    }

    #[test]
    fn the_song_stops_at_its_end_unless_it_is_to_go_on() {
        let mut transport = Transport::new(8);
        transport.set_playing(true);
        transport.set_position(1_000);
        assert_eq!(transport.turn(1_001), Turn::On);
        transport.advance(8);
        assert_eq!(transport.turn(1_001), Turn::Ended);
        assert!(!transport.is_playing());
        transport.set_at_end(AtEnd::GoOn);
        transport.set_playing(true);
        assert_eq!(transport.turn(1_001), Turn::On);
    }

    #[test]
    fn a_loop_behind_the_playhead_does_not_pull_it_back() {
        let mut transport = Transport::new(8);
        transport.set_playing(true);
        transport.set_loop(Some((0.0, 1_000.0)));
        transport.set_position(5_000);
        assert_eq!(transport.turn(100_000), Turn::On);
        assert_eq!(transport.position(), 5_000);
    }
}
