//! Makes the calls of transcripts.txt, and compares the responses.

use serde_json::Value;

use crate::mock::receiver::Crc;
use crate::mock::signer::encode;
use crate::mock::world::{As, Reply, World};

impl World {
    /// Makes the calls of this section.
    pub(crate) async fn play(&self, section: &str) {
        let title = format!("\n== {section}\n");
        let (_, rest) = include_str!("transcripts.txt").split_once(&title).expect(section);
        let lines = rest.lines().take_while(|line| !line.starts_with("== "));
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(crc) = line.strip_prefix("! crc ") {
                let crc = if crc == "right" { Crc::Right } else { Crc::OtherSecret };
                self.receiver.set().crc = crc;
                continue;
            }
            let (request, expected) = line.split_once(" = ").expect(line);
            let request = self.filled(request);
            let mut words = request.splitn(4, ' ');
            let [method, path, who, body] = std::array::from_fn(|_| words.next().unwrap_or_default());
            let reply = self.call_by(method, path, who, body).await;
            let (status, response) = expected.split_once(' ').unwrap_or((expected, ""));
            assert_eq!(reply.status.to_string(), status, "{line}: {reply:?}");
            reply.compare(&self.filled(response), line);
        }
    }

    fn filled(&self, text: &str) -> String {
        let id = self.x.webhooks().first().map(|webhook| webhook.id.clone()).unwrap_or_default();
        let sub = self.x.activity_subscriptions().first().map(|one| one.id.clone()).unwrap_or_default();
        let text = text.replace("$id", &id).replace("$sub", &sub).replace("$x180", &"x".repeat(180));
        let text = text.replace("$url", &self.receiver.url).replace("$%url", &encode(&self.receiver.url));
        text.replace("$app", &self.app().id).replace("$owner", &self.app().owner.id)
    }

    async fn call_by(&self, method: &str, path: &str, who: &str, body: &str) -> Reply {
        let second = self.x.add_app("second").unwrap();
        let (who, id) = who.split_once(':').unwrap_or((who, "0"));
        let user = self.x.user(id);
        let who = match who {
            "nobody" => As::Nobody,
            "app" => self.bearer(),
            "owner" => self.owner(),
            "second" => As::Bearer(&second.bearer),
            "second-owner" => As::User(&second, &second.owner),
            "user" => As::User(self.app(), &user),
            "oauth2" => As::Bearer(&user.oauth2_token),
            _ => panic!("{who} is not a caller"),
        };
        self.call(method, path, who, body).await
    }
}

impl Reply {
    fn compare(&self, expected: &str, line: &str) {
        let (kind, rest) = expected.split_once(' ').unwrap_or((expected, ""));
        match kind {
            "*" => {}
            "" => assert_eq!(self.body, Value::Null, "{line}"),
            "error" => {
                let (_, code, text) = self.error();
                assert_eq!(format!("{code} {text}"), rest, "{line}");
            }
            "reason" => {
                let (_, reason) = self.reason();
                let (expected, text) = rest.split_once(' ').unwrap_or((rest, ""));
                assert_eq!(reason, expected, "{line}: {self:?}");
                let message = self.body["errors"][0]["message"].as_str().unwrap();
                assert!(text.is_empty() || message == format!("{reason}: {text}"), "{line}: {message}");
            }
            _ => {
                assert_eq!(self.body, serde_json::from_str::<Value>(expected).expect(line), "{line}");
                let is_problem = self.header("content-type") == "application/problem+json";
                assert_eq!(is_problem, !self.body["type"].is_null(), "{line}: {self:?}");
                assert!(
                    is_problem || self.header("content-type") == "application/json; charset=utf-8",
                    "{line}: {self:?}"
                );
            }
        }
    }
}
