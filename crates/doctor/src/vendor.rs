//! Recognises responses that the app did not send: logins, firewalls, tunnels and hosts.

mod rules;

use crate::exchange::Response;

/// A cause that a response reveals, and its fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recognized {
    pub(crate) cause: &'static str,
    pub(crate) fix: &'static str,
}

const fn recognized(cause: &'static str, fix: &'static str) -> Option<Recognized> {
    Some(Recognized { cause, fix })
}

/// Headers that show which server or proxy answered.
pub(crate) const HEADERS: &[&str] = &[
    "server",
    "via",
    "x-powered-by",
    "allow",
    "location",
    "www-authenticate",
    "cf-ray",
    "cf-mitigated",
    "x-vercel-id",
    "x-vercel-mitigated",
    "x-vercel-error",
    "x-amzn-errortype",
    "x-amzn-waf-action",
    "apigw-requestid",
    "x-amz-cf-id",
    "x-azure-ref",
    "x-sucuri-id",
    "x-iinfo",
    "ngrok-error-code",
    "fly-request-id",
    "x-railway-fallback",
    "x-render-routing",
    "x-nf-request-id",
    "x-served-by",
    "content-type",
];

const LOGINS: &[&str] = &[
    "login",
    "log-in",
    "log_in",
    "logon",
    "signin",
    "sign-in",
    "sign_in",
    "/sso",
    "/auth/",
    "/oauth",
    "/saml",
    "accounts.",
    "//auth.",
    "//id.",
    "/authorize",
];

/// Members of JSON that explain a refusal.
const MESSAGES: &[&str] = &["message", "Message", "msg", "detail", "error_description", "error"];

pub(crate) const CSRF_PROTECTION: Recognized = Recognized { cause: rules::CSRF, fix: rules::NO_CSRF };

/// Returns whether an address is that of a login page.
pub(crate) fn is_login_address(address: &str) -> bool {
    let address = address.split('?').next().unwrap_or_default().to_ascii_lowercase();
    LOGINS.iter().any(|word| address.contains(word))
}

/// Returns the beginning of the body as text.
fn beginning(response: &Response) -> String {
    let beginning: Vec<u8> = response.body.iter().copied().take(64 << 10).collect();
    String::from_utf8_lossy(&beginning).into_owned()
}

/// Returns whether the body is an HTML page.
pub(crate) fn is_page(response: &Response) -> bool {
    let body = beginning(response).to_ascii_lowercase();
    let body = body.trim_start_matches('\u{feff}').trim_start();
    ["<!doctype", "<html", "<head", "<title", "<body"].iter().any(|tag| body.starts_with(tag))
}

/// Returns the cause that this response reveals, if the app did not send it.
pub(crate) fn recognize(response: &Response) -> Option<Recognized> {
    let body = beginning(response).to_ascii_lowercase();
    let header = |name: &str| response.header(name).map(str::to_ascii_lowercase);
    let server = header("server").unwrap_or_default();
    let contains = |phrases: &[&str]| phrases.iter().any(|phrase| body.contains(phrase));
    let trimmed = body.trim_start_matches('\u{feff}').trim_start();
    // A phrase in the JSON of an app that answers 200 reveals nothing.
    let is_of_app = response.is_success() && trimmed.starts_with(['{', '[', '"']);
    let matches = |rule: &&rules::Rule| {
        let is_header = |(name, part): &(&str, &str)| header(name).is_some_and(|value| value.contains(part));
        let is_free = rule.headers.is_empty() && rule.phrases.is_empty();
        rule.statuses.contains(&response.status)
            && server.contains(rule.server)
            && (is_free || rule.headers.iter().any(is_header) || !is_of_app && contains(rule.phrases))
    };
    if let Some(rule) = rules::RULES.iter().find(matches) {
        return recognized(rule.cause, rule.fix);
    }
    let is_login = trimmed.starts_with('<')
        && contains(&["<form"])
        && contains(&["password", "log in", "login", "sign in", "sign-in"]);
    if is_login || response.header("location").is_some_and(is_login_address) {
        return recognized(
            "a login page answers instead of the app",
            "exempt this path from the login, in the app and in the proxy in front of it",
        );
    }
    None
}

/// Returns the text with which a response explains a refusal: a short text, a message in JSON, or
/// the title of a page.
pub(crate) fn explanation(response: &Response) -> Option<String> {
    let body = beginning(response);
    let body = body.trim();
    if body.starts_with('<') {
        let lower = body.to_ascii_lowercase();
        let inner = |tag: &str| {
            let start = lower.find(&format!("<{tag}"))?;
            let start = start + lower.get(start..)?.find('>')? + 1;
            let end = start + lower.get(start..)?.find("</")?;
            body.get(start..end).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        return inner("title").or_else(|| inner("h1")).or_else(|| inner("pre"));
    }
    let json = serde_json::from_str::<serde_json::Value>(body).unwrap_or_default();
    let message = MESSAGES.iter().find_map(|name| json.get(name)?.as_str());
    if let Some(message) = message.filter(|message| !message.is_empty()) {
        return Some(message.to_owned());
    }
    Some(body.to_owned()).filter(|body| !body.is_empty())
}

/// Returns the cause that a status alone suggests, for a request with this method.
pub(crate) fn by_status(status: u16, method: &str) -> Option<Recognized> {
    let is_get = method == "GET";
    match status {
        404 if is_get => recognized(
            "wrong path or method: nothing at this path answers GET, with which X sends challenges",
            "compare the URL with the app's route, and route both GET and POST to the webhook",
        ),
        404 => recognized(
            "wrong path or method: nothing at this path answers POST, with which X sends deliveries",
            "compare the URL with the app's route, and route both GET and POST to the webhook",
        ),
        405 | 501 if is_get => recognized(
            "wrong method or path: this path does not accept GET, with which X sends challenges",
            "route both GET and POST on this path to the webhook",
        ),
        405 | 501 => recognized(
            "wrong method or path: this path does not accept POST, with which X sends deliveries",
            "route both GET and POST on this path to the webhook",
        ),
        410 => recognized(
            "the server reports that this path was removed",
            "compare the URL with the app's route, and route both GET and POST to the webhook",
        ),
        402 => recognized(
            "the host refuses the request until a bill is paid",
            "see the host's dashboard; the app itself is not asked",
        ),
        426 => recognized(
            "the server expects another protocol, such as WebSocket or HTTP/2",
            "accept plain HTTP/1.1 requests on this path",
        ),
        429 => recognized("a rate limit refuses the request", "exempt this path from the rate limit"),
        451 => recognized("the server refuses requests from this region", "allow all regions on this path"),
        502 => recognized(
            "nothing answers behind the proxy: the app does not run, crashed, or took too long",
            "start the app, and compare its port with the proxy's; the proxy's log shows the reason",
        ),
        503 => recognized(
            "nothing answers behind the proxy, or the app is unavailable: it does not run, is overloaded or in maintenance",
            "start the app, and compare its port with the proxy's; the proxy's log shows the reason",
        ),
        504 => recognized(
            "nothing answers behind the proxy in time: the app does not run, or takes too long",
            "start the app, answer at once, and compare its port with the proxy's; the proxy's log shows the reason",
        ),
        500..=599 => recognized("the app crashed on this request", "see the error of this request in the app's log"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response { status, headers, body: body.into(), ..Response::default() }
    }

    #[test]
    fn recognizes_responses_that_the_app_did_not_send() {
        let form = "<html><form><input type=\"password\"></form>";
        let rows = [
            (response(403, &[("cf-mitigated", "challenge")], ""), "Cloudflare's bot challenge"),
            (response(503, &[], "<title>Just a moment...</title>"), "Cloudflare's bot challenge"),
            (response(530, &[], "error code: 1033"), "the Cloudflare tunnel"),
            (response(429, &[("x-vercel-mitigated", "challenge")], ""), "Vercel's bot challenge"),
            (response(403, &[("x-vercel-mitigated", "deny")], ""), "Vercel's firewall"),
            (response(403, &[], "{\"message\":\"Missing Authentication Token\"}"), "API Gateway has no route"),
            (response(403, &[("x-amzn-errortype", "ForbiddenException")], ""), "API Gateway requires"),
            (response(403, &[], "{\"message\":\"Forbidden\"}"), "API Gateway requires"),
            (response(404, &[("ngrok-error-code", "ERR_NGROK_3200")], ""), "the ngrok tunnel is not running"),
            (response(404, &[], "<html>offline ERR_NGROK_3200"), "the ngrok tunnel is not running"),
            (response(419, &[], ""), "CSRF protection"),
            (response(403, &[], "CSRF verification failed."), "CSRF protection"),
            (response(401, &[("www-authenticate", "Basic")], ""), "HTTP authentication"),
            (response(200, &[], form), "a login page"),
            (response(302, &[("location", "/users/sign_in?a=b")], ""), "a login page"),
            (response(200, &[], "<html><title>Request Rejected</title>"), "a web application firewall"),
            (response(400, &[], "<h1>Bad Request (400)</h1>"), "the framework does not allow the URL's host"),
        ];
        for (response, cause) in rows {
            let found = recognize(&response).map(|found| found.cause).unwrap_or_default();
            assert!(found.starts_with(cause), "{cause}: {found:?}");
        }
    }

    #[test]
    fn recognizes_nothing_in_the_responses_of_an_app() {
        for body in
            ["", "{\"response_token\":\"sha256=x\"}", "<html><title>Welcome</title>", "{\"error\":\"signature\"}"]
        {
            for status in [200, 400, 401, 403, 404, 500] {
                assert_eq!(recognize(&response(status, &[], body)), None, "{status} {body}");
            }
        }
        for body in ["{\"note\":\"no tunnel here, page not found, ERR_NGROK_6024\"}", "[\"csrf\"]"] {
            assert_eq!(recognize(&response(200, &[], body)), None, "{body}");
        }
    }

    #[test]
    fn every_rule_is_written_in_lower_case_and_matches_something() {
        for rule in rules::RULES {
            let parts = rule.headers.iter().flat_map(|(name, part)| [*name, *part]).chain(rule.phrases.iter().copied());
            for part in parts.chain([rule.server]) {
                assert_eq!(part, part.to_lowercase(), "compared with text in lower case");
            }
            assert!(!rule.statuses.is_empty() && !rule.cause.is_empty() && !rule.fix.is_empty(), "{}", rule.cause);
        }
    }

    #[test]
    fn an_explanation_is_a_text_or_the_title_of_a_page() {
        let of = |body: &str| explanation(&response(403, &[], body));
        assert_eq!(of(""), None);
        assert_eq!(of(" no \n").as_deref(), Some("no"));
        assert_eq!(of("<html><head><TITLE>No\n</TITLE>").as_deref(), Some("No"));
        assert_eq!(of("<p>x</p><h1 class=\"a\">Sorry</h1>").as_deref(), Some("Sorry"));
        assert_eq!(of("<h1"), None);
        assert_eq!(of("{\"code\":1,\"message\":\"No\"}").as_deref(), Some("No"));
        assert_eq!(of("{\"code\":1}").as_deref(), Some("{\"code\":1}"));
    }
}
