//! Pseudo-random numbers that are the same on every machine.

use fastrand::Rng;

/// A seeded random number generator. Its results do not depend on the pointer width.
#[derive(Clone, Debug)]
pub(super) struct Dice(Rng);

impl Dice {
    /// Creates a generator from a list of seeds. Each part of a scene has its own, so that numbers
    /// drawn by one part do not change another.
    pub(super) fn of(seeds: impl IntoIterator<Item = u64>) -> Self {
        let mixed = seeds.into_iter().fold(0x9e37_79b9_7f4a_7c15, |mixed: u64, seed| {
            let mut next = (mixed ^ seed).wrapping_add(0x9e37_79b9_7f4a_7c15);
            next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            next ^ (next >> 31)
        });
        Self(Rng::with_seed(mixed))
    }

    pub(super) fn number(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// Returns a number from 0 to `limit - 1`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0.u64(..limit.max(1))
    }

    /// Returns a number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least.saturating_add(self.below(most.saturating_sub(least).saturating_add(1)))
    }

    pub(super) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    pub(super) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let many = u64::try_from(from.len()).unwrap_or(u64::MAX);
        let which = usize::try_from(self.below(many)).unwrap_or(usize::MAX);
        from.get(which).copied().unwrap_or_default()
    }

    /// Returns `many` random letters of this alphabet.
    pub(super) fn letters(&mut self, alphabet: &[u8], many: usize) -> String {
        (0..many).map(|_| char::from(self.pick(alphabet))).collect()
    }

    /// Returns a short id, as in `t.co` links.
    pub(super) fn slug(&mut self, many: usize) -> String {
        self.letters(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", many)
    }

    pub(super) fn hex(&mut self, many: usize) -> String {
        self.letters(b"0123456789abcdef", many)
    }

    pub(super) fn bytes(&mut self, many: usize) -> Vec<u8> {
        (0..many).map(|_| self.0.u8(..)).collect()
    }

    pub(super) fn uuid(&mut self) -> String {
        crate::request::uuid(&mut self.0)
    }
}

/// Hashes a text to a seed (FNV-1a).
pub(super) fn seed(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seeds_fall_the_same_and_others_do_not() {
        let draw = |seeds: [u64; 2]| Dice::of(seeds).number();
        assert_eq!(draw([1, 2]), draw([1, 2]));
        assert_ne!(draw([1, 2]), draw([2, 1]));
        assert_ne!(draw([1, 2]), Dice::of([1]).number());
    }

    #[test]
    fn bounds_hold_and_both_ends_come() {
        let mut dice = Dice::of([7]);
        let drawn: std::collections::BTreeSet<u64> = (0..200).map(|_| dice.between(3, 6)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [3, 4, 5, 6]);
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.pick::<u8>(&[]), 0);
    }
}
