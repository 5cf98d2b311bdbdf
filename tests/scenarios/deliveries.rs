//! Scenarios with deliveries: signatures, bodies and events.

use std::time::Duration;

use birdhook::{App, Apps, Webhook};
use birdhook_test_harness::http_client::post;

use crate::scenarios::row::{
    DELETED, Gives, OTHER, ROTATED, Row, SECRET, TWO_APPS, accepts, app, client_secret, consumer_secrets, plain,
    rotated, row, secret, signed, two_apps, webhook,
};

const SIGNATURE: &str = "X-Twitter-Webhooks-Signature";
const TWO_ARRAYS: &str = r#"{"tweet_delete_events":[{"status":{"id":"1","user_id":"1"}},{"status":{"id":"2","user_id":"1"}}],
    "follow_events":[{"type":"unfollow","created_timestamp":"5","source":{"id":"1"},"target":{"id":"2"}}],"for_user_id":"1"}"#;
const UNKNOWN: &str = r#"{"for_user_id":"1","nest_events":[{"eggs":3}],"tweet_create_events":["a string"]}"#;
const REVOKED: &str = r#"{"user_event":{"revoke":{"date_time":"2018-05-24T09:48:12+00:00","target":{"app_id":"1"},"source":{"user_id":"2"}}}}"#;
const ECHO: &str = r#"{"for_user_id":"1","direct_message_events":[{"type":"message_create","id":"9","message_create":{"sender_id":"1","target":{"recipient_id":"2"},"source_app_id":"13090192","message_data":{"text":"hi"}}}]}"#;

pub(crate) fn rows() -> Vec<Row> {
    let hasty = || webhook().deadline(Duration::from_millis(200));
    // Exactly 1 MiB: the member `filling` precedes the events.
    let filling = (1 << 20) - DELETED.len() - r#""filling":"","#.len();
    let full = DELETED.replacen('{', &format!(r#"{{"filling":"{}","#, "x".repeat(filling)), 1);
    let over = full.replacen("xx", "xxx", 1);
    let escaped = r#"{"for_user_id":"1","tweet_create_events":[{"id":1050118621198921728,"id_str":"1050118621198921728","text":"caf\u00e9 \ud83d\udc26 https:\/\/t.co\/x \u003c3","user":{"id":1,"id_str":"1"}}]}"#;
    let deep = format!(r#"{{"for_user_id":"1","x":{}1{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    vec![
        plain("a body with escapes, which no serializer gives back", [signed(escaped).gives(200)])
            .delivers(["post_created"]),
        accepts("the header's name in another case", signed(DELETED).header("X-B3-Flags", "")),
        accepts("a chunked body", signed(DELETED).chunked(7)),
        accepts("a chunked body, one byte at a time", signed(DELETED).chunked(1)),
        plain(
            "a body exactly at the limit",
            [signed(full.as_str()).gives(200), signed(full.as_str()).chunked(100_000).gives(200)],
        )
        .delivers(["post_deleted"]),
        plain("a body one byte over the limit", [signed(over.as_str()).gives(413)]),
        plain("a chunked body one byte over the limit", [signed(over.as_str()).chunked(65_536).gives(413)]),
        plain(
            "a length over the limit, and no body yet",
            [signed(DELETED).claiming("1048577").stuck_after(0).gives(413)],
        ),
        row(
            "a limit of one's own",
            webhook().body_limit(DELETED.len()),
            [signed(DELETED).gives(200), signed(format!("{DELETED} ")).gives(413)],
        )
        .delivers(["post_deleted"]),
        // The examples' deadline is longer, and gives the same responses.
        row("a body that stops coming", hasty(), [signed(DELETED).stuck_after(10).gives(408)])
            .on_examples(consumer_secrets(SECRET)),
        row("a chunked body that stops coming", hasty(), [signed(DELETED).chunked(9).stuck_after(10).gives(408)])
            .on_examples(consumer_secrets(SECRET)),
        plain("a body without a signature is not waited for", [post(DELETED).stuck_after(10).gives(401)]),
        plain("gzip", [signed(DELETED).header("Content-Encoding", "gzip").gives(415)]),
        accepts("identity", signed(DELETED).header("Content-Encoding", "identity")),
        plain("two signatures", [signed(DELETED).signed(SECRET).gives(401)]),
        plain(
            "a signature in hex",
            [post(DELETED).header(SIGNATURE, format!("sha256={}", "ab".repeat(32))).gives(401)],
        ),
        plain("a signature of other bytes", [signed(DELETED).chunked(50).with_body_changed().gives(401)]),
        plain("a signature header that is not ASCII", [post(DELETED).header(SIGNATURE, b"sha256=\xff\xfe").gives(401)]),
        row("the old secret while rotating", rotated(), [post(DELETED).signed(OTHER).gives(200)])
            .on_examples(consumer_secrets(ROTATED))
            .delivers(["post_deleted"]),
        row(
            "two apps on one URL: one event each",
            two_apps(),
            [signed(DELETED).gives(200), post(DELETED).signed(OTHER).gives(200)],
        )
        .on_examples(consumer_secrets(TWO_APPS))
        .delivers(["post_deleted", "post_deleted"]),
        row("no secret yet: delivery", Webhook::new(Apps::none()), [signed(DELETED).gives(503)]),
        row(
            "both headers, each right where it is there",
            Webhook::new(app().add_client_secret(secret(OTHER))),
            [
                post(DELETED).signed_oauth2(OTHER).gives(200),
                signed(TWO_ARRAYS).signed_oauth2("wrong").gives(401),
                post(TWO_ARRAYS).signed("wrong").signed_oauth2(OTHER).gives(401),
                signed(REVOKED).gives(200),
            ],
        )
        .on_examples([consumer_secrets(SECRET), client_secret(OTHER)].concat())
        .delivers(["post_deleted", "access_revoked"]),
        row(
            "a client secret alone: the old header is ignored",
            Webhook::new(App::with_client_secret("app", secret(OTHER))),
            [post(DELETED).signed("wrong").signed_oauth2(OTHER).gives(200), post(REVOKED).signed(OTHER).gives(401)],
        )
        .on_examples(client_secret(OTHER))
        .delivers(["post_deleted"]),
        plain(
            "the OAuth 2.0 header without a secret for it",
            [signed(DELETED).signed_oauth2(OTHER).gives(200), post(REVOKED).signed_oauth2(SECRET).gives(401)],
        )
        .delivers(["post_deleted"]),
        plain("several arrays, the subscriber last", [signed(TWO_ARRAYS).gives(200)]).delivers([
            "post_deleted",
            "post_deleted",
            "unfollowed",
        ]),
        plain("a revocation has no subscriber", [signed(REVOKED).gives(200)]).delivers(["access_revoked"]),
        plain("unknown kinds and broken values", [signed(UNKNOWN).gives(200)]).delivers(["unknown", "unknown"]),
        plain("an object that holds nothing known", [signed("{}").gives(200)]).delivers(["unknown"]),
        plain("deep nesting", [signed(deep).gives(200)]).delivers(["unknown"]),
        plain("a JSON string, signed", [signed("\"{}\"").gives(400)]),
        plain("an object with something behind it, signed", [signed("{}{}").gives(400)]),
        plain("not UTF-8, signed", [signed(*b"{\"a\":\"\xff\"}").gives(400)]),
        row(
            "our own echo, dropped on demand",
            Webhook::new(app().drop_echoes_of("13090192")),
            [signed(ECHO).gives(200)],
        ),
        plain("our own echo, kept otherwise", [signed(ECHO).gives(200)]).delivers(["message_sent"]),
        plain("a delivery while shutting down", [signed(DELETED).gives(503)]).while_stopping(),
    ]
}
