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
        "one of those who wait for a claim is woken",
        "dedupe.rs",
        "models::claims::everybody_who_waits",
        &[("landing.notify_waiters()", "landing.notify_one()")],
    ),
    mistake(
        "a dropped claim stays",
        "dedupe.rs",
        "models::claims::a_dropped_claim_wakes",
        &[("            self.release(None);\n", "")],
    ),
    mistake(
        "who waits is told before the claim is over",
        "dedupe.rs",
        "models::claims::copies",
        &[
            (
                "        let mut states = self.dedupe.states();\n        let mut landed",
                "        let waiting = |key| self.dedupe.states().in_flight.get(key).and_then(|f| f.waiting.clone());\n        \
                 self.left.iter().filter_map(|left| waiting(&left.own)).for_each(|landing| landing.notify_waiters());\n        \
                 let mut states = self.dedupe.states();\n        let mut landed",
            ),
            ("landing.notify_waiters());\n    }\n}\n\nimpl Drop", "drop(landing.clone()));\n    }\n}\n\nimpl Drop"),
        ],
    ),
    mistake(
        "who waits listens when the lock is gone",
        "dedupe.rs",
        "models::claims::copies",
        &[(
            "            return Claimed::InFlight(Arc::clone(landing).notified_owned());",
            "            let landing = Arc::clone(landing);\n            drop(states);\n            \
             return Claimed::InFlight(landing.notified_owned());",
        )],
    ),
    mistake(
        "only the first event of a delivery is looked for",
        "dedupe.rs",
        "models::claims::a_dropped_claim_takes",
        &[(".find(|key| states.in_flight", ".take(1).find(|key| states.in_flight")],
    ),
    mistake(
        "between in flight and done an event is absent",
        "dedupe.rs",
        "models::claims::copies",
        &[(
            "            if let Some(now) = done {",
            "            drop(states);\n            states = self.dedupe.states();\n            if let Some(now) = done {",
        )],
    ),
    mistake(
        "the claim is committed after an await",
        "gate.rs",
        "models::once::a_request_dropped",
        &[(
            "                claim.commit(now);",
            "                crate::sync::yield_now().await;\n                claim.commit(now);",
        )],
    ),
    mistake(
        "what the other API is telling is not in flight",
        "dedupe.rs",
        "models::tellings::what_both_tell",
        &[(
            ".chain(self.told.map(|(by_this, _)| by_this))",
            ".chain(self.told.map(|(by_this, _)| by_this).filter(|_| false))",
        )],
    ),
    mistake(
        "a telling is matched twice",
        "tellings.rs",
        "models::tellings::what_one_tells_once_more",
        &[("            times.pop_back();\n", "            times.make_contiguous();\n")],
    ),
    mistake(
        "the app's waker is kept after the channel was asked",
        "doorbell.rs",
        "models::wakes::without_a_runtime",
        &[
            ("        self.bell.listen(cx.waker());\n        poll", "        let polled = poll"),
            (
                "from_waker(&self.waker))\n    }\n}\n\n#[derive(Debug, Default)]",
                "from_waker(&self.waker));\n        self.bell.listen(cx.waker());\n        polled\n    }\n}\n\n#[derive(Debug, Default)]",
            ),
        ],
    ),
    mistake(
        "the waker of a task that reads no more is kept",
        "doorbell.rs",
        "models::wakes::a_consumer_that_moves",
        &[("if !task.as_ref().is_some_and(|known| known.will_wake(waker)) {", "if task.is_none() {")],
    ),
    mistake(
        "a runtime that ends takes the ring with it",
        "doorbell.rs",
        "models::wakes::by_a_runtime_that_ends",
        &[
            (
                "        let turn = Turn(self);\n",
                "        let turn = Turn(self);\n        if runtime().is_none() {\n            turn.0.ring();\n        }\n",
            ),
            ("                drop(turn);", "                turn.0.ring();"),
            ("    fn drop(&mut self) {\n        self.0.ring();", "    fn drop(&mut self) {\n        let _ = &self.0;"),
        ],
    ),
    mistake(
        "a delivery is counted when it can be read already",
        "channel.rs",
        "models::channel::closing_loses",
        &[
            (
                "        self.level.enter(&delivery);\n        let events",
                "        let counted = delivery.clone();\n        let events",
            ),
            (
                "            Ok(()) => Ok(()),",
                "            Ok(()) => {\n                self.level.enter(&counted);\n                Ok(())\n            }",
            ),
            (
                "                self.level.leave(1, events);\n                match refused",
                "                let _ = events;\n                match refused",
            ),
        ],
    ),
    mistake(
        "a delivery that waits for room is counted before it has any",
        "channel.rs",
        "models::channel::a_dropped_send",
        &[
            ("            let room = sender", "            level.enter(&delivery);\n            let room = sender"),
            ("            level.enter(&delivery);\n            room.send", "            room.send"),
        ],
    ),
    mistake(
        "a channel that closes meanwhile is taken for Ok",
        "channel.rs",
        "models::channel::what_a_dropped_receiver",
        &[(
            "let room = sender.reserve().await.map_err(|_| SinkError::Closed)?;",
            "let Ok(room) = sender.reserve().await else { return Ok(()) };",
        )],
    ),
    mistake(
        "who waits for the app listens after looking",
        "channel.rs",
        "models::wakes::who_waits_for_the_app",
        &[
            ("            let fell = self.fell.notified();\n", ""),
            ("            fell.await;", "            self.fell.notified().await;"),
        ],
    ),
    mistake(
        "the gauge hears of what enters when the app is gone",
        "channel.rs",
        "models::gauge::the_gauge",
        &[(
            "        if self.events.fetch_add(events, SeqCst) & ABANDONED == 0 {\n            observe::queued(events);\n        }",
            "        self.events.fetch_add(events, SeqCst);\n        observe::queued(events);",
        )],
    ),
    mistake(
        "the gauge hears twice of what left a gone app",
        "channel.rs",
        "models::gauge::the_gauge",
        &[("        if before & ABANDONED == 0 {\n            observe::un", "        {\n            observe::un")],
    ),
    mistake(
        "the gauge misses what enters while the app goes",
        "channel.rs",
        "models::gauge::the_gauge",
        &[(
            "observe::unqueued(self.events.fetch_or(ABANDONED, SeqCst) & !ABANDONED);",
            "self.events.fetch_or(ABANDONED, SeqCst);\n        observe::unqueued(self.backlog().events);",
        )],
    ),
    mistake(
        "an app that is gone is waited for",
        "deliveries.rs",
        "models::wakes::who_waits_for_an_app",
        &[("        self.level.abandon();", "        let _ = &self.level;")],
    ),
    mistake(
        "a shutdown is looked for before the delivery counts",
        "gate.rs",
        "models::shutdown::no_handler_runs",
        &[(
            "                let request = Request::begin(self, started);\n                if self.shared.stopping.load(SeqCst) {",
            "                let stopping = self.shared.stopping.load(SeqCst);\n                let request = Request::begin(self, started);\n                if stopping {",
        )],
    ),
    mistake(
        "who waits for idleness listens after looking",
        "gate.rs",
        "models::shutdown::a_patient_shutdown",
        &[
            ("            let idle = self.shared.idle.notified();\n", ""),
            ("            idle.await;", "            self.shared.idle.notified().await;"),
        ],
    ),
    mistake(
        "a request that is being refused is left in flight",
        "gate.rs",
        "models::shutdown::no_handler_runs",
        &[("            Ok(()) => 0,", "            Ok(()) => self.shared.in_flight.load(SeqCst),")],
    ),
    mistake(
        "a body is given back when its request is over",
        "gate.rs",
        "models::shutdown::a_patient_shutdown",
        &[
            ("        self.body.give_back(&self.gate.shared.bodies);\n        observe", "        observe"),
            (
                "            self.gate.shared.idle.notify_waiters();\n        }\n",
                "            self.gate.shared.idle.notify_waiters();\n        }\n        self.body.give_back(&self.gate.shared.bodies);\n",
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
        "two bodies take the same room",
        "bodies.rs",
        "models::bodies",
        &[(
            "        bodies.taken.fetch_add(bytes, SeqCst) + bytes",
            "        let taken = bodies.taken.load(SeqCst) + bytes;\n        bodies.taken.store(taken, SeqCst);\n        taken",
        )],
    ),
    mistake(
        "what a refused body took is kept",
        "bodies.rs",
        "models::bodies",
        &[("{ bodies.make_room(id, limit, now()) }", "{ self.own.store(0, SeqCst); Err(Outcome::OverMemoryBudget) }")],
    ),
    mistake(
        "the room of a body that was ended for another one is given back twice",
        "bodies.rs",
        "models::bodies",
        &[(
            "if id == 0 || bodies.uploads().all.remove(&id).is_some() {",
            "bodies.uploads().all.remove(&id);\n        {",
        )],
    ),
    mistake(
        "a body that was ended for another one is whole",
        "bodies.rs",
        "models::bodies",
        &[("bodies.uploads().all.remove(&id).ok_or(Outcome::OverMemoryBudget)?;", "bodies.uploads().all.remove(&id);")],
    ),
];
