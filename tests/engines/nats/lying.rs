//! A NATS server that sends a wrong response, or none, at each step of a conversation.

use std::time::Duration;

use birdhook_nats::JetStream;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

use crate::lying::{all_fail_within, connect_and_deliver, in_little_memory};

/// The step at which the server sends the wrong response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Instead of `INFO`.
    Info,
    /// Instead of the response to the first `PING`, which accepts the client.
    Pong,
    /// Instead of JetStream's receipt for the event, after the head of a message.
    Receipt,
    /// Instead of the whole message.
    Message,
    Never,
}

const INFO: &str = r#"INFO {"server_id":"x","server_name":"x","version":"2.11.0","go":"go1","host":"127.0.0.1","port":4222,"max_payload":1048576,"headers":true,"jetstream":true,"proto":1,"client_id":1}"#;

/// Wrong responses. `None` sends nothing; an empty text closes the connection.
const LIES: [(Step, &[Option<&str>]); 4] = [
    (
        Step::Info,
        &[None, Some(""), Some("INFO {}"), Some("INFO {"), Some("-ERR 'no'"), Some("HTTP/1.1 400 Bad Request")],
    ),
    (
        Step::Pong,
        &[None, Some(""), Some("-ERR 'Authorization Violation'"), Some("MSG"), Some("MSG a 1 999999999999999999999")],
    ),
    (
        Step::Receipt,
        &[
            Some("{}"),
            Some("[]"),
            Some("not json"),
            Some(r#"{"stream":5,"seq":1}"#),
            Some(r#"{"stream":"x"}"#),
            Some(r#"{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}}"#),
            Some(r#"{"error":{"code":"x"}}"#),
        ],
    ),
    (
        Step::Message,
        &[
            None,
            Some(""),
            Some("-ERR 'Permissions Violation for Publish to \"birdhook\"'"),
            Some("MSG x 999 2\r\n{}"),
            Some("MSG x 1 1073741824"),
            Some("HMSG x 1 1 0"),
        ],
    ),
];

/// The client waits 5 s for a connection, and 5 s for a receipt.
const LIMIT: Duration = Duration::from_secs(15);

/// Behaves as a server until the wrong response, and then sends nothing.
async fn converse(stream: TcpStream, step: Step, lie: Option<&'static str>) -> std::io::Result<()> {
    let (mut stream, mut line, mut sid) = (BufStream::new(stream), String::new(), String::new());
    let lie_at = |now: Step| (step == now).then_some(lie);
    say(&mut stream, INFO, lie_at(Step::Info)).await?;
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [] => return Ok(()),
            ["PING"] => say(&mut stream, "PONG", lie_at(Step::Pong)).await?,
            ["SUB", .., id] => sid = (*id).to_owned(),
            ["PUB" | "HPUB", _, reply, .., length] => {
                stream.read_exact(&mut vec![0; length.parse::<usize>().unwrap() + 2]).await?;
                let receipt = lie_at(Step::Receipt).flatten().unwrap_or(r#"{"stream":"x","seq":1}"#);
                let message = format!("MSG {reply} {sid} {}\r\n{receipt}", receipt.len());
                say(&mut stream, &message, lie_at(Step::Message)).await?;
            }
            _ => {}
        }
    }
}

/// Sends this response, or the wrong one.
async fn say(stream: &mut BufStream<TcpStream>, right: &str, lie: Option<Option<&str>>) -> std::io::Result<()> {
    match lie.unwrap_or(Some(right)) {
        Some("") => return Err(std::io::ErrorKind::ConnectionAborted.into()),
        Some(said) => stream.write_all(format!("{said}\r\n").as_bytes()).await?,
        None => {}
    }
    stream.flush().await?;
    match lie {
        Some(_) => std::future::pending().await,
        None => Ok(()),
    }
}

async fn deliver(step: Step, lie: Option<&'static str>) -> Result<(), String> {
    connect_and_deliver(
        "nats",
        move |stream| converse(stream, step, lie),
        async |url| JetStream::connect(&url).await.map(|jetstream| jetstream.sink()).map_err(|error| error.to_string()),
    )
    .await
}

/// No wrong response counts as a stored event, blocks a delivery, or costs memory.
#[test]
fn whatever_the_server_says_in_place_of_an_answer_is_an_error_in_time() {
    in_little_memory(async {
        assert_eq!(deliver(Step::Never, None).await, Ok(()));
        let lies = LIES.iter().flat_map(|(step, lies)| lies.iter().map(|lie| (*step, *lie)));
        all_fail_within(LIMIT, lies, async |(step, lie)| deliver(step, lie).await).await;
    });
}
