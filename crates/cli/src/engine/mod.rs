//! The engine shared by several receivers: JetStream or Redis Streams.

mod reader;
mod sink;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use birdhook::client::redact_url;
use birdhook::codec::Format;
use birdhook::nats::{ConsumerSettings, JetStream, StreamSettings, Subjects};
use birdhook::redis::{GroupSettings, Redis};
use bytesize::ByteSize;

pub(crate) use self::reader::Reader;
pub(crate) use self::sink::EngineSink;
use crate::error::{Code, Failure};
use crate::output::note;

/// The engine and its stream.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct EngineArgs {
    /// Use this NATS server with JetStream, for example nats://host:4222. Several URLs are
    /// comma-separated. Set BIRDHOOK_NATS_URL instead if the URL contains a password.
    #[arg(
        long,
        value_name = "URL",
        env = "BIRDHOOK_NATS_URL",
        hide_env_values = true,
        conflicts_with = "redis",
        group = "engine"
    )]
    nats: Option<String>,
    /// Use this Redis server: redis://host:6379, or rediss://host:6379 for TLS. Set
    /// BIRDHOOK_REDIS_URL instead if the URL contains a password.
    #[arg(long, value_name = "URL", env = "BIRDHOOK_REDIS_URL", hide_env_values = true, group = "engine")]
    redis: Option<String>,
    /// With rediss://, trust only the certificate authorities in this PEM file, instead of
    /// Mozilla's. Defaults to BIRDHOOK_REDIS_CA, which is ignored if no Redis server is named.
    // Not `env`: clap would apply `requires` and `conflicts_with` to the variable as to a typed
    // option.
    #[arg(long, value_name = "FILE", conflicts_with = "nats", requires = "redis")]
    redis_ca: Option<PathBuf>,
    /// Use the stream of this name. Defaults to BIRDHOOK in JetStream and birdhook in Redis.
    #[arg(long, value_name = "NAME", requires = "engine")]
    stream: Option<String>,
}

/// The format of events in the engine.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WritingArgs {
    /// Publish each event under this JetStream subject. {app}, {kind}, {name}, {generation} and
    /// {subscriber} are replaced with the event's values.
    #[arg(long, value_name = "TEMPLATE", default_value = "birdhook.{app}.{kind}.{subscriber}", requires = "engine")]
    subject: Subjects,
    /// Set the maximum size of a JetStream stream that is created, for example 512 MiB or 20 GB.
    /// The server reserves this space.
    #[arg(long, value_name = "SIZE", default_value = "8 GiB", requires = "engine")]
    max_bytes: ByteSize,
    /// Write events as CloudEvents 1.0, for consumers in other languages.
    #[arg(long, requires = "engine")]
    cloud_events: bool,
}

pub(crate) enum Engine {
    Nats { engine: Box<JetStream>, stream: String },
    Redis { engine: Redis, stream: String },
}

impl EngineArgs {
    /// Connects to the engine that the arguments name. Fails if they name none.
    pub(crate) async fn connect(&self) -> Result<Engine> {
        let stream = |default: &str| self.stream.clone().unwrap_or_else(|| default.to_owned());
        if let Some(url) = &self.nats {
            let unavailable =
                || unavailable("cannot use the engine of --nats", "check the URL, and that the server runs");
            let engine = JetStream::connect(url).await.with_context(unavailable)?;
            return Ok(Engine::Nats { engine: Box::new(engine), stream: stream("BIRDHOOK") });
        }
        if let Some(url) = &self.redis {
            let unavailable =
                || unavailable("cannot use the engine of --redis", "check the URL, and that the server runs");
            let variable = || std::env::var_os("BIRDHOOK_REDIS_CA").filter(|file| !file.is_empty()).map(PathBuf::from);
            let engine = match self.redis_ca.clone().or_else(variable) {
                None => Redis::connect(url).await.with_context(unavailable)?,
                Some(file) => {
                    let roots = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
                    Redis::connect_with_roots(url, &roots).await.with_context(unavailable)?
                }
            };
            return Ok(Engine::Redis { engine, stream: stream("birdhook") });
        }
        bail!(Failure::new(Code::NoEngine, "no engine", "pass --nats URL or --redis URL"))
    }

    /// Returns the command that prints the events in the engine. Hides a password.
    pub(crate) fn consume_command(&self) -> String {
        let named = [("--nats", &self.nats), ("--redis", &self.redis), ("--stream", &self.stream)];
        let ca = self.redis_ca.as_ref().map(|file| format!(" --redis-ca {}", file.display()));
        let options = named.into_iter().filter_map(|(option, value)| Some((option, value.as_deref()?)));
        let options = options.map(|(option, value)| format!(" {option} {}", redact_url(value)));
        options.chain(ca).fold("birdhook consume".to_owned(), |command, option| command + &option)
    }

    pub(crate) fn is_named(&self) -> bool {
        self.nats.is_some() || self.redis.is_some()
    }
}

fn unavailable(message: impl Into<String>, fix: &str) -> Failure {
    Failure::new(Code::EngineUnavailable, message, fix)
}

impl Engine {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Nats { stream, .. } => format!("the JetStream stream {stream}"),
            Self::Redis { stream, .. } => format!("the Redis stream {stream}"),
        }
    }

    /// Returns a sink. Creates a missing stream, and leaves an existing one unchanged.
    pub(crate) async fn sink(&self, writing: &WritingArgs) -> Result<EngineSink> {
        let format = if writing.cloud_events { Format::CloudEvents } else { Format::Plain };
        match self {
            Self::Nats { engine, stream } => {
                let subjects = [writing.subject.matching(&[])?];
                let settings = StreamSettings::new().name(stream.clone()).subjects(subjects);
                let settings = settings.max_bytes(writing.max_bytes.as_u64());
                let created = engine.create_stream(&settings).await;
                let fix = "check the server's limits; --stream and --max-bytes change what is created";
                if created.with_context(|| unavailable(format!("cannot create {}", self.name()), fix))? {
                    note(format!("created {}", self.name()));
                }
                Ok(EngineSink::Nats(engine.sink().subject(writing.subject.clone()).format(format)))
            }
            Self::Redis { engine, stream } => {
                let weaknesses = engine.weaknesses().await;
                weaknesses.iter().for_each(|weakness| note(format!("warning: {weakness}")));
                Ok(EngineSink::Redis(engine.sink(stream.clone()).format(format)))
            }
        }
    }

    pub(crate) async fn reader(&self, group: &str) -> Result<Reader> {
        let failed = || {
            let fix = "check --stream and --group; `birdhook listen` with this engine creates the stream";
            unavailable(format!("cannot read {}", self.name()), fix)
        };
        match self {
            Self::Nats { engine, stream } => {
                let consumer = engine.consumer(&ConsumerSettings::new(group).stream(stream.clone()).batch(256)).await;
                Ok(Reader::Nats(Box::new(consumer.with_context(failed)?)))
            }
            Self::Redis { engine, stream } => {
                let reader = engine.group(GroupSettings::new(stream.clone(), group).batch(256)).await;
                Ok(Reader::Redis(reader.with_context(failed)?))
            }
        }
    }
}
