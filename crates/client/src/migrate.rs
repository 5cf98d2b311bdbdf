use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::Client;
use crate::api::managed::ManagementApi;
use crate::api::{ActivitySubscription, EventType, Filter};
use crate::ensure::{
    CurrentState, DesiredState, DesiredSubscription, EnsureError, Ensured, Plan, PlanStep, apply, check_state, plan,
    show_steps,
};

/// The event types of the X Activity API that deliver the same events as the Account Activity API.
///
/// X delivers a revocation without a subscription.
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

/// Migration of a webhook's users from the Account Activity API to the X Activity API.
///
/// The first step subscribes the users to both APIs. The second removes the old subscriptions. Run
/// the receiver with `ApiMode::Dual` from before the first step until after the second, so that an
/// event reported by both APIs arrives once.
#[derive(Debug)]
#[must_use]
pub struct Migration<'a> {
    client: &'a Client,
    url: String,
    api: ManagementApi,
    types: BTreeSet<String>,
    overlap: Duration,
}

/// The steps of a migration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MigrationPlan {
    /// The subscriptions to create first.
    pub subscribe: Plan,
    /// The subscriptions to remove afterwards. Both APIs deliver these users' events completely.
    pub unsubscribe: Plan,
    /// The users who stay with the Account Activity API, with the types that cannot be subscribed.
    /// These are private event types for which the user's token is missing.
    pub stuck: BTreeMap<String, Vec<String>>,
    /// The number of the webhook's users who are subscribed to the Account Activity API.
    pub users: usize,
    /// The number of X Activity API subscriptions that X lists now, of all the app's webhooks.
    pub existing: usize,
    /// The existing X Activity API subscriptions that replace old ones but expire. After their
    /// expiry, no API reports their events.
    pub expiring: Vec<ActivitySubscription>,
}

/// The time in which both APIs deliver, before the old subscriptions are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overlap {
    /// The time until the removal.
    pub remaining: Duration,
    /// The number of X Activity API subscriptions that X lists for the migrated types and users.
    pub new_subscriptions: usize,
    /// The number of Account Activity API subscriptions that will be removed.
    pub removals: usize,
}

impl Client {
    /// Returns a migration of the users of the webhook at this URL to the X Activity API.
    pub fn migrate(&self, url: impl Into<String>) -> Migration<'_> {
        let types = EQUIVALENT.iter().map(|name| (*name).to_owned()).collect();
        Migration { client: self, url: url.into(), api: ManagementApi::V2, types, overlap: Duration::from_secs(90) }
    }
}

impl Migration<'_> {
    /// Migrates from the Account Activity API of enterprise 1.1.
    pub fn from_enterprise(self) -> Self {
        Self { api: ManagementApi::Enterprise, ..self }
    }

    /// Sets the event types to subscribe. Defaults to [`EQUIVALENT`].
    pub fn types(self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { types: types.into_iter().map(Into::into).collect(), ..self }
    }

    /// Sets how long both APIs deliver before the old subscriptions are removed. Defaults to 90 s.
    ///
    /// The time counts from the newest X Activity API subscription, even if an earlier run created
    /// it.
    ///
    /// X may take 10 s after a subscription to deliver its first event. The receiver then matches
    /// events without an id within its `dual_mode_tolerance`, which defaults to 60 s. The overlap
    /// must cover both. X may drop deliveries that are pending for the old subscriptions when these
    /// are removed. Allow days if you want to compare what arrives.
    pub fn overlap(self, overlap: Duration) -> Self {
        Self { overlap, ..self }
    }

    /// Returns the steps to do, without doing them. Fails if X's current state cannot be read or
    /// the webhook does not exist.
    pub async fn plan(&self) -> Result<MigrationPlan, EnsureError> {
        let (desired, current, stuck) = self.read_state().await?;
        let subscribe = plan(&desired, &current, self.client.now());
        // Without event types, nothing replaces the old subscriptions.
        let is_moved = |user: &&String| !self.types.is_empty() && !stuck.contains_key(*user);
        let moved = current.subscribers.iter().filter(is_moved);
        let unsubscribe = moved.map(|user| PlanStep::Unsubscribe { user: user.clone() }).collect();
        let unsubscribe = Plan { steps: unsubscribe, ..Plan::default() };
        let now = self.client.now();
        let equal = desired.activity.iter().filter_map(|subscription| current.equal(subscription, now));
        let expiring = equal.filter(|one| one.expires_at.is_some()).cloned().collect();
        let (users, existing) = (current.subscribers.len(), current.existing());
        Ok(MigrationPlan { subscribe, unsubscribe, stuck, users, existing, expiring })
    }

    /// Returns the desired state after the first step, the current state, and the stuck users.
    async fn read_state(&self) -> Result<(DesiredState, CurrentState, BTreeMap<String, Vec<String>>), EnsureError> {
        let mut desired = DesiredState::new(&*self.url).api(self.api);
        let types = self.types.iter().map(|name| Self::subscription("1".to_owned(), name));
        check_state(self.client, &types.fold(desired.clone(), DesiredState::subscription))?;
        let now = self.client.now();
        let current = CurrentState::read_all(self.client, self.api, &self.url).await?;
        if current.webhook.is_none() {
            return Err(EnsureError::Gone(self.url.clone()));
        }
        let mut stuck: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for user in &current.subscribers {
            let mut has_token: BTreeMap<&[&str], bool> = BTreeMap::new();
            for name in &self.types {
                let subscription = Self::subscription(user.clone(), name);
                let is_there = current.equal(&subscription, now).is_some();
                let event_type = EventType::of(name);
                let scopes = event_type.scopes;
                if event_type.is_private() && !is_there && !has_token.contains_key(scopes) {
                    has_token.insert(scopes, self.client.has_user_token(user, scopes).await?);
                }
                if has_token.get(scopes) == Some(&false) && event_type.is_private() && !is_there {
                    stuck.entry(user.clone()).or_default().push(name.clone());
                } else {
                    desired.activity.insert(subscription);
                }
            }
        }
        Ok((desired, current, stuck))
    }

    fn subscription(user: String, event_type: &str) -> DesiredSubscription {
        DesiredSubscription::new(event_type, Filter::user(user))
    }

    /// Subscribes the users to the X Activity API in addition to the Account Activity API.
    ///
    /// If X refuses one subscription, the others are still created. Fails if X refuses or does not
    /// confirm a subscription. Completed steps remain, and the next run continues from there.
    pub async fn side_by_side(&self, on_step: impl FnMut(&PlanStep)) -> Result<Ensured, EnsureError> {
        self.subscribe(on_step).await?.complete()
    }

    async fn subscribe(&self, on_step: impl FnMut(&PlanStep)) -> Result<Ensured, EnsureError> {
        let (desired, current, _) = self.read_state().await?;
        let plan = plan(&desired, &current, self.client.now());
        apply(self.client, &desired, plan, on_step).await
    }

    /// Removes the Account Activity API subscriptions that the X Activity API replaces completely.
    ///
    /// A user's subscription is removed if X lists a subscription of that user to every type on
    /// this webhook, none of them with a narrower filter. Fails if X refuses. Completed steps
    /// remain, and the next run continues from there.
    pub async fn finish(&self, on_step: impl FnMut(&PlanStep)) -> Result<Ensured, EnsureError> {
        self.remove(on_step).await?.complete()
    }

    async fn remove(&self, on_step: impl FnMut(&PlanStep)) -> Result<Ensured, EnsureError> {
        let (desired, plan, ..) = self.removals().await?;
        apply(self.client, &desired, plan, on_step).await
    }

    /// Returns the desired state, the plan of removals, the age of the newest replacement, and the
    /// number of replacements that X lists.
    async fn removals(&self) -> Result<(DesiredState, Plan, Option<Duration>, usize), EnsureError> {
        let (desired, current, stuck) = self.read_state().await?;
        let is_moved = |user: &&String| {
            let has =
                |name: &String| current.equal(&Self::subscription((*user).clone(), name), self.client.now()).is_some();
            !self.types.is_empty() && !stuck.contains_key(*user) && self.types.iter().all(has)
        };
        let steps = current.subscribers.iter().filter(is_moved);
        let steps = steps.map(|user| PlanStep::Unsubscribe { user: user.clone() }).collect();
        let age = current.newest().map(|made| self.client.now().as_millis().saturating_sub(made.as_millis()));
        let age = age.map(|millis| Duration::from_millis(u64::try_from(millis).unwrap_or(0)));
        let now = self.client.now();
        let replacements = desired.activity.iter().filter(|one| current.equal(one, now).is_some()).count();
        Ok((desired, Plan { steps, ..Plan::default() }, age, replacements))
    }

    /// Runs both steps, with the [`overlap`](Self::overlap) between them.
    ///
    /// # Errors
    /// As for [`side_by_side`](Self::side_by_side) and [`finish`](Self::finish).
    pub async fn run(&self, on_step: impl FnMut(&PlanStep)) -> Result<Ensured, EnsureError> {
        self.run_with(on_step, |_| ()).await
    }

    /// Runs both steps, as [`run`](Self::run) does, and calls `on_overlap` when the overlap begins.
    /// Does not call it if nothing will be removed.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn run_with(
        &self,
        mut on_step: impl FnMut(&PlanStep),
        on_overlap: impl FnOnce(Overlap),
    ) -> Result<Ensured, EnsureError> {
        let subscribed = self.subscribe(&mut on_step).await?;
        let (_, old, age, new_subscriptions) = self.removals().await?;
        // If this run created nothing, an earlier run may have stopped during its overlap.
        let overlapped = age.filter(|_| subscribed.done.is_empty());
        let left = overlapped.map_or(self.overlap, |overlapped| self.overlap.saturating_sub(overlapped));
        if !old.is_empty() {
            on_overlap(Overlap { remaining: left, new_subscriptions, removals: old.steps().len() });
            tokio::time::sleep(left).await;
        }
        let mut report = self.remove(&mut on_step).await?;
        report.done.splice(..0, subscribed.done);
        report.unconfirmed.splice(..0, subscribed.unconfirmed);
        report.refused.splice(..0, subscribed.refused);
        report.kept = subscribed.kept;
        report.challenge_secret = subscribed.challenge_secret;
        report.complete()
    }
}

impl fmt::Display for MigrationPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_steps(f, self.subscribe.steps.iter().chain(&self.unsubscribe.steps))?;
        self.subscribe.differing().iter().try_for_each(|one| write!(f, "\n{one}"))
    }
}
