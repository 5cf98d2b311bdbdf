//! `birdhook-soak [--minutes N] [--quick] [--sink NAME]... [--seed N] [--plant NAME]`: runs the
//! soak test.
//!
//! The subcommand `receive` is the receiver, which this program starts itself.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use birdhook_soak::{Plant, Settings, Sink, receiver, run};
use lexopt::prelude::{Long, Value, ValueExt};

struct Options {
    minutes: f64,
    quick: bool,
    sinks: Vec<Sink>,
    seed: u64,
    plant: Option<Plant>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if let [receive, words @ ..] = words.as_slice()
        && receive == "receive"
    {
        runtime.block_on(receiver::receive(words));
        // A thread still reads the standard input, so the usual shutdown would block.
        runtime.shutdown_background();
        return Ok(ExitCode::SUCCESS);
    }
    let options = options(words)?;
    let repeat = options.command();
    let (program, mut broken) = (std::env::current_exe()?, Vec::new());
    for sink in options.sinks {
        let mut settings = match options.quick {
            true => Settings::quick(sink, options.seed),
            false => Settings::lasting(Duration::from_secs_f64(options.minutes * 60.0), sink, options.seed),
        };
        settings.plant = options.plant;
        eprintln!("soaking the {}, seed {}", sink.name(), options.seed);
        let report = runtime.block_on(run(&program, &settings));
        println!("{report}");
        broken.extend(report.broken().into_iter().map(|what| format!("{}: {what}", sink.name())));
    }
    if broken.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("BROKEN: {}\nto repeat: {repeat}", broken.join(", "));
    Ok(ExitCode::FAILURE)
}

impl Options {
    /// Returns the command that repeats the same traffic.
    fn command(&self) -> String {
        let length = if self.quick { "--quick".to_owned() } else { format!("--minutes {}", self.minutes) };
        let sinks: String = self.sinks.iter().map(|sink| format!(" --sink {}", sink.name())).collect();
        format!("cargo xtask soak {length}{sinks} --seed {}", self.seed)
    }
}

fn options(words: Vec<String>) -> Result<Options, lexopt::Error> {
    let mut options = Options { minutes: 10.0, quick: false, sinks: Vec::new(), seed: fastrand::u64(..), plant: None };
    let mut args = lexopt::Parser::from_args(words);
    while let Some(arg) = args.next()? {
        match arg {
            Long("minutes") => options.minutes = args.value()?.parse()?,
            Long("seed") => options.seed = args.value()?.parse()?,
            Long("sink") => options.sinks.push(args.value()?.parse()?),
            Long("plant") => options.plant = Some(args.value()?.parse()?),
            Long("quick") => options.quick = true,
            Value(word) => return Err(Value(word).unexpected()),
            other => return Err(other.unexpected()),
        }
    }
    if options.sinks.is_empty() {
        options.sinks = vec![Sink::Channel, Sink::Inbox];
    }
    Ok(options)
}
