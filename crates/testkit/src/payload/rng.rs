//! Random numbers that are the same on every machine.

use fastrand::Rng;

/// Creates the generator for one part of a scene. Each part has its own, so that numbers drawn by
/// one part do not change another.
pub(super) fn rng(scene: u64, part: &str) -> Rng {
    // FNV-1a.
    let bytes = scene.to_le_bytes().into_iter().chain(part.bytes());
    let seed =
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    Rng::with_seed(seed)
}

/// Returns a random element. `Rng::choice` depends on the pointer width.
pub(super) fn pick<T: Copy + Default>(rng: &mut Rng, from: &[T]) -> T {
    let index = rng.u64(..u64::try_from(from.len()).unwrap_or(u64::MAX).max(1));
    usize::try_from(index).ok().and_then(|index| from.get(index)).copied().unwrap_or_default()
}

/// Returns a short id, as in `t.co` links.
pub(super) fn slug(rng: &mut Rng) -> String {
    (0..10).map(|_| char::from(pick(rng, b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seeds_give_the_same_numbers() {
        let draw = |scene, part| rng(scene, part).u64(..);
        assert_eq!(draw(1, "links"), draw(1, "links"));
        assert_ne!(draw(1, "links"), draw(2, "links"));
        assert_ne!(draw(1, "links"), draw(1, "users"));
    }

    #[test]
    fn picks_every_element_and_the_default_of_an_empty_list() {
        let mut rng = rng(7, "");
        let picked: std::collections::BTreeSet<u8> = (0..200).map(|_| pick(&mut rng, b"abcd")).collect();
        assert!(picked.into_iter().eq(*b"abcd"));
        assert_eq!(pick::<u8>(&mut rng, &[]), 0);
    }
}
