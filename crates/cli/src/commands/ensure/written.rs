//! The file that says what there should be.

use anyhow::{Result, anyhow};
use birdhook::client::{Api, Filter, Wanted, Wish};
use serde::Deserialize;

/// The file, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
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
    direction: Option<birdhook::client::Direction>,
    tag: Option<String>,
}

impl Written {
    /// What it means.
    pub(crate) fn wanted(self) -> Result<Wanted> {
        let api = match self.api {
            WrittenApi::V2 => Api::V2,
            WrittenApi::Enterprise => Api::Enterprise,
        };
        let mut wanted = Wanted::new(self.url).api(api);
        for user in self.account_activity {
            wanted = wanted.account_activity(user);
        }
        for Wishes { types, users, keywords, direction, tag } in self.activity {
            if users.is_empty() == keywords.is_empty() {
                return Err(anyhow!("each [[activity]] names either users or keywords"));
            }
            let filters = users.iter().map(Filter::user).chain(keywords.iter().map(Filter::keyword));
            let filters: Vec<_> =
                filters.map(|filter| direction.map_or(filter.clone(), |way| filter.direction(way))).collect();
            for (name, filter) in types.iter().flat_map(|name| filters.iter().map(move |filter| (name, filter.clone())))
            {
                wanted = match &tag {
                    Some(tag) => wanted.tagged_activity(name, filter, tag),
                    None => wanted.activity(name, filter),
                };
            }
        }
        // Each run would give it the other one.
        let mut pairs = wanted.activity.iter().zip(wanted.activity.iter().skip(1));
        let is_tagged_twice = |(one, next): &(&Wish, &Wish)| {
            one.tag.is_some() && (&one.event_type, &one.filter) == (&next.event_type, &next.filter)
        };
        if let Some((one, next)) = pairs.find(is_tagged_twice) {
            return Err(anyhow!("{one}, is wanted with the tag {:?} too", next.tag.as_deref().unwrap_or_default()));
        }
        Ok(wanted)
    }
}
