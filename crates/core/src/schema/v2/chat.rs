//! Encrypted chats.

use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};

object! {
    /// An encrypted message or a change of its conversation.
    pub struct Chat<'a> {
        /// The event's id.
        pub id: Option<Id<'a>> = "id",
        /// The conversation: the ids of two users joined by `:` or `-`, or a group's id.
        pub conversation_id: Option<Id<'a>> = "conversation_id" | "conversationId",
        /// The sender.
        pub sender_id: Option<Id<'a>> = "sender_id" | "senderId",
        /// Time of the event.
        pub created_at_msec: Option<Timestamp> = "created_at_msec" | "createdAtMsec" | "created_at",
        /// The encrypted content.
        pub encoded_event: Option<Text<'a>> = "encoded_event" | "encodedEvent",
        /// The version of the conversation's key.
        pub conversation_key_version: Option<Id<'a>> = "conversation_key_version" | "conversationKeyVersion",
        /// A change of the conversation's key, encrypted.
        pub conversation_key_change_event: Option<Text<'a>> = "conversation_key_change_event" | "conversationKeyChangeEvent",
        /// The token that proves to X that the reader is a participant.
        pub conversation_token: Option<Text<'a>> = "conversation_token" | "conversationToken",
        /// The sender's signature.
        pub message_event_signature: Option<ChatSignature<'a>> = "message_event_signature" | "messageEventSignature",
    }

    /// The signature of an encrypted message.
    pub struct ChatSignature<'a> {
        /// The signature.
        pub signature: Option<Text<'a>> = "signature",
        /// The version of the signature format.
        pub signature_version: Option<Id<'a>> = "signature_version" | "signatureVersion",
        /// The version of the public key.
        pub public_key_version: Option<Id<'a>> = "public_key_version" | "publicKeyVersion",
        /// The public key.
        pub signing_public_key: Option<Text<'a>> = "signing_public_key" | "signingPublicKey",
    }
}
