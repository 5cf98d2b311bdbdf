//! Checks that the time to verify a signature leaks nothing: a test after dudect.
//!
//! The crate `dudect-bencher` does not expose its statistics, prints one line per comparison, and
//! needs the unmaintained clap 2.

mod inputs;
mod race;
mod subjects;

use std::process::ExitCode;

use fastrand::Rng;

use inputs::{Header, class, secret};
use race::{Input, Measured, Timed};

use crate::report::Table;
use crate::{machine, process};

/// dudect's bounds of |t|: above the first a measurement is repeated, above the second the
/// difference is certain.
const SUSPECT: f64 = 4.5;
const SURE: f64 = 10.0;

/// The limit of measurements of a suspected difference. A real difference appears each time.
const MOST_TIMES: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// No difference: both classes are the same.
    Null,
    /// A difference in code that leaks. If it is not found, the other results mean nothing.
    Leak,
    /// No difference.
    Equal,
    /// A difference that reveals nothing secret, with the reason.
    Differs(&'static str),
}

struct Comparison {
    what: &'static str,
    classes: (&'static str, &'static str),
    inputs: [Vec<Input>; 2],
    timed: Timed,
    wanted: Wanted,
    /// The number of timings of both classes together.
    count: usize,
}

pub(crate) fn run(quick: bool) -> ExitCode {
    let facts = machine::facts();
    process::pin(1);
    let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().subsec_nanos();
    let mut random = Rng::with_seed(u64::from(seed));
    let mut table =
        Table::new(["comparison", "classes", "times", "medians ns", "t", "difference ns", "visible ns", "found"]);
    let mut wrong = Vec::new();
    for mut comparison in comparisons(if quick { 100_000 } else { 4_000_000 }, &mut random) {
        eprintln!("{}: {} or {}", comparison.what, comparison.classes.0, comparison.classes.1);
        let measured = measure(&mut comparison, &mut random);
        let (verdict, is_right) = comparison.wanted.judge(&measured);
        if !is_right {
            wrong.push(format!("{}: {verdict}", comparison.what));
        }
        let last = measured.last().expect("at least one");
        let all: Vec<String> = measured.iter().map(|one| format!("{:.1}", one.t)).collect();
        table.row([
            comparison.what.to_owned(),
            format!("{} / {}", comparison.classes.0, comparison.classes.1),
            comparison.count.to_string(),
            format!("{} / {}", last.medians[0], last.medians[1]),
            all.join(", "),
            format!("{:.2}", last.difference),
            format!("{:.3}", last.visible),
            verdict,
        ]);
    }
    println!("## Signatures in constant time\n\n{facts}; seed {seed}\n\n{table}");
    println!("{NOTES}");
    if wrong.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("NOT AS IT SHOULD BE: {}", wrong.join("; "));
    ExitCode::FAILURE
}

const NOTES: &str = "\
`t` is Welch's, the largest over all times and over the shortest of them up to a hundred percentiles; under 4.5 nothing was \
found, over 10 it surely differs. Where it is over 4.5 the comparison was made again, up to three times in all, and a \
difference counts as found when each time shows it in the same direction. `difference ns` is the second class's \
mean less the first's where that t is; one of `visible ns` would have had t = 4.5.";

/// Measures until a measurement shows no difference, at most [`MOST_TIMES`] times.
fn measure(comparison: &mut Comparison, random: &mut Rng) -> Vec<Measured> {
    let mut measured: Vec<Measured> = Vec::new();
    while measured.len() < MOST_TIMES && measured.last().is_none_or(|last| last.t.abs() >= SUSPECT) {
        measured.push(race::run(&comparison.inputs, &mut comparison.timed, comparison.count, random));
    }
    measured
}

impl Wanted {
    /// Returns the result in words, and whether it is as expected.
    fn judge(self, measured: &[Measured]) -> (String, bool) {
        let least = measured.iter().map(|one| one.t.abs()).fold(f64::INFINITY, f64::min);
        let is_one_way = measured.iter().all(|one| one.t > 0.0) || measured.iter().all(|one| one.t < 0.0);
        let least = if is_one_way { least } else { 0.0 };
        let found = match least {
            least if least > SURE => "surely differs",
            least if least >= SUSPECT => "differs perhaps",
            _ => "nothing",
        };
        match self {
            Self::Null => (format!("{found}; the classes are one"), least < SURE),
            Self::Leak => (format!("{found}; it leaks on purpose"), least > SURE),
            Self::Equal => (found.to_owned(), least < SURE),
            Self::Differs(why) => (format!("{found}; {why}"), true),
        }
    }
}

fn comparisons(count: usize, random: &mut Rng) -> Vec<Comparison> {
    const APPS: usize = 8;
    let (first, last) = (secret(0), secret(APPS - 1));
    let timed = |timed: fn(&birdhook::Secret, &Input)| -> Timed {
        let secret = secret(0);
        Box::new(move |input| timed(&secret, input))
    };
    let verify = || timed(subjects::verify);
    let receive = || -> Timed {
        let endpoint = subjects::endpoint(APPS);
        Box::new(move |input| subjects::receive(&endpoint, input))
    };
    let mut all = Vec::new();
    let mut add = |what, classes, of: [(&birdhook::Secret, Header); 2], timed, wanted, count| {
        let inputs = of.map(|(secret, header)| class(secret, header, random));
        all.push(Comparison { what, classes, inputs, timed, wanted, count });
    };
    let first_or_last = ("first byte wrong", "last byte wrong");
    let ends = |of| [(of, Header::WrongAt(0)), (of, Header::WrongAt(31))];
    let [one, other] = ends(&first);
    let (right, wrong, middle) = ((&first, Header::Right), (&first, Header::Wrong), (&first, Header::WrongAt(15)));
    add("control: `verify`", ("wrong", "wrong"), [one, one], verify(), Wanted::Null, count);
    add(
        "control: letter by letter",
        first_or_last,
        [one, other],
        timed(subjects::early_exit::<1>),
        Wanted::Leak,
        count,
    );
    let slow = timed(subjects::early_exit::<20>);
    add("control: slowly letter by letter", first_or_last, [one, other], slow, Wanted::Leak, count / 4);
    add("`verify`", first_or_last, [one, other], verify(), Wanted::Equal, count);
    add("`verify`", ("all bytes wrong", "one byte wrong"), [wrong, middle], verify(), Wanted::Equal, count);
    add("`verify`", ("right", "last byte wrong"), [right, other], verify(), Wanted::Equal, count);

    let (what, few, by_last) = ("`Endpoint`, 8 apps", count / 4, (&last, Header::Right));
    add(what, ("the first's", "the last's"), [right, by_last], receive(), Wanted::Equal, few);
    add("`Endpoint`, 8 apps: the first's", first_or_last, [one, other], receive(), Wanted::Equal, few);
    add("`Endpoint`, 8 apps: the last's", first_or_last, ends(&last), receive(), Wanted::Equal, few);
    let read = Wanted::Differs("what is accepted is read, and is answered 200 anyway");
    add(what, ("the first's", "nobody's"), [right, wrong], receive(), read, few);

    let form = Wanted::Differs("the form of the sender's own header decides, no secret is used");
    for (malformed, header) in
        [("not base64", Header::NotBase64), ("too short", Header::TooShort), ("no prefix", Header::NoPrefix)]
    {
        add("`verify`", (malformed, "wrong"), [(&first, header), wrong], verify(), form, few);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_when_each_time_shows_it() {
        let measured = |all: &[f64]| -> Vec<Measured> {
            let of = |&t| Measured { medians: [1, 1], t, difference: 1.0, visible: 1.0 };
            all.iter().map(of).collect()
        };
        let is_right = |wanted: Wanted, all: &[f64]| wanted.judge(&measured(all)).1;
        assert!(is_right(Wanted::Equal, &[12.0, 1.0]) && is_right(Wanted::Equal, &[12.0, -12.0, 12.0]));
        assert!(is_right(Wanted::Equal, &[11.0, 6.0, 20.0]) && !is_right(Wanted::Equal, &[-11.0, -30.0, -20.0]));
        assert!(is_right(Wanted::Leak, &[40.0, 50.0, 30.0]) && !is_right(Wanted::Leak, &[40.0, 3.0]));
        assert!(!is_right(Wanted::Null, &[40.0, 50.0, 30.0]));
    }
}
