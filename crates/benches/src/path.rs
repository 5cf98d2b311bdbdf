//! The path of a request through the core, compared with HMAC and JSON alone.

#[path = "../../core/benches/bodies/mod.rs"]
mod bodies;

use std::collections::BTreeMap;
use std::fmt;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::Duration;

use birdhook_core::{
    App, AppSelector, Apps, Delivery, Endpoint, EndpointSettings, HeadResult, RequestHead, Secret, signature,
};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::IgnoredAny;
use serde_json::{Value, from_str};
use sha2::Sha256;

use crate::machine;
use crate::report::{Goal, Goals, Table, number, prose, range};
use crate::rounds::{self, Clock, Work};
use crate::statistics::Sample;

const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";

#[derive(Clone, Copy)]
struct Body {
    name: &'static str,
    text: &'static str,
}

impl Body {
    /// Returns whether this is a post of a typical length.
    fn is_post(&self) -> bool {
        self.name.contains("_6k")
    }

    fn is_escaped(&self) -> bool {
        self.name.ends_with("_escaped")
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (api, size) = self.name.trim_end_matches("_escaped").split_once('_').unwrap_or_default();
        let what = match (api, size) {
            ("aaa", "300") => "3 deletions",
            ("xaa", "300") => "changed picture",
            (_, "2k") => "message, 2 KB",
            (_, "6k") => "post, 6 KB",
            ("aaa", _) => "posts, 64 KB in total",
            _ => "post, 64 KB",
        };
        write!(f, "{what} ({}{})", api.to_uppercase(), if self.is_escaped() { ", escaped" } else { "" })
    }
}

/// Microseconds by name, one value per round.
struct Measured(BTreeMap<String, Sample>);

impl Measured {
    fn of(&self, body: &Body, what: &str) -> &Sample {
        &self.0[&format!("{}/{what}", body.name)]
    }

    fn ratio(&self, body: &Body, what: &str, of: &str) -> Sample {
        self.of(body, what).of(self.of(body, of))
    }

    fn micros<const N: usize>(&self, body: &Body, what: [&str; N]) -> [String; N] {
        what.map(|what| number(self.of(body, what).median()))
    }
}

pub(crate) fn run(quick: bool) {
    let facts = machine::facts();
    let (rounds, slice) = if quick { (2, Duration::from_millis(4)) } else { (31, Duration::from_millis(8)) };
    let bodies = bodies::ALL.iter().map(|(name, text)| Body { name, text });
    let bodies: Vec<_> = bodies.filter(|body| !quick || body.is_post()).collect();
    let allocations = allocations();
    let (names, mut works): (Vec<_>, Vec<_>) = bodies.iter().flat_map(works).chain(challenges()).unzip();
    #[cfg(target_os = "linux")]
    crate::process::pin(1);
    let measured = Measured(names.into_iter().zip(rounds::measure(&mut works, rounds, slice)).collect());
    println!("## The core compared with HMAC and JSON alone\n\n{}\n", prose(&facts));
    let intro = format!(
        "Every receiver needs an HMAC over the body and a pass over its JSON. *HMAC* and *skip* are these two, with `hmac` \
         and `serde_json`; *both* is one after the other. *birdhook* is the whole path of the core, from the bytes of a \
         request to verified events with their keys. *read* is its part after verification. Times are CPU time in \
         microseconds, over {rounds} rounds."
    );
    println!("{}\n", prose(&intro));
    let mut table =
        Table::new(["body", "bytes", "HMAC", "skip", "both", "birdhook", "vs. both", "range", "read", "allocations"]);
    let count = |name: &str| allocations.get(name).map_or("-".to_owned(), ToString::to_string);
    for body in &bodies {
        let ratio = measured.ratio(body, "birdhook", "both");
        let head = [body.to_string(), body.text.len().to_string()].into_iter();
        let row = head.chain(measured.micros(body, ["hmac", "skip", "both", "birdhook"]));
        let row = row.chain([number(ratio.median()), range(&ratio)]).chain(measured.micros(body, ["read"]));
        table.row(row.chain([count(body.name)]));
    }
    println!("{table}");
    let posts = || bodies.iter().filter(|body| body.is_post());
    let shares: Sample = posts().map(|body| measured.ratio(body, "skip", "birdhook").median() * 100.0).collect();
    let text = format!(
        "On a post of 6 KB, *skip* takes as long as {} % of birdhook's path. A JSON reader with SIMD could save at most about \
         that share. A request to a server costs several times the path of the core.",
        range(&shares)
    );
    println!("{}\n\nAn answer to a challenge takes {} allocations.\n", prose(&text), count("challenge"));
    let text = "*Activity* is `Event::activity` of every event in the body, with times parsed and texts unescaped. *Value* \
                reads the body into a `serde_json::Value`.";
    let mut table = Table::new(["body", "Activity", "Value", "vs. Value", "range"]);
    for body in &bodies {
        let ratio = measured.ratio(body, "activity", "value");
        let row = [body.to_string()].into_iter().chain(measured.micros(body, ["activity", "value"]));
        table.row(row.chain([number(ratio.median()), range(&ratio)]));
    }
    println!("{}\n\n{table}", prose(text));

    let mut goals = Goals::new();
    for body in posts() {
        let ratio = measured.ratio(body, "birdhook", "both");
        goals.judge(format!("core vs. HMAC and skip: {body}"), Goal::AtMost(1.2), "×", &ratio);
    }
    for body in posts().filter(|body| !body.is_escaped()) {
        let goal = format!("core allocations: {body}");
        match allocations.get(body.name) {
            Some(count) => goals.judge(goal, Goal::AtMost(4.0), "", &Sample::from_iter([*count])),
            None => goals.skip(goal, "the test that counts them printed nothing"),
        }
    }
    for body in bodies.iter().filter(|body| body.is_post() || body.name.contains("_2k")) {
        let ratio = measured.ratio(body, "activity", "value");
        goals.judge(format!("Activity vs. Value: {body}"), Goal::AtMost(0.75), "×", &ratio);
    }
    for what in ["one app", "8 apps"] {
        goals.judge(format!("answer to a challenge: {what}"), Goal::AtMost(1.0), " µs", &measured.0[what]);
    }
    println!("{goals}");
}

/// Returns an operation that is timed with its results' destruction.
fn work<T>(mut once: impl FnMut() -> T + 'static) -> Work {
    Box::new(move |times| {
        let started = Clock::start();
        (0..times).for_each(|_| _ = black_box(once()));
        started.elapsed()
    })
}

fn works(body: &Body) -> Vec<(String, Work)> {
    let (text, secret) = (body.text, Secret::new(SECRET).unwrap());
    let keyed = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let hmac = move || keyed.clone().chain_update(black_box(text.as_bytes())).finalize().into_bytes();
    let skip = move || from_str::<IgnoredAny>(black_box(text)).unwrap();
    let (bytes, signed) = (Bytes::from_static(text.as_bytes()), signature::sign(&secret, text.as_bytes()));
    let endpoint = Endpoint::new(secret, EndpointSettings::default());
    let restore = move || Delivery::restore("default", black_box(Bytes::from_static(text.as_bytes())), 10_000).unwrap();
    let birdhook = move || {
        let headers = [(signature::HEADER, signed.as_bytes()), ("content-type", b"application/json".as_slice())];
        let head = RequestHead::new("POST", "/webhooks/twitter", None).with_headers(headers);
        let HeadResult::Body(mut reader) = endpoint.begin(&head) else { panic!("refused") };
        reader.push(black_box(&bytes).clone()).unwrap();
        let delivery = reader.finish().unwrap();
        delivery.events().iter().for_each(|event| _ = black_box(event.delivery_key()));
        delivery
    };
    // An event keeps what it has read, so each delivery is read once.
    let activity: Work = Box::new(move |times| {
        const AT_ONCE: usize = 16;
        let mut took = Duration::ZERO;
        for done in (0..times).step_by(AT_ONCE) {
            let fresh: Vec<_> = (done..times.min(done + AT_ONCE)).map(|_| restore()).collect();
            let started = Clock::start();
            fresh.iter().flat_map(Delivery::events).for_each(|event| _ = black_box(event.activity()));
            took += started.elapsed();
        }
        took
    });
    let both = (hmac.clone(), skip);
    let all = [
        ("hmac", work(hmac)),
        ("skip", work(skip)),
        ("both", work(move || (both.0(), both.1()))),
        ("birdhook", work(birdhook)),
        ("read", work(restore)),
        ("activity", activity),
        ("value", work(move || from_str::<Value>(black_box(text)).unwrap())),
    ];
    all.map(|(what, work)| (format!("{}/{what}", body.name), work)).into()
}

/// Returns the answers to challenges of one app, and of the last of several apps, which the path
/// selects.
fn challenges() -> [(String, Work); 2] {
    let answer = |endpoint: Endpoint, path: &'static str| {
        work(move || {
            let query = Some("crc_token=M2RkODJkZmMtYjlkYi00NmQ4LTk0MGU%3D&nonce=bm9uY2U%3D");
            let step = endpoint.begin(black_box(&RequestHead::new("GET", path, query)));
            assert!(matches!(&step, HeadResult::Reply(reply) if reply.status() == 200));
            step
        })
    };
    let one = Endpoint::new(Secret::new(SECRET).unwrap(), EndpointSettings::default());
    let apps = (0..8).map(|number| App::new(format!("app{number}"), Secret::new(format!("{SECRET}{number}")).unwrap()));
    let mut settings = EndpointSettings::default();
    settings.app_selector = AppSelector::PathSegment;
    let last = Endpoint::new(Apps::new(apps).unwrap(), settings);
    [
        ("one app".to_owned(), answer(one, "/webhooks/twitter")),
        ("8 apps".to_owned(), answer(last, "/webhooks/twitter/app7")),
    ]
}

/// Returns the allocations by body, and of a challenge, as the core's test prints them. Ignores
/// whether the test passes.
fn allocations() -> BTreeMap<String, f64> {
    eprintln!("allocations are counted");
    let mut test = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    test.args(["test", "--release", "-p", "birdhook-core", "--test=integration", "allocations", "--", "--nocapture"]);
    let output = test.stderr(Stdio::inherit()).output().expect("cargo runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    // Splits into words, because the name of a test may precede a count on its line.
    let words: Vec<&str> = printed.split_whitespace().collect();
    let lines = words.windows(3).filter(|words| words[0] == "allocations");
    lines.filter_map(|words| Some((words[1].to_owned(), words[2].parse().ok()?))).collect()
}
