//! Mistakes that are planted in the inbox are noticed by the proof.
#![cfg(birdhook_faults)]
