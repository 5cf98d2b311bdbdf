//! Runs the soak test. The subcommand `receive` is the receiver, which this program
//! starts itself.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use birdhook_soak::settings::name;
use birdhook_soak::{Plant, Settings, Sink, receiver, run};
use clap::Parser;

/// Runs the soak test.
#[derive(clap::Parser)]
struct Options {
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Runs 18 s for each sink, instead of minutes.
    #[arg(long)]
    quick: bool,
    /// May be repeated.
    #[arg(long = "sink", value_enum, default_values_t = [Sink::Channel, Sink::Inbox])]
    sinks: Vec<Sink>,
    /// Defaults to a new seed for each run.
    #[arg(long, default_value_t = fastrand::u64(..), hide_default_value = true)]
    seed: u64,
    #[arg(long, value_enum)]
    plant: Option<Plant>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if let Some(("receive", words)) = words.split_first().map(|(first, words)| (first.as_str(), words)) {
        runtime.block_on(receiver::receive(words));
        // A thread still reads the standard input, so the usual shutdown would block.
        runtime.shutdown_background();
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options::parse();
    let repeat = options.command();
    let (program, mut broken) = (std::env::current_exe()?, Vec::new());
    for sink in options.sinks {
        let mut settings = match options.quick {
            true => Settings::quick(sink, options.seed),
            false => Settings::lasting(Duration::from_secs_f64(options.minutes * 60.0), sink, options.seed),
        };
        settings.plant = options.plant;
        eprintln!("soaking the {}, seed {}", name(&sink), options.seed);
        let report = runtime.block_on(run(&program, &settings));
        println!("{report}");
        broken.extend(report.broken().into_iter().map(|what| format!("{}: {what}", name(&sink))));
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
        let sinks: String = self.sinks.iter().map(|sink| format!(" --sink {}", name(sink))).collect();
        format!("cargo xtask soak {length}{sinks} --seed {}", self.seed)
    }
}
