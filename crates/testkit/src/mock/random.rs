//! Random ids, which are repeatable from a seed, and random tokens, which are not.

const LETTERS: &[char] = &[
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y',
    'z', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X',
    'Y', 'Z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
];

const DIGITS: &[char] = &['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/// Returns random letters and digits. Uses the system's randomness, because a token allows its
/// holder to make the mock sign.
pub(crate) fn letters(many: usize) -> String {
    chosen(LETTERS, many)
}

/// Returns random digits, from the system's randomness.
pub(crate) fn digits(many: usize) -> String {
    chosen(DIGITS, many)
}

fn chosen(of: &[char], many: usize) -> String {
    let mut bytes = vec![0; many];
    // Without randomness, returns an empty token, which cannot be used.
    if rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).is_err() {
        return String::new();
    }
    bytes.iter().filter_map(|byte| of.get(usize::from(*byte) % of.len())).collect()
}

/// Returns a 19-digit id, like X's recent ones.
pub(crate) fn id(random: &mut fastrand::Rng) -> String {
    random.u64(1_900_000_000_000_000_000..2_000_000_000_000_000_000).to_string()
}
