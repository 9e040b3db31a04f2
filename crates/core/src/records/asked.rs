//! From a query that says how much of its answer it wants to a page of it, and what an answer tells of all rows. Both doors take this way.

use driftless_model::Limits;
use driftless_query::QueryRequest;

use crate::request::RetrieveMultiple;

/// Where a paging cookie leads, as a front read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageCookie {
    /// The page that it leads to.
    pub page: u32,
    /// The organization's own text; none in a cookie that another program made.
    pub token: Option<String>,
}

impl RetrieveMultiple {
    /// The page that a query asks for. `cookie` is what [`QueryRequest::paging_cookie`] says; a cookie of our own leads behind the last row of the page before. Without
    /// one, or for another page than it leads to, rows are counted. `page_rows` is how many rows a page has if the query does not say it.
    pub fn of(request: QueryRequest, cookie: Option<PageCookie>, page_rows: Option<u32>, limits: &Limits) -> Self {
        let most = limits.page_rows_max;
        let page_rows = request.page_rows.or(page_rows).unwrap_or(most).min(most);
        let page = request.page.or(cookie.as_ref().map(|cookie| cookie.page)).unwrap_or(1);
        let page_token = cookie.filter(|cookie| cookie.page == page).and_then(|cookie| cookie.token);
        let skip = if page_token.is_some() { 0 } else { u64::from(page.saturating_sub(1)) * u64::from(page_rows) };
        let mut query = request.query;
        query.limit = Some(request.top.map_or(page_rows, |top| top.min(page_rows)));
        Self { query, within: None, skip, count: request.total, page_token, aggregate_rows_max: request.aggregate_rows_max }
    }
}

/// What an answer says of the number of all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TotalCount {
    /// The number, up to the limit of counts; -1 when it was not asked for.
    pub rows: i64,
    /// There may be more rows than were counted.
    pub limit_exceeded: bool,
}

impl TotalCount {
    /// What is said of a page's count.
    pub fn of(count: Option<u64>, limits: &Limits) -> Self {
        let rows = count.map_or(-1, |count| i64::try_from(count.min(limits.count_max)).unwrap_or(i64::MAX));
        Self { rows, limit_exceeded: count.is_some_and(|count| count >= limits.count_max) }
    }
}

#[cfg(test)]
mod tests {
    use driftless_query::Query;

    use super::*;

    fn asked(page: Option<u32>, rows: Option<u32>, top: Option<u32>, cookie: Option<(u32, Option<&str>)>) -> (u64, Option<u32>, Option<String>) {
        let query = Query::new("account".into());
        let request = QueryRequest { query, page, page_rows: rows, paging_cookie: None, top, total: false, aggregate_rows_max: None };
        let cookie = cookie.map(|(page, token)| PageCookie { page, token: token.map(str::to_owned) });
        let list = RetrieveMultiple::of(request, cookie, None, &Limits::default());
        (list.skip, list.query.limit, list.page_token)
    }

    #[test] // web-api 20
    fn pages_are_reached_by_cookie_or_by_counting() {
        let own = Some((3, Some("t")));
        assert_eq!(asked(None, None, None, None), (0, Some(5_000), None));
        assert_eq!(asked(Some(3), Some(10), None, None), (20, Some(10), None));
        assert_eq!(asked(Some(3), Some(10), None, own), (0, Some(10), Some("t".to_owned())));
        assert_eq!(asked(Some(4), Some(10), None, own), (30, Some(10), None));
        assert_eq!(asked(None, Some(10), None, Some((2, None))), (10, Some(10), None));
        assert_eq!(asked(None, Some(9_000), Some(7), None), (0, Some(7), None));
    }

    #[test] // web-api 20
    fn counts_end_at_their_limit() {
        let limits = Limits { count_max: 10, ..Limits::default() };
        for (count, rows, limit_exceeded) in [(None, -1, false), (Some(9), 9, false), (Some(10), 10, true), (Some(11), 10, true)] {
            assert_eq!(TotalCount::of(count, &limits), TotalCount { rows, limit_exceeded });
        }
    }
}
