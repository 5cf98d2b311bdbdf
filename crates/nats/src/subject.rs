//! Subjects of published events.

use std::fmt;
use std::str::FromStr;

use birdhook_core::Event;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Limits in bytes. A subject longer than the server's control line would end the connection.
const MAX_VALUE: usize = 128;
const MAX_TEMPLATE: usize = 256;

/// The token of a missing value. No value becomes this token, because `~` is escaped.
const ABSENT: &str = "~";

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');

/// The subject template of published events. Defaults to `birdhook.{app}.{kind}.{subscriber}`.
///
/// | placeholder | value |
/// |---|---|
/// | `{app}` | the name of the app |
/// | `{kind}` | the kind of event, such as `post_created` |
/// | `{name}` | X's own name for it, such as `tweet_create_events` or `post.create` |
/// | `{generation}` | the API that reported it, such as `account_activity` |
/// | `{subscriber}` | the id of the subscriber |
///
/// A value is always one token: characters other than `A-Z a-z 0-9 _ -` are percent-encoded, so
/// that `my shop.de` becomes `my%20shop%2Ede`. A missing or empty value becomes `~`. A value longer
/// than 128 bytes, which no id of X is, is cut off there and ends in `~`; the message's headers
/// have the complete value.
///
/// ```
/// # mod birdhook { pub mod nats { pub use birdhook_nats::Subjects; } }
/// use birdhook::nats::Subjects;
///
/// let subjects = Subjects::new("x.{app}.{kind}")?;
/// assert_eq!(subjects.matching(&[("kind", "post_created")])?, "x.*.post_created");
/// assert!(Subjects::new("x.{colour}").is_err());
/// # Ok::<(), birdhook_nats::SubjectError>(())
/// ```
#[derive(Clone)]
pub struct Subjects {
    template: String,
    tokens: Vec<Vec<Part>>,
}

#[derive(Clone)]
enum Part {
    Text(String),
    Value(Placeholder),
}

/// A placeholder's name, and its value for an event.
type Placeholder = (&'static str, fn(&Event) -> Option<&str>);

const PLACEHOLDERS: [Placeholder; 5] = [
    ("app", |event| Some(event.app())),
    ("kind", |event| Some(event.kind().as_str())),
    ("name", |event| Some(event.name())),
    ("generation", |event| Some(event.api_source().as_str())),
    ("subscriber", Event::subscriber),
];

fn placeholder(name: &str) -> Result<Placeholder, SubjectError> {
    let known = PLACEHOLDERS.into_iter().find(|(known, _)| *known == name);
    known.ok_or_else(|| SubjectError::Unknown(name.to_owned()))
}

impl PartialEq for Subjects {
    fn eq(&self, other: &Self) -> bool {
        self.template == other.template
    }
}

impl Eq for Subjects {}

impl Subjects {
    /// Parses a template.
    ///
    /// # Errors
    /// Fails if the template cannot produce subjects.
    pub fn new(template: &str) -> Result<Self, SubjectError> {
        if template.len() > MAX_TEMPLATE {
            return Err(SubjectError::TooLong);
        }
        if template.starts_with('$') {
            return Err(SubjectError::Reserved);
        }
        let tokens = template.split('.').map(parts).collect::<Result<_, _>>()?;
        Ok(Self { template: template.to_owned(), tokens })
    }

    /// Returns the subject filter for all events with these values, for a consumer.
    ///
    /// Without values, the filter matches all events.
    ///
    /// # Errors
    /// Fails if a placeholder of this name does not exist.
    pub fn matching(&self, values: &[(&str, &str)]) -> Result<String, SubjectError> {
        for (name, _) in values {
            placeholder(name)?;
        }
        let value = |name| values.iter().find(|(known, _)| *known == name).map(|(_, value)| token(Some(value)));
        let tokens = self.tokens.iter().map(|parts| {
            let known = parts.iter().map(|part| match part {
                Part::Text(text) => Some(text.clone()),
                Part::Value((name, _)) => value(*name),
            });
            known.collect::<Option<String>>().unwrap_or_else(|| "*".to_owned())
        });
        Ok(tokens.collect::<Vec<_>>().join("."))
    }

    pub(crate) fn subject(&self, event: &Event) -> String {
        let mut subject = String::with_capacity(96);
        for parts in &self.tokens {
            if !subject.is_empty() {
                subject.push('.');
            }
            for part in parts {
                match part {
                    Part::Text(text) => subject.push_str(text),
                    Part::Value((_, value)) => subject.push_str(&token(value(event))),
                }
            }
        }
        subject
    }
}

fn parts(token: &str) -> Result<Vec<Part>, SubjectError> {
    let (mut parts, mut rest) = (Vec::new(), token);
    while !rest.is_empty() {
        let (text, after) = rest.split_once('{').map_or((rest, None), |(text, after)| (text, Some(after)));
        let is_illegal = |c: &char| c.is_whitespace() || c.is_control() || matches!(c, '*' | '>' | '}');
        if let Some(illegal) = text.chars().find(is_illegal) {
            return Err(SubjectError::Illegal(illegal));
        }
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        let Some(after) = after else { break };
        let (name, after) = after.split_once('}').ok_or(SubjectError::Unclosed)?;
        parts.push(Part::Value(placeholder(name)?));
        rest = after;
    }
    if parts.is_empty() { Err(SubjectError::Empty) } else { Ok(parts) }
}

/// Returns a valid token. Different values get different tokens, unless both are very long.
fn token(value: Option<&str>) -> String {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return ABSENT.to_owned() };
    let mut token = String::with_capacity(value.len());
    // A piece is a run of legal characters, or one escaped byte.
    for piece in utf8_percent_encode(value, ESCAPED) {
        let space = MAX_VALUE - token.len();
        if piece.len() > space {
            if !piece.starts_with('%') {
                token.extend(piece.chars().take(space));
            }
            token.push('~');
            break;
        }
        token.push_str(piece);
    }
    token
}

impl Default for Subjects {
    fn default() -> Self {
        let [app, kind, _, _, subscriber] = PLACEHOLDERS.map(|placeholder| vec![Part::Value(placeholder)]);
        let tokens = vec![vec![Part::Text("birdhook".to_owned())], app, kind, subscriber];
        Self { template: "birdhook.{app}.{kind}.{subscriber}".to_owned(), tokens }
    }
}

impl FromStr for Subjects {
    type Err = SubjectError;

    fn from_str(template: &str) -> Result<Self, SubjectError> {
        Self::new(template)
    }
}

impl fmt::Display for Subjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.template)
    }
}

impl fmt::Debug for Subjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subjects").field(&self.template).finish()
    }
}

/// An invalid template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectError {
    /// The placeholder does not exist.
    #[error("unknown placeholder `{{{0}}}`: expected {{app}}, {{kind}}, {{name}}, {{generation}} or {{subscriber}}")]
    Unknown(String),
    /// A placeholder does not end within its token.
    #[error("unclosed placeholder: a `{{` has no `}}` before the next dot")]
    Unclosed,
    /// A token or the whole template is empty.
    #[error("empty token: expected text or a placeholder before and after each dot")]
    Empty,
    /// A character is not allowed there.
    #[error("the character {0:?} is not allowed in the subject of an event")]
    Illegal(char),
    /// The subject is reserved for the server.
    #[error("subjects that begin with `$` are reserved for the server")]
    Reserved,
    /// The template is too long.
    #[error("the template is longer than {MAX_TEMPLATE} bytes")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use birdhook_core::Delivery;

    use super::*;

    fn event(app: &str, subscriber: &str) -> Event {
        let subscriber = serde_json::to_string(subscriber).unwrap();
        let body = format!(r#"{{"for_user_id":{subscriber},"tweet_delete_events":[{{"status":{{"id":"2"}}}}]}}"#);
        Delivery::restore(app, body, 1).unwrap().into_events().remove(0)
    }

    #[test]
    fn the_default_subject_contains_app_kind_and_subscriber() {
        assert_eq!(Subjects::default(), "birdhook.{app}.{kind}.{subscriber}".parse().unwrap());
        assert_eq!(Subjects::default().subject(&event("shop", "7")), "birdhook.shop.post_deleted.7");
        assert_eq!(Subjects::default().matching(&[]).unwrap(), "birdhook.*.*.*");
    }

    #[test]
    fn replaces_every_placeholder() {
        let subjects = Subjects::new("a-{app}.{generation}.{name}.{kind}{subscriber}").unwrap();
        assert_eq!(subjects.subject(&event("shop", "7")), "a-shop.account_activity.tweet_delete_events.post_deleted7");
        assert_eq!(subjects.matching(&[("app", "b.c")]).unwrap(), "a-b%2Ec.*.*.*");
        assert_eq!(subjects.matching(&[("colour", "b")]), Err(SubjectError::Unknown("colour".to_owned())));
    }

    #[test]
    fn each_value_becomes_one_unique_valid_token() {
        let long = "x".repeat(500);
        let values =
            ["", "~", "%", "%7E", "a.b", "a%2Eb", "*", ">", "a b", "\n", "\u{0}", "é", "日本", &long, "none", "-", "_"];
        let tokens: Vec<_> = values.iter().map(|value| token(Some(value))).collect();
        for (token, value) in tokens.iter().zip(values) {
            assert!(!token.is_empty() && token.len() <= MAX_VALUE + 1, "{value:?}: {token}");
            assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-%~".contains(&b)), "{value:?}: {token}");
            assert_eq!(tokens.iter().filter(|other| *other == token).count(), 1, "{value:?}: {token}");
        }
        assert_eq!(token(None), "~");
        assert_eq!(token(Some("my shop.de")), "my%20shop%2Ede");
    }

    #[test]
    fn truncates_a_long_value_between_escapes() {
        for spare in 0..6 {
            let value = format!("{}{}", "x".repeat(spare), "é".repeat(50));
            let token = token(Some(&value));
            assert!(token.ends_with('~') && token.len() <= MAX_VALUE + 1, "{token}");
            assert!((token.len() - spare - 1).is_multiple_of(3), "{token}");
        }
        assert_eq!(token(Some(&"x".repeat(MAX_VALUE))), "x".repeat(MAX_VALUE));
    }

    #[test]
    fn rejects_invalid_templates() {
        let cases = [
            ("", SubjectError::Empty),
            ("a..b", SubjectError::Empty),
            (".a", SubjectError::Empty),
            ("a.", SubjectError::Empty),
            ("a.{colour}", SubjectError::Unknown("colour".to_owned())),
            ("a.{}", SubjectError::Unknown(String::new())),
            ("a.{app", SubjectError::Unclosed),
            ("a.{ap.p}", SubjectError::Unclosed),
            ("a.app}", SubjectError::Illegal('}')),
            ("a.*", SubjectError::Illegal('*')),
            ("a.>", SubjectError::Illegal('>')),
            ("a b", SubjectError::Illegal(' ')),
            ("a\r\nb", SubjectError::Illegal('\r')),
            ("$JS.API", SubjectError::Reserved),
            (&"a".repeat(300), SubjectError::TooLong),
        ];
        for (template, error) in cases {
            assert_eq!(Subjects::new(template), Err(error), "{template}");
        }
    }
}
