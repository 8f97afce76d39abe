//! One file per visible thing, each with a stylesheet of the same name. Components take fields or signals,
//! show one thing and own only view state.

mod avatar;
mod icon;

pub use avatar::Avatar;
pub use icon::{Glyph, Icon, Mark};
