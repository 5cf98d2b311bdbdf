//! Operations of the management APIs, shared by all API versions.

use birdhook_core::Timestamp;
use http::Uri;

use super::clock::{after, before};
use super::contradictions::SameActivity;
use super::crc::{Target, stays_valid};
use super::inner::{Inner, wake};
use super::ledger::Occasion;
use super::random;
use super::refusal::Refusal;
use super::scheduler::Task;
use super::settings::{MockApi, MockSettings};
use super::state::{MockActivitySubscription, MockFilter, MockStreamLink, MockSubscription, MockWebhook, is_private};
use crate::payload::MockEventKind;

impl MockWebhook {
    /// Returns whether the schedule requires a challenge now.
    pub(crate) fn is_stale(&self, now: Timestamp, inner: &Inner) -> bool {
        let staleness = self.generation.challenges(&inner.settings).schedule.staleness();
        self.valid && self.last_success <= before(now, staleness)
    }
}

impl Inner {
    /// Registers a webhook if it passes its challenge.
    pub(crate) async fn register(
        &self,
        app: &str,
        url: &str,
        generation: MockApi,
        environment: Option<&str>,
    ) -> Result<MockWebhook, Refusal> {
        check_url(url, &self.settings)?;
        // Checked before and after the challenge, because another registration may finish in
        // between.
        let has_room = |webhooks: &[MockWebhook]| {
            let is_there = |webhook: &MockWebhook| webhook.app == app && webhook.url == url;
            let is_taken = |webhook: &MockWebhook| webhook.app == app && webhook.environment.as_deref() == environment;
            if webhooks.iter().any(is_there) {
                return Err(Refusal::DuplicateUrl);
            }
            let is_full = webhooks.len() >= self.settings.limits.webhooks;
            if is_full || environment.is_some() && webhooks.iter().any(is_taken) {
                return Err(Refusal::TooManyWebhooks);
            }
            Ok(())
        };
        let owner = {
            let state = self.state();
            has_room(&state.webhooks)?;
            state.app(app).ok_or(Refusal::NotPermitted)?.clone()
        };
        let target = Target { webhook: None, app: owner, url: url.to_owned(), generation };
        self.challenge(&target, Occasion::Registration).await?;
        let now = self.settings.clock.now();
        let mut state = self.state();
        has_room(&state.webhooks)?;
        let webhook = MockWebhook {
            id: random::id(&mut state.random),
            app: app.to_owned(),
            url: url.to_owned(),
            valid: true,
            created_at: now,
            generation,
            environment: environment.map(str::to_owned),
            last_success: now,
        };
        state.webhooks.push(webhook.clone());
        if let Some(period) = generation.challenges(&self.settings).schedule.period() {
            state.scheduler.add(after(now, period), Task::Challenge(webhook.id.clone()));
        }
        drop(state);
        wake(self);
        Ok(webhook)
    }

    /// Challenges a webhook and updates its validity.
    pub(crate) async fn revalidate(&self, id: &str, occasion: Occasion) -> Result<(), Refusal> {
        let target = {
            let state = self.state();
            let MockWebhook { app, url, generation, .. } = state.webhook(id).ok_or(Refusal::NoSuchWebhook)?;
            let app = state.app(app).ok_or(Refusal::NoSuchWebhook)?.clone();
            Target { webhook: Some(id.to_owned()), app, url: url.clone(), generation: *generation }
        };
        let verdict = self.challenge(&target, occasion).await;
        let now = self.settings.clock.now();
        let settings = target.generation.challenges(&self.settings);
        let mut state = self.state();
        let webhook = state.webhook_mut(id).ok_or(Refusal::NoSuchWebhook)?;
        webhook.valid = stays_valid(&verdict, webhook.valid, webhook.last_success, now, settings);
        if verdict.is_ok() {
            webhook.last_success = now;
        }
        Ok(verdict?)
    }

    /// Marks a webhook as invalid.
    pub(crate) fn invalidate(&self, id: &str) -> Result<(), Refusal> {
        self.state().webhook_mut(id).ok_or(Refusal::NoSuchWebhook)?.valid = false;
        wake(self);
        Ok(())
    }

    /// Subscribes a user to the Account Activity API.
    pub(crate) fn subscribe(&self, app: &str, webhook: &str, user: &str) -> Result<(), Refusal> {
        let now = self.settings.clock.now();
        let mut state = self.state();
        state.webhook_of(app, webhook).ok_or(Refusal::NoSuchWebhook)?;
        if state.is_subscribed(webhook, user) {
            return Err(Refusal::AlreadySubscribed);
        }
        if state.subscriptions.len() >= self.settings.limits.users {
            return Err(Refusal::TooManySubscriptions);
        }
        let (webhook, user_id) = (webhook.to_owned(), user.to_owned());
        state.subscriptions.push(MockSubscription { webhook, user_id, created_at: now });
        Ok(())
    }

    /// Ends an Account Activity subscription.
    pub(crate) fn unsubscribe(&self, app: &str, webhook: &str, user: &str) -> Result<(), Refusal> {
        let mut state = self.state();
        state.webhook_of(app, webhook).ok_or(Refusal::NoSuchWebhook)?;
        if !state.is_subscribed(webhook, user) {
            return Err(Refusal::NoSuchSubscription);
        }
        state.subscriptions.retain(|one| one.webhook != webhook || one.user_id != user);
        Ok(())
    }

    /// Creates an X Activity subscription. If an equal one exists, only its expiry is updated.
    /// `user` is the caller, if the call uses a user's token.
    pub(crate) fn subscribe_activity(
        &self,
        app: &str,
        user: Option<&str>,
        new: NewActivity,
    ) -> Result<MockActivitySubscription, Refusal> {
        let event_type = self.event_type(&new.event_type)?;
        check_filter(event_type, &new.filter)?;
        check_tag(new.tag.as_deref())?;
        if is_private(event_type) && (user.is_none() || user != new.filter.user_id.as_deref()) {
            return Err(Refusal::Private(event_type));
        }
        let now = self.settings.clock.now();
        let mut state = self.state();
        if let Some(id) = &new.webhook_id {
            state.webhook_of(app, id).ok_or(Refusal::NoSuchWebhook)?;
        }
        let expires_at = new.end(now)?;
        state.expire(now);
        let of_subject = |one: &MockActivitySubscription| {
            let subject = |filter: &MockFilter| (filter.user_id.clone(), filter.keyword.clone());
            one.app == app && one.event_type == event_type && subject(&one.filter) == subject(&new.filter)
        };
        let is_same = |one: &MockActivitySubscription| {
            of_subject(one) && one.filter == new.filter && one.webhook_id == new.webhook_id
        };
        if let Some(one) = state.activities.iter_mut().find(|one| is_same(one)) {
            if one.expires_at == expires_at {
                return Err(Refusal::AlreadySubscribed);
            }
            (one.expires_at, one.updated_at) = (expires_at, now);
            return Ok(one.clone());
        }
        let is_by_subject = self.settings.contradictions.same_activity == SameActivity::Subject;
        if is_by_subject && state.activities.iter().any(of_subject) {
            return Err(Refusal::AlreadySubscribed);
        }
        if state.activities.len() >= self.settings.limits.activity_subscriptions {
            return Err(Refusal::TooManySubscriptions);
        }
        let subscription = MockActivitySubscription {
            id: random::id(&mut state.random),
            app: app.to_owned(),
            event_type: event_type.to_owned(),
            filter: new.filter,
            tag: new.tag,
            webhook_id: new.webhook_id,
            created_at: now,
            updated_at: now,
            expires_at,
        };
        state.activities.push(subscription.clone());
        Ok(subscription)
    }

    pub(crate) fn change_activity(
        &self,
        app: &str,
        id: &str,
        tag: Option<String>,
        webhook_id: Option<String>,
    ) -> Result<MockActivitySubscription, Refusal> {
        check_tag(tag.as_deref())?;
        let now = self.settings.clock.now();
        let mut state = self.state();
        if let Some(id) = &webhook_id {
            state.webhook_of(app, id).ok_or(Refusal::NoSuchWebhook)?;
        }
        let found = state.activities.iter_mut().find(|one| one.id == id && one.app == app);
        let found = found.ok_or(Refusal::NoSuchSubscription)?;
        found.tag = tag.or(found.tag.take());
        found.webhook_id = webhook_id.or(found.webhook_id.take());
        found.updated_at = now;
        Ok(found.clone())
    }

    /// Links a webhook to the app's filtered stream, replacing an existing link.
    pub(crate) fn link(&self, app: &str, webhook: &str, fields: Vec<(String, String)>) -> Result<(), Refusal> {
        let now = self.settings.clock.now();
        let mut state = self.state();
        state.webhook_of(app, webhook).ok_or(Refusal::NoSuchWebhook)?;
        state.links.retain(|link| link.webhook != webhook);
        state.links.push(MockStreamLink { webhook: webhook.to_owned(), fields, created_at: now });
        Ok(())
    }

    /// Returns X's name of an event type, if apps can subscribe to it.
    pub(crate) fn event_type(&self, name: &str) -> Result<&'static str, Refusal> {
        // A deprecated alias. Responses contain the current name.
        let canonical = if name == "chat.conversation_join" { MockEventKind::ChatJoin.as_str() } else { name };
        let can_be = |kind: &MockEventKind| match kind {
            MockEventKind::StreamPost | MockEventKind::Replay => false,
            MockEventKind::Revoke => self.settings.contradictions.revoke_can_be_subscribed,
            _ => true,
        };
        let known = MockEventKind::ALL.iter().find(|kind| kind.as_str() == canonical && can_be(kind));
        known.map(|kind| kind.as_str()).ok_or_else(|| Refusal::UnknownEventType(name.to_owned()))
    }
}

/// The body of a request to create an X Activity subscription.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewActivity {
    pub(crate) event_type: String,
    pub(crate) filter: MockFilter,
    pub(crate) tag: Option<String>,
    pub(crate) webhook_id: Option<String>,
    pub(crate) expires_at: Option<String>,
}

impl NewActivity {
    fn end(&self, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = &self.expires_at else { return Ok(None) };
        let end = Timestamp::parse(text).filter(|end| text.contains('T') && *end > now);
        end.map(Some).ok_or_else(|| Refusal::Invalid("expires_at must be an RFC 3339 time in the future".to_owned()))
    }
}

fn check_filter(event_type: &str, filter: &MockFilter) -> Result<(), Refusal> {
    let invalid = |why: &str| Err(Refusal::Invalid(why.to_owned()));
    let is_id = |id: &str| (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    if *filter == MockFilter::default() && event_type != MockEventKind::Revoke.as_str() {
        return invalid("filter must have user_id, keyword or direction");
    }
    if filter.user_id.as_deref().is_some_and(|id| !is_id(id)) {
        return invalid("filter.user_id must be 1 to 19 digits");
    }
    if filter.keyword.as_deref().is_some_and(|word| !(1..=150).contains(&word.chars().count())) {
        return invalid("filter.keyword must have 1 to 150 characters");
    }
    let families = ["chat.", "follow.", "like.", "subscriptions."];
    if !filter.qualifiers.is_empty() && !families.iter().any(|family| event_type.starts_with(family)) {
        return invalid("filter.qualifiers is supported for chat, follow, like and subscriptions events");
    }
    match filter.direction.as_deref() {
        None => Ok(()),
        Some(_) if event_type.starts_with("mute.") || event_type.starts_with("block.") => {
            invalid("filter.direction is not supported for mute.* or block.* events")
        }
        Some("inbound" | "outbound") => Ok(()),
        Some(_) => invalid("filter.direction must be inbound or outbound"),
    }
}

fn check_tag(tag: Option<&str>) -> Result<(), Refusal> {
    match tag {
        Some(tag) if !(1..=200).contains(&tag.chars().count()) => {
            Err(Refusal::Invalid("tag must have 1 to 200 characters".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Checks X's requirements: a public `https` URL of 1 to 200 characters, without a port.
fn check_url(url: &str, settings: &MockSettings) -> Result<(), Refusal> {
    let refuse = |why| Err(Refusal::Url(why));
    let Ok(parsed) = url.parse::<Uri>() else { return refuse("it is no URL") };
    let (Some(scheme), Some(authority)) = (parsed.scheme_str(), parsed.authority()) else {
        return refuse("it is no URL");
    };
    if !(1..=200).contains(&url.chars().count()) {
        return refuse("it is longer than 200 characters");
    }
    if authority.as_str().contains('@') || url.contains('#') {
        return refuse("it has more than a host, a path and a query");
    }
    if settings.local {
        return if matches!(scheme, "http" | "https") { Ok(()) } else { refuse("it is neither http nor https") };
    }
    if scheme != "https" {
        return refuse("it is not https");
    }
    // X also rejects `https://host:`, with an empty port.
    if authority.port().is_some() || authority.as_str().ends_with(':') {
        return refuse("it has a port");
    }
    if !is_public(authority.host()) { refuse("its host is not public") } else { Ok(()) }
}

fn is_public(host: &str) -> bool {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let is_public4 = |ip: Ipv4Addr| {
        !(ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified() || ip.is_broadcast())
    };
    let is_public6 = |ip: Ipv6Addr| {
        let local = ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local();
        !local && ip.to_ipv4_mapped().is_none_or(is_public4)
    };
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => is_public4(ip),
        Ok(IpAddr::V6(ip)) => is_public6(ip),
        Err(_) => host.contains('.') && !host.ends_with(".local") && !host.ends_with(".localhost"),
    }
}
