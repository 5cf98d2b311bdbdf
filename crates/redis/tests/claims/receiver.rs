//! A simulated receiver: the real sink around a slow, failing sink that reports to the oracle.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_core::{Delivery, Event, EventKey};
use birdhook_pipeline::{EventSink, SinkError};
use birdhook_redis::{DedupeSettings, SharedDedupe};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};
use turmoil::net::{TcpListener, TcpStream};

use crate::line::Line;
use crate::oracle::{Entry, Oracle};

pub const PORT: u16 = 80;

/// The parts of a receiver.
#[derive(Clone)]
pub struct Receiver {
    pub oracle: Oracle,
    pub in_flight: Duration,
    pub deadline: Duration,
    pub copies_wait: Duration,
    /// Set when inner sinks stop failing and pausing.
    pub is_calm: Arc<AtomicBool>,
    /// The number of deliveries to inner sinks.
    pub deliveries: Arc<AtomicU64>,
    /// The sinks of all receivers, including crashed ones.
    pub sinks: Arc<Mutex<Vec<Arc<SharedDedupe<Inner>>>>>,
    pub faults: bool,
}

pub struct Inner {
    host: IpAddr,
    receiver: Receiver,
}

impl EventSink for Inner {
    type Future = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        let keys: Vec<EventKey> = delivery.events().iter().map(Event::dedupe_key).collect();
        let (host, oracle) = (self.host, self.receiver.oracle.clone());
        let number = self.receiver.deliveries.fetch_add(1, SeqCst);
        for key in &keys {
            oracle.note(Entry::Began { host, delivery: number, key: key.to_string() });
        }
        let fate = if self.receiver.is_calm.load(SeqCst) || !self.receiver.faults { 0 } else { fastrand::u8(..100) };
        let takes = Duration::from_millis(match fate {
            0..50 => 0,
            50..85 => fastrand::u64(10..500),
            _ => fastrand::u64(500..4000),
        });
        let fails = fate % 7 == 6;
        Box::pin(async move {
            if !takes.is_zero() {
                sleep(takes).await;
            }
            if fails {
                return Err(SinkError::Full);
            }
            for key in &keys {
                oracle.note(Entry::Accepted { host, delivery: number, key: key.to_string() });
            }
            Ok(())
        })
    }
}

impl Receiver {
    pub async fn run(self, name: String) -> turmoil::Result {
        let host = turmoil::lookup(name);
        let inner = Inner { host, receiver: self.clone() };
        let dedupe = DedupeSettings::over(Line::new())
            .in_flight(self.in_flight)
            .timeout(Duration::from_millis(400))
            .copies_wait(self.copies_wait);
        let sink = Arc::new(dedupe.around(inner));
        self.sinks.lock().unwrap().push(Arc::clone(&sink));
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            let (receiver, sink) = (self.clone(), Arc::clone(&sink));
            spawn_local(async move {
                // An error means that the client has disconnected.
                let _ = receiver.serve(stream, host, &sink).await;
            });
        }
    }

    /// Reads one body as a line, and answers with a line.
    async fn serve(&self, stream: TcpStream, host: IpAddr, sink: &SharedDedupe<Inner>) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut body = String::new();
        stream.read_line(&mut body).await?;
        let Some(delivery) = Delivery::restore("app", body, 100) else { return Ok(()) };
        let keys: Vec<EventKey> = delivery.events().iter().map(Event::dedupe_key).collect();
        let answer = {
            let deliver = timeout(self.deadline, sink.deliver(delivery));
            let mut rest = [0; 1];
            tokio::select! {
                biased;
                _ = stream.read(&mut rest) => return Ok(()),
                answer = deliver => answer.unwrap_or(Err(SinkError::TooSlow)),
            }
        };
        let answer = answer.map_or_else(|error| format!("503 {error}"), |()| "200".to_owned());
        let keys = keys.iter().map(ToString::to_string).collect();
        self.oracle.note(Entry::Answered { host, keys, answer: answer.clone() });
        stream.write_all(format!("{answer}\n").as_bytes()).await
    }
}
