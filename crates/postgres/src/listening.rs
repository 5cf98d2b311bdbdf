//! Notifications between processes that share an inbox.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;
use tokio_postgres::types::Type;

use crate::connection::{Connector, Link};
use crate::schema::SchemaName;

/// The shortest time between two notifications. They are sent outside the transactions that store,
/// because their commits wait for each other.
const QUIET: Duration = Duration::from_millis(10);
/// The pause before a broken connection is replaced.
const PAUSE: Duration = Duration::from_secs(1);

fn channel(schema: &SchemaName) -> String {
    format!("birdhook_{}", schema.as_str())
}

/// Notifies the other processes after commits of this one.
pub(crate) async fn notify(
    link: Arc<Link>,
    schema: SchemaName,
    stored: Arc<Notify>,
    wake: Arc<Notify>,
    poll_only: bool,
) {
    let channel = channel(&schema);
    loop {
        stored.notified().await;
        // The consumers of this process need no notification.
        wake.notify_one();
        if poll_only {
            continue;
        }
        // A lost notification delays events until the next poll.
        let _ = link.call("SELECT pg_notify($1, '')", &[(&channel.as_str(), Type::TEXT)]).await;
        sleep(QUIET).await;
    }
}

/// Notifies `wake` when another process has stored events.
pub(crate) async fn listen(connector: Connector, schema: SchemaName, wake: Arc<Notify>) {
    let listen = format!("LISTEN {}", channel(&schema));
    loop {
        let (notified, mut notifications) = mpsc::channel(1);
        if let Ok(client) = connector.connect(Some(notified)).await
            && client.batch_execute(&listen).await.is_ok()
        {
            // Events may have been stored before this connection listened.
            wake.notify_one();
            // Ends with the connection.
            while notifications.recv().await.is_some() {
                wake.notify_one();
            }
        }
        sleep(PAUSE).await;
    }
}
