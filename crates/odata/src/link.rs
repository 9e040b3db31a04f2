//! Next links and delta links (web-api 17, 25.2): the client's own options in their order, and a token.

use crate::percent::{self, HexCase, Plus, push_encoded};
use crate::query::RawOption;

/// Options that belong to one page and are never repeated.
const TOKENS: [&str; 2] = ["$skiptoken", "$deltatoken"];
/// What the service leaves unescaped in a cookie.
const PLAIN_IN_COOKIES: &[u8] = b"-_.~=/";
/// What the service leaves unescaped in a delta token.
const PLAIN_IN_TOKENS: &[u8] = b"-_.~";

/// The link to the next page. `address` is the absolute address without a query, `cookie` the text of
/// `PagingCookie::print` of `driftless-contract`.
#[must_use]
pub fn next_link(address: &str, options: &[RawOption<'_>], cookie: &str) -> String {
    let mut link = repeated(address, options);
    push_name(&mut link, "$skiptoken");
    push_encoded(&mut link, cookie, PLAIN_IN_COOKIES, HexCase::Upper);
    link
}

/// The link to the changes since this answer. `token` is the text that the organization gave.
#[must_use]
pub fn delta_link(address: &str, options: &[RawOption<'_>], token: &str) -> String {
    let mut link = repeated(address, options);
    push_name(&mut link, "$deltatoken");
    push_encoded(&mut link, token, PLAIN_IN_TOKENS, HexCase::Lower);
    link
}

/// The opaque part of a delta token; the stamp behind `!` is not looked at.
#[must_use]
pub fn opaque_part(token: &str) -> &str {
    token.split('!').next().unwrap_or_default()
}

/// Appends an option with a decoded value, with `?` or `&` before it as the link needs.
pub fn push_option(link: &mut String, name: &str, value: &str) {
    push_name(link, name);
    push_encoded(link, value, b"-_.~$,/:;@()='*", HexCase::Upper);
}

/// The address with all options but the tokens, as the client wrote them.
fn repeated(address: &str, options: &[RawOption<'_>]) -> String {
    let length: usize = options.iter().map(|o| o.name.len() + o.value.map_or(0, str::len) + 2).sum();
    let mut link = String::with_capacity(address.len() + length + 256);
    link.push_str(address);
    for option in options {
        let name = percent::decode(option.name, Plus::Blank).unwrap_or_default();
        if TOKENS.contains(&name.trim_ascii()) {
            continue;
        }
        push_separator(&mut link);
        push_legal(&mut link, option.name.trim_ascii());
        if let Some(value) = option.value {
            link.push('=');
            push_legal(&mut link, value);
        }
    }
    link
}

fn push_name(link: &mut String, name: &str) {
    push_separator(link);
    link.push_str(name);
    link.push('=');
}

fn push_separator(link: &mut String) {
    link.push(if link.contains('?') { '&' } else { '?' });
}

/// Appends text that is encoded already; only what cannot stand in an address at all is escaped.
fn push_legal(link: &mut String, raw: &str) {
    push_encoded(link, raw, b"-._~%!$'()*+,;=:@/?[]", HexCase::Upper);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{QueryLimits, QueryOptions};

    const ADDRESS: &str = "https://h:8443/api/data/v9.2/drf_parcels";

    fn options(raw: &str) -> QueryOptions<'_> {
        QueryOptions::parse(raw, &QueryLimits::default()).unwrap()
    }

    #[test] // web-api 25.2
    fn delta_links_look_like_the_services() {
        let token = "4711!04/05/2031 06:07:08";
        assert_eq!(opaque_part(token), "4711");
        let query = options("$select=drf_name,drf_code&$deltatoken=old");
        assert_eq!(delta_link(ADDRESS, &query.raw, token), format!("{ADDRESS}?$select=drf_name,drf_code&$deltatoken=4711%2104%2f05%2f2031%2006%3a07%3a08"));
        assert!(delta_link(ADDRESS, &[], token).starts_with(&format!("{ADDRESS}?$deltatoken=4711%21")));
    }

    #[test] // web-api 17
    fn next_links_encode_the_inner_cookie_twice() {
        let cookie = "<cookie pagenumber=\"2\" pagingcookie=\"%3ccookie%20page%3d%221%22%3e%3c%2fcookie%3e\" istracking=\"False\" />";
        let query = options("$filter= name eq 'ä\"'+&%24skiptoken=x&$count=true");
        let link = next_link(ADDRESS, &query.raw, cookie);
        assert!(
            link.starts_with(&format!(
                "{ADDRESS}?$filter=%20name%20eq%20'%C3%A4%22'+&$count=true&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253ccookie%2520page"
            )),
            "{link}"
        );
        let (_, raw) = link.split_once('?').unwrap();
        let again = options(raw);
        assert_eq!(again.filter, query.filter);
        assert_eq!(again.skip_token.as_deref(), Some(cookie));
    }

    #[test] // web-api 17
    fn tokens_survive_reencoding() {
        for raw in ["4711!04/05/2031+06:07:08", "4711%2104%2F05%2F2031%2006%3A07%3A08", "4711%2104%2f05%2f2031+06:07:08"] {
            let query = format!("$deltatoken={raw}");
            assert_eq!(options(&query).delta_token.as_deref(), Some("4711!04/05/2031 06:07:08"));
        }
    }

    #[test]
    fn options_can_be_added_one_by_one() {
        let mut link = String::from("https://h/a(1)/b");
        push_option(&mut link, "$select", "x,y");
        push_option(&mut link, "$filter", "a eq 'b&c'");
        assert_eq!(link, "https://h/a(1)/b?$select=x,y&$filter=a%20eq%20'b%26c'");
    }
}
