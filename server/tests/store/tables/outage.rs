//! What can befall an emulator: it freezes, it stops, it starts again. Refuses to know who suffers from it.

use super::azurite::{Azurite, OwnAccount, run};
use std::io::{BufRead, Read};
use std::process::Command;
use std::sync::PoisonError;

/// An account in an emulator of one's own, which keeps what it has when it is stopped.
pub fn lasting_account() -> OwnAccount {
    let name = format!("chatr-azurite-{}", uuid::Uuid::new_v4().simple());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    Azurite::start(Some(folder)).own_account()
}

impl OwnAccount {
    pub fn azurite(&self) -> &Azurite {
        &self._azurite
    }
}

impl Azurite {
    /// It neither answers nor hangs up.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// It writes down what it has, and goes.
    pub fn stop(&self) {
        self.signal("-INT");
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut running) = running.take() {
            let lines = running._output.by_ref().lines().map_while(Result::ok);
            let closed = lines.filter(|line| line.contains("successfully closed"));
            assert_eq!(closed.take(1).count(), 1, "it has written everything down");
            running.process.wait().expect("it ends");
        }
    }

    pub fn start_again(&self) {
        let again = run(self.port, self.folder.as_deref()).expect("it starts again");
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(again);
    }

    fn signal(&self, signal: &str) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let id = running.as_ref().expect("it runs").process.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.expect("kill is a program").success());
    }
}
