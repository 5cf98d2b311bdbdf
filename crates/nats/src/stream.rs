//! Settings of the stream that stores the events, and its creation.

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::{ApiError, is_name, request};
use crate::connection::JetStream;

/// JetStream's error codes.
const STREAM_NOT_FOUND: u64 = 10_059;
const NAME_IN_USE: u64 = 10_058;
const OVERLAP: u64 = 10_065;
const REPLICAS: [u64; 3] = [10_005, 10_010, 10_074];
const NO_SPACE: [u64; 5] = [10_002, 10_023, 10_028, 10_047, 10_122];

const UNCHANGEABLE: [&str; 2] = ["retention", "storage"];

/// Settings of a stream for events. The defaults fit [the sink's guarantee](crate#what-200-means).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct StreamSettings {
    name: String,
    subjects: Vec<String>,
    max_age: Duration,
    max_bytes: u64,
    duplicate_window: Duration,
    replicas: usize,
}

impl StreamSettings {
    /// Returns settings for a stream `BIRDHOOK` of all subjects that begin with `birdhook.`
    pub fn new() -> Self {
        Self {
            name: "BIRDHOOK".to_owned(),
            subjects: vec!["birdhook.>".to_owned()],
            max_age: Duration::from_secs(7 * 86_400),
            max_bytes: 8 << 30,
            duplicate_window: Duration::from_secs(2 * 3600),
            replicas: 1,
        }
    }

    /// Sets the name. Defaults to `BIRDHOOK`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the subjects. Defaults to `birdhook.>`.
    ///
    /// They must cover the sink's [template](crate::Subjects).
    pub fn subjects(mut self, subjects: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.subjects = subjects.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how long events are kept, consumed or not. Defaults to 7 days.
    ///
    /// At least the [window](Self::duplicate_window).
    pub fn max_age(mut self, time: Duration) -> Self {
        self.max_age = time;
        self
    }

    /// Sets the space for events, consumed or not, in bytes. Defaults to 8 GiB.
    ///
    /// It must be enough for [`max_age`](Self::max_age): a full stream refuses events, and X is
    /// answered 503, instead of dropping events that were not read.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how long an event is recognised when it is published again. Defaults to 2 hours.
    ///
    /// X repeats a delivery without a 200 within minutes, but an inbox whose disk was offline may
    /// be hours late. The server keeps the ids in memory, about a third of a KB for each event.
    pub fn duplicate_window(mut self, time: Duration) -> Self {
        self.duplicate_window = time;
        self
    }

    /// Sets how many servers of a cluster keep each event. Defaults to 1.
    pub fn replicas(mut self, servers: usize) -> Self {
        self.replicas = servers;
        self
    }

    fn check(&self) -> Result<(), EnsureStreamError> {
        let error = if !is_name(&self.name) {
            "invalid stream name: expected 1 to 255 bytes without white space and `.*>/\\`"
        } else if self.subjects.is_empty() {
            "a stream needs at least one subject"
        } else if self.max_age.is_zero() || self.duplicate_window.is_zero() || self.max_bytes == 0 {
            "a stream's max_age, max_bytes and duplicate_window must be greater than 0"
        } else if self.duplicate_window > self.max_age {
            "a stream's duplicate_window must not exceed its max_age"
        } else {
            return Ok(());
        };
        Err(EnsureStreamError::Settings(error))
    }

    /// Uses the retention `limits`: see the crate's documentation.
    fn desired(&self) -> [(&'static str, Value); 8] {
        [
            ("subjects", json!(self.subjects)),
            ("retention", json!("limits")),
            ("storage", json!("file")),
            ("discard", json!("new")),
            ("max_age", nanos(self.max_age)),
            ("max_bytes", json!(i64::try_from(self.max_bytes).unwrap_or(i64::MAX))),
            ("duplicate_window", nanos(self.duplicate_window)),
            ("num_replicas", json!(self.replicas)),
        ]
    }
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self::new()
    }
}

/// Converts to nanoseconds, JetStream's unit.
pub(crate) fn nanos(time: Duration) -> Value {
    json!(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX))
}

/// The result of [`JetStream::ensure_stream`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnsuredStream {
    /// The stream did not exist.
    Created,
    /// These settings, by JetStream's names, were changed. All others were left unchanged.
    Updated(Vec<&'static str>),
    /// The settings were already as desired.
    Unchanged,
}

impl JetStream {
    /// Creates a stream, or updates the settings of an existing one. Its events stay.
    ///
    /// # Errors
    /// Fails if the settings are invalid or the server refuses them. Nothing is changed then.
    pub async fn ensure_stream(&self, settings: &StreamSettings) -> Result<EnsuredStream, EnsureStreamError> {
        settings.check()?;
        match self.create_or_update(settings).await {
            // Another process has just created it.
            Err(EnsureStreamError::Api(error)) if error.code() == Some(NAME_IN_USE) => {
                self.create_or_update(settings).await
            }
            result => result,
        }
    }

    /// Creates a stream unless one of this name exists. Returns whether it was created.
    ///
    /// An existing stream is left as it is.
    ///
    /// # Errors
    /// Fails if the stream does not exist and the server does not create it.
    pub async fn create_stream(&self, settings: &StreamSettings) -> Result<bool, EnsureStreamError> {
        settings.check()?;
        if self.config(settings).await?.is_some() {
            return Ok(false);
        }
        match self.create(settings).await {
            Ok(()) => Ok(true),
            // Another process has just created it.
            Err(EnsureStreamError::Api(error)) if error.code() == Some(NAME_IN_USE) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns the configuration of the stream of this name, if it exists.
    async fn config(&self, StreamSettings { name, .. }: &StreamSettings) -> Result<Option<Value>, EnsureStreamError> {
        match request(&self.context, format!("STREAM.INFO.{name}"), &json!({})).await {
            Ok(mut info) => Ok(info.get_mut("config").map(Value::take)),
            Err(error) if error.code() == Some(STREAM_NOT_FOUND) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn create(&self, settings: &StreamSettings) -> Result<(), EnsureStreamError> {
        let name = &settings.name;
        let mut config = json!({
            "name": name,
            "description": "Events of Twitter/X, by birdhook",
            "max_msgs": -1,
            "max_msgs_per_subject": -1,
            "max_msg_size": -1,
            "max_consumers": -1,
        });
        settings.desired().into_iter().for_each(|(name, value)| put(&mut config, name, value));
        let created = request(&self.context, format!("STREAM.CREATE.{name}"), &config).await;
        created.map(|_| ()).map_err(|error| ensure_error(error, settings))
    }

    async fn create_or_update(&self, settings: &StreamSettings) -> Result<EnsuredStream, EnsureStreamError> {
        let name = &settings.name;
        let Some(mut config) = self.config(settings).await? else {
            self.create(settings).await?;
            return Ok(EnsuredStream::Created);
        };
        let differ = |(name, value): &(&str, Value)| config.get(name) != Some(value);
        let differing: Vec<_> = settings.desired().into_iter().filter(differ).collect();
        if let Some((setting, _)) = differing.iter().find(|(name, _)| UNCHANGEABLE.contains(name)) {
            let found = config.get(setting).and_then(Value::as_str).unwrap_or_default().to_owned();
            return Err(EnsureStreamError::Unchangeable { stream: name.clone(), setting, found });
        }
        if differing.is_empty() {
            return Ok(EnsuredStream::Unchanged);
        }
        let names = differing.iter().map(|(name, _)| *name).collect();
        differing.into_iter().for_each(|(name, value)| put(&mut config, name, value));
        let updated = request(&self.context, format!("STREAM.UPDATE.{name}"), &config).await;
        updated.map_err(|error| ensure_error(error, settings))?;
        Ok(EnsuredStream::Updated(names))
    }
}

pub(crate) fn put(config: &mut Value, name: &str, value: Value) {
    if let Some(config) = config.as_object_mut() {
        config.insert(name.to_owned(), value);
    }
}

fn ensure_error(error: ApiError, settings: &StreamSettings) -> EnsureStreamError {
    match error {
        ApiError::Refused { code, .. } if code == OVERLAP => EnsureStreamError::Overlap(settings.subjects.join(", ")),
        ApiError::Refused { code, description } if NO_SPACE.contains(&code) => {
            EnsureStreamError::NoRoom { bytes: settings.max_bytes, description }
        }
        ApiError::Refused { code, description } if REPLICAS.contains(&code) => {
            EnsureStreamError::Replicas { replicas: settings.replicas, description }
        }
        error => error.into(),
    }
}

/// An error of [`JetStream::ensure_stream`] or [`JetStream::create_stream`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnsureStreamError {
    /// The settings are invalid.
    #[error("{0}")]
    Settings(&'static str),
    /// Another stream listens to some of the subjects.
    #[error(
        "another stream already listens to some of `{0}`: use its name, or choose other subjects for the stream and the sink"
    )]
    Overlap(String),
    /// There is not enough space for the stream.
    #[error(
        "not enough space for a stream of {bytes} bytes ({description}): lower `max_bytes`, or raise the limit of the account or the server"
    )]
    NoRoom {
        /// The requested size.
        bytes: u64,
        /// The server's message.
        description: String,
    },
    /// There are not enough servers.
    #[error(
        "a stream cannot have {replicas} replicas here ({description}): lower the number, or add servers to the cluster"
    )]
    Replicas {
        /// The requested number.
        replicas: usize,
        /// The server's message.
        description: String,
    },
    /// The existing stream differs in a setting that cannot change.
    #[error(
        "the stream {stream} has the {setting} `{found}`, which cannot be changed: choose another name, or remove that stream and its events"
    )]
    Unchangeable {
        /// The stream's name.
        stream: String,
        /// The setting that differs.
        setting: &'static str,
        /// Its current value.
        found: String,
    },
    /// Any other error.
    #[error(transparent)]
    Api(#[from] ApiError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_invalid_settings_before_it_sends_a_request() {
        let hour = Duration::from_secs(3600);
        assert!(StreamSettings::new().check().is_ok());
        for (settings, word) in [
            (StreamSettings::new().name("a.b"), "name"),
            (StreamSettings::new().name(""), "name"),
            (StreamSettings::new().name("a b"), "name"),
            (StreamSettings::new().subjects([""; 0]), "subject"),
            (StreamSettings::new().max_age(hour), "duplicate_window"),
            (StreamSettings::new().max_age(Duration::ZERO), "max_age"),
            (StreamSettings::new().max_bytes(0), "max_bytes"),
        ] {
            let Err(error) = settings.check() else { panic!("{settings:?}") };
            assert!(error.to_string().contains(word), "{error}");
        }
        assert!(StreamSettings::new().max_age(hour).duplicate_window(hour).check().is_ok());
    }
}
