//! The hub as a program of its own, for applications that are written against Azure's SDKs and for tests of
//! them. It adds arguments, a port, and webhooks over HTTP; what the service does is the library's business.

mod program;

use clap::Parser as _;
use program::arguments::Arguments;
use program::caller;
use program::listener::{Listener, asked_to_stop};
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log(&arguments);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let ended = runtime
        .map_err(|error| format!("the runtime did not start: {error}"))
        .and_then(|runtime| runtime.block_on(run(&arguments)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("hub: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), String> {
    let config = arguments.config()?;
    let stop = asked_to_stop().map_err(|error| format!("signals cannot be heard: {error}"))?;
    let address = arguments.address();
    let listener = Listener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let endpoint = listener.endpoint();
    let key = config.keys.first().map(String::as_str).unwrap_or_default();
    // Whoever started the program may have stopped listening to it; the service runs all the same.
    let _ = writeln!(
        std::io::stdout(),
        "Endpoint={endpoint};AccessKey={key};Version=1.0;\nhub: ready at {endpoint}"
    );
    tracing::info!(%endpoint, handlers = config.handlers.len(), "ready");
    let hub = hub::Hub::new(config);
    let router = hub
        .rest_router()
        .merge(hub.socket_router(caller::over_http()));
    listener.serve(router, stop).await;
    tracing::info!(connections = hub.connections(), "draining");
    hub.shut_down(arguments.drain()).await;
    tracing::info!("stopped");
    Ok(())
}

/// Logs go to the standard error stream: the standard output is for the connection string.
fn log(arguments: &Arguments) {
    let filter = EnvFilter::builder().parse_lossy(arguments.log());
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if arguments.json_logs() {
        logs.json().init();
    } else {
        logs.init();
    }
}
