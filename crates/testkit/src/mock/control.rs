//! Methods that control a mock X without HTTP.

use birdhook_core::{SecretError, SecretKind};

use super::MockX;
use super::credentials::{MockApp, MockToken, MockUser, Permission};
use super::inner::wake;
use super::ledger::Occasion;
use super::manage::NewActivity;
use super::refusal::Refusal;
use super::settings::{Chaos, DeliveryOrder, MockApi};
use super::state::{MockActivitySubscription, MockFilter, MockSubscription, MockWebhook, Outage, Written};
use crate::payload::{MockEvent, MockEventKind};

impl MockX {
    /// Adds an app to the account, or returns the app of this name if it exists.
    ///
    /// Two apps may have webhooks with the same URL.
    ///
    /// # Errors
    /// Returns an error if the app's secret is not valid.
    pub fn add_app(&self, name: &str) -> Result<MockApp, SecretError> {
        self.inner.new_app(name, None, None)
    }

    /// Replaces a secret of the first app, as the button *Regenerate* in X's developer console does.
    ///
    /// The mock signs with the new secret from the next request on, and the old one no longer answers
    /// challenges. [`app`](Self::app) still returns the secrets with which the mock started.
    ///
    /// # Errors
    /// Returns an error if the secret is not valid.
    pub fn set_secret(&self, kind: SecretKind, secret: impl Into<String>) -> Result<(), SecretError> {
        self.inner.set_secret(&self.app.name, kind, MockToken::new(secret))
    }

    /// Returns a user who has authorized the first app.
    ///
    /// Their tokens stay the same until the user revokes access.
    pub fn user(&self, id: &str) -> MockUser {
        self.user_of(&self.app, id)
    }

    /// Returns a user who has authorized this app.
    pub fn user_of(&self, app: &MockApp, id: &str) -> MockUser {
        self.inner.user(&app.name, id)
    }

    /// Restricts a user's OAuth 2.0 token to these scopes. Defaults to all
    /// [`SCOPES`](super::SCOPES).
    pub fn restrict(&self, user: &MockUser, scopes: &[&str]) {
        if let Some(grant) = self.inner.state().grants2.get_mut(&user.oauth2_token) {
            grant.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        }
    }

    /// Invalidates an OAuth 2.0 token before its expiry. Its refresh token stays valid.
    pub fn expire(&self, token: &MockToken) {
        self.inner.state().grants2.remove(token);
    }

    /// Sets the permission for users who authorize an app from now on.
    ///
    /// Existing tokens do not change.
    pub fn set_permission(&self, permission: Permission) {
        self.inner.state().permission = permission;
    }

    /// Registers a webhook of the first app with v2, if it passes its challenge.
    ///
    /// # Errors
    /// Returns the reasons for which `POST /2/webhooks` fails.
    pub async fn register(&self, url: &str) -> Result<MockWebhook, Refusal> {
        self.register_for(&self.app, url, MockApi::V2).await
    }

    /// Registers a webhook of this app with this API. In premium 1.1 its environment is `dev`.
    ///
    /// # Errors
    /// Returns the reasons for which that API's call fails.
    pub async fn register_for(&self, app: &MockApp, url: &str, generation: MockApi) -> Result<MockWebhook, Refusal> {
        let environment = (generation == MockApi::Premium).then_some("dev");
        self.inner.register(&app.name, url, generation, environment).await
    }

    /// Challenges a webhook again, as PUT does.
    ///
    /// # Errors
    /// Returns an error if the webhook fails the challenge.
    pub async fn revalidate(&self, webhook: &MockWebhook) -> Result<(), Refusal> {
        self.inner.revalidate(&webhook.id, Occasion::Revalidation).await
    }

    /// Marks a webhook as invalid, as X does after failed challenges: it gets no deliveries until it
    /// passes a challenge.
    ///
    /// # Errors
    /// Returns an error if the webhook does not exist.
    pub fn invalidate(&self, webhook: &MockWebhook) -> Result<(), Refusal> {
        self.inner.invalidate(&webhook.id)
    }

    /// Deletes a webhook and its subscriptions.
    pub fn delete(&self, webhook: &MockWebhook) {
        self.inner.state().remove_webhook(&webhook.id);
    }

    /// Subscribes a user to the Account Activity API.
    ///
    /// # Errors
    /// Returns an error if the webhook does not exist, the user is already subscribed, or the limit
    /// has been reached.
    pub fn subscribe(&self, webhook: &MockWebhook, user: &str) -> Result<(), Refusal> {
        self.inner.subscribe(&webhook.app, &webhook.id, user)
    }

    /// Creates an X Activity subscription to a user's events of this kind.
    ///
    /// # Errors
    /// Returns the reasons for which `POST /2/activity/subscriptions` fails.
    pub fn subscribe_to(
        &self,
        webhook: &MockWebhook,
        user: &str,
        kind: MockEventKind,
    ) -> Result<MockActivitySubscription, Refusal> {
        self.subscribe_tagged(webhook, user, kind, None)
    }

    /// Like `subscribe_to`, with a tag that every event of the subscription contains.
    ///
    /// # Errors
    /// Returns the reasons for which `POST /2/activity/subscriptions` fails.
    pub fn subscribe_tagged(
        &self,
        webhook: &MockWebhook,
        user: &str,
        kind: MockEventKind,
        tag: Option<&str>,
    ) -> Result<MockActivitySubscription, Refusal> {
        let filter = MockFilter { user_id: Some(user.to_owned()), ..MockFilter::default() };
        let (tag, webhook_id) = (tag.map(str::to_owned), Some(webhook.id.clone()));
        let new = NewActivity { event_type: kind.as_str().to_owned(), filter, tag, webhook_id, expires_at: None };
        self.inner.subscribe_activity(&webhook.app, Some(user), new)
    }

    /// Links a webhook to the filtered stream.
    ///
    /// # Errors
    /// Returns an error if the webhook does not exist.
    pub fn link(&self, webhook: &MockWebhook) -> Result<(), Refusal> {
        self.inner.link(&webhook.app, &webhook.id, Vec::new())
    }

    /// Generates an event of this kind for a user at the current time, and delivers it to every
    /// subscribed webhook.
    pub fn emit(&self, kind: MockEventKind, user: &str) -> MockEvent {
        let event = self.inner.generate(kind, user);
        self.deliver(&event);
        event
    }

    /// Delivers an event to every subscribed webhook, and returns the number of deliveries.
    ///
    /// A revocation also removes the user's subscriptions and tokens, for every app.
    pub fn deliver(&self, event: &MockEvent) -> usize {
        self.inner.deliver_event(event)
    }

    /// Makes every management API call fail from now on; `None` ends the outage.
    pub fn set_outage(&self, outage: Option<Outage>) {
        self.inner.state().outage = outage;
    }

    /// Changes the duplicates, order and concurrency of deliveries.
    pub fn chaos(&self, change: impl FnOnce(&mut Chaos)) {
        change(&mut self.inner.state().chaos);
        wake(&self.inner);
    }

    /// Sends this many additional copies of every delivery from now on.
    pub fn deliver_duplicates(&self, further: usize) {
        self.chaos(|chaos| chaos.duplicates = further);
    }

    /// Holds deliveries back until [`release`](Self::release), which can then reorder them.
    pub fn hold(&self) {
        self.inner.state().is_held = true;
    }

    /// Sends the held deliveries in this order, with this number of concurrent deliveries per
    /// webhook.
    pub fn release(&self, order: DeliveryOrder, at_once: usize) {
        {
            let mut state = self.inner.state();
            (state.chaos.order, state.chaos.at_once, state.is_held) = (order, at_once, false);
        }
        wake(&self.inner);
    }

    /// Returns the messages and posts that apps wrote, oldest first.
    ///
    /// Messages come from `POST /2/dm_conversations/with/:participant_id/messages`, posts from
    /// `POST /2/tweets`.
    pub fn written(&self) -> Vec<Written> {
        self.inner.state().written.clone()
    }

    /// Withholds the responses to new messages and posts; `false` sends the withheld ones.
    ///
    /// The messages and posts are recorded nevertheless. Tests use this to stop an app before it
    /// knows what X has done.
    pub fn withhold_answers(&self, withhold: bool) {
        self.inner.state().withholds_answers = withhold;
        wake(&self.inner);
    }

    /// Returns the webhooks.
    pub fn webhooks(&self) -> Vec<MockWebhook> {
        self.inner.state().webhooks.clone()
    }

    /// Returns the Account Activity subscriptions.
    pub fn subscriptions(&self) -> Vec<MockSubscription> {
        self.inner.state().subscriptions.clone()
    }

    /// Returns the X Activity subscriptions.
    pub fn activity_subscriptions(&self) -> Vec<MockActivitySubscription> {
        self.inner.state().activities.clone()
    }
}
