//! Sessions by their ID (RFC 5246 §7.3), for TLS 1.2 clients without tickets (RFC 5077): Java 8, say.
//!
//! Such a client may come back to any core, so the sessions of a route are shared between cores, in
//! shards: a lock is held for one insertion or look-up, and TLS 1.3 never touches it. In memory only;
//! the oldest go first.

use std::sync::Arc;

use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};

const SHARDS: usize = 16;
const SESSIONS_PER_SHARD: usize = 256;

/// The sessions of one route.
#[derive(Debug)]
pub(crate) struct Sessions([Arc<ServerSessionMemoryCache>; SHARDS]);

impl Sessions {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| {
            ServerSessionMemoryCache::new(SESSIONS_PER_SHARD)
        }))
    }

    /// Session IDs are our own random bytes, so any of them spreads well.
    fn shard(&self, id: &[u8]) -> &ServerSessionMemoryCache {
        let last = id.last().copied().unwrap_or_default();
        &self.0[usize::from(last) % SHARDS]
    }
}

impl StoresServerSessions for Sessions {
    fn put(&self, id: Vec<u8>, session: Vec<u8>) -> bool {
        self.shard(&id).put(id, session)
    }

    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.shard(id).get(id)
    }

    fn take(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.shard(id).take(id)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_found_by_its_id_in_every_shard() {
        let sessions = Sessions::new();
        let ids: Vec<Vec<u8>> = (0..=255_u8).map(|last| vec![7, last]).collect();
        for id in &ids {
            assert!(sessions.put(id.clone(), id.clone()));
        }
        for id in &ids {
            assert_eq!(sessions.get(id).as_ref(), Some(id));
        }
        assert_eq!(sessions.take(&[7, 9]), Some(vec![7, 9]));
        assert_eq!(sessions.get(&[7, 9]), None);
        assert_eq!(sessions.get(&[]), None);
    }

    #[test]
    fn the_oldest_sessions_make_room() {
        let sessions = Sessions::new();
        let id = |count: usize| [count.to_be_bytes().as_slice(), &[0]].concat();
        let many = SESSIONS_PER_SHARD * 2;
        for count in 0..many {
            sessions.put(id(count), vec![1]);
        }
        assert_eq!(sessions.get(&id(0)), None);
        assert_eq!(sessions.get(&id(many - 1)), Some(vec![1]));
    }
}
