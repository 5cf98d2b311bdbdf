//! A fixture with a mock X, a receiver, and a client whose requests can be cut off.

use birdhook_client::{Client, Credentials, DesiredState, Filter};
use birdhook_testkit::mock::{MockSettings, MockX};

use crate::calls::fixture::client_over;
use crate::support::receiver::Receiver;
use crate::support::transport::Recorder;
use crate::support::{consumer, token, with_users};

pub(crate) const USERS: [&str; 3] = ["2001", "2002", "2003"];

pub(crate) struct Fixture {
    pub(crate) x: MockX,
    pub(crate) receiver: Receiver,
    pub(crate) client: Client,
    pub(crate) network: Recorder,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut MockSettings)) -> Self {
        let mut settings = MockSettings::local();
        change(&mut settings);
        let x = MockX::start(settings).await.unwrap();
        let receiver = Receiver::start(&x).await;
        let (network, app) = (Recorder::new(), x.app());
        let mut credentials = with_users(Credentials::new(consumer(app)).owner(token(&app.owner)), &x, &USERS);
        if let Some(secret) = &app.client_secret {
            credentials = credentials.client_secret(secret.as_str());
        }
        let client = client_over(&network, &x, credentials);
        Self { x, receiver, client, network }
    }

    /// Creates a client with the app's keys and additional credentials.
    pub(crate) fn client_with(&self, add: impl FnOnce(Credentials) -> Credentials) -> Client {
        client_over(&self.network, &self.x, add(Credentials::new(consumer(self.x.app()))))
    }

    pub(crate) fn webhook_only(&self) -> DesiredState {
        DesiredState::new(&self.receiver.url)
    }

    /// Returns a desired state with subscriptions to these types of these users.
    pub(crate) fn wishing<const N: usize>(&self, all: [(&str, &str); N]) -> DesiredState {
        all.into_iter().fold(self.webhook_only(), |desired, (name, user)| desired.activity(name, Filter::user(user)))
    }

    pub(crate) fn desired(&self) -> DesiredState {
        self.webhook_only()
            .account_activity("2001")
            .account_activity("2002")
            .activity("like.create", Filter::user("2001"))
            .tagged_activity("post.create", Filter::user("2003"), "posts")
    }
}
