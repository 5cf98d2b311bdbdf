//! The table of capacity in scale.md, computed from measured figures.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, ensure};

const PAGE: &str = "docs/guide/scale.md";
const MEASURED: &str = "docs/performance.md";

const OPEN: &str = "<!-- capacity -->\n";
const CLOSE: &str = "<!-- /capacity -->";

/// X's limits of subscriptions to the X Activity API, by tier.
const SUBSCRIPTIONS: [f64; 3] = [1500.0, 75_000.0, 150_000.0];

/// The load that the table assumes.
const EVENTS_A_DAY: f64 = 200.0;
const PEAK: f64 = 10.0;
const BODY: f64 = 6000.0;

/// The rate of X's replays, in events per second.
const REPLAY: f64 = 2500.0;

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

/// The default size limit of an inbox, in bytes.
const INBOX: f64 = (8_u64 << 30) as f64;

/// Writes the table to the page.
pub(crate) fn write() -> Result<()> {
    let (page, measured) = (read(PAGE)?, read(MEASURED)?);
    fs::write(PAGE, replaced(&page, &measured)?).with_context(|| format!("cannot write {PAGE}"))?;
    println!("{PAGE}");
    Ok(())
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {path}"))
}

/// Returns the page with a table computed from the measured figures.
fn replaced(page: &str, measured: &str) -> Result<String> {
    ensure!(page.matches(OPEN).count() == 1, "{PAGE}: expected `{}` once", OPEN.trim());
    let (before, rest) = page.split_once(OPEN).with_context(|| format!("{PAGE} has no `{}`", OPEN.trim()))?;
    let (_, after) = rest.split_once(CLOSE).with_context(|| format!("{PAGE} has no `{CLOSE}`"))?;
    let table = table(&Figures::read(page, measured)?);
    Ok(format!("{before}{OPEN}{table}{CLOSE}{after}"))
}

/// Measured figures.
struct Figures {
    /// CPU seconds of `birdhook listen --inbox --nats` per delivery.
    tool: f64,
    /// Requests per second of an app on one core.
    app: f64,
    /// Events per second of an inbox with 128 clients.
    inbox: f64,
    /// Bytes on disk per byte stored in an inbox.
    disk: f64,
    /// Bytes of memory for each event, by the place that remembers it.
    inbox_key: f64,
    jetstream_id: f64,
    redis_key: f64,
}

impl Figures {
    fn read(page: &str, measured: &str) -> Result<Self> {
        Ok(Self {
            tool: figure(PAGE, page, "| `birdhook listen --inbox --nats` |", 1)? / 1000.0,
            app: figure(MEASURED, measured, "| axum, birdhook ", 1)?,
            inbox: figure(MEASURED, measured, "| `Inbox`, end to end |", 2)?,
            disk: figure(MEASURED, measured, "| `Inbox`, end to end |", 6)?,
            inbox_key: sentence(measured, "`Inbox` uses ", " bytes of memory per remembered key")?,
            jetstream_id: figure(PAGE, page, "| JetStream | `StreamSettings::duplicate_window` |", 3)?,
            redis_key: figure(PAGE, page, "| Redis | `StreamSink::horizon` |", 3)?,
        })
    }
}

/// Returns the number at the start of a cell of the only row that begins with `start`.
fn figure(path: &str, text: &str, start: &str, cell: usize) -> Result<f64> {
    let mut rows = text.lines().filter(|line| line.starts_with(start));
    let row = rows.next().with_context(|| format!("{path} has no row `{start}`"))?;
    ensure!(rows.next().is_none(), "{path} has several rows `{start}`");
    let cell =
        row.trim_matches('|').split('|').nth(cell).with_context(|| format!("{path}: {row} has no cell {cell}"))?;
    number(cell).with_context(|| format!("{path}: no number begins the cell{cell}of {row}"))
}

/// Returns the number between two parts of a sentence.
fn sentence(text: &str, before: &str, after: &str) -> Result<f64> {
    let found = text.split_once(before).and_then(|(_, rest)| number(rest.split_once(after)?.0));
    found.with_context(|| format!("{MEASURED} does not say `{before}…{after}`"))
}

fn number(text: &str) -> Option<f64> {
    let text = text.trim_start();
    text[..text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len())].parse().ok()
}

/// A row: its name, and its cell for an average rate and for a peak with a replay.
type Row<'a> = (&'a str, &'a dyn Fn(f64, f64) -> String);

fn table(figures: &Figures) -> String {
    let rows: &[Row<'_>] = &[
        ("events/s on average", &|average, _| rounded(average)),
        ("at ten times that", &|average, _| rounded(PEAK * average)),
        ("**at that and during a replay**", &|_, peak| rounded(peak)),
        ("bodies", &|_, peak| format!("{}/s", bytes(peak * BODY))),
        ("CPU cores of `birdhook listen --inbox --nats`", &|_, peak| rounded(peak * figures.tool)),
        ("CPU cores of an app with axum and a channel", &|_, peak| rounded(peak / figures.app)),
        ("share of the rate at which an inbox stores 2 KB", &|_, peak| {
            format!("{} %", rounded(100.0 * peak / figures.inbox))
        }),
        ("inbox without consumers: disk for an hour", &|_, peak| bytes(peak * BODY * figures.disk * HOUR)),
        ("the same: 8 GiB are full after", &|_, peak| time(INBOX / (peak * BODY))),
        ("**on average**: 8 GiB are full after", &|average, _| time(INBOX / (average * BODY))),
        ("inbox keys, 5 days: memory", &|average, _| bytes(average * 5.0 * DAY * figures.inbox_key)),
        ("JetStream ids, 2 hours: memory", &|average, _| bytes(average * 2.0 * HOUR * figures.jetstream_id)),
        ("JetStream messages, 1 day: disk", &|average, _| bytes(average * DAY * BODY)),
        ("Redis keys, 1 day: memory", &|average, _| bytes(average * DAY * figures.redis_key)),
        ("a replay of 24 hours takes", &|average, _| time(average * DAY / REPLAY)),
    ];
    let mut table = "| subscriptions |".to_owned();
    SUBSCRIPTIONS.iter().for_each(|number| _ = write!(table, " {} |", rounded(*number)));
    table += "\n|---|---|---|---|\n";
    for (name, cell) in rows {
        table += &format!("| {name} |");
        for subscriptions in SUBSCRIPTIONS {
            let average = subscriptions * EVENTS_A_DAY / DAY;
            table += &format!(" {} |", cell(average, PEAK * average + REPLAY));
        }
        table.push('\n');
    }
    table
}

/// Returns a number with three digits, or with two if it is below 100, and with separators.
fn rounded(number: f64) -> String {
    let magnitude = |number: f64| number.max(f64::MIN_POSITIVE).log10().floor() as i32;
    let digits = if number >= 99.5 { 3 } else { 2 };
    let unit = 10_f64.powi(magnitude(number) + 1 - digits);
    let number = (number / unit).round() * unit;
    let decimals = usize::try_from(digits - 1 - magnitude(number)).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    let (whole, fraction) = text.split_once('.').map_or((&*text, None), |(whole, rest)| (whole, Some(rest)));
    let mut separated = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            separated.push(',');
        }
        separated.push(digit);
    }
    fraction.into_iter().for_each(|fraction| _ = write!(separated, ".{fraction}"));
    separated
}

fn with_unit(value: f64, units: &[(f64, &str)]) -> String {
    let fits = units.iter().rev().find(|(size, _)| value >= 0.995 * size).or(units.first());
    fits.map_or_else(String::new, |(size, name)| format!("{} {name}", rounded(value / size)))
}

fn bytes(value: f64) -> String {
    with_unit(value, &[(1e3, "KB"), (1e6, "MB"), (1e9, "GB"), (1e12, "TB")])
}

fn time(seconds: f64) -> String {
    with_unit(seconds, &[(1.0, "s"), (60.0, "min"), (HOUR, "h"), (DAY, "days")])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn project(path: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[test]
    fn the_table_of_the_page_follows_from_the_measured_figures() {
        let page = project(PAGE);
        assert_eq!(page, replaced(&page, &project(MEASURED)).unwrap(), "run `cargo xtask capacity`");
    }

    #[test]
    fn the_table_multiplies_rates_and_figures() {
        let figures = Figures {
            tool: 0.0002,
            app: 50_000.0,
            inbox: 100_000.0,
            disk: 2.0,
            inbox_key: 30.0,
            jetstream_id: 300.0,
            redis_key: 200.0,
        };
        let table = table(&figures);
        // 150,000 subscriptions of 200 events a day are 347.2 events/s, ten times that and a replay
        // 5,972.2.
        let cells: Vec<_> = table.lines().map(|row| row.rsplit(" | ").next().unwrap().trim_end_matches(" |")).collect();
        let rates = ["347", "3,470", "5,970"];
        let at_the_peak = ["36 MB/s", "1.2", "0.12", "6.0 %", "258 GB", "4.0 min"];
        let on_average = ["1.1 h", "4.5 GB", "750 MB", "180 GB", "6.0 GB", "3.3 h"];
        assert_eq!(cells[2..], [&rates[..], &at_the_peak, &on_average].concat(), "{table}");
    }

    #[test]
    fn a_figure_is_the_number_of_one_row() {
        let text = "| a, b   | 12.5* | 0.4 (0.3) |\n| a, c | 1 | x |\n";
        assert_eq!(figure("p", text, "| a, b ", 1).unwrap(), 12.5);
        assert_eq!(figure("p", text, "| a, b ", 2).unwrap(), 0.4);
        for (start, cell) in [("| a,", 1), ("| d", 1), ("| a, c", 2), ("| a, c", 9)] {
            figure("p", text, start, cell).unwrap_err();
        }
    }

    #[test]
    fn numbers_are_rounded() {
        let numbers =
            [(0.0123, "0.012"), (0.996, "1.0"), (3.47, "3.5"), (99.4, "99"), (347.2, "347"), (5972.2, "5,970")];
        for (number, text) in numbers {
            assert_eq!(rounded(number), text);
        }
        assert_eq!((bytes(35.8e6), time(90.0), time(5400.0)), ("36 MB".into(), "1.5 min".into(), "1.5 h".into()));
    }
}
