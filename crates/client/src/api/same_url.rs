use http::Uri;

/// Returns whether two URLs are equal. Ignores the case of the scheme and the host.
pub fn same_url(one: &str, other: &str) -> bool {
    let parts = |url: &str| {
        let url: Uri = url.parse().ok()?;
        let authority = url.authority()?.as_str().to_ascii_lowercase();
        Some((url.scheme_str()?.to_ascii_lowercase(), authority, url.path_and_query()?.as_str().to_owned()))
    };
    match (parts(one), parts(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_of_the_host_does_not_count() {
        for (one, other, is_same) in [
            ("https://app.example/Hook?a=B", "HTTPS://App.Example/Hook?a=B", true),
            ("https://app.example", "https://app.example/", true),
            ("https://app.example/hook", "https://app.example/Hook", false),
            ("https://app.example/hook", "https://app.example/hook/", false),
            ("https://app.example/?a=b", "https://app.example/?a=B", false),
            ("https://app.example/", "https://api.example/", false),
            ("nonsense ", "nonsense ", true),
            ("nonsense ", "https://app.example/", false),
        ] {
            assert_eq!(same_url(one, other), is_same, "{one} {other}");
            assert_eq!(same_url(other, one), is_same, "{other} {one}");
        }
    }
}
