//! The opening of an SSH connection, read and written.
