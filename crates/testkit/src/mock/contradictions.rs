//! Where X's documents disagree, and which of them is followed.

/// Where X's documents disagree, and which of them the mock follows; by default its prose, which
/// people read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contradictions {
    /// Whose tokens manage webhooks in v2.
    pub webhook_auth: WebhookAuth,
    /// What `PUT /2/webhooks/:id` answers.
    pub webhook_check: WebhookCheck,
    /// Where the subscription is in the answers of `POST` and `PUT` of `/2/activity/subscriptions`.
    pub activity_answer: ActivityAnswer,
    /// Which subscriptions to the X Activity API X holds for the same.
    pub same_activity: SameActivity,
    /// Whether `oauth.revoke` can be subscribed: prose has it among the types, OpenAPI not among
    /// those to subscribe.
    pub revoke_can_be_subscribed: bool,
    /// Where the links of filtered streams are listed.
    pub stream_links_path: StreamLinksPath,
    /// The shape of that list.
    pub stream_links_list: StreamLinksList,
    /// Whether `fields` in that list holds pieces of one parameter that was parted at its commas,
    /// as the guide's sample.
    pub stream_fields_parted: bool,
    /// Whether a replay includes its `to_date`, in v2.
    pub replay_end: ReplayEnd,
    /// What `POST /2/webhooks/replay` answers.
    pub replay_answer: ReplayAnswer,
    /// How v2 tells errors.
    pub errors: ErrorForm,
    /// What a second subscription of a user to the Account Activity API of 1.1 is answered.
    pub repeated_subscription: RepeatedSubscription,
}

/// Whose tokens manage webhooks in v2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookAuth {
    /// The app's bearer token only: prose.
    #[default]
    Bearer,
    /// For POST, PUT and DELETE the app owner's OAuth 1.0a too: OpenAPI.
    BearerOrOwner,
}

/// What `PUT /2/webhooks/:id` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookCheck {
    /// `{"data":{"valid":...}}`, whether the challenge was answered well.
    #[default]
    Valid,
    /// `{"data":{"valid":true}}`, since the check was started: OpenAPI's words.
    Triggered,
    /// `{"data":{"attempted":true}}`: X's playground.
    Attempted,
}

/// Where the subscription is in an answer of `/2/activity/subscriptions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActivityAnswer {
    /// It is `data`.
    #[default]
    Object,
    /// It is the element of `data`.
    Array,
    /// It is `data.subscription`: OpenAPI.
    Nested,
    /// Nowhere: the answer is 204 without a body, as clients have reported.
    Empty,
}

/// Which subscriptions to the X Activity API X holds for the same, so that the second one is
/// refused as a duplicate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameActivity {
    /// Those of one type, filter and webhook.
    #[default]
    Filter,
    /// Those of one type and user or keyword, whatever else their filter has and whichever webhook
    /// receives them.
    Subject,
}

/// Where the links of filtered streams are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamLinksPath {
    /// `/2/tweets/search/stream/webhooks`: the guide.
    #[default]
    Guide,
    /// `/2/tweets/search/webhooks`: OpenAPI.
    OpenApi,
}

/// The shape of the list of links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamLinksList {
    /// `{"data":{"links":[]}}`: the guide.
    #[default]
    Links,
    /// `{"data":[]}`: OpenAPI.
    Array,
}

/// Whether a replay in v2 includes its `to_date`. In 1.1 it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayEnd {
    /// No: prose.
    #[default]
    Exclusive,
    /// Yes: OpenAPI.
    Inclusive,
}

/// What `POST /2/webhooks/replay` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayAnswer {
    /// `{"data":{"job_id","created_at"}}`: OpenAPI, and the only one with which a client can go on.
    #[default]
    Job,
    /// `{"for_user_id","replay_event"}`: the quickstart's sample.
    Sample,
}

/// How v2 tells errors; OpenAPI has both for every call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorForm {
    /// `application/problem+json`, RFC 7807.
    #[default]
    Problem,
    /// `{"code","message"}`.
    Code,
}

/// What a second subscription of a user is answered in 1.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepeatedSubscription {
    /// 409, code 355, "Subscription already exists.": what clients of premium 1.1 have met.
    #[default]
    Conflict,
    /// 204, as the first.
    Accepted,
}
