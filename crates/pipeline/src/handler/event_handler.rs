//! The trait of handlers.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use birdhook_core::Event;

use crate::telemetry;

/// Processes events one by one. Any `async fn(Event) -> Result<(), E>` is a handler.
///
/// [`Webhook::handler`](crate::Webhook::handler), the inbox and the consumers of JetStream and
/// Redis take handlers, so a function can move from one to another unchanged. `E` is any type, such as
/// `anyhow::Error`, `Box<dyn Error>` or an enum of the app.
///
/// | for | use |
/// |---|---|
/// | a function with shared state | [`with_state`](crate::with_state) |
/// | one function for each kind of event | [`Dispatch`](crate::Dispatch) |
/// | a report of each failure | [`on_error`](Self::on_error) |
/// | a struct with state and settings | an implementation of this trait |
///
/// ```
/// # mod birdhook { pub use birdhook_pipeline::{App, Event, Secret, Webhook}; pub mod handler { pub use birdhook_pipeline::EventHandler; } }
/// use birdhook::{App, Event, Secret, Webhook, handler::EventHandler};
///
/// async fn on_event(event: Event) -> Result<(), std::io::Error> {
///     println!("{}", event.kind());
///     Ok(())
/// }
///
/// # let app = App::new("default", Secret::new("consumer-secret").unwrap());
/// let handler = on_event.on_error(|event, error| eprintln!("{}: {error}", event.kind()));
/// let pipeline = Webhook::new(app).handler(handler);
/// # let _ = pipeline;
/// ```
///
/// A struct as a handler:
///
/// ```
/// use std::pin::Pin;
/// # mod birdhook { pub use birdhook_pipeline::Event; pub mod handler { pub use birdhook_pipeline::EventHandler; } }
/// use birdhook::{Event, handler::EventHandler};
///
/// struct Mailer {
///     sender: String,
/// }
///
/// impl EventHandler for Mailer {
///     type Error = std::io::Error;
///     type Future = Pin<Box<dyn Future<Output = Result<(), Self::Error>> + Send>>;
///
///     fn handle(&self, event: Event) -> Self::Future {
///         let sender = self.sender.clone();
///         Box::pin(async move {
///             println!("{sender} writes about {}", event.kind());
///             Ok(())
///         })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler of events",
    label = "expected an `async fn(Event) -> Result<(), E>`",
    note = "a function with state is a handler as `birdhook::handler::with_state(state, function)`",
    note = "a function of a whole `Delivery` belongs into `Webhook::delivery_handler`"
)]
pub trait EventHandler {
    /// The error of an event that was not processed.
    type Error;
    /// The future of [`handle`](Self::handle).
    type Future: Future<Output = Result<(), Self::Error>>;

    /// Processes an event. `Ok` means that it is done and will not come again.
    fn handle(&self, event: Event) -> Self::Future;

    /// Called for each error that [`handle`](Self::handle) returns, before the event is retried or
    /// refused. Not called for a panic, or for a future that does not end in time.
    ///
    /// By default, the feature `tracing` records a warning with the event's kind and key and the
    /// name of the error's type, but not the error itself, because it may quote a message. Without
    /// that feature, nothing is recorded.
    fn failed(&self, event: &Event, error: &Self::Error) {
        let _ = error;
        telemetry::handler_failed(event, type_name::<Self::Error>());
    }

    /// Calls `report` for each event that failed, in place of the recorded warning.
    fn on_error(self, report: impl Fn(&Event, &Self::Error) + Send + Sync + 'static) -> OnError<Self>
    where
        Self: Sized,
    {
        OnError { handler: self, report: Arc::new(report) }
    }
}

impl<F, Fut, E> EventHandler for F
where
    F: Fn(Event) -> Fut,
    Fut: Future<Output = Result<(), E>>,
{
    type Error = E;
    type Future = Fut;

    fn handle(&self, event: Event) -> Fut {
        self(event)
    }
}

/// A handler whose failures are reported to a function. Made by [`EventHandler::on_error`].
pub struct OnError<H: EventHandler> {
    handler: H,
    report: Report<H::Error>,
}

/// Not a type parameter: for `Box<dyn Error>`, rustc could not prove that a future which calls the
/// function is `Send`.
type Report<E> = Arc<dyn Fn(&Event, &E) + Send + Sync>;

impl<H: EventHandler> EventHandler for OnError<H> {
    type Error = H::Error;
    type Future = H::Future;

    fn handle(&self, event: Event) -> H::Future {
        self.handler.handle(event)
    }

    fn failed(&self, event: &Event, error: &H::Error) {
        (self.report)(event, error);
    }
}

impl<H: EventHandler + Clone> Clone for OnError<H> {
    fn clone(&self) -> Self {
        Self { handler: self.handler.clone(), report: Arc::clone(&self.report) }
    }
}

impl<H: EventHandler> fmt::Debug for OnError<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnError(..)")
    }
}
