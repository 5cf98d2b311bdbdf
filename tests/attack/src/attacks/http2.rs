//! Attacks over one HTTP/2 connection. A server without HTTP/2 must refuse it cleanly.

use std::net::SocketAddr;
use std::time::Duration;

use birdhook::signature;
use tokio::io::AsyncWriteExt;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::book::body;
use crate::frames::{
    ACK, CANCEL, CONTINUATION, Connection, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, SETTINGS, Said,
    WINDOW_UPDATE, block, frame, literal, refusal,
};
use crate::row::{Attacking, BODIES, Row, SLACK, row};
use crate::target::{Tally, Target, X_WAITS, sign};
use crate::tools;
use crate::wire::Outcome::{self, Closed, GoAway, Open, Reset, Status};

pub const ROWS: &[Row] = &[
    flooding("h2_load", "`h2load`, 400 streams", |t| Box::pin(load(t))),
    flooding("h2_rapid_reset", "signed, reset at once", |t| Box::pin(rapid_reset(t))),
    flooding("h2_continuation", "endless CONTINUATION frames", |t| Box::pin(continuation(t))),
    flooding("h2_header_bomb", "too many, too long headers", |t| Box::pin(header_bomb(t))),
    flooding("h2_empty_data", "endless empty DATA frames", |t| Box::pin(empty_data(t))),
    flooding("h2_small_data", "DATA frames of one byte", |t| Box::pin(small_data(t))),
    flooding("h2_settings", "endless SETTINGS frames", |t| Box::pin(settings(t))),
    flooding("h2_ping", "endless PING frames", |t| Box::pin(ping(t))),
    flooding("h2_windows", "endless WINDOW_UPDATE, PRIORITY", |t| Box::pin(windows(t))),
    flooding("h2_open_streams", "streams without body", |t| Box::pin(open_streams(t))).waits(),
    flooding("h2_bodies", "90 unfinished bodies per connection", |t| Box::pin(bodies(t)))
        // Besides the bodies that birdhook reads, HTTP/2's windows let 1 MiB of other bodies
        // arrive on each connection.
        .memory(|t| SLACK + BODIES + t.scale(20, 4) * (2 << 20))
        .waits(),
    flooding("h2_garbage", "malformed frames", |t| Box::pin(garbage(t))),
];

const fn flooding(name: &'static str, about: &'static str, attack: fn(Target) -> Attacking) -> Row {
    // Each connection has its own windows, tables and queues.
    row("http2", name, about, attack).memory(|t| SLACK + t.scale(50, 10) * (1 << 20))
}

/// Outcomes of a flood: the server ends the connection, or withstands it.
const FLOODED: &[Outcome] = &[GoAway(11), GoAway(1), GoAway(2), GoAway(6), GoAway(0), Closed, Open];

/// Runs a flood on several connections at once.
async fn on_each<F, Fut>(target: &Target, what: &str, flood: F) -> Tally
where
    F: Fn(Connection) -> Fut,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    let mut tally = Tally::default();
    if !target.kind.speaks_http2() {
        tally.count("HTTP/2's preface", refusal(target.address).await, &[Status(400), Status(505), Closed]);
        tally.note = "no HTTP/2".to_owned();
        return tally;
    }
    let mut flooding = JoinSet::new();
    for _ in 0..target.scale(20, 4) {
        match Connection::open(target.address).await {
            Ok(connection) => drop(flooding.spawn(flood(connection))),
            Err(error) => tally.add_wrong(format!("no connection: {error}")),
        }
    }
    flooding.join_all().await.into_iter().for_each(|outcome| tally.count(what, outcome, FLOODED));
    tally
}

fn times(target: &Target) -> u32 {
    target.scale(200_000, 20_000)
}

const AFTER: Duration = Duration::from_millis(300);

/// Returns the head of a delivery with a plausible signature.
fn head(stream: u32, flags: u8) -> Vec<u8> {
    frame(HEADERS, flags, stream, &block("POST", &[(signature::HEADER, &sign("{}"))]))
}

async fn load(target: Target) -> Tally {
    if !target.kind.speaks_http2() {
        return on_each(&target, "load", |_| async { Open }).await;
    }
    let (mut tally, ids) = (Tally::default(), target.book.ids(1));
    let (body, count) = (body(ids.clone()), target.scale(100_000, 4000));
    let file = std::env::temp_dir().join(format!("birdhook-attack-{}.json", std::process::id()));
    std::fs::write(&file, &body).unwrap();
    let header = format!("{}: {}", signature::HEADER, sign(&body));
    let (number, name, url) = (count.to_string(), file.display().to_string(), target.url());
    let arguments = ["-n", &number, "-c", "20", "-m", "20", "-d", &name, "-H", &header, &url].map(ToOwned::to_owned);
    match tools::run("h2load", &arguments, Duration::from_secs(60)).await {
        Ok(printed) => {
            let line =
                |start: &str| printed.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
            let good = line("status codes").contains(&format!("{count} 2xx, 0 3xx, 0 4xx, 0 5xx"));
            tally.holds(good, || format!("{}; {}", line("requests:"), line("status codes")));
            tally.note = line("finished in").split(',').nth(1).unwrap_or_default().trim().to_owned();
            tally.outcomes.insert(Status(200), count);
            target.book.accepted(ids);
        }
        Err(why) => tally.add_wrong(why),
    }
    std::fs::remove_file(&file).ok();
    tally
}

async fn rapid_reset(target: Target) -> Tally {
    let times = times(&target);
    on_each(&target, "a rapid reset", move |connection| {
        let reset = |time: u32| {
            let stream = 2 * time + 1;
            [head(stream, END_HEADERS), frame(RST_STREAM, 0, stream, &CANCEL)].concat()
        };
        connection.flood(reset, times, AFTER)
    })
    .await
}

async fn continuation(target: Target) -> Tally {
    let times = times(&target);
    on_each(&target, "an endless head", move |connection| {
        let more = literal(b"x-a", &[b'a'; 100]);
        connection.flood(
            move |time| if time == 0 { head(1, 0) } else { frame(CONTINUATION, 0, 1, &more) },
            times,
            AFTER,
        )
    })
    .await
}

async fn header_bomb(target: Target) -> Tally {
    let times = times(&target) / 1000;
    on_each(&target, "a head of 12 KB of headers of one byte", move |connection| {
        // Many tiny headers, which take far more memory than bytes on the wire.
        let many = [block("POST", &[]), literal(b"a", b"").repeat(3000)].concat();
        connection.flood(move |time| frame(HEADERS, END_HEADERS | END_STREAM, 2 * time + 1, &many), times, AFTER)
    })
    .await
}

async fn empty_data(target: Target) -> Tally {
    let times = times(&target);
    on_each(&target, "empty DATA", move |connection| {
        connection.flood(
            move |time| if time == 0 { head(1, END_HEADERS) } else { frame(DATA, 0, 1, &[]) },
            times,
            AFTER,
        )
    })
    .await
}

async fn small_data(target: Target) -> Tally {
    let times = times(&target);
    on_each(&target, "DATA of a byte", move |connection| {
        connection.flood(
            move |time| if time == 0 { head(1, END_HEADERS) } else { frame(DATA, 0, 1, b" ") },
            times,
            AFTER,
        )
    })
    .await
}

async fn settings(target: Target) -> Tally {
    let times = times(&target);
    on_each(&target, "SETTINGS", move |connection| {
        connection.flood(|_| frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]), times, AFTER)
    })
    .await
}

async fn ping(target: Target) -> Tally {
    let times = times(&target);
    on_each(&target, "PING", move |connection| connection.flood(|_| frame(PING, 0, 0, &[7; 8]), times, AFTER)).await
}

async fn windows(target: Target) -> Tally {
    const PRIORITY: u8 = 2;
    let times = times(&target);
    on_each(&target, "windows", move |connection| {
        let both = [frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]), frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 7])].concat();
        connection.flood(move |_| both.clone(), times, AFTER)
    })
    .await
}

/// Opens as many streams as the server allows, each with a body that never arrives: answered 408.
async fn open_streams(target: Target) -> Tally {
    const STREAMS: u32 = 90;
    if !target.kind.speaks_http2() {
        return on_each(&target, "streams", |_| async { Open }).await;
    }
    let (mut tally, mut opening) = (Tally::default(), JoinSet::new());
    for _ in 0..target.scale(50, 10) {
        let server = target.address;
        opening.spawn(async move { streams(server, STREAMS, b"").await });
    }
    for outcome in opening.join_all().await.into_iter().flatten() {
        tally.count("a stream whose body never comes", outcome, &[Status(408)]);
    }
    tally
}

/// Leaves 1 MiB unfinished on each of 90 streams per connection: answered 503 or 408.
async fn bodies(target: Target) -> Tally {
    const STREAMS: u32 = 90;
    if !target.kind.speaks_http2() {
        return on_each(&target, "bodies", |_| async { Open }).await;
    }
    let (mut tally, mut opening) = (Tally::default(), JoinSet::new());
    for _ in 0..target.scale(20, 4) {
        let server = target.address;
        opening.spawn(async move { streams(server, STREAMS, &[b' '; (1 << 20) - 1]).await });
    }
    for outcome in opening.join_all().await.into_iter().flatten() {
        // Data for refused streams still arrives. The server ends the connection if it is too much.
        tally.count("a body on a stream", outcome, &[Status(408), Status(503), GoAway(11)]);
    }
    tally
}

/// Opens streams, sends on each as much of the body as the windows allow, and returns the outcomes.
async fn streams(server: SocketAddr, count: u32, body: &'static [u8]) -> Vec<Outcome> {
    let Ok(Connection { mut reader, mut writer }) = Connection::open(server).await else { return vec![Closed] };
    // HTTP/2's initial window of a connection. With hyper, the window of a stream is 1 MiB once its
    // settings are acknowledged.
    let window = Semaphore::new(65_535);
    let (settings, acknowledge) = oneshot::channel();
    let writing = async {
        acknowledge.await.ok();
        writer.write_all(&frame(SETTINGS, ACK, 0, &[])).await.ok();
        for stream in 0..count {
            writer.write_all(&head(2 * stream + 1, END_HEADERS)).await.ok();
        }
        'rounds: for piece in body.chunks(8 << 10) {
            for stream in 0..count {
                window.acquire_many(piece.len() as u32).await.unwrap().forget();
                if writer.write_all(&frame(DATA, 0, 2 * stream + 1, piece)).await.is_err() {
                    break 'rounds;
                }
            }
        }
        std::future::pending::<()>().await;
    };
    let reading = async {
        let (mut outcomes, mut settings) = (Vec::new(), Some(settings));
        while outcomes.len() < count as usize {
            match reader.next().await {
                Some(Said::Status { status, .. }) if status >= 200 => outcomes.push(Status(status)),
                Some(Said::GoAway(error)) => return vec![GoAway(error)],
                Some(Said::Settings) => drop(settings.take().map(|settings| settings.send(()))),
                Some(Said::Window(more)) => window.add_permits(more as usize),
                Some(_) => {}
                None => return vec![Closed],
            }
        }
        outcomes
    };
    tokio::select! {
        outcomes = timeout(X_WAITS, reading) => outcomes.unwrap_or_else(|_| vec![Open]),
        () = writing => vec![Open],
    }
}

async fn garbage(target: Target) -> Tally {
    let mut tally = Tally::default();
    if !target.kind.speaks_http2() {
        return on_each(&target, "garbage", |_| async { Open }).await;
    }
    let frames: Vec<(&str, Vec<u8>)> = vec![
        ("a frame that is too long", frame(DATA, 0, 1, &vec![0; 1 << 20])),
        ("a frame of 16 MiB", vec![0xff, 0xff, 0xff, HEADERS, 0, 0, 0, 0, 1]),
        ("DATA of no stream", frame(DATA, 0, 0, b"a")),
        ("DATA of an idle stream", frame(DATA, 0, 99, b"a")),
        ("an even stream", head(2, END_HEADERS)),
        ("headers compressed wrongly", frame(HEADERS, END_HEADERS, 1, &[0xff; 100])),
        ("an index that is not", frame(HEADERS, END_HEADERS, 1, &[0xbf, 0xbf])),
        ("CONTINUATION of nothing", frame(CONTINUATION, 0, 1, &[])),
        ("a PING of seven bytes", frame(PING, 0, 0, &[0; 7])),
        ("SETTINGS of five bytes", frame(SETTINGS, 0, 0, &[0; 5])),
        ("a window that overflows", frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]).repeat(2)),
        ("a push to a server", frame(5, END_HEADERS, 1, &[0, 0, 0, 2])),
        ("padding longer than its frame", [head(1, END_HEADERS), frame(DATA, 8, 1, &[255, 0])].concat()),
        ("HTTP/1", b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()),
    ];
    for (what, bytes) in frames {
        let Ok(connection) = Connection::open(target.address).await else {
            tally.count(what, Closed, &[]);
            continue;
        };
        let outcome = connection.flood(|_| bytes.clone(), 1, Duration::from_millis(200)).await;
        let errors = [GoAway(1), GoAway(3), GoAway(6), GoAway(9), GoAway(11), GoAway(2), Closed];
        tally.count(what, outcome, &errors);
    }
    // Requests that HTTP/1 would refuse. Each ends in a stream error, or is refused by birdhook or
    // by the server.
    let requests = [
        ("a control character in a path", vec![(":path", "/a\u{1}b")]),
        ("a header in capitals", vec![("X-A", "a")]),
        ("a connection header", vec![("connection", "close")]),
        ("transfer-encoding", vec![("transfer-encoding", "chunked")]),
        ("a line's end in a value", vec![("x-a", "a\r\nx-b: b")]),
        ("two lengths", vec![("content-length", "1"), ("content-length", "2")]),
        ("a length that is a lie", vec![("content-length", "5")]),
        ("a negative length", vec![("content-length", "-1")]),
        ("unsigned", vec![]),
    ];
    for (what, headers) in requests {
        let Ok(mut connection) = Connection::open(target.address).await else { continue };
        let head = frame(HEADERS, END_HEADERS | END_STREAM, 1, &block("POST", &headers));
        connection.writer.write_all(&head).await.ok();
        let outcome = timeout(X_WAITS, connection.reader.outcome(1)).await.unwrap_or(Open);
        tally.count(what, outcome, &[Status(400), Status(401), Reset(1), Reset(2), GoAway(1), GoAway(9)]);
    }
    tally
}
