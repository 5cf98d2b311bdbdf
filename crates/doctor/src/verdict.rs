//! The verdict on a receiver, and the effects of its faults.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::diagnosis::CheckResult;

/// The effect of a failed check, most serious first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// The receiver accepts deliveries that X did not send.
    Forgery,
    /// X cannot connect to the receiver.
    Unreachable,
    /// X refuses to register the webhook, or invalidates it.
    Refusal,
    /// X counts deliveries as failed, or the receiver acknowledges events that it does not process.
    Loss,
    /// Attackers can crash or block the receiver, or learn about it.
    Exposure,
}

impl Effect {
    /// Returns the stable name: `forgery`, `unreachable`, `refusal`, `loss` or `exposure`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forgery => "forgery",
            Self::Unreachable => "unreachable",
            Self::Refusal => "refusal",
            Self::Loss => "loss",
            Self::Exposure => "exposure",
        }
    }

    /// Returns the verdict on a receiver whose most serious fault has this effect.
    pub fn verdict(self) -> &'static str {
        match self {
            Self::Forgery => "unsafe: accepts forged deliveries",
            Self::Unreachable => "unreachable",
            Self::Refusal => "X would refuse it",
            Self::Loss => "would lose events",
            Self::Exposure => "unsafe: attackers can exploit a fault",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The verdict on a receiver: `Display` prints it with the check, the cause and the fix of the most
/// serious failure, on one line.
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'a> {
    pub(crate) first: Option<&'a CheckResult>,
}

impl<'a> Verdict<'a> {
    /// Returns the verdict in a few words, for example `ready for X`.
    pub fn summary(&self) -> &'static str {
        self.first.and_then(CheckResult::effect).map_or("ready for X", Effect::verdict)
    }

    /// Returns the failure to fix first.
    pub fn first(&self) -> Option<&'a CheckResult> {
        self.first
    }
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.summary())?;
        match self.first {
            Some(first) => write!(f, ": {}: {}", first.check(), first.finding()),
            None => Ok(()),
        }
    }
}
