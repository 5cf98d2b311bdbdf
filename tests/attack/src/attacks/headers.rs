//! Heads that are too long, have too many headers, or are invalid.

use std::time::Duration;

use birdhook::signature;
use birdhook_test_harness::http_client::{PATH, connect};
use tokio::io::AsyncWriteExt;

use super::REFUSED;
use crate::journal::body;
use crate::outcome::Outcome::{self, Closed, Open, Status};
use crate::outcome::{answer_within, only_answer};
use crate::row::{CONNECTION, Row, SLACK, attack};
use crate::target::{Tally, Target, get, post, sign, signed, signed_head};

pub const ROWS: &[Row] = &[
    attack!("headers", many_headers, "101 to 100,000 headers"),
    attack!("headers", huge_headers, "headers up to 10 MB"),
    attack!("headers", endless_head, "endless headers").memory(|t| SLACK + 8 * t.kind.head_buffer() as u64),
    attack!("headers", unfinished_heads, "390 KiB of unfinished heads")
        .memory(|t| SLACK + unfinished(t) as u64 * (CONNECTION + t.kind.head_buffer() as u64)),
    attack!("headers", huge_crc_token, "tokens of 1 MiB"),
    attack!("headers", control_characters, "in paths and headers; not HTTP"),
    attack!("headers", odd_headers, "repeated, folded, not UTF-8"),
    attack!("headers", expect_continue, "`Expect: 100-continue`, without body").waits(),
];

async fn many_headers(target: Target, tally: &mut Tally) {
    for count in [101, 1000, 10_000, 100_000] {
        let lines: Vec<_> = (0..count).map(|number| format!("x-{number}: a")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        tally.judge(&format!("{count} headers"), &target.ask(&[&post(&lines)]).await, REFUSED);
        let asked = target.ask(&[&get("crc_token=abc", &lines)]).await;
        tally.judge(&format!("a challenge with {count} headers"), &asked, REFUSED);
    }
}

async fn huge_headers(target: Target, tally: &mut Tally) {
    for length in [200_000, 1 << 20, 10 << 20] {
        let value = format!("x-a: {}", "a".repeat(length));
        let name = format!("{}: a", "x".repeat(length));
        let signature = format!("{}: sha256={}", signature::HEADER, "A".repeat(length));
        for header in [&value, &name, &signature] {
            tally.judge(&format!("a header of {length}"), &target.ask(&[&post(&[header])]).await, REFUSED);
        }
    }
    // The server accepts this head, so birdhook must refuse it.
    let signature = format!("{}: sha256={}", signature::HEADER, "A".repeat(16_000));
    tally.judge("a signature of 16 KB", &target.ask(&[&post(&[&signature])]).await, &[Status(401)]);
}

async fn endless_head(target: Target, tally: &mut Tally) {
    const MOST: usize = 64 << 20;
    let flood = |target: Target, _| async move {
        let Ok(stream) = connect(target.address).await else { return Closed };
        let (mut reader, mut writer) = stream.into_split();
        let lines = "x-endless: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(100);
        let writing = async {
            writer.write_all(b"POST /webhooks/twitter HTTP/1.1\r\nhost: localhost\r\n").await.ok();
            for _ in 0..MOST / lines.len() {
                if writer.write_all(lines.as_bytes()).await.is_err() {
                    // The server may have answered before the error, so the answer must be read.
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            answer = only_answer(&mut reader) => answer.outcome,
            () = writing => Open,
        }
    };
    tally.count_all("an endless head", target.clients(8, usize::MAX, flood).await, REFUSED);
}

fn unfinished(target: &Target) -> usize {
    target.scale(2000, 300)
}

/// Sends 390 KiB of a head, without its end.
async fn unfinished_heads(target: Target, tally: &mut Tally) {
    // By default, hyper would buffer 400 KiB for each connection.
    let head = [post(&[]).trim_ascii_end(), b"\r\nx-a: ", &[b'a'; 390 << 10]].concat();
    let open = |target: Target, _| {
        let head = head.clone();
        async move {
            let (reader, mut writer) = connect(target.address).await.ok()?.into_split();
            // A server that stops reading makes this wait, which is fine.
            tokio::time::timeout(Duration::from_millis(500), writer.write_all(&head)).await.ok();
            Some((reader, writer))
        }
    };
    let held = target.clients(unfinished(&target), 32, open).await;
    for (mut reader, _writer) in held.into_iter().flatten() {
        let outcome = answer_within(Duration::from_millis(20), &mut reader).await;
        tally.count("an unfinished head", outcome, &[Open, Closed, Status(431), Status(408), Status(400)]);
    }
}

async fn huge_crc_token(target: Target, tally: &mut Tally) {
    let query = |length: usize| get(&format!("crc_token={}", "a".repeat(length)), &[]);
    tally.judge("512 bytes", &target.ask(&[&query(512)]).await, &[Status(200)]);
    tally.judge("513 bytes", &target.ask(&[&query(513)]).await, &[Status(400)]);
    tally.judge("16 KB", &target.ask(&[&query(16_000)]).await, &[Status(400)]);
    for length in [65_000, 70_000, 1 << 20] {
        tally.judge(&format!("{length} bytes"), &target.ask(&[&query(length)]).await, REFUSED);
    }
    let pairs = get(&"crc_token=a&".repeat(1000), &[]);
    tally.judge("1,000 tokens", &target.ask(&[&pairs]).await, &[Status(400)]);
}

async fn control_characters(target: Target, tally: &mut Tally) {
    for byte in (0..0x20).chain([0x7f, 0x80, 0xff]) {
        let escaped = get(&format!("crc_token=a%{byte:02x}b"), &[]);
        tally.judge(&format!("%{byte:02x} in a token"), &target.ask(&[&escaped]).await, &[Status(400)]);
        let within = |before: &str, after: &str| [before.as_bytes(), &[byte], after.as_bytes()].concat();
        let token = within(&format!("GET {PATH}?crc_token=a"), "b HTTP/1.1\r\nhost: localhost\r\n\r\n");
        // A server may accept non-ASCII bytes in a query, but birdhook rejects them in a token.
        tally.judge(&format!("{byte:#x} in a token"), &target.ask(&[&token]).await, REFUSED);
        let path = within(&format!("POST {PATH}"), " HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n");
        let path = target.ask(&[&path]).await;
        tally.judge(&format!("{byte:#x} in a path"), &path, &[Status(400), Status(401), Status(404), Closed]);
        // Headers may contain tabs and non-ASCII bytes; the unsigned request then gets 401.
        let header =
            within(&format!("POST {PATH} HTTP/1.1\r\nhost: localhost\r\nx-a: a"), "b\r\ncontent-length: 0\r\n\r\n");
        let header = target.ask(&[&header]).await;
        tally.judge(&format!("{byte:#x} in a header"), &header, &[Status(400), Status(401), Closed]);
    }
    for garbage in [
        b"\0\0\0\0\0\0\0\0\0\0\0\0\r\n\r\n".as_slice(),
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"GET\r\n\r\n",
    ] {
        let answer = crate::outcome::ask(target.address, &[garbage], Duration::from_secs(1)).await;
        tally.judge("what is not HTTP", &answer, &[Status(400), Closed, Open]);
    }
}

async fn odd_headers(target: Target, tally: &mut Tally) {
    let body = body(target.journal.ids(1));
    let good = sign(&body);
    let header = |value: &str| format!("{}: {value}", signature::HEADER);
    let length = format!("content-length: {}", body.len());
    let send = |headers: Vec<String>| {
        let lines: Vec<_> = headers.iter().map(String::as_str).chain([length.as_str()]).collect();
        [post(&lines), body.clone().into_bytes()].concat()
    };
    let bad = header("sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    for (what, headers) in [
        ("the right signature twice", vec![header(&good), header(&good)]),
        ("a wrong signature and the right one", vec![bad.clone(), header(&good)]),
        ("the right signature and a wrong one", vec![header(&good), bad]),
        ("two signatures in one header", vec![header(&format!("{good}, {good}"))]),
        ("no signature", vec![]),
        ("an empty signature", vec![header("")]),
        ("a signature of another scheme", vec![header(&good.replace("sha256", "sha1"))]),
        ("the header of OAuth 2.0 alone", vec![format!("{}: {good}", signature::HEADER_OAUTH2)]),
    ] {
        tally.judge(what, &target.ask(&[&send(headers)]).await, &[Status(401)]);
    }
    let raw = |line: &[u8]| {
        [b"POST /webhooks/twitter HTTP/1.1\r\nhost: localhost\r\n", line, b"\r\ncontent-length: 0\r\n\r\n"].concat()
    };
    let not_text = [signature::HEADER.as_bytes(), b": sha256=\xff\xfe\x80"].concat();
    let refused: &[Outcome] = &[Status(400), Status(401), Closed];
    tally.judge("a signature that is not UTF-8", &target.ask(&[&raw(&not_text)]).await, refused);
    tally.judge("a header's name that is not UTF-8", &target.ask(&[&raw(b"x-\xff\xfe: a")]).await, refused);
    tally.judge("a folded header", &target.ask(&[&raw(b"x-a: a\r\n b")]).await, refused);
    tally.judge("a blank in a name", &target.ask(&[&raw(b"x a: a")]).await, refused);
    tally.judge("a name without a colon", &target.ask(&[&raw(b"x-a")]).await, refused);
    tally.judge("two hosts", &target.ask(&[&raw(b"host: other")]).await, refused);
}

/// Expects `100 Continue`: sends the body then, is refused before it, or never sends a body.
async fn expect_continue(target: Target, tally: &mut Tally) {
    let ids = target.journal.ids(1);
    let body = body(ids.clone());
    let expect = "expect: 100-continue";
    // A client that waits for 100, then sends the body, then gets 200.
    if let Ok(mut stream) = connect(target.address).await {
        stream.write_all(&signed_head(&body, &[expect])).await.ok();
        let mut first = [0; 25];
        let read = tokio::io::AsyncReadExt::read_exact(&mut stream, &mut first);
        let read = tokio::time::timeout(Duration::from_secs(3), read).await;
        tally.holds(read.is_ok() && first.starts_with(b"HTTP/1.1 100 "), || format!("no 100 but {first:?}"));
        stream.write_all(body.as_bytes()).await.ok();
        let answer = only_answer(&mut stream).await;
        tally.judge("a body that waited for 100", &answer, &[Status(200)]);
        if answer.outcome == Status(200) {
            target.journal.events().answered(ids);
        }
    }
    let unsigned = target.ask(&[&post(&[expect, "content-length: 100"])]).await;
    tally.judge("unsigned", &unsigned, &[Status(401)]);
    // actix-web always answers 100 first, and has no setting for it.
    let says_always = target.kind == crate::server::Kind::Actix;
    tally.holds(!unsigned.content.is_continued || says_always, || "the body of what nobody signed was asked for");
    let promise = format!("{}: {}", signature::HEADER, sign("{}"));
    let long = target.ask(&[&post(&[&promise, expect, "content-length: 20000000"])]).await;
    tally.judge("20 MB", &long, &[Status(413)]);
    tally.holds(!long.content.is_continued || says_always, || "20 MB were asked for");
    let other = target.ask(&[&signed("{}", &["expect: the-impossible"])]).await;
    tally.judge("another expectation", &other, &[Status(417), Status(200), Status(400)]);
    let promise = post(&[&promise, expect, "content-length: 100"]);
    let waiting = target.ask_many(target.scale(500, 100), usize::MAX, &[&promise]).await;
    tally.judge_all("a body that never comes", &waiting, &[Status(408)]);
}
