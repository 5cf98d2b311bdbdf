//! Checks of a desired state before anything is changed.

use std::fmt;

use super::apply::EnsureError;
use super::plan::{Plan, PlanStep};
use super::wanted::{DesiredState, ManagementApi};
use crate::api::{ActivityApi, SubscriptionFault, in_words, login};
use crate::call::Call;
use crate::error::{is_public_url, url_fault};
use crate::{Client, CredentialKind, ErrorCause, UrlFault};

/// The reason why a desired state cannot be reached. Detected without changing anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DesiredStateFault {
    /// X would refuse the webhook's URL.
    #[error("X would refuse the URL {url:?}{}", .fault.in_words())]
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
    #[error("no credentials to {step}: it needs {}{}", in_words(.takes), login(.takes))]
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

fn result(faults: Vec<DesiredStateFault>) -> Result<(), EnsureError> {
    if faults.is_empty() { Ok(()) } else { Err(EnsureError::Wanted(DesiredStateError(faults))) }
}

/// Checks the URL, the event types, the filters, the tags and the expiries.
pub(crate) fn wanted(client: &Client, wanted: &DesiredState) -> Result<(), EnsureError> {
    let mut faults = Vec::new();
    // A mock X on this machine accepts receivers on this machine.
    let is_local = client.is_local() && !is_public_url(&wanted.url);
    let fault = url_fault(&wanted.url);
    let may_be_local = matches!(fault, UrlFault::NotHttps | UrlFault::Port | UrlFault::NotPublic);
    if fault != UrlFault::Unknown && !(is_local && may_be_local) {
        faults.push(DesiredStateFault::Url { url: wanted.url.clone(), fault });
    }
    for wish in &wanted.activity {
        let checked = wish.subscription("1").check(client.now()).map_err(DesiredStateFault::from);
        // Several users may share a fault, such as an unknown type. Report it once.
        faults.extend(checked.err().filter(|fault| !faults.contains(fault)));
    }
    result(faults)
}

/// Checks that credentials exist for each step.
pub(crate) async fn credentials(client: &Client, wanted: &DesiredState, plan: &Plan) -> Result<(), EnsureError> {
    let mut missing = Vec::new();
    for step in &plan.steps {
        let call = call(wanted.api, step);
        let Err(error) = client.kind(&call).await else { continue };
        let (step, takes) = (Box::new(step.clone()), call.takes);
        missing.push(match error.cause() {
            ErrorCause::Permission => DesiredStateFault::Scope { step, reason: format!("{error}. {}", error.fix()) },
            _ => DesiredStateFault::Credentials { step, takes },
        });
    }
    result(missing)
}

/// Returns the call of a step, with only the parts that determine its credentials.
fn call(api: ManagementApi, step: &PlanStep) -> Call {
    use crate::api::{ANY_USER, BEARER, BEARER_OR_OWNER, OWNER, USER};
    let (webhook, user) = match api {
        ManagementApi::V2 => (BEARER_OR_OWNER, ANY_USER),
        ManagementApi::Enterprise => (OWNER, USER),
    };
    match step {
        PlanStep::Register { .. } | PlanStep::Challenge { .. } => Call::post("", webhook),
        PlanStep::Subscribe { user: id } => Call::post("", user).of(id),
        PlanStep::SubscribeTo(wish) | PlanStep::Expire { wish, .. } => ActivityApi::creation(&wish.subscription("1")),
        PlanStep::Tag { .. } | PlanStep::Unsubscribe { .. } => Call::post("", BEARER),
    }
}
