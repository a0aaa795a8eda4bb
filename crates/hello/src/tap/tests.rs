//! What passes a tap, and that the pieces it passes in make no difference.

use super::*;
