//! Checks the files of deploy/ with the programs that read them. Builds no image: that needs a
//! registry of images, and a daemon.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::monitoring;
use crate::process::run;
use crate::step::Outcome;
use crate::tools;

const FOLDER: &str = "target/deploy";
const UNIT: &str = "deploy/birdhook.service";

/// The exposure of the unit that `systemd-analyze security` accepts, times 10. Without its settings
/// it is 96.
const EXPOSURE: &str = "13";

pub(crate) fn check() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped("it needs systemd".to_owned()));
    }
    fs::create_dir_all(FOLDER)?;
    prometheus()?;
    unit()?;
    Ok(Outcome::Passed("rules, dashboard and unit; the image is not built here".to_owned()))
}

/// Checks the rules, their tests, Prometheus' configuration, and the dashboard's expressions.
fn prometheus() -> Result<()> {
    let promtool = tools::of_debian("prometheus", "usr/bin/promtool")?;
    let check = |args: &[&str]| run(Command::new(&promtool).args(args));
    let dashboard = format!("{FOLDER}/dashboard.rules.yml");
    fs::write(&dashboard, monitoring::dashboard_rules()?)?;
    check(&["check", "rules", monitoring::RULES])?;
    check(&["check", "rules", &dashboard]).context("an expression of the dashboard is invalid")?;
    check(&["check", "config", "deploy/prometheus/prometheus.yml"])?;
    check(&["test", "rules", "deploy/prometheus/birdhook.rules.test.yml"])
}

/// Checks the unit, with another program in the place of the tool, which is not installed.
fn unit() -> Result<()> {
    tools::program("systemd-analyze", "systemd")?;
    let text = fs::read_to_string(UNIT)?;
    ensure!(text.contains("ExecStart=/usr/bin/birdhook "), "{UNIT} does not start /usr/bin/birdhook");
    let copy = Path::new(FOLDER).join("birdhook.service");
    fs::write(&copy, text.replace("/usr/bin/birdhook", "/bin/true"))?;
    run(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&copy))?;
    let security = ["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE, UNIT];
    run(Command::new("systemd-analyze").args(security)).context("the unit is less restricted than before")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::str::FromStr;

    use dockerfile_parser_rs::{Dockerfile, Instruction};
    use serde::Deserialize;

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn read(path: &str) -> String {
        fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The keys that the compose file uses. A misspelt one is refused.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Compose {
        #[serde(rename = "name")]
        _name: String,
        services: BTreeMap<String, Service>,
        volumes: BTreeMap<String, Option<()>>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Service {
        image: Option<String>,
        build: Option<Build>,
        #[serde(default)]
        command: Vec<String>,
        env_file: Option<String>,
        network_mode: Option<String>,
        #[serde(default)]
        ports: Vec<String>,
        #[serde(default)]
        volumes: Vec<String>,
        #[serde(default)]
        depends_on: Vec<String>,
        restart: String,
        #[serde(rename = "stop_grace_period")]
        _stop_grace_period: Option<String>,
        #[serde(default)]
        read_only: bool,
        cap_drop: Vec<String>,
        security_opt: Vec<String>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Build {
        context: String,
        dockerfile: String,
    }

    fn compose() -> Compose {
        serde_saphyr::from_str(&read("deploy/compose.yml")).unwrap()
    }

    #[test]
    fn the_compose_file_names_what_exists_and_opens_loopback_ports_only() {
        let Compose { services, volumes, .. } = compose();
        for (name, service) in &services {
            for volume in &service.volumes {
                let source = volume.split(':').next().unwrap();
                let exists = match source.strip_prefix("./") {
                    Some(path) => root().join("deploy").join(path).exists(),
                    None => volumes.contains_key(source),
                };
                assert!(exists, "{name}: {volume}");
            }
            assert!(service.ports.iter().all(|port| port.starts_with("127.0.0.1:")), "{name}: {:?}", service.ports);
            assert!(service.depends_on.iter().all(|other| services.contains_key(other)), "{name}");
            assert!(service.network_mode.as_ref().is_none_or(|mode| mode == "service:birdhook"), "{name}");
            assert_eq!((&*service.restart, &*service.cap_drop), ("unless-stopped", &["ALL".to_owned()][..]), "{name}");
            assert_eq!(service.security_opt, ["no-new-privileges:true"], "{name}");
            if let Some(image) = &service.image {
                let version = image.split_once(':').unwrap_or_else(|| panic!("{image} has no version")).1;
                assert!(version.contains(|c: char| c.is_ascii_digit()), "{image}");
            }
        }
        let gateway = &services["birdhook"];
        let build = gateway.build.as_ref().unwrap();
        assert!(root().join("deploy").join(&build.context).join(&build.dockerfile).is_file());
        assert!(gateway.read_only && root().join("deploy").join(gateway.env_file.as_ref().unwrap()).is_file());
    }

    #[test]
    fn prometheus_reads_the_address_that_the_gateway_serves() {
        let gateway = &compose().services["birdhook"];
        let admin = gateway.command.iter().find_map(|word| word.strip_prefix("--admin=")).unwrap();
        let config: serde_json::Value = serde_saphyr::from_str(&read("deploy/prometheus/prometheus.yml")).unwrap();
        let job = &config["scrape_configs"][0];
        assert_eq!((&job["job_name"], &job["static_configs"][0]["targets"][0]), (&"birdhook".into(), &admin.into()));
        for file in ["datasources/prometheus", "dashboards/birdhook"] {
            let text = read(&format!("deploy/grafana/provisioning/{file}.yml"));
            let parsed: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
            assert_eq!(parsed["apiVersion"], 1, "{file}");
        }
    }

    #[test]
    fn the_image_runs_the_tool_without_privileges_from_a_fixed_base() {
        let file = Dockerfile::from_str(&read("deploy/Dockerfile")).unwrap();
        let last = file.instructions.iter().rposition(|one| matches!(one, Instruction::From { .. })).unwrap();
        let (build, image) = file.instructions.split_at(last);
        for instruction in &file.instructions {
            if let Instruction::From { image, .. } = instruction {
                assert!(image.contains(':') && !image.ends_with(":latest"), "{image}");
            }
        }
        assert!(matches!(&image[0], Instruction::From { image, .. } if image.ends_with("debian12:nonroot")));
        assert!(image.iter().any(|one| matches!(one, Instruction::User { user, .. } if user == "65532")));
        let entry = image.iter().find_map(|one| match one {
            Instruction::Entrypoint(words) => Some(words.clone()),
            _ => None,
        });
        assert_eq!(entry.unwrap(), ["/usr/bin/birdhook"]);
        let is_of_toolchain = |one: &Instruction| {
            let Instruction::From { image, .. } = one else { return false };
            image.starts_with("rust:") && image.ends_with("-bookworm")
        };
        assert!(build.iter().any(is_of_toolchain), "built on another Debian than it runs on");
    }

    #[test]
    fn secrets_stay_out_of_the_image() {
        assert!(read("deploy/Dockerfile.dockerignore").lines().any(|line| line == "deploy/*.env"));
    }
}
