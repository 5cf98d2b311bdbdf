//! A Redis that sends a wrong response, or none, at each step of a conversation.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use birdhook_redis::Redis;
use futures_util::future::join_all;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

use crate::lying::{all_fail_within, connect_and_deliver, in_little_memory};
use crate::redis::fixture::STREAM;

/// Wrong responses. `None` sends nothing.
const LIES: [Option<&[u8]>; 17] = [
    None,
    Some(b""),
    Some(b"+OK\r\n"),
    Some(b":-9223372036854775808\r\n"),
    Some(b":99999999999999999999\r\n"),
    Some(b"$-1\r\n"),
    Some(b"*-1\r\n"),
    Some(b"*0\r\n"),
    Some(b"_\r\n"),
    Some(b"-ERR no\r\n"),
    Some(b"-OOM no\r\n"),
    Some(b"-MOVED 1 127.0.0.1:1\r\n"),
    Some(b"-NOSCRIPT no\r\n"),
    Some(b"*1000000000\r\n"),
    Some(b"$536870912\r\nab"),
    Some(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    Some(b"\0\xff\r\n:"),
];

/// Two calls of 2 s each, 1 s for a connection, and a margin for slow machines.
const LIMIT: Duration = Duration::from_secs(10);

async fn converse(
    stream: TcpStream,
    asked: Arc<AtomicUsize>,
    honest: usize,
    lie: Option<&'static [u8]>,
) -> std::io::Result<()> {
    let mut stream = BufStream::new(stream);
    loop {
        let right: &[u8] = match command(&mut stream).await?.as_str() {
            "PING" => b"+PONG\r\n",
            "EVALSHA" => b":1\r\n",
            "SCRIPT" => b"$40\r\n0000000000000000000000000000000000000000\r\n",
            _ => b"+OK\r\n",
        };
        match if asked.fetch_add(1, SeqCst) < honest { Some(right) } else { lie } {
            None => std::future::pending().await,
            Some([]) => return Ok(()),
            Some(answer) => stream.write_all(answer).await?,
        }
        stream.flush().await?;
    }
}

/// Reads a command, and returns its name.
async fn command(stream: &mut BufStream<TcpStream>) -> std::io::Result<String> {
    let mut words = Vec::new();
    for _ in 0..number(stream).await? {
        let mut word = vec![0; number(stream).await? + 2];
        stream.read_exact(&mut word).await?;
        words.push(String::from_utf8_lossy(&word).trim_end().to_ascii_uppercase());
    }
    Ok(words.swap_remove(0))
}

/// Reads the number of words of a command, or the length of a word.
async fn number(stream: &mut BufStream<TcpStream>) -> std::io::Result<usize> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    line.trim_start_matches(['*', '$']).trim_end().parse().map_err(std::io::Error::other)
}

/// Answers the first `honest` commands of all connections as Redis does, and the others with `lie`.
/// An empty `lie` closes the connection.
async fn deliver(honest: usize, lie: Option<&'static [u8]>) -> Result<(), String> {
    let asked = Arc::new(AtomicUsize::new(0));
    connect_and_deliver(
        "redis",
        move |stream| converse(stream, Arc::clone(&asked), honest, lie),
        async |url| Redis::connect(&url).await.map(|redis| redis.sink(STREAM)).map_err(|error| error.to_string()),
    )
    .await
}

/// No wrong response counts as an appended event, blocks a delivery, or costs memory.
#[test]
fn whatever_redis_says_in_place_of_an_answer_is_an_error_in_time() {
    in_little_memory(async {
        let honest = join_all((0..12).map(|steps| deliver(steps, None))).await;
        let steps = honest.iter().position(Result::is_ok).expect("it is honest long enough");
        assert!((2..8).contains(&steps), "a PING and a script: {honest:?}");
        let lies = (0..steps).flat_map(|step| LIES.map(|lie| (step, lie)));
        all_fail_within(LIMIT, lies, async |(step, lie)| deliver(step, lie).await).await;
    });
}
