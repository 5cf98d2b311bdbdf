//! Scenarios that other receivers fail: each request makes some receiver crash, hang, sign wrongly
//! or accept a forgery.

use birdhook_tests::client::{get, method, post, sign};

use crate::scenarios::row::{DELETED, Gives, OTHER, Row, SECRET, Setup, row};

const SIGNATURE: &str = "x-twitter-webhooks-signature";
const FORGED: &str = "crc_token=%7B%22for_user_id%22%3A%221%22%2C%22tweet_delete_events%22%3A%5B%5D%7D";

pub(crate) fn rows() -> Vec<Row> {
    let megabytes = vec![b' '; 20 << 20];
    let json = ("content-type", "application/json; charset=utf-8");
    let cut = &sign(SECRET, DELETED.as_bytes())[..20];
    vec![
        row("peers: valid challenge", Setup::Plain, [get("crc_token=abc").gives_token(SECRET, "abc")]),
        row("peers: crc_token missing", Setup::Plain, [get("").gives(400)]),
        row("peers: crc_token empty", Setup::Plain, [get("crc_token=").gives(400)]),
        row("peers: crc_token twice", Setup::Plain, [get("crc_token=a&crc_token=b").gives(400)]),
        row("peers: crc_token is an event", Setup::Plain, [get(FORGED).gives(400)]),
        row(
            "peers: a delivery signed with a challenge's answer",
            Setup::Plain,
            [
                get(FORGED).gives(400),
                get("crc_token=abc").gives_token(SECRET, "abc"),
                post("abc").signed(SECRET).gives(400),
            ],
        ),
        row("peers: valid signature", Setup::Plain, [post(DELETED).signed(SECRET).gives(200)])
            .hands_over(["post_deleted"]),
        row(
            "peers: valid, with a charset",
            Setup::Plain,
            [post(DELETED).signed(SECRET).header(json.0, json.1).gives(200)],
        )
        .hands_over(["post_deleted"]),
        row("peers: bad signature of the right length", Setup::Plain, [post(DELETED).signed(OTHER).gives(401)]),
        row("peers: bad signature, short", Setup::Plain, [post(DELETED).header(SIGNATURE, cut).gives(401)]),
        row(
            "peers: signature not base64",
            Setup::Plain,
            [post(DELETED).header(SIGNATURE, format!("sha256={}", "!".repeat(44))).gives(401)],
        ),
        row("peers: signature missing", Setup::Plain, [post(DELETED).gives(401)]),
        row("peers: signature empty", Setup::Plain, [post(DELETED).header(SIGNATURE, "").gives(401)]),
        row(
            "peers: the same delivery again",
            Setup::Plain,
            [post(DELETED).signed(SECRET).gives(200), post(DELETED).signed(SECRET).gives(200)],
        )
        .hands_over(["post_deleted"]),
        row("peers: malformed JSON, signed", Setup::Plain, [post("{\"for_user_id\":").signed(SECRET).gives(400)]),
        row("peers: an array, signed", Setup::Plain, [post("[1,2]").signed(SECRET).gives(400)]),
        row("peers: an empty body, signed", Setup::Plain, [post("").signed(SECRET).gives(400)]),
        row("peers: 20 MB, signed", Setup::Plain, [post(megabytes.clone()).signed(SECRET).gives(413)]),
        row(
            "peers: 20 MB in chunks, signed",
            Setup::Plain,
            [post(megabytes.clone()).signed(SECRET).chunked(65_536).gives(413)],
        ),
        row("peers: 20 MB, unsigned", Setup::Plain, [post(megabytes).gives(401)]),
        row("peers: PUT", Setup::Plain, [method("PUT").gives(405)]),
        row("peers: DELETE", Setup::Plain, [method("DELETE").gives(405)]),
        row(
            "peers: still alive after all that",
            Setup::Plain,
            [
                get("crc_token=a&crc_token=b").gives(400),
                post("{").signed(SECRET).gives(400),
                post("").signed(SECRET).gives(400),
                post(DELETED).signed(SECRET).gives(200),
            ],
        )
        .hands_over(["post_deleted"]),
    ]
}
