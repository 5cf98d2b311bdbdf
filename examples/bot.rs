//! A bot that answers each direct message at most once, even if its process ends in between.
//! `docs/guide/bot.md` explains it.
#![allow(clippy::print_stderr)]

use std::env;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use birdhook::client::login::{Loopback, OAuth2};
use birdhook::client::{
    AccessToken, Client, ConsumerKeys, Credentials, FileTokenStore, HttpsTransport, Transport, TransportError,
};
use birdhook::inbox::Inbox;
use birdhook::{Activity, Event, Receiver, Webhook};
use birdhook_examples::{Error, PATH, PATIENCE, apps, asked_to_stop, finish, note, say, serve};
use hyper_util::service::TowerToHyperService;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let folder = PathBuf::from(env::var("BOT_FOLDER").unwrap_or_else(|_| "bot".to_owned()));
    let bot = Bot::new(&folder)?;
    if env::args().nth(1).as_deref() == Some("login") {
        return bot.log_in().await;
    }
    let inbox = Inbox::open(folder.join("inbox")).await?;
    let pipeline = Webhook::new(apps()?).sink(inbox.clone());
    let consumer = inbox.clone();
    let answering = tokio::spawn(async move {
        bot.answer_all(&consumer).await;
        Ok(())
    });

    let app = Router::new().route_service(PATH, Receiver::new(pipeline.clone()));
    let stop = async move {
        asked_to_stop().await;
        pipeline.shutdown(PATIENCE).await;
        inbox.close(PATIENCE).await;
    };
    serve(TowerToHyperService::new(app), stop).await?;
    finish(answering).await
}

struct Bot {
    /// The id of the bot's account.
    user: String,
    api: String,
    client: Client,
    https: HttpsTransport,
    answers: Answers,
}

impl Bot {
    /// Reads the settings from the environment. The bot keeps its files in this folder.
    fn new(folder: &Path) -> Result<Self, Error> {
        let set = |name: &str| env::var(name).map_err(|_| format!("set {name}"));
        let user = set("BOT_USER_ID")?;
        let api = env::var("BIRDHOOK_API_URL").unwrap_or_else(|_| "https://api.x.com".to_owned());
        let keys = ConsumerKeys::new(set("BIRDHOOK_CONSUMER_KEY")?, set("BIRDHOOK_CONSUMER_SECRET")?);
        let mut credentials = Credentials::new(keys);
        if let (Ok(token), Ok(secret)) = (set("BOT_TOKEN"), set("BOT_TOKEN_SECRET")) {
            credentials = credentials.user(&user, AccessToken::new(token, secret));
        }
        if let Ok(id) = set("BIRDHOOK_CLIENT_ID") {
            credentials = credentials.oauth2_client(id, set("BIRDHOOK_CLIENT_SECRET").ok().map(Into::into));
        }
        let builder = Client::builder(credentials).base_url(&api);
        let client = builder.token_store(FileTokenStore::new(folder.join("tokens"))).build()?;
        let https = HttpsTransport::new(Duration::from_secs(30))?;
        Ok(Self { user, api, client, https, answers: Answers::open(folder.join("answers"))? })
    }

    /// Obtains the bot's OAuth 2.0 token: a user of the bot's account agrees in the browser.
    async fn log_in(&self) -> Result<(), Error> {
        let secret = env::var("BIRDHOOK_CLIENT_SECRET").ok().map(Into::into);
        let login = OAuth2::new(env::var("BIRDHOOK_CLIENT_ID")?, secret)?.base_url(&self.api);
        let loopback = Loopback::bind(8723).await?;
        let pending = login.begin(&loopback.redirect_url())?;
        eprintln!("open this in a browser that is logged in as the bot: {}", pending.authorize_url);
        let redirect = loopback.code(&pending.proof, Duration::from_secs(300)).await?;
        let token = login.finish(&pending.proof, redirect).await?;
        let user = login.user_id(&token).await?;
        if user != self.user {
            return Err(format!("user {user} has agreed: expected BOT_USER_ID, {}", self.user).into());
        }
        self.client.token_store().set(&user, Some(token)).await?;
        Ok(())
    }

    /// Answers events one at a time, until the inbox is closed.
    async fn answer_all(&self, inbox: &Inbox) {
        while let Some(lease) = inbox.recv().await {
            let settled = match self.answer(lease.event()).await {
                Ok(()) => lease.ack().await,
                Err(why) => {
                    note(format!("try {}: {why}", lease.attempts()));
                    lease.nack(None).await
                }
            };
            if settled.is_err() {
                return;
            }
        }
    }

    /// Answers a message that another user sent to the bot. An error means that X has not sent an
    /// answer, so the event may be retried.
    async fn answer(&self, event: &Event) -> Result<(), Error> {
        // The bot's own messages arrive as `MessageSent`.
        let activity = event.activity();
        let (Activity::MessageReceived(message), Some(user)) = (&activity, event.subscriber()) else { return Ok(()) };
        let Some(sender) = message.sender.id.as_deref().filter(|sender| user == self.user && *sender != self.user)
        else {
            return Ok(());
        };
        let text = format!("You wrote: {}", message.text.as_deref().unwrap_or("nothing"));
        let request = http::Request::post(format!("{}/2/dm_conversations/with/{sender}/messages", self.api))
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&serde_json::json!({ "text": text }))?.into())?;
        let request = self.client.sign(&self.user, request).await?;

        // guide: begin
        // The same whichever of X's APIs reports the message, and however often.
        let key = event.content_key().to_string();
        match self.answers.begin(&key)? {
            Before::New => {}
            Before::Answered => return Ok(()),
            Before::Unknown => {
                say(format!("unknown {key}: this bot ended while it answered, and does not answer again"));
                return Ok(());
            }
        }
        match self.https.send(request).await {
            Ok(answer) if answer.status().is_success() => {
                self.answers.finish(&key)?;
                say(format!("answered {key}"));
                Ok(())
            }
            // X refused the request, or could not be reached.
            Ok(answer) if answer.status().is_client_error() => {
                self.answers.forget(&key)?;
                Err(format!("X refuses the answer: {}", answer.status()).into())
            }
            Err(TransportError::Connect(why)) => {
                self.answers.forget(&key)?;
                Err(format!("X is not reached: {why}").into())
            }
            Ok(answer) => {
                say(format!("unknown {key}: X says {}, and may have sent the answer", answer.status()));
                Ok(())
            }
            Err(why) => {
                say(format!("unknown {key}: {why}, and X may have sent the answer"));
                Ok(())
            }
        }
        // guide: end
    }
}

/// Records of answers, one file each, written before X is called.
struct Answers(PathBuf);

/// The state of an answer before it is sent.
enum Before {
    New,
    Answered,
    /// An earlier attempt recorded no result.
    Unknown,
}

impl Answers {
    /// Retention of the records: longer than X and the inbox repeat events.
    const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

    /// Opens the records in this folder, and deletes those older than [`KEPT`](Self::KEPT).
    fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        // Ages are measured by the clock of the file system, which may be on another machine.
        let now = File::create(folder.join("opened"))?.metadata()?.modified()?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let age = now.duration_since(entry.metadata()?.modified()?);
            if age.is_ok_and(|age| age > Self::KEPT) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self(folder))
    }

    /// Records that this answer is about to be sent, unless it is recorded already. Returns once
    /// the record is on disk.
    fn begin(&self, key: &str) -> io::Result<Before> {
        let path = self.0.join(key);
        match File::create_new(&path) {
            Ok(file) => {
                file.sync_all()?;
                self.sync()?;
                Ok(Before::New)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match fs::read(&path)?.as_slice() {
                b"answered" => Ok(Before::Answered),
                _ => Ok(Before::Unknown),
            },
            Err(error) => Err(error),
        }
    }

    /// Records that X has sent this answer.
    fn finish(&self, key: &str) -> io::Result<()> {
        let mut file = File::options().write(true).open(self.0.join(key))?;
        file.write_all(b"answered")?;
        file.sync_all()
    }

    /// Removes the record of an answer that X has not sent.
    fn forget(&self, key: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(key))?;
        self.sync()
    }

    /// Syncs the folder: otherwise a new file may be missing after a power failure.
    fn sync(&self) -> io::Result<()> {
        #[cfg(unix)]
        File::open(&self.0)?.sync_all()?;
        Ok(())
    }
}
