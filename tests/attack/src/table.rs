//! The results as text: a Markdown table, and a line for each server.

use std::collections::BTreeSet;

use crate::pulse::{BUDGET, CHALLENGE_BUDGET};
use crate::row::{BODIES, CONNECTION, Row, SLACK, Stand};
use crate::server::Kind;

/// Returns a table with a row for each attack. Each figure is the worst of all servers.
pub fn table(rows: &[(Row, Vec<anyhow::Result<Stand>>)]) -> String {
    let mut table = String::from("| attack | result | slowest, ms | memory, MiB |\n|---|---|--:|--:|\n");
    table.extend(rows.iter().map(|(row, stands)| line(row, stands)));
    table + "\n" + &foot()
}

fn line(row: &Row, stands: &[anyhow::Result<Stand>]) -> String {
    let held = stands.iter().all(|stand| stand.as_ref().is_ok_and(Stand::held));
    let stands: Vec<_> = stands.iter().flatten().collect();
    let outcomes = stands.iter().flat_map(|stand| stand.tally.outcomes.keys());
    let outcomes: BTreeSet<_> = outcomes.map(|outcome| outcome.name()).collect();
    let verdict = if held { "held" } else { "**broke**" }.to_owned();
    let result = verdict + if outcomes.is_empty() { "" } else { ": " } + &Vec::from_iter(outcomes).join(", ");
    let slowest = stands.iter().map(|stand| stand.beats.slowest).max().unwrap_or_default().as_millis();
    let challenge = stands.iter().map(|stand| stand.beats.slowest_challenge).max().unwrap_or_default().as_millis();
    let (above, cap) = stands.iter().map(|stand| (stand.above, stand.cap)).max().unwrap_or_default();
    let (Row { name, about, .. }, above, cap) = (row, mebibytes(above), mebibytes(cap));
    format!("| `{name}`: {about} | {result} | {slowest}/{challenge} | {above:.0}/{cap:.0} |\n")
}

pub fn details(stand: &anyhow::Result<Stand>) -> String {
    let Stand { tally, took, resting, above, cap, beats } = match stand {
        Ok(stand) => stand,
        Err(error) => return format!("BROKE: {error:#}"),
    };
    let outcomes: Vec<_> = tally.outcomes.iter().map(|(outcome, count)| format!("{outcome} ×{count}")).collect();
    let wrong = tally.wrong();
    let verdict = if wrong.is_empty() { "held".to_owned() } else { format!("BROKE: {}", wrong.join("; ")) };
    let note = if tally.note.is_empty() { String::new() } else { format!(" ({})", tally.note) };
    let outcomes = if outcomes.is_empty() { "-".to_owned() } else { outcomes.join(", ") };
    let [resting, above, cap] = [*resting, *above, *cap].map(mebibytes);
    let [slowest, challenge] = [beats.slowest, beats.slowest_challenge].map(|time| time.as_millis());
    let (took, good, sent) = (took.as_secs_f64(), beats.good, beats.sent);
    format!(
        "{verdict}: {outcomes}{note}; {took:.1} s; {resting:.0}+{above:.1} of {cap:.0} MiB; {good}/{sent} good, slowest \
         {slowest} ms, challenge {challenge} ms"
    )
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn foot() -> String {
    format!(
        "- **result**: responses to the attack. `closed`: no response; `open`: none when the attack ended; `goaway` and `reset`: HTTP/2 errors.\n\
         - **slowest**: good delivery/challenge; the limits are {:.1} s and {} s.\n\
         - **memory**: maximum above rest (VmHWM)/limit. The limit is {} MiB, plus {} MiB for long bodies (twice the memory budget), {} KiB \
         per connection, {} KiB (hyper) or {} KiB (actix-web) per unfinished head, and {} MiB for responses that actix-web buffers.",
        BUDGET.as_secs_f64(),
        CHALLENGE_BUDGET.as_secs(),
        SLACK >> 20,
        BODIES >> 20,
        CONNECTION >> 10,
        Kind::Axum.head_buffer() >> 10,
        Kind::Actix.head_buffer() >> 10,
        Kind::Actix.untaken_answers() >> 20,
    )
}
