//! A load balancer for several receivers.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Forwards each new connection to the next receiver that is running, so that copies of a delivery
/// go to different receivers.
///
/// Dropping it stops the balancer.
#[derive(Debug)]
pub struct Balancer {
    port: u16,
    task: JoinHandle<()>,
}

impl Balancer {
    pub async fn start(receivers: Vec<u16>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { port, task: tokio::spawn(listen(listener, receivers)) }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: TcpListener, receivers: Vec<u16>) {
    let (receivers, next) = (Arc::new(receivers), Arc::new(AtomicUsize::new(0)));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((mut client, _)) = accepted else { continue };
                let (receivers, next) = (Arc::clone(&receivers), Arc::clone(&next));
                connections.spawn(async move {
                    for _ in 0..receivers.len() {
                        let receiver = receivers[next.fetch_add(1, Ordering::Relaxed) % receivers.len()];
                        if let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, receiver)).await {
                            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                            return;
                        }
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::servers::free_port;

    /// Starts a server that sends its name and closes the connection.
    async fn receiver(name: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.write_all(name.as_bytes()).await.unwrap();
            }
        });
        port
    }

    #[tokio::test]
    async fn connections_go_round_those_that_are_there() {
        let receivers = vec![receiver("a").await, free_port(), receiver("b").await];
        let balancer = Balancer::start(receivers).await;
        let mut counts = HashMap::new();
        for _ in 0..12 {
            let mut said = String::new();
            let mut stream = TcpStream::connect(("127.0.0.1", balancer.port)).await.unwrap();
            stream.read_to_string(&mut said).await.unwrap();
            *counts.entry(said).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 2);
        assert!(counts["a"] >= 4 && counts["b"] >= 4, "{counts:?}");
    }

    #[tokio::test]
    async fn without_receivers_there_is_no_answer() {
        let balancer = Balancer::start(vec![free_port()]).await;
        let mut stream = TcpStream::connect(("127.0.0.1", balancer.port)).await.unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
    }
}
