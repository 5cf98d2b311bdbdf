//! The faults: each function starts a fleet, injects one kind of fault, and checks that every event
//! crosses the engine once.

use std::path::Path;
use std::time::Duration;

use birdhook_test_harness::servers::Kind;
use birdhook_test_harness::violation::Violation;
use tokio::time::{Instant, sleep};

use crate::fleet::{Fleet, Setup};
use crate::network::Proxy;

type Proof = Result<(), Violation>;

/// Copies of deliveries reach different receivers, at the same time and later.
pub async fn copies(instance: &Path, kind: Kind, setup: Setup) -> Proof {
    let (fleet, _) = Fleet::start(instance, kind, setup).await?;
    fleet.goes_on(500).await?;
    fleet.settle().await
}

/// The engine is killed repeatedly while events are published and consumed.
pub async fn engine_kills(instance: &Path, kind: Kind, setup: Setup, times: usize) -> Proof {
    let (mut fleet, mut random) = Fleet::start(instance, kind, setup).await?;
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

/// Receivers are killed at any time, and restart with the same inbox.
pub async fn instance_kills(instance: &Path, kind: Kind, setup: Setup, times: usize) -> Proof {
    let (mut fleet, mut random) = Fleet::start(instance, kind, setup).await?;
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

/// The engine takes longer than X waits.
pub async fn slow_engine(instance: &Path, kind: Kind, setup: Setup) -> Proof {
    let (fleet, _) = Fleet::start(instance, kind, setup).await?;
    fleet.networks(|network| network.slow(Duration::from_millis(30)));
    fleet.goes_on(60).await?;
    // The round trip exceeds the deadline: the engine stores events that X believes failed.
    fleet.networks(|network| network.slow(Duration::from_millis(1400)));
    sleep(Duration::from_millis(3500)).await;
    fleet.networks(Proxy::heal);
    fleet.goes_on(40).await?;
    fleet.engine.pause();
    fleet.is_without_engine(Duration::from_millis(2700)).await?;
    fleet.engine.resume();
    fleet.goes_on(40).await?;
    fleet.settle().await
}

/// Some receivers cannot reach the engine, then none can.
pub async fn partitions(instance: &Path, kind: Kind, setup: Setup) -> Proof {
    let (fleet, _) = Fleet::start(instance, kind, setup).await?;
    fleet.goes_on(40).await?;
    let [first, second, third] = fleet.instances.as_slice() else { panic!("three instances") };
    first.network.cut();
    fleet.goes_on(40).await?;
    second.network.stall();
    fleet.goes_on(12).await?;
    first.network.heal();
    third.network.cut();
    fleet.goes_on(12).await?;
    fleet.networks(Proxy::stall);
    fleet.is_without_engine(Duration::from_millis(1000)).await?;
    fleet.networks(Proxy::cut);
    fleet.is_without_engine(Duration::from_millis(500)).await?;
    fleet.networks(Proxy::heal);
    fleet.goes_on(40).await?;
    fleet.settle().await
}

/// All faults in random combination, from a seed.
pub async fn chaos(instance: &Path, kind: Kind, setup: Setup, time: Duration) -> Proof {
    let (mut fleet, mut random) = Fleet::start(instance, kind, setup).await?;
    let (begun, mut log) = (Instant::now(), Vec::new());
    while begun.elapsed() < time {
        sleep(Duration::from_millis(random.u64(20..300))).await;
        let one = random.usize(..fleet.instances.len());
        let (engine, instance) = (&mut fleet.engine, &mut fleet.instances[one]);
        let action = random.choice(ACTIONS).unwrap();
        log.push(format!("{} {action:?} {one}", begun.elapsed().as_millis()));
        match action {
            Action::KillEngine => engine.kill(),
            Action::PauseEngine => engine.pause(),
            Action::Engine if engine.is_running() => engine.resume(),
            Action::Engine => engine.restart(),
            Action::Kill => instance.kill().await,
            // The instance may have just started, and not handle the signal yet.
            Action::Stop => drop(instance.stop().await),
            Action::Instance if instance.is_running() => {}
            Action::Instance => instance.begin().await,
            Action::Cut => instance.network.cut(),
            Action::Stall => instance.network.stall(),
            Action::Slow => instance.network.slow(Duration::from_millis(random.u64(..1500))),
            Action::Heal => instance.network.heal(),
        }
    }
    println!("{}", log.join(", "));
    fleet.settle().await
}

#[derive(Clone, Copy, Debug)]
enum Action {
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
#[rustfmt::skip]
const ACTIONS: [Action; 16] = {
    use Action::*;
    [KillEngine, PauseEngine, Engine, Engine, Engine, Engine, Kill, Stop, Instance, Instance, Cut, Stall, Slow, Heal, Heal, Heal]
};
