//! A report on a receiver, to show to others.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Result, bail};
use birdhook::client::redact_url;
use birdhook_doctor::{CheckResult, CheckStatus, Diagnosis};
use birdhook_testkit::now;

use super::X_PAGE;
use super::text::{counts, section};
use crate::error::{Code, Failure};
use crate::output::shown;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Html,
    Markdown,
}

impl Format {
    /// Returns the format that the name of the file ends with.
    pub(super) fn of(path: &Path) -> Result<Self> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("html" | "htm") => Ok(Self::Html),
            Some("md") => Ok(Self::Markdown),
            _ => {
                let message = format!("unknown format of the report {}", path.display());
                bail!(Failure::new(Code::Usage, message, "pass a name that ends in .html or .md"))
            }
        }
    }
}

/// One block of a report.
enum Block {
    Title(String),
    Heading(&'static str),
    Finding(String),
    Paragraph(String),
    List(Vec<(&'static str, String)>),
}

/// Returns the report. A result contains no secret; this also removes the query of the URL, which
/// may contain one.
pub(super) fn write(diagnosis: &Diagnosis, format: Format) -> String {
    let query = diagnosis.url().split_once('?').map(|(_, query)| query).filter(|query| !query.is_empty());
    let clean = |text: &str| shown(&query.map_or_else(|| text.to_owned(), |query| text.replace(query, "***")));
    let mut text = match format {
        Format::Html => HTML_BEGIN.to_owned(),
        Format::Markdown => String::new(),
    };
    for block in blocks(diagnosis, clean) {
        match format {
            Format::Html => html(&mut text, block),
            Format::Markdown => markdown(&mut text, block),
        }
    }
    if format == Format::Html {
        text += "</body>\n</html>\n";
    }
    text
}

fn blocks(diagnosis: &Diagnosis, clean: impl Fn(&str) -> String) -> Vec<Block> {
    let of = |status| diagnosis.results().iter().filter(move |result| result.status() == status);
    let title = |result: &CheckResult| format!("{} ({})", result.proves(), result.check());
    let mut blocks = vec![
        Block::Title(format!("Webhook receiver: {}", diagnosis.verdict().summary())),
        Block::Paragraph(clean(&diagnosis.verdict().to_string())),
        Block::List(vec![
            ("URL", shown(&redact_url(diagnosis.url()))),
            ("checks", counts(diagnosis)),
            ("examined", format!("{}, by birdhook {}", now(), env!("CARGO_PKG_VERSION"))),
            ("rules of X", X_PAGE.to_owned()),
        ]),
    ];
    let mut heading = "";
    for finding in diagnosis.findings() {
        if section(finding) != heading {
            heading = section(finding);
            blocks.push(Block::Heading(heading));
        }
        let sign = if finding.status() == CheckStatus::Warned { "warning" } else { "failed" };
        blocks.push(Block::Finding(format!("{sign}: {}", title(finding))));
        let details = [
            ("observed", Some(finding.observed())),
            ("cause", finding.cause()),
            ("fix", finding.fix()),
            ("response", finding.evidence()),
            ("what X does", Some(finding.consequence())),
        ];
        let details = details.into_iter().filter_map(|(name, text)| Some((name, clean(text?))));
        blocks.push(Block::List(details.collect()));
    }
    for (heading, status) in [("Passed", CheckStatus::Passed), ("Skipped", CheckStatus::Skipped)] {
        let list: Vec<_> =
            of(status).map(|one| (one.check(), clean(&format!("{}: {}", one.proves(), one.observed())))).collect();
        if !list.is_empty() {
            blocks.push(Block::Heading(heading));
            blocks.push(Block::List(list));
        }
    }
    blocks
}

const HTML_BEGIN: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Webhook receiver</title>\n\
    <style>body{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}dt{font-weight:bold}\
    dd{margin:0 0 .5em 1em;overflow-wrap:anywhere}h3{margin-bottom:.2em}</style>\n<body>\n";

fn html(text: &mut String, block: Block) {
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let mut element = |name: &str, inner: &str| {
        let _ = writeln!(text, "<{name}>{}</{name}>", escaped(inner));
    };
    match block {
        Block::Title(title) => element("h1", &title),
        Block::Heading(heading) => element("h2", heading),
        Block::Finding(title) => element("h3", &title),
        Block::Paragraph(inner) => element("p", &inner),
        Block::List(items) => {
            let items = items.iter().map(|(name, item)| format!("<dt>{name}</dt><dd>{}</dd>\n", escaped(item)));
            let _ = writeln!(text, "<dl>\n{}</dl>", items.collect::<String>());
        }
    }
}

fn markdown(text: &mut String, block: Block) {
    // Text of the receiver must not become markup.
    let escaped = |text: &str| {
        let special = |letter: char| matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '&');
        let parts = text.chars().flat_map(|letter| special(letter).then_some('\\').into_iter().chain([letter]));
        parts.collect::<String>()
    };
    let _ = match block {
        Block::Title(title) => writeln!(text, "# {}\n", escaped(&title)),
        Block::Heading(heading) => writeln!(text, "## {heading}\n"),
        Block::Finding(title) => writeln!(text, "### {}\n", escaped(&title)),
        Block::Paragraph(inner) => writeln!(text, "{}\n", escaped(&inner)),
        Block::List(items) => {
            let items = items.iter().map(|(name, item)| format!("- {}: {}\n", escaped(name), escaped(item)));
            writeln!(text, "{}", items.collect::<String>())
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_file_selects_the_format() {
        assert_eq!(Format::of(Path::new("a/report.html")).unwrap(), Format::Html);
        assert_eq!(Format::of(Path::new("report.md")).unwrap(), Format::Markdown);
        assert!(Format::of(Path::new("report.txt")).is_err());
    }

    #[test]
    fn text_of_the_receiver_does_not_become_markup() {
        let block = || Block::List(vec![("observed", "<b>*x*</b> & [a](b)".to_owned())]);
        let (mut page, mut text) = (String::new(), String::new());
        html(&mut page, block());
        markdown(&mut text, block());
        assert!(page.contains("&lt;b&gt;*x*&lt;/b&gt; &amp; [a](b)"), "{page}");
        assert!(text.contains("\\<b\\>\\*x\\*\\</b\\> \\& \\[a\\](b)"), "{text}");
    }
}
