//! The configuration file of `birdhook listen`.

use std::fs;

use serde_json::Value;

use crate::support::{Ended, Folder, Serving, birdhook, end, like, run, texts};

const EXAMPLE: &str = include_str!("../../../deploy/birdhook.toml");

/// Runs the tool without the secret that its environment has in other tests.
fn without_secret(args: &[&str], variables: &[(&str, &str)]) -> Ended {
    end(birdhook(args).env_remove("BIRDHOOK_CONSUMER_SECRET").envs(variables.iter().copied()))
}

fn check(path: &str) -> Ended {
    without_secret(&["config", "check", path], &[("SHOP", "shop-secret")])
}

/// Makes a file readable only by its owner, or by all.
#[cfg(unix)]
fn set_mode(path: &str, mode: u32) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn each_option_of_listen_is_in_the_example() {
    let page = include_str!("../../../docs/cli/listen.md");
    let items = page.lines().filter_map(|line| line.strip_prefix("- `")?.split_once('`'));
    let options = items.filter_map(|(item, _)| item.split_once("--")?.1.split(' ').next());
    let options: Vec<_> = options.filter(|option| *option != "config").collect();
    assert!(options.len() > 25 && options.contains(&"quiet") && options.contains(&"exec"), "{options:?}");
    for option in options {
        let key = option.replace('-', "_");
        let is_explained =
            EXAMPLE.lines().any(|line| line.strip_prefix('#').unwrap_or(line).starts_with(&format!("{key} = ")));
        assert!(is_explained, "{option} is missing: run `birdhook config example > deploy/birdhook.toml`");
    }
}

#[test]
fn the_example_is_the_one_that_the_tool_prints_and_is_valid() {
    let printed = run(&["config", "example"]).exits(0).stdout;
    assert!(printed == EXAMPLE, "run `birdhook config example > deploy/birdhook.toml`");
    let folder = Folder::new("config-example");
    let file = folder.file("birdhook.toml", EXAMPLE);
    run(&["config", "check", &file]).exits(0).prints(&["birdhook.toml is valid"]);
    // Each line is valid by itself, apart from placeholders.
    let unquoted: String = EXAMPLE
        .lines()
        .map(|line| line.strip_prefix('#').unwrap_or(line))
        .filter(|line| line.contains(" = "))
        .fold(String::new(), |text, line| text + line + "\n");
    assert!(unquoted.lines().count() > 20 && !unquoted.contains("= \n"), "{unquoted}");
}

#[test]
fn a_receiver_takes_its_settings_from_the_file_and_options_override_them() {
    let folder = Folder::new("config-precedence");
    let other = folder.path("other");
    let text = "quiet = true\npath = '/from-file'\ninbox = 'inbox'\njson = true\n\n[[apps]]\nname = 'shop'\nclient_secret = '${SHOP}'\n";
    let file = folder.file("birdhook.toml", text);
    let listen = |more: &[&str]| {
        let args = [&["listen", "--config", &file], more].concat();
        let mut command = birdhook(&args);
        command.env_remove("BIRDHOOK_CONSUMER_SECRET").env("SHOP", "shop-secret");
        Serving::start_command(&mut command)
    };
    let trigger = |url: &str, secret: &str| {
        let args = ["trigger", url, "like.create", "--api", "xaa", "--json"];
        without_secret(&args, &[("BIRDHOOK_CLIENT_SECRET", secret)])
    };
    let listening = listen(&[]);
    assert!(listening.url.ends_with("/from-file"), "{}", listening.url);
    trigger(&listening.url, "shop-secret").answered("200", 1);
    trigger(&listening.url, "another-secret").answered("401", 1);
    let event: Value = listening.json();
    assert_eq!(event["app"], "shop");
    listening.stop();
    assert!(fs::exists(folder.path("inbox")).unwrap(), "a relative path is one of the file's folder");

    let listening = listen(&["--path", "/from-option", "--inbox", &other]);
    assert!(listening.url.ends_with("/from-option"), "{}", listening.url);
    listening.stop();
    assert!(fs::exists(&other).unwrap());

    let blog = folder.file("blog", "blog-secret");
    let app = format!("blog={blog}");
    let listening = listen(&["--app", &app]);
    trigger(&listening.url, "shop-secret").answered("401", 1);
    listening.stop();
}

#[test]
fn several_apps_have_secrets_from_variables_and_files() {
    let folder = Folder::new("config-apps");
    fs::create_dir_all(folder.path("secrets")).unwrap();
    folder.file("secrets/blog", "blog-secret\n");
    let text = "quiet = true\njson = true\n[[apps]]\nname = 'shop'\nclient_secret = ['${SHOP}', '${OLD}']\n\
                [[apps]]\nname = 'blog'\nconsumer_secret_file = 'secrets/blog'\n";
    let file = folder.file("birdhook.toml", text);
    let mut command = birdhook(&["listen", "--config", &file]);
    // The default variable does not add an app.
    command.env("BIRDHOOK_CONSUMER_SECRET", "ignored").env("SHOP", "new-secret").env("OLD", "old-secret");
    let listening = Serving::start_command(&mut command);
    let like = ["trigger", &listening.url, "like.create", "--api", "xaa", "--json"];
    for (variable, secret, status) in [
        ("BIRDHOOK_CLIENT_SECRET", "new-secret", "200"),
        ("BIRDHOOK_CLIENT_SECRET", "old-secret", "200"),
        ("BIRDHOOK_CONSUMER_SECRET", "blog-secret", "200"),
        ("BIRDHOOK_CONSUMER_SECRET", "ignored", "401"),
    ] {
        without_secret(&like, &[(variable, secret)]).answered(status, 1);
    }
    let (lines, _) = listening.stop();
    let events: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(texts(&events, "app"), ["shop", "shop", "blog"]);
}

#[test]
fn a_target_of_the_file_receives_events() {
    let folder = Folder::new("config-targets");
    let text = "inbox = 'inbox'\n[[targets]]\nname = 'copy'\nexec = ['./copy.sh']\n";
    let file = folder.file("birdhook.toml", text);
    let script = folder.file("copy.sh", "#!/bin/sh\ncat > \"$(dirname \"$0\")/copied.tmp\"\nmv \"$(dirname \"$0\")/copied.tmp\" \"$(dirname \"$0\")/copied\"\n");
    #[cfg(unix)]
    set_mode(&script, 0o755);
    let listening = Serving::start(&["listen", "--config", &file]);
    like(&listening.url, &[]).answered("200", 1);
    let copied = folder.path("copied");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !fs::exists(&copied).unwrap() {
        assert!(std::time::Instant::now() < until, "no event within 20 s");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(fs::read_to_string(&copied).unwrap().contains("liked"));
    listening.stop();
}

#[test]
fn a_file_with_a_problem_is_refused_with_its_line_and_the_nearest_key() {
    let folder = Folder::new("config-problems");
    let file = folder.file("birdhook.toml", "\npth = '/x'\n");
    let refused = run(&["listen", "--config", &file]).exits(2);
    assert_eq!(refused.stderr, format!("error: {file}:2: unknown key `pth`\ntry: use `path`\n"));
    let json = run(&["listen", "--config", &file, "--json"]).exits(2);
    let error: Value = serde_json::from_str(&json.stderr).unwrap();
    assert_eq!((error["code"].as_str(), error["try"].as_str()), (Some("invalid_file"), Some("use `path`")));

    let file = folder.file("birdhook.toml", "addr = 'x'\npth = '/x'\n");
    run(&["listen", "--config", &file]).exits(2).says(&[
        "birdhook.toml:1: invalid `addr` \"x\": invalid socket address syntax",
        &format!("for all problems, run `birdhook config check {file}`"),
    ]);
    let missing = folder.path("missing.toml");
    run(&["listen", "--config", &missing]).refused(&format!("cannot read {missing}"));
    let later = folder.file("birdhook.toml", "version = 2\nunknown = 1\n");
    run(&["listen", "--config", &later]).refused("has version 2, but this version of birdhook reads versions up to 1");
}

#[test]
fn a_check_reports_all_problems_in_order_with_exit_code_1() {
    let folder = Folder::new("config-check");
    let text = "addr = 'x'\npth = '/x'\nmax_attempts = 0\nnats = '${NOT_SET}'\n[[apps]]\nname = 'a'\nclient_secre = '${SHOP}'\n";
    let file = folder.file("birdhook.toml", text);
    let expected = [
        (1, "addr", "invalid `addr` \"x\": invalid socket address syntax", "run `birdhook listen --help`"),
        (2, "pth", "unknown key `pth`", "use `path`"),
        (3, "max_attempts", "invalid `max_attempts` 0: 0 is not in 1..", "run `birdhook listen --help`"),
        (4, "nats", "invalid `nats`: the variable NOT_SET is not set", "set the variable"),
        (7, "client_secre", "unknown key `client_secre`", "use `client_secret`"),
    ];
    let checked = check(&file).exits(1);
    let lines: Vec<_> = checked.stdout.lines().collect();
    assert_eq!(lines.len(), 2 * expected.len(), "{checked}");
    for ((line, _, message, fix), printed) in expected.iter().zip(lines.chunks(2)) {
        assert!(printed[0].starts_with(&format!("{file}:{line}: {message}")), "{printed:?}");
        assert!(printed[1].starts_with(&format!("    try: {fix}")), "{printed:?}");
    }
    let json = without_secret(&["config", "check", &file, "--json"], &[]).exits(1).json().remove(0);
    assert_eq!(json["valid"], false);
    let problems = json["problems"].as_array().unwrap();
    for ((line, key, ..), problem) in expected.iter().zip(problems) {
        assert_eq!((problem["line"].as_u64(), problem["key"].as_str()), (Some(*line), Some(*key)));
    }
}

#[test]
fn options_that_cannot_be_combined_are_reported_with_their_line() {
    let folder = Folder::new("config-conflict");
    let file = folder.file("birdhook.toml", "# attempts\nmax_attempts = 3\n");
    run(&["config", "check", &file]).exits(1).prints(&[&format!("{file}:2: `max_attempts`: "), "--inbox <DIR>"]);
    run(&["listen", "--config", &file])
        .exits(2)
        .says(&["--inbox <DIR>", &format!("`max_attempts` is in line 2 of {file}")]);
    let file = folder.file("birdhook.toml", "inbox = 'i'\n");
    let conflict = run(&["listen", "--config", &file, "--record", "r"]).exits(2);
    conflict.says(&["cannot be used with", &format!("cause: `inbox` is in line 1 of {file}")]);
    assert!(!fs::exists(folder.path("i")).unwrap());
}

#[test]
fn a_check_prints_the_settings_in_effect_without_secrets() {
    let folder = Folder::new("config-effective");
    let text =
        "path = '/x'\nnats = 'nats://me:${SHOP}@host:4222'\n[[apps]]\nname = 'shop'\nclient_secret = '${SHOP}'\n";
    let file = folder.file("birdhook.toml", text);
    let checked = check(&file).exits(0).hides(&["shop-secret"]);
    let line = |start: &str| {
        checked.stdout.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}: {checked}"))
    };
    assert!(line("path = \"/x\" ").ends_with("# line 1"));
    assert!(line("addr = \"127.0.0.1:8080\" ").ends_with("# default"));
    assert!(line("max_attempts = 10 ").ends_with("# default"));
    assert!(line("nats = \"***\" ").ends_with("# line 2"));
    assert!(line("[[apps]] shop ").ends_with("# client secret"));
    let variables = [("SHOP", "shop-secret"), ("BIRDHOOK_REDIS_URL", "redis://me:hunter2@host")];
    let file = folder.file("birdhook.toml", &text.replace("nats = ", "stream = 's' #"));
    let json = without_secret(&["config", "check", &file, "--json"], &variables).exits(0).hides(&["hunter2"]);
    let json = json.json().remove(0);
    let redis = json["settings"].as_array().unwrap().iter().find(|value| value["key"] == "redis").unwrap().clone();
    assert_eq!(
        (redis["value"].as_str(), redis["source"].as_str()),
        (Some("\"${BIRDHOOK_REDIS_URL}\""), Some("environment"))
    );
    // Without a secret, nothing could be received.
    let file = folder.file("birdhook.toml", "path = '/x'\n");
    check(&file).exits(1).prints(&["no secret"]);
}

#[cfg(unix)]
#[test]
fn a_file_with_a_secret_must_be_readable_only_by_its_owner() {
    let folder = Folder::new("config-private");
    for (text, key) in [
        ("[[apps]]\nname = 'a'\nclient_secret = 'literal-secret'\n", "client_secret"),
        ("[[apps]]\nname = 'a'\nclient_secret = ['${SHOP}', 'literal-secret']\n", "client_secret"),
        ("nats = 'nats://me:literal-secret@host'\n[[apps]]\nname = 'a'\nclient_secret = '${SHOP}'\n", "nats"),
    ] {
        let file = folder.file("birdhook.toml", text);
        set_mode(&file, 0o640);
        let refused = check(&file).exits(1).hides(&["literal-secret"]);
        refused.prints(&[&format!("`{key}` contains a secret, but other users can read the file (mode 0640)")]);
        set_mode(&file, 0o600);
        check(&file).exits(0).hides(&["literal-secret"]);
    }
    let file = folder.file("birdhook.toml", "[[apps]]\nname = 'a'\nclient_secret = '${SHOP}'\n");
    set_mode(&file, 0o644);
    check(&file).exits(0);
}
