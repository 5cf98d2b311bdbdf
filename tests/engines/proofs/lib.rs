//! Proofs that events cross an engine once each.
