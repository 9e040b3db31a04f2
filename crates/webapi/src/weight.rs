//! What a request may cost, as far as its head tells: for whoever must choose between requests (SEC-25).

use bytes::Bytes;
use driftless_odata::headers::Preferences;
use http::{HeaderMap, Method, Request};

use crate::route::Route;

/// A page with more rows is a large one.
const ROWS_USUAL_MAX: u32 = 1_000;
/// Messages that write packages.
const EXPORTS: [&str; 3] = ["ExportSolution", "ExportSolutionAsync", "DownloadSolutionExportData"];
/// Options that a list is narrowed by, besides `$top`.
const NARROWING: [&str; 8] = ["$filter", "$apply", "fetchXml", "sql", "savedQuery", "userQuery", "$deltatoken", "$count"];

/// How gladly a request is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Not at all.
    Usual,
    /// It reads a list and asks for pages of more than 1,000 rows, or for all of the list.
    LargeRead,
    /// It writes a package.
    Export,
}

impl Weight {
    /// The weight of a request; its body is not looked at.
    pub fn of(request: &Request<Bytes>) -> Self {
        let path = request.uri().path();
        let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let name = last.split('(').next().unwrap_or_default();
        if EXPORTS.contains(&name.strip_prefix("Microsoft.Dynamics.CRM.").unwrap_or(name)) {
            return Self::Export;
        }
        let is_list = request.method() == Method::GET && Route::of(path) == Some(Route::Rows);
        if is_list && reads_much(request.uri().query().unwrap_or_default(), request.headers()) { Self::LargeRead } else { Self::Usual }
    }
}

fn reads_much(query: &str, headers: &HeaderMap) -> bool {
    let options = || query.split('&').map(|option| option.split_once('=').unwrap_or((option, "")));
    let option = |name: &str| {
        let is_it = |own: &str| own == name || name.strip_prefix('$').is_some_and(|rest| own.strip_prefix("%24") == Some(rest));
        options().find(|(own, _)| is_it(own)).map(|(_, value)| value)
    };
    let prefer = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let preferred = Preferences::parse(prefer).ok().and_then(|preferences| preferences.page_rows_max);
    match preferred.or_else(|| option("$top")?.parse().ok()) {
        Some(rows) => rows > ROWS_USUAL_MAX,
        None => !NARROWING.iter().any(|name| option(name).is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // SEC-25
    fn large_reads_and_exports_are_told_by_their_heads() {
        let of = |method: &str, address: &str, prefer: &str| {
            let request = Request::builder().method(method).uri(format!("/api/data/v9.2/{address}")).header("Prefer", prefer);
            Weight::of(&request.body(Bytes::new()).unwrap())
        };
        for address in ["accounts", "accounts?$select=name", "accounts?$top=1001", "accounts?%24top=5000&$filter=a", "accounts?$skiptoken=x"] {
            assert_eq!(of("GET", address, ""), Weight::LargeRead, "{address}");
        }
        for address in ["accounts?$top=1000", "accounts?$filter=a", "accounts?fetchXml=x", "accounts(1)", "WhoAmI", "$metadata", "accounts/$count"] {
            assert_eq!(of("GET", address, ""), Weight::Usual, "{address}");
        }
        assert_eq!(of("GET", "accounts", "odata.maxpagesize=1000"), Weight::Usual);
        assert_eq!(of("GET", "accounts?$filter=a", "odata.maxpagesize=1001"), Weight::LargeRead);
        assert_eq!(of("POST", "accounts", ""), Weight::Usual);
        assert_eq!((of("POST", "ExportSolution", ""), of("POST", "Microsoft.Dynamics.CRM.ExportSolutionAsync", "")), (Weight::Export, Weight::Export));
    }
}
