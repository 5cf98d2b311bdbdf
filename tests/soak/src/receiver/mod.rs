//! The receiver: `receive SINK FOLDER DEADLINE_MS HORIZON_MS CAPACITY [PLANT]`.
//!
//! It prints its port, executes the commands on its standard input, and replies to each with a
//! line:
//!
//! | line | what |
//! |---|---|
//! | `slow` | deliveries to the sink take about the deadline, some less and some more |
//! | `down` | deliveries to the sink fail immediately |
//! | `well` | deliveries to the sink succeed again |
//! | `stop`, `go` | the app stops consuming; it resumes |
//! | `rotate N` | secret number N becomes the first; the previous one is still accepted |
//! | `state` | the numbers in flight, queued and remembered; consumed events are flushed to disk |

mod consumer;
mod faulty;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use birdhook_inbox::InboxSettings;
use birdhook_pipeline::{App, Delivery, EventSink, Pipeline, Webhook};
use birdhook_test_harness::consumption::APP;
use birdhook_test_harness::http_client::PATH;
use birdhook_tower::Receiver;
use clap::ValueEnum;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::secret;
use crate::settings::{Plant, Sink};
use consumer::{Consumer, Journal};
use faulty::{Fault, Faulty};

/// The number of events that the app leases concurrently.
const LEASES: usize = 128;

pub async fn receive(words: &[String]) {
    let [sink, folder, deadline, horizon, capacity, plant @ ..] = words else { panic!("too few words: {words:?}") };
    let millis = |word: &String| Duration::from_millis(word.parse().unwrap());
    let (sink, folder) = (Sink::from_str(sink, false).unwrap(), Path::new(folder));
    let (deadline, horizon) = (millis(deadline), millis(horizon));
    let plant = plant.first().map(|name| Plant::from_str(name, false).unwrap());
    let (fault, faults) = watch::channel(Fault::None);
    let (going, is_going) = watch::channel(true);
    let journal = Arc::new(Journal::new(&folder.join("consumed")));
    let consumer = Consumer { journal: Arc::clone(&journal), is_going };
    let webhook = Webhook::new(App::new(APP, secret(0))).deadline(deadline);
    let control = Control { fault, going, journal };
    // The pipeline behind the faults. It does not deduplicate, and its deadline is not used.
    let bare = webhook.clone().dedupe_window(0, Duration::ZERO);
    match sink {
        Sink::Channel => {
            let (inner, deliveries) = bare.channel(capacity.parse().unwrap());
            tokio::spawn(consumer.read(deliveries));
            let queue = inner.clone();
            let depth = move || queue.sink().backlog().unwrap_or_default().events;
            serve(webhook.sink(Faulty::new(inner, faults, deadline, plant)), control, depth).await;
        }
        Sink::Handler => {
            let handle = move |delivery: Delivery| {
                let mut consumer = consumer.clone();
                async move { consumer.handle(&delivery).await }
            };
            let inner = bare.delivery_handler(handle);
            serve(webhook.sink(Faulty::new(inner, faults, deadline, plant)), control, || 0).await;
        }
        Sink::Inbox => {
            let settings = InboxSettings::new().dedupe_horizon(horizon);
            let inbox = settings.open(folder.join("inbox")).await.unwrap();
            for _ in 0..LEASES {
                tokio::spawn(consumer.clone().lease(inbox.clone()));
            }
            let inner = bare.sink(inbox.clone());
            let depth = move || inbox.stats().depth;
            serve(webhook.sink(Faulty::new(inner, faults, deadline, plant)), control, depth).await;
        }
    }
}

struct Control {
    fault: watch::Sender<Fault>,
    going: watch::Sender<bool>,
    journal: Arc<Journal>,
}

async fn serve<S>(pipeline: Pipeline<S>, control: Control, depth: impl Fn() -> usize)
where
    S: EventSink<Future: Send> + Send + Sync + 'static,
{
    let app = Router::new().route_service(PATH, Receiver::new(pipeline.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    println!("{port}");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["slow"] => _ = control.fault.send_replace(Fault::Slow),
            ["down"] => _ = control.fault.send_replace(Fault::Down),
            ["well"] => _ = control.fault.send_replace(Fault::None),
            ["stop"] => _ = control.going.send_replace(false),
            ["go"] => _ = control.going.send_replace(true),
            ["rotate", number] => {
                let number: u64 = number.parse().unwrap();
                let app = App::new(APP, secret(number)).add_consumer_secret(secret(number.saturating_sub(1)));
                pipeline.replace_apps(app);
            }
            ["state"] => control.journal.flush(),
            _ => panic!("{line} means nothing"),
        }
        let (health, depth, consumed) = (pipeline.health(), depth(), control.journal.count());
        println!("{} {} {depth} {} {consumed}", health.in_flight, health.body_bytes, health.remembered);
    }
}
