//! Tests of the rules with planted violations.

use super::*;

fn needs(edges: &[(&str, &[&str])]) -> Needs {
    edges.iter().map(|(name, asks)| ((*name).to_owned(), asks.iter().map(|&ask| ask.to_owned()).collect())).collect()
}

#[test]
fn a_runtime_deep_below_the_core_is_found_with_its_way() {
    let needs = needs(&[
        ("birdhook-core", &["bytes", "jiff"]),
        ("birdhook-pipeline", &["birdhook-core", "tokio"]),
        ("jiff", &["harmless", "bytes"]),
        ("harmless", &["tokio-util", "jiff"]),
        ("tokio-util", &["tokio"]),
    ]);
    assert_eq!(
        kept_out(&needs, "birdhook-core", NOT_IN_CORE),
        [
            "not in birdhook-core: birdhook-core -> jiff -> harmless -> tokio-util",
            "not in birdhook-core: birdhook-core -> jiff -> harmless -> tokio-util -> tokio"
        ]
    );
}

#[test]
fn names_are_compared_whole_unless_the_rule_has_a_star() {
    let needs = needs(&[("core", &["httpdate-like", "time-core", "axum-core", "http"])]);
    assert_eq!(
        kept_out(&needs, "core", &["http", "time", "axum*"]),
        ["not in core: core -> axum-core", "not in core: core -> http"]
    );
}

#[test]
fn dependencies_against_the_layers_are_found() {
    let needs = needs(&[
        ("birdhook", &["birdhook-core", "birdhook-axum", "serde"]),
        ("birdhook-core", &["birdhook-pipeline", "serde"]),
        ("birdhook-tower", &["birdhook-pipeline", "birdhook-axum"]),
        ("birdhook-pipeline", &["birdhook-core", "birdhook-fork"]),
    ]);
    assert_eq!(
        wrong_ways(&needs, MAY_NEED),
        [
            "birdhook-core must not depend on birdhook-pipeline",
            "birdhook-pipeline must not depend on birdhook-fork",
            "birdhook-tower must not depend on birdhook-axum"
        ]
    );
}

#[test]
fn a_package_that_nobody_has_placed_is_found() {
    let broken = wrong_ways(&needs(&[("birdhook-new", &[])]), MAY_NEED);
    assert!(matches!(&broken[..], [one] if one.starts_with("birdhook-new is not in the table")), "{broken:?}");
}

/// Each line may name only earlier lines, so the table cannot contain a cycle.
#[test]
fn the_table_is_in_order() {
    for (at, (name, allowed)) in MAY_NEED.iter().enumerate() {
        for ask in *allowed {
            assert!(MAY_NEED[..at].iter().any(|(earlier, _)| earlier == ask), "{name} may need {ask}");
        }
    }
}

#[test]
fn lints_must_be_inherited_and_forbid_unsafe_code() {
    let table = |text: &str| text.parse::<Table>().unwrap();
    assert!(inherits_lints(&table("[package]\nname = \"a\"\n[lints]\nworkspace = true")));
    for bad in ["[package]\nname = \"a\"", "[lints]\nworkspace = false", "[lints.rust]\nunsafe_code = \"forbid\""] {
        assert!(!inherits_lints(&table(bad)), "{bad}");
    }
    assert!(forbids_unsafe(&table("[workspace.lints.rust]\nunsafe_code = \"forbid\"")));
    for bad in
        ["[workspace]", "[workspace.lints.rust]\nunsafe_code = \"deny\"", "[lints.rust]\nunsafe_code = \"forbid\""]
    {
        assert!(!forbids_unsafe(&table(bad)), "{bad}");
    }
}

#[test]
fn a_test_file_that_is_not_declared_is_found() {
    let folder = std::env::temp_dir().join(format!("birdhook-rules-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let root = folder.join("main.rs");
    for (name, text) in [("main.rs", "//! Tests.\n\nmod keys;\n"), ("keys.rs", ""), ("orphan.rs", ""), ("a.json", "")] {
        fs::write(folder.join(name), text).unwrap();
    }
    let broken = undeclared(&root).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(&broken[..], [one] if one.ends_with("lacks `mod orphan;`")), "{broken:?}");
}

#[test]
fn the_tree_is_read_by_its_depths() {
    let tree = "0 core v0.1.0 (/core)\n1 a v1.0.0\n2 b v1.0.0\n3 c v1.0.0\n2 d v1.0.0\n1 d v1.0.0 (*)\n";
    assert_eq!(read_tree(tree).unwrap(), needs(&[("core", &["a", "d"]), ("a", &["b", "d"]), ("b", &["c"])]),);
    assert_eq!(read_tree("core v0.1.0"), None);
}

#[test]
fn this_workspace_is_read() {
    let core = resolved("birdhook-core").unwrap();
    assert!(core["birdhook-core"].contains("bytes"));
    assert!(!core["birdhook-core"].contains("proptest"), "a dev-dependency counts");
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
    let declared = declared(&MetadataCommand::new().manifest_path(root).no_deps().exec().unwrap());
    assert!(declared["birdhook-pipeline"].contains("birdhook-core"));
    assert!(!declared["birdhook-core"].contains("proptest"), "a dev-dependency counts");
    assert!(!declared.contains_key("xtask"));
}
