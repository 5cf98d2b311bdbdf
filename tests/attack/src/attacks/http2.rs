//! Attacks over one HTTP/2 connection. A server without HTTP/2 must refuse it cleanly.

use std::net::SocketAddr;
use std::time::Duration;

use birdhook::signature;
use tokio::io::AsyncWriteExt;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::frames::{
    ACK, CANCEL, CONTINUATION, Connection, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, SETTINGS, Said,
    WINDOW_UPDATE, block, frame, literal, refusal,
};
use crate::journal::body;
use crate::outcome::Outcome::{self, Closed, GoAway, Open, Reset, Status};
use crate::row::{BODIES, Row, SLACK, row};
use crate::target::{Tally, Target, X_WAITS, sign};
use crate::tools;

/// A row whose attack needs HTTP/2. A server without it must refuse the connection.
macro_rules! http2 {
    ($name:literal, $about:expr, |$target:ident, $tally:ident| $attack:expr) => {
        row("http2", $name, $about, |$target, $tally| {
            if $target.kind.speaks_http2() { Box::pin($attack) } else { Box::pin(refused($target, $tally)) }
        })
        // Each connection has its own windows, tables and queues.
        .memory(|target| SLACK + target.scale(50, 10) * (1 << 20))
    };
}

/// A row that floods several connections at once. The number of frames is
/// divided by `$share`.
macro_rules! flood {
    ($name:literal, $about:literal, $what:literal, $share:literal, $frames:expr) => {
        http2!($name, $about, |target, tally| flood(target, tally, $what, $share, $frames))
    };
}

pub const ROWS: &[Row] = &[
    http2!("h2_load", "`h2load`, 400 streams", |t, tally| load(t, tally)),
    flood!("h2_rapid_reset", "signed, reset at once", "a rapid reset", 1, rapid_reset),
    flood!("h2_continuation", "endless CONTINUATION frames", "an endless head", 1, continuation),
    flood!("h2_header_bomb", "too many, too long headers", "a head of 12 KB of headers of one byte", 1000, header_bomb),
    flood!("h2_empty_data", "endless empty DATA frames", "empty DATA", 1, |number| data(number, b"")),
    flood!("h2_small_data", "DATA frames of one byte", "DATA of a byte", 1, |number| data(number, b" ")),
    flood!("h2_settings", "endless SETTINGS frames", "SETTINGS", 1, |_| frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0])),
    flood!("h2_ping", "endless PING frames", "PING", 1, |_| frame(PING, 0, 0, &[7; 8])),
    flood!("h2_windows", "endless WINDOW_UPDATE, PRIORITY", "windows", 1, windows),
    http2!("h2_open_streams", "streams without body", |t, tally| open_streams(t, tally)).waits(),
    http2!("h2_bodies", "90 unfinished bodies per connection", |t, tally| bodies(t, tally))
        // Besides the bodies that birdhook reads, HTTP/2's windows let 1 MiB of other bodies arrive on
        // each connection.
        .memory(|t| SLACK + BODIES + t.scale(20, 4) * (2 << 20))
        .waits(),
    http2!("h2_garbage", "malformed frames", |t, tally| garbage(t, tally)),
];

/// Outcomes of a flood: the server ends the connection, or withstands it.
const FLOODED: &[Outcome] = &[GoAway(11), GoAway(1), GoAway(2), GoAway(6), GoAway(0), Closed, Open];

async fn refused(target: Target, tally: &mut Tally) {
    tally.note = "no HTTP/2".to_owned();
    tally.count("HTTP/2's preface", refusal(target.address).await, &[Status(400), Status(505), Closed]);
}

/// Floods several connections at once with these frames, numbered from 0.
async fn flood(target: Target, tally: &mut Tally, what: &str, share: u32, frames: fn(u32) -> Vec<u8>) {
    let (times, mut flooding) = (target.scale(200_000, 20_000) / share, JoinSet::new());
    for _ in 0..target.scale(20, 4) {
        match Connection::open(target.address).await {
            Ok(connection) => drop(flooding.spawn(connection.flood(frames, times, AFTER))),
            Err(error) => tally.add_wrong(format!("no connection: {error}")),
        }
    }
    tally.count_all(what, flooding.join_all().await, FLOODED);
}

const AFTER: Duration = Duration::from_millis(300);

/// Returns the head of a delivery with a plausible signature.
fn head(stream: u32, flags: u8) -> Vec<u8> {
    frame(HEADERS, flags, stream, &block("POST", &[(signature::HEADER, &sign("{}"))]))
}

async fn load(target: Target, tally: &mut Tally) {
    let ids = target.journal.ids(1);
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
            target.journal.events().answered(ids);
        }
        Err(why) => tally.add_wrong(why),
    }
    std::fs::remove_file(&file).ok();
}

fn rapid_reset(number: u32) -> Vec<u8> {
    let stream = 2 * number + 1;
    [head(stream, END_HEADERS), frame(RST_STREAM, 0, stream, &CANCEL)].concat()
}

fn continuation(number: u32) -> Vec<u8> {
    if number == 0 { head(1, 0) } else { frame(CONTINUATION, 0, 1, &literal(b"x-a", &[b'a'; 100])) }
}

/// Many tiny headers, which take far more memory than bytes on the wire.
fn header_bomb(number: u32) -> Vec<u8> {
    let many = [block("POST", &[]), literal(b"a", b"").repeat(3000)].concat();
    frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, &many)
}

fn data(number: u32, piece: &[u8]) -> Vec<u8> {
    if number == 0 { head(1, END_HEADERS) } else { frame(DATA, 0, 1, piece) }
}

fn windows(_: u32) -> Vec<u8> {
    const PRIORITY: u8 = 2;
    [frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]), frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 7])].concat()
}

/// Opens as many streams as the server allows, each with a body that never arrives: answered 408.
async fn open_streams(target: Target, tally: &mut Tally) {
    let connections = target.scale(50, 10);
    on_streams(target, tally, connections, b"", "a stream whose body never comes", &[Status(408)]).await;
}

/// Leaves 1 MiB unfinished on each of 90 streams per connection: answered 503 or 408.
async fn bodies(target: Target, tally: &mut Tally) {
    let connections = target.scale(20, 4);
    // Data for refused streams still arrives. The server ends the connection if it is too much.
    let allowed = [Status(408), Status(503), GoAway(11)];
    on_streams(target, tally, connections, &[b' '; (1 << 20) - 1], "a body on a stream", &allowed).await;
}

/// Sends a body that never ends on each of 90 streams of several connections.
async fn on_streams(
    target: Target,
    tally: &mut Tally,
    connections: usize,
    body: &'static [u8],
    what: &str,
    allowed: &[Outcome],
) {
    const STREAMS: u32 = 90;
    let client = |target: Target, _| streams(target.address, STREAMS, body);
    let outcomes = target.clients(connections, usize::MAX, client).await;
    tally.count_all(what, outcomes.into_iter().flatten(), allowed);
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
                Some(Said::Status(_, status)) if status >= 200 => outcomes.push(Status(status)),
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

async fn garbage(target: Target, tally: &mut Tally) {
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
}
