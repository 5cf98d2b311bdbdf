//! A network with faults: between a receiver and its engine, and from X to several receivers.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use birdhook_test_harness::servers::free_port;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// A proxy that forwards each connection to the next of its targets that is running, so that copies
/// of a delivery go to different receivers. It injects faults on command, and stops on drop.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    network: watch::Sender<Network>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Network {
    /// The number of cuts so far. Each cut closes all connections.
    cuts: u64,
    is_cut: bool,
    is_stalled: bool,
    latency: Duration,
}

impl Proxy {
    pub async fn start(targets: Vec<u16>) -> Self {
        let port = free_port();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let (network, watched) = watch::channel(Network::default());
        let task = tokio::spawn(listen(listener, Targets(Arc::new((targets, AtomicUsize::new(0)))), watched));
        Self { port, network, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn http_url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Closes all connections and rejects new ones.
    pub fn cut(&self) {
        self.network.send_modify(|network| (network.cuts, network.is_cut) = (network.cuts + 1, true));
    }

    /// Holds all data back without an error, as if packets were lost. The data arrives after
    /// `heal`.
    pub fn stall(&self) {
        self.network.send_modify(|network| network.is_stalled = true);
    }

    pub fn slow(&self, latency: Duration) {
        self.network.send_modify(|network| network.latency = latency);
    }

    pub fn heal(&self) {
        self.network.send_modify(|network| *network = Network { cuts: network.cuts, ..Network::default() });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Targets(Arc<(Vec<u16>, AtomicUsize)>);

impl Targets {
    async fn connect(&self) -> Option<TcpStream> {
        let (ports, next) = &*self.0;
        for _ in ports {
            let port = ports[next.fetch_add(1, Ordering::Relaxed) % ports.len()];
            if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                return Some(stream);
            }
        }
        None
    }
}

async fn listen(mut listener: TcpListener, targets: Targets, mut network: watch::Receiver<Network>) {
    let address = listener.local_addr().unwrap();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                connections.spawn(connect(client, targets.clone(), network.clone()));
            }
            () = until(&mut network, |network| network.is_cut) => {
                drop(listener);
                until(&mut network, |network| !network.is_cut).await;
                listener = TcpListener::bind(address).await.unwrap();
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn until(network: &mut watch::Receiver<Network>, is_so: impl Fn(&Network) -> bool) {
    if network.wait_for(is_so).await.is_err() {
        // The proxy was dropped, and this task is being aborted.
        std::future::pending::<()>().await;
    }
}

async fn connect(client: TcpStream, targets: Targets, network: watch::Receiver<Network>) {
    let cuts = network.borrow().cuts;
    let forwarding = async {
        until(&mut network.clone(), |network| !network.is_stalled).await;
        let Some(server) = targets.connect().await else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        tokio::join!(pump(from_client, to_server, &network), pump(from_server, to_client, &network));
    };
    let mut watched = network.clone();
    tokio::select! {
        () = forwarding => {}
        () = until(&mut watched, |network| network.is_cut || network.cuts != cuts) => {}
    }
}

/// Forwards data until one side closes. Data sent before that still arrives.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, network: &watch::Receiver<Network>) {
    let (said, mut heard) = mpsc::channel(64);
    let reading = async move {
        let mut part = vec![0; 16 << 10];
        while let Ok(length @ 1..) = from.read(&mut part).await {
            let arrives = Instant::now() + network.borrow().latency;
            if said.send((arrives, part[..length].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let mut network = network.clone();
    let writing = async move {
        while let Some((arrives, part)) = heard.recv().await {
            sleep_until(arrives).await;
            until(&mut network, |network| !network.is_stalled).await;
            if to.write_all(&part).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(reading, writing);
}

#[cfg(test)]
mod tests {
    use birdhook_test_harness::TIMEOUT;
    use tokio::time::timeout;

    use super::*;
    use std::collections::HashMap;

    /// Starts a server that sends its name, and then its input.
    async fn server(name: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    to.write_all(name.as_bytes()).await.unwrap();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        port
    }

    async fn echoing() -> Proxy {
        Proxy::start(vec![server("").await]).await
    }

    async fn client(proxy: &Proxy) -> std::io::Result<TcpStream> {
        TcpStream::connect(("127.0.0.1", proxy.port())).await
    }

    async fn said_back(stream: &mut TcpStream, word: &[u8]) -> std::io::Result<()> {
        stream.write_all(word).await?;
        let mut back = vec![0; word.len()];
        timeout(TIMEOUT, stream.read_exact(&mut back)).await.expect("an answer, or none")?;
        assert_eq!(back, word);
        Ok(())
    }

    #[tokio::test]
    async fn a_cut_ends_connections_and_refuses_new_ones() {
        let proxy = echoing().await;
        let mut stream = client(&proxy).await.unwrap();
        said_back(&mut stream, b"one").await.unwrap();
        proxy.cut();
        assert!(said_back(&mut stream, b"two").await.is_err());
        assert!(client(&proxy).await.is_err());
        proxy.heal();
        let healed = async {
            loop {
                match client(&proxy).await {
                    Ok(stream) => break stream,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        };
        let mut stream = timeout(TIMEOUT, healed).await.unwrap();
        said_back(&mut stream, b"three").await.unwrap();
    }

    #[tokio::test]
    async fn a_stalled_connection_receives_everything_later() {
        let proxy = echoing().await;
        let mut old = client(&proxy).await.unwrap();
        said_back(&mut old, b"one").await.unwrap();
        proxy.stall();
        let mut new = client(&proxy).await.unwrap();
        old.write_all(b"two").await.unwrap();
        new.write_all(b"six").await.unwrap();
        let mut back = [0; 3];
        let short = Duration::from_millis(200);
        assert!(timeout(short, old.read_exact(&mut back)).await.is_err());
        assert!(timeout(short, new.read_exact(&mut back)).await.is_err());
        proxy.heal();
        timeout(TIMEOUT, old.read_exact(&mut back)).await.unwrap().unwrap();
        assert_eq!(&back, b"two");
        timeout(TIMEOUT, new.read_exact(&mut back)).await.unwrap().unwrap();
        assert_eq!(&back, b"six");
    }

    #[tokio::test]
    async fn latency_applies_to_both_directions() {
        let proxy = echoing().await;
        let mut stream = client(&proxy).await.unwrap();
        proxy.slow(Duration::from_millis(50));
        let begun = Instant::now();
        said_back(&mut stream, b"one").await.unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(100));
        proxy.heal();
        said_back(&mut stream, b"two").await.unwrap();
    }

    #[tokio::test]
    async fn the_end_of_a_stream_is_forwarded() {
        let proxy = echoing().await;
        let mut stream = client(&proxy).await.unwrap();
        stream.write_all(b"one").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut back = Vec::new();
        timeout(TIMEOUT, stream.read_to_end(&mut back)).await.unwrap().unwrap();
        assert_eq!(back, b"one");
    }

    #[tokio::test]
    async fn connections_go_in_turn_to_running_targets() {
        let receivers = vec![server("a").await, free_port(), server("b").await];
        let proxy = Proxy::start(receivers).await;
        let mut counts = HashMap::new();
        for _ in 0..12 {
            let mut said = String::new();
            let mut stream = client(&proxy).await.unwrap();
            stream.shutdown().await.unwrap();
            stream.read_to_string(&mut said).await.unwrap();
            *counts.entry(said).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 2);
        assert!(counts["a"] >= 4 && counts["b"] >= 4, "{counts:?}");
    }

    #[tokio::test]
    async fn without_running_targets_a_connection_ends() {
        let proxy = Proxy::start(vec![free_port()]).await;
        let mut stream = client(&proxy).await.unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
    }
}
