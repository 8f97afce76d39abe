//! The open chat: its messages, who is typing, and where to write. One `Desk` per open chat; another chat is
//! another desk. Refuses to know the header and the lists beside it.

use crate::chat::{ChatId, Record};
use crate::components::{Composer, Desk, Glyph, Icon, JoinBar, MessageList, Typing, Unposted};
use crate::live;
use crate::markup::{View, view};
use crate::signal::Memo;
use crate::state::Lobby;
use leptos::prelude::*;

#[component]
pub fn ChatPane(chat: ChatId) -> View {
    let lobby = Lobby::expect();
    lobby.open(Some(chat));
    let desk = Desk::provide(chat);
    let log = lobby.log(chat);
    live::turn_pages(desk, log.clone());
    let inside = Memo::new(move |_| lobby.chat(chat).is_some_and(|row| row.is_member()));
    let off = lobby.record_of(chat) == Record::Off;
    view! {
        <div class="chat-pane">
            {off.then(|| view! {
                <p class="off-record">
                    <Icon glyph=Glyph::OffRecord/>
                    <strong>"Off the record"</strong>
                    " Nothing is kept: the server does not see or store these messages."
                </p>
            })}
            <MessageList log/>
            <Typing/>
            <Unposted/>
            {move || match inside.get() {
                true => view! { <Composer/> },
                false => view! { <JoinBar/> },
            }}
        </div>
    }
}
