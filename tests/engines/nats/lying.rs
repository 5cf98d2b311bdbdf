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
    let mut asked = Step::Info;
    loop {
        let said = match asked {
            _ if asked == step => lie,
            Step::Info => Some(INFO),
            Step::Pong => Some("PONG"),
            _ => None,
        };
        match said {
            Some("") => return Ok(()),
            Some(said) => stream.write_all(format!("{said}\r\n").as_bytes()).await?,
            None => {}
        }
        stream.flush().await?;
        if asked == step {
            std::future::pending::<()>().await;
        }
        // Reads the next request.
        asked = loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["PING"] => break Step::Pong,
                ["SUB", .., id] => sid = (*id).to_owned(),
                ["PUB" | "HPUB", _, reply, .., length] => {
                    let mut payload = vec![0; length.parse::<usize>().unwrap() + 2];
                    let reply = (*reply).to_owned();
                    stream.read_exact(&mut payload).await?;
                    if step == Step::Message {
                        break Step::Message;
                    }
                    let receipt =
                        if step == Step::Receipt { lie.unwrap_or_default() } else { r#"{"stream":"x","seq":1}"# };
                    let message = format!("MSG {reply} {sid} {}\r\n{receipt}\r\n", receipt.len());
                    stream.write_all(message.as_bytes()).await?;
                    stream.flush().await?;
                }
                _ => {}
            }
        };
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
