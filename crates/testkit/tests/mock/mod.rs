//! Tests of the mock X over real HTTP: management calls, and deliveries to a receiver with
//! configurable faults.

mod auth;
mod challenges;
mod chaos;
mod contradictions;
mod controls;
mod delivery;
mod enterprise;
mod errors;
mod ledger;
mod lifecycle;
mod login;
mod rates;
mod receiver;
mod replay;
mod signer;
mod tls;
mod transcript;
mod v2;
mod world;
mod writing;
mod x_activity;
