//! One simulated run: receivers, Redis, X, and faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use turmoil::{Builder, Sim};

use crate::oracle::{Counts, Entry, Oracle, check};
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::server::{self, Disk, Mistake};

pub const TICK: Duration = Duration::from_millis(10);
const IN_FLIGHT: Duration = Duration::from_secs(2);
/// The time at which faults end.
const CALM: Duration = Duration::from_secs(8);

pub struct Run {
    pub oracle: Oracle,
    pub counts: Counts,
    /// The receivers' own count, if none of them crashed.
    pub unmarked: Option<u64>,
}

#[derive(Clone, Debug)]
enum Fault {
    /// Drops all traffic between these two hosts.
    Cut(String, String),
    /// Drops messages from the first host to the second.
    Mute(String, String),
    /// Delays messages between these two hosts.
    Hold(String, String),
    Crash(String),
    /// Restarts Redis.
    Restart,
    /// Restarts Redis without its data.
    Reset,
}

struct Planned {
    begins: Duration,
    ends: Duration,
    fault: Fault,
}

fn plan(receivers: u64) -> Vec<Planned> {
    let mut plan = Vec::new();
    for _ in 0..fastrand::u32(1..6) {
        let begins = Duration::from_millis(fastrand::u64(100..6_500));
        let ends = (begins + Duration::from_millis(fastrand::u64(50..3_500))).min(CALM - Duration::from_millis(100));
        let receiver = format!("receiver-{}", fastrand::u64(0..receivers));
        let redis = || "redis".to_owned();
        let fault = match fastrand::u8(..16) {
            0..3 => Fault::Cut(redis(), receiver),
            3..6 => Fault::Mute(redis(), receiver),
            6 => Fault::Mute(receiver, redis()),
            7..10 => Fault::Hold(redis(), receiver),
            10 => Fault::Cut("x".to_owned(), receiver),
            11..14 => Fault::Crash(receiver),
            14 => Fault::Restart,
            _ => Fault::Reset,
        };
        plan.push(Planned { begins, ends, fault });
    }
    plan
}

fn begin(sim: &mut Sim<'_>, fault: &Fault, disk: &Disk, oracle: &Oracle) {
    match fault {
        Fault::Cut(one, other) => sim.partition(one.as_str(), other.as_str()),
        Fault::Mute(from, to) => sim.partition_oneway(from.as_str(), to.as_str()),
        Fault::Hold(one, other) => sim.hold(one.as_str(), other.as_str()),
        Fault::Crash(host) => sim.crash(host.as_str()),
        Fault::Restart => sim.crash("redis"),
        Fault::Reset => {
            sim.crash("redis");
            disk.forget();
            oracle.note_at(sim.elapsed(), Entry::Forgot);
        }
    }
}

fn end(sim: &mut Sim<'_>, fault: &Fault) {
    match fault {
        Fault::Cut(one, other) => sim.repair(one.as_str(), other.as_str()),
        Fault::Mute(from, to) => sim.repair_oneway(from.as_str(), to.as_str()),
        Fault::Hold(one, other) => sim.release(one.as_str(), other.as_str()),
        Fault::Crash(host) if !sim.is_host_running(host.as_str()) => sim.bounce(host.as_str()),
        Fault::Restart | Fault::Reset if !sim.is_host_running("redis") => sim.bounce("redis"),
        Fault::Crash(_) | Fault::Restart | Fault::Reset => {}
    }
}

/// # Errors
/// Returns the rule that the run violates, and the log.
pub fn run(seed: u64, faults: bool, mistake: Mistake) -> Result<Run, String> {
    let _printed = PrintedOnPanic(seed);
    fastrand::seed(seed);
    let mut sim = Builder::new()
        .rng_seed(seed)
        .tick_duration(TICK)
        .simulation_duration(Duration::from_secs(120))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(fastrand::u64(5..80)))
        .build();
    let (oracle, disk, is_calm) = (Oracle::default(), Disk::default(), Arc::new(AtomicBool::new(false)));
    let receivers = fastrand::u64(2..5);
    // With 5 s, claims expire before the deadline does.
    let deadline = Duration::from_millis(if fastrand::u8(..4) == 0 { 5_000 } else { 1_300 });
    let copies_wait = Duration::from_millis(if fastrand::bool() { 0 } else { 800 });

    let (known, log) = (disk.clone(), oracle.clone());
    sim.host("redis", move || server::run(known.clone(), log.clone(), mistake));
    let receiver = Receiver {
        oracle: oracle.clone(),
        in_flight: IN_FLIGHT,
        deadline,
        copies_wait,
        is_calm: Arc::clone(&is_calm),
        deliveries: Arc::default(),
        sinks: Arc::default(),
        faults,
    };
    for number in 0..receivers {
        let (receiver, name) = (receiver.clone(), format!("receiver-{number}"));
        sim.host(name.clone(), move || receiver.clone().run(name.clone()));
    }
    sim.client("x", Sender { receivers, in_flight: IN_FLIGHT, faults, is_calm: Arc::clone(&is_calm) }.run());

    let plan = if faults { plan(receivers) } else { Vec::new() };
    loop {
        let now = sim.elapsed();
        let due = |at: Duration| now <= at && at < now + TICK;
        for Planned { begins, ends, fault } in &plan {
            if due(*begins) {
                oracle.note_at(now, Entry::Fault(format!("{fault:?}")));
                begin(&mut sim, fault, &disk, &oracle);
            }
            if due(*ends) {
                oracle.note_at(now, Entry::Fault(format!("ended: {fault:?}")));
                end(&mut sim, fault);
            }
        }
        if now >= CALM || !faults {
            is_calm.store(true, SeqCst);
        }
        match sim.step() {
            Ok(true) => break,
            Ok(false) => {}
            Err(error) => return Err(format!("{error}\n{}", tail(&oracle))),
        }
    }
    // Lets messages to Redis arrive.
    for _ in 0..(Duration::from_secs(1).as_millis() / TICK.as_millis()) {
        sim.step().map_err(|error| error.to_string())?;
    }
    let counts =
        check(&oracle.log(), IN_FLIGHT).map_err(|(key, what)| format!("{what}: {key}\n{}", oracle.log_of(&key)))?;
    let crashed = plan.iter().any(|planned| matches!(planned.fault, Fault::Crash(_)));
    let unmarked = receiver.sinks.lock().unwrap().iter().map(|sink| sink.unmarked()).sum();
    Ok(Run { oracle, counts, unmarked: (!crashed).then_some(unmarked) })
}

/// Prints the seed of a run that panics.
struct PrintedOnPanic(u64);

impl Drop for PrintedOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to repeat this test: {}", birdhook_test_harness::seed::command(self.0));
        }
    }
}

fn tail(oracle: &Oracle) -> String {
    let log = oracle.log();
    let last = log.iter().rev().take(40).rev();
    last.map(|(at, entry)| format!("  {:>8.3} {entry:?}\n", at.as_secs_f64())).collect()
}
