//! The payloads of the Account Activity API, which have the form of API v1.1.
//!
//! The meaning of each event is documented at
//! <https://docs.x.com/x-api/account-activity/introduction>.
//!
//! ```
//! # mod birdhook { pub use birdhook_core::{Secret, schema, signature}; pub mod adapter { pub use birdhook_core::{Endpoint, EndpointSettings, HeadResult, RequestHead}; } }
//! use birdhook::{Secret, adapter::{Endpoint, EndpointSettings, HeadResult, RequestHead}, schema::v1::Payload, signature};
//!
//! let body = r#"{"for_user_id":"2","favorite_events":[{"id":"a1b2","user":{"id_str":"7","screen_name":"ada"},
//!     "favorited_status":{"id":1050118621198921728,"id_str":"1050118621198921728","text":"1 &lt; 2"}}]}"#;
//! # let secret = Secret::new("consumer-secret").unwrap();
//! # let endpoint = Endpoint::new(secret.clone(), EndpointSettings::default());
//! # let signed = signature::sign(&secret, body.as_bytes());
//! # let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
//! # let HeadResult::Body(mut reader) = endpoint.begin(&head) else { panic!("refused") };
//! # reader.push(body.into()).unwrap();
//! let delivery = reader.finish().unwrap();
//! let Payload::Favorite(favorite) = delivery.events()[0].v1() else { panic!("not a like") };
//! let (post, user) = (favorite.favorited_status.unwrap(), favorite.user.unwrap());
//! assert_eq!(post.full_text().as_deref(), Some("1 < 2"));
//! assert_eq!(user.screen_name.as_deref(), Some("ada"));
//! ```

mod message;
mod payload;
mod place;
mod relation;
mod tweet;

pub use message::{
    Attachment, CallToAction, Coordinates, DirectMessage, InitiatedVia, Location, MessageCreate, MessageData,
    QuickReply, QuickReplyInput, QuickReplyOption, QuickReplyResponse, SharedPlace, SourceApp,
};
pub use payload::Payload;
pub use place::{BoundingBox, Derived, DerivedLocation, GeoPoint, Place};
pub use relation::{
    Favorite, MarkRead, Party, Relation, Revocation, RevokedApp, RevokedUser, StatusRef, TweetDelete, Typing,
};
pub use tweet::{
    AdditionalMediaInfo, Contributor, EditControls, EditHistory, Entities, ExtendedTweet, Hashtag, MatchingRule, Media,
    MediaFeatures, MediaLink, MediaSize, MediaTag, Mention, OriginalInfo, Permalink, Poll, PollOption, Rect, Scopes,
    Tweet, TweetMetadata, TweetRef, Unwound, Url, User, UserEntities, Variant, VideoInfo,
};
