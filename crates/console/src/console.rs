//! The service: checks, routes and responses.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use birdhook_core::Secret;
use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use maud::Markup;
use serde::Serialize;
use serde_json::json;
use tokio::sync::Semaphore;
use tower_service::Service;

use crate::access::Access;
#[cfg(feature = "client")]
use crate::at_x::AtX;
use crate::copies::TEST_SECRET;
use crate::data::{Detail, HealthView, Row};
use crate::filter::{Query, QueryError};
use crate::guard::Context as RequestContext;
use crate::health_source::HealthSource;
use crate::history::{History, now};
use crate::hosts::Hosts;
#[cfg(feature = "inbox")]
use crate::inbox::InboxPages;
use crate::page::{self, List, Reveal, Site};
use crate::request_body::{self, UnreadBody};
use crate::resend::Resend;
use crate::resend_actions::{ResendActions, Sending};
use crate::stream::{ConsoleBody, Events};

/// Maximum number of open streams of events.
const MAX_STREAMS: usize = 32;

/// Allows the page's own files and requests only: no inline script or style, no other hosts, no
/// frames.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// The end of the path that sends a delivery again.
const SEND: &str = "/send";

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// A page that shows the requests of a webhook, as a tower [`Service`]. Cheap to clone.
///
/// Mount it with axum's `nest_service("/birdhook", console)`. At another path, also call
/// [`mounted_at`](Self::mounted_at). Without an inbox, a client for X and [`resend`](Self::resend) it
/// only reads: no request to it changes or sends anything.
#[derive(Clone)]
pub struct Console {
    /// `None` if the console shows an inbox only.
    source: Option<Arc<dyn HealthSource>>,
    history: History,
    access: Access,
    site: Site,
    hosts: Hosts,
    test_secret: Option<Secret>,
    streams: Arc<Semaphore>,
    #[cfg(feature = "inbox")]
    inbox: Option<InboxPages>,
    #[cfg(feature = "client")]
    at_x: Option<AtX>,
    resend: Option<ResendActions>,
    is_read_only: bool,
}

impl Console {
    /// Creates a console for the webhook that this history observes.
    ///
    /// `source` is its [`PipelineHandle`](birdhook_pipeline::PipelineHandle), or its
    /// [`Gate`](birdhook_pipeline::Gate) if it has no sink.
    pub fn new(source: impl HealthSource + 'static, history: History, access: Access) -> Self {
        Self::with(Some(Arc::new(source)), history, access)
    }

    /// Creates a console that shows an inbox only, such as one of another process.
    #[cfg(feature = "inbox")]
    pub fn of_inbox(inbox: impl Into<birdhook_inbox::control::InboxAccess>, access: Access) -> Self {
        Self::with(None, History::new(), access).inbox(inbox)
    }

    fn with(source: Option<Arc<dyn HealthSource>>, history: History, access: Access) -> Self {
        let has_requests = source.is_some();
        Self {
            source,
            site: Site {
                base: "/birdhook".to_owned(),
                keeps_bodies: history.keeps_bodies(),
                has_requests,
                has_inbox: false,
                has_at_x: false,
            },
            history,
            access,
            hosts: Hosts::default(),
            // Always valid; without it, nothing would be copied.
            test_secret: Secret::new(TEST_SECRET).ok(),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            #[cfg(feature = "inbox")]
            inbox: None,
            #[cfg(feature = "client")]
            at_x: None,
            resend: None,
            is_read_only: false,
        }
    }

    /// Sets the path of the console, for its links. Defaults to `/birdhook`.
    #[must_use]
    pub fn mounted_at(mut self, path: impl AsRef<str>) -> Self {
        let path = path.as_ref().trim_matches('/');
        self.site.base = if path.is_empty() { String::new() } else { format!("/{path}") };
        self
    }

    /// Allows another `Host` name, without a port, such as `console.internal`.
    ///
    /// By default only `localhost` and loopback addresses are allowed. This prevents other web sites
    /// from reading the console through DNS rebinding.
    #[must_use]
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.hosts.add(name.into());
        self
    }

    /// Sets the secret that signs copies of deliveries, and those that are sent again. Defaults to
    /// `birdhook-test-secret`.
    ///
    /// Never pass a secret of an app at X: its holder can forge deliveries. With such a secret, the
    /// console sends to loopback targets only.
    #[must_use]
    pub fn test_secret(mut self, secret: Secret) -> Self {
        self.test_secret = Some(secret);
        self
    }

    /// Adds pages that show the events of this inbox, and requeue, discard and purge them: the open
    /// `Inbox`, or a client of the process that has it open.
    #[cfg(feature = "inbox")]
    #[must_use]
    pub fn inbox(mut self, inbox: impl Into<birdhook_inbox::control::InboxAccess>) -> Self {
        self.inbox = Some(InboxPages::new(inbox.into()));
        self.site.has_inbox = true;
        self
    }

    /// Adds a page that shows the app's webhooks and subscriptions at X, validates a webhook, and
    /// replays deliveries. The console calls X only while the page is open, and shows an answer
    /// again for 30 s.
    ///
    /// Build the client with [`RetryPolicy::never`](birdhook_client::RetryPolicy::never), so that the
    /// page shows an error at once.
    #[cfg(feature = "client")]
    #[must_use]
    pub fn at_x(mut self, client: birdhook_client::Client) -> Self {
        self.at_x = Some(AtX::new(client));
        self.site.has_at_x = true;
        self
    }

    /// Adds an action to each delivery whose body is kept: it is sent again, as it was or edited, to one
    /// of these targets.
    #[must_use]
    pub fn resend(mut self, resend: Resend) -> Self {
        self.resend = Some(ResendActions::new(resend)).filter(ResendActions::has_targets);
        self
    }

    /// Refuses every request that changes or sends something, and shows no buttons for them.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// Returns the refusal of a request that may not see the console.
    fn refuse(&self, request: &Parts) -> Option<Response<ConsoleBody>> {
        if !self.hosts.allow(request) {
            let text = "this host name is not allowed: open the console as localhost, or allow the name with \
                        Console::allow_host\n";
            return Some(response(StatusCode::FORBIDDEN, TEXT, text));
        }
        if self.access.allows(request) {
            return None;
        }
        if !self.access.asks_for_password() {
            return Some(response(StatusCode::FORBIDDEN, TEXT, "no access to the console\n"));
        }
        let mut response = response(StatusCode::UNAUTHORIZED, TEXT, "the console needs a token\n");
        let challenge = HeaderValue::from_static("Basic realm=\"birdhook console\", charset=\"UTF-8\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        Some(response)
    }

    /// Answers a request to the pages of the inbox. `None` if it is for another page.
    #[cfg(feature = "inbox")]
    async fn inbox_page(&self, request: &Parts, path: &str) -> Option<Response<ConsoleBody>> {
        let inbox = self.inbox.as_ref()?;
        let (is_api, path) = match path.strip_prefix("/api/inbox") {
            Some(rest) => (true, rest),
            None if path == "/" && self.source.is_none() => (false, ""),
            None => (false, path.strip_prefix("/inbox")?),
        };
        if !path.is_empty() && !path.starts_with('/') {
            return None;
        }
        Some(inbox.answer(self.context(request), path, is_api).await)
    }

    /// Answers a request to the page of the app at X. `None` if it is for another page.
    #[cfg(feature = "client")]
    async fn at_x_page(&self, request: &Parts, path: &str) -> Option<Response<ConsoleBody>> {
        let at_x = self.at_x.as_ref()?;
        if path == "/assets/at_x.js" {
            return Some(asset("text/javascript; charset=utf-8", include_str!("assets/at_x.js")));
        }
        let (is_api, rest) = match path.strip_prefix("/api/at-x") {
            Some(rest) => (true, rest),
            None => (false, path.strip_prefix("/at-x")?),
        };
        if !rest.is_empty() && !rest.starts_with('/') {
            return None;
        }
        Some(at_x.answer(self.context(request), &self.history, rest, is_api).await)
    }

    fn context<'a>(&'a self, request: &'a Parts) -> RequestContext<'a> {
        RequestContext { site: &self.site, is_read_only: self.is_read_only, request }
    }

    /// Answers a request that sends a delivery again. `None` if it is for another page.
    async fn resend_page(&self, request: &Parts, path: &str, body: UnreadBody) -> Option<Response<ConsoleBody>> {
        let resend = self.resend.as_ref()?;
        let context = self.context(request);
        if path == "/api/send" {
            return Some(resend.targets(context));
        }
        let (is_api, path) = match path.strip_prefix("/api") {
            Some(path) => (true, path),
            None => (false, path),
        };
        let id = path.strip_prefix("/deliveries/")?.strip_suffix(SEND)?;
        let secret = self.test_secret.as_ref();
        let sending = Sending {
            context,
            history: &self.history,
            secret,
            is_secret_of_app: self.source.as_ref().zip(secret).is_none_or(|(source, secret)| source.has_secret(secret)),
            rule: self.access.rule(),
        };
        Some(resend.answer(sending, id, is_api, body).await)
    }

    async fn respond(&self, request: &Parts, body: UnreadBody) -> Response<ConsoleBody> {
        if let Some(refused) = self.refuse(request) {
            return refused;
        }
        let path = self.path(request.uri.path());
        // Browsers send the password of HTTP Basic with requests that other sites cause. They cannot
        // read the responses, but a page needs no data for other sites at all.
        let is_of_other_site = request.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
        let is_page = path == "/" || path == "/inbox" || (path.starts_with("/deliveries/") && !path.ends_with(SEND));
        if is_of_other_site && !(is_page && [Method::GET, Method::HEAD].contains(&request.method)) {
            return response(StatusCode::FORBIDDEN, TEXT, "requests of other sites are not allowed\n");
        }
        #[cfg(feature = "inbox")]
        if let Some(response) = self.inbox_page(request, path).await {
            return response;
        }
        #[cfg(feature = "client")]
        if let Some(response) = self.at_x_page(request, path).await {
            return response;
        }
        if let Some(response) = self.resend_page(request, path, body).await {
            return response;
        }
        if request.method != Method::GET && request.method != Method::HEAD {
            let mut response = response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "the console only answers GET\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match path {
            "/assets/console.css" => return asset("text/css; charset=utf-8", birdhook_page::STYLESHEET),
            "/assets/console.js" => return asset("text/javascript; charset=utf-8", include_str!("assets/console.js")),
            "/assets/icon.svg" => return asset("image/svg+xml", birdhook_page::ICON),
            _ => {}
        }
        let query = match Query::parse(request.uri.query().unwrap_or_default()) {
            Ok(query) => query,
            Err(error) => return self.bad_query(path, error),
        };
        match path {
            "/" => self.index(&query).await,
            "/health" => match self.health().await {
                Some(health) => html(StatusCode::OK, page::health(&self.site, &health)),
                None => self.one(path, &query),
            },
            "/events" => {
                let (console, reveal) = (self.clone(), query.reveal);
                self.events(request, query, move |entry| {
                    page::row(&console.site, &Row::new(&console.history, entry, reveal), reveal).into_string()
                })
            }
            "/api/health" => match self.health().await {
                Some(health) => json_response(StatusCode::OK, &health),
                None => self.one(path, &query),
            },
            "/api/deliveries" => self.list(&query),
            "/api/events" => {
                let (history, reveal) = (self.history.clone(), query.reveal);
                self.events(request, query, move |entry| {
                    serde_json::to_string(&Row::new(&history, entry, reveal)).unwrap_or_default()
                })
            }
            _ => self.one(path, &query),
        }
    }

    /// Returns the path within the console. axum's `nest_service` removes the prefix, others keep it.
    fn path<'a>(&self, path: &'a str) -> &'a str {
        match path.strip_prefix(&*self.site.base) {
            Some("") => "/",
            Some(rest) if rest.starts_with('/') => rest,
            _ => path,
        }
    }

    /// Returns the health of the webhook and of the inbox. `None` without a webhook.
    async fn health(&self) -> Option<HealthView> {
        #[cfg_attr(not(feature = "inbox"), expect(unused_mut, reason = "only the inbox is added"))]
        let mut health = HealthView::new(&**self.source.as_ref()?, &self.history);
        #[cfg(feature = "inbox")]
        if let Some(inbox) = &self.inbox {
            health.inbox = Some(inbox.view().await);
        }
        Some(health)
    }

    /// Returns the selected requests, newest first, and whether there are older ones.
    fn rows(&self, query: &Query) -> (Vec<Row>, bool) {
        // An id of an earlier process is older than everything here.
        let before = query.before.as_deref().map_or(u64::MAX, |id| self.history.number(id).unwrap_or(0));
        let after = query.after.as_deref().and_then(|id| self.history.number(id)).unwrap_or(0);
        let (entries, time) = (self.history.before(before), now());
        let mut selected = entries
            .iter()
            .take_while(|entry| entry.number > after)
            .filter(|entry| self.history.selects(&query.filter, entry, time));
        let rows = selected.by_ref().take(query.limit()).map(|entry| Row::new(&self.history, entry, query.reveal));
        let rows: Vec<_> = rows.collect();
        (rows, selected.next().is_some())
    }

    async fn index(&self, query: &Query) -> Response<ConsoleBody> {
        let Some(health) = self.health().await else { return self.one("/", query) };
        // Before the rows are read: a request that arrives in between is sent again and shown once.
        let newest = self.history.id(self.history.newest());
        let (rows, has_older) = self.rows(query);
        let older = rows.last().filter(|_| has_older);
        let older = older.map(|row| format!("{}/{}", self.site.base, query.link(query.reveal, Some(&row.id))));
        let list = List { query, rows: &rows, newest: &newest, older };
        let main = maud::html! { (page::health(&self.site, &health)) (page::list(&self.site, &list)) };
        let other = format!("{}/{}", self.site.base, query.link(!query.reveal, query.before.as_deref()));
        let reveal = Reveal { is_revealed: query.reveal, other: &other };
        html(StatusCode::OK, page::page(&self.site, "Requests", &reveal, &main))
    }

    fn list(&self, query: &Query) -> Response<ConsoleBody> {
        let (rows, has_older) = self.rows(query);
        json_response(StatusCode::OK, &json!({"deliveries": rows, "has_older": has_older}))
    }

    fn one(&self, path: &str, query: &Query) -> Response<ConsoleBody> {
        let is_api = path.starts_with("/api/");
        let id = path.strip_prefix("/api").unwrap_or(path).strip_prefix("/deliveries/");
        let entry = id.and_then(|id| self.history.number(id)).and_then(|number| self.history.get(number));
        let Some(entry) = entry else {
            let text = match id {
                Some(_) => "this request is no longer in memory: newer ones have replaced it, or the app was restarted",
                None => "the console has no such page",
            };
            if is_api {
                return json_response(StatusCode::NOT_FOUND, &json!({"error": text}));
            }
            return html(StatusCode::NOT_FOUND, page::message(&self.site, "Not found", text));
        };
        let detail = Detail::new(&self.history, &entry, query.reveal, self.test_secret.as_ref());
        if is_api {
            return json_response(StatusCode::OK, &detail);
        }
        let can_send = self.resend.is_some() && !self.is_read_only && detail.body.is_some();
        let main = page::detail(&self.site, &detail, can_send);
        let other = format!("{}{path}{}", self.site.base, if query.reveal { "" } else { "?reveal=1" });
        let reveal = Reveal { is_revealed: query.reveal, other: &other };
        html(StatusCode::OK, page::page(&self.site, detail.row.outcome, &reveal, &main))
    }

    fn events(
        &self,
        request: &Parts,
        query: Query,
        render: impl Fn(&crate::entry::Entry) -> String + Send + Sync + 'static,
    ) -> Response<ConsoleBody> {
        let Ok(permit) = Arc::clone(&self.streams).try_acquire_owned() else {
            return response(StatusCode::SERVICE_UNAVAILABLE, TEXT, "too many open streams: close other tabs\n");
        };
        // After a lost connection, a browser repeats the URL and adds the header.
        let last = request.headers.get("last-event-id").and_then(|id| id.to_str().ok());
        let position = match last.or(query.after.as_deref()) {
            // An id of an earlier process: everything is new.
            Some(id) => self.history.number(id).unwrap_or(0).min(self.history.newest()),
            None => self.history.newest(),
        };
        let body = if request.method == Method::HEAD {
            ConsoleBody::whole(Bytes::new())
        } else {
            ConsoleBody::events(Events::new(self.history.clone(), position, query.filter, permit, render))
        };
        with_headers(StatusCode::OK, "text/event-stream", body)
    }

    fn bad_query(&self, path: &str, error: QueryError) -> Response<ConsoleBody> {
        let text = format!("invalid {}: expected {}", error.parameter, error.expected);
        if path.starts_with("/api/") {
            return json_response(StatusCode::BAD_REQUEST, &json!({"error": text}));
        }
        html(StatusCode::BAD_REQUEST, page::message(&self.site, "Invalid filter", &text))
    }
}

fn with_headers(status: StatusCode, content_type: &'static str, body: ConsoleBody) -> Response<ConsoleBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().extend(HEADERS);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(crate) fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<ConsoleBody> {
    with_headers(status, content_type, ConsoleBody::whole(body.into()))
}

pub(crate) fn html(status: StatusCode, markup: Markup) -> Response<ConsoleBody> {
    response(status, HTML, markup.into_string())
}

pub(crate) fn json_response(status: StatusCode, value: &impl Serialize) -> Response<ConsoleBody> {
    match serde_json::to_vec(value) {
        Ok(json) => response(status, JSON, json),
        Err(_) => response(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "the response cannot be written as JSON\n"),
    }
}

fn asset(content_type: &'static str, text: &'static str) -> Response<ConsoleBody> {
    response(StatusCode::OK, content_type, text)
}

type ConsoleFuture = Pin<Box<dyn Future<Output = Result<Response<ConsoleBody>, Infallible>> + Send>>;

impl<B> Service<Request<B>> for Console
where
    B: Body<Data: Send> + Send + 'static,
{
    type Response = Response<ConsoleBody>;
    type Error = Infallible;
    type Future = ConsoleFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let body: UnreadBody = Box::pin(request_body::read(body));
        let console = self.clone();
        Box::pin(async move {
            let mut response = console.respond(&parts, body).await;
            if parts.method == Method::HEAD {
                *response.body_mut() = ConsoleBody::whole(Bytes::new());
            }
            Ok(response)
        })
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("history", &self.history).finish_non_exhaustive()
    }
}
