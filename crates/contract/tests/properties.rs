//! Laws of the paging cookie.

use driftless_contract::paging::{CookieColumn, CookieEncoding, PagingCookie};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn cookie() -> impl Strategy<Value = PagingCookie> {
    // What XML cannot hold is replaced on purpose, so it is not generated here.
    let value = "[^\0-\u{1f}\u{7f}-\u{9f}\u{fffe}\u{ffff}]{0,10}";
    let column = ("c_[a-zA-Z0-9_]{0,6}", option::of(value), option::of(value)).prop_map(|(name, last, first)| CookieColumn { name, last, first });
    (1..u32::MAX, vec(column, 0..4), option::of("[a-zA-Z0-9_-]{1,20}"), option::of("[0-9]{1,9}"), option::of(any::<u32>()), any::<bool>()).prop_map(
        |(page, columns, token, max_timestamp, record_count, is_tracking)| PagingCookie { page, columns, token, max_timestamp, record_count, is_tracking },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test] // web-api 17
    fn cookies_print_and_parse_back(cookie in cookie(), twice in any::<bool>()) {
        let encoding = if twice { CookieEncoding::Twice } else { CookieEncoding::Once };
        prop_assert_eq!(PagingCookie::parse(&cookie.print(encoding)).unwrap(), cookie);
    }

    #[test]
    fn arbitrary_texts_never_panic(text in any::<String>()) {
        let _ = PagingCookie::parse(&text);
    }
}
