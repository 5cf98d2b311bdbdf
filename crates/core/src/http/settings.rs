//! The settings of an endpoint.

use crate::auth::crc::TokenPolicy;

/// Configuration for an [`Endpoint`](crate::Endpoint).
///
/// [`EndpointSettings::default`] follows X's documentation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EndpointSettings {
    /// The maximum size of a body, in bytes. Defaults to 1 MiB; X documents no limit.
    pub body_limit: usize,
    /// The maximum number of events in one body. Defaults to 10,000.
    ///
    /// X usually sends one event per body. A body with more than the limit is delivered as one
    /// [`EventKind::Unknown`](crate::EventKind::Unknown) of all its bytes. An activity of the X
    /// Activity API has a fixed limit of 16 events.
    pub event_limit: usize,
    /// The set of challenge tokens that are signed.
    pub token_policy: TokenPolicy,
    /// The treatment of X's signature on a challenge.
    pub challenge_signature: ChallengeSignature,
    /// The part of the URL that names the app of a challenge, if the signature does not identify
    /// it.
    pub app_selector: AppSelector,
}

impl Default for EndpointSettings {
    fn default() -> Self {
        Self {
            body_limit: 1 << 20,
            event_limit: 10_000,
            token_policy: TokenPolicy::default(),
            challenge_signature: ChallengeSignature::default(),
            app_selector: AppSelector::default(),
        }
    }
}

/// The treatment of the signature on a challenge.
///
/// According to X's enterprise documentation, the GET carries a signature over the query string.
/// The v2 documentation does not mention it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeSignature {
    /// Rejects a challenge with a wrong signature. Answers one without a signature.
    #[default]
    IfPresent,
    /// Answers only a challenge that X has signed.
    ///
    /// The signed query must contain a `nonce` or the registered URL's own parameters next to the
    /// token.
    Demanded,
    /// Answers challenges without checking their signature.
    Ignored,
}

/// The part of the registered URL that names the app whose secret answers a challenge. For several
/// apps on one endpoint.
///
/// Deliveries need no selector, because their signature identifies the app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppSelector {
    /// The URL does not name an app; the first app answers.
    #[default]
    First,
    /// The last segment of the path is the app's name: `/webhooks/twitter/shop`.
    ///
    /// The path is used as the receiver sees it, without percent-decoding. A router that strips the
    /// matched prefix may remove the name.
    PathSegment,
    /// This query parameter is the app's name: `?app=shop`. Without it, the first app answers.
    QueryParameter(String),
}
