//! The button "New chat" and its dialog. The page goes to the new chat when the server says that it exists.

use super::{Address, Ask, Dialog, DialogActions, Glyph, Icon, NameField};
use crate::chat::{Access, ChatName, Command, DraftId, Record};
use crate::markup::{View, view};
use crate::signal::{RwSignal, Signal};
use crate::state::{Aside, Lobby};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

#[component]
pub fn NewChat() -> View {
    let open = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let asked = RwSignal::new(None::<DraftId>);

    let address = Address::expect();
    Lobby::expect().listen(move |aside| match aside {
        Aside::Created { chat, draft } if asked.get_untracked() == Some(*draft) => {
            open.set(false);
            address.go(&chat.path());
        }
        Aside::Refused {
            why,
            draft: Some(draft),
        } if asked.get_untracked() == Some(*draft) => {
            asked.set(None);
            problem.set(Some(why.to_string()));
        }
        _ => {}
    });
    let start = move |_| {
        asked.set(None);
        problem.set(None);
        open.set(true);
    };
    view! {
        <button
            class="button"
            data-size="small"
            type="button"
            aria-haspopup="dialog"
            on:click=start
        >
            <Icon glyph=Glyph::Plus/>
            "New chat"
        </button>
        <Dialog open title="New chat">
            <NewChatForm open problem asked/>
        </Dialog>
    }
}

#[component]
fn NewChatForm(
    open: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
    /// The request that is on its way.
    asked: RwSignal<Option<DraftId>>,
) -> View {
    let ask = Ask::expect();
    let name = RwSignal::new(String::new());
    let private = RwSignal::new(false);
    let off_record = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if asked.get_untracked().is_some() {
            return;
        }
        match name.get_untracked().parse::<ChatName>() {
            Err(unfit) => problem.set(Some(unfit.to_string())),
            Ok(name) => {
                let draft = DraftId::random();
                asked.set(Some(draft));
                ask.send(Command::CreateChat {
                    draft,
                    name,
                    access: match private.get_untracked() {
                        true => Access::Private,
                        false => Access::Public,
                    },
                    record: match off_record.get_untracked() {
                        true => Record::Off,
                        false => Record::Kept,
                    },
                });
            }
        }
    };
    view! {
        <form class="stack" novalidate on:submit=submit>
            <NameField name problem/>
            <Choice
                checked=private
                name="Private"
                note="Only its members find it. They invite others."
            />
            <Choice
                checked=off_record
                name="Off the record"
                note="Nothing is kept: messages go from page to page, the server never sees them, and who comes later reads nothing."
            />
            <DialogActions open label="Create" busy=Signal::derive(move || asked.get().is_some())/>
        </form>
    }
}

/// A checkbox with its name and a line that explains it.
#[component]
fn Choice(checked: RwSignal<bool>, name: &'static str, note: &'static str) -> View {
    view! {
        <label class="choice">
            <input
                type="checkbox"
                aria-label=name
                aria-description=note
                prop:checked=move || checked.get()
                on:change=move |event| checked.set(event_target_checked(&event))
            />
            <span class="choice-name">{name}</span>
            <span class="choice-note">{note}</span>
        </label>
    }
}
