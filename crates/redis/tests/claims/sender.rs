//! A simulated host in the role of X: sends copies of each delivery to any receiver, again after
//! 503.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use turmoil::net::TcpStream;

use crate::receiver::PORT;

#[derive(Clone)]
pub struct Sender {
    pub receivers: u64,
    pub in_flight: Duration,
    pub faults: bool,
    /// Set when no more faults are injected.
    pub is_calm: Arc<AtomicBool>,
}

impl Sender {
    pub async fn run(self) -> turmoil::Result {
        let bodies: Vec<String> = bodies();
        let mut copies = JoinSet::new();
        for body in &bodies {
            for _ in 0..fastrand::u32(1..5) {
                // Some copies overlap; others come after the first is done or its claim has
                // expired.
                let after = if fastrand::bool() { 0 } else { fastrand::u64(0..5_500) };
                let (sender, body) = (self.clone(), body.clone());
                copies.spawn_local(async move {
                    sleep(Duration::from_millis(after)).await;
                    sender.copy(&body, 4).await;
                });
            }
        }
        while copies.join_next().await.is_some() {}
        while !self.is_calm.load(SeqCst) {
            sleep(Duration::from_millis(100)).await;
        }
        sleep(self.in_flight + Duration::from_secs(1)).await;
        for body in &bodies {
            // A connection to Redis that broke unnoticed may cost an attempt.
            if !self.copy(body, 3).await {
                Err("refused although there are no faults and no claims")?;
            }
        }
        Ok(())
    }

    /// Returns whether the body was answered 200.
    async fn copy(&self, body: &str, attempts: u32) -> bool {
        for _ in 0..attempts {
            let receiver = format!("receiver-{}", fastrand::u64(0..self.receivers));
            // X waits three seconds, and sometimes its connection breaks.
            let disconnects = self.faults && !self.is_calm.load(SeqCst) && fastrand::u8(..10) == 0;
            let wait = if disconnects { fastrand::u64(1..400) } else { 3000 };
            let answer = timeout(Duration::from_millis(wait), post(&receiver, body)).await;
            if matches!(answer, Ok(Ok(answer)) if answer == "200") {
                return true;
            }
            sleep(Duration::from_millis(fastrand::u64(100..1_800))).await;
        }
        false
    }
}

async fn post(receiver: &str, body: &str) -> std::io::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect((receiver, PORT)).await?);
    stream.get_mut().write_all(format!("{body}\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_line(&mut answer).await?;
    Ok(answer.trim_end().to_owned())
}

/// Returns bodies, some with several events, some that share events with others.
fn bodies() -> Vec<String> {
    let body = |ids: &[u64]| {
        let events: Vec<String> = ids.iter().map(|id| format!(r#"{{"status":{{"id":"{id}"}}}}"#)).collect();
        format!(r#"{{"for_user_id":"1","tweet_delete_events":[{}]}}"#, events.join(","))
    };
    (0..8_u64)
        .map(|first| match fastrand::u8(..4) {
            0 => body(&[first, first + 1]),
            1 => body(&[first, 100 + first, 200 + first]),
            _ => body(&[first]),
        })
        .collect()
}
