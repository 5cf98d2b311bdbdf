//! The app of the receiver: records the events that it consumes.

use std::convert::Infallible;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use birdhook_inbox::Inbox;
use birdhook_pipeline::{Deliveries, Delivery, Event};
use tokio::sync::watch;

use crate::event::to_bytes;

pub(super) struct Journal(Mutex<(BufWriter<File>, usize)>);

impl Journal {
    pub(super) fn new(file: &Path) -> Self {
        Self(Mutex::new((BufWriter::new(File::create(file).unwrap()), 0)))
    }

    fn write(&self, events: &[Event]) {
        let mut journal = self.0.lock().unwrap();
        events.iter().for_each(|event| journal.0.write_all(&to_bytes(event)).unwrap());
        journal.1 += events.len();
    }

    pub(super) fn flush(&self) {
        self.0.lock().unwrap().0.flush().unwrap();
    }

    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

#[derive(Clone)]
pub(super) struct Consumer {
    pub(super) journal: Arc<Journal>,
    pub(super) is_going: watch::Receiver<bool>,
}

impl Consumer {
    async fn may_go(&mut self) {
        // Ignores errors: the sender is dropped only when the receiver ends.
        let _ = self.is_going.wait_for(|is_going| *is_going).await;
    }

    pub(super) async fn read(mut self, mut deliveries: Deliveries) {
        while let Some(delivery) = deliveries.recv().await {
            self.may_go().await;
            self.journal.write(delivery.events());
        }
    }

    /// Handles a delivery. May be dropped while it waits: it writes in the same poll that completes
    /// it.
    pub(super) async fn handle(&mut self, delivery: &Delivery) -> Result<(), Infallible> {
        self.may_go().await;
        self.journal.write(delivery.events());
        Ok(())
    }

    pub(super) async fn lease(mut self, inbox: Inbox) {
        while let Some(lease) = inbox.recv().await {
            self.may_go().await;
            self.journal.write(std::slice::from_ref(lease.event()));
            lease.ack().await.unwrap();
        }
    }
}
