//! Command-line options.

use anyhow::{Result, bail};
use lexopt::prelude::{Long, Value, ValueExt};

use crate::attacks;
use crate::row::Row;
use crate::server::Kind;

pub struct Options {
    pub servers: Vec<Kind>,
    pub rows: Vec<Row>,
    /// Whether to use smaller numbers, for CI.
    pub quick: bool,
}

impl Options {
    pub fn parse() -> Result<Self> {
        let mut options = Self { servers: Vec::new(), rows: Vec::new(), quick: false };
        let (all, mut args) = (attacks::all(), lexopt::Parser::from_env());
        while let Some(arg) = args.next()? {
            match arg {
                Long("quick") => options.quick = true,
                Long("server") => {
                    let name = args.value()?.string()?;
                    let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
                        bail!("there is no server {name}: {}", Kind::ALL.map(Kind::name).join(", "))
                    };
                    options.servers.push(kind);
                }
                Value(name) => {
                    let name = name.string()?;
                    let before = options.rows.len();
                    options.rows.extend(all.iter().filter(|row| row.name == name || row.family == name).copied());
                    if options.rows.len() == before {
                        let names: Vec<_> = all.iter().map(|row| format!("{}/{}", row.family, row.name)).collect();
                        bail!("there is no row {name}: {}", names.join(", "));
                    }
                }
                other => return Err(other.unexpected().into()),
            }
        }
        if options.servers.is_empty() {
            options.servers.extend(Kind::ALL);
        }
        if options.rows.is_empty() {
            options.rows = all;
        }
        Ok(options)
    }
}
