//! Chromium, controlled through a pipe.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Time limit for one command on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A browser with one page. Ends when it is dropped.
pub(crate) struct Browser {
    process: Child,
    commands: File,
    messages: Receiver<Value>,
    session: Option<String>,
    next: u64,
    /// The reports of the page: errors, violations of its policy, and dialogs.
    pub(crate) complaints: Vec<String>,
    _folder: TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (input, output) = (folder.path().join("in"), folder.path().join("out"));
        assert!(Command::new("mkfifo").args([&input, &output]).status().unwrap().success());
        // The browser reads commands from descriptor 3 and writes messages to 4.
        let process = Command::new("sh")
            .args(["-c", "in=$1 out=$2; shift 2; exec chromium \"$@\" 3<\"$in\" 4>\"$out\"", "sh"])
            .args([&input, &output])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--remote-debugging-pipe",
                "--no-first-run",
                "--hide-scrollbars",
            ])
            .args(["--disable-dev-shm-usage", "--disable-background-networking", "--no-proxy-server"])
            .arg(format!("--user-data-dir={}", folder.path().join("data").display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = File::options().write(true).open(&input).unwrap();
        let (sender, messages) = channel();
        let output = File::open(&output).unwrap();
        std::thread::spawn(move || {
            for message in BufReader::new(output).split(0) {
                let Ok(message) = message else { return };
                if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
            }
        });
        let complaints = Vec::new();
        let mut browser = Self { process, commands, messages, session: None, next: 1, complaints, _folder: folder };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Sends a command and returns its result.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        let message = self.answer(method, params);
        assert!(message["error"].is_null(), "{method}: {}", message["error"]);
        message["result"].clone()
    }

    /// Sends a command and returns its result, or null if it failed.
    fn call_any(&mut self, method: &str, params: &Value) -> Value {
        self.answer(method, params)["result"].clone()
    }

    fn answer(&mut self, method: &str, params: &Value) -> Value {
        let id = self.next;
        self.next += 1;
        let mut command = json!({"id": id, "method": method, "params": params});
        if let Some(session) = &self.session {
            command["sessionId"] = session.clone().into();
        }
        self.commands.write_all(format!("{command}\0").as_bytes()).unwrap();
        loop {
            let message = self.message();
            if message["id"] == id {
                return message;
            }
        }
    }

    fn message(&mut self) -> Value {
        let message = self.messages.recv_timeout(LIMIT).expect("Chromium does not answer");
        let complaint = match message["method"].as_str() {
            Some("Log.entryAdded") => Some(&message["params"]["entry"]["text"]),
            Some("Runtime.exceptionThrown") => Some(&message["params"]["exceptionDetails"]["text"]),
            Some("Page.javascriptDialogOpening") => Some(&message["params"]["message"]),
            _ => None,
        };
        self.complaints.extend(complaint.map(Value::to_string));
        message
    }

    /// Opens a page and waits until it is loaded.
    pub(crate) fn open(&mut self, url: &str) {
        self.call("Page.navigate", &json!({"url": url}));
        loop {
            if self.message()["method"] == "Page.loadEventFired" {
                return;
            }
        }
    }

    /// Returns the value of an expression.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", &params);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) fn wait_until(&mut self, expression: &str) {
        let script = format!(
            "new Promise((resolve, reject) => {{ let left = 2000; const check = () => {{ if ({expression}) resolve(); \
             else if (--left) setTimeout(check, 20); else reject(new Error('never true')); }}; check(); }})"
        );
        self.eval(&script);
    }

    /// Waits until another page is loaded for which an expression is true.
    pub(crate) fn wait_for_page(&mut self, condition: &str) {
        let params = json!({
            "expression": format!("document.readyState === 'complete' && ({condition})"), "returnByValue": true
        });
        for _ in 0..2000 {
            // Fails while the page is replaced.
            if self.call_any("Runtime.evaluate", &params)["result"]["value"] == true {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no page with {condition}");
    }

    /// Presses a key: `Tab`, `Enter`, `ArrowLeft` or a space.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            " " => (32, " "),
            "ArrowLeft" => (37, ""),
            _ => panic!("unknown key {key}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let params = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.call("Input.dispatchKeyEvent", &params);
        }
    }

    /// Sets the width of the page and its colours, `dark` or `light`.
    pub(crate) fn look(&mut self, width: u32, scheme: &str) {
        let params = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &params);
        let feature = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", &feature);
    }

    /// Returns a picture of the whole page, as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let picture = self.call("Page.captureScreenshot", &json!({"captureBeyondViewport": true}));
        STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
