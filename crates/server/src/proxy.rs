//! What a trusted proxy tells of the client that it speaks for (AUTH-51).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};

use crate::front::Scheme;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Headers by which a proxy tells whom it speaks for.
const PROXY_HEADERS: [HeaderName; 4] = [FORWARDED, FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PROTO];

/// An address, or a network of them such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// Leading bits that all addresses have in common.
    bits: u32,
}

/// The text is neither an address nor a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotANetwork;

impl fmt::Display for NotANetwork {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("neither an address such as 10.0.0.7 nor a network such as 10.0.0.0/8")
    }
}

impl std::error::Error for NotANetwork {}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(bits_max), str::parse).map_err(|_| NotANetwork)?;
        if bits > bits_max { Err(NotANetwork) } else { Ok(Self { address, bits }) }
    }
}

impl Network {
    /// Whether the address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => shares(own.to_bits().into(), other.to_bits().into(), 32 - self.bits),
            (IpAddr::V6(own), IpAddr::V6(other)) => shares(own.to_bits(), other.to_bits(), 128 - self.bits),
            _ => false,
        }
    }
}

/// Whether two addresses are alike but for their last bits.
fn shares(one: u128, other: u128, last_bits: u32) -> bool {
    (one ^ other).checked_shr(last_bits).unwrap_or(0) == 0
}

/// Whether the request says that it came through a proxy.
pub(crate) fn is_proxied(headers: &HeaderMap) -> bool {
    PROXY_HEADERS.iter().any(|name| headers.contains_key(name))
}

/// What the nearest proxy says. What it does not say is as the connection has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) scheme: Option<Scheme>,
    pub(crate) authority: Option<String>,
    pub(crate) client: Option<IpAddr>,
}

/// Reads what a proxy that is trusted says. The client is the last hop that is not a trusted proxy itself: those before it may be invented. `Forwarded` wins
/// over the older headers.
pub(crate) fn told(headers: &HeaderMap, trusted: &[Network]) -> Told {
    if headers.contains_key(FORWARDED) {
        return of_forwarded(headers, trusted);
    }
    let last = |name: HeaderName| list(headers, &name).last().map(str::to_owned);
    let hops: Vec<IpAddr> = list(headers, &FORWARDED_FOR).map_while(address).collect();
    Told { scheme: last(FORWARDED_PROTO).and_then(|text| scheme(&text)), authority: last(FORWARDED_HOST), client: client(&hops, trusted) }
}

fn of_forwarded(headers: &HeaderMap, trusted: &[Network]) -> Told {
    let elements: Vec<&str> = list(headers, &FORWARDED).collect();
    let part = |element: &str, wanted: &str| {
        let mut parts = element.split(';').filter_map(|part| part.trim().split_once('='));
        parts.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim_matches('"').to_owned())
    };
    let last = |wanted: &str| elements.last().and_then(|element| part(element, wanted));
    let hops: Vec<IpAddr> = elements.iter().filter_map(|element| address(&part(element, "for")?)).collect();
    Told { scheme: last("proto").and_then(|text| scheme(&text)), authority: last("host"), client: client(&hops, trusted) }
}

/// The items of a header that may stand several times and hold several each, in order.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|item| !item.is_empty())
}

fn scheme(text: &str) -> Option<Scheme> {
    [Scheme::Http, Scheme::Https].into_iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(text))
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(text, |(address, _)| address);
    bare.parse().ok().or_else(|| bare.rsplit_once(':')?.0.parse().ok())
}

fn client(hops: &[IpAddr], trusted: &[Network]) -> Option<IpAddr> {
    let is_trusted = |hop: &&IpAddr| trusted.iter().any(|network| network.contains(**hop));
    hops.iter().rev().find(|hop| !is_trusted(hop)).or(hops.first()).copied()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{Network, Told, told};
    use crate::front::Scheme;

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn networks_hold_their_addresses() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("10.0.0.7", "::ffff:10.0.0.7", "10.0.0.8"),
            ("fd00::/8", "fd12::1", "fe80::1"),
            ("0.0.0.0/0", "1.2.3.4", "::1"),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()) && !network.contains(outside.parse().unwrap()), "{network:?}");
        }
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "host", "::1/129", "10.0.0.0/-1"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test] // AUTH-51
    fn the_client_is_the_last_hop_that_nobody_vouches_for() {
        let trusted = networks(&["10.0.0.0/8"]);
        let read = |fields: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            told(&headers, &trusted)
        };
        let expected = |client: &str| Told { scheme: Some(Scheme::Https), authority: Some("books.example".to_owned()), client: Some(client.parse().unwrap()) };
        let rest = [("x-forwarded-proto", "https"), ("x-forwarded-host", "books.example")];
        for (hops, client) in [("203.0.113.9", "203.0.113.9"), ("1.1.1.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"), ("10.1.1.1", "10.1.1.1")] {
            assert_eq!(read(&[rest[0], rest[1], ("x-forwarded-for", hops)]), expected(client), "{hops}");
        }
        let forwarded = "for=1.1.1.1;host=invented, for=\"203.0.113.9:555\";proto=https;host=books.example";
        assert_eq!(read(&[("forwarded", forwarded), ("x-forwarded-host", "other")]), expected("203.0.113.9"));
        assert_eq!(read(&[("forwarded", "for=\"[2001:db8::1]:5\"")]).client, Some("2001:db8::1".parse().unwrap()));
        assert_eq!(read(&[("x-forwarded-proto", "gopher"), ("x-forwarded-for", "unknown")]), Told::default());
        assert_eq!(read(&[("x-forwarded-host", "invented, books.example"), rest[0], ("x-forwarded-for", "9.9.9.9")]), expected("9.9.9.9"));
    }
}
