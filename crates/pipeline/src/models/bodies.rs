//! The room for bodies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use shuttle::future::{block_on, spawn};

use super::run;
use crate::bodies::{Bodies, Share};

/// Bodies that were not refused never hold more than there is, and all is given back.
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
                    let taken = share.take(&bodies, bytes);
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
            assert!(Share::default().take(&bodies, ROOM).is_ok());
        });
    });
}
