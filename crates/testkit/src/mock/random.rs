//! Made-up ids and tokens.

const LETTERS: &[char] = &[
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y',
    'z', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X',
    'Y', 'Z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
];

/// This many letters and digits.
pub(crate) fn letters(random: &mut fastrand::Rng, many: usize) -> String {
    (0..many).map(|_| random.choice(LETTERS).copied().unwrap_or('x')).collect()
}

/// An id of 19 digits, as X's of late.
pub(crate) fn id(random: &mut fastrand::Rng) -> String {
    random.u64(1_900_000_000_000_000_000..2_000_000_000_000_000_000).to_string()
}
