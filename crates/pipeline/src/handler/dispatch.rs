//! A handler with one function for each kind of event.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use birdhook_core::{Event, EventKind};

use super::event_handler::EventHandler;

/// The future of a [`Dispatch`].
pub type DispatchFuture<E> = Pin<Box<dyn Future<Output = Result<(), E>> + Send>>;

type Function<S, E> = Arc<dyn Fn(S, Event) -> DispatchFuture<E> + Send + Sync>;

/// A handler that calls one function for each kind of event.
///
/// All functions take the same state, which is cloned for each event, and return the same error.
/// An event without a function counts as processed, unless there is one for all
/// [other](Self::otherwise) events.
///
/// ```
/// use std::sync::Arc;
/// # mod birdhook { pub use birdhook_pipeline::{App, Event, EventKind, Secret, Webhook}; pub mod handler { pub use birdhook_pipeline::Dispatch; } }
/// use birdhook::{App, Event, EventKind, Secret, Webhook, handler::Dispatch};
///
/// struct AppState;
///
/// async fn on_like(state: Arc<AppState>, event: Event) -> Result<(), std::io::Error> {
/// #   let _ = (state, event);
///     Ok(())
/// }
///
/// async fn on_message(state: Arc<AppState>, event: Event) -> Result<(), std::io::Error> {
/// #   let _ = (state, event);
///     Ok(())
/// }
///
/// let dispatch = Dispatch::new(Arc::new(AppState))
///     .on(EventKind::Liked, on_like)
///     .on_any([EventKind::MessageReceived, EventKind::ChatReceived], on_message)
///     .otherwise(|_, event: Event| async move {
///         println!("ignored: {}", event.kind());
///         Ok(())
///     });
/// # let app = App::new("default", Secret::new("consumer-secret").unwrap());
/// let pipeline = Webhook::new(app).handler(dispatch);
/// # let _ = pipeline;
/// ```
#[must_use = "pass it to Webhook::handler or a consumer"]
pub struct Dispatch<S, E> {
    state: S,
    functions: HashMap<EventKind, Function<S, E>>,
    otherwise: Option<Function<S, E>>,
}

impl<S: Clone, E: 'static> Dispatch<S, E> {
    /// Returns a handler that ignores every event.
    pub fn new(state: S) -> Self {
        Self { state, functions: HashMap::new(), otherwise: None }
    }

    /// Calls `function` for events of this kind. Replaces an earlier function for it.
    pub fn on<F, Fut>(self, kind: EventKind, function: F) -> Self
    where
        F: Fn(S, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.on_any([kind], function)
    }

    /// Calls `function` for events of these kinds. Replaces earlier functions for them.
    pub fn on_any<F, Fut>(mut self, kinds: impl IntoIterator<Item = EventKind>, function: F) -> Self
    where
        F: Fn(S, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let function = boxed(function);
        self.functions.extend(kinds.into_iter().map(|kind| (kind, Arc::clone(&function))));
        self
    }

    /// Calls `function` for events of all other kinds, also of those that birdhook does not know.
    pub fn otherwise<F, Fut>(mut self, function: F) -> Self
    where
        F: Fn(S, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.otherwise = Some(boxed(function));
        self
    }
}

fn boxed<S, E, F, Fut>(function: F) -> Function<S, E>
where
    F: Fn(S, Event) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
{
    Arc::new(move |state, event| Box::pin(function(state, event)))
}

// Without `E: 'static`: for `Box<dyn Error>`, rustc could not prove that a future which holds this is
// `Send`.
impl<S: Clone, E> EventHandler for Dispatch<S, E> {
    type Error = E;
    type Future = DispatchFuture<E>;

    fn handle(&self, event: Event) -> DispatchFuture<E> {
        match self.functions.get(&event.kind()).or(self.otherwise.as_ref()) {
            Some(function) => function(self.state.clone(), event),
            None => Box::pin(async { Ok(()) }),
        }
    }
}

impl<S: Clone, E> Clone for Dispatch<S, E> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), functions: self.functions.clone(), otherwise: self.otherwise.clone() }
    }
}

impl<S, E> fmt::Debug for Dispatch<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").field("kinds", &self.functions.keys()).finish_non_exhaustive()
    }
}
