//! The configuration file of `birdhook ensure`.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use birdhook::client::{DesiredState, DesiredSubscription, Filter, ManagementApi};
use birdhook::event::Timestamp;
use serde::Deserialize;

/// The file as parsed from TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    /// Checked before the file is parsed.
    #[serde(rename = "version")]
    _version: Option<u32>,
    url: String,
    #[serde(default)]
    api: WrittenApi,
    #[serde(default)]
    account_activity: Vec<String>,
    #[serde(default)]
    activity: Vec<Wishes>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenApi {
    #[default]
    V2,
    Enterprise,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wishes {
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

impl Wishes {
    fn end(&self) -> Result<Option<Timestamp>> {
        let Some(written) = &self.expires_at else { return Ok(None) };
        let text = written.as_str().map_or_else(|| written.to_string(), str::to_owned);
        let end = Timestamp::parse(&text).filter(|_| text.contains('T'));
        end.map(Some)
            .ok_or_else(|| anyhow!("invalid expires_at {text:?}: expected a time such as 2030-01-01T00:00:00Z"))
    }
}

impl Written {
    /// Returns the desired state that the file describes.
    pub(crate) fn wanted(self) -> Result<DesiredState> {
        let api = match self.api {
            WrittenApi::V2 => ManagementApi::V2,
            WrittenApi::Enterprise => ManagementApi::Enterprise,
        };
        let mut wanted = DesiredState::new(self.url).api(api);
        for user in self.account_activity {
            wanted = wanted.account_activity(user);
        }
        for wishes in self.activity {
            let end = wishes.end()?;
            let Wishes { types, users, keywords, direction, qualifiers, tag, .. } = wishes;
            if users.is_empty() == keywords.is_empty() {
                return Err(anyhow!("each [[activity]] names either users or keywords"));
            }
            let filters = users.iter().map(Filter::user).chain(keywords.iter().map(Filter::keyword));
            for mut filter in filters {
                filter.direction = direction;
                filter.qualifiers.clone_from(&qualifiers);
                for name in &types {
                    let mut wish = DesiredSubscription::new(name, filter.clone());
                    (wish.tag, wish.expires_at) = (tag.clone(), end);
                    wanted = wanted.wish(wish);
                }
            }
        }
        // Two entries for one subscription would change its tag or expiry back and forth.
        let mut pairs = wanted.activity.iter().zip(wanted.activity.iter().skip(1));
        let is_same = |(one, next): &(&DesiredSubscription, &DesiredSubscription)| {
            (&one.event_type, &one.filter) == (&next.event_type, &next.filter)
        };
        if let Some((one, next)) = pairs.find(is_same) {
            return Err(anyhow!("the same subscription is wanted twice: {one}; {next}"));
        }
        Ok(wanted)
    }
}
