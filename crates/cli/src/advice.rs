//! What an operator should know before clients stumble over it (AUTH-08).

use driftless_server::{Listeners, Tls};

/// The port that MSAL.NET asks, whatever port an address has.
const HTTPS_PORT: u16 = 443;

/// Sentences for the log about names, ports and the certificate.
pub(crate) fn about(listeners: &Listeners, tls: Option<&Tls>) -> Vec<String> {
    let public = listeners.public_url.as_deref().and_then(|url| url.strip_prefix("https://")).map(host_and_port);
    let hosts: Vec<&str> = public.iter().map(|(host, _)| *host).chain(listeners.host_names.iter().map(String::as_str)).collect();
    let is_reachable = listeners.https.iter().any(|address| !address.ip().is_loopback());
    // Behind a proxy clients see the proxy's certificate.
    let shown = tls.filter(|_| listeners.proxies.is_empty());
    let mut sentences = Vec::new();
    for host in &hosts {
        if host.to_ascii_lowercase().contains("common") {
            sentences.push(format!("published .NET clients replace \"common\" in {host} by \"organizations\" and find nothing there; use a name without it"));
        }
        if shown.is_some_and(|tls| !tls.names(host)) {
            sentences.push(format!("the certificate does not name {host}, so clients refuse the service under that name; see --tls-certificate"));
        }
    }
    if hosts.is_empty() && is_reachable && shown.is_some_and(|tls| tls.ca_file().is_some()) {
        sentences.push("the local certificate names this machine only, so clients on other machines refuse the service; see --tls-certificate".to_owned());
    }
    let is_at_other_port = public.map_or(is_reachable, |(_, port)| port != HTTPS_PORT);
    if is_at_other_port && listeners.https.iter().all(|address| address.port() != HTTPS_PORT) {
        sentences.push(
            "published .NET clients check the issuer at port 443 of its host, whatever its address says, and nothing answers for this service there; \
             add that port to --https, or switch the check off in the client"
                .to_owned(),
        );
    }
    sentences
}

/// The parts of `books.example:8443`.
fn host_and_port(authority: &str) -> (&str, u16) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(HTTPS_PORT)),
        _ => (authority, HTTPS_PORT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listeners(https: &str, public_url: Option<&str>) -> Listeners {
        Listeners { https: vec![https.parse().unwrap()], public_url: public_url.map(str::to_owned), ..Listeners::default() }
    }

    #[test] // AUTH-08
    fn names_ports_and_certificates_that_clients_stumble_over_are_told() {
        for (https, public_url, words) in [
            ("127.0.0.1:8443", None, &[][..]),
            ("0.0.0.0:443", None, &[]),
            ("0.0.0.0:8443", None, &["port 443"]),
            ("0.0.0.0:8443", Some("https://books.example"), &[]),
            ("0.0.0.0:443", Some("https://books.example:8443"), &[]),
            ("127.0.0.1:8443", Some("https://books.example:8443"), &["port 443"]),
            ("0.0.0.0:443", Some("https://Common.example"), &["organizations"]),
            ("127.0.0.1:443", Some("https://[::1]"), &[]),
        ] {
            let told = about(&listeners(https, public_url), None);
            assert!(told.len() == words.len() && told.iter().zip(words).all(|(sentence, word)| sentence.contains(word)), "{https} {public_url:?}: {told:?}");
        }
    }

    #[test] // AUTH-08
    fn a_certificate_must_name_the_host_unless_a_proxy_shows_its_own() {
        let folder = std::env::temp_dir().join(format!("driftless-advice-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let tls = Tls::local(&folder, std::time::SystemTime::now()).unwrap();
        let mut listeners = listeners("127.0.0.1:443", Some("https://localhost"));
        assert!(about(&listeners, Some(&tls)).is_empty());
        listeners.host_names = vec!["books.example".to_owned()];
        let told = about(&listeners, Some(&tls));
        assert!(told.len() == 1 && told[0].contains("does not name books.example"), "{told:?}");
        listeners.proxies = vec!["10.0.0.1".parse().unwrap()];
        assert!(about(&listeners, Some(&tls)).is_empty());
        let told = about(&self::listeners("0.0.0.0:443", None), Some(&tls));
        assert!(told.len() == 1 && told[0].contains("this machine only"), "{told:?}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
