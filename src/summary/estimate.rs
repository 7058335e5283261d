//! Intervals of seconds, counts and bytes, with the value that is typical inside.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

/// A lower bound, a typical value and an upper bound, `0 <= least <= typical <= most`. The default is exactly zero.
///
/// The order is by containment: an estimate that lies inside another says more. Honest estimates of what is unknown are
/// wide; the typical value is what separates "usually cheap" from "usually dear" inside a wide interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The lower bound.
    pub least: f64,
    /// The typical value.
    pub typical: f64,
    /// The upper bound.
    pub most: f64,
}

/// No cost is taken to be above this many seconds (some days), no count above this many.
const CEILING: f64 = 1e6;

impl Estimate {
    /// Nothing.
    pub const ZERO: Self = Self {
        least: 0.0,
        typical: 0.0,
        most: 0.0,
    };

    /// Exactly this.
    #[must_use]
    pub const fn exactly(value: f64) -> Self {
        Self {
            least: value,
            typical: value,
            most: value,
        }
    }

    /// These bounds and this typical value.
    #[must_use]
    pub const fn new(least: f64, typical: f64, most: f64) -> Self {
        Self { least, typical, most }
    }

    /// Between two bounds; typical is their geometric mean, and a tenth of the upper one where the lower is zero.
    #[must_use]
    pub fn between(range: [f64; 2]) -> Self {
        let [least, most] = range;
        let typical = if least > 0.0 {
            (least * most).sqrt()
        } else {
            most / 10.0
        };
        Self { least, typical, most }
    }

    /// Whether it is exactly zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.most <= 0.0
    }

    /// This many times over.
    #[must_use]
    pub fn times(self, count: Self) -> Self {
        Self {
            least: (self.least * count.least).min(CEILING),
            typical: (self.typical * count.typical).min(CEILING),
            most: (self.most * count.most).min(CEILING),
        }
    }

    /// Either this or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            typical: f64::midpoint(self.typical, other.typical),
            most: self.most.max(other.most),
        }
    }

    /// Possibly not at all, and typically only in `share` of the cases.
    #[must_use]
    pub fn perhaps(self, share: f64) -> Self {
        Self {
            least: 0.0,
            typical: self.typical * share,
            most: self.most,
        }
    }

    /// The bounds.
    #[must_use]
    pub fn bounds(self) -> [f64; 2] {
        [self.least, self.most]
    }
}

impl Add for Estimate {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            least: (self.least + other.least).min(CEILING),
            typical: (self.typical + other.typical).min(CEILING),
            most: (self.most + other.most).min(CEILING),
        }
    }
}

impl AddAssign for Estimate {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Estimate {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::ZERO, Add::add)
    }
}
