//! Parsers and checks of argument values that several commands share.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use birdhook::client::{ManagementApi, redact_url};
use birdhook::event::{ApiSource, Timestamp};
use http::Uri;

use crate::error::{Code, Failure};

/// Declares values of an argument, each of which stands for the variant of this name of another
/// type.
macro_rules! value_enum {
    ($(#[$attribute:meta])* $scope:vis enum $name:ident for $target:ident { $($(#[$about:meta])* $value:ident,)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, clap::ValueEnum)]
        $scope enum $name {
            $($(#[$about])* $value,)*
        }

        impl From<$name> for $target {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$value => Self::$value,)*
                }
            }
        }
    };
}
pub(crate) use value_enum;

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0);
    let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or("expected a number of seconds above 0".to_owned())
}

pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or("expected a time such as 2026-11-23T09:30:00Z".to_owned())
}

/// An API that delivers events.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum EventApi {
    /// The Account Activity API.
    Aaa,
    /// The X Activity API.
    Xaa,
}

impl EventApi {
    pub(crate) fn source(self) -> ApiSource {
        match self {
            Self::Aaa => ApiSource::AccountActivity,
            Self::Xaa => ApiSource::XActivity,
        }
    }
}

value_enum! {
    /// An API that manages webhooks.
    pub(crate) enum ManagementApiArg for ManagementApi {
        /// v2.
        V2,
        /// Enterprise 1.1.
        Enterprise,
    }
}

/// Rejects URLs that are not absolute `http` or `https` URLs. `name` is the name of the argument.
pub(crate) fn check_url(name: &str, url: &str) -> Result<()> {
    let invalid = || {
        let message = format!("invalid {name} {:?}: expected an http or https URL", redact_url(url));
        Failure::new(
            Code::InvalidUrl,
            message,
            "pass an absolute URL, for example https://app.example/webhooks/twitter",
        )
    };
    let parsed = Uri::try_from(url).with_context(invalid)?;
    match (parsed.scheme_str(), parsed.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(()),
        _ => bail!(invalid()),
    }
}

pub(crate) fn is_of_this_machine(url: &str) -> bool {
    let host = Uri::try_from(url).ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
