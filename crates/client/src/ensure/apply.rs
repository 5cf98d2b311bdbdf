//! Does what is to be done.

use serde::Serialize;

use super::found::{self, Found};
use super::plan::{Plan, Step};
use super::probe::ProbeFault;
use super::wanted::{Api, Wanted};
use crate::api::{Change, NewSubscription, Webhook};
use crate::{Cause, Client, Error};

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Ensured {
    /// The webhook.
    pub webhook: Webhook,
    /// The steps that were done; none when all was there.
    pub done: Vec<Step>,
    /// How much of what is wanted was there already.
    pub kept: usize,
}

/// Why a wanted state was not reached. What was done before stays; the next run goes on from there.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnsureError {
    /// The receiver would fail X's challenge. X was not asked.
    #[error("X would refuse the receiver: {0}")]
    Receiver(#[source] ProbeFault),
    /// X does not say what there is.
    #[error(transparent)]
    Looking(#[from] Error),
    /// X refuses a step.
    #[error("cannot {step}: {error}")]
    Step {
        /// The step.
        step: Box<Step>,
        /// Why.
        #[source]
        error: Error,
        /// The steps that were done before.
        done: Vec<Step>,
        /// The steps that were to come after it.
        left: Vec<Step>,
    },
    /// X challenged the webhook, and it is invalid still.
    #[error("X has challenged the webhook {0}, and it is invalid still: run `birdhook doctor` on its URL")]
    Invalid(String),
    /// There is no webhook of this URL: none was registered, or somebody has deleted it meanwhile.
    #[error("the app has no webhook of {0}")]
    Gone(String),
}

pub(crate) async fn apply(
    client: &Client,
    wanted: &Wanted,
    plan: Plan,
    mut tell: impl FnMut(&Step),
) -> Result<Ensured, EnsureError> {
    let mut webhook = found::webhook(client, wanted.api, &wanted.url).await?;
    let mut done = Vec::new();
    let mut steps = plan.steps.into_iter();
    while let Some(step) = steps.next() {
        let made = match &step {
            Step::Register { url } => match register(client, wanted, url).await {
                Ok(made) if !made.valid => return Err(EnsureError::Invalid(made.id)),
                made => made.map(|made| webhook = Some(made)),
            },
            Step::Challenge { webhook: id } => match challenge(client, wanted.api, id).await {
                Ok(true) => Ok(()),
                Ok(false) => return Err(EnsureError::Invalid(id.clone())),
                Err(error) => Err(error),
            },
            other => match &webhook {
                Some(webhook) => make(client, wanted.api, &webhook.id, other).await,
                None => return Err(EnsureError::Gone(wanted.url.clone())),
            },
        };
        if let Err(error) = made {
            return Err(EnsureError::Step { step: Box::new(step), error, done, left: steps.collect() });
        }
        tell(&step);
        done.push(step);
    }
    // Its state has changed with what was done.
    let webhook = if done.is_empty() { webhook } else { found::webhook(client, wanted.api, &wanted.url).await? };
    let webhook = webhook.ok_or_else(|| EnsureError::Gone(wanted.url.clone()))?;
    Ok(Ensured { webhook, done, kept: plan.kept })
}

/// Whether what a call should make may be there though the call failed.
fn may_be_there(error: &Error) -> bool {
    matches!(
        error.cause(),
        Cause::DuplicateUrl | Cause::AlreadySubscribed | Cause::LimitReached | Cause::NoAnswer(_) | Cause::Down
    )
}

async fn register(client: &Client, wanted: &Wanted, url: &str) -> Result<Webhook, Error> {
    let made = match wanted.api {
        Api::V2 => client.webhooks().register(url).await,
        Api::Enterprise => client.enterprise().register(url).await,
    };
    match made {
        // Perhaps the answer was lost, or somebody else was faster.
        Err(error) if may_be_there(&error) => match found::webhook(client, wanted.api, &wanted.url).await {
            Ok(Some(webhook)) => Ok(webhook),
            _ => Err(error),
        },
        made => made,
    }
}

async fn challenge(client: &Client, api: Api, webhook: &str) -> Result<bool, Error> {
    match api {
        Api::V2 => client.webhooks().validate(webhook).await,
        Api::Enterprise => client.enterprise().challenge(webhook).await.map(|()| true),
    }
}

async fn make(client: &Client, api: Api, webhook: &str, step: &Step) -> Result<(), Error> {
    match step {
        Step::Subscribe { user } => {
            let made = match api {
                Api::V2 => client.account_activity().subscribe(webhook, user).await,
                Api::Enterprise => client.enterprise().subscribe(webhook, user).await,
            };
            made.or_else(|error| if *error.cause() == Cause::AlreadySubscribed { Ok(()) } else { Err(error) })
        }
        Step::SubscribeTo(wish) => {
            let mut new = NewSubscription::new(&*wish.event_type, wish.filter.clone()).webhook(webhook);
            new.tag.clone_from(&wish.tag);
            match client.activity().create(&new).await {
                Ok(_) => Ok(()),
                Err(error) if may_be_there(&error) => {
                    let all = found::activity(client, webhook).await.unwrap_or_default();
                    let is_there = |one| Found::is(one, wish);
                    if all.iter().any(is_there) { Ok(()) } else { Err(error) }
                }
                Err(error) => Err(error),
            }
        }
        Step::Tag { subscription, tag } => client.activity().update(subscription, &Change::tag(tag)).await.map(drop),
        Step::Unsubscribe { user } => {
            let made = match api {
                Api::V2 => client.account_activity().unsubscribe(webhook, user).await,
                Api::Enterprise => client.enterprise().unsubscribe(webhook, user).await,
            };
            made.or_else(|error| if *error.cause() == Cause::NotSubscribed { Ok(()) } else { Err(error) })
        }
        Step::Register { .. } | Step::Challenge { .. } => Ok(()),
    }
}
