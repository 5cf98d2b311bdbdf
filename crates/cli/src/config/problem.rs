//! Problems of a configuration file, each with its line and key.

use std::path::Path;

use serde::Serialize;

use crate::error::{Code, Failure};
use crate::output::shown;

/// A mistake in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    pub(crate) message: String,
    #[serde(rename = "try")]
    pub(crate) fix: String,
}

impl Problem {
    /// Returns the problem with its place: `birdhook.toml:3: unknown key adr`.
    pub(crate) fn text(&self, path: &Path) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        shown(&format!("{}{line}: {}", path.display(), self.message))
    }

    /// Returns the error of a command that needs the file. `others` is the number of further problems.
    pub(super) fn failure(&self, path: &Path, others: usize) -> anyhow::Error {
        let more = match others {
            0 => String::new(),
            _ => format!("; for all problems, run `birdhook config check {}`", path.display()),
        };
        Failure::new(Code::InvalidFile, self.text(path), format!("{}{more}", self.fix)).into()
    }
}

/// Returns the known word that is most similar to `word`, if one is similar.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let similar = known.into_iter().map(|other| (strsim::jaro(word, other), other));
    let best = similar.max_by(|(one, _), (other, _)| one.total_cmp(other));
    // clap suggests options from the same similarity on.
    best.filter(|(similarity, _)| *similarity > 0.7).map(|(_, known)| known)
}

/// Returns the fix of an unknown key.
pub(super) fn use_nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    nearest(word, known).map_or_else(|| otherwise.to_owned(), |known| format!("use `{known}`"))
}
