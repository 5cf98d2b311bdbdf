//! Applies a plan.

use serde::Serialize;

use super::check::DesiredStateError;
use super::found;
use super::plan::{Plan, PlanStep};
use super::probe::ProbeFault;
use super::wanted::{DesiredState, ManagementApi};
use crate::api::{
    ActivitySubscription, NewSubscription, RegisteredWebhook, Subscribed, SubscriptionChange, Unconfirmed,
};
use crate::{Client, Error, ErrorCause};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_with: Option<&'static str>,
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

/// The reason why the desired state was not reached. Completed steps remain, and the next run
/// continues from there.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnsureError {
    /// X would refuse the desired state, or credentials are missing. Nothing was changed.
    #[error("{0}")]
    Wanted(DesiredStateError),
    /// The receiver would fail X's challenge. No step was tried.
    #[error("X would refuse the receiver: {0}")]
    Receiver(#[source] ProbeFault),
    /// X's current state could not be read.
    #[error(transparent)]
    Looking(#[from] Error),
    /// X refused the webhook or cannot be reached. No further step was tried.
    #[error("cannot {step}: {error}{}", .hint.as_ref().map(|hint| format!(". {hint}")).unwrap_or_default())]
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
    #[error("{} steps are refused and {} are unconfirmed{}", .0.refused.len(), .0.unconfirmed.len(), .0.first())]
    Incomplete(Box<Ensured>),
    /// X challenged the webhook, and it is still invalid.
    #[error("X has challenged the webhook {0}, and it is invalid still: run `birdhook doctor` on its URL")]
    Invalid(String),
    /// The app has no webhook at this URL: it was never registered, or was deleted meanwhile.
    #[error("the app has no webhook of {0}")]
    Gone(String),
}

impl Ensured {
    /// Describes the first step that was refused or is unconfirmed.
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

/// Outcome of a step.
enum Made {
    Done,
    AlreadyThere,
    Unconfirmed(Undone),
    Refused(Undone),
    /// No further step can succeed now.
    Stopped(Error),
}

impl Undone {
    fn new(step: &PlanStep, error: Error) -> Self {
        let reason = format!("{error}. {}", error.fix());
        Self { step: step.clone(), reason, error: Some(error), in_the_way: Vec::new(), replace: Vec::new() }
    }

    fn unconfirmed(step: &PlanStep, why: Unconfirmed) -> Self {
        let reason = why.to_string();
        let error = why.answer.or(why.reading);
        Self { step: step.clone(), reason, error, in_the_way: Vec::new(), replace: Vec::new() }
    }

    fn in_the_way(step: &PlanStep, new: &NewSubscription, error: Error, others: Vec<ActivitySubscription>) -> Self {
        let replace = others.iter().map(|one| new.replace_command(one)).collect();
        let all: Vec<String> = others.iter().map(|one| new.difference(one)).collect();
        let reason = format!("X holds another subscription for the same: {}", all.join("; "));
        Self { step: step.clone(), reason, error: Some(error), in_the_way: others, replace }
    }
}

/// Applies a plan, step by step. A refused subscription does not stop the others.
pub(crate) async fn apply(
    client: &Client,
    wanted: &DesiredState,
    plan: Plan,
    mut tell: impl FnMut(&PlanStep),
) -> Result<Ensured, EnsureError> {
    let mut webhook = found::webhook(client, wanted.api, &wanted.url).await?;
    let (mut done, mut kept) = (Vec::new(), plan.kept);
    let (mut unconfirmed, mut refused) = (Vec::new(), Vec::new());
    let mut steps = plan.steps.into_iter();
    while let Some(step) = steps.next() {
        let made = match &step {
            PlanStep::Register { url } => match register(client, wanted, url).await {
                Ok(made) if !made.valid => return Err(EnsureError::Invalid(made.id)),
                Ok(made) => {
                    webhook = Some(made);
                    Made::Done
                }
                Err(error) => Made::Stopped(error),
            },
            PlanStep::Challenge { webhook: id } => match challenge(client, wanted.api, id).await {
                Ok(true) => Made::Done,
                Ok(false) => return Err(EnsureError::Invalid(id.clone())),
                Err(error) => Made::Stopped(error),
            },
            other => match &webhook {
                Some(webhook) => make(client, wanted.api, &webhook.id, other).await,
                None => return Err(EnsureError::Gone(wanted.url.clone())),
            },
        };
        match made {
            Made::Done => {
                tell(&step);
                done.push(step);
            }
            Made::AlreadyThere => kept += 1,
            Made::Unconfirmed(undone) => unconfirmed.push(undone),
            Made::Refused(undone) => refused.push(undone),
            Made::Stopped(error) => {
                let undone = refused.into_iter().chain(unconfirmed).collect();
                let (step, left, hint) = (Box::new(step), steps.collect(), None);
                return Err(EnsureError::Step { step, error, done, undone, left, hint });
            }
        }
    }
    // The steps may have changed the webhook's state.
    let webhook = if done.is_empty() { webhook } else { found::webhook(client, wanted.api, &wanted.url).await? };
    let webhook = webhook.ok_or_else(|| EnsureError::Gone(wanted.url.clone()))?;
    Ok(Ensured { webhook, done, kept, unconfirmed, refused, answered_with: None })
}

/// Returns whether the call may have created its object although it failed.
fn may_be_there(error: &Error) -> bool {
    matches!(
        error.cause(),
        ErrorCause::DuplicateUrl
            | ErrorCause::AlreadySubscribed
            | ErrorCause::LimitReached
            | ErrorCause::NoAnswer(_)
            | ErrorCause::Down
    )
}

async fn register(client: &Client, wanted: &DesiredState, url: &str) -> Result<RegisteredWebhook, Error> {
    let made = match wanted.api {
        ManagementApi::V2 => client.webhooks().register(url).await,
        ManagementApi::Enterprise => client.enterprise().register(url).await,
    };
    match made {
        // The response was lost, or another process registered the webhook first.
        Err(error) if may_be_there(&error) => match found::webhook(client, wanted.api, &wanted.url).await {
            Ok(Some(webhook)) => Ok(webhook),
            _ => Err(error),
        },
        made => made,
    }
}

async fn challenge(client: &Client, api: ManagementApi, webhook: &str) -> Result<bool, Error> {
    match api {
        ManagementApi::V2 => client.webhooks().validate(webhook).await,
        ManagementApi::Enterprise => client.enterprise().challenge(webhook).await.map(|()| true),
    }
}

async fn make(client: &Client, api: ManagementApi, webhook: &str, step: &PlanStep) -> Made {
    match step {
        PlanStep::Subscribe { user } => {
            let made = match api {
                ManagementApi::V2 => client.account_activity().subscribe(webhook, user).await,
                ManagementApi::Enterprise => client.enterprise().subscribe(webhook, user).await,
            };
            match made {
                Err(error) if *error.cause() == ErrorCause::AlreadySubscribed => {
                    already_subscribed(client, api, (webhook, user), step, error).await
                }
                made => of(step, made),
            }
        }
        PlanStep::SubscribeTo(wish) => subscribe(client, step, &wish.subscription(webhook)).await,
        PlanStep::Tag { subscription, tag } => {
            of(step, client.activity().update(subscription, &SubscriptionChange::tag(tag)).await.map(drop))
        }
        PlanStep::Expire { wish, .. } => {
            let new = wish.subscription(webhook);
            of(step, client.activity().renew(&new).await.map(drop))
        }
        PlanStep::Unsubscribe { user } => {
            let made = match api {
                ManagementApi::V2 => client.account_activity().unsubscribe(webhook, user).await,
                ManagementApi::Enterprise => client.enterprise().unsubscribe(webhook, user).await,
            };
            let made =
                made.or_else(|error| if *error.cause() == ErrorCause::NotSubscribed { Ok(()) } else { Err(error) });
            of(step, made)
        }
        PlanStep::Register { .. } | PlanStep::Challenge { .. } => Made::Done,
    }
}

/// Handles "already subscribed" by X: reads back whether the user is subscribed on this webhook.
async fn already_subscribed(
    client: &Client,
    api: ManagementApi,
    (webhook, user): (&str, &str),
    step: &PlanStep,
    error: Error,
) -> Made {
    match found::subscribers(client, api, webhook).await {
        Ok(users) if users.contains(user) => Made::AlreadyThere,
        Ok(_) => Made::Refused(Undone::new(step, error)),
        Err(reading) => Made::Unconfirmed(Undone::unconfirmed(
            step,
            Unconfirmed { answer: Some(error), reading: Some(reading), made: None },
        )),
    }
}

fn of(step: &PlanStep, made: Result<(), Error>) -> Made {
    match made {
        Ok(()) => Made::Done,
        Err(error) if error.is_retryable() => Made::Stopped(error),
        Err(error) => Made::Refused(Undone::new(step, error)),
    }
}

async fn subscribe(client: &Client, step: &PlanStep, new: &NewSubscription) -> Made {
    match client.activity().subscribe(new).await {
        Subscribed::Added(_) => Made::Done,
        Subscribed::AlreadyThere(_) => Made::AlreadyThere,
        Subscribed::InTheWay { error, others } => Made::Refused(Undone::in_the_way(step, new, error, others)),
        Subscribed::Unconfirmed(why) => Made::Unconfirmed(Undone::unconfirmed(step, why)),
        Subscribed::Refused(error) => of(step, Err(error)),
    }
}
