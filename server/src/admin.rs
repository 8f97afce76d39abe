//! Numbers for whoever runs Chatr, in Prometheus' text format, on an address of their own: they are nobody
//! else's business. Holds no numbers; it asks for them.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::CONTENT_TYPE;
use std::sync::Arc;

/// One number that goes up and down.
#[derive(Clone)]
pub struct Gauge {
    /// As Prometheus wants it: `chatr_`, lower case, the unit at the end.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
    pub read: Arc<dyn Fn() -> usize + Send + Sync>,
}

/// `/metrics`.
pub fn router(gauges: Vec<Gauge>) -> Router {
    let metrics = async move || {
        ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text(&gauges)).into_response()
    };
    Router::new().route("/metrics", get(metrics))
}

fn text(gauges: &[Gauge]) -> String {
    let lines = gauges.iter().map(|Gauge { name, help, read }| {
        format!(
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {}\n",
            read()
        )
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_with_its_name_and_meaning() {
        let gauge = Gauge {
            name: "chatr_connections",
            help: "Open connections.",
            read: Arc::new(|| 3),
        };
        assert_eq!(
            text(&[gauge]),
            "# HELP chatr_connections Open connections.\n# TYPE chatr_connections gauge\nchatr_connections 3\n"
        );
    }
}
