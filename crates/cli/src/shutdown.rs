//! Requests to stop a command that serves.

use std::time::Duration;

/// Time limit for deliveries in flight at shutdown.
pub(crate) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Resolves on Ctrl-C or SIGTERM. SIGTERM is caught from this call on, Ctrl-C from the first poll.
pub(crate) fn stop_requested() -> impl Future<Output = ()> + Send {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    async move {
        #[cfg(unix)]
        if let Ok(mut terminated) = terminated {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
        let _ = interrupted.await;
    }
}
