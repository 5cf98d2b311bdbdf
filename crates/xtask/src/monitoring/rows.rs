//! The expressions of the alarms and panels, for each row of the tables in operations.md.

/// The alarms and the panel of one row.
pub(crate) struct Row {
    /// The first cell of the row, as in operations.md.
    pub(crate) cell: &'static str,
    pub(crate) alarms: &'static [Alarm],
    /// The panel's unit, as Grafana names it, and its expressions with their legends.
    pub(crate) panel: Option<(&'static str, &'static [(&'static str, &'static str)])>,
}

/// A rule of Prometheus. Its description is the second cell of the row.
pub(crate) struct Alarm {
    pub(crate) name: &'static str,
    /// `critical` if events are lost or will be, else `warning`.
    pub(crate) severity: &'static str,
    /// The time for which the expression holds before the alarm begins.
    pub(crate) pending: &'static str,
    pub(crate) expr: &'static str,
}

const fn critical(name: &'static str, pending: &'static str, expr: &'static str) -> Alarm {
    Alarm { name, severity: "critical", pending, expr }
}

const fn warning(name: &'static str, pending: &'static str, expr: &'static str) -> Alarm {
    Alarm { name, severity: "warning", pending, expr }
}

/// The rows, in the order of operations.md.
///
/// A counter of the `metrics` crate appears with its first increment, which `increase` does not
/// count. Alarms on any increment therefore also look for a series that is new.
pub(crate) const ROWS: &[Row] = &[
    Row {
        cell: "`up` of the job `birdhook`",
        alarms: &[critical("BirdhookDown", "1m", r#"up{job="birdhook"} == 0"#)],
        panel: Some(("short", &[(r#"up{job="birdhook"}"#, "{{instance}}")])),
    },
    Row {
        cell: "`last_challenge_timestamp_seconds`",
        alarms: &[
            critical("BirdhookChallengeOld", "5m", "time() - birdhook_last_challenge_timestamp_seconds > 25 * 3600"),
            critical(
                "BirdhookNeverChallenged",
                "25h",
                r#"(up{job="birdhook"} == 1) unless on (job, instance) birdhook_last_challenge_timestamp_seconds"#,
            ),
        ],
        panel: Some(("s", &[("time() - birdhook_last_challenge_timestamp_seconds", "{{instance}}")])),
    },
    Row {
        cell: "`challenges_by_x_total`",
        // A restart resets the counter, possibly to the same number: only a series that was scraped
        // throughout counts.
        alarms: &[critical(
            "BirdhookNoChallengeByX",
            "5m",
            "increase(birdhook_challenges_by_x_total[25h]) == 0 and birdhook_challenges_by_x_total offset 25h \
             and on (job, instance) count_over_time(birdhook_challenges_by_x_total[25h]) \
             >= on (job, instance) sum_over_time(up[25h])",
        )],
        panel: Some(("short", &[("increase(birdhook_challenges_by_x_total[1d])", "{{instance}} in 24 h")])),
    },
    Row {
        cell: "`signed_with_other_kind_total{signed}`",
        alarms: &[critical("BirdhookSignedWithOtherKind", "0s", "birdhook_signed_with_other_kind_total > 0")],
        panel: Some(("short", &[("birdhook_signed_with_other_kind_total", "{{instance}} {{signed}}")])),
    },
    Row {
        cell: "`secrets_refused`",
        alarms: &[warning("BirdhookSecretsRefused", "0s", "birdhook_secrets_refused > 0")],
        panel: Some(("short", &[("birdhook_secrets_refused", "{{instance}}")])),
    },
    Row {
        cell: "`secret_reloads_total{outcome}`",
        alarms: &[],
        panel: Some(("short", &[("birdhook_secret_reloads_total", "{{instance}} {{outcome}}")])),
    },
    Row {
        cell: "`last_event_timestamp_seconds`",
        alarms: &[warning("BirdhookNoEvents", "5m", "time() - birdhook_last_event_timestamp_seconds > 24 * 3600")],
        panel: Some(("s", &[("time() - birdhook_last_event_timestamp_seconds", "{{instance}}")])),
    },
    Row {
        cell: "`challenges_total{outcome}`",
        alarms: &[
            critical(
                "BirdhookChallengesWithoutSecret",
                "0s",
                r#"increase(birdhook_challenges_total{outcome="no_secret"}[15m]) > 0 or (birdhook_challenges_total{outcome="no_secret"} unless birdhook_challenges_total offset 15m)"#,
            ),
            warning(
                "BirdhookChallengesUnsigned",
                "5m",
                r#"rate(birdhook_challenges_total{outcome="challenge_unsigned"}[5m]) > 0.1"#,
            ),
        ],
        panel: Some((
            "reqps",
            &[("sum by (outcome) (rate(birdhook_challenges_total[$__rate_interval]))", "{{outcome}}")],
        )),
    },
    Row {
        cell: "`deliveries_total{outcome}` with 503",
        alarms: &[critical(
            "BirdhookDeliveriesRefused",
            "2m",
            r#"sum by (job, instance, outcome) (rate(birdhook_deliveries_total{outcome=~"sink_.*|in_flight|over_memory_budget|no_secret"}[2m])) > 0"#,
        )],
        panel: Some((
            "reqps",
            &[("sum by (outcome) (rate(birdhook_deliveries_total[$__rate_interval]))", "{{outcome}}")],
        )),
    },
    Row {
        cell: "`deliveries_total`, broken bodies",
        alarms: &[warning(
            "BirdhookBodiesBroken",
            "5m",
            r#"sum by (job, instance) (rate(birdhook_deliveries_total{outcome=~"body_too_slow|body_cut_off|body_too_large|body_encoded|not_an_object|unanswered"}[10m])) / sum by (job, instance) (rate(birdhook_deliveries_total[10m])) > 0.01"#,
        )],
        panel: None,
    },
    Row {
        cell: "`deliveries_total`, `signature_wrong`",
        alarms: &[critical(
            "BirdhookSignaturesWrong",
            "5m",
            r#"sum by (job, instance) (rate(birdhook_deliveries_total{outcome="signature_wrong"}[15m])) > 0 and sum by (job, instance) (rate(birdhook_deliveries_total{outcome="accepted"}[15m])) < 0.5 * sum by (job, instance) (rate(birdhook_deliveries_total{outcome="accepted"}[15m] offset 1h))"#,
        )],
        panel: None,
    },
    Row {
        cell: "`duplicates_total`, `events_total`",
        alarms: &[warning(
            "BirdhookDuplicates",
            "5m",
            "rate(birdhook_duplicates_total[15m]) / (rate(birdhook_duplicates_total[15m]) + rate(birdhook_events_total[15m])) > 0.1",
        )],
        panel: Some((
            "short",
            &[
                ("sum(rate(birdhook_events_total[$__rate_interval]))", "events per second"),
                ("sum(rate(birdhook_duplicates_total[$__rate_interval]))", "duplicates per second"),
            ],
        )),
    },
    Row {
        cell: "`queue_depth`",
        alarms: &[warning("BirdhookQueueLong", "1m", "birdhook_queue_depth > 512")],
        panel: Some(("short", &[("birdhook_queue_depth", "{{instance}}")])),
    },
    Row {
        cell: "`answer_seconds{request}`",
        // The exporter writes a summary, or a histogram if the app sets buckets.
        alarms: &[warning(
            "BirdhookAnswersSlow",
            "5m",
            r#"birdhook_answer_seconds{request="delivery",quantile="0.99"} > 1 or birdhook_answer_seconds{request="challenge",quantile="0.99"} > 0.1 or histogram_quantile(0.99, sum by (job, instance, le) (rate(birdhook_answer_seconds_bucket{request="delivery"}[5m]))) > 1 or histogram_quantile(0.99, sum by (job, instance, le) (rate(birdhook_answer_seconds_bucket{request="challenge"}[5m]))) > 0.1"#,
        )],
        panel: Some((
            "s",
            &[
                (r#"birdhook_answer_seconds{quantile="0.99"}"#, "{{instance}} {{request}} p99"),
                (
                    "histogram_quantile(0.99, sum by (instance, request, le) (rate(birdhook_answer_seconds_bucket[$__rate_interval])))",
                    "{{instance}} {{request}} p99",
                ),
            ],
        )),
    },
    Row {
        cell: "`body_bytes`",
        alarms: &[warning("BirdhookBodiesLarge", "1m", "birdhook_body_bytes > 32 * 1024 * 1024")],
        panel: Some(("bytes", &[("birdhook_body_bytes", "{{instance}}")])),
    },
    Row {
        cell: "`in_flight`",
        alarms: &[warning(
            "BirdhookManyInFlight",
            "1m",
            "birdhook_in_flight > 10 * avg_over_time(birdhook_in_flight[1d]) and birdhook_in_flight > 20",
        )],
        panel: Some(("short", &[("birdhook_in_flight", "{{instance}}")])),
    },
    Row {
        cell: "`billed_micro_dollars_total`",
        alarms: &[],
        panel: Some((
            "currencyUSD",
            &[("increase(birdhook_billed_micro_dollars_total[1d]) / 1e6", "{{instance}} in 24 h")],
        )),
    },
    Row {
        cell: "`other_requests_total{outcome}`",
        alarms: &[],
        panel: Some((
            "reqps",
            &[("sum by (outcome) (rate(birdhook_other_requests_total[$__rate_interval]))", "{{outcome}}")],
        )),
    },
    Row { cell: "`Health::ready`", alarms: &[], panel: None },
    Row { cell: "`Health::remembered`", alarms: &[], panel: None },
    Row {
        cell: "`oldest_seconds`, `depth`",
        alarms: &[warning(
            "BirdhookInboxBehind",
            "5m",
            "birdhook_inbox_oldest_seconds > 300 and deriv(birdhook_inbox_oldest_seconds[5m]) > 0",
        )],
        panel: Some((
            "short",
            &[
                ("birdhook_inbox_depth", "{{instance}} events"),
                ("birdhook_inbox_oldest_seconds", "{{instance}} age of the oldest in s"),
            ],
        )),
    },
    Row {
        cell: "`dead_letters`",
        alarms: &[warning("BirdhookDeadLetters", "0s", "birdhook_inbox_dead_letters > 0")],
        panel: Some(("short", &[("birdhook_inbox_dead_letters", "{{instance}}")])),
    },
    Row {
        cell: "`commit_seconds`, `commit_events`",
        alarms: &[warning(
            "BirdhookCommitsSlow",
            "5m",
            r#"birdhook_inbox_commit_seconds{quantile="0.99"} > 0.5 or histogram_quantile(0.99, sum by (job, instance, le) (rate(birdhook_inbox_commit_seconds_bucket[5m]))) > 0.5"#,
        )],
        panel: Some((
            "short",
            &[
                (r#"birdhook_inbox_commit_seconds{quantile="0.99"}"#, "{{instance}} p99 in s"),
                (
                    "histogram_quantile(0.99, sum by (instance, le) (rate(birdhook_inbox_commit_seconds_bucket[$__rate_interval])))",
                    "{{instance}} p99 in s",
                ),
                (
                    "rate(birdhook_inbox_commit_events_sum[$__rate_interval]) / rate(birdhook_inbox_commit_events_count[$__rate_interval])",
                    "{{instance}} events per commit",
                ),
            ],
        )),
    },
    Row {
        cell: "`failures_total`",
        alarms: &[critical(
            "BirdhookInboxFailed",
            "0s",
            "increase(birdhook_inbox_failures_total[15m]) > 0 or (birdhook_inbox_failures_total unless birdhook_inbox_failures_total offset 15m)",
        )],
        panel: Some(("short", &[("birdhook_inbox_failures_total", "{{instance}}")])),
    },
    Row {
        cell: "`disk_bytes`",
        alarms: &[warning("BirdhookInboxLarge", "5m", "birdhook_inbox_disk_bytes > 4 * 1024 * 1024 * 1024")],
        panel: Some(("bytes", &[("birdhook_inbox_disk_bytes", "{{instance}}")])),
    },
    Row {
        cell: "`relayed_total{outcome}`",
        alarms: &[
            warning(
                "BirdhookRelayWaiting",
                "5m",
                r#"rate(birdhook_inbox_relayed_total{outcome="waiting"}[2m]) > 0 unless on (job, instance) rate(birdhook_inbox_relayed_total{outcome="relayed"}[2m]) > 0"#,
            ),
            warning(
                "BirdhookRelayRefused",
                "0s",
                r#"increase(birdhook_inbox_relayed_total{outcome="refused"}[15m]) > 0 or (birdhook_inbox_relayed_total{outcome="refused"} unless birdhook_inbox_relayed_total offset 15m)"#,
            ),
        ],
        panel: Some((
            "short",
            &[("sum by (outcome) (rate(birdhook_inbox_relayed_total[$__rate_interval]))", "{{outcome}}")],
        )),
    },
    Row { cell: "`remembered`", alarms: &[], panel: Some(("short", &[("birdhook_inbox_remembered", "{{instance}}")])) },
];
