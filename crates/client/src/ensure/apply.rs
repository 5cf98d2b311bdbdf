use super::desired::DesiredState;
use super::plan::{Plan, PlanStep};
use super::report::{EnsureError, Ensured, Undone};
use crate::api::managed::{ManagedApi, ManagementApi};
use crate::api::{NewSubscription, RegisteredWebhook, Subscribed, SubscriptionChange, Unconfirmed};
use crate::{Client, Error, ErrorCause};

enum Outcome {
    Done,
    AlreadyThere,
    Unconfirmed(Undone),
    Refused(Undone),
    /// No further step can succeed now.
    Stopped(Error),
}

/// Applies a plan, step by step, and calls `on_step` after each completed step. A refused
/// subscription does not stop the others.
pub(crate) async fn apply(
    client: &Client,
    desired: &DesiredState,
    plan: Plan,
    mut on_step: impl FnMut(&PlanStep),
) -> Result<Ensured, EnsureError> {
    let managed = client.managed(desired.api);
    let mut webhook = managed.find(&desired.url).await?;
    let (mut done, mut kept) = (Vec::new(), plan.kept);
    let (mut unconfirmed, mut refused) = (Vec::new(), Vec::new());
    let mut steps = plan.steps.into_iter();
    while let Some(step) = steps.next() {
        let outcome = match &step {
            PlanStep::Register { url } => match register(managed, url).await {
                Ok(registered) if !registered.valid => return Err(EnsureError::Invalid(registered.id)),
                Ok(registered) => {
                    webhook = Some(registered);
                    Outcome::Done
                }
                Err(error) => Outcome::Stopped(error),
            },
            PlanStep::Challenge { webhook: id } => match managed.challenge(id).await {
                Ok(true) => Outcome::Done,
                Ok(false) => return Err(EnsureError::Invalid(id.clone())),
                Err(error) => Outcome::Stopped(error),
            },
            other => match &webhook {
                Some(webhook) => apply_step(client, desired.api, &webhook.id, other).await,
                None => return Err(EnsureError::Gone(desired.url.clone())),
            },
        };
        match outcome {
            Outcome::Done => {
                on_step(&step);
                done.push(step);
            }
            Outcome::AlreadyThere => kept += 1,
            Outcome::Unconfirmed(undone) => unconfirmed.push(undone),
            Outcome::Refused(undone) => refused.push(undone),
            Outcome::Stopped(error) => {
                let undone = refused.into_iter().chain(unconfirmed).collect();
                let (step, left, hint) = (Box::new(step), steps.collect(), None);
                return Err(EnsureError::Step { step, error, done, undone, left, hint });
            }
        }
    }
    // The steps may have changed the webhook's state.
    let webhook = if done.is_empty() { webhook } else { managed.find(&desired.url).await? };
    let webhook = webhook.ok_or_else(|| EnsureError::Gone(desired.url.clone()))?;
    Ok(Ensured { webhook, done, kept, unconfirmed, refused, challenge_secret: None })
}

async fn register(managed: ManagedApi<'_>, url: &str) -> Result<RegisteredWebhook, Error> {
    match managed.register(url).await {
        // The response was lost, or another process registered the webhook first.
        Err(error) if error.may_be_carried_out() || *error.cause() == ErrorCause::DuplicateUrl => {
            managed.find(url).await.ok().flatten().ok_or(error)
        }
        registered => registered,
    }
}

async fn apply_step(client: &Client, api: ManagementApi, webhook: &str, step: &PlanStep) -> Outcome {
    let managed = client.managed(api);
    match step {
        PlanStep::Subscribe { user } => match managed.subscribe(webhook, user).await {
            Err(error) if *error.cause() == ErrorCause::AlreadySubscribed => {
                already_subscribed(managed, (webhook, user), step, error).await
            }
            subscribed => outcome(step, subscribed),
        },
        PlanStep::SubscribeTo(desired) => subscribe(client, step, &desired.subscription(webhook)).await,
        PlanStep::Tag { subscription, tag } => {
            outcome(step, client.activity().update(subscription, &SubscriptionChange::tag(tag)).await.map(drop))
        }
        PlanStep::Recreate { desired, .. } => {
            outcome(step, client.activity().renew(&desired.subscription(webhook)).await.map(drop))
        }
        PlanStep::Unsubscribe { user } => match managed.unsubscribe(webhook, user).await {
            Err(error) if *error.cause() == ErrorCause::NotSubscribed => Outcome::Done,
            unsubscribed => outcome(step, unsubscribed),
        },
        PlanStep::Register { .. } | PlanStep::Challenge { .. } => Outcome::Done,
    }
}

/// Handles "already subscribed" by X: reads back whether the user is subscribed on this webhook.
async fn already_subscribed(
    managed: ManagedApi<'_>,
    (webhook, user): (&str, &str),
    step: &PlanStep,
    error: Error,
) -> Outcome {
    match managed.subscribers(webhook).await {
        Ok(users) if users.contains(user) => Outcome::AlreadyThere,
        Ok(_) => Outcome::Refused(Undone::new(step, error)),
        Err(reading) => Outcome::Unconfirmed(Undone::unconfirmed(
            step,
            Unconfirmed { error: Some(error), read_error: Some(reading), created: None },
        )),
    }
}

fn outcome(step: &PlanStep, result: Result<(), Error>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(error) if error.is_retryable() => Outcome::Stopped(error),
        Err(error) => Outcome::Refused(Undone::new(step, error)),
    }
}

async fn subscribe(client: &Client, step: &PlanStep, new: &NewSubscription) -> Outcome {
    match client.activity().subscribe(new).await {
        Subscribed::Added(_) => Outcome::Done,
        Subscribed::AlreadyThere(_) => Outcome::AlreadyThere,
        Subscribed::InTheWay { error, others } => Outcome::Refused(Undone::in_the_way(step, new, error, others)),
        Subscribed::Unconfirmed(why) => Outcome::Unconfirmed(Undone::unconfirmed(step, why)),
        Subscribed::Refused(error) => outcome(step, Err(error)),
    }
}
