//! Keeps bytes: sealed records under preconditions, and an append-only hash-chained log.
//!
//! Knows no domain noun. What was acknowledged has been fsynced. A damaged record is named and never
//! blocks the others. The clock, names and meaning of what is kept are the caller's business.
