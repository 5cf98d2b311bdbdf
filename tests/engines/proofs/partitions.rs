//! Network partitions: some receivers cannot reach the engine, then none can.

use std::path::Path;
use std::time::Duration;

use birdhook_inbox_proof::Violation;

use crate::engine::Kind;
use crate::fleet::{Fleet, Setup};

pub async fn cross_once(instance: &Path, kind: Kind, setup: Setup) -> Result<(), Violation> {
    let fleet = Fleet::start(instance, kind, setup, birdhook_seed::seed()).await?;
    fleet.goes_on(40).await?;
    let [first, second, third] = fleet.instances.as_slice() else { panic!("three instances") };
    first.network.cut();
    fleet.goes_on(40).await?;
    second.network.stall();
    fleet.goes_on(12).await?;
    first.network.heal();
    third.network.cut();
    fleet.goes_on(12).await?;
    fleet.instances.iter().for_each(|instance| instance.network.stall());
    fleet.is_without_engine(Duration::from_millis(1000)).await?;
    fleet.instances.iter().for_each(|instance| instance.network.cut());
    fleet.is_without_engine(Duration::from_millis(500)).await?;
    fleet.instances.iter().for_each(|instance| instance.network.heal());
    fleet.goes_on(40).await?;
    fleet.settle().await
}
