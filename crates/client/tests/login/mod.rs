//! Logins against a mock X over real HTTP, with a browser that agrees, refuses, or brings something else.

mod loopback;
mod pkce;
mod renewal;
mod secrets;
mod shared_file;
mod stores;
mod three_legged;
mod world;
