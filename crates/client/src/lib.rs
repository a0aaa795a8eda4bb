//! A client of the service: authenticated requests, and the key exchange from end to end.
//!
//! It trusts nothing that the server says beyond what the protocol proves.
