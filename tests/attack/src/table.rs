//! The results as a Markdown table.

use crate::pulse::{BUDGET, CHALLENGE_BUDGET};
use crate::row::{BODIES, CONNECTION, Row, SLACK, Stand};
use crate::server::Kind;

/// Returns a table with a row for each attack and a column for each server.
pub fn table(servers: &[Kind], rows: &[(Row, Vec<anyhow::Result<Stand>>)]) -> String {
    let names: Vec<_> = servers.iter().map(|kind| kind.name()).collect();
    let mut table = format!("| attack | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for (row, stands) in rows {
        let cells: Vec<_> = stands.iter().map(cell).collect();
        table += &format!("| `{}` {} | {} |\n", row.name, row.about, cells.join(" | "));
    }
    table + "\n" + &foot()
}

fn cell(stand: &anyhow::Result<Stand>) -> String {
    let stand = match stand {
        Ok(stand) => stand,
        Err(error) => return format!("**broke**: {error:#}").replace('|', "/"),
    };
    let outcomes: Vec<_> = stand.tally.outcomes.iter().map(|(outcome, count)| format!("{outcome} ×{count}")).collect();
    let wrong = stand.tally.wrong();
    let verdict = if wrong.is_empty() { "held".to_owned() } else { format!("**broke**: {}", wrong.join("; ")) };
    let note = if stand.tally.note.is_empty() { String::new() } else { format!(" ({})", stand.tally.note) };
    let memory = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let cell = format!(
        "{verdict}: {}{note}; {:.1} s; {:.0}+{:.1} of {:.0} MiB; {}/{} good, slowest {} ms, challenge {} ms",
        if outcomes.is_empty() { "-".to_owned() } else { outcomes.join(", ") },
        stand.took.as_secs_f64(),
        memory(stand.resting),
        memory(stand.above),
        memory(stand.cap),
        stand.beats.good,
        stand.beats.sent,
        stand.beats.slowest.as_millis(),
        stand.beats.slowest_challenge.as_millis(),
    );
    cell.replace('|', "/")
}

fn foot() -> String {
    format!(
        "Each cell: what was answered and how often (`closed` without an answer, `open` still waiting when the attack ended, `goaway` and `reset` \
         with HTTP/2's error code); how long the attack took; the server's memory at rest, the most above it (VmHWM), and what that may be; how many of \
         the good deliveries that X sends at the same time, 20 a second, each on a fresh connection, were answered 200 within {:.1} s (birdhook's \
         deadline; X waits 3 s at its shortest, 10 s where it says so), and the slowest; and the slowest of as many challenges, which is at most {} s. After each row the server is asked to stop, and has to \
         have printed every accepted event exactly once.\n\n\
         Memory may be above rest: {} MiB in every row; where bodies are long, {} MiB for them (`memory_budget` is 64 MiB, and a body \
         that grows is copied into up to twice its room); {} KiB for a connection that says little; for one with an unfinished head what \
         the framework takes, {} KiB with hyper (the examples' `max_buf_size` and a read), {} KiB with actix-web (fixed); {} MiB for answers that nobody takes, \
         which actix-web goes on making as fast as it is asked until the system ends the connection.",
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
