//! Medians, and intervals for them by bootstrap. The same rounds give the same interval: the seed is fixed.

use serde::{Deserialize, Serialize};

/// Resamples of a bootstrap.
const RESAMPLES: usize = 1000;
/// The share of resamples that lies outside the interval on each side. The rounds are looked at again and again until
/// they decide, which makes chance decisions likelier; the interval is therefore wider than the usual 95 %.
const TAIL: f64 = 0.005;
const SEED: u64 = 0x5eed_c0de_0bad_cafe;

/// A median with its 99 % bootstrap interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// The lower end.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The upper end.
    pub high: f64,
}

/// A small generator of pseudo-random numbers (`SplitMix64`).
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        usize::try_from(self.next() % bound).expect("internal: below a length")
    }
}

/// The median; of an even number of values the mean of the middle two.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    median_of(&mut sorted)
}

fn median_of(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}

/// The median of the ratios of paired measurements.
pub(super) fn ratio(numerators: &[f64], denominators: &[f64]) -> Ratio {
    let pairs = numerators.iter().zip(denominators);
    let ratios: Vec<f64> = pairs.map(|(above, below)| above / below.max(1e-9)).collect();
    interval(&ratios)
}

/// The median of values with its interval.
pub(super) fn interval(values: &[f64]) -> Ratio {
    let mut generator = Generator(SEED);
    let mut sample = vec![0.0; values.len()];
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            for slot in &mut sample {
                *slot = values[generator.below(values.len())];
            }
            median_of(&mut sample)
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a position among a thousand"
    )]
    let outside = (TAIL * RESAMPLES as f64) as usize;
    Ratio {
        low: medians[outside],
        median: median(values),
        high: medians[RESAMPLES - 1 - outside],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_and_even_numbers() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-12);
    }

    #[test]
    fn the_same_rounds_give_the_same_interval_around_the_median() {
        let values = [1.9, 2.0, 2.1, 1.95, 2.05, 1.2, 2.0, 2.02];
        let first = interval(&values);
        assert_eq!(first, interval(&values));
        assert!(first.low <= first.median && first.median <= first.high, "{first:?}");
        assert!(first.low >= 1.2 && first.high <= 2.1, "{first:?}");
    }

    #[test]
    fn more_rounds_narrow_the_interval() {
        let few: Vec<f64> = (0..6).map(|number| 1.0 + f64::from(number % 3) * 0.1).collect();
        let many: Vec<f64> = (0..200).map(|number| 1.0 + f64::from(number % 3) * 0.1).collect();
        let width = |ratio: Ratio| ratio.high - ratio.low;
        assert!(width(interval(&many)) < width(interval(&few)));
    }

    #[test]
    fn one_outlier_does_not_move_the_median() {
        let calm = ratio(&[2.0; 9], &[1.0; 9]);
        let mut numerators = [2.0; 9];
        numerators[4] = 50.0;
        assert!((ratio(&numerators, &[1.0; 9]).median - calm.median).abs() < 1e-12);
    }
}
