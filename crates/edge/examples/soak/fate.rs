//! How a connection ends, drawn from the seed before it is opened.
//!
//! The upstream learns of its part in the connection's own header, so both ends know what was planned
//! and an end that was not is a failure.

use crate::pattern::{Dice, HEADER, Pattern, mix};

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Stays until the load is told to finish.
    Stay,
    /// Sends a last burst, half-closes, and must receive everything.
    HalfClose,
    /// Is killed by the client in mid-exchange (RST).
    Reset,
    /// Is closed by the client in the middle of a TLS record.
    CutRecord,
    /// Is closed by the client in the middle of its ClientHello.
    CutHello,
    /// Is reset by the upstream.
    UpstreamReset,
}

/// One connection, as planned.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) fate: Fate,
    /// Exchanges before the fate strikes.
    pub(crate) exchanges: u64,
    pub(crate) pattern: Pattern,
    /// For what is left to decide: sizes and pauses.
    pub(crate) dice: Dice,
}

impl Plan {
    /// The plan of the `generation`-th connection of a slot. The first one only ends in ways that
    /// wait for the start signal, so that all slots can be seen open at once.
    pub(crate) fn draw(seed: u64, slot: u64, generation: u64) -> Self {
        let own = mix(seed ^ mix(slot ^ mix(generation)));
        let mut dice = Dice::new(own);
        let fate = match (dice.below(100), generation) {
            (0..80, _) => Fate::Stay,
            (80..88, _) => Fate::HalfClose,
            (88..92, _) => Fate::Reset,
            (92..95, _) | (_, 0) => Fate::CutRecord,
            (95..97, _) => Fate::CutHello,
            _ => Fate::UpstreamReset,
        };
        let reset_after = if fate == Fate::UpstreamReset {
            HEADER as u64 + 1 + dice.below(40_000)
        } else {
            0
        };
        Self {
            fate,
            exchanges: 1 + dice.below(3),
            pattern: Pattern {
                seed: dice.next(),
                reset_after,
            },
            dice,
        }
    }
}

/// Bytes of one exchange: mostly small, sometimes more than every buffer on the way.
pub(crate) fn burst(dice: &mut Dice) -> u64 {
    match dice.below(100) {
        0..60 => 1 + dice.below(2048),
        60..97 => 1 + dice.below(32 * 1024),
        _ => 1 + dice.below(512 * 1024),
    }
}
