//! Slow clients, and many of them.

use std::time::{Duration, Instant};

use birdhook_test_harness::http_client::connect;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::frames::preface;
use crate::journal::body;
use crate::outcome::Outcome::{self, Closed, Open, Status};
use crate::outcome::{answer_within, only_answer};
use crate::row::{CONNECTION, Row, SLACK, attack, row};
use crate::target::{Tally, Target, X_WAITS, get, post, signed, signed_head};
use crate::tools;

pub const ROWS: &[Row] = &[
    row("slow", "slow_headers_tool", "`slowhttptest -H`", |t, tally| Box::pin(tool(t, tally, "-H")))
        .memory(tool_memory)
        .waits(),
    row("slow", "slow_bodies_tool", "`slowhttptest -B`", |t, tally| Box::pin(tool(t, tally, "-B")))
        .memory(tool_memory)
        .waits(),
    row("slow", "slow_read_tool", "`slowhttptest -X`", |t, tally| Box::pin(tool(t, tally, "-X")))
        .memory(tool_memory)
        .waits(),
    attack!("slow", slow_headers, "heads, byte by byte")
        .memory(|t| SLACK + slow_connections(t) as u64 * CONNECTION)
        .waits(),
    attack!("slow", slow_bodies, "signed bodies, byte by byte")
        .memory(|t| SLACK + slow_connections(t) as u64 * CONNECTION)
        .waits(),
    attack!("slow", idle, "10,000 silent connections").memory(|t| SLACK + idle_connections(t) as u64 * CONNECTION),
    attack!("slow", untaken, "responses never read").memory(|t| SLACK + t.kind.untaken_answers()).waits(),
    attack!("slow", kept_alive, "connection unused for 12 s").waits(),
    Row {
        may_miss: true,
        files: Some(FILES),
        waits: true,
        ..row("slow", "out_of_files", "128 files, 150 silent connections", |t, tally| Box::pin(out_of_files(t, tally)))
    },
];

const FILES: u64 = 128;

fn tool_memory(target: &Target) -> u64 {
    SLACK + tool_connections(target) * CONNECTION
}

fn tool_connections(target: &Target) -> u64 {
    target.scale(4000, 500)
}

async fn tool(target: Target, tally: &mut Tally, mode: &str) {
    let (count, seconds) = (tool_connections(&target), target.scale(15, 2));
    let url = target.url();
    let common = [mode, "-c", &count.to_string(), "-r", "1000", "-l", &seconds.to_string(), "-i", "1", "-u", &url];
    let special: &[&str] = match mode {
        "-B" => &["-t", "POST", "-s", "65536"],
        "-X" => &["-w", "1", "-y", "2", "-n", "1", "-k", "8"],
        _ => &[],
    };
    let arguments: Vec<_> = common.iter().chain(special).map(ToString::to_string).collect();
    match tools::run("slowhttptest", &arguments, Duration::from_secs(60)).await {
        Ok(printed) => {
            let said = |what: &str| {
                let said = printed.rsplit(what).next().and_then(|rest| rest.lines().next()).unwrap_or_default();
                // Removes colour codes.
                said.split("\x1b[").map(|part| part.split_once('m').map_or(part, |(_, text)| text)).collect::<String>()
            };
            let available = said("service available:");
            tally.holds(available.trim() == "YES", || format!("slowhttptest: service available: {available}"));
            tally.note = format!("{count} connections; {}", said("Exit status:").trim().to_lowercase());
        }
        Err(why) => tally.add_wrong(why),
    }
}

const APART: Duration = Duration::from_micros(500);

fn slow_connections(target: &Target) -> usize {
    target.scale(2000, 300)
}

/// Sends bytes one at a time until the server answers or closes, or all bytes are sent.
async fn drip(server: std::net::SocketAddr, at_once: &[u8], bytes: &[u8], every: Duration) -> Outcome {
    let Ok(stream) = connect(server).await else { return Closed };
    let (mut reader, mut writer) = stream.into_split();
    let writing = async {
        writer.write_all(at_once).await.ok();
        for byte in bytes {
            sleep(every).await;
            writer.write_all(&[*byte]).await.ok();
        }
    };
    tokio::select! {
        answer = only_answer(&mut reader) => answer.outcome,
        () = writing => Open,
    }
}

async fn slow_headers(target: Target, tally: &mut Tally) {
    let client = |target: Target, number| async move {
        sleep(APART * number).await;
        let head = b"POST /webhooks/twitter HTTP/1.1\r\nhost: localhost\r\nx-a: ";
        let bytes = vec![b'a'; target.scale(14, 2) * 2];
        drip(target.address, head, &bytes, Duration::from_millis(500)).await
    };
    // After 14 s every server must have given up. The short form ends before that; there only
    // `out_of_files` tests the timeout.
    let allowed: &[Outcome] = if target.quick { &[Open, Closed, Status(408)] } else { &[Closed, Status(408)] };
    let outcomes = target.clients(slow_connections(&target), usize::MAX, client).await;
    tally.count_all("a slow head", outcomes, allowed);
}

/// Sends signed bodies, byte by byte: answered 408 by the deadline.
async fn slow_bodies(target: Target, tally: &mut Tally) {
    let client = |target: Target, number| async move {
        sleep(APART * number).await;
        let (head, begun) = (signed_head([b' '; 1000], &[]), Instant::now());
        (drip(target.address, &head, &[b' '; 20], Duration::from_millis(250)).await, begun.elapsed())
    };
    let mut slowest = Duration::ZERO;
    for (outcome, took) in target.clients(slow_connections(&target), usize::MAX, client).await {
        tally.count("a slow body", outcome, &[Status(408)]);
        slowest = slowest.max(took);
    }
    tally.note = format!("the last after {:.1} s", slowest.as_secs_f64());
}

fn idle_connections(target: &Target) -> usize {
    target.scale(10_000, 1000)
}

async fn idle(target: Target, tally: &mut Tally) {
    // Opens a few at a time, to test the server and not the kernel's accept queue.
    let opened = target.clients(idle_connections(&target), 64, |target, _| connect(target.address)).await;
    let opened: Vec<TcpStream> = opened.into_iter().filter_map(Result::ok).collect();
    tally.holds(opened.len() == idle_connections(&target), || format!("only {} could be opened", opened.len()));
    sleep(target.scale(Duration::from_secs(3), Duration::from_secs(1))).await;
    tally.note = format!("{} connections", opened.len());
}

/// Sends requests without reading the responses, until the server closes the connection.
async fn untaken(target: Target, tally: &mut Tally) {
    // The short form sends fewer requests: slow servers are attacked in parallel, and actix-web,
    // which never stops answering, would be busy with nothing else.
    let (clients, at_once, pause) = target.scale((20, 500, Duration::ZERO), (4, 150, Duration::from_millis(75)));
    let client = |target: Target, _| async move {
        let socket = TcpSocket::new_v4().unwrap();
        // By default, the kernel buffers megabytes of responses.
        socket.set_recv_buffer_size(4096).unwrap();
        let Ok(mut stream) = socket.connect(target.address).await else { return Closed };
        let (begun, many) = (Instant::now(), get("crc_token=a", &[]).repeat(at_once));
        // Once the server has closed the connection, a later write fails.
        while begun.elapsed() < Duration::from_secs(40) {
            if let Ok(Err(_)) = timeout(Duration::from_millis(500), stream.write_all(&many)).await {
                return Closed;
            }
            sleep(pause).await;
        }
        Open
    };
    let outcomes = target.clients(clients, usize::MAX, client).await;
    tally.count_all("a client that takes nothing", outcomes, &[Closed]);
}

/// Not an attack: shows that the timeouts are not too short for idle connections.
async fn kept_alive(target: Target, tally: &mut Tally) {
    let Ok(mut stream) = connect(target.address).await else { return tally.add_wrong("no connection") };
    for unused in [0, 12] {
        sleep(Duration::from_secs(unused)).await;
        let ids = target.journal.ids(1);
        stream.write_all(&signed(body(ids.clone()), &[])).await.ok();
        let outcome = answer_within(X_WAITS, &mut stream).await;
        tally.count("a delivery", outcome, &[Status(200)]);
        if outcome == Status(200) {
            target.journal.events().answered(ids);
        }
    }
}

/// Holds 150 connections that send nothing, half a head or half of HTTP/2's preface. The server has
/// 128 files: it closes the connections, and then answers good deliveries again.
async fn out_of_files(target: Target, tally: &mut Tally) {
    let begun = Instant::now();
    let mut held = Vec::new();
    for number in 0..150 {
        let Ok(mut stream) = connect(target.address).await else { continue };
        let half: &[u8] = match number % 3 {
            0 => b"",
            1 => &post(&[])[..40],
            _ => &preface()[..10],
        };
        stream.write_all(half).await.ok();
        held.push(stream);
    }
    // Long enough for the first held connections to time out. Retries, because X would send the
    // delivery again.
    let mut answered = None;
    while answered.is_none() && begun.elapsed() < Duration::from_secs(16) {
        let ids = target.journal.ids(1);
        let delivered = timeout(Duration::from_secs(2), target.deliver(ids)).await;
        answered = delivered.ok().filter(|answer| answer.outcome == Status(200));
    }
    let unanswered = || format!("no good delivery was answered in {:.0} s", begun.elapsed().as_secs_f64());
    tally.holds(answered.is_some(), unanswered);
    tally.note = format!("answered again after {:.1} s", begun.elapsed().as_secs_f64());
    for mut stream in held {
        let said = timeout(Duration::from_millis(1), stream.read(&mut [0; 512])).await;
        let outcome = match said {
            Err(_) => Open,
            Ok(Ok(12..)) => Status(408),
            Ok(_) => Closed,
        };
        tally.count("a held connection", outcome, &[Open, Closed, Status(408), Status(400)]);
    }
}
