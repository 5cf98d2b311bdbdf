//! An inbox behind a webhook in this process.

use std::path::Path;
use std::time::Duration;

use birdhook_inbox::{Inbox, InboxSettings, Lease, OpenError};
use birdhook_pipeline::Pipeline;
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::consumption::Line;
use birdhook_test_harness::fixture::post;
use birdhook_test_harness::load::{Body, Load};
use birdhook_test_harness::violation::{Violation, holds};
use futures_util::future::join_all;

use crate::webhook;

#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) inbox: Inbox,
    pub(crate) pipeline: Pipeline<Inbox>,
}

/// Returns the line of a consumer that received this lease.
pub fn line(lease: &Lease) -> Line {
    Line::consumed(lease.id(), lease.event(), lease.attempts())
}

/// Settings with which no event becomes a dead letter and no retry waits for long, however often a
/// process ends.
pub fn options() -> InboxSettings {
    let backoff = Duration::from_millis(10);
    InboxSettings::new().free_space(0).max_attempts(u32::MAX).backoff(backoff, backoff)
}

impl Fixture {
    pub(crate) async fn open(options: InboxSettings, folder: &Path) -> Result<Self, OpenError> {
        Ok(Self::of(options.open(folder).await?))
    }

    pub(crate) fn of(inbox: Inbox) -> Self {
        Self { pipeline: webhook().sink(inbox.clone()), inbox }
    }

    pub(crate) async fn send(&self, body: &Body) -> u16 {
        post(&self.pipeline, body.bytes.clone()).await.status()
    }

    pub(crate) async fn send_fresh(&self, load: &Load) -> u16 {
        let body = load.fresh();
        let status = self.send(&body).await;
        load.answered(&body, status);
        status
    }

    /// Sends everything not yet answered 200 until it is.
    pub(crate) async fn send_rest(&self, load: &Load) -> Result<(), Violation> {
        for bodies in load.unanswered().chunks(64) {
            let statuses = join_all(bodies.iter().map(|body| self.send(body))).await;
            for (body, status) in bodies.iter().zip(statuses) {
                holds(status == 200, || format!("a sound inbox answered {status}"))?;
                load.answered(body, status);
            }
        }
        Ok(())
    }

    /// Consumes and acknowledges everything.
    pub(crate) async fn drain(&self) -> Result<Vec<Line>, Violation> {
        let mut lines = Vec::new();
        loop {
            let depth = self.inbox.stats().depth;
            if depth == 0 {
                return Ok(lines);
            }
            for _ in 0..depth {
                let taken = tokio::time::timeout(TIMEOUT, self.inbox.recv()).await;
                let stuck = |_| Violation::other(format!("an event is not leased: {:?}", self.inbox.stats()));
                let lease = taken.map_err(stuck)?.ok_or_else(|| Violation::other("the inbox has closed itself"))?;
                let (line, id) = (line(&lease), lease.id().to_string());
                holds(lease.ack().await.is_ok(), || "an acknowledgement was not taken")?;
                lines.extend([line, Line::Acknowledged { id }]);
            }
            holds(self.inbox.flush().await.is_ok(), || "the inbox has closed itself")?;
        }
    }

    pub(crate) async fn close(self) {
        self.inbox.close(Duration::ZERO).await;
    }
}

/// Opens the folder a process left behind, sends the rest, consumes everything and checks the
/// result.
pub(crate) async fn settle(load: &Load, folder: &Path, consumed: &Path) -> Result<(), Violation> {
    let fixture = Fixture::open(options(), folder).await.map_err(Violation::other)?;
    fixture.send_rest(load).await?;
    let mut lines = Line::read(consumed);
    let drained = fixture.drain().await?;
    fixture.close().await;
    let text: String = drained.iter().map(ToString::to_string).collect();
    let mut file = std::fs::File::options().create(true).append(true).open(consumed).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    lines.extend(drained);
    load.journal(|journal| journal.judge(&lines))
}
