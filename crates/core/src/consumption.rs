//! Reports to the test kit which events an app has consumed.
//!
//! The code that hands events to an app calls [`report`]. Without the feature `testkit`, that does
//! nothing.

use crate::event::delivery::Delivery;
use crate::event::event::Event;

/// The way in which an event was consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumption {
    /// Its delivery was answered 200, and nothing else reports its consumption.
    Answered,
    /// The app took it from a channel, processed it with `Ok`, or acknowledged it.
    Consumed,
}

/// Reports that the app has consumed an event.
#[inline(always)]
pub fn report(event: &Event, consumption: Consumption) {
    #[cfg(feature = "testkit")]
    observers::call(event, consumption);
    let _ = (event, consumption);
}

/// The events of a delivery, until it is answered.
#[derive(Debug, Default)]
pub struct Unanswered {
    #[cfg(feature = "testkit")]
    events: Vec<Event>,
}

impl Unanswered {
    /// Keeps the events of a delivery if anything observes them.
    #[inline(always)]
    pub fn of(delivery: &Delivery) -> Self {
        let _ = delivery;
        Self {
            #[cfg(feature = "testkit")]
            events: if observers::exist() { delivery.events().to_vec() } else { Vec::new() },
        }
    }

    /// Reports that the delivery is answered 200.
    #[inline(always)]
    pub fn answered(self) {
        #[cfg(feature = "testkit")]
        self.events.iter().for_each(|event| report(event, Consumption::Answered));
    }
}

/// An event that an app has acknowledged, until an engine confirms it.
#[derive(Debug, Default)]
pub struct Unconfirmed {
    #[cfg(feature = "testkit")]
    event: Option<Event>,
}

impl Unconfirmed {
    /// Keeps the event if anything observes it.
    #[inline(always)]
    pub fn of(event: &Event) -> Self {
        let _ = event;
        Self {
            #[cfg(feature = "testkit")]
            event: observers::exist().then(|| event.clone()),
        }
    }

    /// Reports that the event is consumed.
    #[inline(always)]
    pub fn confirm(&self) {
        #[cfg(feature = "testkit")]
        self.event.iter().for_each(|event| report(event, Consumption::Consumed));
    }
}

#[cfg(feature = "testkit")]
pub use observers::{Observer, observe};

#[cfg(feature = "testkit")]
mod observers {
    use std::fmt;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::{Arc, PoisonError, RwLock, Weak};

    use super::Consumption;
    use crate::event::event::Event;

    type Observe = dyn Fn(&Event, Consumption) + Send + Sync;

    static OBSERVERS: RwLock<Vec<Weak<Observe>>> = RwLock::new(Vec::new());
    static COUNT: AtomicUsize = AtomicUsize::new(0);

    /// Keeps a function of [`observe`] in place until it is dropped.
    pub struct Observer(#[expect(dead_code, reason = "dropping it ends the observation")] Arc<Observe>);

    /// Calls a function for each event that any app in this process consumes.
    #[must_use = "dropped, the function is not called"]
    pub fn observe(call: impl Fn(&Event, Consumption) + Send + Sync + 'static) -> Observer {
        let call: Arc<Observe> = Arc::new(call);
        let mut observers = OBSERVERS.write().unwrap_or_else(PoisonError::into_inner);
        observers.retain(|observer| observer.strong_count() > 0);
        observers.push(Arc::downgrade(&call));
        COUNT.store(observers.len(), SeqCst);
        Observer(call)
    }

    pub(super) fn exist() -> bool {
        COUNT.load(SeqCst) > 0
    }

    pub(super) fn call(event: &Event, consumption: Consumption) {
        if !exist() {
            return;
        }
        // Called without the lock: a function may drop an event whose drop reports another one.
        let observers = OBSERVERS.read().unwrap_or_else(PoisonError::into_inner).clone();
        observers.iter().filter_map(Weak::upgrade).for_each(|observe| observe(event, consumption));
    }

    impl fmt::Debug for Observer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Observer(..)")
        }
    }
}
