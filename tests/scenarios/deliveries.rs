//! Scenarios with deliveries: signatures, bodies and events.

use birdhook_tests::client::post;

use crate::scenarios::row::{AppSelector2, DELETED, Gives, OTHER, Row, SECRET, Setup, row};

const SIGNATURE: &str = "X-Twitter-Webhooks-Signature";
const TWO_ARRAYS: &str = r#"{"tweet_delete_events":[{"status":{"id":"1","user_id":"1"}},{"status":{"id":"2","user_id":"1"}}],
    "follow_events":[{"type":"unfollow","created_timestamp":"5","source":{"id":"1"},"target":{"id":"2"}}],"for_user_id":"1"}"#;
const UNKNOWN: &str = r#"{"for_user_id":"1","nest_events":[{"eggs":3}],"tweet_create_events":["a string"]}"#;
const REVOKED: &str = r#"{"user_event":{"revoke":{"date_time":"2018-05-24T09:48:12+00:00","target":{"app_id":"1"},"source":{"user_id":"2"}}}}"#;
const ECHO: &str = r#"{"for_user_id":"1","direct_message_events":[{"type":"message_create","id":"9","message_create":{"sender_id":"1","target":{"recipient_id":"2"},"source_app_id":"13090192","message_data":{"text":"hi"}}}]}"#;

pub(crate) fn rows() -> Vec<Row> {
    // Exactly 1 MiB: the member `filling` precedes the events.
    let filling = (1 << 20) - DELETED.len() - r#""filling":"","#.len();
    let full = DELETED.replacen('{', &format!(r#"{{"filling":"{}","#, "x".repeat(filling)), 1);
    let over = full.replacen("xx", "xxx", 1);
    let escaped = r#"{"for_user_id":"1","tweet_create_events":[{"id":1050118621198921728,"id_str":"1050118621198921728","text":"caf\u00e9 \ud83d\udc26 https:\/\/t.co\/x \u003c3","user":{"id":1,"id_str":"1"}}]}"#;
    let deep = format!(r#"{{"for_user_id":"1","x":{}1{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    vec![
        row(
            "a body with escapes, which no serializer gives back",
            Setup::Plain,
            [post(escaped).signed(SECRET).gives(200)],
        )
        .hands_over(["post_created"]),
        row(
            "the header's name in another case",
            Setup::Plain,
            [post(DELETED).signed(SECRET).header("X-B3-Flags", "").gives(200)],
        )
        .hands_over(["post_deleted"]),
        row("a chunked body", Setup::Plain, [post(DELETED).signed(SECRET).chunked(7).gives(200)])
            .hands_over(["post_deleted"]),
        row("a chunked body, one byte at a time", Setup::Plain, [post(DELETED).signed(SECRET).chunked(1).gives(200)])
            .hands_over(["post_deleted"]),
        row(
            "a body exactly at the limit",
            Setup::Plain,
            [
                post(full.as_str()).signed(SECRET).gives(200),
                post(full.as_str()).signed(SECRET).chunked(100_000).gives(200),
            ],
        )
        .hands_over(["post_deleted"]),
        row("a body one byte over the limit", Setup::Plain, [post(over.as_str()).signed(SECRET).gives(413)]),
        row(
            "a chunked body one byte over the limit",
            Setup::Plain,
            [post(over.as_str()).signed(SECRET).chunked(65_536).gives(413)],
        ),
        row(
            "a length over the limit, and no body yet",
            Setup::Plain,
            [post(DELETED).signed(SECRET).claiming("1048577").stuck_after(0).gives(413)],
        ),
        row(
            "a limit of one's own",
            Setup::Limit(DELETED.len()),
            [post(DELETED).signed(SECRET).gives(200), post(format!("{DELETED} ")).signed(SECRET).gives(413)],
        )
        .hands_over(["post_deleted"]),
        row(
            "a body that stops coming",
            Setup::Deadline(200),
            [post(DELETED).signed(SECRET).stuck_after(10).gives(408)],
        ),
        row(
            "a chunked body that stops coming",
            Setup::Deadline(200),
            [post(DELETED).signed(SECRET).chunked(9).stuck_after(10).gives(408)],
        ),
        row("a body without a signature is not waited for", Setup::Plain, [post(DELETED).stuck_after(10).gives(401)]),
        row("gzip", Setup::Plain, [post(DELETED).signed(SECRET).header("Content-Encoding", "gzip").gives(415)]),
        row("identity", Setup::Plain, [post(DELETED).signed(SECRET).header("Content-Encoding", "identity").gives(200)])
            .hands_over(["post_deleted"]),
        row("two signatures", Setup::Plain, [post(DELETED).signed(SECRET).signed(SECRET).gives(401)]),
        row(
            "a signature in hex",
            Setup::Plain,
            [post(DELETED).header(SIGNATURE, format!("sha256={}", "ab".repeat(32))).gives(401)],
        ),
        row(
            "a signature of other bytes",
            Setup::Plain,
            [post(DELETED).signed(SECRET).chunked(50).with_body_changed().gives(401)],
        ),
        row(
            "a signature header that is not ASCII",
            Setup::Plain,
            [post(DELETED).header(SIGNATURE, b"sha256=\xff\xfe").gives(401)],
        ),
        row("the old secret while rotating", Setup::Rotated, [post(DELETED).signed(OTHER).gives(200)])
            .hands_over(["post_deleted"]),
        row(
            "two apps on one URL: one event each",
            Setup::TwoApps(AppSelector2::First),
            [post(DELETED).signed(SECRET).gives(200), post(DELETED).signed(OTHER).gives(200)],
        )
        .hands_over(["post_deleted", "post_deleted"]),
        row("no secret yet: delivery", Setup::NoApps, [post(DELETED).signed(SECRET).gives(503)]),
        row(
            "both headers, each right where it is there",
            Setup::BothSecrets,
            [
                post(DELETED).signed_oauth2(OTHER).gives(200),
                post(TWO_ARRAYS).signed(SECRET).signed_oauth2("wrong").gives(401),
                post(TWO_ARRAYS).signed("wrong").signed_oauth2(OTHER).gives(401),
                post(REVOKED).signed(SECRET).gives(200),
            ],
        )
        .hands_over(["post_deleted", "access_revoked"]),
        row(
            "a client secret alone: the old header is ignored",
            Setup::ClientSecret,
            [post(DELETED).signed("wrong").signed_oauth2(OTHER).gives(200), post(REVOKED).signed(OTHER).gives(401)],
        )
        .hands_over(["post_deleted"]),
        row(
            "the OAuth 2.0 header without a secret for it",
            Setup::Plain,
            [
                post(DELETED).signed(SECRET).signed_oauth2(OTHER).gives(200),
                post(REVOKED).signed_oauth2(SECRET).gives(401),
            ],
        )
        .hands_over(["post_deleted"]),
        row("several arrays, the subscriber last", Setup::Plain, [post(TWO_ARRAYS).signed(SECRET).gives(200)])
            .hands_over(["post_deleted", "post_deleted", "unfollowed"]),
        row("a revocation has no subscriber", Setup::Plain, [post(REVOKED).signed(SECRET).gives(200)])
            .hands_over(["access_revoked"]),
        row("unknown kinds and broken values", Setup::Plain, [post(UNKNOWN).signed(SECRET).gives(200)])
            .hands_over(["unknown", "unknown"]),
        row("an object that holds nothing known", Setup::Plain, [post("{}").signed(SECRET).gives(200)])
            .hands_over(["unknown"]),
        row("deep nesting", Setup::Plain, [post(deep).signed(SECRET).gives(200)]).hands_over(["unknown"]),
        row("a JSON string, signed", Setup::Plain, [post("\"{}\"").signed(SECRET).gives(400)]),
        row("an object with something behind it, signed", Setup::Plain, [post("{}{}").signed(SECRET).gives(400)]),
        row("not UTF-8, signed", Setup::Plain, [post(*b"{\"a\":\"\xff\"}").signed(SECRET).gives(400)]),
        row("our own echo, dropped on demand", Setup::DropsEchoes, [post(ECHO).signed(SECRET).gives(200)]),
        row("our own echo, kept otherwise", Setup::Plain, [post(ECHO).signed(SECRET).gives(200)])
            .hands_over(["message_sent"]),
        row("a delivery while shutting down", Setup::Stopping, [post(DELETED).signed(SECRET).gives(503)]),
    ]
}
