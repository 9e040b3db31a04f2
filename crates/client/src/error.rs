//! What can go wrong with a call, as data: the command line turns it into an exit code, a synchroniser into a decision.

use std::fmt;
use std::time::Duration;

/// Result of a call.
pub type Result<T> = std::result::Result<T, ClientError>;

/// Error codes of the service that callers act on (web-api 29).
pub mod code {
    /// A delta token is no longer served: read everything again (web-api 25.7).
    pub const EXPIRED_VERSION_STAMP: &str = "0x80044352";
    /// A row with the same alternate key exists (web-api 29).
    pub const DUPLICATE_RECORD_ENTITY_KEY: &str = "0x80060892";
    /// A row with the same id exists (web-api 29).
    pub const DUPLICATE_RECORD: &str = "0x80040237";
    /// The row is referenced by others and stays (web-api 29).
    pub const CANNOT_DELETE_DUE_TO_ASSOCIATION: &str = "0x80040227";
    /// The table has an alternate key of this name (AK-6).
    pub const ENTITY_KEY_NAME_EXISTS: &str = "0x80060893";
    /// The table has an alternate key of these columns (AK-6).
    pub const ENTITY_KEY_WITH_SELECTED_ATTRIBUTES_EXISTS: &str = "0x80060894";
    /// Another import or removal of a solution is running (web-api 27).
    pub const SOLUTION_OPERATION_RUNNING: &str = "0x80071151";
}

/// Whether a request that got no answer can have been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// No connection came about: nothing was sent.
    NotSent,
    /// The connection broke later: the service may or may not have done it.
    Unknown,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientError {
    /// The address, the token, a header or the certificate file cannot be used; nothing was sent.
    Settings(String),
    /// No answer arrived.
    Network {
        /// Address that was called, without its query.
        url: String,
        /// What the operating system or TLS said.
        message: String,
        /// Whether the request can have been carried out.
        delivery: Delivery,
    },
    /// The service answered with an error (web-api 29).
    Http {
        /// HTTP status, 300 to 599.
        status: u16,
        /// `error.code` of the body in lower case, such as `0x80040217`; empty when there is none.
        code: String,
        /// `error.message` of the body, or the beginning of a body of another form.
        message: String,
        /// `x-ms-service-request-id` or `REQ_ID`, to be found in the service's log.
        request_id: Option<String>,
        /// The wait that the service asked for, if it did.
        retry_after: Option<Duration>,
    },
    /// The answer is not what the protocol promises.
    Protocol(String),
    /// A search that must find something found nothing.
    NotFound(String),
    /// A background job of the service (an import, the build of a key's index) ended without success.
    JobFailed {
        /// Which job, for people.
        job: String,
        /// What the job row says.
        message: String,
    },
    /// A background job did not end in the given time; it goes on.
    StillRunning {
        /// Which job, for people.
        job: String,
        /// How long it was waited for.
        waited: Duration,
    },
}

impl ClientError {
    /// The service's error code in lower case; empty for errors that carry none.
    pub fn code(&self) -> &str {
        match self {
            Self::Http { code, .. } => code,
            _ => "",
        }
    }

    /// HTTP status of an error answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Http { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether a create met a row that exists already, by id or by alternate key.
    pub fn is_duplicate(&self) -> bool {
        [code::DUPLICATE_RECORD_ENTITY_KEY, code::DUPLICATE_RECORD].contains(&self.code())
    }

    /// Whether a delta link has expired, so that everything must be read again (web-api 25.7).
    pub fn is_resync_needed(&self) -> bool {
        self.code() == code::EXPIRED_VERSION_STAMP
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(message) | Self::Protocol(message) | Self::NotFound(message) => f.write_str(message),
            Self::Network { url, message, delivery } => {
                write!(f, "no answer from {url}: {message}")?;
                match delivery {
                    Delivery::NotSent => Ok(()),
                    Delivery::Unknown => f.write_str(" (whether the request was carried out is unknown)"),
                }
            }
            Self::Http { status, code, message, request_id, retry_after } => {
                f.write_str(if message.is_empty() { "the service gave no reason" } else { message })?;
                write!(f, " (HTTP {status}")?;
                if !code.is_empty() {
                    write!(f, ", {code}")?;
                }
                if let Some(id) = request_id {
                    write!(f, ", request {id}")?;
                }
                if let Some(wait) = retry_after {
                    write!(f, ", try again in {} s", wait.as_secs())?;
                }
                f.write_str(")")
            }
            Self::JobFailed { job, message } => write!(f, "{job} failed: {message}"),
            Self::StillRunning { job, waited } => {
                write!(f, "{job} is not ready after {} s; it goes on in the service", waited.as_secs())
            }
        }
    }
}

impl std::error::Error for ClientError {}
