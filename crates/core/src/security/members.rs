//! Users as issuers of tokens know them: by application, by object id, by the name that they sign in with (AUTH-23).

use std::sync::Arc;

use driftless_model::{Result, Table, Uuid, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter, Source, Test};
use driftless_store::{Length, ReadTx};

use crate::context::WriteCx;
use crate::organization::Organization;
use crate::records::create::{self, Budget};
use crate::records::system;
use crate::request::{Field, Record};

/// Whom a token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenSubject {
    /// An application by its client id: the user with this `applicationid`.
    Application(Uuid),
    /// A person by the id in their directory: the user with this `azureactivedirectoryobjectid`.
    DirectoryObject(Uuid),
    /// A user by `systemuserid`, as our own issuer names people.
    User(Uuid),
}

/// A user who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// `systemuserid`.
    pub id: Uuid,
    /// `domainname`: what they sign in with.
    pub name: String,
    /// `fullname`.
    pub full_name: String,
    /// `azureactivedirectoryobjectid`, or `systemuserid` for a user of ours alone.
    pub object_id: Uuid,
    /// They are disabled, and nothing will be done for them.
    pub is_disabled: bool,
}

impl Organization {
    /// The user that a subject is, if there is one; whether they are enabled is judged with the request.
    ///
    /// # Errors
    /// When the store fails.
    pub fn member(&self, subject: TokenSubject) -> Result<Option<Uuid>> {
        let standings = &self.services().standings;
        if let Some(known) = standings.member(subject) {
            return Ok(known);
        }
        let generation = standings.generation();
        let found = self.find(|users| filter(users, subject))?.map(|member| member.id);
        standings.put_member(subject, found, generation);
        Ok(found)
    }

    /// The person who signs in with this name: `domainname`, else the primary e-mail address if it is of one user only. Application users do not sign in.
    ///
    /// # Errors
    /// When the store fails.
    pub fn person(&self, name: &str) -> Result<Option<Member>> {
        if name.is_empty() {
            return Ok(None);
        }
        let by = |column: &'static str| {
            self.find(move |users| {
                let is = ResolvedCondition::equals(users.require(column)?, Value::text(name.to_owned()));
                let is_person =
                    ResolvedFilter::Condition(ResolvedCondition { source: Source::ROOT, column: users.require("applicationid")?, test: Test::Null });
                Ok(ResolvedFilter::And(vec![is, is_person]))
            })
        };
        Ok(by("domainname")?.or(by("internalemailaddress")?))
    }

    /// Name of the organization.
    ///
    /// # Errors
    /// When the store fails.
    pub fn name(&self) -> Result<String> {
        let snapshot = self.snapshot();
        let organizations = snapshot.require("organization")?;
        let rows = self.store().reading(|tx| system::rows(tx, organizations, &["name"], None))?;
        Ok(rows.first().map(|row| row.text(0).to_owned()).unwrap_or_default())
    }

    /// A user by id.
    ///
    /// # Errors
    /// When the store fails.
    pub fn user(&self, id: Uuid) -> Result<Option<Member>> {
        self.find(|users| filter(users, TokenSubject::User(id)))
    }

    /// Sees to it that the application has a user with the System Administrator role, and gives that user. For a service that is made for one developer
    /// (AUTH-41); elsewhere an administrator makes the user and gives it its roles.
    ///
    /// # Errors
    /// When the store fails, or the names are too long for their columns.
    pub fn ensure_application_administrator(&self, application: Uuid, name: &str) -> Result<Uuid> {
        if let Some(user) = self.member(TokenSubject::Application(application))? {
            return Ok(user);
        }
        let name = name.to_owned();
        self.run_own(Length::Short, move |cx| make_administrator(cx, application, &name))
    }

    /// The only user that the filter holds of.
    fn find(&self, filter: impl Fn(&Table) -> Result<ResolvedFilter>) -> Result<Option<Member>> {
        let snapshot = self.snapshot();
        let users = snapshot.require("systemuser")?;
        let filter = filter(users)?;
        self.store().reading(|tx| only(tx, users, filter.clone()))
    }
}

/// The filter for the users that a subject is.
pub(super) fn filter(users: &Table, subject: TokenSubject) -> Result<ResolvedFilter> {
    let (column, id) = match subject {
        TokenSubject::Application(id) => (users.require("applicationid")?, id),
        TokenSubject::DirectoryObject(id) => (users.require("azureactivedirectoryobjectid")?, id),
        TokenSubject::User(id) => (users.id, id),
    };
    Ok(ResolvedCondition::equals(column, Value::Guid(id)))
}

fn only(tx: &dyn ReadTx, users: &Arc<Table>, filter: ResolvedFilter) -> Result<Option<Member>> {
    let rows = system::rows(tx, users, &["domainname", "fullname", "azureactivedirectoryobjectid", "isdisabled"], Some(filter))?;
    let [row] = rows.as_slice() else { return Ok(None) };
    Ok(Some(Member {
        id: row.id,
        name: row.text(0).to_owned(),
        full_name: row.text(1).to_owned(),
        object_id: row.value(2).id().unwrap_or(row.id),
        is_disabled: *row.value(3) == Value::Bool(true),
    }))
}

fn make_administrator(cx: &mut WriteCx<'_>, application: Uuid, name: &str) -> Result<Uuid> {
    let users = Arc::clone(cx.snapshot.require("systemuser")?);
    let fields = [("applicationid", Value::Guid(application)), ("lastname", Value::Text(name.to_owned())), ("accessmode", Value::Int(NON_INTERACTIVE))];
    let fields = fields.into_iter().map(|(column, value)| Ok((users.require(column)?, Field::Value(value)))).collect::<Result<_>>()?;
    let record = Record { table: users, id: None, fields, related: Vec::new() };
    let budget = &mut Budget::new(cx);
    let (user, _) = create::record(cx, &record, Vec::new(), &[], budget)?;
    let role = cx.services.facts.administrator_role;
    system::insert(cx, "systemuserroles", None, &[("systemuserid", Value::Guid(user)), ("roleid", Value::Guid(role))])?;
    Ok(user)
}

/// `accessmode` of users that are programs.
const NON_INTERACTIVE: i32 = 4;
