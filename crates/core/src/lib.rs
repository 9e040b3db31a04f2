//! The organization service: messages, records, alternate keys, change tracking, definitions, solutions and jobs.
//!
//! Start with [`Organization`]: its `execute` is the only public door, and it owns the loop of invariant A8. A [`Request`] that a front lowered runs in one
//! transaction through `pipeline` and comes back as a [`Response`]; rows go to the sink that the front gave. There is no HTTP here, no wire syntax and no
//! SQL (A1).

pub mod metadata;

mod behaviors;
mod changes;
mod clock;
mod context;
mod currencies;
mod environment;
mod figures;
mod files;
mod jobs;
mod keys;
mod messages;
mod organization;
mod pipeline;
mod records;
mod request;
mod sample;
mod security;
mod seed;
mod solutions;

pub use behaviors::activities::{ACTIVITY_POINTER, is_activity};
pub use behaviors::addresses::ADDRESS_PARTS;
pub use behaviors::names::NAME_PARTS;
pub use changes::counts::FeedFigures;
pub use context::Facts;
pub use currencies::Currencies;
pub use driftless_store::{Removals, StoreFigures};
pub use environment::{Environment, SeededEnvironment, SystemEnvironment};
pub use figures::JobFigure;
pub use files::pictures::Picture;
pub use files::{ByteRange, FileChunk, FileCondition, FileFacts, FilePart, FileTarget, ReadFile, WriteFile};
pub use jobs::Jobs;
pub use messages::query_expression::{COLUMN_SET, FETCH_EXPRESSION, QUERY_BY_ATTRIBUTE, QUERY_EXPRESSION, read_query};
pub use messages::{Arg, Args, BOUND_ROW, Binding, ComplexType, EnumType, MESSAGES, MessageDef, MessageKind, Outputs, Param, ParamType, SOLUTION};
pub use metadata::{Collection, Snapshot};
pub use organization::{ExpiredTokens, Organization};
pub use records::asked::{PageCookie, TotalCount};
pub use request::{
    Association, Changes, ChangesPage, ClearLookup, Create, Define, Delete, Existence, Field, Identity, NextPage, OwnedSink, Page, Record, Related, Request,
    Response, Retrieve, RetrieveMultiple, Returning, SinkMaker, Target, Update, Upsert, Written,
};
pub use security::members::{Member, TokenSubject};
pub use security::on_behalf::OnBehalf;
