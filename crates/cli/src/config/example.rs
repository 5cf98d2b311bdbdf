//! The example of a configuration file, made from the options of `birdhook listen`.

use clap::{Arg, Command};

use super::setting::{is_list, is_switch, key, literal, options};

const WIDTH: usize = 98;

const HEAD: &str = r#"# Settings of `birdhook listen --config FILE`. Check them with `birdhook config check FILE`.
#
# - Each key is an option of `birdhook listen`, which overrides it. A key overrides an environment
#   variable such as BIRDHOOK_NATS_URL.
# - "${NAME}" in a text is replaced by an environment variable, which must be set. "$${" is "${".
# - Relative paths are those of the folder of this file.
# - A secret comes from a variable or a file. If this file itself contains one, only its owner may
#   have access to it (mode 0600).
"#;

const TAIL: &str = r#"
# Apps that share the URL, instead of `app` and `client_secret`. An app has one kind of secret or
# both. A list of secrets, or several lines of a file, serve a rotation: the first one answers
# challenges. This file and those of secrets are read again when they change.
#[[apps]]
#name = "shop"
#client_secret = "${SHOP_CLIENT_SECRET}"
#consumer_secret_file = "secrets/shop-consumer"
#hold_challenges = false            # true: answer challenges 503, for minutes of a rotation

# Programs that receive events, besides `forward` and `exec`. Several of them need `inbox`.
#[[targets]]
#name = "orders"                    # lower-case letters, digits, - and _
#url = "http://127.0.0.1:3000/x"    # or exec = ["./program", "argument"]
#mode = "event"                     # or "cloud-event" or "raw"
#kinds = ["liked", "followed"]      # defaults to all
#subscribers = ["2001"]             # defaults to all
#concurrency = 8
#timeout = 10.0                     # seconds
#max_attempts = 10
#in_order = false
#secrets = ["${ORDERS_SECRET}"]     # whsec_...; or a variable's name or a file; two for a rotation
"#;

/// Returns the example, with a comment for each setting.
pub(crate) fn example(listen: &Command) -> String {
    let mut headings: Vec<Option<&str>> = Vec::new();
    for arg in options(listen) {
        if !headings.contains(&arg.get_help_heading()) {
            headings.push(arg.get_help_heading());
        }
    }
    let mut text = HEAD.to_owned();
    for heading in headings {
        if let Some(heading) = heading {
            text += &format!("\n## {heading}\n");
        }
        for arg in options(listen).filter(|arg| arg.get_help_heading() == heading) {
            text += &format!("\n{}#{} = {}\n", comment(arg), key(arg), value(arg));
        }
    }
    text + TAIL
}

/// Returns the help of an option as a comment.
fn comment(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let (mut lines, mut line) = (String::new(), String::from("#"));
    for word in help.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            lines += &format!("{line}\n");
            "#".clone_into(&mut line);
        }
        line += &format!(" {word}");
    }
    lines + line.trim_end() + if help.ends_with('.') { "\n" } else { ".\n" }
}

/// Returns the default of an option, or what to write there.
fn value(arg: &Arg) -> String {
    if is_switch(arg) {
        return "false".to_owned();
    }
    let names = arg.get_value_names().unwrap_or_default();
    let defaults = arg.get_default_values();
    let texts: Vec<String> = match defaults {
        [] => names.iter().map(|name| literal(name)).collect(),
        _ => defaults.iter().map(|default| bare(&default.to_string_lossy())).collect(),
    };
    if is_list(arg) { format!("[{}]", texts.join(", ")) } else { texts.concat() }
}

/// Returns a number as it is, and another text in quotes.
pub(crate) fn bare(text: &str) -> String {
    let is_number = text.parse::<i64>().is_ok() || text.parse::<f64>().is_ok_and(f64::is_finite);
    if is_number || matches!(text, "true" | "false") { text.to_owned() } else { literal(text) }
}
