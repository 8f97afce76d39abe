//! The hub as a program of its own, for applications that are written against Azure's SDKs and for tests of
//! them. It adds arguments, a port, and webhooks over HTTP; what the service does is the library's business.

mod program;

use program::arguments::Arguments;
use program::caller;
use program::listener::{Listener, asked_to_stop};
use program::settings::Settings;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let settings = match Settings::of(Arguments::given()) {
        Ok(settings) => settings,
        Err(wrong) => {
            for why in wrong {
                eprintln!("hub: {why}");
            }
            return ExitCode::FAILURE;
        }
    };
    log(&settings);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let ended = runtime
        .map_err(|error| format!("the runtime did not start: {error}"))
        .and_then(|runtime| runtime.block_on(run(settings)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("hub: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> Result<(), String> {
    let config = settings.config;
    let stop = asked_to_stop().map_err(|error| format!("signals cannot be heard: {error}"))?;
    let address = settings.address;
    let listener = Listener::bind(address, settings.head_timeout)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let endpoint = listener.endpoint();
    let key = config.keys.first().map(String::as_str).unwrap_or_default();
    // Whoever started the program may have stopped listening to it; the service runs all the same.
    let mut out = std::io::stdout();
    let _ = writeln!(
        out,
        "Endpoint={endpoint};AccessKey={key};Version=1.0;\nhub: ready at {endpoint}"
    );
    if settings.page {
        let _ = writeln!(out, "hub: page at {endpoint}/");
        if !address.ip().is_loopback() {
            tracing::warn!("the page shows messages to everybody who reaches this port");
        }
    }
    tracing::info!(%endpoint, handlers = config.handlers.len(), "ready");
    let hub = hub::Hub::new(config);
    let mut router = hub
        .rest_router()
        .merge(hub.socket_router(caller::over_http()));
    if settings.page {
        router = router.merge(hub.page_router());
    }
    listener.serve(router, stop).await;
    tracing::info!(connections = hub.connections(), "draining");
    hub.shut_down(settings.drain).await;
    tracing::info!("stopped");
    Ok(())
}

/// Logs go to the standard error stream: the standard output is for the connection string.
fn log(settings: &Settings) {
    let filter = EnvFilter::builder().parse_lossy(&settings.log);
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if settings.json_logs {
        logs.json().init();
    } else {
        logs.init();
    }
}
