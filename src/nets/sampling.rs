//! From logits to one token.

use rand::{Rng, RngExt};

/// How adventurous the choice is. Settings out of range are brought into it.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// Divides the logits: below 1 the likely becomes likelier, above 1 the unlikely. 0 always takes the likeliest.
    pub temperature: f32,
    /// Only that many of the likeliest tokens stay; 0 keeps all.
    pub top_k: usize,
    /// Only the smallest set of the likeliest tokens whose probabilities reach this sum stays (Holtzman et al., 2020); 1 keeps all.
    pub top_p: f32,
}

impl Default for Sampling {
    /// Plain sampling from the network's own distribution.
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
        }
    }
}

/// Why no token could be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SamplingError {
    /// The masks forbid every token, so the piece cannot go on.
    #[error("the masks forbid every token")]
    NothingAllowed,
    /// No allowed logit is a number: the weights are damaged.
    #[error("the network's output is not a number: its weights are damaged")]
    NotANumber,
    /// Mask and logits differ in length.
    #[error("a mask of {mask} tokens for {logits} logits")]
    Lengths {
        /// Tokens in the mask.
        mask: usize,
        /// Logits given.
        logits: usize,
    },
}

/// Chooses tokens; keeps its working memory from one to the next.
#[derive(Clone, Debug)]
pub struct Sampler {
    settings: Sampling,
    /// Tokens still in the choice with their logits, then weights.
    choice: Vec<(u32, f32)>,
}

impl Sampler {
    /// A sampler with settings brought into range.
    pub fn new(settings: Sampling) -> Self {
        let finite = |x: f32, otherwise: f32| if x.is_finite() { x } else { otherwise };
        let settings = Sampling {
            temperature: finite(settings.temperature, 1.0).clamp(0.0, 100.0),
            top_k: settings.top_k,
            top_p: finite(settings.top_p, 1.0).clamp(0.0, 1.0),
        };
        Self {
            settings,
            choice: Vec::new(),
        }
    }

    /// The settings in use.
    pub fn settings(&self) -> &Sampling {
        &self.settings
    }

    /// Chooses one token: `allowed` masks the logits first, then temperature, top-k and top-p in this order. Of equally
    /// likely tokens the lower number counts as likelier, so that the same generator always gives the same choice.
    ///
    /// Takes exactly one number from `rng` for each call that succeeds, whatever the settings.
    ///
    /// # Errors
    /// When no token is allowed or the logits are not numbers.
    pub fn sample(
        &mut self,
        logits: &[f32],
        allowed: &[bool],
        rng: &mut impl Rng,
    ) -> Result<usize, SamplingError> {
        self.sample_edited(logits, allowed, |_, _| {}, rng)
    }

    /// As [`Self::sample`], after `edit` has changed the logits of the allowed tokens (token number, logit): a bias, a
    /// penalty, or minus infinity to forbid one.
    ///
    /// # Errors
    /// As [`Self::sample`].
    pub fn sample_edited(
        &mut self,
        logits: &[f32],
        allowed: &[bool],
        mut edit: impl FnMut(usize, &mut f32),
        rng: &mut impl Rng,
    ) -> Result<usize, SamplingError> {
        if logits.len() != allowed.len() {
            return Err(SamplingError::Lengths {
                mask: allowed.len(),
                logits: logits.len(),
            });
        }
        self.choice.clear();
        let mut any_allowed = false;
        for (token, (&logit, _)) in logits
            .iter()
            .zip(allowed)
            .enumerate()
            .filter(|(_, (_, allowed))| **allowed)
        {
            let mut logit = logit;
            edit(token, &mut logit);
            // What the edit forbids counts as masked; what is not a number cannot be compared.
            any_allowed |= logit != f32::NEG_INFINITY;
            if logit > f32::NEG_INFINITY {
                self.choice.push((token as u32, logit));
            }
        }
        if self.choice.is_empty() {
            return Err(if any_allowed {
                SamplingError::NotANumber
            } else {
                SamplingError::NothingAllowed
            });
        }
        self.narrow_down();
        let total: f32 = self.choice.iter().map(|&(_, weight)| weight).sum();
        let mut left = rng.random::<f32>() * total;
        let mut chosen = self.choice.first().map_or(0, |&(token, _)| token);
        for &(token, weight) in &self.choice {
            if weight > 0.0 {
                chosen = token;
                left -= weight;
                if left < 0.0 {
                    break;
                }
            }
        }
        Ok(chosen as usize)
    }

    /// Leaves the tokens of the choice with their weights (not summing to 1), likeliest first.
    fn narrow_down(&mut self) {
        let likelier = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        let greedy = self.settings.temperature <= 0.0;
        let keep = if greedy { 1 } else { self.settings.top_k };
        if keep > 0 && keep < self.choice.len() {
            self.choice.select_nth_unstable_by(keep - 1, likelier);
            self.choice.truncate(keep);
        }
        self.choice.sort_unstable_by(likelier);
        let Some(&(_, most)) = self.choice.first() else {
            return;
        };
        if greedy || most == f32::INFINITY {
            self.choice.truncate(1);
            self.choice.iter_mut().for_each(|(_, weight)| *weight = 1.0);
            return;
        }
        let mut total = 0.0;
        for (_, weight) in &mut self.choice {
            // Relative to the greatest, so that nothing overflows.
            *weight = ((*weight - most) / self.settings.temperature).exp();
            total += *weight;
        }
        if self.settings.top_p < 1.0 {
            let enough = self.settings.top_p * total;
            let mut sum = 0.0;
            let nucleus = self.choice.iter().position(|&(_, weight)| {
                sum += weight;
                sum >= enough
            });
            self.choice
                .truncate(nucleus.map_or(self.choice.len(), |last| last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    use super::*;

    fn counts(settings: Sampling, logits: &[f32], allowed: &[bool], draws: usize) -> Vec<usize> {
        let mut rng = Pcg64::seed_from_u64(5);
        let mut sampler = Sampler::new(settings);
        let mut counts = vec![0; logits.len()];
        for _ in 0..draws {
            counts[sampler.sample(logits, allowed, &mut rng).unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn plain_sampling_follows_the_softmax() {
        let logits = [0.5_f32.ln(), 0.3_f32.ln(), 0.15_f32.ln(), 0.05_f32.ln()];
        let counts = counts(Sampling::default(), &logits, &[true; 4], 20_000);
        for (count, p) in counts.iter().zip([0.5, 0.3, 0.15, 0.05]) {
            // Four standard deviations of a binomial.
            let bound = 4.0 * (20_000.0_f64 * p * (1.0 - p)).sqrt();
            assert!((*count as f64 - 20_000.0 * p).abs() < bound, "{counts:?}");
        }
    }

    #[test]
    fn the_nucleus_is_the_smallest_set_that_reaches_the_sum() {
        let logits = [0.05_f32.ln(), 0.5_f32.ln(), 0.3_f32.ln(), 0.15_f32.ln()];
        let kept = |top_p: f32| -> Vec<usize> {
            let counts = counts(
                Sampling {
                    top_p,
                    ..Sampling::default()
                },
                &logits,
                &[true; 4],
                3_000,
            );
            (0..4).filter(|&i| counts[i] > 0).collect()
        };
        assert_eq!(kept(0.0), [1]);
        assert_eq!(kept(0.49), [1]);
        assert_eq!(
            kept(0.51),
            [1, 2],
            "the token that crosses the sum belongs to the nucleus"
        );
        assert_eq!(kept(0.79), [1, 2]);
        assert_eq!(kept(0.9), [1, 2, 3]);
        assert_eq!(kept(1.0), [0, 1, 2, 3]);
    }

    #[test]
    fn top_k_comes_before_top_p() {
        // Of the two that top-k leaves, the first holds 5/8 of what is left: enough for a nucleus of 0.6.
        let logits = [0.5_f32.ln(), 0.3_f32.ln(), 0.15_f32.ln(), 0.05_f32.ln()];
        let settings = Sampling {
            top_k: 2,
            top_p: 0.6,
            ..Sampling::default()
        };
        assert_eq!(counts(settings, &logits, &[true; 4], 500), [500, 0, 0, 0]);
    }

    #[test]
    fn temperature_zero_takes_the_likeliest_and_the_lower_of_equals() {
        let settings = Sampling {
            temperature: 0.0,
            ..Sampling::default()
        };
        assert_eq!(
            counts(settings, &[1.0, 3.0, 3.0, 2.0], &[true; 4], 50),
            [0, 50, 0, 0]
        );
        assert_eq!(
            counts(
                settings,
                &[1.0, 3.0, 3.0, 2.0],
                &[true, false, false, true],
                50
            ),
            [0, 0, 0, 50]
        );
    }

    #[test]
    fn masks_come_first_and_errors_say_which_kind() {
        let mut sampler = Sampler::new(Sampling {
            top_k: 1,
            ..Sampling::default()
        });
        let mut rng = Pcg64::seed_from_u64(1);
        assert_eq!(sampler.sample(&[9.0, 1.0], &[false, true], &mut rng), Ok(1));
        assert_eq!(
            sampler.sample(&[9.0, 1.0], &[false, false], &mut rng),
            Err(SamplingError::NothingAllowed)
        );
        assert_eq!(
            sampler.sample(&[f32::NAN, f32::NAN], &[true, true], &mut rng),
            Err(SamplingError::NotANumber)
        );
        assert_eq!(
            sampler.sample(&[f32::NAN, 1.0], &[true, true], &mut rng),
            Ok(1)
        );
        assert_eq!(
            sampler.sample(&[1.0], &[true, true], &mut rng),
            Err(SamplingError::Lengths { mask: 2, logits: 1 })
        );
        let forbid = |token: usize, logit: &mut f32| {
            if token == 0 {
                *logit = f32::NEG_INFINITY;
            }
        };
        assert_eq!(
            sampler.sample_edited(&[9.0, 1.0], &[true, true], forbid, &mut rng),
            Ok(1)
        );
        assert_eq!(
            sampler.sample_edited(&[9.0, 1.0], &[true, false], forbid, &mut rng),
            Err(SamplingError::NothingAllowed)
        );
    }

    proptest! {
        #[test]
        fn only_allowed_tokens_come_and_the_same_seed_gives_the_same_ones(
            cells in prop::collection::vec((prop_oneof![-30.0_f32..30.0, Just(f32::INFINITY), Just(f32::NEG_INFINITY), Just(f32::NAN)], any::<bool>()), 1..60),
            temperature in 0.0_f32..3.0, top_k in 0_usize..70, top_p in 0.0_f32..1.2, seed in any::<u64>(),
        ) {
            let (logits, allowed): (Vec<f32>, Vec<bool>) = cells.into_iter().unzip();
            let settings = Sampling { temperature, top_k, top_p };
            let draw = || {
                let mut rng = Pcg64::seed_from_u64(seed);
                let mut sampler = Sampler::new(settings);
                (0..8).map(|_| sampler.sample(&logits, &allowed, &mut rng)).collect::<Vec<_>>()
            };
            let tokens = draw();
            prop_assert_eq!(&tokens, &draw());
            let possible: Vec<usize> = (0..logits.len()).filter(|&i| allowed[i] && logits[i] > f32::NEG_INFINITY).collect();
            for token in tokens {
                match token {
                    Ok(token) => {
                        prop_assert!(possible.contains(&token));
                        if top_k > 0 {
                            let better = possible.iter().filter(|&&i| logits[i] > logits[token]).count();
                            prop_assert!(better < top_k);
                        }
                    }
                    Err(_) => prop_assert!(possible.is_empty()),
                }
            }
        }
    }
}
