//! Server settings that may lose events.

use std::fmt;

use crate::connection::Redis;

/// A setting with which a server may lose confirmed events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weakness {
    /// `maxmemory-policy` has this value, and `maxmemory` is set.
    ///
    /// When memory is full, the server deletes seen keys, or the stream with all its events,
    /// instead of refusing writes.
    Evicts(String),
    /// `appendonly` is `no`.
    ///
    /// Everything since the last snapshot is lost when the server ends without warning.
    NotOnDisk,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evicts(policy) => {
                write!(
                    f,
                    "Redis may delete events when its memory is full: set maxmemory-policy to noeviction, not {policy}"
                )
            }
            Self::NotOnDisk => f.write_str("Redis loses events when it ends without warning: set appendonly to yes"),
        }
    }
}

impl Redis {
    /// Queries the server for settings that may lose events. Show them to its administrator.
    ///
    /// Returns nothing if the server does not allow the query.
    pub async fn weaknesses(&self) -> Vec<Weakness> {
        // Two calls, because one call with two sections requires Redis 7.
        let (memory, disk) = (self.info("memory").await, self.info("persistence").await);
        weaknesses(&memory, &disk)
    }

    async fn info(&self, section: &str) -> String {
        self.query(redis::cmd("INFO").arg(section)).await.unwrap_or_default()
    }
}

pub(crate) fn weaknesses(memory: &str, disk: &str) -> Vec<Weakness> {
    let (limit, policy) = (field(memory, "maxmemory"), field(memory, "maxmemory_policy"));
    let evicts = policy.filter(|&policy| policy != "noeviction" && limit != Some("0"));
    let not_on_disk = field(disk, "aof_enabled") == Some("0");
    let found = [evicts.map(|policy| Weakness::Evicts(policy.to_owned())), not_on_disk.then_some(Weakness::NotOnDisk)];
    found.into_iter().flatten().collect()
}

fn field<'i>(info: &'i str, name: &str) -> Option<&'i str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_only_settings_that_the_server_returns() {
        let memory = |limit, policy| {
            format!("# Memory\r\nmaxmemory:{limit}\r\nmaxmemory_human:1G\r\nmaxmemory_policy:{policy}\r\n")
        };
        let (on, off) = ("# Persistence\r\nloading:0\r\naof_enabled:1\r\n", "aof_enabled:0\r\n");
        let evicts = || Weakness::Evicts("allkeys-lru".to_owned());
        assert_eq!(weaknesses("", ""), []);
        assert_eq!(weaknesses(&memory(1, "noeviction"), on), []);
        assert_eq!(weaknesses(&memory(0, "allkeys-lru"), off), [Weakness::NotOnDisk]);
        assert_eq!(weaknesses(&memory(1, "allkeys-lru"), off), [evicts(), Weakness::NotOnDisk]);
        assert_eq!(weaknesses("maxmemory_policy:allkeys-lru", ""), [evicts()]);
    }
}
