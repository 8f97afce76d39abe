//! The program: settings, log, and the signals that end it.

use server::config::Config;
use server::operator::Program;
use server::process;
use std::error::Error;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("chatr: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let (Program { settings, task }, matches) = Program::read();
    let config = settings.check();
    if let Some(task) = task {
        log("warn");
        return task.perform(config, &matches).await;
    }
    let config = config?;
    log(&config.log);
    serve(&config).await
}

fn log(filter: &str) {
    // An answer that is wrong is an error to this crate. Anybody may send one, and `auth::passkeys` says it.
    let filter = format!("webauthn_rs_core=off,{filter}");
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}

async fn serve(config: &Config) -> Result<(), Box<dyn Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    process::run(config, async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
    .await?;
    Ok(())
}
