//! Receivers are killed at any time, and restart with the same inbox.

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
        fleet.goes_on(random.usize(10..50)).await?;
        let one = random.usize(..fleet.instances.len());
        fleet.instances[one].kill().await;
        sleep(Duration::from_millis(random.u64(..100))).await;
        fleet.instances[one].restart().await?;
    }
    fleet.goes_on(20).await?;
    fleet.settle().await
}
