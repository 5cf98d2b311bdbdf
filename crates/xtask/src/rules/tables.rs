//! The layers of the project: allowed and denied dependencies.

/// Dependencies that the core must not have, even indirectly: I/O, runtimes, HTTP, clocks, logs. A
/// final `*` matches any ending.
pub(super) const NOT_IN_CORE: &str = "
    actix* async-global-executor async-io async-std axum* chrono curl* getrandom h2 h3 http
    http-body* httparse hyper* log metrics* mio native-tls openssl* quinn* rand reqwest ring
    rustix rustls* smol socket2 time tokio* tower* tracing* ureq wasi* web-time windows*
";

/// The packages of ours that each package may depend on, without `birdhook-`, except `birdhook` itself. The
/// order of the lines is the order of the layers.
pub(super) const MAY_NEED: &[(&str, &str)] = &[
    ("core", ""),
    ("pipeline", "core"),
    ("tower", "core pipeline"),
    ("axum", "core pipeline tower"),
    ("actix", "core pipeline"),
    ("inbox", "core pipeline"),
    ("nats", "core pipeline"),
    ("redis", "core pipeline"),
    ("postgres", "core inbox pipeline"),
    ("page", ""),
    ("client", "core"),
    ("console", "client core inbox page pipeline"),
    ("testkit", "core client page"),
    ("doctor", "core testkit"),
    ("birdhook", "core pipeline tower axum actix inbox nats redis postgres console client"),
    ("cli", "birdhook doctor testkit"),
];
