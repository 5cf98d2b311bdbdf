//! The inbox: its events as pages and JSON, and the actions on them.

use birdhook_inbox::control::{ControlError, InboxAccess};
use birdhook_inbox::{EventId, EventQuery, EventStatus, ListedEvent};
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Response, StatusCode};
use serde_json::json;

use crate::console::{TEXT, html, json_response, response};
use crate::guard::{ActionToken, Context, READ_ONLY, Refusal};
use crate::inbox_data::{EventDetail, EventRow, InboxView};
use crate::inbox_query::{Action, InboxQuery, Selection};
use crate::page::inbox as pages;
use crate::page::{self, Reveal};
use crate::stream::ConsoleBody;

/// The maximum number of events that a confirmation counts.
const MAX_COUNTED: usize = 10_000;

/// The number of events that are changed at once.
const STEP: usize = 500;

/// An inbox, and the token that its actions need.
#[derive(Clone)]
pub(crate) struct InboxPages {
    access: InboxAccess,
    token: ActionToken,
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE, format!("cannot use the inbox: {error}"))
    }
}

impl InboxPages {
    pub(crate) fn new(access: InboxAccess) -> Self {
        Self { access, token: ActionToken::new() }
    }

    /// Returns the state of the inbox, or why it cannot be read.
    pub(crate) async fn view(&self) -> InboxView {
        match self.access.snapshot().await {
            Ok(snapshot) => InboxView::new(&snapshot),
            Err(error) => InboxView::unknown(&error),
        }
    }

    /// Answers a request to a path below `/inbox` or `/api/inbox`. `rest` is the path behind it.
    pub(crate) async fn answer(&self, context: Context<'_>, rest: &str, is_api: bool) -> Response<ConsoleBody> {
        match self.try_answer(context, rest, is_api).await {
            Ok(response) => response,
            Err(Refusal(status, text)) if is_api => json_response(status, &json!({"error": text})),
            Err(Refusal(status, text)) => html(status, page::message(context.site, "Not done", &text)),
        }
    }

    async fn try_answer(
        &self,
        context: Context<'_>,
        rest: &str,
        is_api: bool,
    ) -> Result<Response<ConsoleBody>, Refusal> {
        let query = InboxQuery::parse(context.request.uri.query().unwrap_or_default())
            .map_err(|text| Refusal(StatusCode::BAD_REQUEST, text))?;
        let action = rest.strip_prefix('/').and_then(Action::from_word);
        match (&context.request.method, action) {
            (&Method::POST, Some(action)) => {
                self.token.check(context, query.token.as_deref())?;
                let selection = self.selection(action, &query)?;
                let count = self.run(action, &selection).await?;
                if is_api {
                    return Ok(json_response(StatusCode::OK, &json!({"count": count})));
                }
                let to = format!("{}/inbox?done={}&count={count}", context.site.base, action.word());
                let mut done = response(StatusCode::SEE_OTHER, TEXT, Bytes::new());
                if let Ok(to) = HeaderValue::try_from(to) {
                    done.headers_mut().insert(header::LOCATION, to);
                }
                Ok(done)
            }
            (&Method::GET | &Method::HEAD, None) if is_api => self.data(rest, &query, context).await,
            (&Method::GET | &Method::HEAD, None) => self.page(rest, &query, context).await,
            (_, action) => {
                let allowed = if action.is_some() { "POST" } else { "GET, HEAD" };
                let mut refused =
                    response(StatusCode::METHOD_NOT_ALLOWED, TEXT, format!("only {allowed} is allowed here\n"));
                refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
                Ok(refused)
            }
        }
    }

    fn selection(&self, action: Action, query: &InboxQuery) -> Result<Selection, Refusal> {
        query.selection(action).map_err(|text| Refusal(StatusCode::BAD_REQUEST, text))
    }

    async fn run(&self, action: Action, selection: &Selection) -> Result<usize, ControlError> {
        let change = async |ids: &[EventId]| match action {
            Action::Requeue => self.access.requeue(ids).await,
            _ => self.access.discard(ids).await,
        };
        match selection {
            Selection::One(id) => change(&[*id]).await,
            Selection::Subscriber(id) => self.access.purge(id).await,
            Selection::Matching(query) => {
                let (mut query, mut count) = (query.clone().limit(STEP), 0);
                loop {
                    let page = self.access.page(query.clone()).await?;
                    let ids: Vec<_> = page.events.iter().filter(|event| is_open(event)).map(|event| event.id).collect();
                    count += change(&ids).await?;
                    match page.next {
                        Some(next) => query = query.after(next),
                        None => return Ok(count),
                    }
                }
            }
        }
    }

    async fn data(
        &self,
        rest: &str,
        query: &InboxQuery,
        context: Context<'_>,
    ) -> Result<Response<ConsoleBody>, Refusal> {
        match rest {
            "" | "/" => {
                let view = InboxView::new(&self.access.snapshot().await?);
                let token = self.token.text().filter(|_| !context.is_read_only);
                Ok(json_response(
                    StatusCode::OK,
                    &json!({"inbox": view, "read_only": context.is_read_only, "csrf": token}),
                ))
            }
            "/events" => {
                let page = self.access.page(query.events()).await?;
                let rows: Vec<_> = page.events.iter().map(|event| EventRow::new(event, query.reveal)).collect();
                let next = page.next.map(|id| id.to_string());
                Ok(json_response(StatusCode::OK, &json!({"events": rows, "next": next})))
            }
            _ => {
                let event = self.one(rest.strip_prefix("/events/").unwrap_or_default()).await?;
                Ok(json_response(StatusCode::OK, &EventDetail::new(&event, query.reveal)))
            }
        }
    }

    async fn page(
        &self,
        rest: &str,
        query: &InboxQuery,
        context: Context<'_>,
    ) -> Result<Response<ConsoleBody>, Refusal> {
        let Context { site, is_read_only, .. } = context;
        let (title, main) = match rest {
            "" | "/" => {
                let view = self.view().await;
                let page =
                    if view.problem.is_none() { self.access.page(query.events()).await? } else { Default::default() };
                let rows: Vec<_> = page.events.iter().map(|event| EventRow::new(event, query.reveal)).collect();
                let list = pages::List { view: &view, query, rows: &rows, next: page.next, is_read_only };
                ("Inbox".to_owned(), pages::list(site, &list))
            }
            "/confirm" => {
                if is_read_only {
                    return Err(Refusal(StatusCode::FORBIDDEN, READ_ONLY.to_owned()));
                }
                let action =
                    query.action.ok_or_else(|| Refusal(StatusCode::BAD_REQUEST, "no action is named".to_owned()))?;
                let selection = self.selection(action, query)?;
                let count = self.count(&selection).await?;
                let token = self.token.text().unwrap_or_default();
                (
                    "Confirm".to_owned(),
                    pages::confirm(site, action, &selection, count, &query.action_link(action, token)),
                )
            }
            _ => {
                let event = self.one(rest.trim_start_matches('/')).await?;
                let detail = EventDetail::new(&event, query.reveal);
                (detail.row.id.clone(), pages::detail(site, &detail, is_open(&event), is_read_only))
            }
        };
        // A confirmation shows no private values, so the link leads back to the list.
        let rest = if rest == "/confirm" { "" } else { rest };
        let other = format!("{}/inbox{rest}{}", site.base, query.link(!query.reveal, query.after));
        let reveal = Reveal { is_revealed: query.reveal, other: &other };
        Ok(html(StatusCode::OK, page::page(site, &title, &reveal, &main)))
    }

    async fn one(&self, id: &str) -> Result<ListedEvent, Refusal> {
        let absent =
            || Refusal(StatusCode::NOT_FOUND, "the inbox has no such event: it may have been settled".to_owned());
        let id = id.parse().map_err(|_| absent())?;
        self.access.find(id).await?.ok_or_else(absent)
    }

    /// Counts the selected events, up to the maximum. `None` if they are not counted.
    async fn count(&self, selection: &Selection) -> Result<Option<usize>, ControlError> {
        match selection {
            Selection::One(_) => Ok(Some(1)),
            Selection::Subscriber(_) => Ok(None),
            Selection::Matching(query) => {
                let listed = self.access.list(query.clone().limit(MAX_COUNTED + 1)).await?;
                let count = listed.iter().filter(|event| is_open(event)).count();
                Ok(Some(count).filter(|count| *count <= MAX_COUNTED))
            }
        }
    }
}

/// Returns whether the event can be discarded.
fn is_open(event: &ListedEvent) -> bool {
    event.status != EventStatus::Acknowledged
}

impl InboxQuery {
    pub(crate) fn events(&self) -> EventQuery {
        let query = EventQuery::all().limit(self.limit.unwrap_or(100).clamp(1, 1000));
        let query = self.status.into_iter().fold(query, EventQuery::status);
        let query = self.kind.into_iter().fold(query, EventQuery::kind);
        let query = self.subscriber.iter().fold(query, EventQuery::subscriber);
        self.after.into_iter().fold(query, EventQuery::after)
    }
}
