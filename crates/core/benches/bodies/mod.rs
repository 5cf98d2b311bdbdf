//! Bodies for benchmarks: the same events from both APIs, plain and escaped.

macro_rules! bodies {
    ($($name:literal),+) => {
        /// Names and texts of the bodies.
        pub(crate) const ALL: &[(&str, &str)] = &[$(($name, include_str!(concat!($name, ".json")))),+];
    };
}

bodies! {
    "aaa_300", "aaa_300_escaped", "xaa_300", "xaa_300_escaped", "aaa_2k", "aaa_2k_escaped", "xaa_2k", "xaa_2k_escaped",
    "aaa_6k", "aaa_6k_escaped", "xaa_6k", "xaa_6k_escaped", "aaa_64k", "aaa_64k_escaped", "xaa_64k", "xaa_64k_escaped"
}
