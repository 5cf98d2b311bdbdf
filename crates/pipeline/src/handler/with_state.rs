//! A function with the state of the app.

use std::fmt;

use birdhook_core::Event;

use super::event_handler::EventHandler;

/// Makes a handler of a function that takes the app's state and an event.
///
/// The state is cloned for each event, so put it into an [`Arc`](std::sync::Arc) unless it is
/// cheap to clone.
///
/// ```
/// use std::sync::Arc;
/// # mod birdhook { pub use birdhook_pipeline::{App, Event, Secret, Webhook}; pub mod handler { pub use birdhook_pipeline::with_state; } }
/// use birdhook::{App, Event, Secret, Webhook, handler::with_state};
///
/// struct AppState {
///     greeting: String,
/// }
///
/// async fn on_event(state: Arc<AppState>, event: Event) -> Result<(), std::io::Error> {
///     println!("{}: {}", state.greeting, event.kind());
///     Ok(())
/// }
///
/// let state = Arc::new(AppState { greeting: "received".to_owned() });
/// # let app = App::new("default", Secret::new("consumer-secret").unwrap());
/// let pipeline = Webhook::new(app).handler(with_state(state, on_event));
/// # let _ = pipeline;
/// ```
pub fn with_state<S, F, Fut, E>(state: S, function: F) -> WithState<S, F>
where
    S: Clone,
    F: Fn(S, Event) -> Fut,
    Fut: Future<Output = Result<(), E>>,
{
    WithState { state, function }
}

/// A handler with state. Made by [`with_state`].
#[derive(Clone)]
pub struct WithState<S, F> {
    state: S,
    function: F,
}

impl<S, F, Fut, E> EventHandler for WithState<S, F>
where
    S: Clone,
    F: Fn(S, Event) -> Fut,
    Fut: Future<Output = Result<(), E>>,
{
    type Error = E;
    type Future = Fut;

    fn handle(&self, event: Event) -> Fut {
        (self.function)(self.state.clone(), event)
    }
}

impl<S, F> fmt::Debug for WithState<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WithState(..)")
    }
}
