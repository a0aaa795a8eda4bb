//! One handshake while it happens: gathers what its record needs and writes it down at the end.
//! An attempt that is dropped without an end was given up with its connection (the client went away while
//! the upstream's handshake stalled), and its record says so. The one that leaves none is dismissed, or
//! its core is being stopped.

use std::net::IpAddr;
use std::time::Instant;

use hybridge_policy::Rung;

use crate::arms::Arm;
use crate::clock;
use crate::handshake::{Handshake, Negotiated, Offered, Outcome, Side};
use crate::prefix::Prefix;
use crate::route::LiveRoute;
use crate::worker::Worker;

/// A handshake that has begun.
pub(crate) struct Attempt<'a> {
    worker: &'a Worker,
    route: &'a LiveRoute,
    started: Instant,
    record: Handshake,
    /// Its record is written, or there is to be none.
    is_over: bool,
}

impl<'a> Attempt<'a> {
    pub(crate) fn begin(worker: &'a Worker, route: &'a LiveRoute, side: Side, client: IpAddr) -> Self {
        let record = Handshake {
            at_us: clock::wall_us(),
            route: route.spec.id,
            side,
            arm: None,
            rung: None,
            client: Prefix::of(client),
            offered: None,
            negotiated: Negotiated::default(),
            outcome: Outcome::Success,
            alert: None,
            hello_us: 0,
            finished_us: 0,
        };
        Self {
            worker,
            route,
            started: clock::monotonic(),
            record,
            is_over: false,
        }
    }

    pub(crate) const fn started(&self) -> Instant {
        self.started
    }

    pub(crate) const fn prefix(&self) -> Prefix {
        self.record.client
    }

    /// The client's address became known from a PROXY header.
    pub(crate) fn client_is(&mut self, client: IpAddr) {
        self.record.client = Prefix::of(client);
    }

    /// The client was given its arm, and the rung that is in force there.
    pub(crate) const fn in_arm(&mut self, arm: Arm, rung: Rung) {
        self.record.arm = Some(arm);
        self.record.rung = Some(rung);
    }

    /// The client is only watched: there is one arm, and no rung.
    pub(crate) const fn watched(&mut self) {
        self.record.arm = Some(Arm::Control);
    }

    /// The whole ClientHello is here.
    pub(crate) fn hello_read(&mut self, offered: Offered) {
        self.record.offered = Some(offered);
        self.record.hello_us = clock::elapsed_us(self.started);
    }

    pub(crate) fn succeed(self, negotiated: Negotiated) {
        self.end(Outcome::Success, None, negotiated);
    }

    pub(crate) fn fail(self, outcome: Outcome, alert: Option<u8>) {
        self.end(outcome, alert, Negotiated::default());
    }

    /// Writes the record: into this core's counters, and into the ring towards the recorder.
    pub(crate) fn end(mut self, outcome: Outcome, alert: Option<u8>, negotiated: Negotiated) {
        self.write(outcome, alert, negotiated);
    }

    /// There is no handshake after all: a plaintext connection, or one without a byte.
    pub(crate) fn dismiss(mut self) {
        self.is_over = true;
    }

    fn write(&mut self, outcome: Outcome, alert: Option<u8>, negotiated: Negotiated) {
        self.is_over = true;
        self.record.outcome = outcome;
        self.record.alert = alert;
        self.record.negotiated = negotiated;
        self.record.finished_us = clock::elapsed_us(self.started);
        self.route.counters().record(&self.record);
        self.worker.push(self.record);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_over || self.worker.is_stopping() {
            return;
        }
        let outcome = match (self.record.side, self.record.offered) {
            (Side::Upstream, _) => Outcome::Upstream,
            (Side::Downstream, None) => Outcome::HelloIncomplete,
            (Side::Downstream, Some(_)) => Outcome::AfterServerHello,
        };
        self.write(outcome, None, Negotiated::default());
    }
}
