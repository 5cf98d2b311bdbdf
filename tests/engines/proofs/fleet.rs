//! A load generator in the role of X, receivers behind one address, an engine, and consumers.

use std::path::Path;
use std::time::Duration;

use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::consumption::Consumption;
use birdhook_test_harness::load::{Load, Sending, Traffic};
use birdhook_test_harness::seed::seed;
use birdhook_test_harness::servers::{Kind, Server};
use birdhook_test_harness::violation::{Violation, holds};
use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::engine::{all_consumed, consumers, has_no_event_twice};
use crate::instance::{Instance, start_three};
use crate::network::Proxy;

/// The sink of the receivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// The engine: a 200 means that the engine has stored the event.
    Direct,
    /// An inbox: a 200 means that the inbox has stored the event. A relay forwards it to the
    /// engine.
    Inbox,
}

pub struct Fleet {
    pub engine: Server,
    pub instances: Vec<Instance>,
    pub setup: Setup,
    traffic: Traffic,
    sending: Sending,
    load: Load,
    consumption: Consumption,
    consumers: JoinSet<()>,
    _balancer: Proxy,
}

impl Fleet {
    /// Starts all parts. Returns a source of random numbers too, with the seed of the test.
    pub async fn start(program: &Path, kind: Kind, setup: Setup) -> Result<(Self, fastrand::Rng), Violation> {
        let seed = seed();
        let engine = kind.start();
        let (instances, balancer) = start_three(program, &engine, setup == Setup::Inbox).await?;
        let (load, consumption) = (Load::new(seed), Consumption::default());
        let traffic = Traffic::spread(&load, balancer.http_url());
        let (sending, consumers) = (traffic.start(8), consumers(&engine, 2, &consumption));
        let fleet =
            Self { engine, instances, setup, traffic, sending, load, consumption, consumers, _balancer: balancer };
        Ok((fleet, fastrand::Rng::with_seed(seed)))
    }

    /// Returns the number of requests that were answered 200.
    pub fn accepted(&self) -> usize {
        self.traffic.accepted()
    }

    pub fn networks(&self, change: impl Fn(&Proxy)) {
        self.instances.iter().for_each(|instance| change(&instance.network));
    }

    /// Waits until this number of further requests is answered 200.
    pub async fn goes_on(&self, requests: usize) -> Result<(), Violation> {
        let (begun, wanted) = (Instant::now(), self.accepted() + requests);
        while self.accepted() < wanted {
            holds(begun.elapsed() < TIMEOUT, || format!("it does not go on: {:?}", self.traffic.statuses()))?;
            sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// Checks that, without a connection to the engine, only receivers with an inbox answer 200.
    pub async fn is_without_engine(&self, time: Duration) -> Result<(), Violation> {
        if self.setup == Setup::Inbox {
            self.goes_on(20).await?;
            sleep(time).await;
            return Ok(());
        }
        // Replies from the engine may still be in transit.
        sleep(Duration::from_millis(500)).await;
        let taken = self.accepted();
        sleep(time).await;
        let more = self.accepted() - taken;
        holds(more == 0, || format!("{more} deliveries were answered 200 without an engine"))
    }

    /// Ends all faults, and waits until every delivery is answered 200 and every event is consumed.
    /// Then compares them.
    pub async fn settle(mut self) -> Result<(), Violation> {
        self.engine.resume();
        if !self.engine.is_running() {
            self.engine.restart();
        }
        for instance in &mut self.instances {
            instance.network.heal();
            if !instance.is_running() {
                instance.restart().await?;
            }
        }
        self.sending.stop().await;
        self.traffic.send_rest().await?;
        // Every instance must work again.
        for instance in &self.instances {
            Traffic::spread(&self.load, instance.url()).send_until_accepted(&self.load.fresh()).await?;
        }
        for instance in &mut self.instances {
            instance.stop().await?;
        }
        let emptied = join_all(self.instances.iter().map(|instance| instance.empty(&self.engine))).await;
        emptied.into_iter().collect::<Result<(), _>>()?;
        has_no_event_twice(&self.engine).await?;
        let consumed = all_consumed(&self.engine, &self.consumption).await;
        self.consumers.shutdown().await;
        let ((messages, again), statuses) = (self.consumption.counts(), self.traffic.statuses());
        println!("{messages} messages, {again} delivered again; answers {statuses:?}");
        self.load.journal(|journal| self.consumption.judge(journal)).and(consumed)
    }
}
