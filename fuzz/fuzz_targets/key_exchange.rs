//! Messages of the key exchange: whatever parses encodes to the same bytes, and nothing panics.
//! A suite is chosen only where it was offered, is allowed and has a share.
#![no_main]

use hybridge_exchange::message::{Answer, Confirm, Init, Message, Rekey, Rekeyed, Response};
use hybridge_exchange::server::{Chosen, Terms};
use hybridge_exchange::{Encoded, HYBRID, Suite, Time};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    canonical::<Init>(data);
    canonical::<Answer>(data);
    canonical::<Response>(data);
    canonical::<Confirm>(data);
    canonical::<Rekey>(data);
    canonical::<Rekeyed>(data);
    choose(data);
});

fn canonical<M: Message>(data: &[u8]) {
    if let Ok(parsed) = Encoded::<M>::parse(data) {
        let again = Encoded::<M>::compose(&parsed).expect("what was parsed can be written");
        assert_eq!(again.as_bytes(), data);
    }
}

/// Without an exception the choice is hybrid.
fn choose(data: &[u8]) {
    let Ok(init) = Encoded::<Init>::parse(data) else {
        return;
    };
    let allowed: Vec<&Suite> = HYBRID.iter().take(3).collect();
    let now = Time(init.time.0.saturating_add(1));
    if let Ok(chosen) = Chosen::choose(data, &Terms::hybrid(&allowed), now) {
        assert!(chosen.suite().is_hybrid() && allowed.contains(&chosen.suite()));
        assert!(init.suites.contains(&chosen.suite().code));
        assert!(init.shares.iter().any(|share| share.kem == chosen.suite().code.kem));
    }
}
