//! Scenarios with challenges.

use birdhook::app::{AppSelector, ChallengeSignature};
use birdhook::crc::TokenPolicy;
use birdhook::{Apps, Webhook};
use birdhook_test_harness::http_client::{get, method, sign};

use crate::scenarios::row::{
    Gives, OTHER, ROTATED, Row, SECRET, TWO_APPS, consumer_secrets, plain, rotated, row, two_apps, webhook,
};

const TOKEN: &str = "M2RkODJkZmMtYjlkYi00NmQ4LTk0MGUtM2JjYzkwM2Q4MjQ0";

pub(crate) fn rows() -> Vec<Row> {
    let both = format!("crc_token={TOKEN}&nonce=MTc2OTUxODI5MjkxNA");
    let own = format!("tenant=x&{both}");
    let second = format!("app=second&crc_token={TOKEN}");
    let nobody = format!("app=nobody&crc_token={TOKEN}");
    let sign_alone = |query: &str| sign(SECRET, query.as_bytes());
    let long = "a".repeat(512);
    vec![
        plain("a token and a nonce", [get(&both).gives_token(SECRET, TOKEN)]),
        plain("a token without a nonce", [get("crc_token=abc").gives_token(SECRET, "abc")]),
        plain("the URL has a query of its own", [get(&own).gives_token(SECRET, TOKEN)]),
        plain("a token is form-decoded", [get("crc_token=test+token%2B%3D").gives_token(SECRET, "test token+=")]),
        plain("a token of 512 bytes", [get(&format!("crc_token={long}")).gives_token(SECRET, &long)]),
        plain("a token of 513 bytes", [get(&format!("crc_token=a{long}")).gives(400)]),
        plain("a query without a token", [get("nonce=1").gives(400)]),
        plain("a token with &, which could be a signed query", [get("crc_token=a%26nonce%3Db").gives(400)]),
        plain("a token with a line break", [get("crc_token=a%0Ab").gives(400)]),
        plain("a token that is not ASCII", [get("crc_token=%C3%A9").gives(400)]),
        plain("a token that is not UTF-8", [get("crc_token=%FF").gives(400)]),
        row(
            "only base64 tokens",
            webhook().token_policy(TokenPolicy::Base64),
            [get("crc_token=test+token").gives(400), get(&both).gives_token(SECRET, TOKEN)],
        ),
        plain("X's own signature", [get(&both).query_signed(SECRET).gives_token(SECRET, TOKEN)]),
        plain(
            "X's own signature, the URL has a query of its own",
            [
                get(&own).query_signed(SECRET).gives_token(SECRET, TOKEN),
                get(&own).header("X-Twitter-Webhooks-Signature", sign_alone(&both)).gives_token(SECRET, TOKEN),
            ],
        ),
        plain(
            "a wrong signature of the query",
            [
                get(&both).query_signed(OTHER).gives(401),
                get(&both).header("x-twitter-webhooks-signature", "sha256=x").gives(401),
                get(&both).query_signed(SECRET).query_signed(SECRET).gives(401),
                get(&both).header("x-twitter-webhooks-signature", sign_alone("crc_token=abc")).gives(401),
            ],
        ),
        row(
            "a signed query is demanded",
            webhook().challenge_signature(ChallengeSignature::Demanded),
            [get(&both).gives(401), get(&both).query_signed(SECRET).gives_token(SECRET, TOKEN)],
        ),
        row(
            "two apps: the signature of the query says which",
            two_apps().app_selector(AppSelector::First),
            [get(&both).gives_token(SECRET, TOKEN), get(&both).query_signed(OTHER).gives_token(OTHER, TOKEN)],
        )
        .on_examples(consumer_secrets(TWO_APPS)),
        row(
            "two apps: the query says which",
            two_apps().app_selector(AppSelector::QueryParameter("app".into())),
            [get(&second).gives_token(OTHER, TOKEN), get(&both).gives_token(SECRET, TOKEN), get(&nobody).gives(503)],
        ),
        row(
            "two apps: the path says which, but names none",
            two_apps().app_selector(AppSelector::PathSegment),
            [get(&both).gives(503)],
        ),
        row(
            "rotated secrets: the answer is made with the one that signed",
            rotated(),
            [get(&both).gives_token(SECRET, TOKEN), get(&both).query_signed(OTHER).gives_token(OTHER, TOKEN)],
        )
        .on_examples(consumer_secrets(ROTATED)),
        row("no secret yet: challenge", Webhook::new(Apps::none()), [get(&both).gives(503)]),
        plain("a challenge while shutting down", [get(&both).gives_token(SECRET, TOKEN)]).while_stopping(),
        plain("HEAD", [method("HEAD").with_query(&both).gives(405)]),
        plain("OPTIONS", [method("OPTIONS").gives(405)]),
        plain("PATCH", [method("PATCH").gives(405)]),
    ]
}
