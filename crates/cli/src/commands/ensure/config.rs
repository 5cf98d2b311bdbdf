//! The configuration file of `birdhook ensure`.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use birdhook::client::{DesiredState, DesiredSubscription, Filter, ManagementApi};
use birdhook::event::Timestamp;
use serde::Deserialize;

use crate::error::{Code, Failure};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    /// Checked before the file is parsed.
    #[serde(rename = "version")]
    _version: Option<u32>,
    url: String,
    #[serde(default)]
    api: ConfigApi,
    #[serde(default)]
    account_activity: Vec<String>,
    #[serde(default)]
    activity: Vec<ActivityEntry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ConfigApi {
    #[default]
    V2,
    Enterprise,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActivityEntry {
    types: Vec<String>,
    #[serde(default)]
    users: Vec<String>,
    #[serde(default)]
    keywords: Vec<String>,
    direction: Option<birdhook::client::FilterDirection>,
    #[serde(default)]
    qualifiers: BTreeMap<String, String>,
    /// RFC 3339, as a string or as a TOML datetime.
    expires_at: Option<toml::Value>,
    tag: Option<String>,
}

impl ActivityEntry {
    fn expiry(&self) -> Result<Option<Timestamp>> {
        let Some(value) = &self.expires_at else { return Ok(None) };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let expiry = Timestamp::parse(&text).filter(|_| text.contains('T'));
        let invalid = || invalid(format!("invalid expires_at {text:?}"), "use a time such as \"2030-01-01T00:00:00Z\"");
        expiry.map(Some).ok_or_else(|| invalid().into())
    }
}

fn invalid(message: impl Into<String>, fix: &str) -> Failure {
    Failure::new(Code::InvalidFile, message, fix)
}

impl ConfigFile {
    pub(crate) fn desired(self) -> Result<DesiredState> {
        let api = match self.api {
            ConfigApi::V2 => ManagementApi::V2,
            ConfigApi::Enterprise => ManagementApi::Enterprise,
        };
        let mut desired = DesiredState::new(self.url).api(api);
        for user in self.account_activity {
            desired = desired.account_activity(user);
        }
        for entry in self.activity {
            let expiry = entry.expiry()?;
            let ActivityEntry { types, users, keywords, direction, qualifiers, tag, .. } = entry;
            if users.is_empty() == keywords.is_empty() {
                bail!(invalid("invalid [[activity]]: expected either users or keywords", "set one of them"));
            }
            let filters = users.iter().map(Filter::user).chain(keywords.iter().map(Filter::keyword));
            for mut filter in filters {
                filter.direction = direction;
                filter.qualifiers.clone_from(&qualifiers);
                for name in &types {
                    let mut subscription = DesiredSubscription::new(name, filter.clone());
                    (subscription.tag, subscription.expires_at) = (tag.clone(), expiry);
                    desired = desired.subscription(subscription);
                }
            }
        }
        // Two entries for one subscription would change its tag or expiry back and forth.
        let mut pairs = desired.activity.iter().zip(desired.activity.iter().skip(1));
        let is_same = |(one, next): &(&DesiredSubscription, &DesiredSubscription)| {
            (&one.event_type, &one.filter) == (&next.event_type, &next.filter)
        };
        if let Some((one, next)) = pairs.find(is_same) {
            bail!(invalid(format!("duplicate subscription: {one}; {next}"), "remove one of them"));
        }
        Ok(desired)
    }
}
