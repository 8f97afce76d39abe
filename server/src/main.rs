//! The program: settings, log, server, and a quiet end.

use server::config::Config;
use server::listen::{Limits, serve};
use std::error::Error;
use std::io::{self, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

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
    let config = Config::read()?;
    tracing_subscriber::fmt()
        .with_env_filter(&config.log)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let built = server::build(&config).await?;
    let listener = TcpListener::bind(config.addr)
        .await
        .map_err(|why| format!("CHATR_ADDR: {} cannot be listened on: {why}", config.addr))?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    println!("Chatr is at {}", address(&config, listener.local_addr()?));

    let limits = Limits::new(config.relaxed, config.trust_proxy);
    let (stop, stopped) = oneshot::channel();
    let serving = serve(listener, built.router, limits, async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        // The other side is waited for below.
        let _ = stop.send(());
    });
    // Nobody comes in any more while those who are in hear goodbye.
    let leaving = async {
        if stopped.await.is_ok() {
            built.running.stop().await;
        }
    };
    tokio::join!(serving, leaving);
    Ok(())
}

/// What to open in a browser.
fn address(config: &Config, mut listening: SocketAddr) -> String {
    if listening.ip().is_unspecified() {
        listening.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let public = config.public_url.as_ref().map(ToString::to_string);
    public.unwrap_or_else(|| format!("http://{listening}"))
}
