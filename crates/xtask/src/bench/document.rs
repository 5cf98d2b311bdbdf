//! Sections of docs/performance.md. Two comments enclose each section, so that one can be replaced.

use anyhow::{Result, bail};

/// Returns the text with the content of this section replaced.
pub(super) fn replace(text: &str, section: &str, content: &str) -> Result<String> {
    let (before, _, after) = split(text, section)?;
    Ok(format!("{before}\n{}\n{after}", content.trim()))
}

/// Returns the content of this section.
pub(super) fn content<'a>(text: &'a str, section: &str) -> Result<&'a str> {
    Ok(split(text, section)?.1.trim())
}

/// Splits the text into the parts before, inside and after the section's comments.
fn split<'a>(text: &'a str, section: &str) -> Result<(&'a str, &'a str, &'a str)> {
    let (open, close) = (format!("<!-- bench:{section} -->"), format!("<!-- /bench:{section} -->"));
    for comment in [&open, &close] {
        match text.matches(comment.as_str()).count() {
            1 => {}
            count => bail!("expected `{comment}` once, found it {count} times"),
        }
    }
    let start = text.find(&open).unwrap_or_default() + open.len();
    let (before, rest) = text.split_at(start);
    match rest.find(&close) {
        Some(end) => Ok((before, &rest[..end], &rest[end..])),
        None => bail!("`{close}` comes before `{open}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Title\n\n<!-- bench:core -->\nold\n\n| a |\n<!-- /bench:core -->\n\nwords\n\n<!-- bench:peers -->\n<!-- /bench:peers -->\nend\n";

    #[test]
    fn only_the_section_changes() {
        let once = replace(TEXT, "core", "\n\nnew\n\n").unwrap();
        let wanted = TEXT.replace("old\n\n| a |", "new");
        assert_eq!(once, wanted);
        assert_eq!(replace(&once, "core", "new").unwrap(), wanted, "again, nothing changes");
        assert_eq!(content(&once, "core").unwrap(), "new");
    }

    #[test]
    fn an_empty_section_is_filled() {
        let filled = replace(TEXT, "peers", "figures").unwrap();
        assert!(filled.ends_with("<!-- bench:peers -->\nfigures\n<!-- /bench:peers -->\nend\n"), "{filled}");
        assert_eq!(content(TEXT, "peers").unwrap(), "");
    }

    #[test]
    fn comments_that_are_missing_or_doubled_are_refused() {
        assert!(replace(TEXT, "inbox", "x").unwrap_err().to_string().contains("bench:inbox"));
        assert!(replace(&TEXT.replace("<!-- /bench:core -->", ""), "core", "x").is_err());
        assert!(replace(&format!("{TEXT}{TEXT}"), "core", "x").is_err());
        assert!(replace("<!-- /bench:core --><!-- bench:core -->", "core", "x").is_err());
    }
}
