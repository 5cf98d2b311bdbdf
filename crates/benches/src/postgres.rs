//! Storing and consuming events in PostgreSQL, compared with bare statements.

use std::time::{Duration, Instant};

use birdhook::inbox::{Inbox, InboxSettings};
use birdhook::postgres::Postgres;
use birdhook::{Delivery, Event};
use birdhook_test_harness::postgres::PostgresServer;
use futures_util::{StreamExt as _, stream};
use tokio::runtime::Builder;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls};

use crate::engines::{counted, delivery};
use crate::machine;
use crate::report::{Table, number, prose, range};
use crate::statistics::Sample;

/// Deliveries that are stored at once, and the events of one bare statement.
const CONCURRENCY: usize = 512;
const BATCH: usize = 256;

const BARE_TABLES: &str = "
    CREATE TABLE bare_keys (key uuid PRIMARY KEY);
    CREATE TABLE bare_events (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key bytea, app text, subscriber text, kind text,
        available_at timestamptz DEFAULT clock_timestamp(), attempts integer DEFAULT 0, body bytea);
    ALTER TABLE bare_events ALTER body SET STORAGE EXTERNAL;
    CREATE INDEX ON bare_events (available_at);";
const BARE_INSERT: &str = "
    WITH new AS (
        INSERT INTO bare_keys SELECT left(encode(k, 'hex'), 32)::uuid FROM unnest($1) AS k ON CONFLICT DO NOTHING RETURNING key
    )
    INSERT INTO bare_events (key, app, subscriber, kind, body)
        SELECT i.key, i.app, i.subscriber, i.kind, i.body FROM unnest($1, $2, $3, $4, $5) AS i(key, app, subscriber, kind, body)
        JOIN new ON new.key = left(encode(i.key, 'hex'), 32)::uuid";

pub(crate) fn run(quick: bool) {
    let (rounds, events) = if quick { (2, 5_000) } else { (5, 20_000) };
    println!("## Storing and consuming in PostgreSQL\n\n{}\n", machine::facts());
    let text = format!(
        "Each round stores {events} events of 2 KB, {CONCURRENCY} deliveries at once, by bare statements and by the \
         inbox, and consumes those of the inbox with an empty handler. A bare statement inserts {BATCH} keys \
         that are unique and their events in a table with an index for a queue, on two connections in turn. `synchronous_commit` is on. The client, with two \
         threads, and the server share the processor cores. {rounds} rounds; ratios compare within a round (range)."
    );
    println!("{}\n", prose(&text));
    let server = PostgresServer::start_with(["synchronous_commit=on", "max_wal_size=8GB", "shared_buffers=256MB"]);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let bench = runtime.block_on(Bench::new(&server));
    let mut samples: [Sample; 5] = Default::default();
    for round in 0..rounds {
        eprintln!("round {round}");
        let deliveries: Vec<Delivery> = (0..events).map(delivery).collect();
        let bare = runtime.block_on(bench.bare(&deliveries));
        let stored = runtime.block_on(bench.store(deliveries));
        let run = runtime.block_on(bench.consume(events, 8));
        runtime.block_on(bench.store((0..events).map(delivery).collect()));
        let in_turn = runtime.block_on(bench.in_turn(events));
        runtime.block_on(bench.store((0..events).map(delivery).collect()));
        let transactions = runtime.block_on(bench.transactions(events / 10));
        let times = [(bare, events), (stored, events), (in_turn, events), (run, events), (transactions, events / 10)];
        for (sample, (time, events)) in samples.iter_mut().zip(times) {
            sample.push(events as f64 / time.as_secs_f64());
        }
    }
    let mut table = Table::new(["what", "events/s", "vs. bare", "vs. stored"]);
    let names = ["bare statements", "stored", "`recv` and `ack` in turn", "`run(8)`", "`ack_in`, one task"];
    for (name, sample) in names.iter().zip(&samples) {
        let ratio = |of: &Sample| {
            let ratio = sample.of(of);
            format!("{} ({})", number(ratio.median()), range(&ratio))
        };
        let row = [(*name).to_owned(), number(sample.median()), ratio(&samples[0]), ratio(&samples[1])];
        table.row(row);
    }
    println!("{table}");
}

struct Bench {
    url: String,
    inbox: Inbox,
    clients: [Client; 2],
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

impl Bench {
    async fn new(server: &PostgresServer) -> Self {
        let url = server.url();
        let database = Postgres::connect(&url).await.expect("a connection");
        database.migrate().await.expect("a schema");
        let inbox = database.open_inbox(InboxSettings::new()).await.expect("an inbox");
        let clients = [client(&url).await, client(&url).await];
        clients[0].batch_execute(BARE_TABLES).await.expect("tables");
        Self { url, inbox, clients }
    }

    async fn bare(&self, deliveries: &[Delivery]) -> Duration {
        let batches: Vec<_> = deliveries.chunks(BATCH).enumerate().collect();
        let started = Instant::now();
        let stored = stream::iter(batches).map(async |(number, batch)| {
            let events: Vec<&Event> = batch.iter().flat_map(Delivery::events).collect();
            let keys: Vec<_> = events.iter().map(|event| event.dedupe_key().as_bytes().to_vec()).collect();
            let apps: Vec<_> = events.iter().map(|event| event.app()).collect();
            let subscribers: Vec<_> = events.iter().map(|event| event.subscriber()).collect();
            let kinds: Vec<_> = events.iter().map(|event| event.kind().as_str()).collect();
            let bodies: Vec<_> = batch.iter().map(|delivery| delivery.body().as_str().as_bytes()).collect();
            let columns: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 5] = [
                (&keys, Type::BYTEA_ARRAY),
                (&apps, Type::TEXT_ARRAY),
                (&subscribers, Type::TEXT_ARRAY),
                (&kinds, Type::TEXT_ARRAY),
                (&bodies, Type::BYTEA_ARRAY),
            ];
            self.clients[number % 2].query_typed(BARE_INSERT, &columns).await.expect("it is stored");
        });
        stored.buffer_unordered(2).for_each(async |()| ()).await;
        started.elapsed()
    }

    async fn store(&self, deliveries: Vec<Delivery>) -> Duration {
        use birdhook::sink::EventSink as _;
        let started = Instant::now();
        let delivered =
            stream::iter(deliveries).map(|delivery| self.inbox.deliver(delivery)).buffer_unordered(CONCURRENCY);
        delivered.for_each(async |delivered| delivered.expect("it is stored")).await;
        started.elapsed()
    }

    async fn in_turn(&self, events: usize) -> Duration {
        let mut leases = self.inbox.leases();
        let started = Instant::now();
        for _ in 0..events {
            let lease = leases.recv().await.expect("an event");
            lease.ack().await.expect("an acknowledgement");
        }
        self.inbox.flush().await.expect("acknowledgements");
        started.elapsed()
    }

    async fn consume(&self, events: usize, concurrency: usize) -> Duration {
        let (handler, all) = counted(events);
        let started = Instant::now();
        let running = self.inbox.run(move |event: Event| handler(event), concurrency);
        tokio::select! {
            () = running => {}
            () = all => {}
        }
        self.inbox.flush().await.expect("acknowledgements");
        started.elapsed()
    }

    /// Acknowledges each event in a transaction of its own.
    async fn transactions(&self, events: usize) -> Duration {
        use birdhook::postgres::AckIn as _;
        let mut app = client(&self.url).await;
        let mut leases = self.inbox.leases();
        let started = Instant::now();
        for _ in 0..events {
            let lease = leases.recv().await.expect("an event");
            let transaction = app.transaction().await.expect("a transaction");
            lease.ack_in(&transaction).await.expect("an acknowledgement");
            transaction.commit().await.expect("a commit");
        }
        let taken = started.elapsed();
        // Empties the queue for the next round.
        app.batch_execute("TRUNCATE birdhook.events").await.expect("an empty queue");
        taken
    }
}
