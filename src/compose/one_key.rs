//! Music in any key for a network that knows one.
//!
//! A network that was trained in C major and A minor need not learn everything twelve times. What it reads is moved there, and
//! the likelihoods that it returns are moved back: whoever draws, steers and judges stays in the music's own key.

use super::model::{ModelError, NextToken, ThemeModel};
use crate::measure::diatonic;
use crate::score::{Key, Pitch};
use crate::tokens::theme_vocab::{Id, SIZE};
use crate::tokens::transpose::{moved, pitch};

/// Reads a source and begins `rows` candidates for it, as [`ThemeModel::start`]. A network of one key hears them in that key.
///
/// In which key the music is, the notes of `source` and `before` tell; of those only the ones in `scale` if there is one, and
/// its own.
pub(crate) fn start<'a>(
    model: &'a dyn ThemeModel,
    source: &[Id],
    before: &[Id],
    scale: Option<Key>,
    rows: usize,
) -> Result<Box<dyn NextToken + 'a>, ModelError> {
    let semitones = if model.is_in_one_key() {
        semitones(source.iter().chain(before), scale)
    } else {
        0
    };
    if semitones == 0 {
        return model.start(source, rows);
    }
    let moves = Moves::by(semitones);
    Ok(Box::new(Elsewhere {
        network: model.start(&moves.all(source), rows)?,
        moves,
    }))
}

/// How far the network's key lies above that of the music.
fn semitones<'a>(ids: impl Iterator<Item = &'a Id>, scale: Option<Key>) -> i32 {
    let classes = scale.map(Key::pitch_classes);
    let belongs = |pitch: &u8| {
        classes.is_none_or(|classes| classes.contains(Pitch::clamped(i32::from(*pitch))))
    };
    let notes = ids.filter_map(|id| pitch(*id));
    let own = (0..12).filter(|_| classes.is_some());
    diatonic::to_common(notes.chain(own).filter(belongs))
}

/// The tokens of the network's key by those of the music's.
struct Moves(Vec<Id>);

impl Moves {
    fn by(semitones: i32) -> Self {
        Self((0..SIZE as Id).map(|id| moved(id, semitones)).collect())
    }

    fn one(&self, id: Id) -> Id {
        let there = usize::try_from(id).ok().and_then(|index| self.0.get(index));
        there.copied().unwrap_or(id)
    }

    fn all(&self, ids: &[Id]) -> Vec<Id> {
        ids.iter().map(|id| self.one(*id)).collect()
    }

    /// Logits of the network's tokens as those of the music's.
    fn back(&self, logits: &[f32]) -> Vec<f32> {
        let row = |row: &[f32]| {
            let of = |id: &Id| row.get(*id as usize).copied();
            let logits = self.0.iter().map(of);
            logits
                .map(|logit| logit.unwrap_or(f32::NEG_INFINITY))
                .collect::<Vec<f32>>()
        };
        logits.chunks(SIZE).flat_map(row).collect()
    }
}

/// Candidates that a network writes in another key.
struct Elsewhere<'a> {
    network: Box<dyn NextToken + 'a>,
    moves: Moves,
}

impl NextToken for Elsewhere<'_> {
    fn prime(&mut self, prefixes: &[(&[Id], &[i64])]) -> Result<Vec<f32>, ModelError> {
        let moved: Vec<Vec<Id>> = (prefixes.iter())
            .map(|(tokens, _)| self.moves.all(tokens))
            .collect();
        let moved: Vec<(&[Id], &[i64])> = (moved.iter().zip(prefixes))
            .map(|(tokens, (_, labels))| (&tokens[..], *labels))
            .collect();
        let logits = self.network.prime(&moved)?;
        Ok(self.moves.back(&logits))
    }

    fn step(&mut self, tokens: &[Id], labels: &[i64]) -> Result<Vec<f32>, ModelError> {
        let logits = self.network.step(&self.moves.all(tokens), labels)?;
        Ok(self.moves.back(&logits))
    }

    fn keep(&mut self, rows: &[usize]) -> Result<(), ModelError> {
        self.network.keep(rows)
    }

    fn remaining(&self) -> usize {
        self.network.remaining()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::cell::RefCell;

    use super::*;
    use crate::compose::ModelInfo;
    use crate::score::{PitchClass, Scale};
    use crate::tokens::labels::Labels;
    use crate::tokens::theme_vocab::{BAR, THEME_END, THEME_START, Token, Voice};

    /// Writes down what it hears, and expects the last token once more.
    struct Ear {
        info: ModelInfo,
        one_key: bool,
        heard: RefCell<Vec<Vec<Id>>>,
    }

    struct Echo<'a>(&'a Ear);

    impl Ear {
        fn new(one_key: bool) -> Self {
            let info = ModelInfo {
                name: "ear".into(),
                checkpoint: String::new(),
            };
            Self {
                info,
                one_key,
                heard: RefCell::default(),
            }
        }

        fn hear(&self, ids: &[Id]) {
            self.heard.borrow_mut().push(ids.to_vec());
        }
    }

    impl ThemeModel for Ear {
        fn info(&self) -> &ModelInfo {
            &self.info
        }

        fn labels(&self) -> Labels {
            Labels::Timed
        }

        fn context(&self) -> usize {
            512
        }

        fn is_in_one_key(&self) -> bool {
            self.one_key
        }

        fn start<'a>(
            &'a self,
            source: &[Id],
            _: usize,
        ) -> Result<Box<dyn NextToken + 'a>, ModelError> {
            self.hear(source);
            Ok(Box::new(Echo(self)))
        }
    }

    fn expecting(ids: impl Iterator<Item = Id>) -> Vec<f32> {
        let row = |id: Id| (0..SIZE as Id).map(move |other| if other == id { 1.0 } else { 0.0 });
        ids.flat_map(row).collect()
    }

    impl NextToken for Echo<'_> {
        fn prime(&mut self, prefixes: &[(&[Id], &[i64])]) -> Result<Vec<f32>, ModelError> {
            for (tokens, _) in prefixes {
                self.0.hear(tokens);
            }
            Ok(expecting(
                prefixes.iter().map(|(tokens, _)| *tokens.last().unwrap()),
            ))
        }

        fn step(&mut self, tokens: &[Id], _: &[i64]) -> Result<Vec<f32>, ModelError> {
            self.0.hear(tokens);
            Ok(expecting(tokens.iter().copied()))
        }

        fn keep(&mut self, _: &[usize]) -> Result<(), ModelError> {
            Ok(())
        }

        fn remaining(&self) -> usize {
            0
        }
    }

    fn sung(pitches: &[u8]) -> Vec<Id> {
        let notes = pitches
            .iter()
            .map(|pitch| Token::NoteOn(Voice::Melody, *pitch).id());
        notes.collect()
    }

    const D_MAJOR: [u8; 7] = [62, 64, 66, 67, 69, 71, 73];
    const C_MAJOR: [u8; 7] = [60, 62, 64, 65, 67, 69, 71];

    #[test]
    fn the_network_hears_its_key_and_is_understood_in_another() {
        let ear = Ear::new(true);
        let source = [vec![THEME_START, BAR], sung(&D_MAJOR), vec![THEME_END]].concat();
        let before = [vec![BAR], sung(&[74, 69])].concat();
        let mut network = start(&ear, &source, &before, None, 2).unwrap();
        let labels = [0, 0, 0];
        let logits = network.prime(&[(&before, &labels)]).unwrap();
        assert_eq!(logits, expecting(sung(&[69]).into_iter()));
        let next = [sung(&[66])[0], BAR];
        let logits = network.step(&next, &[0, 0]).unwrap();
        assert_eq!(logits, expecting(next.into_iter()));
        let there = [vec![THEME_START, BAR], sung(&C_MAJOR), vec![THEME_END]].concat();
        let first = [vec![BAR], sung(&[72, 67])].concat();
        let second = vec![sung(&[64])[0], BAR];
        assert_eq!(*ear.heard.borrow(), [there, first, second]);
    }

    #[test]
    fn a_network_of_every_key_hears_what_there_is() {
        let ear = Ear::new(false);
        let source = [vec![THEME_START, BAR], sung(&D_MAJOR), vec![THEME_END]].concat();
        start(&ear, &source, &[], None, 1).unwrap();
        assert_eq!(*ear.heard.borrow(), [source]);
    }

    #[test]
    fn the_bars_before_and_a_locked_scale_say_what_a_short_theme_does_not() {
        let theme = sung(&[60, 62, 67]);
        let before = sung(&[58, 63, 65, 69]);
        let of = |ids: &[Id], scale| semitones(ids.iter(), scale);
        assert_eq!(of(&theme, None), 0, "C major is nearest");
        assert_eq!(of(&[theme.clone(), before].concat(), None), 2, "B flat");
        let e_flat = Key {
            tonic: PitchClass::from_semitones(3),
            scale: Scale::Major,
        };
        assert_eq!(of(&theme, Some(e_flat)), -3);
        // What is outside the scale is no evidence against it.
        assert_eq!(of(&sung(&[61, 64, 66, 69, 71, 61, 64]), Some(e_flat)), -3);
    }
}
