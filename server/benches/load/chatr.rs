//! Chatr's program for the bench. Refuses to know what is measured about it.

use crate::lab::{Fault, KEY, Program, free_port, on_core, scratch};

/// Starts it with an empty data folder on the disk of the build.
pub fn start(core: Option<&str>, settings: &[(&str, &str)]) -> Result<Program, Fault> {
    let (port, folder) = (free_port()?, scratch("data")?);
    let mut command = on_core(core, env!("CARGO_BIN_EXE_chatr"));
    command
        .env("CHATR_ADDR", format!("127.0.0.1:{port}"))
        .env("CHATR_DATA_DIR", &folder)
        .env("CHATR_LIMITS", "relaxed")
        .env("CHATR_LOG", "warn")
        .env("CHATR_HUB_KEY", KEY)
        .envs(settings.iter().copied());
    Program::start(command, port, Some(folder))
}
