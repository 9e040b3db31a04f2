//! Acting for another user (ROLE-17, AUTHZ-48).

use std::sync::Arc;

use driftless_model::{Caller, Error, ErrorCode, Result, Uuid};

use super::members::{TokenSubject, filter};
use super::{access, require_acting};
use crate::organization::Organization;
use crate::records::system;

/// The user for whom a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBehalf {
    /// By `systemuserid`.
    User(Uuid),
    /// By the user's id in the directory that signs users in.
    DirectoryObject(Uuid),
}

impl Organization {
    /// The caller who acts for another user: each right must be held by both, and rows that are written name both. Whether the first one may act for others
    /// is judged here, so that no stranger learns which users there are, and again in each request.
    ///
    /// # Errors
    /// 0x8004a110 when the caller may not act for others, 0x80040217 when there is no such user.
    pub fn on_behalf(&self, caller: &Arc<Caller>, of: OnBehalf) -> Result<Arc<Caller>> {
        let actor = Caller { user: caller.acting_for.unwrap_or(caller.user), acting_for: None, ..Caller::clone(caller) };
        if of == OnBehalf::User(actor.user) {
            return Ok(Arc::new(actor));
        }
        let snapshot = self.snapshot();
        let services = self.services();
        let generation = services.standings.generation();
        let user = self.store().reading(|tx| {
            require_acting(&access(tx, &snapshot, services, &actor, generation)?)?;
            let users = snapshot.require("systemuser")?;
            let (filter, id) = match of {
                OnBehalf::User(id) => (filter(users, TokenSubject::User(id))?, id),
                OnBehalf::DirectoryObject(id) => (filter(users, TokenSubject::DirectoryObject(id))?, id),
            };
            match system::rows(tx, users, &[], Some(filter))?.as_slice() {
                [user] => Ok(user.id),
                [] => Err(Error::no_such_record(users.name(), id)),
                _ => Err(Error::new(ErrorCode::InvalidArgument, format!("Several users have the id {id} in the directory."))),
            }
        })?;
        Ok(Arc::new(if user == actor.user { actor } else { Caller { user, acting_for: Some(actor.user), ..actor } }))
    }
}
