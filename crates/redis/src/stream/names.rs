//! Names of the keys that belong to a stream, and of an entry's fields.

/// The field that holds the JSON.
pub(super) const PAYLOAD: &str = "payload";

/// Returns the name of a key that belongs to a stream and shares its hash slot.
///
/// The shared slot lets one script use both keys on a Redis Cluster. Redis hashes the text in the
/// first pair of braces, or the whole name if there is none or it is empty.
///
/// A stream name that contains `}` becomes the beginning of the key. Any other is put between
/// braces. A name with `}` but without a non-empty pair of braces does not share its slot, so it
/// cannot be used on a cluster. Two colons distinguish the two forms; otherwise `s` and `{s}` would
/// share keys.
pub(super) fn beside(stream: &str, what: &str) -> String {
    if stream.contains('}') { format!("{stream}::{what}") } else { format!("{{{stream}}}:{what}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>.
    fn hashed(key: &str) -> &str {
        let Some((_, rest)) = key.split_once('{') else { return key };
        match rest.split_once('}') {
            Some((tag, _)) if !tag.is_empty() => tag,
            _ => key,
        }
    }

    #[test]
    fn the_keys_of_a_stream_share_its_slot() {
        for stream in
            ["x", "x:events", "{x}", "{x}:events", "a{x}b{y}", "a{b", "{", "{{x}", "a{{b}", "a{{b}c}", "ä {x} y"]
        {
            assert_eq!(hashed(&beside(stream, "seen:1")), hashed(stream), "{stream}");
        }
    }

    #[test]
    fn two_streams_never_share_a_key() {
        let streams = ["s", "{s}", "{s}:", "{{s}}", "{s}:seen", "{s}::seen", "s}", "{s", "{}s"];
        let mut keys: Vec<_> =
            streams.iter().flat_map(|stream| ["seen:1", "dead", "retry:g"].map(|what| beside(stream, what))).collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}
