//! Model tests of the channel: closing or dropping it loses no delivery that was answered `Ok`.

use std::sync::{Arc, Mutex};

use shuttle::future::{JoinHandle, block_on, spawn};
use shuttle::rand::{Rng, thread_rng};

use super::deliveries::{delivery, ids};
use super::run;
use super::sync::Runtime;
use crate::sink::{ChannelSink, Deliveries, EventSink, channel};

type Sent = Arc<Mutex<Vec<String>>>;

/// Sends one delivery for each id, and records the ids that were answered `Ok`.
fn sender(sink: &Arc<ChannelSink>, sent: &Sent, of: &'static [&'static str]) -> JoinHandle<()> {
    let (sink, sent) = (Arc::clone(sink), Arc::clone(sent));
    spawn(async move {
        for id in of {
            if sink.deliver(delivery(&[id])).await.is_ok() {
                sent.lock().unwrap().push((*id).to_owned());
            }
        }
    })
}

fn sorted(ids: &Sent) -> Vec<String> {
    let mut ids = ids.lock().unwrap().clone();
    ids.sort_unstable();
    ids
}

/// Reads with `recv`, with `recv_many` or by event, as chosen by `method`.
async fn read_to_the_end(mut deliveries: Deliveries, method: usize) -> Vec<String> {
    let mut read = Vec::new();
    match method {
        0 => {
            while let Some(delivery) = deliveries.recv().await {
                read.extend(ids(&delivery));
            }
        }
        1 => {
            let mut some = Vec::new();
            while deliveries.recv_many(&mut some, 2).await > 0 {
                read.extend(some.drain(..).flat_map(|delivery| ids(&delivery)));
            }
        }
        _ => {
            let mut events = deliveries.events();
            while let Some(event) = events.recv().await {
                let raw = event.raw().as_str();
                read.push(raw.split(r#""id":""#).nth(1).unwrap().split('"').next().unwrap().to_owned());
            }
        }
    }
    read
}

/// The sink is closed at any moment: the app reads exactly the deliveries that were answered `Ok`,
/// in each sender's order, and then the end.
#[test]
fn closing_loses_no_delivery_that_was_answered_ok() {
    run::at_random(|| {
        Runtime::any().set();
        block_on(async {
            let (sink, deliveries) = channel(1);
            let (sink, sent) = (Arc::new(sink), Sent::default());
            let senders = [sender(&sink, &sent, &["1", "2"]), sender(&sink, &sent, &["3"])];
            let reader = spawn(read_to_the_end(deliveries, thread_rng().gen_range(0..3)));
            let watcher = spawn({
                let sink = Arc::clone(&sink);
                async move {
                    let backlog = sink.backlog().unwrap();
                    assert!(backlog.deliveries <= 3 && backlog.events <= 3, "{backlog:?} of 3");
                    sink.drained().await;
                }
            });
            let closer = spawn({
                let sink = Arc::clone(&sink);
                async move {
                    sink.close();
                    assert!(!sink.is_open());
                    sink.drained().await;
                }
            });
            for sender in senders {
                sender.await.unwrap();
            }
            closer.await.unwrap();
            watcher.await.unwrap();
            let read = reader.await.unwrap();
            let place = |id| read.iter().position(|read| read == id);
            assert!(place("2").is_none() || place("1").is_none() || place("1") < place("2"), "{read:?}");
            let read = Arc::new(Mutex::new(read));
            assert_eq!(sorted(&read), sorted(&sent), "read and answered Ok");
            assert_eq!(sink.backlog(), Some(Default::default()));
            assert!(sink.deliver(delivery(&["4"])).await.is_err());
        });
    });
}

/// The receiving half is dropped at any moment: no task hangs, later deliveries are refused, and
/// each delivery that was answered `Ok` was read or counts as unconsumed.
#[test]
fn deliveries_that_a_dropped_receiver_left_unread_are_counted() {
    run::at_random(|| {
        Runtime::any().set();
        block_on(async {
            let (sink, mut deliveries) = channel(1);
            let (sink, sent) = (Arc::new(sink), Sent::default());
            let senders = [sender(&sink, &sent, &["1", "2"]), sender(&sink, &sent, &["3"])];
            let patient = spawn({
                let sink = Arc::clone(&sink);
                async move { sink.drained().await }
            });
            let reader = spawn(async move { usize::from(deliveries.recv().await.is_some()) });
            for sender in senders {
                sender.await.unwrap();
            }
            let read = reader.await.unwrap();
            assert!(sink.deliver(delivery(&["4"])).await.is_err());
            assert!(!sink.is_open());
            patient.await.unwrap();
            let sent = sent.lock().unwrap().len();
            let backlog = sink.backlog().unwrap();
            assert_eq!((backlog.deliveries, backlog.events), (sent - read, sent - read));
        });
    });
}

/// A sender dropped while the channel is full has sent nothing and occupies no slot.
#[test]
fn a_dropped_send_sent_nothing_and_occupies_no_slot() {
    run::at_random(|| {
        Runtime::any().set();
        block_on(async {
            let (sink, deliveries) = channel(1);
            let (sink, sent) = (Arc::new(sink), Sent::default());
            let senders = [sender(&sink, &sent, &["1"]), sender(&sink, &sent, &["2"]), sender(&sink, &sent, &["3"])];
            senders[2].abort();
            let reader = spawn(read_to_the_end(deliveries, 0));
            for sender in senders {
                let _ = sender.await;
            }
            sink.close();
            let read = Arc::new(Mutex::new(reader.await.unwrap()));
            assert_eq!(sorted(&read), sorted(&sent));
            assert_eq!(sink.backlog(), Some(Default::default()));
        });
    });
}
