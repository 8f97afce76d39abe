//! A queue before a store that is far away: the contract sends thousands of requests at once, and each has to be
//! answered within seconds or is given up. Refuses to change what is asked or answered.

use app::chat::{Chat, ChatId, DraftId, Membership, Page, Person, UserId, Window};
use server::store::{
    Decided, Decision, Newcomer, Parts, Passkey, Reading, Reminder, Scope, Store, Told, View,
};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Commands that are under way at the same time; whoever is told that the store is busy sends one again.
const COMMANDS: usize = 64;

/// Other requests, which nobody sends again.
const QUESTIONS: usize = 8;

pub struct Patience {
    store: Arc<dyn Store>,
    commands: Semaphore,
    questions: Semaphore,
}

impl Patience {
    pub fn before(store: Arc<dyn Store>) -> Self {
        Patience {
            store,
            commands: Semaphore::new(COMMANDS),
            questions: Semaphore::new(QUESTIONS),
        }
    }

    fn wait<'a, T: Send + 'a>(
        &'a self,
        ask: impl FnOnce(&'a dyn Store) -> Reading<'a, T> + Send + 'a,
    ) -> Reading<'a, T> {
        Box::pin(async move {
            let _turn = self.questions.acquire().await.expect("never closed");
            ask(&*self.store).await
        })
    }
}

impl Store for Patience {
    fn transact(&self, scope: Scope, decision: Decision, told: Told) -> Reading<'_, Decided> {
        Box::pin(async move {
            let _turn = self.commands.acquire().await.expect("never closed");
            self.store.transact(scope, decision, told).await
        })
    }

    fn view(&self, scope: Scope) -> Reading<'_, View> {
        self.wait(move |store| store.view(scope))
    }

    fn establish(&self, default_chat: Chat, people: Vec<Newcomer>) -> Reading<'_, ChatId> {
        self.wait(move |store| store.establish(default_chat, people))
    }

    fn register(&self, newcomer: Newcomer) -> Reading<'_, Person> {
        self.wait(move |store| store.register(newcomer))
    }

    fn person(&self, user: UserId) -> Reading<'_, Option<Person>> {
        self.wait(move |store| store.person(user))
    }

    fn parts(&self, user: UserId, open: Option<ChatId>) -> Reading<'_, Parts> {
        self.wait(move |store| store.parts(user, open))
    }

    fn page(&self, chat: ChatId, window: Window, limit: usize) -> Reading<'_, Page> {
        self.wait(move |store| store.page(chat, window, limit))
    }

    fn members(&self, chat: ChatId) -> Reading<'_, Vec<Person>> {
        self.wait(move |store| store.members(chat))
    }

    fn memberships(&self, user: UserId) -> Reading<'_, Vec<Membership>> {
        self.wait(move |store| store.memberships(user))
    }

    fn remind(&self, reminder: Reminder, limit: usize) -> Reading<'_, bool> {
        self.wait(move |store| store.remind(reminder, limit))
    }

    fn reminders(&self, user: UserId) -> Reading<'_, usize> {
        self.wait(move |store| store.reminders(user))
    }

    fn next_reminders(&self, limit: usize) -> Reading<'_, Vec<Reminder>> {
        self.wait(move |store| store.next_reminders(limit))
    }

    fn forget_reminder(&self, draft: DraftId) -> Reading<'_, ()> {
        self.wait(move |store| store.forget_reminder(draft))
    }

    fn add_passkey(&self, passkey: Passkey) -> Reading<'_, bool> {
        self.wait(move |store| store.add_passkey(passkey))
    }

    fn passkeys(&self, user: UserId) -> Reading<'_, Vec<Passkey>> {
        self.wait(move |store| store.passkeys(user))
    }

    fn renew_passkey(&self, before: Passkey, after: Passkey) -> Reading<'_, bool> {
        self.wait(move |store| store.renew_passkey(before, after))
    }

    fn remove_passkey(&self, user: UserId, id: String) -> Reading<'_, bool> {
        self.wait(move |store| store.remove_passkey(user, id))
    }
}
