//! Bodies with wrong lengths, request smuggling, and pipelined requests.

use birdhook::signature;
use birdhook_test_harness::http_client::connect;
use tokio::io::AsyncWriteExt;

use crate::journal::body;
use crate::outcome::Outcome::{self, Closed, Status};
use crate::outcome::answer;
use crate::row::{BODIES, Row, SLACK, attack};
use crate::target::{Tally, Target, chunked, get, post, sign, signed, unsigned};

pub const ROWS: &[Row] = &[
    attack!("chunked", chunk_lies, "wrong, huge, endless chunk sizes").waits(),
    attack!("chunked", chunk_extensions, "long extensions and trailers").waits(),
    attack!("chunked", lengths, "wrong, huge, repeated lengths").waits(),
    attack!("chunked", smuggling, "requests within requests"),
    attack!("chunked", pipelining, "500 requests per write").memory(|_| SLACK + BODIES),
];

const CHUNKED: &str = "transfer-encoding: chunked";

/// Returns a POST with these raw chunks and a plausible signature.
fn raw_chunks(chunks: &[u8]) -> Vec<u8> {
    let signature = format!("{}: {}", signature::HEADER, sign("{}"));
    [&post(&[CHUNKED, &signature]), chunks].concat()
}

/// Outcomes for an invalid body: the server or birdhook refuses it.
const NO_BODY: &[Outcome] = &[Status(400), Status(401), Status(408), Status(413), Closed];

async fn chunk_lies(target: Target, tally: &mut Tally) {
    tally.judge("a true chunk", &target.ask(&[&raw_chunks(b"2\r\n{}\r\n0\r\n\r\n")]).await, &[Status(200)]);
    let lies: &[(&str, &[u8])] = &[
        ("a chunk that is too short", b"5\r\n{}\r\n0\r\n\r\n"),
        ("a chunk that is too long", b"1\r\n{}\r\n0\r\n\r\n"),
        ("a huge chunk", b"7fffffffffffffff\r\n{}\r\n"),
        ("the largest chunk", b"ffffffffffffffff\r\n{}\r\n"),
        ("a size that overflows", b"10000000000000002\r\n{}\r\n0\r\n\r\n"),
        ("a size that overflows by far", b"fffffffffffffffffffffffffffffffffffffffff2\r\n{}\r\n0\r\n\r\n"),
        ("a negative size", b"-2\r\n{}\r\n0\r\n\r\n"),
        ("a size with a plus", b"+2\r\n{}\r\n0\r\n\r\n"),
        ("a size with 0x", b"0x2\r\n{}\r\n0\r\n\r\n"),
        ("no size", b"\r\n{}\r\n0\r\n\r\n"),
        ("a size that is no number", b"zz\r\n{}\r\n0\r\n\r\n"),
        ("no end", b"2\r\n{}\r\n"),
        ("not even a chunk", b""),
        ("an end that is none", b"2\r\n{}\r\n0\r\n"),
        ("a chunk without its line's end", b"2\r\n{}0\r\n\r\n"),
        ("other lines' ends", b"2\n{}\n0\n\n"),
    ];
    target.judge(tally, lies.iter().map(|(what, bytes)| ((*what).to_owned(), raw_chunks(bytes), NO_BODY))).await;
    let huge = raw_chunks(b"fffffffffffffff0\r\n{}");
    let many = target.ask_many(target.scale(500, 100), usize::MAX, &[&huge]).await;
    tally.judge_all("a huge chunk, many times", &many, NO_BODY);
}

async fn chunk_extensions(target: Target, tally: &mut Tally) {
    let taken: &[Outcome] = &[Status(200), Status(400), Status(401), Closed];
    tally.judge("an extension", &target.ask(&[&raw_chunks(b"2;a=b\r\n{}\r\n0\r\n\r\n")]).await, taken);
    tally.judge("a trailer", &target.ask(&[&raw_chunks(b"2\r\n{}\r\n0\r\nx-a: b\r\n\r\n")]).await, taken);
    let long = [b"2;a=".as_slice(), &[b'a'; 1 << 20], b"\r\n{}\r\n0\r\n\r\n"].concat();
    // The extension is skipped or refused. The body itself is complete and signed.
    tally.judge("an extension of 1 MiB", &target.ask(&[&raw_chunks(&long)]).await, taken);
    let trailer = [b"2\r\n{}\r\n0\r\nx-a: ".as_slice(), &[b'a'; 1 << 20], b"\r\n\r\n"].concat();
    // The body is complete before its trailer, which a server may leave unread.
    tally.judge("a trailer of 1 MiB", &target.ask(&[&raw_chunks(&trailer)]).await, &[Status(200), Status(400), Closed]);
    let ones = format!("1;{}\r\n \r\n", "a".repeat(62)).repeat(20_000);
    tally.judge("20,000 extensions", &target.ask(&[&raw_chunks(ones.as_bytes())]).await, NO_BODY);
    let body = body(target.journal.ids(5000));
    let answer = target.ask(&[&chunked(body.as_bytes(), 1, true)]).await;
    tally.judge("a body of chunks of one byte", &answer, &[Status(200), Status(408)]);
}

async fn lengths(target: Target, tally: &mut Tally) {
    let signature = format!("{}: {}", signature::HEADER, sign("{}"));
    let cases: &[(&[&str], &str, &'static [Outcome])] = &[
        (&["content-length: 3"], "a body that is too short", &[Status(408), Status(400)]),
        (&["content-length: 1"], "a body that is too long", &[Status(401)]),
        (&["content-length: 1048577"], "just too long", &[Status(413)]),
        (&["content-length: 18446744073709551615"], "the longest", &[Status(413), Status(400), Status(431)]),
        (&["content-length: 18446744073709551616"], "an overflow", &[Status(413), Status(400)]),
        (&["content-length: 99999999999999999999999999"], "a far overflow", &[Status(413), Status(400)]),
        (&["content-length: -2"], "negative", &[Status(400)]),
        (&["content-length: +2"], "with a plus", &[Status(400)]),
        (&["content-length: 0x2"], "hexadecimal", &[Status(400)]),
        (&["content-length: 2.0"], "a fraction", &[Status(400)]),
        (&["content-length: "], "empty", &[Status(400)]),
        (&["content-length: 2, 3"], "a list", &[Status(400)]),
        (&["content-length: 2", "content-length: 3"], "two that differ", &[Status(400)]),
        // Without a length, a request has no body.
        (&[], "none", &[Status(401), Status(411)]),
    ];
    let cases = cases.iter().map(|(headers, what, allowed)| {
        let headers: Vec<_> = [signature.as_str()].iter().chain(headers.iter()).copied().collect();
        ((*what).to_owned(), [&post(&headers), b"{}".as_slice()].concat(), *allowed)
    });
    target.judge(tally, cases).await;
    let same = post(&[&signature, "content-length: 2", "content-length: 2"]);
    tally.judge("two that are the same", &target.ask(&[&same, b"{}"]).await, &[Status(200), Status(400)]);
}

/// Hides a request in the body of another one by two different lengths. It must not be answered.
async fn smuggling(target: Target, tally: &mut Tally) {
    // Must never be answered, because it is part of a body.
    let hidden = get("crc_token=smuggled", &[]);
    let whole = format!("content-length: {}", b"0\r\n\r\n".len() + hidden.len());
    let cases: &[(&str, &[&str], &[u8])] = &[
        ("content-length and chunked", &[&whole, CHUNKED], b"0\r\n\r\n"),
        ("chunked and content-length", &[CHUNKED, "content-length: 5"], b"0\r\n\r\n"),
        ("two lengths", &["content-length: 0", &whole], b"0\r\n\r\n"),
        ("two lengths, the other way", &[&whole, "content-length: 0"], b"0\r\n\r\n"),
        ("chunked that is not the last", &["transfer-encoding: chunked, identity"], b"0\r\n\r\n"),
        ("chunked twice", &[CHUNKED, "transfer-encoding: identity"], b"0\r\n\r\n"),
        ("chunked by another name", &["transfer-encoding: xchunked", "content-length: 5"], b"0\r\n\r\n"),
        ("a blank before the colon", &["transfer-encoding : chunked", "content-length: 5"], b"0\r\n\r\n"),
        ("a control character", &["transfer-encoding: \u{b}chunked", "content-length: 5"], b"0\r\n\r\n"),
        ("a bare line feed", &["x-a: a\ntransfer-encoding: chunked", "content-length: 5"], b"0\r\n\r\n"),
    ];
    for (what, headers, bytes) in cases {
        let answer = target.ask(&[&[&post(headers), *bytes, &hidden].concat()]).await;
        // All of it is unsigned: 401, or refused by the server, but never the 200 of a challenge.
        tally.judge(what, &answer, &[Status(401), Status(400), Status(501), Closed]);
    }
    // The dangerous case: two servers could disagree on where this request ends, so the connection
    // must not continue after it.
    let both = [&post(&[&whole, CHUNKED]), b"0\r\n\r\n".as_slice(), &hidden].concat();
    let (mut second, mut unread) = (Closed, Vec::new());
    if let Ok(mut stream) = connect(target.address).await {
        stream.write_all(&both).await.ok();
        answer(&mut stream, &mut unread).await;
        let wait = std::time::Duration::from_millis(500);
        let after = tokio::time::timeout(wait, answer(&mut stream, &mut unread)).await;
        second = after.map_or(Outcome::Open, |answer| answer.outcome);
    }
    tally.count("what was smuggled behind both lengths", second, &[Closed, Outcome::Open, Status(400)]);
}

/// Writes 500 requests at once, valid and invalid ones, which must be answered in order.
async fn pipelining(target: Target, tally: &mut Tally) {
    let (mut bytes, mut expected) = (Vec::new(), Vec::new());
    for (number, id) in target.journal.ids(500).enumerate() {
        let body = body([id]);
        let (request, status) = match number % 5 {
            0 => (get("crc_token=pipelined", &[]), 200),
            1 => (unsigned(&body), 401),
            2 => (get("crc_token=", &[]), 400),
            3 => (chunked(body.as_bytes(), 20, true), 200),
            _ => (signed(&body, &[]), 200),
        };
        bytes.extend(request);
        expected.push((number, id, status));
    }
    let (bytes, count) = (std::sync::Arc::new(bytes), expected.len());
    let client = |target: Target, _| {
        let bytes = bytes.clone();
        async move {
            let Ok(stream) = connect(target.address).await else { return Vec::new() };
            let (mut reader, mut writer) = stream.into_split();
            let writing = tokio::spawn(async move { writer.write_all(&bytes).await.map(|()| writer) });
            let (mut unread, mut outcomes) = (Vec::new(), Vec::new());
            while outcomes.len() < count {
                let answer = answer(&mut reader, &mut unread).await;
                outcomes.push(answer.outcome);
                if answer.outcome == Closed {
                    break;
                }
            }
            writing.abort();
            outcomes
        }
    };
    // Every connection sends the same deliveries. Each must be delivered once.
    for outcomes in target.clients(target.scale(50, 10), usize::MAX, client).await {
        for ((number, id, status), outcome) in expected.iter().zip(&outcomes) {
            // Some servers close a connection if they answered before they read the body.
            let allowed = [Status(*status), Closed];
            tally.count(&format!("request {number} of a pipeline"), *outcome, &allowed);
            if *outcome == Status(200) && number % 5 >= 3 {
                target.journal.events().answered([*id]);
            }
        }
    }
}
