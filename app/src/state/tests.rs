//! What the screen makes of what happens.
