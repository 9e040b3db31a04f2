//! Ids of requests.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::{Builder, Uuid};

/// The header in which a client may name its request.
pub(crate) const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
/// The header in which every answer names its request.
pub(crate) const SERVICE_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-service-request-id");
/// The same in answers that are errors, by the name that older clients look for.
pub(crate) const REQ_ID: HeaderName = HeaderName::from_static("req_id");

/// Makes ids that are unique, not secret: a counter, scattered from a random start.
#[derive(Debug)]
pub(crate) struct RequestIds {
    start: [u64; 2],
    taken: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(start: [u64; 2]) -> Self {
        Self { start, taken: AtomicU64::new(0) }
    }

    /// The client's own id if it is a GUID, else a fresh one (OPS-08).
    pub(crate) fn of(&self, headers: &HeaderMap) -> Uuid {
        headers.get(CLIENT_REQUEST_ID).and_then(|value| Uuid::try_parse_ascii(value.as_bytes()).ok()).unwrap_or_else(|| self.fresh())
    }

    pub(crate) fn fresh(&self) -> Uuid {
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        let high = scatter(self.start[0].wrapping_add(number));
        let low = scatter(self.start[1] ^ number);
        let bytes = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// The id as a header value.
pub(crate) fn header_value(id: Uuid) -> Option<HeaderValue> {
    let mut text = Uuid::encode_buffer();
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)).ok()
}

/// Spreads neighboring numbers over all 64 bits; different numbers stay different (the finish of SplitMix64).
fn scatter(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::{HeaderMap, HeaderValue};

    use super::{CLIENT_REQUEST_ID, RequestIds};

    #[test] // OPS-08
    fn a_guid_of_the_client_is_kept_and_other_text_replaced() {
        let ids = RequestIds::new([1, 2]);
        let mut headers = HeaderMap::new();
        let mut of = |text| {
            headers.insert(CLIENT_REQUEST_ID, HeaderValue::from_static(text));
            ids.of(&headers).to_string()
        };
        let own = "0f8fad5b-d9cb-469f-a165-70867728950e";
        assert_eq!(of("0F8FAD5B-D9CB-469F-A165-70867728950E"), own);
        assert_eq!(of("{0f8fad5b-d9cb-469f-a165-70867728950e}"), own);
        assert_ne!(of("call 7"), of("call 7"));
    }

    #[test]
    fn fresh_ids_differ() {
        let ids = RequestIds::new([7, 7]);
        let headers = HeaderMap::new();
        let seen: HashSet<_> = (0..10_000).map(|_| ids.of(&headers)).collect();
        assert_eq!(seen.len(), 10_000);
    }
}
