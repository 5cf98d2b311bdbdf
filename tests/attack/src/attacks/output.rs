//! Standard output that is not read, as with a blocked log driver or a terminal after Ctrl-S.

use std::time::{Duration, Instant};

use crate::journal::body;
use crate::outcome::Outcome::{self, Status};
use crate::row::{Row, attack};
use crate::target::{Tally, Target, get, signed};

pub const ROWS: &[Row] = &[Row {
    may_miss: true,
    waits: true,
    ends_unread: true,
    ..attack!("output", unread, "standard output never read")
}];

/// X's shortest timeout for a delivery.
const X_WAITS_AT_LEAST: Duration = Duration::from_secs(3);

/// Number of deliveries sent at once, until one is refused. The examples' channel holds 1,024.
const AT_ONCE: usize = 64;
const MOST: usize = 3_000;

/// Leaves standard output unread: challenges are answered within 1 s and deliveries within 3 s, no
/// event is lost, and the server ends when asked to.
async fn unread(target: Target, tally: &mut Tally) {
    target.journal.pause_reading();
    fill(&target, true, tally).await;

    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let asked = Instant::now();
        let answer = target.ask(&[&get(&format!("crc_token=t{number}"), &[])]).await;
        slowest = slowest.max(asked.elapsed());
        tally.judge("a challenge while the output is not read", &answer, &[Status(200)]);
    }
    let late = || format!("a challenge took {slowest:?} while the output was not read");
    tally.holds(slowest <= Duration::from_secs(1), late);
    tally.note = format!("the slowest challenge took {} ms", slowest.as_millis());

    target.journal.resume_reading();
    let resumed = Instant::now();
    let mut outcome = Outcome::Open;
    while outcome != Status(200) && resumed.elapsed() < Duration::from_secs(10) {
        outcome = target.deliver(target.journal.ids(1)).await.outcome;
    }
    tally.count("a delivery once the output is read again", outcome, &[Status(200)]);
}

/// Delivers events until the server has no room for another.
pub async fn fill(target: &Target, is_booked: bool, tally: &mut Tally) {
    let mut is_full = false;
    for _ in (0..MOST).step_by(AT_ONCE) {
        let send = |target: Target, _| async move {
            let (ids, sent) = (target.journal.ids(1), Instant::now());
            let answer = match is_booked {
                true => target.deliver(ids).await,
                false => target.ask(&[&signed(body(ids), &[])]).await,
            };
            (answer, sent.elapsed())
        };
        for (answer, took) in target.clients(AT_ONCE, AT_ONCE, send).await {
            tally.judge("a delivery while the output is not read", &answer, &[Status(200), Status(503)]);
            tally.holds(took <= X_WAITS_AT_LEAST, || "a delivery was answered late while the output was not read");
            is_full |= answer.outcome != Status(200);
        }
        if is_full {
            return;
        }
    }
    tally.add_wrong(format!("{MOST} deliveries were taken though the output was not read: is it bounded?"));
}
