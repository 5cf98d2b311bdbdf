//! All attacks, by family.

mod bodies;
mod chunked;
mod floods;
mod headers;
mod http2;
mod json;
mod output;
mod slow;

pub use self::output::fill;
use crate::outcome::Outcome::{self, Closed, Status};
use crate::row::Row;

pub fn all() -> Vec<Row> {
    let families =
        [slow::ROWS, headers::ROWS, chunked::ROWS, http2::ROWS, json::ROWS, bodies::ROWS, floods::ROWS, output::ROWS];
    families.concat()
}

/// Outcomes for a request that the HTTP server refuses before birdhook sees it.
const REFUSED: &[Outcome] = &[Status(400), Status(408), Status(413), Status(414), Status(431), Status(501), Closed];
