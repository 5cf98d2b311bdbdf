//! The bodies to measure with.

use std::fmt;

/// A body of `crates/core/benches/bodies`.
pub(super) struct Body {
    api: &'static str,
    size: &'static str,
    pub(super) escaped: bool,
}

impl Body {
    /// Returns all bodies, the small ones first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let of = |size, api| [false, true].map(|escaped| Self { api, size, escaped });
        ["300", "2k", "6k", "64k"].into_iter().flat_map(move |size| ["aaa", "xaa"].map(|api| of(size, api))).flatten()
    }

    pub(super) fn name(&self) -> String {
        format!("{}_{}{}", self.api, self.size, if self.escaped { "_escaped" } else { "" })
    }

    /// Returns whether this is a post of a typical length.
    pub(super) fn is_post(&self) -> bool {
        self.size == "6k"
    }

    pub(super) fn is_message(&self) -> bool {
        self.size == "2k"
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (self.api, self.size) {
            ("aaa", "300") => "3 deletions",
            ("xaa", "300") => "changed picture",
            (_, "2k") => "message, 2 KB",
            (_, "6k") => "post, 6 KB",
            ("aaa", _) => "posts, 64 KB in total",
            _ => "post, 64 KB",
        };
        let api = self.api.to_uppercase();
        write!(f, "{what} ({api}{})", if self.escaped { ", escaped" } else { "" })
    }
}
