//! The hands of the link in a browser: its socket, its timer, its tickets, and the storage behind the outbox.
//! Refuses to decide: what to do next is said by `wire::link`, what a message means by `envelope`.

use super::envelope::{self, Errand};
use super::outbox::{BEAT_MS, Lane, Outbox, Unsent};
use super::{Incoming, Status};
use crate::api;
use crate::chat::{ChatId, Command, DraftId, Millis, Post, Refusal, Talk, UserId};
use crate::signal::{RwSignal, StoredValue, on_cleanup};
use futures::{Sink, Stream};
use gloo_net::websocket::futures::WebSocket;
use gloo_net::websocket::{Message, State, WebSocketError};
use js_sys::{Date, Math};
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::{ev, logging};
use send_wrapper::SendWrapper;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::Duration;
use web_sys::Storage;
use wire::link::{self, Input, Link, NoTicket, Output, Request, SUBPROTOCOL};

/// A gap that is over so soon is not shown.
const BLINK: Duration = Duration::from_secs(1);

/// 2 to the power of 53: what a number in the browser can count.
const SEEDS: f64 = 9_007_199_254_740_992.0;

/// The handle that the door holds.
#[derive(Clone, Copy)]
pub struct Driver(StoredValue<SendWrapper<Rc<Engine>>>);

impl Driver {
    pub fn new(status: RwSignal<Status>) -> Self {
        Driver(StoredValue::new(SendWrapper::new(Rc::new(Engine::new(
            status,
        )))))
    }

    /// Connects. Call once, where something cleans up; from then on `on` hears what comes.
    pub fn start(&self, user: UserId, on: impl Fn(Incoming) + 'static) {
        self.0.with_value(|engine| engine.start(user, on));
        let driver = *self;
        on_cleanup(move || driver.with(Engine::stop));
        listen(driver);
    }

    pub fn send(&self, command: Command) {
        self.with(|engine| engine.send(command));
    }

    pub fn talk(&self, chat: ChatId, talk: Talk) {
        self.with(|engine| engine.talk(chat, talk));
    }

    pub fn forget(&self, draft: DraftId) {
        self.with(|engine| engine.forget(draft));
    }

    pub fn hurry(&self) {
        self.with(|engine| engine.feed(Input::Hurry));
    }

    /// Does nothing once the page is gone.
    fn with(&self, act: impl FnOnce(&Rc<Engine>)) {
        let engine = self.0.try_with_value(|engine| Rc::clone(engine));
        if let Some(engine) = engine {
            act(&engine);
        }
    }
}

/// What a browser can notice of the network and of the person.
fn listen(driver: Driver) {
    let online = window_event_listener(ev::online, move |_| driver.hurry());
    let shown = window_event_listener(ev::visibilitychange, move |_| {
        if !document().hidden() {
            driver.hurry();
        }
    });
    let hidden = window_event_listener(ev::pagehide, move |_| driver.with(|e| e.say_farewell()));
    on_cleanup(move || {
        online.remove();
        shown.remove();
        hidden.remove();
    });
    let beat = move || driver.with(Engine::beat);
    if let Ok(beating) = set_interval_with_handle(beat, Duration::from_millis(BEAT_MS)) {
        on_cleanup(move || beating.clear());
    }
}

type Listener = Rc<dyn Fn(Incoming)>;

type Socket = Rc<RefCell<WebSocket>>;

struct Engine {
    link: RefCell<Link>,
    /// What happened while something else was being done.
    inbox: RefCell<VecDeque<Input>>,
    busy: Cell<bool>,
    clock: Clock,
    timer: RefCell<Option<TimeoutHandle>>,
    /// Held here only: dropping it closes the socket, and nothing is heard of it any more.
    socket: RefCell<Option<Socket>>,
    /// By the keys of their requests.
    errands: RefCell<Vec<(u128, Errand)>>,
    outbox: RefCell<Option<Outbox>>,
    listener: RefCell<Option<Listener>>,
    status: RwSignal<Status>,
    /// Runs from the loss of the connection until that is shown.
    blink: RefCell<Option<TimeoutHandle>>,
}

impl Engine {
    fn new(status: RwSignal<Status>) -> Self {
        Self {
            link: RefCell::new(Link::new((Math::random() * SEEDS) as u64)),
            inbox: RefCell::default(),
            busy: Cell::new(false),
            clock: Clock::new(),
            timer: RefCell::default(),
            socket: RefCell::default(),
            errands: RefCell::default(),
            outbox: RefCell::default(),
            listener: RefCell::default(),
            status,
            blink: RefCell::default(),
        }
    }

    fn start(self: &Rc<Self>, user: UserId, on: impl Fn(Incoming) + 'static) {
        self.listener.replace(Some(Rc::new(on)));
        self.outbox
            .replace(Some(Outbox::new(user, DraftId::random())));
        self.adopt();
        self.feed(Input::Start);
    }

    fn stop(self: &Rc<Self>) {
        self.say_farewell();
        self.feed(Input::Stop);
        self.listener.replace(None);
        for timer in [self.timer.take(), self.blink.take()].into_iter().flatten() {
            timer.clear();
        }
    }

    fn send(self: &Rc<Self>, command: Command) {
        if let Command::PostMessage(Post { chat, draft, body }) = &command {
            self.put(Unsent {
                chat: *chat,
                draft: *draft,
                body: body.clone(),
                at: now(),
                lane: Lane::Post,
            });
        }
        let (key, errand) = Errand::of(&command);
        // What is asked again is asked now, and not where it stood before.
        self.feed(Input::Forget { key });
        self.ask(key, errand, envelope::event(&command));
    }

    fn talk(self: &Rc<Self>, chat: ChatId, talk: Talk) {
        let what = envelope::publish(chat, &talk);
        match talk {
            Talk::Typing { .. } => self.feed(Input::Send(Request::passing(what))),
            Talk::Said { draft, body } => {
                self.put(Unsent {
                    chat,
                    draft,
                    body,
                    at: now(),
                    lane: Lane::Talk,
                });
                let key = envelope::key(draft);
                self.feed(Input::Forget { key });
                self.ask(key, Errand::Said(draft), what);
            }
        }
    }

    fn forget(self: &Rc<Self>, draft: DraftId) {
        let key = envelope::key(draft);
        self.end_errand(key);
        self.remove(draft);
        self.feed(Input::Forget { key });
    }

    fn ask(self: &Rc<Self>, key: u128, errand: Errand, what: link::What) {
        self.end_errand(key);
        self.errands.borrow_mut().push((key, errand));
        self.feed(Input::Send(Request::keyed(key, what)));
    }

    fn end_errand(&self, key: u128) -> Option<Errand> {
        let mut errands = self.errands.borrow_mut();
        let at = errands.iter().position(|(known, _)| *known == key)?;
        Some(errands.swap_remove(at).1)
    }

    /// Sends a kept message, unless it is on its way.
    fn offer(self: &Rc<Self>, unsent: Unsent) {
        let Unsent {
            chat,
            draft,
            body,
            lane,
            ..
        } = unsent;
        let (errand, what) = match lane {
            Lane::Post => {
                let command = Command::PostMessage(Post { chat, draft, body });
                (Errand::Asked(draft), envelope::event(&command))
            }
            Lane::Talk => {
                let talk = Talk::Said { draft, body };
                (Errand::Said(draft), envelope::publish(chat, &talk))
            }
        };
        self.ask(envelope::key(draft), errand, what);
    }

    /// Gives the link what happened and does what it says. While that is being done, more may happen.
    fn feed(self: &Rc<Self>, input: Input) {
        self.inbox.borrow_mut().push_back(input);
        if self.busy.replace(true) {
            return;
        }
        loop {
            let next = self.inbox.borrow_mut().pop_front();
            let Some(input) = next else {
                break;
            };
            let outputs = self.link.borrow_mut().handle(self.clock.now(), input);
            for output in outputs {
                self.obey(output);
            }
        }
        self.busy.set(false);
    }

    fn obey(self: &Rc<Self>, output: Output) {
        match output {
            Output::FetchTicket => spawn_local(fetch_ticket(Rc::clone(self))),
            Output::Open { url } => match WebSocket::open_with_protocol(&url, SUBPROTOCOL) {
                Ok(socket) => {
                    let socket = Rc::new(RefCell::new(socket));
                    spawn_local(hear(Rc::downgrade(&socket), Rc::clone(self)));
                    self.socket.replace(Some(socket));
                }
                Err(_) => self.feed(Input::Closed { code: None }),
            },
            Output::Close => {
                self.socket.replace(None);
            }
            Output::Transmit(text) => {
                if let Some(socket) = &*self.socket.borrow() {
                    say(&mut socket.borrow_mut(), text);
                }
            }
            Output::Deliver(message) => match envelope::open(&message) {
                Ok(incoming) => self.tell(incoming),
                Err(reason) => logging::warn!("a message was skipped: {reason}"),
            },
            Output::Settled { key, outcome } => {
                let errand = self.end_errand(key);
                if let Some(incoming) = errand.and_then(|errand| errand.end(outcome)) {
                    self.tell(incoming);
                }
            }
            Output::Status(status) => self.show(status),
            Output::WakeAt(at) => {
                let wait = Duration::from_millis(at.saturating_sub(self.clock.now()));
                let engine = Rc::clone(self);
                let timer = set_timeout_with_handle(move || engine.feed(Input::Timer), wait);
                if let Some(before) = self.timer.replace(timer.ok()) {
                    before.clear();
                }
            }
        }
    }

    fn show(self: &Rc<Self>, status: link::Status) {
        match status {
            link::Status::Connecting => {}
            link::Status::Fresh { first } => {
                self.set_status(Status::Online);
                self.tell(if first {
                    Incoming::Fresh
                } else {
                    Incoming::Resync
                });
                if !first {
                    self.offer_again();
                }
            }
            link::Status::Recovered => {
                self.set_status(Status::Online);
                self.tell(Incoming::Recovered);
            }
            link::Status::Lost => {
                if self.blink.borrow().is_none() {
                    let status = self.status;
                    let blink = set_timeout_with_handle(
                        move || {
                            status.set(Status::Offline);
                        },
                        BLINK,
                    );
                    self.blink.replace(blink.ok());
                }
            }
            link::Status::SignedOut => {
                self.set_status(Status::Offline);
                self.tell(envelope::signed_out());
            }
        }
    }

    fn set_status(&self, status: Status) {
        if let Some(blink) = self.blink.take() {
            blink.clear();
        }
        if self.status.try_get_untracked() != Some(status) {
            self.status.set(status);
        }
    }

    /// An answer may have been lost with the old connection. Asking twice does a thing once.
    fn offer_again(self: &Rc<Self>) {
        let unsent = self.outbox.borrow().as_ref().map(|o| o.unsent().to_vec());
        for unsent in unsent.unwrap_or_default() {
            self.offer(unsent);
        }
    }

    fn tell(&self, incoming: Incoming) {
        if let Some(draft) = envelope::laid_to_rest(&incoming) {
            self.remove(draft);
        }
        let listener = self.listener.borrow().clone();
        if let Some(listener) = listener {
            listener(incoming);
        }
    }

    fn put(&self, unsent: Unsent) {
        let change = |outbox: &mut Outbox| outbox.put(unsent);
        if self.outbox.borrow_mut().as_mut().is_some_and(change) {
            self.keep(now());
        }
    }

    fn remove(&self, draft: DraftId) {
        let change = |outbox: &mut Outbox| outbox.remove(draft);
        if self.outbox.borrow_mut().as_mut().is_some_and(change) {
            self.keep(now());
        }
    }

    /// Says that this page is there, and looks for what others left behind.
    fn beat(self: &Rc<Self>) {
        let full = |outbox: &Outbox| !outbox.unsent().is_empty();
        if self.outbox.borrow().as_ref().is_some_and(full) {
            self.keep(now());
        }
        self.adopt();
    }

    fn say_farewell(&self) {
        if let (Some(outbox), Some(storage)) = (&*self.outbox.borrow(), storage())
            && let Some(text) = outbox.farewell()
        {
            // A full or forbidden storage only means that the messages end with the page.
            let _ = storage.set_item(&outbox.key(), &text);
        }
    }

    fn keep(&self, now: Millis) {
        if let (Some(outbox), Some(storage)) = (&*self.outbox.borrow(), storage()) {
            // As above.
            let _ = match outbox.text(now) {
                Some(text) => storage.set_item(&outbox.key(), &text),
                None => storage.remove_item(&outbox.key()),
            };
        }
    }

    /// Takes over what pages that are gone left behind.
    fn adopt(self: &Rc<Self>) {
        let Some(storage) = storage() else {
            return;
        };
        let keys = (0..storage.length().unwrap_or(0)).filter_map(|at| storage.key(at).ok()?);
        let mut found = Vec::new();
        if let Some(outbox) = &mut *self.outbox.borrow_mut() {
            for key in keys.collect::<Vec<_>>() {
                if outbox.is_neighbour(&key)
                    && let Ok(Some(text)) = storage.get_item(&key)
                    && let Some(unsent) = outbox.adopt(&text, now())
                {
                    for one in unsent {
                        let place = found.partition_point(|other: &Unsent| other.at <= one.at);
                        found.insert(place, one);
                    }
                    let _ = storage.remove_item(&key);
                }
            }
        }
        if !found.is_empty() {
            self.keep(now());
        }
        for unsent in found {
            self.tell(Incoming::Unsent {
                chat: unsent.chat,
                draft: unsent.draft,
                body: unsent.body.clone(),
                at: unsent.at,
            });
            self.offer(unsent);
        }
    }
}

async fn fetch_ticket(engine: Rc<Engine>) {
    let ticket = match api::negotiate().await {
        Ok(ticket) => Ok(ticket.url),
        Err(refused) if refused == Refusal::SignedOut.into() => Err(NoTicket::SignedOut),
        Err(_) => Err(NoTicket::Unreachable),
    };
    engine.feed(Input::Ticket(ticket));
}

/// One socket's life. It ends by itself, which is told, or because nobody holds it any more, which is not.
async fn hear(socket: Weak<RefCell<WebSocket>>, engine: Rc<Engine>) {
    loop {
        let heard = poll_fn(|cx| match socket.upgrade() {
            Some(socket) => Pin::new(&mut *socket.borrow_mut()).poll_next(cx).map(Some),
            None => Poll::Ready(None),
        });
        match heard.await {
            None => return,
            Some(Some(Ok(Message::Text(text)))) => engine.feed(Input::Frame(text)),
            Some(Some(Err(WebSocketError::ConnectionClose(event)))) => {
                return engine.feed(Input::Closed {
                    code: Some(event.code),
                });
            }
            Some(None) => return engine.feed(Input::Closed { code: None }),
            // The service sends text; an error comes before the end that it announces.
            Some(Some(Ok(Message::Bytes(_)) | Err(_))) => {}
        }
    }
}

fn say(socket: &mut WebSocket, text: String) {
    // One that is ending takes nothing any more, and is about to say so. If it fails, too.
    if matches!(socket.state(), State::Open) {
        let _ = Pin::new(socket).start_send(Message::Text(text));
    }
}

/// Milliseconds since some moment, never backwards, whatever is done to the computer's clock.
struct Clock {
    seen: Cell<f64>,
    passed: Cell<f64>,
}

impl Clock {
    fn new() -> Self {
        Self {
            seen: Cell::new(Date::now()),
            passed: Cell::new(0.0),
        }
    }

    fn now(&self) -> u64 {
        let now = Date::now();
        let step = (now - self.seen.replace(now)).max(0.0);
        self.passed.set(self.passed.get() + step);
        self.passed.get() as u64
    }
}

fn now() -> Millis {
    Millis(Date::now() as u64)
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}
