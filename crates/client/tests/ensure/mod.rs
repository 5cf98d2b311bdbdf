//! `ensure` and `migrate`, against a mock X and a real receiver over HTTP.

mod converge;
mod differing;
mod fixture;
mod interrupted;
mod migrate;
