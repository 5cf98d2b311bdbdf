//! Made-up ids, which a seed repeats, and tokens, which nothing does.

const LETTERS: &[char] = &[
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y',
    'z', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X',
    'Y', 'Z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
];

const DIGITS: &[char] = &['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/// This many letters and digits, from the system's randomness: who knows a token can have the mock
/// sign.
pub(crate) fn letters(many: usize) -> String {
    chosen(LETTERS, many)
}

/// This many digits, from the system's randomness.
pub(crate) fn digits(many: usize) -> String {
    chosen(DIGITS, many)
}

fn chosen(of: &[char], many: usize) -> String {
    let mut bytes = vec![0; many];
    // Without randomness a token is one that nobody can use.
    if rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).is_err() {
        return String::new();
    }
    bytes.iter().filter_map(|byte| of.get(usize::from(*byte) % of.len())).collect()
}

/// An id of 19 digits, as X's of late.
pub(crate) fn id(random: &mut fastrand::Rng) -> String {
    random.u64(1_900_000_000_000_000_000..2_000_000_000_000_000_000).to_string()
}
