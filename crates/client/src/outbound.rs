//! Documents of other services that the operator named: one way out, with bounds (SEC-50).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

use crate::tls;

/// Bytes of a document.
const DOCUMENT_BYTES_MAX: u64 = 1024 * 1024;
/// Time for the whole exchange.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Gets documents over HTTPS, following no redirect, from public addresses only.
#[derive(Debug, Clone)]
pub struct Outbound {
    agent: Agent,
}

impl Outbound {
    /// `allowed` are hosts that may have addresses of this machine or of private networks.
    pub fn new(allowed: Vec<String>) -> Self {
        let config = Agent::config_builder()
            .https_only(true)
            .tls_config(tls::public())
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("driftless/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(TIMEOUT))
            .build();
        let resolver = Guard { inner: DefaultResolver::default(), allowed };
        Self { agent: Agent::with_parts(config, DefaultConnector::default(), resolver) }
    }

    /// The document at an address, or a sentence that says why there is none.
    pub fn get(&self, address: &str) -> Result<Vec<u8>, String> {
        let told = |error: Error| format!("{address}: {error}");
        let mut answer = self.agent.get(address).call().map_err(told)?;
        if answer.status() != 200 {
            return Err(format!("{address}: status {}", answer.status().as_u16()));
        }
        answer.body_mut().with_config().limit(DOCUMENT_BYTES_MAX).read_to_vec().map_err(told)
    }
}

/// Finds addresses and leaves out those that are nobody's but ours. What it gives is what is connected to, so a name cannot change its mind in between.
#[derive(Debug)]
struct Guard {
    inner: DefaultResolver,
    allowed: Vec<String>,
}

impl Resolver for Guard {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let host = uri.host().unwrap_or("");
        if self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)) {
            return Ok(found);
        }
        let mut public = self.empty();
        found.iter().filter(|address| is_public(address.ip())).for_each(|address| public.push(*address));
        if public.is_empty() { Err(Error::HostNotFound) } else { Ok(public) }
    }
}

/// Whether an address is reached over the public network: not of this machine, of a private or local network, of a cloud's services, or of a group.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_special = first == 0 || first >= 240 || (first == 192 && second == 0 && third == 0) || (first == 198 && (18..20).contains(&second));
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared
        || is_special)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    // Global unicast is 2000::/3; of it, documentation and the ways to reach IPv4 from IPv6 are left out.
    let is_global = first & 0xe000 == 0x2000;
    let is_special = first == 0x2002 || (first == 0x2001 && (address.segments()[1] == 0x0db8 || address.segments()[1] < 0x0200));
    is_global && !is_special
}

#[cfg(test)]
mod tests {
    use super::{Outbound, is_public};

    #[test] // SEC-50
    fn only_public_addresses_are_reached() {
        for public in ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for own in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
            "::",
        ] {
            assert!(!is_public(own.parse().unwrap()), "{own}");
        }
    }

    #[test] // SEC-50
    fn this_machine_and_plain_http_are_refused_however_they_are_written() {
        let outbound = Outbound::new(Vec::new());
        for address in [
            "https://127.0.0.1:1/",
            "https://localhost:1/",
            "https://[::1]:1/",
            "https://2130706433:1/",
            "https://0x7f.1:1/",
            "http://example.com/",
            "file:///etc/passwd",
        ] {
            assert!(outbound.get(address).is_err(), "{address}");
        }
    }
}
