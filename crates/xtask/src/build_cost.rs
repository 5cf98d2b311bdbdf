//! Measures what birdhook adds to the build of an app: crates, seconds and bytes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use serde_json::Value;

use crate::process::{cargo, printed, run};

/// The number of crates that are listed with their times.
const LISTED: usize = 8;

const SERVER: &str = r#"
axum = { version = "0.8", default-features = false, features = ["http1", "tokio"] }
tokio = { version = "1", features = ["macros", "net", "rt-multi-thread"] }
"#;

struct App {
    name: &'static str,
    dependencies: &'static str,
    main: &'static str,
}

const APPS: [App; 2] = [
    App {
        name: "axum alone",
        dependencies: "",
        main: r#"
#[tokio::main]
async fn main() {
    let router = axum::Router::new().route("/webhooks/twitter", axum::routing::post(async || "ok"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await.unwrap();
    axum::serve(listener, router).await.unwrap();
}
"#,
    },
    App {
        name: "axum and birdhook",
        dependencies: "birdhook = { path = \"BIRDHOOK\", features = [\"axum\"] }\n",
        main: r#"
use birdhook::{Receiver, Secret, Webhook};

#[tokio::main]
async fn main() {
    let (pipeline, mut deliveries) = Webhook::new(Secret::new("secret").unwrap()).channel(1024);
    tokio::spawn(async move {
        while let Some(delivery) = deliveries.recv().await {
            delivery.events().iter().for_each(|event| println!("{}", event.kind()));
        }
    });
    let router = axum::Router::new().route_service("/webhooks/twitter", Receiver::new(pipeline));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await.unwrap();
    axum::serve(listener, router).await.unwrap();
}
"#,
    },
];

/// Builds both apps from nothing, and returns the section of the document. `quick` only counts the
/// crates.
pub(crate) fn measure(quick: bool) -> Result<String> {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(["app", "crates", "CPU s", "s", "release binary"]);
    let mut slowest = String::new();
    for app in &APPS {
        let folder = app.write()?;
        let crates = crates(&folder)?.to_string();
        let rest = if quick { vec!["-".to_owned(); 3] } else { build(&folder)? };
        table.add_row([app.name.to_owned(), crates].into_iter().chain(rest));
        if !quick {
            slowest = slowest_crates(&folder.join("target/cargo-timings/cargo-timing.html"))?;
        }
    }
    let mut text = format!(
        "An app with axum and tokio, without birdhook and with it (features: the default ones and `axum`). Built from\n\
         nothing with `cargo build --release --timings`. *CPU s* is the time of all processes together.\n\n{}\n",
        table.trim_fmt()
    );
    if !slowest.is_empty() {
        write!(text, "\nThe slowest crates of the second app: {slowest}.\n")?;
    }
    Ok(text)
}

impl App {
    /// Writes the app into the target folder, with the locked versions of this workspace.
    fn write(&self) -> Result<PathBuf> {
        let root = std::env::current_dir()?;
        let folder = root.join("target/build-cost").join(self.name.replace(' ', "-"));
        // Left by an earlier run.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("src"))?;
        let own = self.dependencies.replace("BIRDHOOK", &root.join("crates/birdhook").to_string_lossy());
        let package = "[package]\nname = \"app\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n";
        fs::write(folder.join("Cargo.toml"), format!("{package}\n[dependencies]{SERVER}{own}"))?;
        fs::write(folder.join("src/main.rs"), self.main)?;
        fs::copy("Cargo.lock", folder.join("Cargo.lock"))?;
        Ok(folder)
    }
}

/// Returns the number of crates in the app's tree, without the app.
fn crates(folder: &Path) -> Result<usize> {
    let mut tree = cargo(["tree", "--edges", "normal", "--prefix", "none", "--no-dedupe"]);
    let printed = printed(tree.current_dir(folder))?;
    let names: BTreeSet<&str> = printed.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    Ok(names.len().saturating_sub(1))
}

/// Returns the CPU time and the time in seconds, and the size of the binary.
fn build(folder: &Path) -> Result<Vec<String>> {
    let mut build = cargo(["build", "--release", "--timings", "--target-dir", "target"]);
    let (started, before) = (Instant::now(), children_seconds()?);
    run(build.current_dir(folder))?;
    let (took, spent) = (started.elapsed().as_secs_f64(), children_seconds()? - before);
    let bytes = fs::metadata(folder.join("target/release/app"))?.len();
    Ok(vec![format!("{spent:.1}"), format!("{took:.1}"), format!("{:.2} MB", bytes as f64 / 1e6)])
}

/// Returns the CPU time of this program's ended children, and of theirs.
fn children_seconds() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/stat").context("CPU time is read on Linux only")?;
    // The name of the program, in parentheses, may contain spaces.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    const TICKS_PER_SECOND: f64 = 100.0;
    Ok((ticks(13) + ticks(14)) / TICKS_PER_SECOND)
}

/// Returns the slowest crates of cargo's report, with their seconds.
fn slowest_crates(report: &Path) -> Result<String> {
    let html = fs::read_to_string(report).with_context(|| format!("cannot read {}", report.display()))?;
    let units = units(&html).context("the report of cargo has no units")?;
    let mut times: Vec<_> =
        units.iter().filter_map(|unit| Some((unit.get("duration")?.as_f64()?, unit.get("name")?.as_str()?))).collect();
    times.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let listed: Vec<String> = times.iter().take(LISTED).map(|(time, name)| format!("`{name}` {time:.1} s")).collect();
    Ok(listed.join(", "))
}

fn units(html: &str) -> Option<Vec<Value>> {
    let (_, rest) = html.split_once("UNIT_DATA = ")?;
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Vec<Value>>();
    values.next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_of_a_report_are_read() {
        let html = "<script>\nconst UNIT_DATA = [{\"name\":\"syn\",\"duration\":2.5}];\nconst OTHER = 1;</script>";
        assert_eq!(units(html).unwrap()[0]["name"], "syn");
        assert!(units("<html>").is_none());
    }
}
