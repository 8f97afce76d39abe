//! One file per visible thing, each with a stylesheet of the same name. Components take fields or signals,
//! show one thing and own only view state.

mod ask;
mod avatar;
mod chat_header;
mod chat_list;
mod chat_options;
mod chat_sign;
pub mod desktop;
mod dialog;
mod herald;
mod icon;
mod invite;
mod me;
mod menu;
mod moderator;
mod name_field;
mod new_chat;
mod people_list;
mod preferences;
mod settings;
mod toasts;

pub use ask::Ask;
pub use avatar::{Avatar, hue};
pub use chat_header::{ChatHeader, PeopleShown};
pub use chat_list::{ChatList, in_order};
pub use chat_options::ChatOptions;
pub use dialog::{Dialog, DialogActions};
pub use herald::herald;
pub use icon::{Glyph, Icon, Mark};
pub use invite::Invite;
pub use me::Me;
pub use menu::{Menu, MenuControl, MenuItem};
pub use moderator::Moderator;
pub use name_field::NameField;
pub use new_chat::NewChat;
pub use people_list::PeopleList;
pub use preferences::{Preferences, Theme};
pub use settings::Settings;
pub use toasts::{Toast, ToastList, Toasts};
