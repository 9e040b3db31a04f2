//! A request on its way, and what it means when no answer comes.

use ureq::http::{HeaderMap, Method};

use crate::error::{ClientError, Delivery};

/// A request that may be sent several times.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_read: bool,
}

impl Outgoing {
    /// The address without its query, which may hold values.
    pub(crate) fn place(&self) -> &str {
        self.url.split('?').next().unwrap_or(&self.url)
    }

    /// What a failed attempt means for the caller.
    pub(crate) fn failure(&self, error: &ureq::Error) -> ClientError {
        use ureq::{Error, Timeout};
        let delivery = match error {
            Error::BadUri(_) | Error::Http(_) => {
                return ClientError::Settings(format!("the address {} is malformed: {error}", self.place()));
            }
            Error::BodyExceedsLimit(bytes) => {
                return ClientError::Protocol(format!("the answer of {} is larger than {bytes} bytes", self.place()));
            }
            Error::Io(io) if is_refused_certificate(io) => Delivery::NotSent,
            Error::HostNotFound | Error::ConnectionFailed | Error::Tls(_) | Error::Pem(_) | Error::Rustls(_) => Delivery::NotSent,
            Error::Timeout(Timeout::Resolve | Timeout::Connect) => Delivery::NotSent,
            Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => Delivery::NotSent,
            _ => Delivery::Unknown,
        };
        let message = match error {
            Error::Io(io) if is_refused_certificate(io) => {
                format!("{io}; name the file of its certificate authority")
            }
            Error::Io(io) => io.to_string(),
            other => other.to_string(),
        };
        ClientError::Network { url: self.place().to_owned(), message, delivery }
    }
}

/// Certificates are judged before anything is sent. The TLS library's own error type is not reachable from here.
fn is_refused_certificate(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::InvalidData && error.to_string().starts_with("invalid peer certificate")
}
