//! The engine is killed repeatedly while events are published and consumed.

use std::path::Path;
use std::time::Duration;

use birdhook_inbox_proof::Violation;
use tokio::time::sleep;

use crate::engine::Kind;
use crate::fleet::{Fleet, Setup};

pub async fn cross_once(instance: &Path, kind: Kind, setup: Setup, times: usize) -> Result<(), Violation> {
    let seed = birdhook_seed::seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut fleet = Fleet::start(instance, kind, setup, seed).await?;
    for _ in 0..times {
        fleet.goes_on(random.usize(10..60)).await?;
        fleet.engine.kill();
        // Sometimes the engine is back before any client notices.
        sleep(Duration::from_millis(random.u64(..300))).await;
        fleet.engine.restart();
    }
    fleet.goes_on(20).await?;
    fleet.settle().await
}
