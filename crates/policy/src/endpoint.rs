//! The verdict on an endpoint: facts that a probe gathered go in, reasons and remedies come out.
//! No clock and no network here.
