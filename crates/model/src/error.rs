//! The one error type. What the caller reads and what the log keeps are two fields.

mod codes;

use std::fmt;

pub use codes::ErrorCode;

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in the service's words. One machine word wide, so that results stay small.
pub struct Error(Box<Inner>);

struct Inner {
    code: ErrorCode,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    retry_after_s: Option<u32>,
    request: Option<usize>,
}

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

impl Error {
    /// An error with a message for the caller: a sentence that says what is wrong and, where it can, what to do.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { code, message: message.into(), source: None, retry_after_s: None, request: None }))
    }

    /// An error with the code's own text.
    pub fn of(code: ErrorCode) -> Self {
        Self::new(code, code.text())
    }

    /// Adds what the log shall keep. It never reaches a caller.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds the seconds after which the caller may try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Adds which request of a unit of several failed, counted from 0.
    #[must_use]
    pub fn in_request(mut self, number: usize) -> Self {
        self.0.request = Some(number);
        self
    }

    /// The same error of a request that was alone: which one of several it was says nothing then.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.0.request = None;
        self
    }

    /// Something that cannot happen unless stored definitions or rows are damaged. The cause goes to the log.
    pub fn damaged(what: impl Into<String>) -> Self {
        Self::of(ErrorCode::UnExpected).because(what.into())
    }

    /// An argument that cannot be used.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidArgument, message)
    }

    /// There is no row with this id (UP-24).
    pub fn no_such_record(table: &str, id: uuid::Uuid) -> Self {
        Self::new(ErrorCode::ObjectDoesNotExist, format!("Entity '{table}' With Id = {id} Does Not Exist"))
    }

    /// There is no table of this name.
    pub fn no_such_table(name: &str) -> Self {
        Self::new(ErrorCode::QueryBuilderNoEntity, format!("The entity with a name = '{name}' was not found."))
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// What the caller reads.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the log keeps besides.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }

    /// Seconds after which the caller may try again.
    pub fn retry_after_s(&self) -> Option<u32> {
        self.0.retry_after_s
    }

    /// Which request of a unit of several failed, counted from 0; none when no single one did.
    pub fn request(&self) -> Option<usize> {
        self.0.request
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} 0x{:08x}: {}", self.0.code, self.0.code.number(), self.0.message)?;
        self.0.source.as_ref().map_or(Ok(()), |source| write!(f, " ({source})"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
