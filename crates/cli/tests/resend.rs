//! Deliveries that the console of `birdhook listen` sends again.

use serde_json::Value;

use crate::support::target_app::{TargetApp, answer};
use crate::support::{Folder, Serving, birdhook, call, run};

/// The address of the console, with a kept delivery of this id.
struct Shown {
    serving: Serving,
    address: String,
    id: String,
}

impl Shown {
    fn start(args: &[&str]) -> Self {
        let console = ["listen", "--console", "127.0.0.1:0", "--keep-bodies", "5"];
        let mut command = birdhook(&[&console, args].concat());
        // Nothing listens there.
        for proxy in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"] {
            command.env(proxy, "http://127.0.0.1:1");
        }
        let serving = Serving::start_command(&mut command);
        let note = serving.note_of("console at http://");
        let address = note.split_once("http://").unwrap().1.trim_end_matches('/').to_owned();
        run(&["trigger", &serving.url, "like.create", "--api", "xaa"]).exits(0);
        let list = json(&call(&address, "GET", "/api/deliveries", &[], "").1);
        let id = list["deliveries"][0]["id"].as_str().unwrap().to_owned();
        Self { serving, address, id }
    }

    fn targets(&self) -> Value {
        json(&call(&self.address, "GET", "/api/send", &[], "").1)
    }

    fn send(&self, query: &str, body: &str) -> (String, Value) {
        let csrf = self.targets()["csrf"].as_str().unwrap_or_default().to_owned();
        let path = format!("/api/deliveries/{}/send?{query}", self.id);
        let (head, body) = call(&self.address, "POST", &path, &[("x-birdhook-csrf", &csrf)], body);
        (head.lines().next().unwrap().to_owned(), json(&body))
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("no JSON: {text}"))
}

fn signature(secret: &str, body: &str) -> String {
    birdhook_testkit::sign(&birdhook::Secret::new(secret).unwrap(), body.as_bytes())
}

#[test]
fn a_kept_delivery_is_sent_to_a_named_target_without_redirects_and_proxies() {
    let other = TargetApp::start(|_| answer("200 OK", ""));
    let location = format!("location: {}\r\n", other.url);
    let local = TargetApp::start(move |_| answer("307 Temporary Redirect", &location));
    let shop = TargetApp::start(|_| answer("200 OK", "x-shop: open\r\n"));
    let folder = Folder::new("resend-targets");
    let config = folder.file("birdhook.toml", &format!("[[targets]]\nname = 'shop'\nurl = '{}'\n", shop.url));
    let it = Shown::start(&["--config", &config, "--resend-url", &local.url]);
    let event = shop.next();
    assert!(event.header("birdhook-replayed").is_none() && event.header("webhook-id").is_some(), "{event:?}");
    let targets = it.targets();
    let names: Vec<_> = targets["targets"].as_array().unwrap().iter().map(|target| target["name"].as_str()).collect();
    assert_eq!(names, [Some("local"), Some("shop")], "{targets}");

    let (head, body) = it.send("target=local", "");
    assert!(head.contains("200") && body["response"]["status"] == 307, "{head} {body}");
    let sent = local.next();
    assert_eq!((sent.has("birdhook-replayed"), sent.header("webhook-id")), ("console", None));
    assert!(sent.body.contains("like.create"), "{}", sent.body);
    let header = "x-twitter-webhooks-signature";
    assert_eq!(sent.has(header), signature("birdhook-test-secret", &sent.body));
    it.serving.note_of(&format!("the console sent a delivery again to {}: 307", local.url));
    assert!(other.rest().is_empty(), "the redirect is not followed");

    let (_, body) = it.send("target=shop", "{\"edited\":1}");
    assert!(body["response"]["headers"].to_string().contains("x-shop"), "{body}");
    let sent = shop.next();
    assert_eq!((&*sent.body, sent.has(header)), ("{\"edited\":1}", &*signature("birdhook-test-secret", &sent.body)));
    let (head, body) = it.send(&format!("target={}", other.url), "");
    assert!(head.contains("400") && body["error"].to_string().contains("local, shop"), "{head} {body}");
    assert!(other.rest().is_empty());
    it.serving.stop();
}

#[cfg(unix)]
#[test]
fn a_secret_of_an_app_signs_for_this_machine_only() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use crate::forwarding::whsec;
    use crate::support::SECRET;

    let local = TargetApp::start(|_| answer("200 OK", ""));
    let folder = Folder::new("resend-secret");
    let secret = folder.file("secret", SECRET);
    let far = format!(
        "[[targets]]\nname = 'far'\nurl = 'http://192.0.2.1/'\nkinds = ['followed']\nsecrets = ['{}']\n",
        whsec(&[7; 32])
    );
    let config = folder.file("birdhook.toml", &far);
    // A file that contains a secret must be its owner's only.
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    let it = Shown::start(&["--config", &config, "--resend-url", &local.url, "--resend-secret", &secret]);
    let (head, body) = it.send("target=far", "");
    assert!(head.contains("403") && body["error"].to_string().contains("secret of the app"), "{head} {body}");
    let (head, body) = it.send("target=local", "");
    assert!(head.contains("200"), "{head} {body}");
    let sent = local.next();
    assert_eq!(sent.has("x-twitter-webhooks-signature"), signature(SECRET, &sent.body));
    it.serving.stop();
}

#[test]
fn a_read_only_console_sends_nothing() {
    let local = TargetApp::start(|_| answer("200 OK", ""));
    let it = Shown::start(&["--resend-url", &local.url, "--admin-read-only"]);
    assert_eq!(it.targets()["read_only"], true);
    let (head, body) = it.send("target=local", "");
    assert!(head.contains("403") && body["error"].to_string().contains("only reads"), "{head} {body}");
    assert!(local.rest().is_empty());
    it.serving.stop();
}

#[test]
fn only_a_url_of_this_machine_can_be_set_and_names_differ() {
    let listen =
        |args: &[&str]| run(&[&["listen", "--addr", "127.0.0.1:0", "--console", "127.0.0.1:0"], args].concat());
    listen(&["--resend-url", "https://staging.example/"]).refused("it is not on this machine");
    listen(&["--resend-url", "http://127.0.0.1.example/"]).refused("it is not on this machine");
    listen(&["--resend-url", "staging"]).refused("expected an http or https URL");
    listen(&["--resend-secret", "cli-test-secret"]).refused("neither an environment variable nor a file");
    run(&["listen", "--resend-url", "http://127.0.0.1:1/"]).exits(2).says(&["--console"]);
    let folder = Folder::new("resend-names");
    let config = folder.file("birdhook.toml", "[[targets]]\nname = 'local'\nurl = 'http://127.0.0.1:1/'\n");
    listen(&["--config", &config, "--resend-url", "http://127.0.0.1:1/"])
        .refused("the console cannot offer the target local");
}
