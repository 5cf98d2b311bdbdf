use std::fmt;

use birdhook_core::Timestamp;
use serde::Serialize;

use super::current::CurrentState;
use super::desired::{DesiredState, DesiredSubscription};
use crate::api::is_same_second;

/// The steps to do, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    pub(crate) steps: Vec<PlanStep>,
    pub(crate) kept: usize,
    /// For steps that X may refuse as duplicates: the current subscriptions that differ from the
    /// desired ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) differing: Vec<Difference>,
}

/// A desired subscription, and similar subscriptions at X.
///
/// They are for the same type and user or keyword, with a different filter or webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The desired subscription.
    #[serde(rename = "wanted")]
    pub desired: String,
    /// The id and a description of each of X's subscriptions.
    #[serde(rename = "held")]
    pub existing: Vec<String>,
}

impl Plan {
    /// Returns the steps, in order.
    pub fn steps(&self) -> &[PlanStep] {
        &self.steps
    }

    /// Returns the number of desired items that exist already: the webhook, if it is valid, and
    /// each subscription.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Returns the desired subscriptions that X may refuse as duplicates of different ones.
    pub fn differing(&self) -> &[Difference] {
        &self.differing
    }

    /// Returns whether there are no steps.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// A step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlanStep {
    /// Register the webhook. X challenges it first.
    Register {
        /// The receiver's URL.
        url: String,
    },
    /// Make X challenge the invalid webhook.
    Challenge {
        /// The webhook's id.
        webhook: String,
    },
    /// Subscribe a user to the Account Activity API.
    Subscribe {
        /// The user's id.
        user: String,
    },
    /// Subscribe to an event type of the X Activity API.
    SubscribeTo(DesiredSubscription),
    /// Change the tag of an X Activity API subscription.
    Tag {
        /// The subscription's id.
        subscription: String,
        /// The new tag.
        tag: String,
    },
    /// Change the expiry of an X Activity API subscription, by creating it again.
    #[serde(rename = "expire")]
    Recreate {
        /// The subscription's id.
        subscription: String,
        /// The desired subscription.
        #[serde(rename = "wish")]
        desired: DesiredSubscription,
    },
    /// Remove a user's subscription to the Account Activity API.
    Unsubscribe {
        /// The user's id.
        user: String,
    },
}

pub(crate) fn plan(desired: &DesiredState, current: &CurrentState, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    match &current.webhook {
        None => plan.steps.push(PlanStep::Register { url: desired.url.clone() }),
        Some(webhook) if !webhook.valid => plan.steps.push(PlanStep::Challenge { webhook: webhook.id.clone() }),
        Some(_) => plan.kept += 1,
    }
    for user in &desired.account_activity {
        match current.subscribers.contains(user) {
            true => plan.kept += 1,
            false => plan.steps.push(PlanStep::Subscribe { user: user.clone() }),
        }
    }
    for new in &desired.activity {
        let Some(existing) = current.equal(new, now) else {
            let existing = current.differing(new, now);
            if !existing.is_empty() {
                plan.differing.push(Difference { desired: new.to_string(), existing });
            }
            plan.steps.push(PlanStep::SubscribeTo(new.clone()));
            continue;
        };
        let before = plan.steps.len();
        if let Some(tag) = new.tag.as_ref().filter(|tag| existing.tag.as_ref() != Some(tag)) {
            plan.steps.push(PlanStep::Tag { subscription: existing.id.clone(), tag: tag.clone() });
        }
        if new.expires_at.is_some_and(|end| existing.expires_at.is_none_or(|is| !is_same_second(is, end))) {
            let tag = new.tag.clone().or_else(|| existing.tag.clone());
            let desired = DesiredSubscription { tag, ..new.clone() };
            plan.steps.push(PlanStep::Recreate { subscription: existing.id.clone(), desired });
        }
        plan.kept += usize::from(plan.steps.len() == before);
    }
    plan
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_steps(f, &self.steps)?;
        self.differing.iter().try_for_each(|one| write!(f, "\n{one}"))
    }
}

/// Writes one line for each step, or `nothing to do`.
pub(crate) fn show_steps<'a>(f: &mut fmt::Formatter<'_>, steps: impl IntoIterator<Item = &'a PlanStep>) -> fmt::Result {
    let lines: Vec<String> = steps.into_iter().map(ToString::to_string).collect();
    f.write_str(if lines.is_empty() { "nothing to do" } else { "" })?;
    f.write_str(&lines.join("\n"))
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { desired, existing } = self;
        write!(f, "X may refuse {desired} as a duplicate: subscription {}", existing.join("; subscription "))
    }
}

impl fmt::Display for PlanStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register { url } => write!(f, "register {url}"),
            Self::Challenge { webhook } => write!(f, "have X challenge the invalid webhook {webhook}"),
            Self::Subscribe { user } => write!(f, "subscribe {user} to the Account Activity API"),
            Self::SubscribeTo(desired) => write!(f, "subscribe to {desired}"),
            Self::Tag { subscription, tag } => write!(f, "tag the subscription {subscription} with {tag:?}"),
            Self::Recreate { subscription, desired } => {
                write!(f, "create the subscription {subscription} again: {desired}")
            }
            Self::Unsubscribe { user } => write!(f, "remove {user}'s subscription to the Account Activity API"),
        }
    }
}
