//! Times two classes of inputs in random order, and compares the times with Welch's t-test, over all
//! of them and over crops, as in dudect (<https://eprint.iacr.org/2016/1123>).

use std::hint::black_box;
use std::time::Instant;

use fastrand::Rng;

/// An input. Each is copied to the same memory before use, so that its address does not influence
/// the time.
pub(super) struct Input {
    pub(super) header: Vec<u8>,
    pub(super) message: Vec<u8>,
}

pub(super) type Timed = Box<dyn FnMut(&Input)>;

/// One measurement of both classes: their medians, and the most certain difference. Times are in
/// nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) medians: [u32; 2],
    pub(super) t: f64,
    /// The mean of the second class minus the mean of the first.
    pub(super) difference: f64,
    /// The smallest difference that would have had t = 4.5, among crops of at least half of the
    /// times.
    pub(super) visible: f64,
}

/// The minimum number of times in a crop, for either class.
const FEWEST: usize = 5000;

/// Times the operation. Both classes must have the same number of inputs, with equal lengths at
/// each index.
pub(super) fn run(classes: &[Vec<Input>; 2], timed: &mut Timed, count: usize, random: &mut Rng) -> Measured {
    let mut times: [Vec<u32>; 2] = std::array::from_fn(|_| Vec::with_capacity(count));
    let mut input = Input { header: Vec::with_capacity(256), message: Vec::with_capacity(4096) };
    for number in 0..count + count / 20 {
        let class = usize::from(random.bool());
        let next = &classes[class][random.usize(..classes[0].len())];
        input.header.clear();
        input.header.extend_from_slice(&next.header);
        input.message.clear();
        input.message.extend_from_slice(&next.message);
        let input = black_box(&input);
        let begun = Instant::now();
        timed(input);
        let took = begun.elapsed();
        // The first runs are warm-up.
        if number >= count / 20 {
            times[class].push(u32::try_from(took.as_nanos()).unwrap_or(u32::MAX));
        }
    }
    compare(times)
}

/// Finds the largest |t| over all times and over crops of the shortest ones, up to a hundred
/// percentiles.
///
/// Crops matter because occasional delays hide a difference that is always present.
fn compare(mut times: [Vec<u32>; 2]) -> Measured {
    times.iter_mut().for_each(|times| times.sort_unstable());
    let mut pooled = times.concat();
    pooled.sort_unstable();
    let medians = times.each_ref().map(|times| times[times.len() / 2]);
    let mut surest = Measured { medians, t: 0.0, difference: 0.0, visible: f64::INFINITY };
    let crops = (1..=100).map(|number| 1.0 - 0.5_f64.powf(f64::from(number) / 10.0));
    let limits = crops.map(|share| (share, pooled[(share * (pooled.len() - 1) as f64) as usize]));
    // The times in the crop, their sum, and the sum of their squares. Integers are exact.
    let mut sums = [(0, 0_u64, 0_u128); 2];
    for (share, limit) in limits.chain([(1.0, u32::MAX)]) {
        for ((count, sum, squares), times) in sums.iter_mut().zip(&times) {
            while let Some(time) = times.get(*count).filter(|time| **time < limit) {
                *count += 1;
                *sum += u64::from(*time);
                *squares += u128::from(*time).pow(2);
            }
        }
        if sums.iter().any(|(count, ..)| *count < FEWEST) {
            continue;
        }
        let [(one, of_one), (other, of_other)] = sums.map(|(count, sum, squares)| {
            let (n, sum) = (count as f64, sum as f64);
            let variance = (squares as f64 - sum * sum / n).max(0.0) / (n - 1.0);
            (sum / n, variance / n)
        });
        let (difference, error) = (other - one, (of_one + of_other).sqrt());
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a deterministic sequence of times around 500 ns, some of them late. `longer` is
    /// added to each.
    fn times(seed: u64, longer: u32) -> Vec<u32> {
        let mut random = Rng::with_seed(seed);
        let one = |_| {
            let late = if random.u32(..500) == 0 { random.u32(..100_000) } else { 0 };
            500 + longer + random.u32(..40) + random.u32(..40) + late
        };
        (0..200_000).map(one).collect()
    }

    #[test]
    fn the_same_times_do_not_differ() {
        for seed in 0..5 {
            let found = compare([times(seed, 0), times(seed + 100, 0)]);
            assert!(found.t.abs() < 4.5, "{found:?}");
            assert!(found.visible < 5.0, "{found:?}");
        }
    }

    #[test]
    fn a_nanosecond_is_found_among_late_ones() {
        let found = compare([times(1, 0), times(2, 1)]);
        assert!(found.t > 10.0 && (0.5..2.0).contains(&found.difference), "{found:?}");
        assert!(compare([times(1, 1), times(2, 0)]).t < -10.0);
    }

    #[test]
    fn what_is_late_only_now_and_then_is_found_without_a_crop() {
        let mut second = times(2, 0);
        second.iter_mut().step_by(100).for_each(|time| *time += 150_000);
        assert!(compare([times(1, 0), second]).t > 10.0);
    }

    #[test]
    fn t_is_that_of_the_textbook() {
        // Means 10 and 11; variances 0 and 1 with n = 10000: 1 / sqrt(1.0001 / 10000).
        let second: Vec<u32> = (0..10_000).map(|number| 10 + number % 2 * 2).collect();
        let found = compare([vec![10; 10_000], second]);
        assert!((found.t - 99.995).abs() < 0.01 && found.difference == 1.0, "{found:?}");
    }
}
