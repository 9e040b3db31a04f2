//! Who calls.

use uuid::Uuid;

use crate::ENGLISH;

/// The user on whose rights a request runs, and how results are shown to them. Carried to every query and write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user (`systemuserid`) whose rights count and who is recorded as creator or modifier.
    pub user: Uuid,
    /// The user that signed in, when they act for `user`; recorded in the `...onbehalfby` columns.
    pub acting_for: Option<Uuid>,
    /// Language of labels, as a language code.
    pub language: u16,
    /// Offset of the user's time zone from UTC in minutes.
    pub time_zone_minutes: i16,
}

impl Caller {
    /// A caller who acts for themselves, in English and UTC.
    pub fn user(user: Uuid) -> Self {
        Self { user, acting_for: None, language: ENGLISH, time_zone_minutes: 0 }
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
