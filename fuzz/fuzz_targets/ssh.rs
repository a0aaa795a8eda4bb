//! The opening of an SSH connection: nothing panics, every error says where, and what was read is
//! written again to the same bytes.
#![no_main]

use hybridge_hello::ssh::{
    Disconnect, KexHybridInit, KexHybridReply, KexInit, KexMethod, build_packet, locate_identification,
    locate_packet,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    payload(input);
    let packets = match locate_identification(input) {
        Ok(Some(located)) => {
            let text = located.identification.as_str();
            assert!(text.starts_with("SSH-") && text.len() <= 253 && !text.contains(['\r', '\n']));
            assert!(located.consumed <= input.len());
            &input[located.consumed..]
        }
        Ok(None) => input,
        Err(malformed) => {
            assert!(malformed.offset <= input.len());
            input
        }
    };
    read_packets(packets);
});

fn read_packets(mut rest: &[u8]) {
    loop {
        match locate_packet(rest) {
            Ok(Some(packet)) => {
                payload(packet.payload);
                let again = build_packet(packet.payload).expect("what was read can be written");
                let again = locate_packet(&again).expect("well formed").expect("whole");
                assert_eq!(again.payload, packet.payload);
                rest = &rest[packet.consumed..];
            }
            Ok(None) => return,
            Err(malformed) => return assert!(malformed.offset <= rest.len()),
        }
    }
}

fn payload(payload: &[u8]) {
    match KexInit::parse(payload) {
        Ok(kexinit) => {
            assert_eq!(KexInit::parse(&kexinit.to_payload()), Ok(kexinit));
            let names = kexinit.kex_algorithms;
            assert_eq!(names.settle(&names), names.iter().next());
            assert!(
                names
                    .iter()
                    .filter(|name| KexMethod(name).is_post_quantum())
                    .count()
                    <= names.iter().count()
            );
        }
        Err(malformed) => assert!(malformed.offset <= payload.len()),
    }
    if let Ok(init) = KexHybridInit::parse(payload) {
        assert_eq!(init.to_payload(), payload);
    }
    if let Ok(reply) = KexHybridReply::parse(payload) {
        assert_eq!(reply.to_payload(), payload);
    }
    let _ = Disconnect::parse(payload);
}
