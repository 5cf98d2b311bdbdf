//! Activities: typed events in one form for both of X's APIs.
//!
//! ```
//! # mod birdhook { pub use birdhook_core::{Activity, Secret, signature}; pub mod activity { pub use birdhook_core::PostRelation; } pub mod adapter { pub use birdhook_core::{Endpoint, EndpointSettings, HeadResult, RequestHead}; } }
//! use birdhook::{Activity, Secret, activity::PostRelation, adapter::{Endpoint, EndpointSettings, HeadResult, RequestHead}, signature};
//! # let secret = Secret::new("consumer-secret").unwrap();
//! # let endpoint = Endpoint::new(secret.clone(), EndpointSettings::default());
//! # let read = |body: &'static str| {
//! #     let signed = signature::sign(&secret, body.as_bytes());
//! #     let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
//! #     let HeadResult::Body(mut reader) = endpoint.begin(&head) else { panic!("refused") };
//! #     reader.push(body.into()).unwrap();
//! #     reader.finish().unwrap().into_events().remove(0)
//! # };
//!
//! // The same mention, reported by the Account Activity API and by the X Activity API.
//! let old = read(r#"{"for_user_id":"7","tweet_create_events":[{"id_str":"20","text":"@us tea &amp; cake",
//!     "user":{"id_str":"8"},"entities":{"user_mentions":[{"id_str":"7"}]}}]}"#);
//! let new = read(r#"{"data":{"event_type":"post.mention.create","filter":{"user_id":"7"},
//!     "payload":{"id":"20","author_id":"8","text":"@us tea &amp; cake"}}}"#);
//!
//! for event in [&old, &new] {
//!     let Activity::PostCreated(created) = event.activity() else { panic!("not a post") };
//!     assert_eq!(created.relation, Some(PostRelation::Mention));
//!     assert_eq!(created.post.text.as_deref(), Some("@us tea & cake"));
//! }
//! assert_eq!(old.content_key(), new.content_key());
//! ```

pub(crate) mod content;
mod from_v1;
mod from_v2;
mod message;
mod owned;
mod post;
pub(crate) mod report;
mod shortcuts;
mod user;
mod x_activity;

pub use content::Activity;
pub use message::{
    Attachment, CallToAction, Message, QuickReply, QuickReplyOption, QuickReplyResponse, Reading, Typing,
};
pub use post::{
    DeletedPost, Like, Link, MatchedPost, MatchingRule, Media, Mention, NewPost, Post, PostReference, PostRelation,
    ReferenceKind,
};
pub use report::Report;
pub use user::{Relationship, User};
pub use x_activity::{Broadcast, BroadcastMessage, Chat, News, ProfileUpdate, Replay, Revocation, Space};

use crate::event::event::Event;
use crate::event::kind::{ApiSource, EventKind};

impl Event {
    /// Reads the typed content of the event.
    ///
    /// Returns [`Activity::Unknown`] for an unknown kind, and for an event with a value that does
    /// not fit the Rust types.
    pub fn activity(&self) -> Activity<'_> {
        let v1 = matches!(
            self.kind(),
            EventKind::MessageSent | EventKind::MessageReceived | EventKind::MessagesRead | EventKind::Typing
        );
        let read = match self.api_source() {
            _ if v1 => from_v1::activity(self),
            ApiSource::AccountActivity => from_v1::activity(self),
            ApiSource::XActivity | ApiSource::FilteredStream | ApiSource::Replay => from_v2::activity(self),
            ApiSource::Unknown => None,
        };
        read.unwrap_or(Activity::Unknown { raw: self.raw().clone() })
    }
}
