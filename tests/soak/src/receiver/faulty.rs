//! A sink that injects faults on command before it delivers to another sink.

use std::fs::File;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use birdhook_pipeline::{Backlog, Delivery, EventKey, EventSink, Pipeline, SinkError};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::settings::Plant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    Slow,
    Down,
}

pub(super) struct Faulty<S> {
    inner: Pipeline<S>,
    faults: watch::Receiver<Fault>,
    deadline: Duration,
    plant: Option<Plant>,
    /// The resources that planted mistakes leak.
    kept: Mutex<(Vec<Vec<u8>>, Vec<File>)>,
}

impl<S> Faulty<S> {
    pub(super) fn new(
        inner: Pipeline<S>,
        faults: watch::Receiver<Fault>,
        deadline: Duration,
        plant: Option<Plant>,
    ) -> Self {
        Self { inner, faults, deadline, plant, kept: Mutex::default() }
    }

    fn leak(&self) {
        let mut kept = self.kept.lock().unwrap();
        match self.plant {
            Some(Plant::FileLeak) if fastrand::u8(..10) == 0 => kept.1.push(File::open("/dev/null").unwrap()),
            Some(Plant::MemoryLeak) => kept.0.push(vec![1; 16 << 10]),
            _ => {}
        }
    }
}

impl<S> EventSink for Faulty<S>
where
    S: EventSink<Future: Send> + Send + Sync + 'static,
{
    type Future = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        self.leak();
        let (inner, fault, deadline, plant) = (self.inner.clone(), *self.faults.borrow(), self.deadline, self.plant);
        Box::pin(async move {
            match fault {
                Fault::None => {}
                Fault::Slow => sleep(deadline.mul_f64(0.8 + 0.4 * fastrand::f64())).await,
                Fault::Down => return Err(SinkError::failed("down")),
            }
            let delivered = inner.sink().deliver(delivery);
            match plant {
                Some(Plant::Loss) => timeout(deadline / 2, delivered).await.unwrap_or(Ok(())),
                Some(Plant::Double) if fastrand::u8(..100) == 0 => {
                    delivered.await.and(Err(SinkError::failed("taken all the same")))
                }
                _ => delivered.await,
            }
        })
    }

    fn remembers(&self, key: &EventKey) -> bool {
        self.inner.sink().remembers(key)
    }

    fn timeout_error(&self) -> SinkError {
        self.inner.sink().timeout_error()
    }

    fn backlog(&self) -> Option<Backlog> {
        self.inner.sink().backlog()
    }

    fn is_open(&self) -> bool {
        self.inner.sink().is_open()
    }
}
