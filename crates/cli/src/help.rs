//! The help of the tool: commands under headings, summaries, examples and exit codes.

use std::fmt::Write;

use anstyle::Style;
use clap::Command;

const HEADING: Style = Style::new().bold().underline();

/// The heading of options about secrets, keys and tokens.
pub(crate) const CREDENTIALS: &str = "Credentials";

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
                &[
                    "birdhook listen",
                    "birdhook listen --config birdhook.toml",
                    "birdhook listen --inbox ./inbox --forward http://127.0.0.1:3000/ \\\n    --forward-secret forward.secret",
                ],
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
                    "birdhook verify body.json \\\n    --signature \"x-twitter-webhooks-signature-oauth2: sha256=...\"",
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
                &["birdhook trigger http://127.0.0.1:8080/webhooks/twitter like.create"],
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
                    "birdhook replay --webhook 1919 \\\n    --from 2026-11-23T09:00:00Z --to 2026-11-23T10:00:00Z",
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
                &[
                    "birdhook watch https://app.example/webhooks/twitter --once",
                    "birdhook watch https://app.example/webhooks/twitter --api enterprise",
                ],
                Some("with --once, a result needs action"),
            ),
            topic(
                "rotate",
                "Print the steps to rotate a secret, and check its progress",
                &["birdhook rotate --dry-run --kind consumer", "birdhook rotate --check --admin http://127.0.0.1:9090"],
                Some("with --check, an old secret may not go yet"),
            ),
            topic(
                "migrate",
                "Move users from the Account Activity to the X Activity API",
                &["birdhook migrate https://app.example/webhooks/twitter --dry-run"],
                Some("a user cannot be moved, or X did not confirm a step"),
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
                Some("X did not confirm a subscription, or an id to remove is unknown"),
            ),
            topic(
                "subscriptions",
                "Manage subscriptions to the Account Activity API",
                &["birdhook subscriptions list 1919", "birdhook subscriptions add 1919 2001 --api enterprise"],
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
        commands: &[
            topic(
                "inbox",
                "Inspect an inbox, and requeue or discard its events",
                &["birdhook inbox stats ./inbox", "birdhook inbox dead-letters ./inbox"],
                Some("the inbox is damaged, or an id was refused"),
            ),
            topic(
                "postgres",
                "Create or check an inbox in PostgreSQL",
                &["birdhook postgres migrate DATABASE_URL", "birdhook postgres check DATABASE_URL"],
                Some("a setting of the server may lose events"),
            ),
            topic(
                "console",
                "Show an inbox on a page, with buttons for its events",
                &["birdhook console --inbox ./inbox"],
                None,
            ),
        ],
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
            topic(
                "config",
                "Check a configuration file of listen, or print an example",
                &["birdhook config example", "birdhook config check birdhook.toml"],
                Some("the file has a problem"),
            ),
            topic("completions", "Print completions for a shell", &["birdhook completions bash"], None),
            topic("man", "Print or write man pages", &["birdhook man ~/.local/share/man/man1"], None),
        ],
    },
];

/// Examples of commands below a command, each for one of them.
const EXAMPLES_BELOW: &[&str] = &[
    "birdhook auth app",
    "birdhook auth user --pin",
    "birdhook auth user2 --type like.create",
    "birdhook auth list",
    "birdhook auth forget 2001",
    "birdhook webhooks list",
    "birdhook webhooks register https://app.example/webhooks/twitter",
    "birdhook webhooks validate 1919",
    "birdhook webhooks delete 1919",
    "birdhook activity list --user 2001",
    "birdhook activity add like.create --user 2001 --webhook 1919",
    "birdhook activity renew 77 --expires-at 2030-01-01T00:00:00Z",
    "birdhook activity update 77 --tag likes",
    "birdhook activity remove 77 78",
    "birdhook subscriptions list 1919",
    "birdhook subscriptions add 1919 2001 --api enterprise",
    "birdhook subscriptions check 1919 2001",
    "birdhook subscriptions remove 1919 2001",
    "birdhook subscriptions count",
    "birdhook stream-links list",
    "birdhook stream-links add 1919 --tweet-fields created_at,lang",
    "birdhook stream-links remove 1919",
    "birdhook config check birdhook.toml",
    "birdhook config example",
    "birdhook postgres migrate DATABASE_URL",
    "birdhook postgres check DATABASE_URL",
    "birdhook inbox stats ./inbox",
    "birdhook inbox list ./inbox --status waiting",
    "birdhook inbox dead-letters ./inbox --show 12.0",
    "birdhook inbox requeue ./inbox --all",
    "birdhook inbox discard ./inbox 12.0",
    "birdhook inbox purge ./inbox 2244994945",
    "birdhook inbox export ./inbox",
    "birdhook inbox verify ./inbox",
    "birdhook inbox backup ./inbox --to inbox.backup",
    "birdhook inbox restore ./inbox --from inbox.backup",
];

/// Returns the example of a command below a command.
pub(crate) fn example_below(name: &str, below: &str) -> Option<&'static str> {
    EXAMPLES_BELOW.iter().copied().find(|example| example.split(' ').skip(1).take(2).eq([name, below]))
}

pub(crate) fn find(name: &str) -> Option<&'static Topic> {
    GROUPS.iter().flat_map(|group| group.commands).find(|topic| topic.name == name)
}

/// Adds headings, summaries, examples and exit codes to the help.
pub(crate) fn with_topics(mut tool: Command) -> Command {
    for Topic { name, summary, .. } in GROUPS.iter().flat_map(|group| group.commands) {
        tool = tool.mut_subcommand(name, |command| {
            let details = command.get_after_long_help().map(|text| format!("\n{}", text.ansi())).unwrap_or_default();
            let Some(topic) = find(name) else { return command };
            let below: Vec<_> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
            let command = below.into_iter().fold(command, |command, below| match example_below(name, &below) {
                Some(example) => command.mut_subcommand(below, |command| command.after_help(examples(&[example]))),
                None => command,
            });
            let shown = examples(topic.examples);
            let long = format!("{shown}\n{}{details}", exit_codes(topic));
            let command = command.disable_help_subcommand(true);
            command.about(*summary).after_help(shown).after_long_help(long)
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

fn examples(examples: &[&str]) -> String {
    let mut text = format!("{HEADING}EXAMPLES:{HEADING:#}\n");
    examples.iter().for_each(|example| text += &format!("  {}\n", example.replace('\n', "\n  ")));
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
    fn every_example_is_a_valid_command_of_at_most_80_columns() {
        for topic in GROUPS.iter().flat_map(|group| group.commands) {
            let below = EXAMPLES_BELOW.iter().filter(|example| example.split(' ').nth(1) == Some(topic.name));
            for example in topic.examples.iter().chain(below) {
                assert!(example.lines().all(|line| line.len() <= 78), "{example}");
                let words = example.replace('\\', "");
                let words = words
                    .split('"')
                    .enumerate()
                    .flat_map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
                let parsed = tool().try_get_matches_from(words);
                let matches = parsed.unwrap_or_else(|error| panic!("{example}: {error}"));
                assert_eq!(matches.subcommand_name(), Some(topic.name), "{example}");
            }
        }
    }

    #[test]
    fn every_command_below_a_command_has_an_example() {
        for command in tool().get_subcommands() {
            for below in command.get_subcommands() {
                assert!(example_below(command.get_name(), below.get_name()).is_some(), "{command} {below}");
            }
        }
    }

    #[test]
    fn indented_details_are_not_wrapped_at_80_columns() {
        for command in tool().get_subcommands() {
            let details = details(command).unwrap_or_default();
            let wrapped = details.lines().find(|line| line.starts_with("    ") && line.len() > 80);
            assert_eq!(wrapped, None, "{command}");
        }
    }

    #[test]
    fn options_of_secrets_keys_and_tokens_have_a_heading_of_their_own() {
        fn check(command: &Command) {
            for arg in command.get_arguments() {
                let name = arg.get_id().as_str();
                let is_credential = matches!(
                    name,
                    "secret"
                        | "client_secret"
                        | "forward_secret"
                        | "resend_secret"
                        | "admin_token"
                        | "apps"
                        | "answer_with"
                        | "credentials"
                        | "api_url"
                        | "sign_with"
                ) || matches!((command.get_name(), name), ("mock-x", "signs" | "answers"));
                assert_eq!(arg.get_help_heading().is_some(), is_credential, "{command} --{name}");
            }
            command.get_subcommands().for_each(check);
        }
        tool().get_subcommands().for_each(check);
    }

    #[test]
    fn one_option_selects_the_api_in_every_command_that_manages_webhooks() {
        for name in ["webhooks", "subscriptions", "replay", "watch", "migrate"] {
            let tool = tool();
            let command = tool.find_subcommand(name).unwrap();
            let api = command.get_arguments().find(|arg| arg.get_long() == Some("api")).unwrap();
            let values: Vec<_> = api.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
            assert_eq!(values.get(..2).unwrap(), ["v2", "enterprise"], "{name}");
            let others = command.get_arguments().filter(|arg| !arg.is_hide_set());
            assert!(others.filter_map(|arg| arg.get_long()).all(|long| !long.contains("enterprise")), "{name}");
        }
    }
}
