//! Copies of deliveries reach different receivers, at the same time and later.

use std::path::Path;

use birdhook_inbox_proof::Violation;

use crate::engine::Kind;
use crate::fleet::{Fleet, Setup};

pub async fn cross_once(instance: &Path, kind: Kind, setup: Setup) -> Result<(), Violation> {
    let fleet = Fleet::start(instance, kind, setup, birdhook_seed::seed()).await?;
    fleet.goes_on(500).await?;
    fleet.settle().await
}
