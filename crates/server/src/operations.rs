//! What an operator asks: whether the process lives, whether it can serve, and its figures (OPS-10, OPS-11).

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};

use crate::exposition::{CONTENT_TYPE as FIGURES_TYPE, Exposition, Kind, Seconds};
use crate::front::Chunks;

/// Where figures are read.
pub(crate) const METRICS_PATH: &str = "/metrics";
/// Clock ticks in a second, as Linux tells processor time to programs.
#[cfg(target_os = "linux")]
const TICKS_PER_S: u64 = 100;

/// A question that is answered at once, to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Does the process do anything at all?
    Live,
    /// Can it serve?
    Ready,
}

impl Probe {
    /// The question that a path asks.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            "/livez" => Some(Self::Live),
            "/readyz" | "/healthz" => Some(Self::Ready),
            _ => None,
        }
    }

    /// The answer. `unready` says why the service cannot serve, if it cannot.
    pub(crate) fn answer(self, method: &Method, unready: Option<&'static str>) -> Response<Chunks> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return text(StatusCode::METHOD_NOT_ALLOWED, "use GET\n");
        }
        match (self, unready) {
            (Self::Live, _) => text(StatusCode::OK, "alive\n"),
            (Self::Ready, None) => text(StatusCode::OK, "ready\n"),
            (Self::Ready, Some(why)) => text(StatusCode::SERVICE_UNAVAILABLE, why),
        }
    }
}

/// Nothing else is answered where only operators listen.
pub(crate) fn not_here() -> Response<Chunks> {
    text(StatusCode::NOT_FOUND, "here are /livez, /readyz and /metrics only\n")
}

fn text(status: StatusCode, body: &'static str) -> Response<Chunks> {
    let mut response = Response::new(Chunks::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer with figures.
pub(crate) fn figures(out: Exposition) -> Response<Chunks> {
    let mut response = Response::new(Chunks::from(out.into_text()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(FIGURES_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What the system tells of this process, as far as it does.
pub(crate) fn write_process(out: &mut Exposition) {
    out.family("build_info", Kind::Gauge, "The program that runs.");
    out.sample("build_info", &[("version", &env!("CARGO_PKG_VERSION"))], 1);
    let Some(process) = Process::read() else { return };
    out.single("process_cpu_seconds_total", Kind::Counter, "Processor time.", Seconds(process.cpu_ns));
    out.single("process_resident_memory_bytes", Kind::Gauge, "Memory in use.", process.resident_bytes);
    out.single("process_open_fds", Kind::Gauge, "Open files and sockets.", process.open_files);
    out.single("process_threads", Kind::Gauge, "Threads.", process.threads);
}

struct Process {
    cpu_ns: u64,
    resident_bytes: u64,
    open_files: usize,
    threads: u64,
}

impl Process {
    #[cfg(target_os = "linux")]
    fn read() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The second field is the name in parentheses, which may hold anything; the third follows the last one.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3).and_then(|text| text.parse::<u64>().ok());
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let resident_kib: u64 = resident.split_whitespace().next()?.parse().ok()?;
        Some(Self {
            cpu_ns: (number(14)? + number(15)?) * (1_000_000_000 / TICKS_PER_S),
            resident_bytes: resident_kib * 1_024,
            open_files: std::fs::read_dir("/proc/self/fd").ok()?.count(),
            threads: number(20)?,
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn read() -> Option<Self> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // OPS-11
    fn probes_answer_reads_only() {
        let status = |path: &str, method: Method, unready| Probe::of(path).map(|probe| probe.answer(&method, unready).status().as_u16());
        assert_eq!(status("/livez", Method::GET, Some("no")), Some(200));
        assert_eq!(status("/healthz", Method::HEAD, None), Some(200));
        assert_eq!(status("/readyz", Method::GET, Some("no")), Some(503));
        assert_eq!(status("/readyz", Method::POST, None), Some(405));
        assert_eq!(status("/readyz/x", Method::GET, None), None);
    }

    #[cfg(target_os = "linux")]
    #[test] // OPS-10
    fn the_process_knows_itself() {
        let mut out = Exposition::default();
        write_process(&mut out);
        let text = out.into_text();
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        assert!(value("process_resident_memory_bytes ").is_some_and(|bytes| bytes > 1e6), "{text}");
        assert!(value("process_open_fds ").is_some_and(|open| open >= 3.0) && value("process_threads ").is_some_and(|threads| threads >= 1.0));
    }
}
