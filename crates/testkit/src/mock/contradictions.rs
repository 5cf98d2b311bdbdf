//! Choices between X's documents where they contradict each other.

/// Choices between X's documents where they contradict each other.
///
/// Defaults to X's prose documentation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contradictions {
    /// The credentials that may manage webhooks in v2.
    pub webhook_auth: WebhookAuth,
    /// The response to `PUT /2/webhooks/:id`.
    pub webhook_check: WebhookCheck,
    /// The place of the subscription in the responses to `POST` and `PUT` of
    /// `/2/activity/subscriptions`.
    pub activity_answer: ActivityAnswer,
    /// The X Activity subscriptions that count as duplicates of each other.
    pub same_activity: SameActivity,
    /// Whether apps can subscribe to `oauth.revoke`. X's prose lists it as an event type; OpenAPI
    /// does not list it as one for subscriptions. Defaults to false.
    pub revoke_can_be_subscribed: bool,
    /// The path of the list of filtered stream links.
    pub stream_links_path: StreamLinksPath,
    /// The format of that list.
    pub stream_links_list: StreamLinksList,
    /// Whether `fields` in that list is split at its commas, as in the guide's sample. Defaults to
    /// false.
    pub stream_fields_parted: bool,
    /// Whether a v2 replay includes its `to_date`.
    pub replay_end: ReplayEnd,
    /// The response to `POST /2/webhooks/replay`.
    pub replay_answer: ReplayAnswer,
    /// The format of v2 errors.
    pub errors: ErrorForm,
    /// The response to a user's second subscription to the Account Activity API 1.1.
    pub repeated_subscription: RepeatedSubscription,
}

/// The credentials that may manage webhooks in v2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookAuth {
    /// Only the app's bearer token: prose.
    #[default]
    Bearer,
    /// For POST, PUT and DELETE also OAuth 1.0a of the app's owner: OpenAPI.
    BearerOrOwner,
}

/// The response to `PUT /2/webhooks/:id`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookCheck {
    /// `{"data":{"valid":...}}` with the result of the challenge.
    #[default]
    Valid,
    /// `{"data":{"valid":true}}`, which only says that the check was started: OpenAPI's
    /// description.
    Triggered,
    /// `{"data":{"attempted":true}}`: X's playground.
    Attempted,
}

/// The place of the subscription in a response of `/2/activity/subscriptions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActivityAnswer {
    /// `data` is the subscription.
    #[default]
    Object,
    /// `data` is an array with the subscription.
    Array,
    /// `data.subscription` is the subscription: OpenAPI.
    Nested,
    /// 204 without a body, as clients have reported.
    Empty,
}

/// The X Activity subscriptions that count as duplicates of each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameActivity {
    /// Subscriptions with the same event type, filter and webhook.
    #[default]
    MockFilter,
    /// Subscriptions with the same event type and user or keyword, regardless of webhook and other
    /// filter members.
    Subject,
}

/// The path of the list of filtered stream links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamLinksPath {
    /// `/2/tweets/search/stream/webhooks`: the guide.
    #[default]
    Guide,
    /// `/2/tweets/search/webhooks`: OpenAPI.
    OpenApi,
}

/// The format of the list of filtered stream links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamLinksList {
    /// `{"data":{"links":[]}}`: the guide.
    #[default]
    Links,
    /// `{"data":[]}`: OpenAPI.
    Array,
}

/// Whether a v2 replay includes its `to_date`. In 1.1 it never does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayEnd {
    /// It does not: prose.
    #[default]
    Exclusive,
    /// It does: OpenAPI.
    Inclusive,
}

/// The response to `POST /2/webhooks/replay`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayAnswer {
    /// `{"data":{"job_id","created_at"}}`: OpenAPI. Only this response gives the client the job's
    /// id.
    #[default]
    Job,
    /// `{"for_user_id","replay_event"}`: the quickstart's sample.
    Sample,
}

/// The format of v2 errors. OpenAPI lists both for every call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorForm {
    /// `application/problem+json`, RFC 7807.
    #[default]
    Problem,
    /// `{"code","message"}`.
    Code,
}

/// The response to a user's second subscription in 1.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepeatedSubscription {
    /// 409 with code 355, "Subscription already exists.", as clients of premium 1.1 have reported.
    #[default]
    Conflict,
    /// 204, like the first.
    Accepted,
}
