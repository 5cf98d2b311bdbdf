//! A receiver in its own process, with its own network to the engine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::process::Process;
use birdhook_test_harness::servers::{Server, free_port};
use birdhook_test_harness::violation::{Violation, holds};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::engine::{inbox_options, relay};
use crate::network::Proxy;

/// A receiver that keeps its port, its network and its inbox across restarts.
pub struct Instance {
    pub network: Proxy,
    program: PathBuf,
    port: u16,
    engine: String,
    inbox: Option<TempDir>,
    process: Option<Process>,
}

/// Starts three instances behind one address. Each connection goes to the next of them.
pub async fn start_three(
    program: &Path,
    engine: &Server,
    has_inbox: bool,
) -> Result<(Vec<Instance>, Proxy), Violation> {
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(Instance::start(program, engine, has_inbox).await?);
    }
    let balancer = Proxy::start(instances.iter().map(|instance| instance.port).collect()).await;
    Ok((instances, balancer))
}

impl Instance {
    async fn start(program: &Path, engine: &Server, has_inbox: bool) -> Result<Self, Violation> {
        let network = Proxy::start(vec![engine.port()]).await;
        let mut instance = Self {
            program: program.to_owned(),
            port: free_port(),
            engine: engine.url_at(network.port()),
            network,
            inbox: has_inbox.then(|| tempfile::tempdir().unwrap()),
            process: None,
        };
        instance.restart().await?;
        Ok(instance)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub fn is_running(&self) -> bool {
        self.process.is_some()
    }

    pub async fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await;
        }
    }

    /// Ends the process with SIGTERM, and waits.
    pub async fn stop(&mut self) -> Result<(), Violation> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.terminate();
        let ended = process.ended().await;
        holds(ended.success(), || format!("asked to end, the receiver ended with {ended}"))
    }

    /// Restarts the process and waits until it is ready. Without an inbox, it waits for the engine.
    pub async fn restart(&mut self) -> Result<(), Violation> {
        self.begin().await;
        let process = self.process.as_mut().unwrap();
        holds(process.is_ready().await, || "a receiver does not start")
    }

    /// Restarts the process without waiting.
    pub async fn begin(&mut self) {
        self.kill().await;
        let mut command = Command::new(&self.program);
        command.arg(self.port.to_string()).arg(&self.engine).args(self.inbox.as_ref().map(TempDir::path));
        self.process = Some(Process::run(&mut command));
    }

    /// Relays the remaining events of a stopped instance's inbox.
    pub async fn empty(&self, engine: &Server) -> Result<(), Violation> {
        let Some(folder) = &self.inbox else { return Ok(()) };
        let inbox = inbox_options().open(folder.path()).await.map_err(Violation::other)?;
        let relaying = tokio::spawn(relay(inbox.clone(), engine.url()));
        let begun = Instant::now();
        while inbox.stats().depth > 0 {
            holds(begun.elapsed() < TIMEOUT, || format!("an inbox is not emptied: {:?}", inbox.stats()))?;
            sleep(Duration::from_millis(5)).await;
        }
        let dead = inbox.stats().dead;
        inbox.close(TIMEOUT).await;
        relaying.await.unwrap();
        holds(dead == 0, || format!("{dead} events are dead letters of an inbox"))
    }
}
