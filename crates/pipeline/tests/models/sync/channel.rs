//! tokio's bounded channel. Each call is one step, except sending, which is two as in tokio:
//! reserving a slot and filling it.

use std::task::{Context, Poll};

use tokio::sync::mpsc;
pub(crate) use tokio::sync::mpsc::error;

use super::point;

pub(crate) fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::channel(capacity);
    (Sender(sender), Receiver(receiver))
}

#[derive(Debug)]
pub(crate) struct Sender<T>(mpsc::Sender<T>);

impl<T> Sender<T> {
    pub(crate) fn try_send(&self, message: T) -> Result<(), error::TrySendError<T>> {
        point();
        match self.0.try_reserve() {
            Ok(room) => {
                Permit(room).send(message);
                Ok(())
            }
            Err(error::TrySendError::Full(())) => Err(error::TrySendError::Full(message)),
            Err(error::TrySendError::Closed(())) => Err(error::TrySendError::Closed(message)),
        }
    }

    pub(crate) async fn reserve(&self) -> Result<Permit<'_, T>, error::SendError<()>> {
        let mut room = std::pin::pin!(self.0.reserve());
        std::future::poll_fn(|cx| {
            point();
            room.as_mut().poll(cx)
        })
        .await
        .map(Permit)
    }

    pub(crate) fn is_closed(&self) -> bool {
        point();
        self.0.is_closed()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        point();
    }
}

pub(crate) struct Permit<'a, T>(mpsc::Permit<'a, T>);

impl<T> Permit<'_, T> {
    pub(crate) fn send(self, message: T) {
        point();
        self.0.send(message);
    }
}

#[derive(Debug)]
pub(crate) struct Receiver<T>(mpsc::Receiver<T>);

impl<T> Receiver<T> {
    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        point();
        self.0.poll_recv(cx)
    }

    pub(crate) fn poll_recv_many(&mut self, cx: &mut Context<'_>, buffer: &mut Vec<T>, limit: usize) -> Poll<usize> {
        point();
        self.0.poll_recv_many(cx, buffer, limit)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        point();
    }
}
