//! The app of docs/guide/gateway.md behind the gateway, killed while events arrive.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::forwarding::{accepted, deletions, keys, post, whsec};
use crate::support::{Folder, Serving};

const GUIDE: &str = include_str!("../../../docs/guide/gateway.md");

/// The app of the guide, in a folder of its own.
struct PythonApp {
    folder: Folder,
    address: String,
    child: Option<Child>,
}

impl PythonApp {
    /// Writes the program of the guide, with another port.
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let program = GUIDE.split_once("```python\n").unwrap().1.split_once("```").unwrap().0;
        let code = program.lines().filter(|line| !line.trim().is_empty()).count();
        assert!(code <= 22, "the guide promises about twenty lines: {code}");
        assert_eq!(program.matches("3000").count(), 1);
        folder.file("app.py", &program.replace("3000", &address.port().to_string()));
        Self { folder, address: address.to_string(), child: None }
    }

    fn start(&mut self, secret: &str) {
        let mut command = Command::new("python3");
        command.arg("app.py").current_dir(&self.folder.0).env("WEBHOOK_SECRET", secret);
        self.child = Some(command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    }

    /// Kills the app with SIGKILL.
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Waits until the app has stored this many events, and returns their ids.
    fn events(&self, count: usize) -> Vec<String> {
        let query =
            "import sqlite3; [print(row[0]) for row in sqlite3.connect('events.db').execute('select id from events')]";
        let begun = Instant::now();
        loop {
            let output = Command::new("python3").args(["-c", query]).current_dir(&self.folder.0).output().unwrap();
            let mut ids: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
            ids.sort();
            if ids.len() >= count {
                return ids;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{} of {count} events", ids.len());
        }
    }
}

impl Drop for PythonApp {
    fn drop(&mut self) {
        self.kill();
    }
}

#[test]
fn the_app_of_the_guide_is_killed_and_misses_no_event() {
    let mut app = PythonApp::new("gateway-killed");
    let secret = whsec(&[9; 32]);
    let source = app.folder.file("secret", &secret);
    let (inbox, url) = (app.folder.path("inbox"), format!("http://{}/", app.address));
    let gateway = || {
        let args = ["listen", "--quiet", "--json", "--inbox", &inbox, "--forward", &url];
        Serving::start(&[&args[..], &["--forward-secret", &source]].concat())
    };
    let send = |gateway: &Serving, ids: std::ops::Range<u32>| {
        ids.for_each(|id| accepted(&post(&gateway.url, &deletions(&[id]), &[])));
    };
    app.start(&secret);
    let front = gateway();
    send(&front, 0..30);
    app.events(5);
    app.kill();
    send(&front, 30..60);
    front.kill();
    let front = gateway();
    send(&front, 60..90);
    app.start(&secret);
    app.events(65);
    app.kill();
    app.start(&secret);
    let mut expected: Vec<_> = (0..90).map(|id| keys(&deletions(&[id]), 1).remove(0)).collect();
    expected.sort();
    assert_eq!(app.events(90), expected);
    let (_, notes) = front.stop();
    assert_eq!(notes.last().unwrap(), "left in the inbox: 0 pending events, 0 dead letters");
    assert!(fs::exists(app.folder.path("events.db")).unwrap());
}

#[test]
fn the_app_of_the_guide_rejects_an_event_with_another_secret() {
    let mut app = PythonApp::new("gateway-rejects");
    let source = app.folder.file("secret", &whsec(&[8; 32]));
    app.start(&whsec(&[9; 32]));
    let url = format!("http://{}/", app.address);
    let begun = Instant::now();
    while std::net::TcpStream::connect(&app.address).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the app does not listen");
    }
    let front = Serving::start(&["listen", "--forward", &url, "--forward-secret", &source]);
    assert!(post(&front.url, &deletions(&[1]), &[]).starts_with("HTTP/1.1 503"));
    front.note_of("responded with 401");
    assert!(app.events(0).is_empty());
}
