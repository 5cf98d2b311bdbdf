//! Runs every row on every server.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use birdhook_test_harness::proc::raise_file_limit;
use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use crate::attacks;
use crate::row::{Row, Stand, stand};
use crate::server::Kind;
use crate::table::{details, table};

/// Attacks the example servers and `birdhook listen`.
#[derive(clap::Parser)]
pub struct Options {
    /// Names of rows or families. Defaults to all rows.
    #[arg(value_parser = PossibleValuesParser::new(names()))]
    rows: Vec<String>,
    /// May be repeated. Defaults to all servers.
    #[arg(long = "server", value_enum, default_values_t = Kind::value_variants().iter().copied(), hide_default_value = true)]
    servers: Vec<Kind>,
    /// Uses smaller numbers, for CI.
    #[arg(long)]
    quick: bool,
}

fn names() -> BTreeSet<&'static str> {
    attacks::all().iter().flat_map(|row| [row.family, row.name]).collect()
}

pub fn run(options: &Options) -> Result<ExitCode> {
    let is_chosen = |row: &Row| options.rows.iter().any(|name| name == row.name || name == row.family);
    let chosen: Vec<_> = attacks::all().into_iter().filter(|row| options.rows.is_empty() || is_chosen(row)).collect();
    let (started, files) = (Instant::now(), raise_file_limit());
    println!("{} rows, {} servers, {files} open files each", chosen.len(), options.servers.len());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut rows, mut broke): (Vec<(Row, Vec<_>)>, usize) = (Vec::new(), 0);
    for row in &chosen {
        // Rows that mostly wait run in parallel. The full form gives each server the whole machine.
        let side = if row.waits && options.quick { options.servers.len() } else { 1 };
        let attacks = options.servers.chunks(side).flat_map(|kinds| {
            let stands = kinds.iter().map(|kind| stand(row, *kind, options.quick));
            kinds.iter().zip(runtime.block_on(futures_util::future::join_all(stands))).collect::<Vec<_>>()
        });
        let mut stands = Vec::new();
        for (kind, stood) in attacks {
            broke += usize::from(!stood.as_ref().is_ok_and(Stand::held));
            let (took, details) = (started.elapsed().as_secs_f64(), details(&stood));
            println!("{took:6.1} s  {:22} {:12} {details}", row.name, kind.name());
            stands.push(stood);
        }
        rows.push((*row, stands));
    }
    println!("\n{}\n", table(&rows));
    let count = rows.len() * options.servers.len();
    println!("attack: {count} attacks, {broke} broke, in {:.0} s", started.elapsed().as_secs_f64());
    Ok(if broke == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
