//! Mock X over real HTTP: calls as a client makes them, deliveries to a receiver that misbehaves
//! when it is told to.

mod auth;
mod challenges;
mod chaos;
mod contradictions;
mod delivery;
mod enterprise;
mod errors;
mod ledger;
mod lifecycle;
mod login;
mod premium;
mod rates;
mod receiver;
mod replay;
mod signer;
mod tls;
mod urls;
mod v2;
mod world;
mod writing;
mod x_activity;
