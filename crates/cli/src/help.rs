//! The help of the tool: commands under headings, summaries, examples and exit codes.

use std::fmt::Write;

use anstyle::Style;
use clap::Command;

const HEADING: Style = Style::new().bold().underline();

/// The last line before a command's own details.
const LAST_LINE: &str = "  2  the command could not run\n";

/// Printed for `birdhook` without arguments.
pub(crate) const FIRST_STEPS: &str = "\
birdhook receives, sends, diagnoses and replays Twitter/X webhooks.

  birdhook listen        receive webhooks and print their events
  birdhook trigger URL   send signed test events to a receiver
  birdhook doctor URL    find a receiver's faults
  birdhook auth app      store the keys of your app at X
  birdhook ensure FILE   register a webhook at X and subscribe users

All commands: `birdhook --help`. One command: `birdhook listen --help`.";

/// Commands for one purpose.
pub(crate) struct Group {
    pub(crate) heading: &'static str,
    pub(crate) commands: &'static [Topic],
}

/// A command's part of the help.
pub(crate) struct Topic {
    pub(crate) name: &'static str,
    /// Fits on a line of 80 columns, after the name.
    summary: &'static str,
    pub(crate) examples: &'static [&'static str],
    /// The meaning of exit code 1. `None` if the command has no such result.
    pub(crate) problem: Option<&'static str>,
}

const fn topic(
    name: &'static str,
    summary: &'static str,
    examples: &'static [&'static str],
    problem: Option<&'static str>,
) -> Topic {
    Topic { name, summary, examples, problem }
}

pub(crate) const GROUPS: &[Group] = &[
    Group {
        heading: "Receive",
        commands: &[
            topic(
                "listen",
                "Receive webhooks and print one line for each event",
                &["birdhook listen", "birdhook listen --inbox ./inbox --json"],
                None,
            ),
            topic(
                "record",
                "Receive webhooks and append each delivery to a file",
                &["birdhook record deliveries.jsonl"],
                None,
            ),
            topic(
                "validate",
                "Wait for a like from X: the last step of setting up a webhook",
                &["birdhook validate --user 2001"],
                Some("no like arrived in time"),
            ),
        ],
    },
    Group {
        heading: "Diagnose",
        commands: &[
            topic(
                "doctor",
                "Check a receiver with the requests of X and of attackers",
                &["birdhook doctor https://app.example/webhooks/twitter"],
                Some("a check failed"),
            ),
            topic(
                "verify",
                "Check the signature of a body and name what is wrong",
                &[
                    "birdhook verify --signature \"sha256=...\" body.json",
                    "birdhook verify --signature \"x-twitter-webhooks-signature-oauth2: sha256=...\" body.json",
                ],
                Some("the signature is wrong"),
            ),
            topic(
                "inspect",
                "Print the events in bodies, recordings and logged requests",
                &["birdhook inspect --table deliveries.jsonl", "birdhook inspect --json body.json"],
                Some("a part of the input cannot be read"),
            ),
            topic("crc", "Answer a challenge offline", &["birdhook crc M2RkODJkZmM"], Some("the token is refused")),
            topic("sign", "Sign a body offline", &["birdhook sign body.json"], None),
        ],
    },
    Group {
        heading: "Simulate",
        commands: &[
            topic(
                "trigger",
                "Send signed, generated events to a receiver",
                &["birdhook trigger http://127.0.0.1:8080/webhooks/twitter like.create --api xaa"],
                Some("a response was not as expected"),
            ),
            topic(
                "mock-x",
                "Run a mock X that challenges and delivers",
                &["birdhook mock-x --webhook http://127.0.0.1:8080/webhooks/twitter"],
                None,
            ),
            topic(
                "replay",
                "Send recorded deliveries again, or have X replay",
                &[
                    "birdhook replay deliveries.jsonl http://127.0.0.1:8080/webhooks/twitter",
                    "birdhook replay --webhook 1919 --from 2026-11-23T09:00:00Z --to 2026-11-23T10:00:00Z",
                ],
                Some("a response was not as expected, or a line is not a delivery"),
            ),
        ],
    },
    Group {
        heading: "Manage X",
        commands: &[
            topic(
                "auth",
                "Store the app's keys, and let users authorise the app",
                &["birdhook auth app", "birdhook auth user2"],
                None,
            ),
            topic(
                "ensure",
                "Apply a file: register a webhook and subscribe users",
                &["birdhook ensure webhook.toml --dry-run", "birdhook ensure webhook.toml"],
                Some("X did not confirm a step"),
            ),
            topic(
                "watch",
                "Monitor a webhook: challenges, gaps and replays",
                &["birdhook watch https://app.example/webhooks/twitter --once"],
                Some("with --once, a result needs action"),
            ),
            topic(
                "migrate",
                "Move users from the Account Activity to the X Activity API",
                &["birdhook migrate https://app.example/webhooks/twitter --dry-run"],
                Some("a user cannot be moved"),
            ),
            topic(
                "webhooks",
                "List, register, validate and delete webhooks",
                &["birdhook webhooks list", "birdhook webhooks register https://app.example/webhooks/twitter"],
                Some("X holds the webhook invalid"),
            ),
            topic(
                "activity",
                "Manage subscriptions to the X Activity API",
                &["birdhook activity list", "birdhook activity add like.create --user 2001 --webhook 1919"],
                None,
            ),
            topic(
                "subscriptions",
                "Manage subscriptions to the Account Activity API",
                &["birdhook subscriptions list 1919", "birdhook subscriptions --api enterprise add 1919 2001"],
                Some("the user of `check` is not subscribed"),
            ),
            topic(
                "stream-links",
                "Manage links from the filtered stream to a webhook",
                &["birdhook stream-links list"],
                None,
            ),
        ],
    },
    Group {
        heading: "Inbox",
        commands: &[topic(
            "inbox",
            "Inspect an inbox, and requeue or discard its events",
            &["birdhook inbox stats ./inbox", "birdhook inbox dead-letters ./inbox"],
            Some("the inbox is damaged, or an id was refused"),
        )],
    },
    Group {
        heading: "Engines",
        commands: &[
            topic(
                "relay",
                "Forward an inbox's events to JetStream or Redis",
                &["birdhook relay --inbox ./inbox --nats nats://127.0.0.1:4222"],
                Some("the engine refused an event, or events are left"),
            ),
            topic(
                "consume",
                "Print and acknowledge events from JetStream or Redis",
                &["birdhook consume --nats nats://127.0.0.1:4222 --idle 2"],
                Some("a key arrived more than once"),
            ),
        ],
    },
    Group {
        heading: "Setup",
        commands: &[
            topic("completions", "Print completions for a shell", &["birdhook completions bash"], None),
            topic("man", "Print or write man pages", &["birdhook man ~/.local/share/man/man1"], None),
        ],
    },
];

pub(crate) fn find(name: &str) -> Option<&'static Topic> {
    GROUPS.iter().flat_map(|group| group.commands).find(|topic| topic.name == name)
}

/// Adds headings, summaries, examples and exit codes to the help.
pub(crate) fn with_topics(mut tool: Command) -> Command {
    for Topic { name, summary, .. } in GROUPS.iter().flat_map(|group| group.commands) {
        tool = tool.mut_subcommand(name, |command| {
            let details = command.get_after_long_help().map(|text| format!("\n{}", text.ansi())).unwrap_or_default();
            let Some(topic) = find(name) else { return command };
            let examples = examples(topic);
            let long = format!("{examples}\n{}{details}", exit_codes(topic));
            command.about(*summary).after_help(examples).after_long_help(long)
        });
    }
    tool.help_template(template())
}

/// Returns the details that a command has besides examples and exit codes.
pub(crate) fn details(command: &Command) -> Option<String> {
    let text = command.get_after_long_help()?.to_string();
    let (_, details) = text.split_once(LAST_LINE)?;
    (!details.trim().is_empty()).then(|| details.trim_start_matches('\n').to_owned())
}

fn template() -> String {
    let mut text = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for Group { heading, commands } in GROUPS {
        let _ = write!(text, "\n{HEADING}{heading}:{HEADING:#}\n");
        for Topic { name, summary, .. } in *commands {
            let _ = writeln!(text, "  {name:13}  {summary}");
        }
    }
    let _ = write!(text, "\n{HEADING}Options:{HEADING:#}\n{{options}}{{after-help}}");
    text
}

fn examples(topic: &Topic) -> String {
    let mut text = format!("{HEADING}EXAMPLES:{HEADING:#}\n");
    topic.examples.iter().for_each(|example| text += &format!("  {example}\n"));
    text
}

fn exit_codes(topic: &Topic) -> String {
    let problem = topic.problem.map(|problem| format!("  1  {problem}\n")).unwrap_or_default();
    format!("{HEADING}EXIT CODES:{HEADING:#}\n  0  success\n{problem}{LAST_LINE}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::tool;

    #[test]
    fn every_visible_command_has_one_topic_with_a_summary_of_one_line() {
        let mut topics: Vec<_> = GROUPS.iter().flat_map(|group| group.commands).map(|topic| topic.name).collect();
        topics.sort_unstable();
        let tool = tool();
        let visible = tool.get_subcommands().filter(|command| !command.is_hide_set());
        let mut commands: Vec<_> = visible.map(|command| command.get_name().to_owned()).collect();
        commands.sort_unstable();
        assert_eq!(topics, commands);
        for topic in GROUPS.iter().flat_map(|group| group.commands) {
            assert!(topic.summary.len() <= 80 - "  subscriptions  ".len(), "{}", topic.name);
            assert!((1..=3).contains(&topic.examples.len()), "{}", topic.name);
        }
    }

    #[test]
    fn every_example_is_a_valid_command() {
        for topic in GROUPS.iter().flat_map(|group| group.commands) {
            for example in topic.examples {
                let words = example
                    .split('"')
                    .enumerate()
                    .flat_map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
                let parsed = tool().try_get_matches_from(words);
                let matches = parsed.unwrap_or_else(|error| panic!("{example}: {error}"));
                assert_eq!(matches.subcommand_name(), Some(topic.name), "{example}");
            }
        }
    }
}
