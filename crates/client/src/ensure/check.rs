use super::desired::DesiredState;
use super::plan::{Plan, PlanStep};
use super::report::{DesiredStateError, DesiredStateFault, EnsureError};
use crate::api::ActivityApi;
use crate::api::managed::ManagementApi;
use crate::call::{ANY_USER, BEARER, BEARER_OR_OWNER, Call, OWNER, USER};
use crate::url::{is_public_url, url_fault};
use crate::{Client, ErrorCause, UrlFault};

fn result(faults: Vec<DesiredStateFault>) -> Result<(), EnsureError> {
    if faults.is_empty() { Ok(()) } else { Err(EnsureError::DesiredState(DesiredStateError(faults))) }
}

/// Checks the URL, the event types, the filters, the tags and the expiries.
pub(crate) fn check_state(client: &Client, desired: &DesiredState) -> Result<(), EnsureError> {
    let mut faults = Vec::new();
    // A mock X on this machine accepts receivers on this machine.
    let is_local = client.is_local() && !is_public_url(&desired.url);
    let fault = url_fault(&desired.url);
    let may_be_local = matches!(fault, UrlFault::NotHttps | UrlFault::Port | UrlFault::NotPublic);
    if fault != UrlFault::Unknown && !(is_local && may_be_local) {
        faults.push(DesiredStateFault::Url { url: desired.url.clone(), fault });
    }
    for new in &desired.activity {
        let checked = new.subscription("1").check(client.now()).map_err(DesiredStateFault::from);
        // Several users may share a fault, such as an unknown type. Report it once.
        faults.extend(checked.err().filter(|fault| !faults.contains(fault)));
    }
    result(faults)
}

pub(crate) async fn check_credentials(client: &Client, api: ManagementApi, plan: &Plan) -> Result<(), EnsureError> {
    let mut missing = Vec::new();
    for step in &plan.steps {
        let call = call(api, step);
        let Err(error) = client.credential_for(&call).await else { continue };
        let (step, takes) = (Box::new(step.clone()), call.takes);
        missing.push(match error.cause() {
            ErrorCause::Permission => DesiredStateFault::Scope { step, reason: format!("{error}; {}", error.fix()) },
            _ => DesiredStateFault::Credentials { step, takes },
        });
    }
    result(missing)
}

/// Returns the call of a step, with only the parts that determine its credentials.
fn call(api: ManagementApi, step: &PlanStep) -> Call {
    let (webhook, user) = match api {
        ManagementApi::V2 => (BEARER_OR_OWNER, ANY_USER),
        ManagementApi::Enterprise => (OWNER, USER),
    };
    match step {
        PlanStep::Register { .. } | PlanStep::Challenge { .. } => Call::post("", webhook),
        PlanStep::Subscribe { user: id } => Call::post("", user).for_user(id),
        PlanStep::SubscribeTo(desired) | PlanStep::Recreate { desired, .. } => {
            ActivityApi::creation(&desired.subscription("1"))
        }
        PlanStep::Tag { .. } | PlanStep::Unsubscribe { .. } => Call::post("", BEARER),
    }
}
