//! What is built reads back as it was asked for.
