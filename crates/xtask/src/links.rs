//! The links of Markdown pages.

/// The new form of a link.
pub(crate) enum Link {
    Keep,
    To(String),
    /// Its text stays.
    Remove,
}

/// Passes the target of every link to a file of the project to `choose`. Links to other places and
/// within the page stay, and so does code.
pub(crate) fn rewrite(page: &str, mut choose: impl FnMut(&str) -> Link) -> String {
    let mut is_code = false;
    let mut result = String::with_capacity(page.len());
    for line in page.split_inclusive('\n') {
        is_code ^= line.starts_with("```");
        // A definition, as in `[name]: target`, has its target at the end of the line.
        let definition = line.split_once("]: ").filter(|(name, _)| name.starts_with('[') && !name.contains(']'));
        let (separator, end) = if definition.is_some() { ("]: ", '\n') } else { ("](", ')') };
        let mut parts = line.split(separator);
        result.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (target, rest) = part.split_at(part.find([end, '\n']).unwrap_or(part.len()));
            let is_file = !is_code && !target.starts_with('#') && !target.contains(':');
            match if is_file { choose(target) } else { Link::Keep } {
                Link::Keep => result.extend([separator, part]),
                Link::To(target) => result.extend([separator, &target, rest]),
                Link::Remove => {
                    if let Some(start) = result.rfind('[') {
                        result.remove(start);
                    }
                    result.push_str(rest.strip_prefix(end).unwrap_or(rest));
                }
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_files_are_passed() {
        let page =
            "[a](docs/a.md#part), [b](https://docs.rs/b), [c](#c), [d](e)\n\n```rust\nf[0](x)\n```\n[m]: ../m.rs\n";
        let mut seen = Vec::new();
        let rewritten = rewrite(page, |target| {
            seen.push(target.to_owned());
            match target {
                "e" => Link::Remove,
                "../m.rs" => Link::Keep,
                _ => Link::To(format!("base/{target}")),
            }
        });
        assert_eq!(seen, ["docs/a.md#part", "e", "../m.rs"]);
        let expected =
            "[a](base/docs/a.md#part), [b](https://docs.rs/b), [c](#c), d\n\n```rust\nf[0](x)\n```\n[m]: ../m.rs\n";
        assert_eq!(rewritten, expected);
    }
}
