//! What the keys are called that stand beside a stream.

/// A key that belongs to a stream and, so that one script may touch both on a Redis Cluster, has the same hash slot: the slot is
/// that of what the first pair of braces holds, if it holds anything, else of the whole name.
///
/// A stream with such a pair hands it on by being the beginning of the key; another one is put between braces, which does not
/// work for a name with a closing brace: on a cluster, such a stream cannot be used. Two colons tell the first from the second, or `s` and
/// `{s}` would share their keys.
pub(super) fn beside(stream: &str, what: &str) -> String {
    if stream.contains('}') { format!("{stream}::{what}") } else { format!("{{{stream}}}:{what}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/> says.
    fn hashed(key: &str) -> &str {
        let Some((_, rest)) = key.split_once('{') else { return key };
        match rest.split_once('}') {
            Some((tag, _)) if !tag.is_empty() => tag,
            _ => key,
        }
    }

    #[test]
    fn keys_beside_a_stream_have_its_slot() {
        for stream in
            ["x", "x:events", "{x}", "{x}:events", "a{x}b{y}", "a{b", "{", "{{x}", "a{{b}", "a{{b}c}", "ä {x} y"]
        {
            assert_eq!(hashed(&beside(stream, "seen:1")), hashed(stream), "{stream}");
        }
    }

    #[test]
    fn no_two_streams_share_a_key() {
        let streams = ["s", "{s}", "{s}:", "{{s}}", "{s}:seen", "{s}::seen", "s}", "{s", "{}s"];
        let mut keys: Vec<_> =
            streams.iter().flat_map(|stream| ["seen:1", "dead", "retry:g"].map(|what| beside(stream, what))).collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}
