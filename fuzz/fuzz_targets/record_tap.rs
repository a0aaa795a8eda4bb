//! Watching a stream: whatever the pieces it passes in, the events are the same, and memory is bounded.
//! The first bytes of the input say where to cut; cutting after every byte is always tried as well.
#![no_main]

use hybridge_hello::{RecordTap, TapEvent};
use libfuzzer_sys::fuzz_target;

/// How many of the input's first bytes say where the stream is cut.
const CUTS: usize = 8;

fuzz_target!(|input: &[u8]| {
    let (cuts, stream) = input.split_at(CUTS.min(input.len()));
    let whole = events(&[stream]);
    assert_eq!(events(&pieces(stream, cuts)), whole);
    assert_eq!(events(&stream.chunks(1).collect::<Vec<_>>()), whole);
});

fn pieces<'a>(mut stream: &'a [u8], cuts: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, rest) = stream.split_at(usize::from(*cut).min(stream.len()));
        pieces.push(piece);
        stream = rest;
    }
    pieces.push(stream);
    pieces
}

fn events(pieces: &[&[u8]]) -> (Vec<String>, u64, bool) {
    let mut tap = RecordTap::new();
    let mut seen = Vec::new();
    for piece in pieces {
        tap.push(piece, |event| {
            if let TapEvent::Handshake { message, length, .. } = event {
                assert_eq!(message.len(), length.min(16_384));
            }
            seen.push(format!("{event:?}"));
        });
    }
    (seen, tap.records(), tap.finished())
}
