//! The life of the process: build, listen, say where, serve, drain. Refuses to know who tells it to stop.

use crate::admin::{self, Gauge};
use crate::config::Config;
use crate::listen::{Limits, serve};
use crate::{StartError, build};
use std::future::{Future, pending};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Runs until `stop` is done and everybody has heard goodbye. The address is printed when it answers.
pub async fn run(config: &Config, stop: impl Future<Output = ()>) -> Result<(), StartError> {
    let built = build(config).await?;
    let running = Arc::new(built.running);
    let listener = bind("CHATR_ADDR", config.addr).await?;
    let limits = Limits::new(config.relaxed, config.sign_in.front.names_addresses());
    if let Some(addr) = config.admin_addr {
        let listener = bind("CHATR_ADMIN_ADDR", addr).await?;
        let (caps, running) = (limits.caps.clone(), running.clone());
        let gauges = vec![
            Gauge {
                name: "chatr_connections",
                help: "Open connections, sockets included.",
                read: Arc::new(move || caps.open()),
            },
            Gauge {
                name: "chatr_sockets",
                help: "Sockets of the embedded hub, those included that wait for their client.",
                read: Arc::new(move || running.sockets()),
            },
        ];
        let own = Limits::new(false, false);
        tokio::spawn(serve(listener, admin::router(gauges), own, pending()));
    }
    println!("Chatr is at {}", address(config, &listener));

    let (leave, leaving) = oneshot::channel();
    let serving = serve(listener, built.router, limits, async {
        stop.await;
        tracing::info!("stopping");
        // The other side is waited for below.
        let _ = leave.send(());
    });
    // Nobody comes in any more while those who are in hear goodbye.
    let goodbye = async {
        if leaving.await.is_ok() {
            running.stop().await;
        }
    };
    tokio::join!(serving, goodbye);
    Ok(())
}

async fn bind(setting: &'static str, addr: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(addr).await;
    bound.map_err(|why| StartError::Listen { setting, addr, why })
}

/// What to open in a browser.
fn address(config: &Config, listener: &TcpListener) -> String {
    if let Some(url) = &config.public_url {
        return url.to_string();
    }
    let mut listening = listener.local_addr().unwrap_or(config.addr);
    if listening.ip().is_unspecified() {
        listening.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{listening}")
}
