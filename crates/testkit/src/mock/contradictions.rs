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

choices! {
    WebhookAuth "The credentials that may manage webhooks in v2." {
        Bearer "Only the app's bearer token: prose.",
        BearerOrOwner "For POST, PUT and DELETE also OAuth 1.0a of the app's owner: OpenAPI.",
    }
    WebhookCheck "The response to `PUT /2/webhooks/:id`." {
        Valid r#"`{"data":{"valid":...}}` with the result of the challenge."#,
        Triggered r#"`{"data":{"valid":true}}`, which only says that the check was started: OpenAPI's description."#,
        Attempted r#"`{"data":{"attempted":true}}`: X's playground."#,
    }
    ActivityAnswer "The place of the subscription in a response of `/2/activity/subscriptions`." {
        Object "`data` is the subscription.",
        Array "`data` is an array with the subscription.",
        Nested "`data.subscription` is the subscription: OpenAPI.",
        Empty "204 without a body, as clients have reported.",
    }
    SameActivity "The X Activity subscriptions that count as duplicates of each other." {
        MockFilter "Subscriptions with the same event type, filter and webhook.",
        Subject "Subscriptions with the same event type and user or keyword, regardless of webhook and other filter \
                 members.",
    }
    StreamLinksPath "The path of the list of filtered stream links." {
        Guide "`/2/tweets/search/stream/webhooks`: the guide.",
        OpenApi "`/2/tweets/search/webhooks`: OpenAPI.",
    }
    StreamLinksList "The format of the list of filtered stream links." {
        Links r#"`{"data":{"links":[]}}`: the guide."#,
        Array r#"`{"data":[]}`: OpenAPI."#,
    }
    ReplayEnd "Whether a v2 replay includes its `to_date`. In 1.1 it never does." {
        Exclusive "It does not: prose.",
        Inclusive "It does: OpenAPI.",
    }
    ReplayAnswer "The response to `POST /2/webhooks/replay`." {
        Job r#"`{"data":{"job_id","created_at"}}`: OpenAPI. Only this response gives the client the job's id."#,
        Sample r#"`{"for_user_id","replay_event"}`: the quickstart's sample."#,
    }
    ErrorForm "The format of v2 errors. OpenAPI lists both for every call." {
        Problem "`application/problem+json`, RFC 7807.",
        Code r#"`{"code","message"}`."#,
    }
    RepeatedSubscription "The response to a user's second subscription in 1.1." {
        Conflict r#"409 with code 355, "Subscription already exists.", as clients of premium 1.1 have reported."#,
        Accepted "204, like the first.",
    }
}
