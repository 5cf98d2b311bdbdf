//! The payloads of the Account Activity API, which have the form of API v1.1.
//!
//! The meaning of each event is documented at
//! <https://docs.x.com/x-api/account-activity/introduction>.
//!
//! ```
//! use birdhook_core::{Endpoint, RequestHead, Secret, EndpointSettings, HeadResult, signature, schema::v1::Payload};
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

mod entities;
mod media;
mod message;
mod parts;
mod payload;
mod place;
mod relation;
mod tweet;
mod user;

pub use entities::{Entities, Hashtag, Mention, Poll, PollOption, Unwound, Url};
pub use media::{
    AdditionalMediaInfo, Media, MediaFeatures, MediaLink, MediaSize, MediaTag, OriginalInfo, Rect, Variant, VideoInfo,
};
pub use message::{
    Attachment, CallToAction, Coordinates, DirectMessage, InitiatedVia, Location, MessageCreate, MessageData,
    QuickReply, QuickReplyInput, QuickReplyOption, QuickReplyResponse, SharedPlace, SourceApp,
};
pub use parts::{
    Contributor, EditControls, EditHistory, ExtendedTweet, MatchingRule, Permalink, Scopes, TweetMetadata, TweetRef,
};
pub use payload::Payload;
pub use place::{BoundingBox, Derived, DerivedLocation, GeoPoint, Place};
pub use relation::{
    Favorite, MarkRead, Party, Relation, Revocation, RevokedApp, RevokedUser, StatusRef, TweetDelete, Typing,
};
pub use tweet::Tweet;
pub use user::{User, UserEntities};

use std::borrow::Cow;

use super::Text;

/// X escapes `&`, `<` and `>` in the text of posts and messages. Because it escapes every `&`,
/// decoding quotes too is safe.
const ENTITIES: [(&str, char); 6] =
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\''), ("&apos;", '\'')];

pub(crate) fn decode_entities(text: &str) -> Cow<'_, str> {
    let (mut decoded, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        let known = ENTITIES.iter().find_map(|(name, letter)| Some((*letter, entity.strip_prefix(name)?)));
        let (letter, behind) = known.unwrap_or(('&', entity.get(1..).unwrap_or_default()));
        decoded += before;
        decoded.push(letter);
        rest = behind;
    }
    if decoded.is_empty() { text.into() } else { (decoded + rest).into() }
}

/// Returns a text as its author wrote it.
pub(crate) fn decoded(text: Text<'_>) -> Text<'_> {
    match decode_entities(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(decoded) => decoded.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::decode_entities;

    #[test]
    fn each_entity_is_decoded_once() {
        assert_eq!(decode_entities("a &lt;b&gt; &amp; c"), "a <b> & c");
        assert_eq!(decode_entities("&amp;lt; &amp;quot; &amp;amp;"), "&lt; &quot; &amp;");
        assert_eq!(decode_entities("&quot;a&quot; &#39;b&#39; &apos;c"), "\"a\" 'b' 'c");
        assert_eq!(decode_entities("R&D &nbsp; &&lt; &"), "R&D &nbsp; &< &");
    }
}
