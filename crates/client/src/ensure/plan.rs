//! What is to be done.

use std::fmt;

use serde::Serialize;

use super::found::Found;
use super::wanted::{Wanted, Wish};
use crate::api::Direction;

/// What is to be done, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    pub(crate) steps: Vec<Step>,
    /// How much of what is wanted there is already.
    pub(crate) kept: usize,
}

impl Plan {
    /// The steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How much of what is wanted there is already: the webhook, if it is valid, and each subscription.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// Register the webhook; X challenges it first.
    Register {
        /// The receiver's URL.
        url: String,
    },
    /// Let X challenge the webhook, which is invalid.
    Challenge {
        /// The webhook's id.
        webhook: String,
    },
    /// Subscribe a user to the Account Activity API.
    Subscribe {
        /// The user's id.
        user: String,
    },
    /// Subscribe to a type of event of the X Activity API.
    SubscribeTo(Wish),
    /// Give a subscription to the X Activity API another tag.
    Tag {
        /// The subscription's id.
        subscription: String,
        /// The tag.
        tag: String,
    },
    /// End a user's subscription to the Account Activity API.
    Unsubscribe {
        /// The user's id.
        user: String,
    },
}

/// What it takes to get from what there is to what is wanted.
pub(crate) fn plan(wanted: &Wanted, found: &Found) -> Plan {
    let mut plan = Plan::default();
    match &found.webhook {
        None => plan.steps.push(Step::Register { url: wanted.url.clone() }),
        Some(webhook) if !webhook.valid => plan.steps.push(Step::Challenge { webhook: webhook.id.clone() }),
        Some(_) => plan.kept += 1,
    }
    for user in &wanted.account_activity {
        match found.subscribers.contains(user) {
            true => plan.kept += 1,
            false => plan.steps.push(Step::Subscribe { user: user.clone() }),
        }
    }
    for wish in &wanted.activity {
        let same = found.activity.iter().find(|one| Found::is(one, wish));
        match (same, &wish.tag) {
            (None, _) => plan.steps.push(Step::SubscribeTo(wish.clone())),
            (Some(one), Some(tag)) if one.tag.as_ref() != Some(tag) => {
                plan.steps.push(Step::Tag { subscription: one.id.clone(), tag: tag.clone() });
            }
            (Some(_), _) => plan.kept += 1,
        }
    }
    plan
}

/// One line for each step.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return write!(f, "nothing is to be done");
        }
        let lines: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register { url } => write!(f, "register {url}"),
            Self::Challenge { webhook } => write!(f, "let X challenge the webhook {webhook}, which is invalid"),
            Self::Subscribe { user } => write!(f, "subscribe {user} to the Account Activity API"),
            Self::SubscribeTo(wish) => write!(f, "subscribe to {wish}"),
            Self::Tag { subscription, tag } => write!(f, "tag the subscription {subscription} with {tag:?}"),
            Self::Unsubscribe { user } => write!(f, "end {user}'s subscription to the Account Activity API"),
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.event_type)?;
        if let Some(user) = &self.filter.user_id {
            write!(f, " of {user}")?;
        }
        if let Some(word) = &self.filter.keyword {
            write!(f, " about {word:?}")?;
        }
        match self.filter.direction {
            Some(Direction::Inbound) => f.write_str(", inbound")?,
            Some(Direction::Outbound) => f.write_str(", outbound")?,
            None => {}
        }
        self.tag.as_ref().map_or(Ok(()), |tag| write!(f, ", tagged {tag:?}"))
    }
}
