//! The measured servers.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Framework {
    Axum,
    Hyper,
    Actix,
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Axum => "axum",
            Self::Hyper => "hyper",
            Self::Actix => "actix-web",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum App {
    /// A handler that reads the body and answers 200.
    Bare,
    /// Like `Bare`, but also verifies the HMAC and parses the JSON, as every receiver must.
    Floor,
    /// birdhook as in the README. A task consumes the events.
    Birdhook,
    /// Like `Birdhook`, but the future of `main` consumes the events.
    MainConsumes,
    /// Like `Birdhook`, with a deadline of a minute.
    Patient,
    /// Like `Birdhook`, with two worker threads on two cores.
    TwoWorkers,
    /// Like `Bare`, with two worker threads on two cores.
    BareTwoWorkers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate(pub(crate) Framework, pub(crate) App);

impl Candidate {
    /// The candidates for throughput. With actix-web, tasks of `main` run on the same thread as its
    /// future.
    pub(crate) const FAST: [Self; 9] = [
        Self(Framework::Axum, App::Bare),
        Self(Framework::Axum, App::Birdhook),
        Self(Framework::Axum, App::MainConsumes),
        Self(Framework::Axum, App::Floor),
        Self(Framework::Hyper, App::Bare),
        Self(Framework::Hyper, App::Birdhook),
        Self(Framework::Hyper, App::MainConsumes),
        Self(Framework::Actix, App::Bare),
        Self(Framework::Actix, App::Birdhook),
    ];

    pub(crate) fn has_events(self) -> bool {
        !matches!(self.1, App::Bare | App::BareTwoWorkers | App::Floor)
    }

    pub(crate) fn argument(self) -> String {
        format!("{:?}-{:?}", self.0, self.1)
    }

    pub(crate) fn parse(argument: &str) -> Option<Self> {
        let more = [App::Patient, App::TwoWorkers, App::BareTwoWorkers].map(|app| Self(Framework::Axum, app));
        Self::FAST.into_iter().chain(more).find(|candidate| candidate.argument() == argument)
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let app = match self.1 {
            App::Bare => "bare",
            App::Floor => "HMAC and JSON alone",
            App::Birdhook => "birdhook",
            App::MainConsumes => "birdhook, `main` consumes",
            App::Patient => "birdhook, deadline 60 s",
            App::BareTwoWorkers => "bare, two workers",
            App::TwoWorkers => "birdhook, two workers",
        };
        write!(f, "{}, {app}", self.0)
    }
}
