use std::fmt;

use super::plan::PlanStep;
use crate::UrlFault;
use crate::api::SubscriptionFault;
use crate::credentials::{CredentialKind, requirement};

/// The reason why a desired state cannot be reached. Detected without changing anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DesiredStateFault {
    /// X would refuse the webhook's URL.
    #[error("X would refuse the URL {url:?}{}", .fault.detail())]
    Url {
        /// The URL.
        url: String,
        /// The requirement that it violates.
        fault: UrlFault,
    },
    /// X would refuse a subscription to the X Activity API.
    #[error("{0}")]
    Subscription(#[from] SubscriptionFault),
    /// Credentials for a step are missing.
    #[error("no credentials to {step}: {}", requirement(.takes))]
    Credentials {
        /// The step.
        step: Box<PlanStep>,
        /// The accepted kinds of credentials, best first.
        takes: &'static [CredentialKind],
    },
    /// The user's OAuth 2.0 token lacks a scope that a step needs.
    #[error("cannot {step}: {reason}")]
    Scope {
        /// The step.
        step: Box<PlanStep>,
        /// The required scopes, and how to obtain them.
        reason: String,
    },
}

/// All faults of a desired state. Displayed with one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredStateError(pub Vec<DesiredStateFault>);

impl fmt::Display for DesiredStateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
