//! Checks that a server does all the measured work: otherwise it would win by leaving work out.

use birdhook::{Secret, signature};

use super::{BODIES, PATH, SECRET};
use crate::server::Server;

/// Checks a server. The error describes what it does wrong. `parses` is whether it parses the body
/// before it answers.
pub(crate) fn check(server: &Server, parses: bool) -> Result<(), String> {
    let secret = Secret::new(SECRET).expect("a secret");
    let sign = |message: &str| signature::sign(&secret, message.as_bytes());
    let ask = |request: String| server.ask(&request).map_err(|error| format!("it does not answer: {error}"));
    let head = "host: 127.0.0.1\r\nconnection: close\r\n";
    let (_, body) = BODIES[0];
    let post = |body: &str, signature: &str| {
        let (length, kind) = (body.len(), "content-type: application/json\r\n");
        let signature = format!("x-twitter-webhooks-signature: {signature}\r\n");
        format!("POST {PATH} HTTP/1.1\r\n{head}{kind}{signature}content-length: {length}\r\n\r\n{body}")
    };
    let cut = &body[..body.len() - 1];
    for (what, request, wanted) in [
        ("a delivery", post(body, &sign(body)), 200),
        ("another's signature", post(body, &sign(cut)), 401),
        ("a signature that is too short", post(body, "sha256=AAAA"), 401),
        ("what is no JSON", post(cut, &sign(cut)), if parses { 400 } else { 200 }),
    ] {
        let (status, _) = ask(request)?;
        if status != wanted {
            return Err(format!("it answers {what} with {status} and not with {wanted}"));
        }
    }
    let (status, answer) = ask(format!("GET {PATH}?crc_token=a+token HTTP/1.1\r\n{head}\r\n"))?;
    if status != 200 || !answer.contains(&sign("a token")) {
        return Err(format!("it answers a challenge with {status} and the wrong token"));
    }
    Ok(())
}
