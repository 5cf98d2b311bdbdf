//! The exit status of a command. Alone in this file, because every command imports it.

/// The result of a command that could be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Exit code 0.
    Success,
    /// The command found a problem: exit code 1.
    Problem,
}

impl From<bool> for ExitStatus {
    fn from(is_success: bool) -> Self {
        if is_success { Self::Success } else { Self::Problem }
    }
}
