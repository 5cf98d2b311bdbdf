//! Plausible mistakes in the pipeline: the change of its source, and the model that must notice it.

pub(super) struct Mistake {
    pub(super) name: &'static str,
    /// The path in the pipeline's `src`.
    pub(super) file: &'static str,
    /// Pairs of a text that occurs exactly once in the file, and its replacement.
    pub(super) changes: &'static [(&'static str, &'static str)],
    pub(super) model: &'static str,
}

const fn mistake(
    name: &'static str,
    file: &'static str,
    model: &'static str,
    changes: &'static [(&'static str, &'static str)],
) -> Mistake {
    Mistake { name, file, changes, model }
}

pub(super) const ALL: &[Mistake] = &[
    mistake(
        "only one of the requests that wait for a claim is woken",
        "dedupe/claim.rs",
        "models::claims::every_waiting_request",
        &[("ended.notify_waiters()", "ended.notify_one()")],
    ),
    mistake(
        "a dropped claim stays in flight",
        "dedupe/claim.rs",
        "models::claims::a_dropped_claim_wakes",
        &[("            self.release(None);\n", "")],
    ),
    mistake(
        "waiting requests are woken before the claim ends",
        "dedupe/claim.rs",
        "models::claims::copies",
        &[
            (
                "        let mut states = self.dedupe.states();\n        let mut ended",
                "        let early = |key| self.dedupe.states().in_flight.end_of(key);\n        \
                 self.events.iter().filter_map(|keys| early(&keys.dedupe_key)).for_each(|end| end.notify_waiters());\n        \
                 let mut states = self.dedupe.states();\n        let mut ended",
            ),
            ("|ended| ended.notify_waiters()", "|ended| drop(ended.clone())"),
        ],
    ),
    mistake(
        "a request listens for the end of a claim without the lock",
        "dedupe/claim.rs",
        "models::claims::copies",
        &[(
            "            return Claimed::InFlight(ended.notified_owned());",
            "            drop(states);\n            return Claimed::InFlight(ended.notified_owned());",
        )],
    ),
    mistake(
        "only the first event of a delivery is checked for claims",
        "dedupe/claim.rs",
        "models::claims::events_of_a_dropped_claim",
        &[(".find(|key| states.in_flight", ".take(1).find(|key| states.in_flight")],
    ),
    mistake(
        "between in flight and done an event is absent",
        "dedupe/claim.rs",
        "models::claims::copies",
        &[(
            "            if let Some(now) = done {",
            "            drop(states);\n            states = self.dedupe.states();\n            if let Some(now) = done {",
        )],
    ),
    mistake(
        "the claim is committed after an await",
        "acceptance/verified.rs",
        "models::delivered_once::a_request_dropped",
        &[(
            "                claim.commit(now);",
            "                crate::sync::yield_now().await;\n                claim.commit(now);",
        )],
    ),
    mistake(
        "a report of the other API in flight is not awaited",
        "dedupe/claim.rs",
        "models::dual_mode::an_event_that_both",
        &[(
            "chain(self.report.map(|report| report.other_api))",
            "chain(self.report.map(|report| report.other_api).filter(|_| false))",
        )],
    ),
    mistake(
        "a report is matched twice",
        "dedupe/dual_mode.rs",
        "models::dual_mode::an_unmatched_second",
        &[(
            "place.and_then(|place| reports.remove(place)).is_some()",
            "place.and_then(|place| reports.get(place)).is_some()",
        )],
    ),
    mistake(
        "the task's waker is stored after the channel was polled",
        "wake_coalescer.rs",
        "models::wakes::the_consumer_is_woken_without",
        &[(
            "        self.consumer.set(cx.waker());\n        poll(&mut Context::from_waker(&self.waker))\n",
            "        let polled = poll(&mut Context::from_waker(&self.waker));\n        \
             self.consumer.set(cx.waker());\n        polled\n",
        )],
    ),
    mistake(
        "the waker of a task that no longer reads is kept",
        "wake_coalescer.rs",
        "models::wakes::a_consumer_that_moves",
        &[("if !current.as_ref().is_some_and(|known| known.will_wake(waker)) {", "if current.is_none() {")],
    ),
    mistake(
        "a runtime that ends drops the delayed wake-up",
        "wake_coalescer.rs",
        "models::wakes::a_runtime_that_ends",
        &[
            (
                "        let delayed = DelayedWake(self);\n",
                "        let delayed = DelayedWake(self);\n        if runtime().is_none() {\n            delayed.0.wake_now();\n        }\n",
            ),
            ("                drop(delayed);", "                delayed.0.wake_now();"),
            (
                "    fn drop(&mut self) {\n        self.0.wake_now();",
                "    fn drop(&mut self) {\n        let _ = &self.0;",
            ),
        ],
    ),
    mistake(
        "a delivery is counted after it can be read",
        "sink/channel/sender.rs",
        "models::channel::closing_loses",
        &[
            (
                "        self.depth.enter(&delivery);\n        let events",
                "        let counted = delivery.clone();\n        let events",
            ),
            (
                "            Ok(()) => Ok(()),",
                "            Ok(()) => {\n                self.depth.enter(&counted);\n                Ok(())\n            }",
            ),
            (
                "                self.depth.leave(1, events);\n                match refused",
                "                let _ = events;\n                match refused",
            ),
        ],
    ),
    mistake(
        "a delivery that waits for a slot is counted before it has one",
        "sink/channel/sender.rs",
        "models::channel::a_dropped_send",
        &[
            ("            let slot = sender", "            depth.enter(&delivery);\n            let slot = sender"),
            ("            depth.enter(&delivery);\n            slot.send", "            slot.send"),
        ],
    ),
    mistake(
        "a channel that closes during a send is answered Ok",
        "sink/channel/sender.rs",
        "models::channel::deliveries_that_a_dropped_receiver",
        &[(
            "let slot = sender.reserve().await.map_err(|_| SinkError::Closed)?;",
            "let Ok(slot) = sender.reserve().await else { return Ok(()) };",
        )],
    ),
    mistake(
        "a shutdown listens for consumed events after counting them",
        "sink/channel/queue_depth.rs",
        "models::wakes::a_shutdown_is_woken_when_the_app_has",
        &[
            ("            let decreased = self.decreased.notified();\n", ""),
            ("            decreased.await;", "            self.decreased.notified().await;"),
        ],
    ),
    mistake(
        "the gauge counts events that enter after the app is gone",
        "sink/channel/queue_depth.rs",
        "models::gauge::the_gauge",
        &[(
            "        if self.events.fetch_add(events, SeqCst) & ABANDONED == 0 {\n            telemetry::queued_events(events);\n        }",
            "        self.events.fetch_add(events, SeqCst);\n        telemetry::queued_events(events);",
        )],
    ),
    mistake(
        "the gauge is decreased twice for events of a dropped channel",
        "sink/channel/queue_depth.rs",
        "models::gauge::the_gauge",
        &[("        if before & ABANDONED == 0 {\n            telemetry::de", "        {\n            telemetry::de")],
    ),
    mistake(
        "the gauge misses events that enter while the channel is dropped",
        "sink/channel/queue_depth.rs",
        "models::gauge::the_gauge",
        &[(
            "telemetry::dequeued_events(self.events.fetch_or(ABANDONED, SeqCst) & !ABANDONED);",
            "self.events.fetch_or(ABANDONED, SeqCst);\n        telemetry::dequeued_events(self.backlog().events);",
        )],
    ),
    mistake(
        "a shutdown waits for an app that is gone",
        "sink/channel/receiver.rs",
        "models::wakes::a_shutdown_is_woken_when_the_app_drops",
        &[("        self.depth.abandon();", "        let _ = &self.depth;")],
    ),
    mistake(
        "a shutdown is checked before the delivery counts",
        "acceptance/gate.rs",
        "models::shutdown::no_handler_runs",
        &[(
            "                let request = Request::begin(&self.state, started);\n                if self.state.in_flight.is_stopping() {",
            "                let stopping = self.state.in_flight.is_stopping();\n                let request = Request::begin(&self.state, started);\n                if stopping {",
        )],
    ),
    mistake(
        "a shutdown listens for idleness after counting",
        "acceptance/in_flight.rs",
        "models::shutdown::a_patient_shutdown",
        &[
            ("            let became_idle = self.became_idle.notified();\n", ""),
            ("            became_idle.await;", "            self.became_idle.notified().await;"),
        ],
    ),
    mistake(
        "a request that is being rejected is reported as in flight",
        "acceptance/in_flight.rs",
        "models::shutdown::no_handler_runs",
        &[("            Ok(()) => 0,", "            Ok(()) => self.count(),")],
    ),
    mistake(
        "a body's memory is released after its request has left",
        "acceptance/request.rs",
        "models::shutdown::a_patient_shutdown",
        &[
            ("        self.memory.release(&self.gate.memory_budget);\n", ""),
            (
                "        self.gate.in_flight.leave();\n",
                "        self.gate.in_flight.leave();\n        self.memory.release(&self.gate.memory_budget);\n",
            ),
        ],
    ),
    mistake(
        "the sink is closed while deliveries are in flight",
        "pipeline.rs",
        "models::shutdown::a_patient_shutdown",
        &[(
            "        let in_flight = self.gate.shutdown",
            "        self.gate.stop();\n        self.sink.close();\n        let in_flight = self.gate.shutdown",
        )],
    ),
    mistake(
        "two bodies reserve the same memory",
        "memory_budget.rs",
        "models::memory_budget",
        &[(
            "        budget.used.fetch_add(bytes, SeqCst) + bytes",
            "        let used = budget.used.load(SeqCst) + bytes;\n        budget.used.store(used, SeqCst);\n        used",
        )],
    ),
    mistake(
        "the memory of a rejected body is kept",
        "memory_budget.rs",
        "models::memory_budget",
        &[(
            "{ budget.make_room(id, limit, now()) }",
            "{ self.bytes.store(0, SeqCst); Err(Outcome::OverMemoryBudget) }",
        )],
    ),
    mistake(
        "the memory of an ended body is released twice",
        "memory_budget.rs",
        "models::memory_budget",
        &[(
            "if id == 0 || budget.uploads().by_id.remove(&id).is_some() {",
            "budget.uploads().by_id.remove(&id);\n        {",
        )],
    ),
    mistake(
        "a body that was ended for another one completes",
        "memory_budget.rs",
        "models::memory_budget",
        &[(
            "budget.uploads().by_id.remove(&id).ok_or(Outcome::OverMemoryBudget)?;",
            "budget.uploads().by_id.remove(&id);",
        )],
    ),
];
