//! Model tests of the memory budget.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Waker;
use std::time::Duration;

use shuttle::future::{block_on, spawn};
use tokio::time::Instant;

use super::run;
use crate::bodies::{Bodies, Share};

/// Accepted bodies never exceed the budget, and all of it is released.
#[test]
fn bodies_hold_no_more_than_there_is_and_give_it_back() {
    run::under_all(|| {
        const ROOM: usize = 5;
        block_on(async {
            let (bodies, held) = (Arc::new(Bodies::new(ROOM)), Arc::new(AtomicUsize::new(0)));
            let tasks = [3, 4].map(|bytes| {
                let (bodies, held) = (Arc::clone(&bodies), Arc::clone(&held));
                spawn(async move {
                    let share = Share::default();
                    let taken = share.take(&bodies, bytes, Instant::now);
                    if taken.is_ok() {
                        assert!(held.fetch_add(bytes, SeqCst) + bytes <= ROOM, "more than there is");
                        held.fetch_sub(bytes, SeqCst);
                    }
                    share.give_back(&bodies);
                    share.give_back(&bodies);
                    taken.is_ok()
                })
            });
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(bodies.taken(), 0);
            assert!(Share::default().take(&bodies, ROOM, Instant::now).is_ok());
        });
    });
}

/// An upload ended in favour of another one does not complete; its bytes are released once.
#[test]
fn a_body_is_whole_or_its_room_is_another_one_s() {
    run::under_all(|| {
        const ROOM: usize = 5;
        block_on(async {
            let (bodies, held) = (Arc::new(Bodies::new(ROOM)), Arc::new(AtomicUsize::new(0)));
            let (begun, later) = (Instant::now(), Instant::now() + Duration::from_secs(1));
            let slow = Share::default();
            slow.take(&bodies, 3, || begun).unwrap();
            slow.wait(&bodies, begun, || begun, Waker::noop()).unwrap();
            let (room, holds) = (Arc::clone(&bodies), Arc::clone(&held));
            let slow = spawn(async move {
                if slow.complete(&room).is_ok() {
                    assert!(holds.fetch_add(3, SeqCst) + 3 <= ROOM, "more than there is");
                    holds.fetch_sub(3, SeqCst);
                }
                slow.give_back(&room);
            });
            let newcomer = spawn(async move {
                let share = Share::default();
                if share.take(&bodies, 4, || later).is_ok() {
                    assert!(held.fetch_add(4, SeqCst) + 4 <= ROOM, "more than there is");
                    held.fetch_sub(4, SeqCst);
                }
                share.give_back(&bodies);
                bodies
            });
            slow.await.unwrap();
            assert_eq!(newcomer.await.unwrap().taken(), 0);
        });
    });
}
