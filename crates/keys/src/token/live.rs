//! A token while it is in use: what it may do, how fast, how many requests of it are under way.
//!
//! Rule: a request that was let in is counted until it is done, and a revocation is acknowledged only when
//! none is left, so that after the acknowledgement nothing of the token happens any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

use hybridge_policy::access::{Pace, Rights};
use jiff::Timestamp;
use tokio::sync::Notify;

use super::secret::{Digest, TokenId};

/// How fast each identity may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests per second; 0 is unlimited.
    pub per_second: u32,
    /// Requests at once.
    pub burst: u32,
}

/// What is known of a token beside its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What its maker called it, for people.
    pub name: String,
    /// The principal that made it, as in the audit log.
    pub made_by: String,
    /// Principals that made it, and those that made them: nearest first.
    pub lineage: Vec<String>,
    pub rights: Rights,
    pub created: Timestamp,
    /// From then on it is refused; none for a token that lives in a file of ours.
    pub expires: Option<Timestamp>,
}

/// A token that was loaded.
#[derive(Debug)]
pub struct Live {
    digest: Digest,
    principal: String,
    grant: Grant,
    pace: Pace,
    revoked: AtomicBool,
    under_way: AtomicU32,
    done: Notify,
    used_s: AtomicI64,
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It never existed, or was revoked: these are not told apart.
    #[error("the token is unknown or was revoked")]
    Unknown,
    #[error("the token expired at {0}")]
    Expired(Timestamp),
    /// The store is sealed, so nobody is known.
    #[error("the key service is sealed")]
    Sealed,
    /// The store cannot be read.
    #[error("the token cannot be looked up now")]
    Unreadable,
}

impl Live {
    #[must_use]
    pub fn new(digest: Digest, grant: Grant, rate: Rate) -> Self {
        Self {
            principal: principal(&digest.id()),
            digest,
            grant,
            pace: Pace::new(rate.per_second, rate.burst),
            revoked: AtomicBool::new(false),
            under_way: AtomicU32::new(0),
            done: Notify::new(),
            used_s: AtomicI64::new(0),
        }
    }

    #[must_use]
    pub fn id(&self) -> TokenId {
        self.digest.id()
    }

    /// The principal's name in the audit log: `token:` and the id.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.principal
    }

    #[must_use]
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    #[must_use]
    pub const fn pace(&self) -> &Pace {
        &self.pace
    }

    /// When it was last let in, in seconds since 1970; 0 for never since it was loaded.
    #[must_use]
    pub fn used_s(&self) -> i64 {
        self.used_s.load(Ordering::Relaxed)
    }

    /// Lets a request in, and counts it until the returned value is dropped.
    ///
    /// # Errors
    /// The digest is another's, or the token expired or was revoked.
    pub fn enter(self: &Arc<Self>, digest: &Digest, now: Timestamp) -> Result<Entered, Refused> {
        if !self.digest.is_same(digest) {
            return Err(Refused::Unknown);
        }
        if let Some(expires) = self.grant.expires.filter(|expires| *expires <= now) {
            return Err(Refused::Expired(expires));
        }
        // Counted before the flag is read, and the flag set before the count is read: one sees the other.
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let entered = Entered(Arc::clone(self));
        if self.revoked.load(Ordering::SeqCst) {
            return Err(Refused::Unknown);
        }
        self.used_s.fetch_max(now.as_second(), Ordering::Relaxed);
        Ok(entered)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.under_way.load(Ordering::SeqCst) == 0
    }

    /// Nothing is let in any more.
    pub(super) fn revoke(&self) {
        self.revoked.store(true, Ordering::SeqCst);
    }

    /// Resolves when no more than so many requests are under way.
    pub(super) async fn drained(&self, but: u32) {
        loop {
            let mut done = std::pin::pin!(self.done.notified());
            // Listens before it looks, so that no end is missed.
            done.as_mut().enable();
            if self.under_way.load(Ordering::SeqCst) <= but {
                return;
            }
            done.await;
        }
    }
}

/// The principal of a token.
#[must_use]
pub fn principal(id: &TokenId) -> String {
    format!("token:{id}")
}

/// A request that was let in; it is under way until this is dropped.
#[derive(Debug)]
pub struct Entered(Arc<Live>);

impl Entered {
    #[must_use]
    pub const fn token(&self) -> &Arc<Live> {
        &self.0
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
        if self.0.revoked.load(Ordering::SeqCst) {
            self.0.done.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use hybridge_policy::access::Rights;
    use jiff::{Timestamp, ToSpan};

    use super::super::secret::Secret;
    use super::{Grant, Live, Rate, Refused};

    fn live(expires: Option<Timestamp>) -> (Secret, Arc<Live>) {
        let secret = Secret::generate().expect("random bytes");
        let grant = Grant {
            name: "test".to_owned(),
            made_by: "service".to_owned(),
            lineage: Vec::new(),
            rights: Rights::default(),
            created: Timestamp::UNIX_EPOCH,
            expires,
        };
        let rate = Rate {
            per_second: 0,
            burst: 1,
        };
        let live = Live::new(secret.digest(), grant, rate);
        (secret, Arc::new(live))
    }

    #[test]
    fn a_token_lets_in_until_the_second_it_expires() {
        let end = Timestamp::UNIX_EPOCH + 60.seconds();
        let (secret, live) = live(Some(end));
        assert!(live.enter(&secret.digest(), end - 1.nanoseconds()).is_ok());
        assert_eq!(
            live.enter(&secret.digest(), end).err(),
            Some(Refused::Expired(end))
        );
    }

    #[test]
    fn another_tokens_digest_is_refused() {
        let (_, live) = live(None);
        let other = Secret::generate().expect("random bytes").digest();
        assert_eq!(
            live.enter(&other, Timestamp::UNIX_EPOCH).err(),
            Some(Refused::Unknown)
        );
        assert!(live.is_idle());
    }

    #[tokio::test]
    async fn a_revocation_waits_for_what_is_under_way() {
        let (secret, live) = live(None);
        let entered = live.enter(&secret.digest(), Timestamp::UNIX_EPOCH).expect("in");
        live.revoke();
        assert_eq!(
            live.enter(&secret.digest(), Timestamp::UNIX_EPOCH).err(),
            Some(Refused::Unknown)
        );
        let soon = tokio::time::timeout(Duration::from_millis(20), live.drained(0)).await;
        assert!(soon.is_err(), "a request is under way");
        drop(entered);
        live.drained(0).await;
    }
}
