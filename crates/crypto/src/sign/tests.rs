//! Signatures against published vectors.
