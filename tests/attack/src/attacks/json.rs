//! Signed bodies that are hard to parse. Holders of the secret can send them, and X might.

#[path = "../../../../crates/core/tests/support/hostile.rs"]
mod hostile;

use birdhook::signature;

use crate::outcome::Outcome::{self, Status};
use crate::row::{BODIES, Row, SLACK, attack, row};
use crate::target::{Tally, Target, post, sign, signed};

pub const ROWS: &[Row] = &[
    attack!("json", deep, "100,000 nested brackets, signed").memory(|_| SLACK + BODIES),
    attack!("json", wide, "1 MiB of members, signed").memory(|_| SLACK + BODIES),
    attack!("json", numbers, "out-of-range numbers").memory(|_| SLACK + BODIES),
    attack!("json", duplicate_keys, "one key repeated").memory(|_| SLACK + BODIES),
    attack!("json", not_json, "signed, without an object"),
    attack!("json", amplifying, "1 MiB, expensive to process").memory(|_| SLACK + BODIES + READ),
    Row {
        threads: Some(1),
        ..row("json", "amplifying_one_thread", "the same, one thread", |t, tally| Box::pin(amplifying(t, tally)))
            .memory(|_| SLACK + BODIES + READ)
    },
    attack!("json", compressed, "compression bombs, signed"),
];

const LIMIT: usize = 1 << 20;

/// Sends each body several times at once, with added spaces so that none is a duplicate.
async fn send(target: &Target, tally: &mut Tally, bodies: &[(&str, String, &[Outcome])]) {
    for (what, body, allowed) in bodies {
        let send = |target: Target, copy| {
            let body = format!("{body}{}", " ".repeat(copy as usize));
            async move { target.ask(&[&signed(body, &[])]).await }
        };
        tally.judge_all(what, &target.clients(target.scale(8, 2), usize::MAX, send).await, allowed);
    }
}

/// Nested brackets are delivered as an unknown event, or answered 400 without an object.
async fn deep(target: Target, tally: &mut Tally) {
    let nested = |open: &str, close: &str, count: usize| format!("{}{}", open.repeat(count), close.repeat(count));
    let within = |inner: String| format!(r#"{{"for_user_id":"1","tweet_create_events":[{inner}]}}"#);
    const DEPTH: usize = 100_000;
    let cases = [
        ("arrays", format!(r#"{{"a":{}}}"#, nested("[", "]", DEPTH)), TAKEN),
        ("objects", nested(r#"{"a":"#, "}", DEPTH).replace(":}", ":0}"), TAKEN),
        ("arrays where a post is", within(nested("[", "]", DEPTH)), TAKEN),
        ("objects where a post is", within(nested(r#"{"a":"#, "}", DEPTH).replace(":}", ":0}")), TAKEN),
        ("quoted posts", within(nested(r#"{"quoted_status":"#, "}", 50_000).replace(":}", ":0}")), TAKEN),
        ("brackets that never close", format!(r#"{{"a":{}"#, "[".repeat(DEPTH)), &[Status(400)]),
    ];
    send(&target, tally, &cases).await;
}

/// A verified object is accepted with any content. JSON nested deeper than `serde_json` supports
/// may count as invalid.
const TAKEN: &[Outcome] = &[Status(200), Status(400)];

async fn wide(target: Target, tally: &mut Tally) {
    let list = |item: &str| vec![item; (LIMIT - 100) / (item.len() + 1)].join(",");
    let mut members = String::from("{");
    for number in 0.. {
        let member = format!(r#""{number:x}":0,"#);
        if members.len() + member.len() > LIMIT - 100 {
            break;
        }
        members += &member;
    }
    members += r#""end":0}"#;
    let events = |item: &str| format!(r#"{{"for_user_id":"1","tweet_create_events":[{}]}}"#, list(item));
    let taken: &[Outcome] = &[Status(200)];
    let cases = [
        ("members", members, taken),
        ("half a million empty arrays", format!(r#"{{"a":[{}]}}"#, list("[]")[..999_998].trim_end_matches(',')), TAKEN),
        ("zeros", format!(r#"{{"a":[{}]}}"#, list("0")), taken),
        ("empty events", events("{}"), taken),
        ("events that are numbers", events("0"), taken),
        ("a text of escapes", format!(r#"{{"a":"{}"}}"#, r"\u0000".repeat(174_000)), taken),
        ("white space", format!("{{{}}}", " ".repeat(LIMIT - 100)), taken),
    ];
    send(&target, tally, &cases).await;
}

/// Memory in bytes for parsing the worst of these bodies, on two threads.
const READ: u64 = 2 * (50 << 20);

/// Sends bodies that are expensive for every use of their events.
async fn amplifying(target: Target, tally: &mut Tally) {
    // The short form attacks unoptimised servers, so it sends fewer bodies, and the deadline may
    // end before one is parsed.
    let bodies = hostile::bodies(hostile::SIZE).into_iter().step_by(target.scale(1, 6));
    let taken: &[Outcome] = if target.quick { &[Status(200), Status(503)] } else { &[Status(200)] };
    let bodies: Vec<_> = bodies.map(|(shape, body)| (shape, body, taken)).collect();
    send(&target, tally, &bodies).await;
}

async fn numbers(target: Target, tally: &mut Tally) {
    let event = |number: &str| {
        format!(
            r#"{{"for_user_id":{number},"favorite_events":[{{"id":"1","timestamp_ms":{number},"favorited_status":{{"id":{number}}},"user":{{"id":{number}}}}}]}}"#
        )
    };
    let digits = "9".repeat(100_000);
    let (fraction, exponent) = (format!("0.{digits}"), format!("1e{digits}"));
    let cases = ["1e999999", "-1e999999", "1e-999999", "-0", "18446744073709551616", &digits, &fraction, &exponent];
    let cases: Vec<_> = cases.iter().map(|number| ("a number", event(number), [Status(200)].as_slice())).collect();
    send(&target, tally, &cases).await;
}

async fn duplicate_keys(target: Target, tally: &mut Tally) {
    let again = |member: &str| format!("{{{}}}", vec![member; 900_000 / (member.len() + 1)].join(","));
    let taken: &[Outcome] = &[Status(200)];
    let cases = [
        ("for_user_id", again(r#""for_user_id":"1""#), taken),
        ("a list of events", again(r#""tweet_create_events":[]"#), taken),
        ("lists of an event", again(r#""tweet_create_events":[{"id_str":"1"}]"#), taken),
        ("data", again(r#""data":{"event_type":"post.create"}"#), taken),
        (
            "payloads of a type without end",
            format!(
                r#"{{"data":{{"event_type":"{}",{}"tag":0}}}}"#,
                "a.".repeat(200_000),
                r#""payload":{},"#.repeat(30_000)
            ),
            taken,
        ),
        ("an empty key", again(r#""":0"#), taken),
    ];
    send(&target, tally, &cases).await;
}

async fn not_json(target: Target, tally: &mut Tally) {
    let texts = r#"null [] [5,[]] "a" { {}{} {}x {"a":} {"a":1,} {'a':1} {"a":NaN}"#.split(' ');
    for body in texts.chain(["", " ", "\u{feff}{}"]) {
        tally.judge(&format!("{body:?}"), &target.ask(&[&signed(body, &[])]).await, &[Status(400)]);
    }
    let cases: &[&[u8]] = &[b"\xff\xfe{\0}\0", b"{\"a\":\"\xff\"}", b"{\"a\":\"\0\"}", b"\0"];
    for body in cases {
        // Invalid bytes in a text that is never read may be accepted as unknown.
        tally.judge(&format!("{body:?}"), &target.ask(&[&signed(body, &[])]).await, TAKEN);
    }
}

async fn compressed(target: Target, tally: &mut Tally) {
    // The head of a gzip file is enough, because the server must never start to decompress it.
    let bomb = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff".as_slice(), &[0xec; 1000]].concat();
    for encoding in ["gzip", "GZIP", "deflate", "br", "zstd", "compress", "gzip, gzip", "identity, gzip", "x"] {
        let header = format!("content-encoding: {encoding}");
        tally.judge(encoding, &target.ask(&[&signed(&bomb, &[&header])]).await, &[Status(415)]);
        let unsigned = [&post(&[&header, &format!("content-length: {}", bomb.len())]), bomb.as_slice()].concat();
        tally.judge(&format!("{encoding}, unsigned"), &target.ask(&[&unsigned]).await, &[Status(401)]);
    }
    let twice = signed(&bomb, &["content-encoding: identity", "content-encoding: gzip"]);
    tally.judge("two encodings", &target.ask(&[&twice]).await, &[Status(415)]);
    let coded = [
        &post(&["transfer-encoding: gzip, chunked", &format!("{}: {}", signature::HEADER, sign(&bomb))]),
        format!("{:x}\r\n", bomb.len()).as_bytes(),
        &bomb,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    // The server does not decompress: the bytes are not JSON.
    tally.judge("a compressed transfer", &target.ask(&[&coded]).await, &[Status(400), Status(415), Status(501)]);
}
