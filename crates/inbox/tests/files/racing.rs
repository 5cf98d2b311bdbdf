//! Concurrent openers of one folder, in one process and in several.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::time::Duration;

use crate::support::{deletions, inbox_settings, posts, send, webhook};
use birdhook_inbox::{EventQuery, StoreError};

const OPENERS: u64 = 4;

/// The number of rounds in the short suite and in the long one.
const FEW: u64 = 20;
const MANY: u64 = 200;

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Opens the inbox, stores one event and closes the inbox. Returns whether it was answered 200.
fn open_and_send(folder: &Path, number: u64) -> bool {
    wait(async {
        let inbox = match inbox_settings().open(folder).await {
            Ok(inbox) => inbox,
            Err(error) if matches!(error.reason, StoreError::InUse(_)) => return false,
            Err(error) => panic!("opener {number}: {error}"),
        };
        let alone = folder.with_extension("alone");
        File::options().create_new(true).write(true).open(&alone).expect("two openers have it at once");
        let answered = send(&webhook().sink(inbox.clone()), &deletions("7", [number])).await;
        fs::remove_file(alone).unwrap();
        inbox.close(Duration::ZERO).await;
        answered == 200
    })
}

/// Checks that each event answered 200 is in the inbox.
fn holds_all(folder: &Path, mut answered: Vec<u64>) {
    let listed = wait(async {
        let inbox = inbox_settings().open(folder).await.unwrap();
        inbox.list(EventQuery::all()).await.unwrap()
    });
    let mut there = posts(&listed);
    there.sort_unstable();
    answered.sort_unstable();
    assert_eq!(there, answered, "{}", folder.display());
}

#[test]
fn threads_that_open_a_new_folder_at_once_lose_nothing() {
    threads(FEW);
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn threads_that_open_a_new_folder_at_once_lose_nothing_in_many_rounds() {
    threads(MANY);
}

#[test]
fn processes_that_open_a_new_folder_at_once_lose_nothing() {
    match std::env::var(ASKED) {
        Ok(number) => be_an_opener(number.parse().unwrap()),
        Err(_) => processes(FEW),
    }
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn processes_that_open_a_new_folder_at_once_lose_nothing_in_many_rounds() {
    processes(MANY);
}

fn threads(rounds: u64) {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..rounds {
        let folder = folder.path().join(round.to_string());
        let start = Barrier::new(OPENERS as usize);
        let opener = &|number| {
            start.wait();
            open_and_send(&folder, number).then_some(number)
        };
        let answered = std::thread::scope(|scope| {
            let openers: Vec<_> = (0..OPENERS).map(|number| scope.spawn(move || opener(number))).collect();
            openers.into_iter().filter_map(|opener| opener.join().unwrap()).collect()
        });
        holds_all(&folder, answered);
    }
}

/// Set in a child process of this test: the number of the opener.
const ASKED: &str = "BIRDHOOK_TEST_OPENER";

/// Takes a turn in each folder named on standard input.
fn be_an_opener(number: u64) {
    for folder in std::io::stdin().lines() {
        let answered = open_and_send(folder.unwrap().as_ref(), number);
        println!("answered: {answered}");
    }
}

fn another_process(number: u64) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "files::racing::processes_that_open_a_new_folder_at_once_lose_nothing", "--nocapture"]);
    command.env(ASKED, number.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn processes(rounds: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut processes: Vec<_> = (0..OPENERS).map(another_process).collect();
    let mut said: Vec<_> =
        processes.iter_mut().map(|process| BufReader::new(process.stdout.take().unwrap()).lines()).collect();
    for round in 0..rounds {
        let folder = folder.path().join(round.to_string());
        for process in &mut processes {
            writeln!(process.stdin.as_mut().unwrap(), "{}", folder.display()).unwrap();
        }
        let answers = said.iter_mut().map(|lines| {
            let answer = lines.find_map(|line| Some(line.unwrap().split_once("answered: ")?.1 == "true"));
            answer.expect("an opener has ended")
        });
        let answered = (0..OPENERS).zip(answers).filter_map(|(number, answered)| answered.then_some(number)).collect();
        holds_all(&folder, answered);
    }
    for mut process in processes {
        drop(process.stdin.take());
        assert!(process.wait().unwrap().success());
    }
}
