//! All attacks, by family.

mod bodies;
mod chunked;
mod floods;
mod headers;
mod http2;
mod json;
mod output;
mod room;
mod slow;

pub use self::output::fill;
use crate::row::Row;
use crate::wire::Outcome::{self, Closed, Status};

pub fn all() -> Vec<Row> {
    let families = [
        slow::ROWS,
        headers::ROWS,
        chunked::ROWS,
        http2::ROWS,
        json::ROWS,
        bodies::ROWS,
        room::ROWS,
        floods::ROWS,
        output::ROWS,
    ];
    families.concat()
}

/// Outcomes for a request that the HTTP server refuses before birdhook sees it.
const REFUSED: &[Outcome] = &[Status(400), Status(408), Status(413), Status(414), Status(431), Status(501), Closed];
