//! Measures the stores, the inbox, and the disk below them.

fn main() {}
