//! Random ids, which are repeatable from a seed, and random tokens, which are not.

/// Without `l`, `o`, `I` and `O`, which are easily confused with digits.
const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789";
const DIGITS: &[u8] = b"0123456789";

/// Returns random letters and digits. Uses the system's randomness, because a token allows its
/// holder to make the mock sign.
pub(crate) fn letters(many: usize) -> String {
    chosen(LETTERS, many)
}

pub(crate) fn digits(many: usize) -> String {
    chosen(DIGITS, many)
}

fn chosen(of: &[u8], many: usize) -> String {
    let mut bytes = vec![0; many];
    // Without randomness, returns an empty token, which cannot be used.
    if rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).is_err() {
        return String::new();
    }
    bytes.iter().filter_map(|byte| of.get(usize::from(*byte) % of.len())).copied().map(char::from).collect()
}

/// Returns a 19-digit id, like X's recent ones.
pub(crate) fn id(random: &mut fastrand::Rng) -> String {
    random.u64(1_900_000_000_000_000_000..2_000_000_000_000_000_000).to_string()
}
