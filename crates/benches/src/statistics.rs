//! Medians and spreads.

use birdhook_test_harness::statistics::quantile;

/// Measured values, one per round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = f64> {
        self.0.iter().copied()
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    pub(crate) fn least(&self) -> f64 {
        self.quantile(0.0)
    }

    pub(crate) fn most(&self) -> f64 {
        self.quantile(1.0)
    }

    /// Returns a quantile, interpolated between neighbours. NaN without values.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        quantile(self.iter(), share)
    }

    /// Returns the ratios to the other sample, round by round.
    pub(crate) fn of(&self, other: &Self) -> Self {
        self.0.iter().zip(&other.0).map(|(this, that)| this / that).collect()
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_a_minimum_a_median_and_a_maximum() {
        let sample: Sample = [4.0, 1.0, 3.0, 2.0].into_iter().collect();
        assert_eq!((sample.least(), sample.median(), sample.most()), (1.0, 2.5, 4.0));
    }

    #[test]
    fn ratios_are_those_of_a_round() {
        let (one, other): (Sample, Sample) = ([2.0, 9.0].into_iter().collect(), [1.0, 3.0].into_iter().collect());
        assert_eq!(one.of(&other).median(), 2.5);
    }
}
