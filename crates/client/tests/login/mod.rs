//! Logins to a mock X over real HTTP, with a browser that authorises, refuses, or misbehaves.

mod fixture;
mod loopback;
mod pkce;
mod renewal;
mod secrets;
mod shared_file;
mod stores;
mod three_legged;
