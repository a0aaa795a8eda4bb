//! Tests of the module above.
//! One sentence each.
