//! Moves users from the Account Activity API to the X Activity API.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::api::EventType;
use crate::api::{ActivitySubscription, Filter};
use crate::ensure::{Api, Ensured, Found, Plan, Step, Wanted, Wish, apply};
use crate::{Client, EnsureError};

/// The types of events of the X Activity API that tell what the Account Activity API tells. A revocation is told without a
/// subscription.
pub const EQUIVALENT: [&str; 17] = [
    "post.create",
    "post.mention.create",
    "post.reply.create",
    "post.quote.create",
    "post.repost.create",
    "post.delete",
    "like.create",
    "follow.follow",
    "follow.unfollow",
    "block.block",
    "block.unblock",
    "mute.mute",
    "mute.unmute",
    "dm.sent",
    "dm.received",
    "dm.read",
    "dm.indicate_typing",
];

/// Moves the users of a webhook from the Account Activity API to the X Activity API, in two steps: first they are subscribed
/// to both, then the old subscriptions are ended. Let the receiver run with `CutOver::Both` from before the first until after
/// the second, so that what is told twice arrives once.
#[derive(Debug)]
#[must_use]
pub struct Migration<'a> {
    client: &'a Client,
    url: String,
    api: Api,
    types: BTreeSet<String>,
    overlap: Duration,
}

/// What a migration takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MigrationPlan {
    /// What is to be subscribed first.
    pub subscribe: Plan,
    /// What is to be ended then: of the users who are told everything by both.
    pub unsubscribe: Plan,
    /// The users who stay with the Account Activity API, and the private types that cannot be subscribed for want of a
    /// token of theirs.
    pub stuck: BTreeMap<String, Vec<String>>,
    /// The number of users of the webhook who are subscribed to the Account Activity API.
    pub users: usize,
    /// The number of subscriptions to the X Activity API that X lists now, of all webhooks of the app.
    pub existing: usize,
    /// The subscriptions to the X Activity API that take the place of old ones and end: after that, nothing reports their events.
    pub expiring: Vec<ActivitySubscription>,
}

impl Client {
    /// Moves the users of the webhook of this URL to the X Activity API.
    pub fn migrate(&self, url: impl Into<String>) -> Migration<'_> {
        let types = EQUIVALENT.iter().map(|name| (*name).to_owned()).collect();
        Migration { client: self, url: url.into(), api: Api::V2, types, overlap: Duration::from_secs(90) }
    }
}

impl Migration<'_> {
    /// The same from the API of enterprise 1.1.
    pub fn from_enterprise(self) -> Self {
        Self { api: Api::Enterprise, ..self }
    }

    /// The same with these types of events only, of [`EQUIVALENT`] or others.
    pub fn types(self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { types: types.into_iter().map(Into::into).collect(), ..self }
    }

    /// How long both tell everything before the old subscriptions are ended, from when the youngest of the new ones was made,
    /// by whichever run: 90 s unless set. X may take 10 s after subscribing until it tells the first event, and what has no
    /// id is matched within the receiver's `cut_over_tolerance`, 60 s unless set, which must be over; what X has under way
    /// for the old subscriptions when they end may never arrive. Days are better, to watch what arrives.
    pub fn overlap(self, overlap: Duration) -> Self {
        Self { overlap, ..self }
    }

    /// What there is to do, without doing it.
    ///
    /// # Errors
    /// When X does not say what there is, or there is no such webhook.
    pub async fn plan(&self) -> Result<MigrationPlan, EnsureError> {
        let (wanted, found, stuck) = self.look().await?;
        let subscribe = crate::ensure::plan(&wanted, &found, self.client.now());
        // Nothing is no substitute for what is told now.
        let is_moved = |user: &&String| !self.types.is_empty() && !stuck.contains_key(*user);
        let moved = found.subscribers.iter().filter(is_moved);
        let unsubscribe = moved.map(|user| Step::Unsubscribe { user: user.clone() }).collect();
        let unsubscribe = Plan { steps: unsubscribe, ..Plan::default() };
        let now = self.client.now();
        let equal = wanted.activity.iter().filter_map(|wish| found.equal(wish, now));
        let expiring = equal.filter(|one| one.expires_at.is_some()).cloned().collect();
        let (users, existing) = (found.subscribers.len(), found.existing());
        Ok(MigrationPlan { subscribe, unsubscribe, stuck, users, existing, expiring })
    }

    /// What is wanted in the end of the first step, what there is, and who is stuck.
    async fn look(&self) -> Result<(Wanted, Found, BTreeMap<String, Vec<String>>), EnsureError> {
        let mut wanted = Wanted::new(&*self.url).api(self.api);
        let types = self.types.iter().map(|name| Self::wish("1".to_owned(), name));
        crate::ensure::check(self.client, &types.fold(wanted.clone(), Wanted::wish))?;
        let now = self.client.now();
        let found = Found::read_all(self.client, self.api, &self.url).await?;
        if found.webhook.is_none() {
            return Err(EnsureError::Gone(self.url.clone()));
        }
        let mut stuck: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for user in &found.subscribers {
            let mut has_token: BTreeMap<&[&str], bool> = BTreeMap::new();
            for name in &self.types {
                let wish = Self::wish(user.clone(), name);
                let is_there = found.equal(&wish, now).is_some();
                let event_type = EventType::of(name);
                let scopes = event_type.scopes;
                if event_type.is_private() && !is_there && !has_token.contains_key(scopes) {
                    has_token.insert(scopes, self.client.has_user_token(user, scopes).await?);
                }
                if has_token.get(scopes) == Some(&false) && event_type.is_private() && !is_there {
                    stuck.entry(user.clone()).or_default().push(name.clone());
                } else {
                    wanted.activity.insert(wish);
                }
            }
        }
        Ok((wanted, found, stuck))
    }

    fn wish(user: String, event_type: &str) -> Wish {
        Wish::new(event_type, Filter::user(user))
    }

    /// Subscribes the users to the X Activity API beside the Account Activity API. The refusal of one subscription does not
    /// stop the others.
    ///
    /// # Errors
    /// When X refuses, or does not confirm a subscription. What was done stays, and the next run goes on from there.
    pub async fn side_by_side(&self, tell: impl FnMut(&Step)) -> Result<Ensured, EnsureError> {
        self.subscribe(tell).await?.complete()
    }

    async fn subscribe(&self, tell: impl FnMut(&Step)) -> Result<Ensured, EnsureError> {
        let (wanted, found, _) = self.look().await?;
        let plan = crate::ensure::plan(&wanted, &found, self.client.now());
        apply(self.client, &wanted, plan, tell).await
    }

    /// Ends the subscriptions to the Account Activity API of those users for whom X lists, on this webhook, a subscription to
    /// every type in the X Activity API that nothing narrows.
    ///
    /// # Errors
    /// When X refuses. What was done before stays, and the next run goes on from there.
    pub async fn finish(&self, tell: impl FnMut(&Step)) -> Result<Ensured, EnsureError> {
        self.end(tell).await?.complete()
    }

    async fn end(&self, tell: impl FnMut(&Step)) -> Result<Ensured, EnsureError> {
        let (wanted, plan, _) = self.ending().await?;
        apply(self.client, &wanted, plan, tell).await
    }

    /// What is wanted, the end of the old subscriptions that are told by new ones, and how old the youngest of these is.
    async fn ending(&self) -> Result<(Wanted, Plan, Option<Duration>), EnsureError> {
        let (wanted, found, stuck) = self.look().await?;
        let is_moved = |user: &&String| {
            let has = |name: &String| found.equal(&Self::wish((*user).clone(), name), self.client.now()).is_some();
            !self.types.is_empty() && !stuck.contains_key(*user) && self.types.iter().all(has)
        };
        let steps = found.subscribers.iter().filter(is_moved);
        let steps = steps.map(|user| Step::Unsubscribe { user: user.clone() }).collect();
        let age = found.youngest().map(|made| self.client.now().as_millis().saturating_sub(made.as_millis()));
        let age = age.map(|millis| Duration::from_millis(u64::try_from(millis).unwrap_or(0)));
        Ok((wanted, Plan { steps, ..Plan::default() }, age))
    }

    /// Both, with the [`overlap`](Self::overlap) between them.
    ///
    /// # Errors
    /// As [`side_by_side`](Self::side_by_side) and [`finish`](Self::finish).
    pub async fn run(&self, mut tell: impl FnMut(&Step)) -> Result<Ensured, EnsureError> {
        let begun = self.subscribe(&mut tell).await?;
        let (_, old, age) = self.ending().await?;
        // The run before may have been stopped in its overlap.
        let together = age.filter(|_| begun.done.is_empty());
        let left = together.map_or(self.overlap, |together| self.overlap.saturating_sub(together));
        if !old.is_empty() {
            tokio::time::sleep(left).await;
        }
        let mut ended = self.end(&mut tell).await?;
        ended.done.splice(..0, begun.done);
        ended.unconfirmed.splice(..0, begun.unconfirmed);
        ended.refused.splice(..0, begun.refused);
        ended.kept = begun.kept;
        ended.answered_with = begun.answered_with;
        ended.complete()
    }
}

/// One line for each step.
impl fmt::Display for MigrationPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.subscribe.steps.iter().chain(&self.unsubscribe.steps);
        let lines: Vec<String> = steps.map(ToString::to_string).collect();
        match lines.as_slice() {
            [] => f.write_str("nothing is to be done"),
            lines => f.write_str(&lines.join("\n")),
        }?;
        self.subscribe.differing().iter().try_for_each(|one| write!(f, "\n{one}"))
    }
}
