use std::fmt;

use serde::Serialize;

use super::plan::PlanStep;
use super::probe::ProbeFault;
use crate::api::{ActivitySubscription, NewSubscription, RegisteredWebhook, SubscriptionFault, Unconfirmed};
use crate::credentials::{CredentialKind, requirement};
use crate::{Error, UrlFault};

/// Report of a run: the steps done, the state that existed already, and the steps that may not be
/// done.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Ensured {
    /// The webhook.
    pub webhook: RegisteredWebhook,
    /// The completed steps. Empty if the desired state existed already.
    pub done: Vec<PlanStep>,
    /// The number of desired items that existed already.
    pub kept: usize,
    /// The steps that X's responses and lists do not confirm.
    pub unconfirmed: Vec<Undone>,
    /// The steps that X refused.
    pub refused: Vec<Undone>,
    /// The kind of secret with which the receiver answered our challenge, `consumer` or `client`.
    /// `None` if it was not challenged.
    #[serde(rename = "answered_with", skip_serializing_if = "Option::is_none")]
    pub challenge_secret: Option<&'static str>,
}

/// A step that was refused or is unconfirmed.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Undone {
    /// The step.
    pub step: PlanStep,
    /// The reason, in words.
    pub reason: String,
    /// X's response, if it is an error.
    #[serde(skip)]
    pub error: Option<Error>,
    /// X's subscriptions for the same subject that differ in the filter or the webhook.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub in_the_way: Vec<ActivitySubscription>,
    /// For each of them, the command that replaces it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replace: Vec<String>,
}

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

/// The reason why the desired state was not reached. Completed steps remain, and the next run
/// continues from there.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnsureError {
    /// X would refuse the desired state, or credentials are missing. Nothing was changed.
    #[error("{0}")]
    DesiredState(DesiredStateError),
    /// The receiver would fail X's challenge. No step was tried.
    #[error("X would refuse the receiver: {0}")]
    Receiver(#[source] ProbeFault),
    /// X's current state could not be read.
    #[error(transparent)]
    Read(#[from] Error),
    /// X refused the webhook or cannot be reached. No further step was tried.
    #[error("cannot {step}: {error}{}", .hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
    Step {
        /// The step.
        step: Box<PlanStep>,
        /// The cause.
        #[source]
        error: Error,
        /// The steps completed before.
        done: Vec<PlanStep>,
        /// The earlier steps that X refused or did not confirm.
        undone: Vec<Undone>,
        /// The remaining steps.
        left: Vec<PlanStep>,
        /// How to answer with the app's other secret. Set if X refused the challenge response and
        /// our own challenge succeeded.
        hint: Option<String>,
    },
    /// X refused or did not confirm some steps. All others are done.
    #[error("X refused {} and left {} unconfirmed{}", steps(.0.refused.len()), .0.unconfirmed.len(), .0.first())]
    Incomplete(Box<Ensured>),
    /// X challenged the webhook, and it is still invalid.
    #[error("the webhook {0} is still invalid after X's challenge: run `birdhook doctor` on its URL")]
    Invalid(String),
    /// The app has no webhook at this URL: it was never registered, or was deleted meanwhile.
    #[error("the app has no webhook at {0}")]
    Gone(String),
}

impl Ensured {
    fn first(&self) -> String {
        let first = self.refused.iter().chain(&self.unconfirmed).next();
        first.map_or_else(String::new, |undone| format!(": cannot {}: {}", undone.step, undone.reason))
    }

    /// Converts the report into an error if any step was refused or is unconfirmed.
    pub(crate) fn complete(self) -> Result<Self, EnsureError> {
        let is_complete = self.refused.is_empty() && self.unconfirmed.is_empty();
        if is_complete { Ok(self) } else { Err(EnsureError::Incomplete(Box::new(self))) }
    }
}

impl Undone {
    pub(super) fn new(step: &PlanStep, error: Error) -> Self {
        let reason = format!("{error}; {}", error.fix());
        Self { step: step.clone(), reason, error: Some(error), in_the_way: Vec::new(), replace: Vec::new() }
    }

    pub(super) fn unconfirmed(step: &PlanStep, why: Unconfirmed) -> Self {
        let reason = why.to_string();
        let error = why.error.or(why.read_error);
        Self { step: step.clone(), reason, error, in_the_way: Vec::new(), replace: Vec::new() }
    }

    pub(super) fn in_the_way(
        step: &PlanStep,
        new: &NewSubscription,
        error: Error,
        others: Vec<ActivitySubscription>,
    ) -> Self {
        let replace = others.iter().map(|one| new.replace_command(one)).collect();
        let all: Vec<String> = others.iter().map(|one| new.difference(one)).collect();
        let reason = format!("X has a different subscription for the same subject: {}", all.join("; "));
        Self { step: step.clone(), reason, error: Some(error), in_the_way: others, replace }
    }
}

fn steps(number: usize) -> String {
    format!("{number} step{}", if number == 1 { "" } else { "s" })
}
