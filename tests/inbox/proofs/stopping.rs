//! The process gets SIGTERM under load.

use std::path::Path;

use crate::bed::settle;
use crate::load::Load;
use crate::process::Place;
use crate::violation::{Violation, holds};

pub async fn lose_nothing(receiver: &Path, times: usize) -> Result<(), Violation> {
    let place = Place::new(receiver);
    let load = Load::new(birdhook_seed::seed());
    let sending = load.start(&place.url(), 4);
    for _ in 0..times {
        let before = load.book(|book| book.count_answered());
        let mut process = place.run(&["fails=5"], &[]);
        holds(process.is_ready().await, || "the receiver does not start".to_owned())?;
        while load.book(|book| book.count_answered()) < before + 40 {
            tokio::task::yield_now().await;
        }
        process.terminate();
        let ended = process.ended().await;
        holds(ended.success(), || format!("asked to end, the receiver ended with {ended}"))?;
    }
    // No receiver is left to answer the requests in progress.
    sending.abandon().await;
    settle(&load, &place.inbox(), &place.consumed()).await
}
