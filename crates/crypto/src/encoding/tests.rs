//! Keys of other programs, and refusals.
