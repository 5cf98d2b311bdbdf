//! The steps after a start: the URL to register, and requests to try.

use birdhook::Apps;

/// Returns what to do next, for the receiver at `url`. `consume` is the command that prints the
/// events, if the receiver does not. `with_signature` adds a signed request, which only a terminal
/// may show.
pub(super) fn next_steps(apps: &Apps, url: &str, path: &str, consume: Option<&str>, with_signature: bool) -> String {
    let consume = consume.map(|command| format!("  print events      {command}\n")).unwrap_or_default();
    let mut steps = format!(
        "next steps:\n  \
           send events       birdhook trigger {url} like.create\n{consume}  \
           check it          birdhook doctor --local {url}\n  \
           register it at X  birdhook ensure webhook.toml, with url = \"https://YOUR-HOST{path}\"\n"
    );
    if let (true, Some(app)) = (with_signature, apps.iter().next()) {
        let body = harmless_body();
        let headers = app.sign(body.as_bytes()).into_iter().map(|(name, value)| format!("-H '{name}: {value}' "));
        let headers: String = headers.collect();
        steps += &format!("  sign by hand      curl -i {headers}--data-binary '{body}' {}\n", quoted(url));
    }
    steps + "stop with Ctrl-C"
}

/// Returns a body that no app acts on: the end of a replay that was not requested, as the doctor
/// sends. The id of the job is new, so that the event is not a duplicate.
fn harmless_body() -> String {
    let job = fastrand::u64(..);
    format!(
        r#"{{"replay_job_status":{{"job_id":"birdhook-doctor-{job:016x}","job_state":"Complete","job_state_description":"sent by hand","webhook_id":"0"}}}}"#
    )
}

/// Returns a word for a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
