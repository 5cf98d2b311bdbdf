use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// A filter that narrows a subscription to a user, a keyword, a direction or qualifiers.
///
/// Two filters are equal only if all their members are equal, including unknown ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use]
#[non_exhaustive]
pub struct Filter {
    /// The user's id.
    pub user_id: Option<String>,
    /// The keyword, of 1 to 150 characters.
    pub keyword: Option<String>,
    /// Restricts events to what the user does, or to what others do to the user. Defaults to both.
    pub direction: Option<FilterDirection>,
    /// Predicates of the event type, by name. X names `direction`, `post_id` and
    /// `conversation_type`; any name is accepted here.
    pub qualifiers: BTreeMap<String, String>,
    /// Members of X's response with an unknown name or value, as JSON by name. X does not accept
    /// them in a new subscription, so [`ActivityApi::create`](crate::api::ActivityApi::create) refuses a
    /// filter that has any.
    pub unknown: BTreeMap<String, String>,
}

/// The direction of an action, as seen from the filter's user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FilterDirection {
    /// Another user acts towards the filter's user.
    Inbound,
    /// The filter's user acts.
    Outbound,
}

impl Filter {
    /// Creates a filter for a user's events, in both directions.
    pub fn user(id: impl Into<String>) -> Self {
        Self { user_id: Some(id.into()), ..Self::default() }
    }

    /// Creates a filter for events that contain a keyword.
    pub fn keyword(word: impl Into<String>) -> Self {
        Self { keyword: Some(word.into()), ..Self::default() }
    }

    /// Narrows the filter to a direction.
    pub fn direction(self, direction: FilterDirection) -> Self {
        Self { direction: Some(direction), ..self }
    }

    /// Narrows the filter by a qualifier of the event type.
    pub fn qualifier(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.qualifiers.insert(name.into(), value.into());
        self
    }

    /// Reads X's filter. A `null` member counts as absent.
    fn read(filter: Value) -> Self {
        let mut read = Self::default();
        let members = match filter {
            Value::Object(members) => members,
            Value::Null => Map::new(),
            other => Map::from_iter([("filter".to_owned(), other)]),
        };
        for (name, value) in members.into_iter().filter(|(_, value)| !value.is_null()) {
            if let Some((name, value)) = read.take(name, value) {
                read.unknown.insert(name, value.to_string());
            }
        }
        read
    }

    /// Stores a member, and returns the part of it that is unknown.
    fn take(&mut self, name: String, value: Value) -> Option<(String, Value)> {
        match (name.as_str(), value) {
            ("user_id", Value::String(id)) => self.user_id = Some(id),
            ("user_id", Value::Number(id)) => self.user_id = Some(id.to_string()),
            ("keyword", Value::String(word)) => self.keyword = Some(word),
            ("direction", value) => match FilterDirection::deserialize(&value) {
                Ok(direction) => self.direction = Some(direction),
                Err(_) => return Some((name, value)),
            },
            ("qualifiers", Value::Object(all)) => {
                let mut rest = Map::new();
                for (name, value) in all.into_iter().filter(|(_, value)| !value.is_null()) {
                    match value {
                        Value::String(value) => drop(self.qualifiers.insert(name, value)),
                        other => drop(rest.insert(name, other)),
                    }
                }
                return (!rest.is_empty()).then_some((name, Value::Object(rest)));
            }
            (_, value) => return Some((name, value)),
        }
        None
    }
}

/// Accepts any JSON, so that an unknown filter does not make its subscription unreadable.
impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::read)
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = Map::new();
        let texts = [("user_id", &self.user_id), ("keyword", &self.keyword)];
        for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?))) {
            members.insert(name.to_owned(), Value::from(text.as_str()));
        }
        if let Some(direction) = self.direction {
            members.insert("direction".to_owned(), Value::from(direction.as_str()));
        }
        if !self.qualifiers.is_empty() {
            members.insert("qualifiers".to_owned(), serde_json::to_value(&self.qualifiers).unwrap_or_default());
        }
        for (name, json) in &self.unknown {
            let value: Value = serde_json::from_str(json).unwrap_or_default();
            match (members.get_mut(name), value) {
                (Some(Value::Object(known)), Value::Object(rest)) => known.extend(rest),
                (_, value) => drop(members.insert(name.clone(), value)),
            }
        }
        members.serialize(serializer)
    }
}

impl FilterDirection {
    /// Returns X's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// Writes ` of 2001, inbound, post_id="5"`, or nothing for an empty filter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user_id {
            write!(f, " of {user}")?;
        }
        if let Some(word) = &self.keyword {
            write!(f, " about {word:?}")?;
        }
        if let Some(direction) = self.direction {
            write!(f, ", {}", direction.as_str())?;
        }
        self.qualifiers.iter().try_for_each(|(name, value)| write!(f, ", {name}={value:?}"))?;
        self.unknown.iter().try_for_each(|(name, json)| write!(f, ", unknown {name}: {json}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(filter: Value) -> Filter {
        serde_json::from_value(filter).unwrap()
    }

    #[test]
    fn a_filter_is_written_as_it_was_read() {
        for filter in [
            json!({}),
            json!({"user_id": "7", "keyword": "tea", "direction": "inbound"}),
            json!({"user_id": "7", "qualifiers": {"post_id": "5", "mood": "calm"}}),
            json!({"user_id": "7", "direction": "sideways"}),
            json!({"user_id": "7", "qualifiers": {"direction": "inbound", "depth": 3}, "language": ["en"]}),
            json!({"keyword": ["a", "b"], "qualifiers": ["x"]}),
        ] {
            assert_eq!(serde_json::to_value(read(filter.clone())).unwrap(), filter);
        }
        assert_eq!(read(json!({"user_id": 7, "direction": null, "qualifiers": {"post_id": null}})), Filter::user("7"));
        assert_eq!(read(Value::Null), Filter::default());
    }

    #[test]
    fn every_member_counts_in_equality() {
        let plain = json!({"user_id": "7"});
        for (name, value) in [
            ("direction", json!("inbound")),
            ("direction", json!("sideways")),
            ("qualifiers", json!({"direction": "inbound"})),
            ("qualifiers", json!({"depth": 3})),
            ("language", json!("en")),
            ("keyword", json!({"any": ["tea"]})),
        ] {
            let mut narrower = plain.clone();
            narrower[name] = value;
            assert_ne!(read(narrower.clone()), read(plain.clone()), "{narrower}");
            assert_eq!(read(narrower.clone()), read(narrower));
        }
        assert_ne!(read(json!("all")), Filter::default());
        assert_ne!(read(json!({"direction": "inbound"})), read(json!({"qualifiers": {"direction": "inbound"}})));
    }

    #[test]
    fn a_filter_is_shown_with_every_member() {
        let filter = read(json!({"user_id": "7", "direction": "outbound", "qualifiers": {"post_id": "5"}, "x": [1]}));
        assert_eq!(filter.to_string(), " of 7, outbound, post_id=\"5\", unknown x: [1]");
        assert_eq!(Filter::keyword("tea").to_string(), " about \"tea\"");
    }
}
