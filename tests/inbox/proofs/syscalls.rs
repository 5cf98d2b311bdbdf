//! The receiver's system calls: each 200 must follow an fdatasync of the inbox's file that began
//! after the request was read.

use birdhook_test_harness::seed::seed;
use std::collections::HashMap;
use std::path::Path;

use crate::receiver::Receiver;
use birdhook_test_harness::load::{Load, Traffic};
use birdhook_test_harness::violation::{Violation, holds};

const CALLS: &str = "trace=fdatasync,fsync,read,recvfrom,write,sendto,writev,sendmsg";

pub async fn show_a_sync_before_each_200(receiver: &Path, answers: usize, bug: Option<&str>) -> Result<(), Violation> {
    let receiver = Receiver::new(receiver);
    let load = Load::new(seed()).without_duplicates();
    let file = receiver.file("calls");
    let out = file.display().to_string();
    let strace = ["strace", "-f", "-y", "-s", "48", "-e", CALLS, "-e", "signal=none", "-o", &out];
    let environment: Vec<_> = bug.map(|bug| ("BIRDHOOK_PLANTED", bug)).into_iter().collect();
    let mut process = receiver.run_under(&strace, &["consumers=0"], &environment);
    holds(process.is_ready().await, || "the receiver does not start under strace")?;
    let mut sending = Traffic::new(&load, receiver.url()).start(2);
    while load.count_answered() < answers {
        tokio::task::yield_now().await;
    }
    sending.stop().await;
    // Signals the traced process itself; strace exits when it does.
    process.terminate_children();
    process.ended().await;
    let calls = std::fs::read_to_string(&file).unwrap();
    let shown = judge(&calls)?;
    println!("syscalls: {shown} answers, each behind a sync");
    holds(shown >= answers / 6, || format!("only {shown} answers were seen"))?;
    receiver.settle(&load).await
}

/// Reads the lines in the order in which calls began and returned.
fn judge(calls: &str) -> Result<usize, Violation> {
    let mut begun: HashMap<&str, (&str, usize)> = HashMap::new();
    // When each connection's request was read; `synced` is when the last completed sync of the
    // store began.
    let mut requests: HashMap<&str, usize> = HashMap::new();
    let (mut synced, mut shown) = (None, 0);
    for (line, now) in calls.lines().zip(0..) {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        // A call interrupted by another thread's is printed in two lines.
        let (text, began) = match call.strip_prefix("<... ") {
            Some(_) => {
                let Some((text, began)) = begun.remove(thread) else { continue };
                (text, began)
            }
            None => (call, now),
        };
        let Some((name, arguments)) = text.split_once('(') else { continue };
        let is_begun = call.ends_with("<unfinished ...>");
        let of = arguments.split([',', ')', ' ']).next().unwrap_or_default();
        let is_answer = matches!(name, "write" | "sendto" | "writev" | "sendmsg") && text.contains("HTTP/1.1 200");
        if is_answer && !call.starts_with("<...") {
            shown += 1;
            let asked = requests.get(of).copied().unwrap_or(usize::MAX);
            holds(synced.is_some_and(|synced| synced > asked), || format!("line {now}: 200 before the sync: {call}"))?;
        }
        if is_begun {
            begun.insert(thread, (text, now));
            continue;
        }
        let result = call.rsplit(" = ").next().unwrap_or_default();
        match name {
            "fdatasync" | "fsync" if result == "0" && of.ends_with("/inbox.redb>") => synced = Some(began),
            "read" | "recvfrom" if text.contains("POST ") || call.contains("POST ") => _ = requests.insert(of, now),
            _ => {}
        }
    }
    Ok(shown)
}
