//! Which runs of melody are known from other songs: hashes of them, and no melody.

use super::fragment::Fragment;

/// The lengths of the runs that are kept, in moves from note to note: runs of 7, 9, 11 and 13 notes.
pub const KEPT: [usize; 4] = [6, 8, 10, 12];

/// Hashes of a run spread over so many bits more than their number needs: a run that is not known passes for a known one
/// once in 2^13 times.
const SPREAD: u32 = 13;
/// What a file begins with; the last byte is its version.
const MAGIC: [u8; 5] = *b"LMEM\x01";

/// A move of a melody: semitones and sixteenths from one note to the next, as in [`Fragment::moves`].
pub type Move = (i32, i64);

/// The runs of moves that occur in a set of melodies, as sets of hashes, one for each length of [`KEPT`]. Keys and places
/// are not in them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MelodyMemory {
    runs: Vec<Runs>,
}

/// The runs of one length.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Runs {
    moves: usize,
    /// In rising order, all below `len << SPREAD`.
    hashes: Vec<u32>,
}

/// Why bytes are no memory of melodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// They begin with something else.
    #[error(
        "it is no index of melodies of this version; train the model again, or delete the file"
    )]
    Foreign,
    /// They stop short, or what they hold cannot be.
    #[error("the index of melodies is damaged; install the model again, or delete the file")]
    Damaged,
}

impl MelodyMemory {
    /// The memory of `melodies`.
    pub fn of(melodies: &[Fragment]) -> Self {
        let runs = KEPT.map(|moves| {
            let mut hashes: Vec<u64> = melodies
                .iter()
                .flat_map(|melody| melody.moves().windows(moves))
                .map(hash)
                .collect();
            hashes.sort_unstable();
            hashes.dedup();
            Runs::of(moves, &hashes)
        });
        Self { runs: runs.into() }
    }

    /// Notes of the longest runs that are kept: a melody is held to one note less.
    pub fn most_notes() -> usize {
        KEPT[KEPT.len() - 1] + 1
    }

    /// How many runs of each length of [`KEPT`] are known.
    pub fn counts(&self) -> Vec<usize> {
        self.runs.iter().map(|runs| runs.hashes.len()).collect()
    }

    /// Notes of the longest run of `melody` that is known, of the lengths that are kept (7, 9, 11 or 13 notes; the run itself
    /// may be longer); 0 where not even the shortest is.
    pub fn longest_run(&self, melody: &Fragment) -> usize {
        self.runs
            .iter()
            .filter(|runs| melody.moves().windows(runs.moves).any(|run| runs.hold(run)))
            .map(|runs| runs.moves + 1)
            .max()
            .unwrap_or(0)
    }

    /// Whether the last moves of a melody with the one that is to come make a run of [`Self::most_notes`] that is known.
    pub fn would_recite(&self, moves: &[Move], next: Move) -> bool {
        let Some(runs) = self.runs.last() else {
            return false;
        };
        let Some(first) = (moves.len() + 1).checked_sub(runs.moves) else {
            return false;
        };
        runs.contain(hash(moves.iter().skip(first).chain([&next])))
    }

    /// The bytes of a file: for each length the gaps between rising hashes in Golomb-Rice codes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(self.runs.len() as u8);
        for runs in &self.runs {
            let mut bits = Bits::default();
            let mut before = 0;
            for hash in &runs.hashes {
                bits.push(hash - before);
                before = *hash;
            }
            bytes.push(runs.moves as u8);
            bytes.extend((runs.hashes.len() as u32).to_le_bytes());
            bytes.extend((bits.bytes.len() as u32).to_le_bytes());
            bytes.extend(bits.bytes);
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] writes.
    ///
    /// # Errors
    /// When the bytes are something else or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MemoryError> {
        let mut rest = bytes.strip_prefix(&MAGIC).ok_or(MemoryError::Foreign)?;
        let [lengths] = take(&mut rest)?;
        let mut memory = Self::default();
        for _ in 0..lengths {
            let [moves] = take(&mut rest)?;
            let count = u32::from_le_bytes(take(&mut rest)?) as usize;
            let size = u32::from_le_bytes(take(&mut rest)?) as usize;
            let (codes, behind) = rest.split_at_checked(size).ok_or(MemoryError::Damaged)?;
            rest = behind;
            // Every hash takes at least its low bits.
            if moves == 0 || count * SPREAD as usize > size * 8 {
                return Err(MemoryError::Damaged);
            }
            let mut gaps = Gaps { codes, at: 0 };
            let mut hashes = Vec::with_capacity(count);
            let mut hash = 0_u32;
            for _ in 0..count {
                let gap = gaps.read().ok_or(MemoryError::Damaged)?;
                hash = hash.checked_add(gap).ok_or(MemoryError::Damaged)?;
                hashes.push(hash);
            }
            memory.runs.push(Runs {
                moves: usize::from(moves),
                hashes,
            });
        }
        Ok(memory)
    }
}

impl Runs {
    /// From different 64-bit hashes in rising order.
    fn of(moves: usize, hashes: &[u64]) -> Self {
        let count = hashes.len();
        Self {
            moves,
            hashes: hashes.iter().map(|hash| scaled(*hash, count)).collect(),
        }
    }

    fn hold(&self, run: &[Move]) -> bool {
        self.contain(hash(run))
    }

    fn contain(&self, hash: u64) -> bool {
        let scaled = scaled(hash, self.hashes.len());
        self.hashes.binary_search(&scaled).is_ok()
    }
}

/// A hash brought into the range of a set of `count`; rising hashes stay in order.
fn scaled(hash: u64, count: usize) -> u32 {
    let range = (count as u64) << SPREAD;
    ((u128::from(hash) * u128::from(range)) >> 64) as u32
}

const SEED: u64 = 0xCBF2_9CE4_8422_2325;

/// One move more (FNV-1a); moves too wide for a byte count as the widest.
fn step(hash: u64, (semitones, sixteenths): &Move) -> u64 {
    let bytes = [
        (*semitones).clamp(-128, 127) as u8,
        (*sixteenths).clamp(0, 255) as u8,
    ];
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// The finaliser of `SplitMix64`: neighbouring runs land far apart.
fn finished(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn hash<'a>(run: impl IntoIterator<Item = &'a Move>) -> u64 {
    finished(run.into_iter().fold(SEED, step))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], MemoryError> {
    let (head, behind) = rest.split_first_chunk().ok_or(MemoryError::Damaged)?;
    *rest = behind;
    Ok(*head)
}

/// Golomb-Rice codes being written: the high part in ones with a zero behind, then the low bits, lowest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    /// Bits used of the last byte, 0 where it is full.
    used: u32,
}

impl Bits {
    fn push(&mut self, gap: u32) {
        for _ in 0..gap >> SPREAD {
            self.bit(1);
        }
        self.bit(0);
        for place in 0..SPREAD {
            self.bit((gap >> place & 1) as u8);
        }
    }

    fn bit(&mut self, bit: u8) {
        if self.used == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= bit << self.used;
        }
        self.used = (self.used + 1) % 8;
    }
}

/// The same being read.
struct Gaps<'a> {
    codes: &'a [u8],
    at: usize,
}

impl Gaps<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = *self.codes.get(self.at / 8)?;
        let bit = byte >> (self.at % 8) & 1;
        self.at += 1;
        Some(u32::from(bit))
    }

    fn read(&mut self) -> Option<u32> {
        let mut high = 0_u32;
        while self.bit()? == 1 {
            high += 1;
        }
        let mut low = 0;
        for place in 0..SPREAD {
            low |= self.bit()? << place;
        }
        high.checked_mul(1 << SPREAD)?.checked_add(low)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::fragment::longest_shared_run;

    /// A melody of one note every second step.
    fn melody(pitches: &[i32]) -> Fragment {
        let line: Vec<(i64, i32)> = (0..).step_by(2).zip(pitches.iter().copied()).collect();
        Fragment::of_line(&line)
    }

    const SONG: [i32; 16] = [
        60, 62, 64, 60, 67, 65, 64, 62, 60, 59, 57, 55, 60, 72, 71, 69,
    ];

    #[test]
    fn the_longest_known_run_is_named_in_any_key() {
        let memory = MelodyMemory::of(&[melody(&SONG)]);
        assert_eq!(memory.counts(), [10, 8, 6, 4]);
        let higher = |notes: usize| -> Vec<i32> { SONG[..notes].iter().map(|p| p + 5).collect() };
        for (notes, known) in [(6, 0), (7, 7), (8, 7), (9, 9), (12, 11), (13, 13), (16, 13)] {
            assert_eq!(
                memory.longest_run(&melody(&higher(notes))),
                known,
                "{notes}"
            );
        }
        let mut other = higher(9);
        other[4] += 1;
        assert_eq!(memory.longest_run(&melody(&other)), 0);
    }

    #[test]
    fn the_note_that_would_make_the_run_too_long_is_named() {
        let memory = MelodyMemory::of(&[melody(&SONG)]);
        let moves = melody(&SONG[1..13]);
        let next = (SONG[13] - SONG[12], 2);
        assert!(memory.would_recite(moves.moves(), next));
        assert!(!memory.would_recite(moves.moves(), (next.0 + 1, 2)));
        assert!(!memory.would_recite(moves.moves(), (next.0, 4)));
        assert!(
            !memory.would_recite(&moves.moves()[1..], next),
            "twelve notes may be shared"
        );
        assert!(!MelodyMemory::default().would_recite(moves.moves(), next));
    }

    #[test]
    fn damaged_bytes_are_errors() {
        let bytes = MelodyMemory::of(&[melody(&SONG)]).to_bytes();
        assert_eq!(MelodyMemory::from_bytes(b"RIFF"), Err(MemoryError::Foreign));
        for end in MAGIC.len()..bytes.len() {
            assert_eq!(
                MelodyMemory::from_bytes(&bytes[..end]),
                Err(MemoryError::Damaged)
            );
        }
    }

    fn lines() -> impl Strategy<Value = Vec<i32>> {
        prop::collection::vec(60_i32..64, 0..60)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(lines in prop::collection::vec(lines(), 0..6)) {
            let melodies: Vec<Fragment> = lines.iter().map(|line| melody(line)).collect();
            let memory = MelodyMemory::of(&melodies);
            prop_assert_eq!(MelodyMemory::from_bytes(&memory.to_bytes()), Ok(memory));
        }

        #[test]
        fn no_shared_run_is_missed(a in lines(), b in lines()) {
            let (a, b) = (melody(&a), melody(&b));
            let shared = longest_shared_run(&a, &b);
            let expected = KEPT.iter().map(|moves| moves + 1).filter(|notes| *notes <= shared).max().unwrap_or(0);
            prop_assert!(MelodyMemory::of(&[a]).longest_run(&b) >= expected);
        }

        #[test]
        fn any_bytes_are_a_memory_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut file = MAGIC.to_vec();
            file.extend(bytes);
            let _ = MelodyMemory::from_bytes(&file);
        }
    }
}
