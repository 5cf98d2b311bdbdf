//! The engine takes longer than X waits.

use std::path::Path;
use std::time::Duration;

use birdhook_inbox_proof::Violation;
use tokio::time::sleep;

use crate::engine::Kind;
use crate::fleet::{Fleet, Setup};

pub async fn cross_once(instance: &Path, kind: Kind, setup: Setup) -> Result<(), Violation> {
    let fleet = Fleet::start(instance, kind, setup, birdhook_seed::seed()).await?;
    let slow = |latency| fleet.instances.iter().for_each(|instance| instance.network.slow(latency));
    slow(Duration::from_millis(30));
    fleet.goes_on(60).await?;
    // The round trip exceeds the deadline: the engine stores events that X believes failed.
    slow(Duration::from_millis(1400));
    sleep(Duration::from_millis(3500)).await;
    fleet.instances.iter().for_each(|instance| instance.network.heal());
    fleet.goes_on(40).await?;
    fleet.engine.pause();
    fleet.is_without_engine(Duration::from_millis(2700)).await?;
    fleet.engine.resume();
    fleet.goes_on(40).await?;
    fleet.settle().await
}
