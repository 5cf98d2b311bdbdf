//! The plan from the current to the desired state.

use std::fmt;

use birdhook_core::Timestamp;
use serde::Serialize;

use super::found::CurrentState;
use super::wanted::{DesiredState, DesiredSubscription};
use crate::api::is_same_second;

/// The steps to do, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    pub(crate) steps: Vec<PlanStep>,
    /// The number of desired items that exist already.
    pub(crate) kept: usize,
    /// For steps that X may refuse as duplicates: the current subscriptions that differ from the
    /// desired ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) differing: Vec<Differing>,
}

/// A desired subscription, and similar subscriptions at X.
///
/// They are for the same type and user or keyword, with a different filter or webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Differing {
    /// The desired subscription.
    pub wanted: String,
    /// The id and a description of each of X's subscriptions.
    pub held: Vec<String>,
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
    pub fn differing(&self) -> &[Differing] {
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
    Expire {
        /// The subscription's id.
        subscription: String,
        /// The desired subscription.
        wish: DesiredSubscription,
    },
    /// Remove a user's subscription to the Account Activity API.
    Unsubscribe {
        /// The user's id.
        user: String,
    },
}

/// Returns the plan from the current to the desired state.
pub(crate) fn plan(wanted: &DesiredState, found: &CurrentState, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    match &found.webhook {
        None => plan.steps.push(PlanStep::Register { url: wanted.url.clone() }),
        Some(webhook) if !webhook.valid => plan.steps.push(PlanStep::Challenge { webhook: webhook.id.clone() }),
        Some(_) => plan.kept += 1,
    }
    for user in &wanted.account_activity {
        match found.subscribers.contains(user) {
            true => plan.kept += 1,
            false => plan.steps.push(PlanStep::Subscribe { user: user.clone() }),
        }
    }
    for wish in &wanted.activity {
        let Some(one) = found.equal(wish, now) else {
            let held = found.differing(wish, now);
            if !held.is_empty() {
                plan.differing.push(Differing { wanted: wish.to_string(), held });
            }
            plan.steps.push(PlanStep::SubscribeTo(wish.clone()));
            continue;
        };
        let before = plan.steps.len();
        if let Some(tag) = wish.tag.as_ref().filter(|tag| one.tag.as_ref() != Some(tag)) {
            plan.steps.push(PlanStep::Tag { subscription: one.id.clone(), tag: tag.clone() });
        }
        if wish.expires_at.is_some_and(|end| one.expires_at.is_none_or(|is| !is_same_second(is, end))) {
            let tag = wish.tag.clone().or_else(|| one.tag.clone());
            let wish = DesiredSubscription { tag, ..wish.clone() };
            plan.steps.push(PlanStep::Expire { subscription: one.id.clone(), wish });
        }
        plan.kept += usize::from(plan.steps.len() == before);
    }
    plan
}

/// Writes one line for each step.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return write!(f, "nothing is to be done");
        }
        let lines: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))?;
        self.differing.iter().try_for_each(|one| write!(f, "\n{one}"))
    }
}

impl fmt::Display for Differing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, held } = self;
        write!(f, "X may refuse {wanted} as a duplicate: subscription {}", held.join("; subscription "))
    }
}

impl fmt::Display for PlanStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register { url } => write!(f, "register {url}"),
            Self::Challenge { webhook } => write!(f, "let X challenge the webhook {webhook}, which is invalid"),
            Self::Subscribe { user } => write!(f, "subscribe {user} to the Account Activity API"),
            Self::SubscribeTo(wish) => write!(f, "subscribe to {wish}"),
            Self::Tag { subscription, tag } => write!(f, "tag the subscription {subscription} with {tag:?}"),
            Self::Expire { subscription, wish } => {
                write!(f, "create the subscription {subscription} again: {wish}")
            }
            Self::Unsubscribe { user } => write!(f, "end {user}'s subscription to the Account Activity API"),
        }
    }
}

impl fmt::Display for DesiredSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.event_type, self.filter)?;
        if let Some(tag) = &self.tag {
            write!(f, ", tagged {tag:?}")?;
        }
        self.expires_at.map_or(Ok(()), |end| write!(f, ", until {end}"))
    }
}
