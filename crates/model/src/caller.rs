//! Who calls.

use uuid::Uuid;

use crate::{ENGLISH, Scopes};

/// The user on whose rights a request runs, and how results are shown to them. Carried to every query and write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user (`systemuserid`) whose rights count and who is recorded as creator or modifier.
    pub user: Uuid,
    /// The user that signed in, when they act for `user`; recorded in the `...onbehalfby` columns.
    pub acting_for: Option<Uuid>,
    /// What the token of the request was made for: less than this is never done, whatever the user's rights (AUTH-25).
    pub scopes: Scopes,
    /// Language of labels, as a language code.
    pub language: u16,
}

impl Caller {
    /// A caller who acts for themselves with every scope, in English.
    pub fn user(user: Uuid) -> Self {
        Self { user, acting_for: None, scopes: Scopes::ALL, language: ENGLISH }
    }
}

/// What a request wants to do with rows of a table (ROLE-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Privilege {
    /// Make rows.
    Create,
    /// See rows.
    Read,
    /// Change rows.
    Write,
    /// Remove rows.
    Delete,
    /// Give rows to another owner.
    Assign,
    /// Set a lookup on rows.
    Append,
    /// Be the target of a lookup.
    AppendTo,
    /// Share rows.
    Share,
}

impl Privilege {
    /// All of them, in the order in which definitions list them.
    pub const ALL: [Self; 8] = [Self::Create, Self::Read, Self::Write, Self::Delete, Self::Assign, Self::Share, Self::Append, Self::AppendTo];

    /// The mask of the right, as `accessright` has it (AUTHZ-05).
    pub fn access_right(self) -> i32 {
        match self {
            Self::Read => 1,
            Self::Write => 1 << 1,
            Self::Append => 1 << 2,
            Self::AppendTo => 1 << 4,
            Self::Create => 1 << 5,
            Self::Delete => 1 << 16,
            Self::Share => 1 << 18,
            Self::Assign => 1 << 19,
        }
    }

    /// The verb in the privilege's name: `prv` + verb + schema name.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Delete => "Delete",
            Self::Assign => "Assign",
            Self::Append => "Append",
            Self::AppendTo => "AppendTo",
            Self::Share => "Share",
        }
    }
}
