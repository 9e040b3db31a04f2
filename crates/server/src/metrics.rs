//! What the listener counts of requests (OPS-10). All labels come from lists of ours, and all counters are there from the start: counting neither allocates nor
//! locks.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};

use crate::exposition::{Exposition, Kind, Seconds};
use crate::front::Route;

/// Methods that are told apart; the last one stands for all others.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
/// Status codes that are told apart; 0 stands for all others.
const CODES: [u16; 30] =
    [200, 201, 202, 204, 206, 302, 303, 304, 400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 414, 415, 416, 421, 428, 429, 431, 500, 501, 503, 504, 0];
/// Upper ends of the steps of durations, in nanoseconds and as text; longer ones are in the last step only.
const STEPS: [(u64, &str); 13] = [
    (500_000, "0.0005"),
    (1_000_000, "0.001"),
    (2_500_000, "0.0025"),
    (5_000_000, "0.005"),
    (10_000_000, "0.01"),
    (25_000_000, "0.025"),
    (50_000_000, "0.05"),
    (100_000_000, "0.1"),
    (250_000_000, "0.25"),
    (1_000_000_000, "1"),
    (5_000_000_000, "5"),
    (30_000_000_000, "30"),
    (u64::MAX, "+Inf"),
];

/// The counters.
pub(crate) struct Metrics {
    answered: Vec<AtomicU64>,
    durations: Vec<Durations>,
    in_flight: AtomicI64,
}

/// Durations of the requests of one route.
#[derive(Default)]
struct Durations {
    steps: [AtomicU64; STEPS.len()],
    sum_ns: AtomicU64,
}

/// A request that is counted as in work until this is dropped.
pub(crate) struct InFlight<'a>(&'a Metrics);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let counters = Route::COUNT * METHODS.len() * CODES.len();
        Self {
            answered: (0..counters).map(|_| AtomicU64::new(0)).collect(),
            durations: (0..Route::COUNT).map(|_| Durations::default()).collect(),
            in_flight: AtomicI64::new(0),
        }
    }

    /// A request begins.
    pub(crate) fn begin(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self)
    }

    /// A request has its answer.
    pub(crate) fn answered(&self, route: Route, method: &Method, code: StatusCode, took: Duration) {
        if let Some(counter) = self.answered.get(place(route, method_at(method), code_at(code))) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        if let Some(durations) = self.durations.get(route.index()) {
            let at = STEPS.iter().position(|(end, _)| ns <= *end).unwrap_or(STEPS.len() - 1);
            durations.steps[at].fetch_add(1, Ordering::Relaxed);
            durations.sum_ns.fetch_add(ns, Ordering::Relaxed);
        }
    }

    /// Writes what was counted; what never happened is left out.
    pub(crate) fn write(&self, out: &mut Exposition) {
        out.family("http_requests_total", Kind::Counter, "Requests that were answered.");
        for (route, template) in Route::all() {
            for (method_at, method) in METHODS.iter().enumerate() {
                for (code_at, code) in CODES.iter().enumerate() {
                    let count = self.answered.get(place(route, method_at, code_at)).map_or(0, |counter| counter.load(Ordering::Relaxed));
                    if count > 0 {
                        out.sample("http_requests_total", &[("route", &template), ("method", method), ("code", code)], count);
                    }
                }
            }
        }
        out.family("http_request_duration_seconds", Kind::Histogram, "Time from the head of a request to its answer.");
        for (route, template) in Route::all() {
            if let Some(durations) = self.durations.get(route.index()) {
                durations.write(template, out);
            }
        }
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        out.single("http_requests_in_flight", Kind::Gauge, "Requests without an answer yet.", in_flight);
    }
}

impl Durations {
    fn write(&self, route: &str, out: &mut Exposition) {
        let counts = self.steps.each_ref().map(|step| step.load(Ordering::Relaxed));
        let all: u64 = counts.iter().sum();
        if all == 0 {
            return;
        }
        let mut up_to = 0;
        for ((_, end), count) in STEPS.iter().zip(counts) {
            up_to += count;
            out.sample("http_request_duration_seconds_bucket", &[("route", &route), ("le", end)], up_to);
        }
        out.sample("http_request_duration_seconds_sum", &[("route", &route)], Seconds(self.sum_ns.load(Ordering::Relaxed)));
        out.sample("http_request_duration_seconds_count", &[("route", &route)], all);
    }
}

fn place(route: Route, method_at: usize, code_at: usize) -> usize {
    (route.index() * METHODS.len() + method_at) * CODES.len() + code_at
}

fn method_at(method: &Method) -> usize {
    METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len() - 1)
}

fn code_at(code: StatusCode) -> usize {
    CODES.iter().position(|known| *known == code.as_u16()).unwrap_or(CODES.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // OPS-10
    fn requests_are_counted_by_route_method_and_code() {
        let metrics = Metrics::new();
        let begun = metrics.begin();
        let rows = Route::Api(driftless_webapi::Route::Rows);
        for ms in [1, 3, 60_000] {
            metrics.answered(rows, &Method::GET, StatusCode::OK, Duration::from_millis(ms));
        }
        metrics.answered(Route::Other, &Method::TRACE, StatusCode::IM_A_TEAPOT, Duration::ZERO);
        let mut out = Exposition::default();
        metrics.write(&mut out);
        let text = out.into_text();
        for line in [
            "http_requests_total{route=\"/api/data/{version}/{set}\",method=\"GET\",code=\"200\"} 3\n",
            "http_requests_total{route=\"other\",method=\"other\",code=\"0\"} 1\n",
            "http_request_duration_seconds_bucket{route=\"/api/data/{version}/{set}\",le=\"0.001\"} 1\n",
            "http_request_duration_seconds_bucket{route=\"/api/data/{version}/{set}\",le=\"0.005\"} 2\n",
            "http_request_duration_seconds_bucket{route=\"/api/data/{version}/{set}\",le=\"30\"} 2\n",
            "http_request_duration_seconds_bucket{route=\"/api/data/{version}/{set}\",le=\"+Inf\"} 3\n",
            "http_request_duration_seconds_sum{route=\"/api/data/{version}/{set}\"} 60.004000000\n",
            "http_requests_in_flight 1\n",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        drop(begun);
        assert_eq!(metrics.in_flight.load(Ordering::Relaxed), 0);
    }

    #[test] // OPS-10: at most 5,000 series, of which all others are a few hundred
    fn the_number_of_series_is_bounded() {
        assert!(Route::COUNT * METHODS.len() * CODES.len() + Route::COUNT * (STEPS.len() + 2) < 4_500);
    }
}
