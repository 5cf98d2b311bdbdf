//! The layers of the project: allowed and denied dependencies.

/// Dependencies that the core must not have, even indirectly: I/O, runtimes, HTTP, clocks, logs. A
/// final `*` matches any ending.
pub(super) const NOT_IN_CORE: &str = "
    actix* async-global-executor async-io async-std axum* chrono curl* getrandom h2 h3 http
    http-body* httparse hyper* log metrics* mio native-tls openssl* quinn* rand reqwest ring
    rustix rustls* smol socket2 time tokio* tower* tracing* ureq wasi* web-time windows*
";

/// The packages of ours that each package may depend on. The order of the lines is the order of the
/// layers.
pub(super) const MAY_NEED: &[(&str, &[&str])] = &[
    ("birdhook-core", &[]),
    ("birdhook-pipeline", &["birdhook-core"]),
    ("birdhook-tower", &["birdhook-core", "birdhook-pipeline"]),
    ("birdhook-axum", &["birdhook-core", "birdhook-pipeline", "birdhook-tower"]),
    ("birdhook-actix", &["birdhook-core", "birdhook-pipeline"]),
    ("birdhook-inbox", &["birdhook-core", "birdhook-pipeline"]),
    ("birdhook-nats", &["birdhook-core", "birdhook-pipeline"]),
    ("birdhook-redis", &["birdhook-core", "birdhook-pipeline"]),
    ("birdhook-client", &["birdhook-core"]),
    ("birdhook-testkit", &["birdhook-core", "birdhook-client"]),
    ("birdhook-doctor", &["birdhook-core", "birdhook-testkit"]),
    (
        "birdhook",
        &[
            "birdhook-core",
            "birdhook-pipeline",
            "birdhook-tower",
            "birdhook-axum",
            "birdhook-actix",
            "birdhook-inbox",
            "birdhook-nats",
            "birdhook-redis",
            "birdhook-client",
        ],
    ),
    ("birdhook-cli", &["birdhook", "birdhook-doctor", "birdhook-testkit"]),
];
