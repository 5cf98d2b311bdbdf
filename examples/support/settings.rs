//! Settings of the example servers, from the environment. The examples of other frameworks, in
//! `examples/frameworks`, include this file.

use std::env;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use birdhook::Apps;

/// The path at which the example servers receive.
pub const PATH: &str = "/webhooks/twitter";

/// The error type of `main`.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

const CLIENT: &str = "BIRDHOOK_CLIENT_SECRET";
const CONSUMER: &str = "BIRDHOOK_CONSUMER_SECRET";

/// Reads the apps from `BIRDHOOK_CLIENT_SECRET` and `BIRDHOOK_CONSUMER_SECRET`, joined by name.
/// Each variable holds one secret, or `name=secret,name=secret`.
///
/// # Errors
/// Fails if neither variable is set, or if one is invalid.
pub fn apps() -> Result<Apps, Error> {
    let mut apps = Apps::none();
    if let Ok(secrets) = env::var(CONSUMER) {
        apps = apps.add_consumer_secrets(&secrets).map_err(|why| format!("{CONSUMER}: {why}"))?;
    }
    if let Ok(secrets) = env::var(CLIENT) {
        apps = apps.add_client_secrets(&secrets).map_err(|why| format!("{CLIENT}: {why}"))?;
    }
    if apps.is_empty() {
        return Err(
            format!("set {CLIENT} to the app's OAuth 2.0 client secret, or {CONSUMER} to its consumer secret").into()
        );
    }
    Ok(apps)
}

/// Returns `127.0.0.1:$PORT`. The port defaults to 8080.
///
/// # Errors
/// Fails if `PORT` is not a port.
pub fn address() -> Result<SocketAddr, Error> {
    let port = match env::var("PORT") {
        Ok(port) => port.parse().map_err(|_| format!("PORT is {port}, which is not a port"))?,
        Err(_) => 8080,
    };
    Ok((Ipv4Addr::LOCALHOST, port).into())
}

/// Returns the error for an address on which the server cannot listen, such as one in use.
pub fn cannot_listen(address: SocketAddr, why: &io::Error) -> Error {
    format!("cannot listen on {address}: {why}").into()
}
