//! Exit codes, and the one place where an error becomes one (OPS-06).

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use anyhow::Error;
use driftless_auth::{ApplicationError, RecordFileError, SignInError, TokenFileError};
use driftless_client::{ClientError, code};
use driftless_store_sqlite::OpenError;

use crate::output;

/// End of the top help; `tests::the_help_is_complete` compares it with [`Exit`].
pub(crate) const HELP: &str = "\
Settings come from flags, then the environment (DRIFTLESS_...), then --config, then /etc/driftless/config.toml.

Exit codes:
   0  done
   1  other failure
   2  usage
   3  partial: some rows were rejected
   4  not found
   5  conflict or failed precondition
   6  resync needed: the delta link has expired
   7  check found differences
  10  authentication
  11  permission
  12  throttled out
  20  network
  70  internal error
  74  input, output or disk
  75  temporary, try again
  78  configuration or version mismatch
 130  interrupted";

/// How the process ends. The numbers are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    Other = 1,
    Usage = 2,
    NotFound = 4,
    Conflict = 5,
    ResyncNeeded = 6,
    Differences = 7,
    Authentication = 10,
    Permission = 11,
    Throttled = 12,
    Network = 20,
    Internal = 70,
    Io = 74,
    Temporary = 75,
    Configuration = 78,
    Interrupted = 130,
}

/// A failure that a command itself finds: its message and how the process ends.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Failure {
    /// A failure as an error to return.
    pub(crate) fn error(exit: Exit, message: impl Into<String>) -> Error {
        Error::new(Self { exit, message: message.into() })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Runs the program, prints its error if it has one, and gives the process its exit code.
pub(crate) fn run(program: fn() -> anyhow::Result<()>) -> ExitCode {
    let exit = match catch_unwind(AssertUnwindSafe(program)) {
        Ok(Ok(())) => Exit::Done,
        Ok(Err(error)) => {
            let exit = of(&error);
            if exit != Exit::Done {
                output::error(&error, exit);
            }
            exit
        }
        // That it panicked is on standard error already.
        Err(_) => Exit::Internal,
    };
    ExitCode::from(exit as u8)
}

/// The exit code of an error: the first cause in its chain that has one.
pub(crate) fn of(error: &Error) -> Exit {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return failure.exit;
        }
        if let Some(client) = cause.downcast_ref::<ClientError>() {
            return of_client(client);
        }
        if let Some(tokens) = cause.downcast_ref::<TokenFileError>() {
            return of_tokens(tokens);
        }
        if let Some(applications) = cause.downcast_ref::<ApplicationError>() {
            return of_applications(applications);
        }
        if let Some(SignInError::Issuer(_)) = cause.downcast_ref::<SignInError>() {
            return Exit::Configuration;
        }
        if let Some(records) = cause.downcast_ref::<RecordFileError>() {
            return of_records(records);
        }
        if let Some(open) = cause.downcast_ref::<OpenError>() {
            return of_open(open);
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return of_io(io);
        }
    }
    Exit::Other
}

fn of_open(error: &OpenError) -> Exit {
    match error {
        OpenError::Locked(_) => Exit::Temporary,
        OpenError::NewerFormat { .. } | OpenError::OtherFold { .. } | OpenError::Insecure(_) => Exit::Configuration,
        OpenError::Unreadable(_) | OpenError::Io(_) => Exit::Io,
    }
}

fn of_client(error: &ClientError) -> Exit {
    match error {
        ClientError::Settings(_) => Exit::Configuration,
        ClientError::Network { .. } => Exit::Network,
        ClientError::NotFound(_) => Exit::NotFound,
        ClientError::StillRunning { .. } => Exit::Temporary,
        ClientError::Protocol(_) | ClientError::JobFailed { .. } => Exit::Other,
        ClientError::Http { code, status, .. } => match code.as_str() {
            code::EXPIRED_VERSION_STAMP => Exit::ResyncNeeded,
            code::CANNOT_DELETE_DUE_TO_ASSOCIATION | code::ENTITY_KEY_NAME_EXISTS | code::ENTITY_KEY_WITH_SELECTED_ATTRIBUTES_EXISTS => Exit::Conflict,
            code::SOLUTION_OPERATION_RUNNING => Exit::Temporary,
            _ => of_status(*status),
        },
    }
}

fn of_status(status: u16) -> Exit {
    match status {
        401 => Exit::Authentication,
        403 => Exit::Permission,
        404 => Exit::NotFound,
        409 | 412 => Exit::Conflict,
        429 => Exit::Throttled,
        503 => Exit::Temporary,
        500 => Exit::Internal,
        _ => Exit::Other,
    }
}

fn of_tokens(error: &TokenFileError) -> Exit {
    match error {
        TokenFileError::Folder(_) | TokenFileError::NoSuchToken(_) => Exit::NotFound,
        TokenFileError::Name | TokenFileError::Expiry(_) => Exit::Usage,
        TokenFileError::NameTaken(_) => Exit::Conflict,
        TokenFileError::File(error) => of_records(error),
        TokenFileError::Full | TokenFileError::Secret(_) => Exit::Other,
    }
}

fn of_applications(error: &ApplicationError) -> Exit {
    match error {
        ApplicationError::Unknown(_) => Exit::NotFound,
        ApplicationError::Name | ApplicationError::Redirect(_) | ApplicationError::Certificate | ApplicationError::TooMany => Exit::Usage,
        ApplicationError::Taken(_) => Exit::Conflict,
        ApplicationError::File(error) => of_records(error),
        ApplicationError::Full | ApplicationError::Secret(_) => Exit::Other,
    }
}

fn of_records(error: &RecordFileError) -> Exit {
    match error {
        RecordFileError::Damaged { .. } => Exit::Configuration,
        RecordFileError::Io { .. } => Exit::Io,
    }
}

fn of_io(error: &io::Error) -> Exit {
    match error.kind() {
        // Whoever read the results has enough of them, as `head` does.
        io::ErrorKind::BrokenPipe => Exit::Done,
        io::ErrorKind::Interrupted => Exit::Interrupted,
        // Another process has the port or the folder; it may let go.
        io::ErrorKind::AddrInUse | io::ErrorKind::WouldBlock | io::ErrorKind::ResourceBusy => Exit::Temporary,
        _ => Exit::Io,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use driftless_client::Delivery;

    use super::*;

    fn http(status: u16, code: &str) -> Error {
        let (code, message) = (code.to_owned(), String::new());
        Error::new(ClientError::Http { status, code, message, request_id: None, retry_after: None })
    }

    #[test] // OPS-06
    fn errors_of_the_service() {
        for (status, code, exit) in [
            (400, "0x80040203", 1),
            (400, "0x80044352", 6),
            (401, "0x8005f101", 10),
            (403, "0x80040220", 11),
            (404, "0x80040217", 4),
            (400, "0x80040227", 5),
            (412, "0x80060892", 5),
            (429, "0x80072322", 12),
            (400, "0x80071151", 75),
            (400, "0x80060893", 5),
            (400, "0x80060894", 5),
            (500, "0x80040216", 70),
            (503, "", 75),
        ] {
            assert_eq!(of(&http(status, code)) as u8, exit, "{status} {code}");
        }
    }

    #[test] // OPS-06
    fn errors_of_this_side() {
        let network = ClientError::Network { url: String::new(), message: String::new(), delivery: Delivery::NotSent };
        for (error, exit) in [
            (Error::new(network), 20),
            (Error::new(ClientError::NotFound(String::new())), 4),
            (Error::new(ClientError::Settings(String::new())), 78),
            (Error::new(io::Error::from(io::ErrorKind::NotFound)), 74),
            (Error::new(io::Error::from(io::ErrorKind::StorageFull)), 74),
            (Error::new(io::Error::from(io::ErrorKind::AddrInUse)), 75),
            (Error::new(io::Error::from(io::ErrorKind::BrokenPipe)), 0),
            (Error::new(io::Error::from(io::ErrorKind::Interrupted)), 130),
            (Error::new(TokenFileError::NoSuchToken(String::new())), 4),
            (Failure::error(Exit::Differences, "2 findings"), 7),
            (Failure::error(Exit::Usage, "no"), 2),
            (Error::msg("anything else"), 1),
        ] {
            assert_eq!(of(&error) as u8, exit, "{error:?}");
        }
    }

    #[test]
    fn the_cause_counts_through_added_context() {
        let error = Err::<(), _>(http(404, "")).context("reading the table").unwrap_err();
        assert_eq!(of(&error), Exit::NotFound);
    }

    #[test] // OPS-06: documented in the help
    fn the_help_is_complete() {
        let documented: Vec<u8> = HELP.lines().filter_map(|line| line.trim().split_once("  ")?.0.parse().ok()).collect();
        assert_eq!(documented, [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 20, 70, 74, 75, 78, 130]);
    }
}
