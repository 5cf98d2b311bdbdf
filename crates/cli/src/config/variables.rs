//! Replaces `${NAME}` in the texts of a file with environment variables.

/// Returns the text with each `${NAME}` replaced by the value that `variable` returns. `None` if the
/// text has none. `$${` is written as `${`.
///
/// # Errors
/// Names the variable that is not set, or the part that cannot be a variable. Never repeats a value.
pub(super) fn expand(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Option<String>, String> {
    if !text.contains("${") {
        return Ok(None);
    }
    let (mut expanded, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            expanded += before;
            expanded += "${";
            rest = after;
            continue;
        }
        expanded += before;
        let (name, after) = after.split_once('}').ok_or("`${` without `}`")?;
        if !is_name(name) {
            return Err(format!("`${{{name}}}` is not a variable"));
        }
        expanded += &variable(name).ok_or_else(|| format!("the variable {name} is not set"))?;
        rest = after;
    }
    Ok(Some(expanded + rest))
}

/// Returns whether all of the text comes from variables, apart from separators.
pub(super) fn is_only_variables(text: &str) -> bool {
    let literal = text.split("${").enumerate().map(|(at, part)| match at {
        0 => part,
        _ => part.split_once('}').map_or(part, |(_, after)| after),
    });
    literal.flat_map(str::chars).all(|letter| letter.is_whitespace() || letter == ',')
}

/// Returns the names of the variables in a text.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|part| Some(part.split_once('}')?.0))
}

fn is_name(name: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    name.chars().all(is_part) && name.starts_with(|letter: char| !letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<Option<String>, String> {
        expand(text, |name| match name {
            "HOST" => Some("shop".to_owned()),
            "NESTED" => Some("${HOST}".to_owned()),
            "_EMPTY1" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn each_variable_is_replaced_once() {
        for (text, expected) in [
            ("no $HOST", None),
            ("https://${HOST}:${_EMPTY1}/${HOST}", Some("https://shop:/shop")),
            ("${NESTED}", Some("${HOST}")),
            ("a $${HOST} b", Some("a ${HOST} b")),
            ("$$${HOST}", Some("$${HOST}")),
        ] {
            assert_eq!(expanded(text), Ok(expected.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn an_unset_variable_and_a_wrong_name_are_errors() {
        for (text, expected) in [
            ("x${PORT}", "the variable PORT is not set"),
            ("${HOST", "`${` without `}`"),
            ("${}", "`${}` is not a variable"),
            ("${1A}", "`${1A}` is not a variable"),
            ("${HOST:-x}", "`${HOST:-x}` is not a variable"),
        ] {
            assert_eq!(expanded(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_text_is_only_variables_without_other_letters() {
        assert!(is_only_variables("${A}") && is_only_variables("${A}, ${B}") && is_only_variables(""));
        assert!(!is_only_variables("x${A}") && !is_only_variables("${A}x") && !is_only_variables("secret"));
    }
}
