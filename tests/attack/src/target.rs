//! The server under attack, and the outcomes of an attack.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use birdhook_test_harness::http_client::{self, PATH, Request};
use tokio::task::JoinSet;

use crate::journal::{Journal, body};
use crate::outcome::{Answer, Outcome, ask};
use crate::server::{Kind, SECRET};

/// Timeout for a response: the timeout of X.
pub const X_WAITS: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct Target {
    pub kind: Kind,
    pub address: SocketAddr,
    pub journal: Arc<Journal>,
    pub quick: bool,
}

impl Target {
    /// Returns the first value in the full form, the second in the short form.
    pub fn scale<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    pub async fn ask(&self, pieces: &[&[u8]]) -> Answer {
        ask(self.address, pieces, X_WAITS).await
    }

    /// Sends all requests at once, because some are answered only at the deadline.
    pub async fn judge(
        &self,
        tally: &mut Tally,
        cases: impl IntoIterator<Item = (String, Vec<u8>, &'static [Outcome])>,
    ) {
        let mut asking = JoinSet::new();
        for (what, bytes, allowed) in cases {
            let target = self.clone();
            asking.spawn(async move { (target.ask(&[&bytes]).await, what, allowed) });
        }
        asking.join_all().await.iter().for_each(|(answer, what, allowed)| tally.judge(what, answer, allowed));
    }

    /// Runs numbered clients, at most `at_most` at once. Returns their results in any order.
    pub async fn clients<F, T>(&self, count: usize, at_most: usize, client: impl Fn(Self, u32) -> F) -> Vec<T>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let (mut clients, mut results) = (JoinSet::new(), Vec::new());
        for number in (0..).take(count) {
            clients.spawn(client(self.clone(), number));
            if clients.len() >= at_most {
                results.extend(clients.join_next().await.map(Result::unwrap));
            }
        }
        results.extend(clients.join_all().await);
        results
    }

    /// Sends these bytes `count` times, at most `at_most` at once.
    pub async fn ask_many(&self, count: usize, at_most: usize, pieces: &[&[u8]]) -> Vec<Answer> {
        let bytes: Arc<[Vec<u8>]> = pieces.iter().map(|piece| piece.to_vec()).collect();
        let ask = |target: Self, _| {
            let bytes = Arc::clone(&bytes);
            async move { target.ask(&bytes.iter().map(Vec::as_slice).collect::<Vec<_>>()).await }
        };
        self.clients(count, at_most, ask).await
    }

    /// Delivers these events as X does, and records them if they are accepted.
    pub async fn deliver(&self, ids: impl IntoIterator<Item = u64> + Clone) -> Answer {
        let answer = self.ask(&[&signed(body(ids.clone()), &[])]).await;
        if answer.outcome == Outcome::Status(200) {
            self.journal.events().answered(ids);
        }
        answer
    }
}

pub fn sign(body: impl AsRef<[u8]>) -> String {
    http_client::sign(SECRET, body.as_ref())
}

fn with(request: Request, headers: &[&str]) -> Request {
    headers.iter().fold(request, |request, header| request.line(header))
}

/// Returns the head of a POST with these headers, one per line.
pub fn post(headers: &[&str]) -> Vec<u8> {
    with(http_client::method("POST"), headers).head()
}

fn signed_request(body: &[u8], headers: &[&str]) -> Request {
    with(http_client::post(body).signed(SECRET), headers)
}

/// Returns the head of a POST that announces this signed body.
pub fn signed_head(body: impl AsRef<[u8]>, headers: &[&str]) -> Vec<u8> {
    signed_request(body.as_ref(), headers).head()
}

pub fn signed(body: impl AsRef<[u8]>, headers: &[&str]) -> Vec<u8> {
    signed_request(body.as_ref(), headers).to_bytes()
}

pub fn unsigned(body: impl AsRef<[u8]>) -> Vec<u8> {
    http_client::post(body.as_ref()).to_bytes()
}

/// Returns a POST in chunks of this size, signed if `is_signed`.
pub fn chunked(body: &[u8], size: usize, is_signed: bool) -> Vec<u8> {
    let request = if is_signed { signed_request(body, &[]) } else { http_client::post(body) };
    request.chunked(size).to_bytes()
}

pub fn get(query: &str, headers: &[&str]) -> Vec<u8> {
    with(http_client::get(query), headers).head()
}

/// Counts of outcomes, and the faults.
#[derive(Default)]
pub struct Tally {
    pub outcomes: BTreeMap<Outcome, usize>,
    wrong: BTreeMap<String, usize>,
    pub note: String,
}

impl Tally {
    /// Counts an answer, whose outcome must be one of those allowed. A 503 needs `Retry-After`.
    pub fn judge(&mut self, what: &str, answer: &Answer, allowed: &[Outcome]) {
        self.count(what, answer.outcome, allowed);
        if answer.outcome == Outcome::Status(503) && answer.content.header("retry-after").is_none() {
            self.add_wrong(format!("{what}: 503 without Retry-After"));
        }
    }

    pub fn judge_all(&mut self, what: &str, answers: &[Answer], allowed: &[Outcome]) {
        answers.iter().for_each(|answer| self.judge(what, answer, allowed));
    }

    pub fn count(&mut self, what: &str, outcome: Outcome, allowed: &[Outcome]) {
        *self.outcomes.entry(outcome).or_default() += 1;
        if !allowed.contains(&outcome) {
            let allowed: Vec<_> = allowed.iter().map(ToString::to_string).collect();
            self.add_wrong(format!("{what}: {outcome}, not {}", allowed.join(" or ")));
        }
    }

    pub fn count_all(&mut self, what: &str, outcomes: impl IntoIterator<Item = Outcome>, allowed: &[Outcome]) {
        outcomes.into_iter().for_each(|outcome| self.count(what, outcome, allowed));
    }

    pub fn holds<T: Into<String>>(&mut self, holds: bool, otherwise: impl FnOnce() -> T) {
        if !holds {
            self.add_wrong(otherwise());
        }
    }

    pub fn add(&mut self, other: Self) {
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        for (what, count) in other.wrong {
            *self.wrong.entry(what).or_default() += count;
        }
    }

    pub fn add_wrong(&mut self, what: impl Into<String>) {
        *self.wrong.entry(what.into()).or_default() += 1;
    }

    /// Returns the first five faults, with their counts.
    pub fn wrong(&self) -> Vec<String> {
        let text = |(what, count): (&String, &usize)| match count {
            1 => what.clone(),
            count => format!("{what} (×{count})"),
        };
        self.wrong.iter().map(text).take(5).collect()
    }
}
