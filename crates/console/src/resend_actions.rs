//! The page and the API that send a kept delivery again.

use birdhook_core::{Secret, SecretKind};
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::console::{TEXT, html, json_response, response};
use crate::guard::{ActionToken, Context, READ_ONLY, Refusal};
use crate::history::History;
use crate::mask;
use crate::page::resend as pages;
use crate::page::{self, Reveal};
use crate::request_body::UnreadBody;
use crate::resend::{Answer, Failure, Resend, ResendTarget};
use crate::stream::ConsoleBody;

/// The targets, and the token that the action needs.
#[derive(Clone)]
pub(crate) struct ResendActions {
    resend: Resend,
    token: ActionToken,
}

/// The parts of the console that the action uses.
#[derive(Clone, Copy)]
pub(crate) struct Sending<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) history: &'a History,
    pub(crate) secret: Option<&'a Secret>,
    /// Whether the secret is one of the receiver's.
    pub(crate) is_secret_of_app: bool,
    /// The rule that allowed the request.
    pub(crate) rule: &'static str,
}

/// The parameters of a request, of its query or of its form.
#[derive(Debug, Default)]
struct Parameters {
    target: Option<String>,
    token: Option<String>,
    /// Whether a body is sent although it is not valid JSON.
    anyway: bool,
    reveal: bool,
    /// Whether the form sends its own body.
    is_edited: bool,
    body: String,
}

impl Parameters {
    fn parse(text: &[u8]) -> Self {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(text) {
            match &*name {
                "target" => parsed.target = Some(value.into_owned()),
                "csrf" => parsed.token = Some(value.into_owned()),
                "anyway" => parsed.anyway = value == "1",
                "reveal" => parsed.reveal = value == "1",
                "as" => parsed.is_edited = value == "edited",
                // A form writes each line break as two characters.
                "body" => parsed.body = value.replace("\r\n", "\n"),
                _ => {}
            }
        }
        parsed
    }
}

/// A delivery that can be sent again.
struct Kept {
    id: String,
    kind: SecretKind,
    body: Bytes,
}

impl ResendActions {
    pub(crate) fn new(resend: Resend) -> Self {
        Self { resend, token: ActionToken::new() }
    }

    pub(crate) fn has_targets(&self) -> bool {
        !self.resend.targets().is_empty()
    }

    /// Answers a request to `/api/send`: the targets and the token of the action.
    pub(crate) fn targets(&self, context: Context<'_>) -> Response<ConsoleBody> {
        if ![Method::GET, Method::HEAD].contains(&context.request.method) {
            return wrong_method("GET, HEAD");
        }
        let target = |target: &ResendTarget| json!({"name": target.name, "url": target.place()});
        let targets: Vec<Value> = self.resend.targets().iter().map(target).collect();
        let token = self.token.text().filter(|_| !context.is_read_only);
        json_response(StatusCode::OK, &json!({"targets": targets, "read_only": context.is_read_only, "csrf": token}))
    }

    /// Answers a request to `/deliveries/ID/send`, or the same path below `/api`.
    pub(crate) async fn answer(
        &self,
        sending: Sending<'_>,
        id: &str,
        is_api: bool,
        body: UnreadBody,
    ) -> Response<ConsoleBody> {
        match self.try_answer(sending, id, is_api, body).await {
            Ok(response) => response,
            Err(Refusal(status, text)) if is_api => json_response(status, &json!({"error": text})),
            Err(Refusal(status, text)) => html(status, page::message(sending.context.site, "Not sent", &text)),
        }
    }

    async fn try_answer(
        &self,
        sending: Sending<'_>,
        id: &str,
        is_api: bool,
        body: UnreadBody,
    ) -> Result<Response<ConsoleBody>, Refusal> {
        let Context { request, is_read_only, .. } = sending.context;
        let query = Parameters::parse(request.uri.query().unwrap_or_default().as_bytes());
        match request.method {
            Method::POST => {
                self.token.check(sending.context, query.token.as_deref())?;
                let kept = kept(sending.history, id)?;
                let body = body.await?;
                if is_api {
                    self.send_for_api(sending, &kept, &query, body).await
                } else {
                    self.send_form(sending, &kept, &query, &body).await
                }
            }
            Method::GET | Method::HEAD if !is_api => {
                if is_read_only {
                    return Err(Refusal(StatusCode::FORBIDDEN, READ_ONLY.to_owned()));
                }
                let kept = kept(sending.history, id)?;
                let text = mask::indented(&String::from_utf8_lossy(&kept.body));
                Ok(self.form(
                    sending,
                    &kept,
                    &query,
                    StatusCode::OK,
                    &pages::Draft { text: &text, target: None, problem: None },
                ))
            }
            _ => Ok(wrong_method(if is_api { "POST" } else { "GET, HEAD, POST" })),
        }
    }

    fn form(
        &self,
        sending: Sending<'_>,
        kept: &Kept,
        query: &Parameters,
        status: StatusCode,
        draft: &pages::Draft<'_>,
    ) -> Response<ConsoleBody> {
        let site = sending.context.site;
        let path = format!("{}/deliveries/{}", site.base, kept.id);
        let reveal = if query.reveal { "&reveal=1" } else { "" };
        let form = pages::Form {
            path: &path,
            action: format!("{path}/send?csrf={}{reveal}", self.token.text().unwrap_or_default()),
            targets: self.resend.targets(),
            draft: query.reveal.then_some(draft),
            selected: draft.target,
        };
        let other = format!("{path}/send{}", if query.reveal { "" } else { "?reveal=1" });
        let reveal = Reveal { is_revealed: query.reveal, other: &other };
        html(status, page::page(site, "Send again", &reveal, &pages::form(&form)))
    }

    async fn send_form(
        &self,
        sending: Sending<'_>,
        kept: &Kept,
        query: &Parameters,
        body: &[u8],
    ) -> Result<Response<ConsoleBody>, Refusal> {
        let form = Parameters::parse(body);
        let target = self.target(form.target.as_deref())?;
        if form.is_edited
            && !form.anyway
            && let Some(problem) = problem(form.body.as_bytes())
        {
            let draft = pages::Draft { text: &form.body, target: Some(&target.name), problem: Some(&problem) };
            let query = Parameters { reveal: true, ..Parameters::parse(query_of(sending)) };
            return Ok(self.form(sending, kept, &query, StatusCode::UNPROCESSABLE_ENTITY, &draft));
        }
        let edited = form.is_edited.then(|| Bytes::from(form.body));
        let is_edited = edited.is_some();
        let answer = self.send(sending, kept, target, edited).await?;
        let site = sending.context.site;
        let path = format!("{}/deliveries/{}", site.base, kept.id);
        let result = pages::Result { path: &path, is_revealed: query.reveal, target, is_edited, answer: &answer };
        let other = format!("{path}/send{}", if query.reveal { "" } else { "?reveal=1" });
        let reveal = Reveal { is_revealed: query.reveal, other: &other };
        Ok(html(StatusCode::OK, page::page(site, "Sent again", &reveal, &pages::result(&result))))
    }

    async fn send_for_api(
        &self,
        sending: Sending<'_>,
        kept: &Kept,
        query: &Parameters,
        body: Vec<u8>,
    ) -> Result<Response<ConsoleBody>, Refusal> {
        let target = self.target(query.target.as_deref())?;
        if let (false, false, Some(problem)) = (body.is_empty(), query.anyway, problem(&body)) {
            let text = format!("the body is not valid JSON: {problem}; add anyway=1 to send it");
            return Err(Refusal(StatusCode::UNPROCESSABLE_ENTITY, text));
        }
        let edited = Some(body).filter(|body| !body.is_empty()).map(Bytes::from);
        let is_edited = edited.is_some();
        let answer = self.send(sending, kept, target, edited).await?;
        let value = json!({"target": target.name, "edited": is_edited, "response": answer});
        Ok(json_response(StatusCode::OK, &value))
    }

    /// Returns the target of this name. No other place can be named.
    fn target(&self, name: Option<&str>) -> Result<&ResendTarget, Refusal> {
        let target = name.and_then(|name| self.resend.find(name));
        target.ok_or_else(|| {
            let names: Vec<_> = self.resend.targets().iter().map(|target| &*target.name).collect();
            let text = format!("unknown target: expected the name of a configured one ({})", names.join(", "));
            Refusal(StatusCode::BAD_REQUEST, text)
        })
    }

    async fn send(
        &self,
        sending: Sending<'_>,
        kept: &Kept,
        target: &ResendTarget,
        edited: Option<Bytes>,
    ) -> Result<Answer, Refusal> {
        let is_edited = edited.is_some();
        let secret = sending.secret.ok_or_else(|| {
            Refusal(StatusCode::INTERNAL_SERVER_ERROR, "there is no test secret to sign with".to_owned())
        })?;
        if sending.is_secret_of_app && !target.is_loopback() {
            return Err(Refusal(
                StatusCode::FORBIDDEN,
                "the test secret is a secret of the app, or the app's secrets are not known: such a request could be \
                 taken for one of X, so it is sent to this machine only; set another test secret"
                    .to_owned(),
            ));
        }
        let body = edited.unwrap_or_else(|| kept.body.clone());
        let sent = self.resend.send(target, kept.kind, secret, body).await;
        log(&kept.id, target, is_edited, sending.rule, &sent);
        sent.map_err(|failure| {
            let status = match failure {
                Failure::Busy => StatusCode::CONFLICT,
                Failure::Timeout(_) => StatusCode::GATEWAY_TIMEOUT,
                Failure::Failed(_) => StatusCode::BAD_GATEWAY,
            };
            Refusal(status, format!("{}: {failure}", target.name))
        })
    }
}

fn query_of(sending: Sending<'_>) -> &[u8] {
    sending.context.request.uri.query().unwrap_or_default().as_bytes()
}

fn kept(history: &History, id: &str) -> Result<Kept, Refusal> {
    let absent = || {
        let text = "the body of this request is not in memory: bodies are not kept, or newer ones have replaced it";
        Refusal(StatusCode::NOT_FOUND, text.to_owned())
    };
    let number = history.number(id).ok_or_else(absent)?;
    let entry = history.get(number).ok_or_else(absent)?;
    let body = history.body(number).ok_or_else(absent)?;
    let kind = entry.verified.as_ref().and_then(|verified| verified.signed_with).unwrap_or(SecretKind::Consumer);
    Ok(Kept { id: history.id(number), kind, body })
}

/// Returns why a body is not valid JSON.
fn problem(body: &[u8]) -> Option<String> {
    match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str::<serde::de::IgnoredAny>(text).err().map(|error| error.to_string()),
        Err(_) => Some("it is not UTF-8".to_owned()),
    }
}

fn wrong_method(allowed: &'static str) -> Response<ConsoleBody> {
    let text = format!("only {allowed} is allowed here\n");
    let mut refused = response(StatusCode::METHOD_NOT_ALLOWED, TEXT, text);
    refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    refused
}

/// Records that a delivery was sent, without its text.
#[cfg(feature = "tracing")]
fn log(delivery: &str, target: &ResendTarget, is_edited: bool, access: &str, sent: &Result<Answer, Failure>) {
    let (name, url) = (&*target.name, target.place());
    match sent {
        Ok(Answer { status, ms, .. }) => {
            tracing::info!(delivery, target = name, url, is_edited, access, status, ms, "a delivery was sent again");
        }
        Err(failure) => {
            tracing::warn!(delivery, target = name, url, is_edited, access, %failure, "a delivery was not sent again");
        }
    }
}

#[cfg(not(feature = "tracing"))]
fn log(_: &str, _: &ResendTarget, _: bool, _: &str, _: &Result<Answer, Failure>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_no_parameter_for_a_url() {
        let parsed = Parameters::parse(b"target=a&url=http://evil.example/&as=edited&body=%7B%0D%0A%7D&anyway=1");
        assert_eq!(parsed.target.as_deref(), Some("a"));
        assert!(parsed.is_edited && parsed.anyway && !parsed.reveal);
        assert_eq!(parsed.body, "{\n}");
        assert!(!format!("{parsed:?}").contains("evil"));
    }

    #[test]
    fn a_problem_names_its_place_and_not_the_text() {
        assert_eq!(problem(b"{\"a\":1}"), None);
        let found = problem(b"{\"a\": secret}").unwrap();
        assert!(found.contains("line 1 column") && !found.contains("secret"), "{found}");
        assert!(problem(b"").is_some() && problem(b"{} {}").is_some() && problem(b"\"\xff\"").is_some());
    }
}
