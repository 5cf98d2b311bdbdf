//! Scenarios that other receivers fail: each request makes some receiver crash, hang, sign wrongly
//! or accept a forgery.

use birdhook_test_harness::http_client::{get, method, post, sign};

use crate::scenarios::row::{DELETED, Gives, OTHER, Row, SECRET, accepts, plain, signed};

const SIGNATURE: &str = "x-twitter-webhooks-signature";
const FORGED: &str = "crc_token=%7B%22for_user_id%22%3A%221%22%2C%22tweet_delete_events%22%3A%5B%5D%7D";

pub(crate) fn rows() -> Vec<Row> {
    let megabytes = vec![b' '; 20 << 20];
    let json = ("content-type", "application/json; charset=utf-8");
    let cut = &sign(SECRET, DELETED.as_bytes())[..20];
    vec![
        plain("peers: valid challenge", [get("crc_token=abc").gives_token(SECRET, "abc")]),
        plain("peers: crc_token missing", [get("").gives(400)]),
        plain("peers: crc_token empty", [get("crc_token=").gives(400)]),
        plain("peers: crc_token twice", [get("crc_token=a&crc_token=b").gives(400)]),
        plain("peers: crc_token is an event", [get(FORGED).gives(400)]),
        plain(
            "peers: a delivery signed with a challenge's answer",
            [get(FORGED).gives(400), get("crc_token=abc").gives_token(SECRET, "abc"), signed("abc").gives(400)],
        ),
        accepts("peers: valid signature", signed(DELETED)),
        accepts("peers: valid, with a charset", signed(DELETED).header(json.0, json.1)),
        plain("peers: bad signature of the right length", [post(DELETED).signed(OTHER).gives(401)]),
        plain("peers: bad signature, short", [post(DELETED).header(SIGNATURE, cut).gives(401)]),
        plain(
            "peers: signature not base64",
            [post(DELETED).header(SIGNATURE, format!("sha256={}", "!".repeat(44))).gives(401)],
        ),
        plain("peers: signature missing", [post(DELETED).gives(401)]),
        plain("peers: signature empty", [post(DELETED).header(SIGNATURE, "").gives(401)]),
        plain("peers: the same delivery again", [signed(DELETED).gives(200), signed(DELETED).gives(200)])
            .delivers(["post_deleted"]),
        plain("peers: malformed JSON, signed", [signed("{\"for_user_id\":").gives(400)]),
        plain("peers: an array, signed", [signed("[1,2]").gives(400)]),
        plain("peers: an empty body, signed", [signed("").gives(400)]),
        plain("peers: 20 MB, signed", [signed(megabytes.clone()).gives(413)]),
        plain("peers: 20 MB in chunks, signed", [signed(megabytes.clone()).chunked(65_536).gives(413)]),
        plain("peers: 20 MB, unsigned", [post(megabytes).gives(401)]),
        plain("peers: PUT", [method("PUT").gives(405)]),
        plain("peers: DELETE", [method("DELETE").gives(405)]),
        plain(
            "peers: still alive after all that",
            [
                get("crc_token=a&crc_token=b").gives(400),
                signed("{").gives(400),
                signed("").gives(400),
                signed(DELETED).gives(200),
            ],
        )
        .delivers(["post_deleted"]),
    ]
}
