//! How many connections there may be: in all, and of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kugel_config::Settings;
use kugel_rpc::ClientAddress;
use parking_lot::Mutex;
use rustix::process::{Resource, getrlimit};

/// Connections at a time if no setting says otherwise.
const CONNECTIONS: usize = 16_384;
/// The same for one address.
const PER_ADDRESS: usize = 1024;
/// Descriptors that are left for databases, files and neighbours.
const RESERVE: usize = 256;
/// Connections of the port for operations.
const OPERATIONS: usize = 64;
/// Pause between two log lines about refused connections.
const QUIET: Duration = Duration::from_secs(1);

/// The places of a port. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::process) struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: usize,
    limit_per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    count: usize,
    /// Only addresses that have a connection, so no more than there are connections.
    by_address: HashMap<IpAddr, usize>,
    said: Option<Instant>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy)]
enum Full {
    All,
    Address,
}

/// A connection's place, until this is dropped.
#[derive(Debug)]
pub(in crate::process) struct Place {
    places: Places,
    address: Option<IpAddr>,
}

impl Places {
    /// As many as the settings allow and the system has descriptors for.
    pub(in crate::process) fn of(settings: &Settings) -> Self {
        let descriptors = getrlimit(Resource::Nofile).current;
        let descriptors =
            descriptors.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let (all, each) = (settings.connection_limit, settings.connection_limit_per_address);
        let (limit, limit_per_address) = limits(descriptors, all, each);
        if limit < all {
            tracing::warn!(
                descriptors,
                limit,
                "fewer connections than CONNECTION_LIMIT says: the system allows too few open files"
            );
        }
        Self::new(limit, limit_per_address)
    }

    /// The few of a port for operations, out of the reserve: whoever fills the main port shuts nobody out who looks after it.
    pub(in crate::process) fn for_operations() -> Self {
        Self::new(OPERATIONS, OPERATIONS)
    }

    pub(super) fn new(limit: usize, limit_per_address: usize) -> Self {
        Self(Arc::new(Inner {
            limit,
            limit_per_address,
            taken: Mutex::default(),
        }))
    }

    /// A place for a connection that counts for no address yet.
    pub(super) fn take(&self) -> Option<Place> {
        let mut taken = self.0.taken.lock();
        if taken.count >= self.0.limit {
            self.refuse(taken, Full::All);
            return None;
        }
        taken.count += 1;
        drop(taken);
        Some(Place {
            places: self.clone(),
            address: None,
        })
    }

    fn refuse(&self, mut taken: parking_lot::MutexGuard<'_, Taken>, full: Full) {
        let reason = match full {
            Full::All => "all",
            Full::Address => "address",
        };
        metrics::counter!("kugel_connections_refused_total", "reason" => reason).increment(1);
        let now = Instant::now();
        if taken.said.is_some_and(|said| now - said < QUIET) {
            return;
        }
        taken.said = Some(now);
        let connections = taken.count;
        drop(taken);
        match full {
            Full::All => tracing::warn!(connections, "a connection is refused: there are too many"),
            Full::Address => tracing::warn!(connections, "a connection is refused: its address has too many"),
        }
    }
}

impl Place {
    /// Counts it for its address. Nothing if that has too many.
    pub(super) fn of(mut self, address: IpAddr) -> Option<Self> {
        let address = ClientAddress::from(address).network();
        let places = self.places.clone();
        let mut taken = places.0.taken.lock();
        let count = taken.by_address.get(&address).copied().unwrap_or(0);
        if count >= places.0.limit_per_address {
            places.refuse(taken, Full::Address);
            return None;
        }
        taken.by_address.insert(address, count + 1);
        self.address = Some(address);
        Some(self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.taken.lock();
        taken.count -= 1;
        if let Some(address) = self.address
            && let Some(count) = taken.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

/// Connections in all and of one address, of so many descriptors and as the settings want them; 0 wants no number.
fn limits(descriptors: usize, all: usize, each: usize) -> (usize, usize) {
    // Where a reserve would leave next to nothing, half is better.
    let room = descriptors.saturating_sub(RESERVE).max(descriptors / 2);
    let all = if all == 0 { CONNECTIONS } else { all }.min(room);
    let each = if each == 0 { PER_ADDRESS.min(all / 2) } else { each };
    (all.max(1), each.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_of_descriptors_is_kept() {
        for (descriptors, all, each, expected) in [
            (1 << 20, 0, 0, (16_384, 1024)),
            (usize::MAX, 0, 0, (16_384, 1024)),
            (1024, 0, 0, (768, 384)),
            (300, 0, 0, (150, 75)),
            (1 << 20, 100, 0, (100, 50)),
            (1 << 20, 100, 80, (100, 80)),
            (1 << 20, 50_000, 0, (50_000, 1024)),
            (1024, 50_000, 5, (768, 5)),
            (1 << 20, 1, 0, (1, 1)),
        ] {
            assert_eq!(
                limits(descriptors, all, each),
                expected,
                "{descriptors} {all} {each}"
            );
        }
    }

    #[test]
    fn places_are_counted_and_come_back() {
        let places = Places::new(3, 2);
        let at = |address: &str| places.take()?.of(address.parse().unwrap());
        let (first, _second) = (at("2001:db8::1").unwrap(), at("2001:db8::2").unwrap());
        assert!(at("2001:db8::3").is_none(), "the same network");
        let third = at("::ffff:192.0.2.1").unwrap();
        assert!(places.take().is_none(), "all are taken");
        drop(third);
        drop(first);
        let _again = at("2001:db8::4").unwrap();
        let _other = at("2001:db8:0:1::4").unwrap();
        let taken = places.0.taken.lock();
        assert_eq!(
            (taken.count, taken.by_address.len()),
            (3, 2),
            "who has left is not remembered"
        );
    }
}
