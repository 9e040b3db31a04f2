//! Every HTTP request of the demo: shown while it happens, kept for the facts.

use std::sync::{Arc, Mutex, PoisonError};

use driftless_client::{Exchange, Observer};
use serde_json::{Value, json};

use crate::output::Output;

/// Longest path that a line shows, in characters; delta links are longer.
const PATH_CHARS_MAX: usize = 110;
/// Most requests that are kept.
const KEPT_MAX: usize = 1_000;

/// The requests so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests {
    kept: Arc<Mutex<Vec<Value>>>,
}

impl Requests {
    /// What a connection calls for each request.
    pub(crate) fn observer(&self, output: Output) -> Observer {
        let kept = Arc::clone(&self.kept);
        Arc::new(move |exchange| {
            output.note(&line(exchange));
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < KEPT_MAX {
                kept.push(document(exchange));
            }
        })
    }

    /// The requests for programs.
    pub(crate) fn documents(&self) -> Vec<Value> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One request on one line: method, path, status, milliseconds.
fn line(exchange: &Exchange<'_>) -> String {
    let mut chars = exchange.path.chars();
    let mut path: String = chars.by_ref().take(PATH_CHARS_MAX).collect();
    if chars.next().is_some() {
        path.push('…');
    }
    let ms = exchange.elapsed.as_secs_f64() * 1_000.0;
    let outcome = match exchange.outcome {
        Ok(status) => status.to_string(),
        Err(why) => why.to_owned(),
    };
    let again = exchange.repeated_after.map_or_else(String::new, |wait| format!(", again in {} ms", wait.as_millis()));
    format!("    {:<6} {path} -> {outcome} ({ms:.1} ms){again}", exchange.method)
}

fn document(exchange: &Exchange<'_>) -> Value {
    let ms = (exchange.elapsed.as_secs_f64() * 10_000.0).round() / 10.0;
    json!({"method": exchange.method, "path": exchange.path, "status": exchange.outcome.ok(), "ms": ms})
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn both_forms() {
        let mut exchange = Exchange {
            method: "PATCH",
            path: "/api/data/v9.2/drf_books(drf_bookcode='BookCode0')",
            outcome: Ok(204),
            elapsed: Duration::from_micros(1_740),
            repeated_after: None,
        };
        assert_eq!(line(&exchange), "    PATCH  /api/data/v9.2/drf_books(drf_bookcode='BookCode0') -> 204 (1.7 ms)");
        assert_eq!(document(&exchange)["ms"], json!(1.7));
        let long = format!("/x?$deltatoken={}", "ä".repeat(200));
        exchange.path = &long;
        exchange.outcome = Err("no answer");
        exchange.repeated_after = Some(Duration::from_millis(200));
        let text = line(&exchange);
        assert!(text.contains("ä… -> no answer (1.7 ms), again in 200 ms"), "{text}");
    }
}
