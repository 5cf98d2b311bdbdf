//! All faults in random combination, from a seed.

use std::path::Path;
use std::time::Duration;

use birdhook_inbox_proof::Violation;
use tokio::time::{Instant, sleep};

use crate::engine::Kind;
use crate::fleet::{Fleet, Setup};

pub async fn cross_once(instance: &Path, kind: Kind, setup: Setup, time: Duration) -> Result<(), Violation> {
    let seed = birdhook_seed::seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut fleet = Fleet::start(instance, kind, setup, seed).await?;
    let (begun, mut story) = (Instant::now(), Vec::new());
    while begun.elapsed() < time {
        sleep(Duration::from_millis(random.u64(20..300))).await;
        let one = random.usize(..fleet.instances.len());
        let (engine, instance) = (&mut fleet.engine, &mut fleet.instances[one]);
        let what = random.choice(WHAT).unwrap();
        story.push(format!("{} {what:?} {one}", begun.elapsed().as_millis()));
        match what {
            What::KillEngine => engine.kill(),
            What::PauseEngine => engine.pause(),
            What::Engine if engine.is_running() => engine.resume(),
            What::Engine => engine.restart(),
            What::Kill => instance.kill().await,
            // The instance may have just started, and not handle the signal yet.
            What::Stop => drop(instance.stop().await),
            What::Instance if instance.is_running() => {}
            What::Instance => instance.begin().await,
            What::Cut => instance.network.cut(),
            What::Stall => instance.network.stall(),
            What::Slow => instance.network.slow(Duration::from_millis(random.u64(..1500))),
            What::Heal => instance.network.heal(),
        }
    }
    println!("{}", story.join(", "));
    fleet.settle().await
}

#[derive(Clone, Copy, Debug)]
enum What {
    KillEngine,
    PauseEngine,
    /// Resumes or restarts the engine.
    Engine,
    Kill,
    Stop,
    Instance,
    Cut,
    Stall,
    Slow,
    Heal,
}

/// The weighted actions. Those that end a fault are frequent, so that faults are usually short.
const WHAT: [What; 16] = [
    What::KillEngine,
    What::PauseEngine,
    What::Engine,
    What::Engine,
    What::Engine,
    What::Engine,
    What::Kill,
    What::Stop,
    What::Instance,
    What::Instance,
    What::Cut,
    What::Stall,
    What::Slow,
    What::Heal,
    What::Heal,
    What::Heal,
];
