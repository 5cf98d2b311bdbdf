//! tokio's `Notify`. Each call is one step.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::futures;

use super::point;

#[derive(Debug, Default)]
pub(crate) struct Notify(Arc<tokio::sync::Notify>);

#[allow(dead_code, reason = "a planted mistake calls what the code does not")]
impl Notify {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn notified(&self) -> OwnedNotified {
        point();
        OwnedNotified(Box::pin(Arc::clone(&self.0).notified_owned()))
    }

    pub(crate) fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        self.notified()
    }

    pub(crate) fn notify_waiters(&self) {
        point();
        self.0.notify_waiters();
    }

    pub(crate) fn notify_one(&self) {
        point();
        self.0.notify_one();
    }
}

#[derive(Debug)]
pub(crate) struct OwnedNotified(Pin<Box<futures::OwnedNotified>>);

impl Future for OwnedNotified {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        point();
        self.0.as_mut().poll(cx)
    }
}
