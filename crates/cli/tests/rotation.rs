//! Secrets are replaced while a receiver runs: by the steps of `birdhook rotate`, with a mock X that
//! delivers and challenges meanwhile.

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use birdhook::app::SecretKind;
use birdhook::event::Timestamp;
use birdhook_testkit::mock::{Clock, DeliveryResult, MockApi, MockSettings, MockToken};
use birdhook_testkit::{MockEventKind, MockX, now};

use crate::catching_up::{USER, keys, mock_x};
use crate::support::terminal;
use crate::support::{Ended, Folder, Serving, birdhook, call, end, run};

const OLD: &str = "rotation-old-secret";
const NEW: &str = "rotation-new-secret";
const PATIENCE: Duration = Duration::from_secs(20);

/// A mistake of the operator, which X notices.
#[derive(Clone, Copy, PartialEq)]
enum Mistake {
    None,
    /// The old secret is removed before X signs with the new one.
    DropsTheOldSecretEarly,
    /// The new secret answers challenges before X knows it.
    AnswersWithTheNewSecretEarly,
}

/// A receiver with a configuration file and a secret file, and a mock X that sends without pause.
struct Rotation {
    folder: Folder,
    kind: SecretKind,
    serving: Serving,
    admin: String,
    x: Arc<MockX>,
    is_over: Arc<AtomicBool>,
    emitted: Arc<AtomicUsize>,
    load: tokio::task::JoinHandle<()>,
}

impl Rotation {
    async fn start(name: &str, kind: SecretKind) -> Self {
        let folder = Folder::new(&format!("rotation-{name}-{}", kind.as_str()));
        write(&folder, &[OLD]);
        configure(&folder, kind, false);
        let mut command = birdhook(&["listen", "--quiet", "--json", "--config", &folder.path("birdhook.toml")]);
        let serving = Serving::start_command(command.env_remove("BIRDHOOK_CONSUMER_SECRET"));
        let admin = address(&serving);
        let mut settings = MockSettings::local();
        let (consumer, client) = match kind {
            SecretKind::Consumer => (Some(MockToken::new(OLD)), None),
            SecretKind::Client => (None, Some(MockToken::new(OLD))),
        };
        (settings.consumer_secret, settings.client_secret) = (consumer, client);
        // A signed challenge names its secret, so only an unsigned one can be answered wrongly.
        settings.challenges_v2.signed = false;
        let x = Arc::new(MockX::start(settings).await.unwrap());
        let webhook = x.register(&serving.url).await.unwrap();
        x.subscribe(&webhook, USER).unwrap();
        let (is_over, emitted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let load = tokio::spawn({
            let (x, is_over, emitted) = (Arc::clone(&x), Arc::clone(&is_over), Arc::clone(&emitted));
            async move {
                while !is_over.load(SeqCst) {
                    x.emit(MockEventKind::Like, USER);
                    // It fails while challenges are held; the ledger has each result.
                    let _ = x.revalidate(&webhook).await;
                    emitted.fetch_add(1, SeqCst);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        });
        Self { folder, kind, serving, admin, x, is_over, emitted, load }
    }

    /// Writes the secret file and the configuration, and waits until the receiver uses them.
    fn replace(&self, secrets: &[&str], holds_challenges: bool) {
        write(&self.folder, secrets);
        configure(&self.folder, self.kind, holds_challenges);
        self.serving.note_of("secrets replaced");
    }

    /// Waits until X has sent this number of further events.
    async fn more_events(&self, count: usize) {
        let (until, end) = (self.emitted.load(SeqCst) + count, Instant::now() + PATIENCE);
        while self.emitted.load(SeqCst) < until {
            assert!(Instant::now() < end, "X sends");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn check(&self) -> Ended {
        run(&["rotate", "--check", "--json", "--quiet-for", "0.5", "--admin", &format!("http://{}", self.admin)])
    }

    async fn checked(&self) {
        let end = Instant::now() + PATIENCE;
        while self.check().code != 0 {
            assert!(Instant::now() < end, "{}", self.check());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn refused(&self) -> usize {
        let sent = self.x.ledger().sent();
        sent.iter().filter(|sent| matches!(sent.outcome, DeliveryResult::Status(401))).count()
    }

    fn wrong_answers(&self) -> Vec<String> {
        let failures = self.x.ledger().challenges().into_iter().filter_map(|challenge| challenge.failure);
        failures.filter(|failure| !failure.contains("503")).collect()
    }

    /// Stops the load, and checks that each event arrived once, if none was refused.
    async fn end(mut self) {
        self.is_over.store(true, SeqCst);
        (&mut self.load).await.unwrap();
        self.x.settle().await;
        let refused = self.refused();
        let (lines, _) = self.serving.stop();
        assert_eq!(lines.len() + refused, self.emitted.load(SeqCst));
    }
}

fn write(folder: &Folder, secrets: &[&str]) {
    folder.file("secret.new", &(secrets.join("\n") + "\n"));
    fs::rename(folder.path("secret.new"), folder.path("secret")).unwrap();
}

fn configure(folder: &Folder, kind: SecretKind, holds_challenges: bool) {
    let kind = kind.as_str();
    let app =
        format!("[[apps]]\nname = 'default'\n{kind}_secret_file = 'secret'\nhold_challenges = {holds_challenges}\n");
    folder.file("birdhook.toml.new", &format!("admin = '127.0.0.1:0'\n{app}"));
    fs::rename(folder.path("birdhook.toml.new"), folder.path("birdhook.toml")).unwrap();
}

fn address(serving: &Serving) -> String {
    let note = serving.note_of("health, metrics and console at http://");
    note.split_once("http://").unwrap().1.trim_end_matches('/').to_owned()
}

/// Rotates in the planned order, except for a mistake. Returns the numbers of refused deliveries and of
/// wrong answers to challenges.
async fn rotate(name: &str, kind: SecretKind, mistake: Mistake) -> (usize, usize) {
    let rotation = Rotation::start(name, kind).await;
    rotation.more_events(20).await;
    assert!(rotation.check().exits(0).json()[0]["may_go"].as_array().unwrap().is_empty());
    if mistake != Mistake::AnswersWithTheNewSecretEarly {
        rotation.replace(&[OLD], true);
    }
    match mistake {
        Mistake::None => rotation.replace(&[OLD, NEW], true),
        Mistake::DropsTheOldSecretEarly => rotation.replace(&[NEW], true),
        Mistake::AnswersWithTheNewSecretEarly => rotation.replace(&[NEW, OLD], false),
    }
    rotation.more_events(20).await;
    let check = rotation.check().exits(1);
    assert!(mistake != Mistake::None || check.stdout.contains("challenges are answered 503"), "{check}");
    rotation.x.set_secret(kind, NEW).unwrap();
    if mistake == Mistake::None {
        rotation.more_events(20).await;
        // One file at a time, because each change has a note of its own.
        rotation.replace(&[NEW, OLD], true);
        rotation.replace(&[NEW, OLD], false);
        rotation.checked().await;
        let name = format!("{} secret 2", kind.as_str());
        assert_eq!(rotation.check().exits(0).json()[0]["may_go"][0], *name);
        rotation.replace(&[NEW], false);
        rotation.more_events(20).await;
        let challenges = rotation.x.ledger().challenges();
        assert!(challenges.last().unwrap().failure.is_none(), "{challenges:?}");
        assert!(rotation.check().exits(0).json()[0]["may_go"].as_array().unwrap().is_empty());
    }
    let result = (rotation.refused(), rotation.wrong_answers().len());
    if mistake == Mistake::None {
        rotation.end().await;
    }
    result
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_planned_rotation_of_the_consumer_secret_refuses_no_delivery_and_no_challenge() {
    assert_eq!(rotate("planned", SecretKind::Consumer, Mistake::None).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_planned_rotation_of_the_client_secret_refuses_no_delivery_and_no_challenge() {
    assert_eq!(rotate("planned", SecretKind::Client, Mistake::None).await, (0, 0));
}

/// The checks of the planned rotation find the mistakes that they must find.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_old_secret_that_goes_too_early_refuses_deliveries() {
    let (refused, _) = rotate("early", SecretKind::Consumer, Mistake::DropsTheOldSecretEarly).await;
    assert!(refused > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_secret_that_answers_too_early_is_a_wrong_answer() {
    let (_, wrong) = rotate("answers", SecretKind::Client, Mistake::AnswersWithTheNewSecretEarly).await;
    assert!(wrong > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_a_leak_the_old_secret_is_refused_at_once_and_x_is_not() {
    let rotation = Rotation::start("leaked", SecretKind::Consumer).await;
    rotation.more_events(20).await;
    let forged = |status| {
        let args = ["trigger", &rotation.serving.url, "follow.follow", "--api", "xaa", "--json"];
        end(birdhook(&args).env("BIRDHOOK_CONSUMER_SECRET", OLD)).answered(status, 1);
    };
    rotation.x.set_secret(SecretKind::Consumer, NEW).unwrap();
    rotation.more_events(5).await;
    assert!(rotation.refused() > 0, "what X signs with the new secret is refused until the receiver has it");
    assert!(rotation.check().exits(1).stdout.contains("a secret that the receiver does not have"));
    rotation.replace(&[NEW], false);
    forged("401");
    let webhook = rotation.x.ledger().sent().last().unwrap().webhook.clone();
    assert!(!webhook.is_empty());
    rotation.more_events(5).await;
    let refused = rotation.refused();
    rotation.more_events(20).await;
    assert_eq!(rotation.refused(), refused, "X is not refused any more");
    rotation.checked().await;
    let challenges = rotation.x.ledger().challenges();
    assert!(challenges.last().unwrap().failure.is_none(), "{challenges:?}");
}

/// Starts a receiver whose consumer secret is in a file.
fn with_file(folder: &Folder, secret: &str) -> (Serving, String) {
    let file = folder.file("secret", secret);
    serve(&file)
}

fn serve(file: &str) -> (Serving, String) {
    let app = format!("default={file}");
    let serving = Serving::start(&["listen", "--quiet", "--json", "--admin", "127.0.0.1:0", "--app", &app]);
    let admin = address(&serving);
    (serving, admin)
}

#[track_caller]
fn accepts(serving: &Serving, secret: &str, expected: &str) {
    let args = ["trigger", &serving.url, "like.create", "--api", "xaa", "--json"];
    end(birdhook(&args).env("BIRDHOOK_CONSUMER_SECRET", secret)).answered(expected, 1);
}

fn metrics(admin: &str) -> String {
    call(admin, "GET", "/metrics", &[], "").1
}

fn hang_up(serving: &Serving) {
    assert!(Command::new("kill").args(["-HUP", &serving.id().to_string()]).status().unwrap().success());
}

#[test]
fn an_empty_or_broken_file_keeps_the_old_secret_and_is_reported() {
    let folder = Folder::new("rotation-broken");
    let (serving, admin) = with_file(&folder, OLD);
    for broken in ["", "\n", "two words\n"] {
        folder.file("secret", broken);
        let note = serving.note_of("warning");
        assert!(note.contains(" are not used, and the old ones stay: ") && !note.contains("two"), "{note}");
        assert!(metrics(&admin).contains("birdhook_secrets_refused 1"));
        accepts(&serving, OLD, "200");
        let check = run(&["rotate", "--check", "--admin", &format!("http://{admin}")]).exits(1);
        check.prints(&["not yet: the receiver cannot use its changed files"]).hides(&[OLD]);
    }
    fs::remove_file(folder.path("secret")).unwrap();
    serving.note_of("are not used");
    accepts(&serving, OLD, "200");
    folder.file("secret", NEW);
    serving.note_of(": default has 1 consumer secret; consumer secret 1 answers challenges");
    accepts(&serving, NEW, "200");
    accepts(&serving, OLD, "401");
    let metrics = metrics(&admin);
    for expected in ["birdhook_secrets_refused 0", "reloads_total{outcome=\"replaced\"} 1", "{outcome=\"refused\"} 4"] {
        assert!(metrics.contains(expected), "{expected}: {metrics}");
    }
    let (_, notes) = serving.stop();
    assert!(notes.iter().all(|note| !note.contains(OLD) && !note.contains(NEW)), "{notes:?}");
}

#[test]
fn a_file_that_is_still_being_written_is_not_read() {
    // A writer that pauses as long as a file must be unchanged proves nothing, so it starts again.
    assert!((0..5).any(|_| is_read_when_written()), "this machine pauses the writer each time");
}

/// Returns whether the writer made no long pause.
fn is_read_when_written() -> bool {
    let folder = Folder::new("rotation-partial");
    let (serving, _) = with_file(&folder, OLD);
    let (end, mut written) = (Instant::now() + Duration::from_secs(3), Instant::now());
    // Each part is a valid secret, or empty.
    for part in ["", "rotation", NEW, "", "rotation-n"].iter().cycle() {
        folder.file("secret", part);
        if written.elapsed() > Duration::from_millis(600) {
            return false;
        }
        written = Instant::now();
        if written > end {
            break;
        }
        std::thread::sleep(Duration::from_millis(150));
    }
    folder.file("secret", NEW);
    let note = serving.note();
    assert!(written.elapsed() > Duration::from_millis(600), "it was read while it was written: {note}");
    assert!(note.starts_with("secrets replaced"), "the first note: {note}");
    accepts(&serving, NEW, "200");
    accepts(&serving, OLD, "401");
    true
}

/// As a Kubernetes volume is updated: a link to a folder is replaced.
#[test]
fn a_replaced_link_is_followed() {
    let folder = Folder::new("rotation-link");
    for (name, secret) in [("first", OLD), ("second", NEW)] {
        fs::create_dir_all(folder.path(name)).unwrap();
        folder.file(&format!("{name}/secret"), secret);
    }
    symlink("first", folder.path("data")).unwrap();
    symlink("data/secret", folder.path("secret")).unwrap();
    let (serving, _) = serve(&folder.path("secret"));
    accepts(&serving, OLD, "200");
    symlink("second", folder.path("data.new")).unwrap();
    fs::rename(folder.path("data.new"), folder.path("data")).unwrap();
    serving.note_of("secrets replaced");
    accepts(&serving, NEW, "200");
    accepts(&serving, OLD, "401");
}

#[test]
fn sighup_reads_the_secrets_and_does_not_stop_the_receiver() {
    let folder = Folder::new("rotation-hangup");
    let (serving, _) = with_file(&folder, OLD);
    hang_up(&serving);
    serving.note_of(": they are unchanged");
    folder.file("secret", &format!("{NEW}\n{OLD}\n"));
    hang_up(&serving);
    serving.note_of(": default has 2 consumer secrets");
    for secret in [OLD, NEW] {
        accepts(&serving, secret, "200");
    }
    serving.stop();

    let without_file = Serving::start(&["listen", "--quiet", "--json"]);
    hang_up(&without_file);
    without_file.note_of("no secret comes from a file");
    without_file.stop();
}

/// A receiver in a terminal must end with it, although SIGHUP does not stop a service.
#[test]
fn a_closed_terminal_stops_the_receiver() {
    let (mut terminal, side) = terminal::open();
    let mut command = birdhook(&["listen", "--quiet", "--addr", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::null()).stderr(side).spawn().unwrap();
    drop(command);
    let mut until = |expected: &str| {
        let (mut shown, mut piece) = (String::new(), [0; 4096]);
        while !shown.contains(expected) {
            let length = terminal.read(&mut piece).unwrap();
            shown += &String::from_utf8_lossy(&piece[..length]);
        }
    };
    let hang_up = |id: u32| assert!(Command::new("kill").args(["-HUP", &id.to_string()]).status().unwrap().success());
    until("listening on");
    hang_up(child.id());
    until("no secret comes from a file");
    drop(terminal);
    hang_up(child.id());
    let end = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => assert!(Instant::now() < end, "it does not end"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "{status}");
}

#[test]
fn deliveries_are_forwarded_with_the_new_secret() {
    let folder = Folder::new("rotation-raw");
    let file = folder.file("secret", OLD);
    let upstream = Serving::start(&["listen", "--quiet", "--json"]);
    let app = format!("default={file}");
    let args = ["listen", "--quiet", "--json", "--forward", &upstream.url, "--forward-as", "raw", "--app", &app];
    let serving = Serving::start(&args);
    accepts(&serving, OLD, "503");
    folder.file("secret", crate::support::SECRET);
    serving.note_of("secrets replaced");
    accepts(&serving, crate::support::SECRET, "200");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_replay_brings_back_what_was_refused_after_a_leak() {
    let folder = Folder::new("rotation-replay");
    let ago = |minutes: i64| Timestamp::from_millis(now().as_millis() - minutes * 60_000);
    // Three hours behind, so that it can advance.
    let x = mock_x(Clock::manual(ago(180))).await;
    let keys = keys(&folder, &x);
    let (serving, _) = with_file(&folder, crate::support::SECRET);
    let webhook = x.register_for(x.app(), &serving.url, MockApi::V2).await.unwrap();
    x.subscribe(&webhook, USER).unwrap();
    x.set_secret(SecretKind::Consumer, NEW).unwrap();
    x.emit(MockEventKind::Like, USER);
    x.settle().await;
    assert!(matches!(x.ledger().sent()[0].outcome, DeliveryResult::Status(401)));

    folder.file("secret", NEW);
    serving.note_of("secrets replaced");
    x.clock().advance(Duration::from_secs(3600)).await;
    let (from, to) = (ago(182).to_string(), ago(178).to_string());
    let span = ["--from", &from, "--to", &to];
    let args = [&["replay", "--webhook", &webhook.id], &span[..], &[&keys[0], &keys[1]]].concat();
    let replaying = std::thread::spawn({
        let mut command = birdhook(&args);
        command.env_remove("BIRDHOOK_CONSUMER_SECRET");
        move || end(&mut command)
    });
    let end = Instant::now() + PATIENCE;
    while x.ledger().sent().len() < 2 {
        assert!(Instant::now() < end, "{:?}", x.ledger());
        x.clock().advance(Duration::from_secs(1)).await;
        x.settle().await;
    }
    assert_eq!(serving.json()["kind"], "liked");
    replaying.join().unwrap().exits(0);
}

/// A request is explained with the secrets in use, and not with those of the start.
#[test]
fn requests_are_explained_with_the_new_secrets() {
    let folder = Folder::new("rotation-explained");
    let file = folder.file("secret", OLD);
    let serving = Serving::start(&["listen", "--requests", "--app", &format!("default={file}")]);
    // Quotes around a configured secret are a mistake that is recognised.
    folder.file("secret", &format!("\"{NEW}\""));
    serving.note_of("secrets replaced");
    accepts(&serving, NEW, "401");
    let cause = serving.note_of("quotes");
    assert!(!cause.contains(OLD) && !cause.contains(NEW), "{cause}");
}

#[test]
fn the_steps_are_printed_for_both_kinds_and_as_json() {
    let planned = run(&["rotate", "--dry-run"]).exits(0);
    planned.prints(&["consumer secret, planned", "client secret, planned", "birdhook rotate --check --kind client"]);
    let leaked = run(&["rotate", "--dry-run", "--leaked", "--kind", "consumer", "--json"]).exits(0);
    let steps = leaked.json();
    assert_eq!((&steps[0]["step"], &steps[0]["at"]), (&1.into(), &"x".into()));
    assert_eq!(steps[2]["command"], "birdhook auth app");
    run(&["rotate"]).exits(2).says(&["--dry-run", "--check"]);
    run(&["rotate", "--check", "--admin", "http://127.0.0.1:1"]).exits(2).says(&["cannot ask the receiver"]);
}
