//! Welch's t-test of whether two samples of times differ in their means, over all times and over
//! crops, as in dudect (<https://eprint.iacr.org/2016/1123>).

/// Sorted times of one class in nanoseconds, with the sums of all times up to each.
struct Sums {
    sorted: Vec<u32>,
    /// Sums of the times and of their squares. They are integers and therefore exact.
    sums: Vec<(u64, u128)>,
}

/// The most certain difference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) t: f64,
    /// The mean of the second class minus the mean of the first, in nanoseconds.
    pub(super) difference: f64,
    /// The smallest difference that would have had t = 4.5, among crops of at least half of the
    /// times.
    pub(super) visible: f64,
}

/// The minimum number of times in a crop, for either class.
const FEWEST: usize = 5000;

impl Sums {
    fn new(mut times: Vec<u32>) -> Self {
        times.sort_unstable();
        let mut sums = Vec::with_capacity(times.len());
        let mut sum = (0_u64, 0_u128);
        for time in &times {
            sum = (sum.0 + u64::from(*time), sum.1 + u128::from(*time) * u128::from(*time));
            sums.push(sum);
        }
        Self { sorted: times, sums }
    }

    /// Returns the number of times below the limit, their mean, and the variance of the mean.
    fn under(&self, limit: u32) -> Option<(usize, f64, f64)> {
        let count = self.sorted.partition_point(|time| *time < limit);
        let (sum, squares) = *self.sums.get(count.checked_sub(1)?)?;
        let (n, sum) = (count as f64, sum as f64);
        let mean = sum / n;
        let variance = (squares as f64 - sum * mean).max(0.0) / (n - 1.0);
        Some((count, mean, variance / n))
    }
}

/// Finds the largest |t| over all times and over crops of the shortest ones, up to a hundred
/// percentiles.
///
/// Crops matter because occasional delays hide a difference that is always present.
pub(super) fn test(first: Vec<u32>, second: Vec<u32>) -> Found {
    let mut pooled: Vec<u32> = first.iter().chain(&second).copied().collect();
    pooled.sort_unstable();
    let (first, second) = (Sums::new(first), Sums::new(second));
    let crops = (1..=100).map(|number| 1.0 - 0.5_f64.powf(f64::from(number) / 10.0));
    let limits = crops.map(|share| (share, pooled[(share * (pooled.len() - 1) as f64) as usize]));
    let mut surest = Found { t: 0.0, difference: 0.0, visible: f64::INFINITY };
    for (share, limit) in limits.chain([(1.0, u32::MAX)]) {
        let (Some(one), Some(other)) = (first.under(limit), second.under(limit)) else { continue };
        if one.0 < FEWEST || other.0 < FEWEST {
            continue;
        }
        let (difference, error) = (other.1 - one.1, (one.2 + other.2).sqrt());
        let t = if difference == 0.0 { 0.0 } else { difference / error };
        if t.abs() >= surest.t.abs() {
            (surest.t, surest.difference) = (t, difference);
        }
        if error > 0.0 && share >= 0.49 {
            surest.visible = surest.visible.min(4.5 * error);
        }
    }
    surest
}

/// Returns the median.
pub(super) fn median(times: &[u32]) -> u32 {
    let mut times = times.to_vec();
    let middle = times.len() / 2;
    *times.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a deterministic sequence of times around 500 ns, some of them late. `longer` is
    /// added to each.
    fn times(seed: u64, longer: u32) -> Vec<u32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u32
        };
        let one = |_| {
            let late = if next() % 500 == 0 { next() % 100_000 } else { 0 };
            500 + longer + next() % 40 + next() % 40 + late
        };
        (0..200_000).map(one).collect()
    }

    #[test]
    fn the_same_times_do_not_differ() {
        for seed in 0..5 {
            let found = test(times(seed, 0), times(seed + 100, 0));
            assert!(found.t.abs() < 4.5, "{found:?}");
            assert!(found.visible < 5.0, "{found:?}");
        }
    }

    #[test]
    fn a_nanosecond_is_found_among_late_ones() {
        let found = test(times(1, 0), times(2, 1));
        assert!(found.t > 10.0 && (0.5..2.0).contains(&found.difference), "{found:?}");
        assert!(test(times(1, 1), times(2, 0)).t < -10.0);
    }

    #[test]
    fn what_is_late_only_now_and_then_is_found_without_a_crop() {
        let mut second = times(2, 0);
        second.iter_mut().step_by(100).for_each(|time| *time += 150_000);
        assert!(test(times(1, 0), second).t > 10.0);
    }

    #[test]
    fn t_is_that_of_the_textbook() {
        // Means 10 and 11; variances 0 and 1 with n = 10000: 1 / sqrt(1.0001 / 10000).
        let first = vec![10; 10_000];
        let second: Vec<u32> = (0..10_000).map(|number| 10 + number % 2 * 2).collect();
        let found = test(first, second);
        assert!((found.t - 99.995).abs() < 0.01 && found.difference == 1.0, "{found:?}");
    }
}
