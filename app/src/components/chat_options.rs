//! The button "Chat options", its menu, and the small dialogs behind it. Shows only what the model's own
//! predicates allow; the server asks the same ones.

use super::{
    Ask, Dialog, DialogActions, Glyph, Hidden, Icon, Invite, Later, Menu, MenuControl, MenuItem,
    Moderator, NameField, reach,
};
use crate::chat::{Access, ChatName, ChatSummary, Command};
use crate::markup::{Show, View, view};
use crate::signal::{Memo, RwSignal, Signal};
use crate::state::Lobby;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

#[component]
pub fn ChatOptions(#[prop(into)] summary: Signal<ChatSummary>) -> View {
    let lobby = Lobby::expect();
    let ask = Ask::expect();
    let me = lobby.me().id;
    let menu = MenuControl::new();
    let [renaming, inviting, moderating, deleting] = [(); 4].map(|()| RwSignal::new(false));

    let may_rename = Memo::new(move |_| summary.with(|row| row.chat.may_rename(me)));
    let may_delete = Memo::new(move |_| summary.with(|row| row.chat.may_delete(me)));
    let may_moderate = Memo::new(move |_| summary.with(|row| row.chat.may_set_moderation(me)));
    let may_invite = Memo::new(move |_| {
        let summary = summary.get();
        summary.chat.may_invite(summary.is_member())
    });
    let may_leave = Memo::new(move |_| {
        let summary = summary.get();
        let fixed = summary.chat.id == lobby.default_chat() || summary.chat.access == Access::Pair;
        summary.is_member() && !fixed
    });
    let any = move || may_invite.get() || may_leave.get() || may_delete.get();
    let leave = move |()| {
        ask.send(Command::LeaveChat {
            chat: summary.get_untracked().chat.id,
        });
    };
    view! {
        <Show when=any>
            <button
                class="icon-button"
                type="button"
                aria-label="Chat options"
                aria-haspopup="menu"
                aria-expanded=move || menu.is_open().to_string()
                on:pointerenter=move |_| reach()
                on:focusin=move |_| reach()
                on:pointerdown=move |event| menu.press(event)
                on:click=move |click| {
                    menu.toggle(&click);
                }
            >
                <Icon glyph=Glyph::More/>
            </button>
            <Menu control=menu label="Chat options">
                <Show when=move || may_rename.get()>
                    <MenuItem
                        glyph=Glyph::Rename
                        label="Rename"
                        on_choose=move |()| renaming.set(true)
                    />
                </Show>
                <Show when=move || may_invite.get()>
                    <MenuItem
                        glyph=Glyph::Invite
                        label="Invite"
                        on_choose=move |()| inviting.set(true)
                    />
                </Show>
                <Show when=move || may_moderate.get()>
                    <MenuItem
                        glyph=Glyph::Shield
                        label="Language moderator"
                        on_choose=move |()| moderating.set(true)
                    />
                </Show>
                <Show when=move || may_leave.get()>
                    <MenuItem glyph=Glyph::Leave label="Leave" on_choose=leave/>
                </Show>
                <Show when=move || may_delete.get()>
                    <MenuItem
                        glyph=Glyph::Delete
                        label="Delete chat"
                        danger=true
                        on_choose=move |()| deleting.set(true)
                    />
                </Show>
            </Menu>
        </Show>
        <Dialog open=renaming title="Rename chat">
            <Rename summary open=renaming/>
        </Dialog>
        <Dialog open=inviting title="Invite">
            <Later hidden=Hidden::Invite(summary)/>
        </Dialog>
        <Dialog open=moderating title="Language moderator">
            <Later hidden=Hidden::Moderator(summary, moderating)/>
        </Dialog>
        <Dialog open=deleting title="Delete chat">
            <Later hidden=Hidden::Delete(summary, deleting)/>
        </Dialog>
    }
}

#[component]
fn Rename(#[prop(into)] summary: Signal<ChatSummary>, open: RwSignal<bool>) -> View {
    let ask = Ask::expect();
    let name = RwSignal::new(summary.get_untracked().title());
    let problem = RwSignal::new(None::<String>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        match name.get_untracked().parse::<ChatName>() {
            Err(unfit) => problem.set(Some(unfit.to_string())),
            Ok(name) => {
                let chat = summary.get_untracked().chat;
                if name != chat.name {
                    ask.send(Command::RenameChat {
                        chat: chat.id,
                        name,
                    });
                }
                open.set(false);
            }
        }
    };
    view! {
        <form class="stack" novalidate on:submit=submit>
            <NameField name problem/>
            <DialogActions open label="Rename"/>
        </form>
    }
}

pub fn invite(summary: Signal<ChatSummary>) -> View {
    view! { <Invite summary/> }
}

pub fn moderator(summary: Signal<ChatSummary>, open: RwSignal<bool>) -> View {
    view! { <Moderator summary open/> }
}

pub fn delete(summary: Signal<ChatSummary>, open: RwSignal<bool>) -> View {
    let ask = Ask::expect();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        ask.send(Command::DeleteChat {
            chat: summary.get_untracked().chat.id,
        });
        open.set(false);
    };
    view! {
        <form class="stack" on:submit=submit>
            <p>
                <strong>
                    <bdi>{move || summary.with(ChatSummary::title)}</bdi>
                </strong> " and all its messages go away for everybody. This cannot be undone."
            </p>
            <DialogActions open label="Delete" kind="danger"/>
        </form>
    }
}
