//! How a component asks for something: the command goes to the link, the answer comes as a fact.

use crate::chat::Command;
use crate::signal::{Callback, expect_context, provide_context};

/// Takes commands. `Copy`: take it from context when the component is made.
#[derive(Clone, Copy)]
pub struct Ask(Callback<Command>);

impl Ask {
    pub fn provide(send: impl Fn(Command) + Send + Sync + 'static) {
        provide_context(Ask(Callback::new(send)));
    }

    pub fn expect() -> Ask {
        expect_context()
    }

    pub fn send(&self, command: Command) {
        self.0.run(command);
    }
}
