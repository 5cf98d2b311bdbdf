//! The app's state at X: read from X while the page is open, and the actions on it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use birdhook_client::api::{ActivitySubscription, Counts, RegisteredWebhook, ReplaySpan};
use birdhook_client::{Client, Error, ErrorCause, ManagementApi, ReplayRules};
use birdhook_core::Timestamp;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Response, StatusCode};
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::at_x_data::{AtXView, Done, Job, Problem, Read};
use crate::at_x_query::{Action, AtXQuery};
use crate::console::{TEXT, html, json_response, response};
use crate::guard::{ActionToken, Context, READ_ONLY, Refusal};
use crate::history::{History, now};
use crate::page::at_x as pages;
use crate::page::{self, Reveal};
use crate::stream::ConsoleBody;

/// The time for which an answer of X is shown again.
const CACHED_FOR: Duration = Duration::from_secs(30);

/// Time limit for reading one list. X lists 150,000 subscriptions on 150 pages.
const READ_LIMIT: Duration = Duration::from_secs(60);

/// Number of actions and of replay jobs that are remembered.
const REMEMBERED: usize = 20;

/// The app at X. Clones share it.
#[derive(Clone)]
pub(crate) struct AtX {
    shared: Arc<Shared>,
    token: ActionToken,
}

struct Shared {
    client: Client,
    /// Held while X is asked, so that several open pages ask once.
    answers: tokio::sync::Mutex<Answers>,
    /// Held while a replay is requested: X runs one job at a time.
    replaying: tokio::sync::Mutex<()>,
    past: Mutex<Past>,
}

#[derive(Default)]
struct Answers {
    webhooks: Option<Cached<Vec<RegisteredWebhook>>>,
    subscriptions: Option<Cached<Vec<ActivitySubscription>>>,
    counts: Option<Cached<Counts>>,
}

struct Cached<T> {
    read: Arc<Read<T>>,
    until: Instant,
}

/// The last actions and replay jobs, newest first.
#[derive(Default)]
struct Past {
    actions: VecDeque<Done>,
    jobs: VecDeque<Job>,
}

/// A response that is not the requested one.
enum Failure {
    Refused(Refusal),
    AtX(Problem),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Failure {
    fn bad(text: String) -> Self {
        Self::Refused(Refusal(StatusCode::BAD_REQUEST, text))
    }
}

impl AtX {
    pub(crate) fn new(client: Client) -> Self {
        let shared =
            Shared { client, answers: Default::default(), replaying: Default::default(), past: Mutex::default() };
        Self { shared: Arc::new(shared), token: ActionToken::new() }
    }

    /// Answers a request to a path below `/at-x` or `/api/at-x`. `rest` is the path behind it.
    pub(crate) async fn answer(
        &self,
        context: Context<'_>,
        history: &History,
        rest: &str,
        is_api: bool,
    ) -> Response<ConsoleBody> {
        match self.try_answer(context, history, rest, is_api).await {
            Ok(response) => response,
            Err(Failure::Refused(Refusal(status, text))) if is_api => json_response(status, &json!({"error": text})),
            Err(Failure::Refused(Refusal(status, text))) => {
                html(status, pages::failed(context.site, &Problem { error: text, fix: None, until: None }))
            }
            Err(Failure::AtX(problem)) if is_api => json_response(StatusCode::BAD_GATEWAY, &problem),
            Err(Failure::AtX(problem)) => html(StatusCode::BAD_GATEWAY, pages::failed(context.site, &problem)),
        }
    }

    async fn try_answer(
        &self,
        context: Context<'_>,
        history: &History,
        rest: &str,
        is_api: bool,
    ) -> Result<Response<ConsoleBody>, Failure> {
        let query = AtXQuery::parse(context.request.uri.query().unwrap_or_default()).map_err(Failure::bad)?;
        let action = rest.strip_prefix('/').and_then(Action::from_word);
        match (&context.request.method, action) {
            (&Method::POST, Some(action)) => {
                self.token.check(context, query.token.as_deref())?;
                let done = self.act(action, &query).await?;
                if is_api {
                    return Ok(json_response(StatusCode::OK, &done));
                }
                let mut response = response(StatusCode::SEE_OTHER, TEXT, Bytes::new());
                if let Ok(to) = HeaderValue::try_from(format!("{}/at-x?done=1", context.site.base)) {
                    response.headers_mut().insert(header::LOCATION, to);
                }
                Ok(response)
            }
            (&Method::GET | &Method::HEAD, None) => self.read(context, history, rest, &query, is_api).await,
            (_, action) => {
                let allowed = if action.is_some() { "POST" } else { "GET, HEAD" };
                let text = format!("only {allowed} is allowed here\n");
                let mut refused = response(StatusCode::METHOD_NOT_ALLOWED, TEXT, text);
                refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
                Ok(refused)
            }
        }
    }

    async fn read(
        &self,
        context: Context<'_>,
        history: &History,
        rest: &str,
        query: &AtXQuery,
        is_api: bool,
    ) -> Result<Response<ConsoleBody>, Failure> {
        let (site, is_read_only) = (context.site, context.is_read_only);
        let token = self.token.text().filter(|_| !is_read_only);
        match rest {
            "" | "/" if is_api => {
                let view = self.view(history, query.reveal).await;
                let response = json!({"at_x": view, "read_only": is_read_only, "csrf": token});
                Ok(json_response(StatusCode::OK, &response))
            }
            "" | "/" => {
                let view = self.view(history, query.reveal).await;
                let page = pages::AtXPage {
                    view: &view,
                    series: site.has_requests.then(|| history.totals(now()).series),
                    now: now(),
                    is_done: query.is_done,
                    is_read_only,
                };
                let other = format!("{}/at-x{}", site.base, if query.reveal { "" } else { "?reveal=1" });
                let reveal = Reveal { is_revealed: query.reveal, other: &other };
                Ok(html(StatusCode::OK, page::page(site, "At X", &reveal, &pages::at_x(site, &page))))
            }
            "/confirm" if !is_api => {
                let token = token.ok_or_else(|| Refusal(StatusCode::FORBIDDEN, READ_ONLY.to_owned()))?;
                let action = query.action.ok_or_else(|| Failure::bad("no action is given".to_owned()))?;
                let webhook = query.webhook().map_err(Failure::bad)?;
                let span = match action {
                    Action::Validate => None,
                    Action::Replay => Some(span(query, now()).map_err(Failure::bad)?),
                };
                let main = pages::confirm(site, webhook, span, &query.action_link(action, token));
                let other = format!("{}/at-x", site.base);
                let reveal = Reveal { is_revealed: false, other: &other };
                Ok(html(StatusCode::OK, page::page(site, "At X", &reveal, &main)))
            }
            _ => Err(Refusal(StatusCode::NOT_FOUND, "the console has no such page".to_owned()).into()),
        }
    }

    async fn view(&self, history: &History, reveal: bool) -> AtXView {
        let (webhooks, subscriptions, counts) = self.shared.ask().await;
        let (past, now) = (self.shared.past(), now());
        let mut view = AtXView::new(&webhooks, &subscriptions, &counts, now, reveal);
        view.actions = past.actions.iter().cloned().collect();
        view.jobs = past.jobs.iter().map(|job| job.view(&history.replay_ends())).collect();
        view
    }

    /// Runs an action to its end, even if the requester leaves: it has reached X then.
    async fn act(&self, action: Action, query: &AtXQuery) -> Result<Done, Failure> {
        let webhook = query.webhook().map_err(Failure::bad)?.to_owned();
        let shared = Arc::clone(&self.shared);
        let running = match action {
            Action::Validate => tokio::spawn(async move { shared.validate(webhook).await }),
            Action::Replay => {
                let span = span(query, now()).map_err(Failure::bad)?;
                tokio::spawn(async move { shared.replay(webhook, span).await })
            }
        };
        let failed = |_| Refusal(StatusCode::INTERNAL_SERVER_ERROR, "the action was aborted".to_owned());
        running.await.map_err(failed)?.map_err(Failure::AtX)
    }
}

impl Shared {
    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the answers of X, new or cached.
    async fn ask(
        &self,
    ) -> (Arc<Read<Vec<RegisteredWebhook>>>, Arc<Read<Vec<ActivitySubscription>>>, Arc<Read<Counts>>) {
        let mut answers = self.answers.lock().await;
        let (webhooks, activity, account) =
            (self.client.webhooks(), self.client.activity(), self.client.account_activity());
        let Answers { webhooks: listed, subscriptions, counts } = &mut *answers;
        tokio::join!(
            fresh(listed, webhooks.list()),
            fresh(subscriptions, activity.list()),
            fresh(counts, account.count()),
        )
    }

    async fn validate(&self, webhook: String) -> Result<Done, Problem> {
        let result = self.client.webhooks().validate(&webhook).await;
        let text = match &result {
            Ok(true) => "X challenged the webhook: it is valid".to_owned(),
            Ok(false) => "X challenged the webhook: it is still invalid; run `birdhook doctor` on its URL".to_owned(),
            Err(error) => error.to_string(),
        };
        self.answers.lock().await.webhooks = None;
        self.finish(Action::Validate, webhook, matches!(result, Ok(true)), text, result.err())
    }

    async fn replay(&self, webhook: String, span: ReplaySpan) -> Result<Done, Problem> {
        let _one_at_a_time = self.replaying.lock().await;
        let result = self.client.webhooks().replay(&webhook, span).await;
        let text = match &result {
            Ok(job) => {
                let requested = Job { id: job.id.clone(), webhook: webhook.clone(), span, requested_at: now() };
                let text = format!("X accepted the replay job {}", job.id.as_deref().unwrap_or("(no id)"));
                let mut past = self.past();
                past.jobs.push_front(requested);
                past.jobs.truncate(REMEMBERED);
                text
            }
            Err(error) => error.to_string(),
        };
        self.finish(Action::Replay, webhook, result.is_ok(), text, result.err())
    }

    /// Records an action, also one that X refused.
    fn finish(
        &self,
        action: Action,
        webhook: String,
        ok: bool,
        text: String,
        error: Option<Error>,
    ) -> Result<Done, Problem> {
        #[cfg(feature = "tracing")]
        tracing::info!(action = action.word(), webhook, ok, result = text, "an action of the console at X");
        let done = Done { at: now().to_string(), action: action.word(), webhook, ok, result: text };
        let mut past = self.past();
        past.actions.push_front(done.clone());
        past.actions.truncate(REMEMBERED);
        error.map_or(Ok(done), |error| Err(Problem::new(&error)))
    }
}

/// Returns the cached answer, or makes the call and caches its answer. A call that the rate limit
/// refuses is not repeated before the limit ends.
async fn fresh<T>(cached: &mut Option<Cached<T>>, call: impl Future<Output = Result<T, Error>>) -> Arc<Read<T>> {
    if let Some(cached) = cached.as_ref().filter(|cached| Instant::now() < cached.until) {
        return Arc::clone(&cached.read);
    }
    let answer = timeout(READ_LIMIT, call).await;
    let time = now();
    let mut keep = CACHED_FOR;
    let answer = match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            if let ErrorCause::RateLimited { until: Some(until) } = error.cause() {
                let left = until.as_millis().saturating_sub(time.as_millis());
                keep = keep.max(Duration::from_millis(u64::try_from(left).unwrap_or_default()));
            }
            Err(Problem::new(&error))
        }
        Err(_) => Err(Problem::slow(READ_LIMIT)),
    };
    let read = Arc::new(Read { at: time, answer });
    *cached = Some(Cached { read: Arc::clone(&read), until: Instant::now() + keep });
    read
}

/// Returns the span of a replay that X accepts as one job at the time `now`.
fn span(query: &AtXQuery, now: Timestamp) -> Result<ReplaySpan, String> {
    let (Some(from), Some(to)) = (query.from, query.to) else {
        return Err("a replay needs `from` and `to`".to_owned());
    };
    let span = ReplaySpan::around(from, to).ok_or_else(|| "`to` is not after `from`".to_owned())?;
    let rules = ReplayRules::of(ManagementApi::V2);
    let jobs = rules.jobs(from, to, now);
    if jobs.too_old.is_some() {
        return Err(format!(
            "X replays the last {} hours only: choose a later `from`",
            rules.window().as_secs() / 3600
        ));
    }
    if let Some(later) = jobs.not_yet {
        return Err(format!(
            "X replays this span at {} at the earliest: `from` must be at least 31 minutes ago, and `to` at least 10",
            later.at
        ));
    }
    match &*jobs.spans {
        [_] => Ok(span),
        _ => Err(format!("a replay job covers at most {} hours", rules.longest().as_secs() / 3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_outside_of_the_limits_of_x_is_refused_with_the_limit() {
        let now = Timestamp::from_millis(1_795_426_200_000); // 2026-11-23T09:30:00Z
        let of = |from: &str, to: &str| {
            let query = AtXQuery::parse(&format!("from=2026-11-{from}&to=2026-11-{to}")).unwrap();
            span(&query, now).map(|span| (span.from().to_string(), span.to().to_string()))
        };
        assert!(of("23T08:00", "23T09:00").is_ok());
        assert!(of("23T08:59", "23T09:20").is_ok(), "the newest span");
        assert!(of("22T09:30", "22T11:30").is_ok(), "the oldest and longest span");
        for (from, to, expected) in [
            ("23T09:00", "23T09:10", "at least 31 minutes ago"),
            ("23T08:00", "23T09:21", "at least 10"),
            ("22T09:29", "22T10:00", "last 24 hours"),
            ("22T10:00", "22T12:01", "at most 2 hours"),
            ("23T08:00", "23T08:00", "not after"),
        ] {
            let refused = of(from, to).unwrap_err();
            assert!(refused.contains(expected), "{from} {to}: {refused}");
        }
        assert!(span(&AtXQuery::default(), now).unwrap_err().contains("`from` and `to`"));
    }
}
