//! Roles, depths and shares through the door of the organization, on the embedded store.

mod pairs;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use driftless_model::{Caller, ErrorCode, Limits, Privilege, Reference, Result, Uuid, Value};
use driftless_query::{Collector, Query};
use driftless_store::{Length, Store};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};

use super::rights::Depth;
use super::shares;
use crate::environment::SeededEnvironment;
use crate::messages::{Arg, Args, MESSAGES};
use crate::metadata::{Snapshot, privilege_id, privileges};
use crate::organization::Organization;
use crate::records::system;
use crate::request::{Changes, Create, Delete, Field, Identity, Record, Request, Response, Retrieve, RetrieveMultiple, Target, Update};

/// An organization in a folder of its own.
struct TestOrg {
    organization: Arc<Organization>,
    folder: PathBuf,
}

impl Drop for TestOrg {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl TestOrg {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = std::env::temp_dir().join(format!("driftless-security-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder, &SqliteOptions::default()).unwrap());
        let environment = Arc::new(SeededEnvironment::new(11, 1_700_000_000_000));
        Self { organization: Organization::open(store, environment, Limits::default()).unwrap(), folder }
    }

    /// Makes a row as the service itself.
    fn insert(&self, table: &'static str, values: Vec<(&'static str, Value)>) -> Uuid {
        self.organization.run_own(Length::Short, move |cx| system::insert(cx, table, None, &values)).unwrap()
    }

    fn reference(&self, table: &str, id: Uuid) -> Value {
        Value::Ref(Reference { table: self.organization.snapshot().require(table).unwrap().def.code, id })
    }

    fn root(&self) -> Uuid {
        self.organization.facts().root_business_unit
    }

    fn unit(&self, name: &str, parent: Uuid) -> Uuid {
        self.insert(
            "businessunit",
            vec![("name", Value::text(name)), ("parentbusinessunitid", self.reference("businessunit", parent)), ("isdisabled", Value::Bool(false))],
        )
    }

    fn user(&self, name: &str, unit: Uuid) -> Uuid {
        self.insert(
            "systemuser",
            vec![("fullname", Value::text(name)), ("businessunitid", self.reference("businessunit", unit)), ("isdisabled", Value::Bool(false))],
        )
    }

    fn team(&self, name: &str, unit: Uuid, members: &[Uuid]) -> Uuid {
        let values = vec![
            ("name", Value::text(name)),
            ("businessunitid", self.reference("businessunit", unit)),
            ("teamtype", Value::Int(0)),
            ("isdefault", Value::Bool(false)),
        ];
        let team = self.insert("team", values);
        for user in members {
            self.insert("teammembership", vec![("teamid", Value::Guid(team)), ("systemuserid", Value::Guid(*user))]);
        }
        team
    }

    /// A role with rights on accounts. `inherited` gives members of a team what the team has for their own rows, too.
    fn role(&self, inherited: bool, rights: &[(Privilege, Depth)]) -> Uuid {
        let values = vec![
            ("name", Value::text("Some")),
            ("businessunitid", self.reference("businessunit", self.root())),
            ("isinherited", Value::Int(i32::from(inherited))),
        ];
        let role = self.insert("role", values);
        self.give(role, rights);
        role
    }

    fn give(&self, role: Uuid, rights: &[(Privilege, Depth)]) {
        let rights = rights.to_vec();
        let work = move |cx: &mut crate::context::WriteCx<'_>| {
            let accounts = cx.snapshot.require("account")?.def.clone();
            rights.iter().try_for_each(|(privilege, depth)| privileges::grant(cx, role, privilege_id(&accounts, *privilege), depth.mask()))
        };
        self.organization.run_own(Length::Short, work).unwrap();
    }

    fn assign(&self, user: Uuid, role: Uuid) {
        self.insert("systemuserroles", vec![("systemuserid", Value::Guid(user)), ("roleid", Value::Guid(role))]);
    }

    /// A user in a unit with one role of their own.
    fn holder(&self, unit: Uuid, rights: &[(Privilege, Depth)]) -> Uuid {
        let user = self.user("Holder", unit);
        self.assign(user, self.role(true, rights));
        user
    }

    /// An account of an owner: `systemuser` or `team`.
    fn account(&self, name: &str, owner: (&str, Uuid)) -> Uuid {
        self.insert("account", vec![("name", Value::text(name)), ("ownerid", self.reference(owner.0, owner.1))])
    }

    fn share(&self, account: Uuid, principal: (&'static str, Uuid), rights: &[Privilege]) {
        let mask = rights.iter().fold(0, |mask, right| mask | right.access_right());
        let work = move |cx: &mut crate::context::WriteCx<'_>| {
            let accounts = Arc::clone(cx.snapshot.require("account")?);
            shares::set(cx, &accounts, account, principal, mask)
        };
        self.organization.run_own(Length::Short, work).unwrap();
    }

    fn ask(&self, user: Uuid, lower: &mut dyn FnMut(&Arc<Snapshot>) -> Result<Request>) -> Result<Vec<String>> {
        self.ask_as(&Caller::user(user), lower)
    }

    /// The names of the accounts that a request answers with.
    fn ask_as(&self, caller: &Caller, lower: &mut dyn FnMut(&Arc<Snapshot>) -> Result<Request>) -> Result<Vec<String>> {
        let mut rows = Collector::default();
        self.organization.execute(&Arc::new(caller.clone()), lower, &mut rows)?;
        Ok(rows
            .rows
            .into_iter()
            .map(|row| row.values.into_iter().find_map(|value| if let Value::Text(text) = value { Some(text) } else { None }).unwrap_or_default())
            .collect())
    }

    /// The names of all accounts that a user can see.
    fn list(&self, user: Uuid) -> Result<Vec<String>> {
        self.ask(user, &mut |_| {
            Ok(Request::RetrieveMultiple(RetrieveMultiple { query: names(), within: None, count: false, skip: 0, page_token: None, aggregate_rows_max: None }))
        })
    }

    fn retrieve(&self, user: Uuid, account: Uuid) -> Result<Vec<String>> {
        self.ask(user, &mut |snapshot| Ok(Request::Retrieve(Retrieve { target: target(snapshot, account)?, query: names(), unless_version: None })))
    }

    fn rename(&self, user: Uuid, account: Uuid) -> Result<Vec<String>> {
        self.write(user, account, "name", Value::text("Renamed"))
    }

    fn write(&self, user: Uuid, account: Uuid, column: &str, value: Value) -> Result<Vec<String>> {
        self.ask(user, &mut |snapshot| {
            let target = target(snapshot, account)?;
            let field = match &value {
                Value::Ref(reference) => {
                    let table = snapshot.by_code(reference.table).unwrap();
                    Field::Lookup(Target { table: Arc::clone(table), identity: Identity::Id(reference.id) })
                }
                value => Field::Value(value.clone()),
            };
            let fields = vec![(target.table.require(column)?, field)];
            let record = Record { table: Arc::clone(&target.table), id: None, fields, related: Vec::new() };
            Ok(Request::Update(Update { target, record, if_version: None, returning: None }))
        })
    }

    fn delete(&self, user: Uuid, account: Uuid) -> Result<Vec<String>> {
        self.ask(user, &mut |snapshot| Ok(Request::Delete(Delete { target: target(snapshot, account)?, if_version: None })))
    }

    /// Makes an account, for an owner if one is given.
    fn create(&self, user: Uuid, owner: Option<(&str, Uuid)>) -> Result<Vec<String>> {
        self.ask(user, &mut |snapshot| {
            let table = Arc::clone(snapshot.require("account")?);
            let mut fields = vec![(table.require("name")?, Field::Value(Value::text("New")))];
            if let Some((owners, id)) = owner {
                let owner = Target { table: Arc::clone(snapshot.require(owners)?), identity: Identity::Id(id) };
                fields.push((table.require("ownerid")?, Field::Lookup(owner)));
            }
            Ok(Request::Create(Create { record: Record { table, id: None, fields, related: Vec::new() }, returning: None }))
        })
    }
}

fn target(snapshot: &Snapshot, account: Uuid) -> Result<Target> {
    Ok(Target { table: Arc::clone(snapshot.require("account")?), identity: Identity::Id(account) })
}

fn names() -> Query {
    let columns = driftless_query::Columns::Some(vec!["name".into()]);
    let orders = vec![driftless_query::Order { by: driftless_query::OrderBy::Column(driftless_query::ColumnPath::own("name".into())), descending: false }];
    Query { columns, orders, ..Query::new("account".into()) }
}

fn code<T>(result: Result<T>) -> Option<ErrorCode> {
    result.err().map(|error| error.code())
}

#[test] // AUTH-24, AUTHZ-10
fn a_user_without_a_role_can_do_nothing_until_one_is_given() {
    let org = TestOrg::new();
    let user = org.user("New", org.root());
    assert_eq!(code(org.list(user)), Some(ErrorCode::UserNotAssignedRoles));
    assert_eq!(code(org.create(user, None)), Some(ErrorCode::UserNotAssignedRoles));
    assert_eq!(code(org.organization.require_member(&Caller::user(user))), Some(ErrorCode::UserNotAssignedRoles));
    let role = org.role(true, &[]);
    org.assign(user, role);
    assert_eq!(code(org.organization.require_member(&Caller::user(user))), None);
    assert_eq!(code(org.list(user)), Some(ErrorCode::PrivilegeDenied));
    org.give(role, &[(Privilege::Read, Depth::Basic)]);
    assert_eq!(org.list(user).unwrap(), Vec::<String>::new());
    assert_eq!(code(org.create(user, None)), Some(ErrorCode::PrivilegeDenied));
    assert_eq!(code(org.list(Uuid::from_u128(9))), Some(ErrorCode::UserNotMemberOfOrg));
}

#[test] // ROLE-2, ROLE-15
fn a_role_by_a_team_counts_and_a_disabled_user_is_refused() {
    let org = TestOrg::new();
    let user = org.user("Member", org.root());
    let team = org.team("Team", org.root(), &[user]);
    org.insert("teamroles", vec![("teamid", Value::Guid(team)), ("roleid", Value::Guid(org.organization.facts().administrator_role))]);
    assert!(org.list(user).is_ok());
    org.organization.run_own(Length::Short, move |cx| system::update(cx, "systemuser", user, &[("isdisabled", Value::Bool(true))])).unwrap();
    assert_eq!(code(org.list(user)), Some(ErrorCode::UserDisabled));
}

/// Two units below the root, one of them with a unit below it, and an account of a user of each.
struct Units {
    north: Uuid,
    harbor: Uuid,
    accounts: [Uuid; 4],
}

impl Units {
    fn new(org: &TestOrg) -> Self {
        let north = org.unit("North", org.root());
        let south = org.unit("South", org.root());
        let harbor = org.unit("Harbor", north);
        let account = |name: &str, unit| org.account(name, ("systemuser", org.user(name, unit)));
        Self { north, harbor, accounts: [account("root", org.root()), account("north", north), account("south", south), account("harbor", harbor)] }
    }
}

#[test] // AUTHZ-04, AUTHZ-11, AUTHZ-71, ROLE-5
fn a_depth_says_which_rows_are_seen() {
    let org = TestOrg::new();
    let units = Units::new(&org);
    for (depth, seen) in [
        (Depth::Basic, vec!["own"]),
        (Depth::Local, vec!["north", "own"]),
        (Depth::Deep, vec!["harbor", "north", "own"]),
        (Depth::Global, vec!["harbor", "north", "own", "root", "south"]),
    ] {
        let user = org.holder(units.north, &[(Privilege::Read, depth)]);
        let own = org.account("own", ("systemuser", user));
        assert_eq!(org.list(user).unwrap(), seen, "{depth:?}");
        for account in units.accounts {
            let sees = org.retrieve(user, account);
            match sees {
                Ok(rows) => assert!(seen.contains(&rows[0].as_str())),
                Err(denied) => assert_eq!(denied.code(), ErrorCode::RecordAccessDenied),
            }
        }
        org.delete(org.organization.facts().administrator, own).unwrap();
    }
}

#[test] // ROLE-8, AUTHZ-12
fn a_role_of_a_team_reaches_from_the_teams_unit() {
    let org = TestOrg::new();
    let units = Units::new(&org);
    for (inherited, depth, seen) in [
        (true, Depth::Basic, vec!["own", "team's"]),
        (false, Depth::Basic, vec!["team's"]),
        (false, Depth::Local, vec!["harbor", "team's"]),
        (true, Depth::Local, vec!["harbor", "own", "team's"]),
    ] {
        let user = org.user("Member", units.north);
        let team = org.team("Team", units.harbor, &[user]);
        org.insert("teamroles", vec![("teamid", Value::Guid(team)), ("roleid", Value::Guid(org.role(inherited, &[(Privilege::Read, depth)])))]);
        let made = [org.account("own", ("systemuser", user)), org.account("team's", ("team", team))];
        assert_eq!(org.list(user).unwrap(), seen, "{inherited} {depth:?}");
        for account in made {
            org.delete(org.organization.facts().administrator, account).unwrap();
        }
    }
}

#[test] // AUTHZ-11, AUTHZ-13, AUTHZ-61, AUTHZ-72
fn writes_are_judged_by_the_row_as_it_is() {
    let org = TestOrg::new();
    let units = Units::new(&org);
    let all = Privilege::ALL.map(|privilege| (privilege, Depth::Local));
    let user = org.holder(units.north, &all);
    let [root, north, _, harbor] = units.accounts;
    assert_eq!(code(org.rename(user, north)), None);
    for account in [root, harbor] {
        assert_eq!(code(org.rename(user, account)), Some(ErrorCode::RecordAccessDenied));
        assert_eq!(code(org.delete(user, account)), Some(ErrorCode::RecordAccessDenied));
    }
    let (colleague, other) = (org.user("Colleague", units.north), org.user("Other", units.harbor));
    assert_eq!(code(org.create(user, None)), None);
    assert_eq!(code(org.create(user, Some(("systemuser", colleague)))), None);
    assert_eq!(code(org.create(user, Some(("systemuser", other)))), Some(ErrorCode::RecordAccessDenied));
    // What is given away can no longer be written.
    org.write(user, north, "ownerid", org.reference("systemuser", other)).unwrap();
    assert_eq!(code(org.rename(user, north)), Some(ErrorCode::RecordAccessDenied));
    let poor = org.holder(units.north, &[(Privilege::Create, Depth::Global), (Privilege::Read, Depth::Basic)]);
    assert_eq!(code(org.create(poor, Some(("systemuser", colleague)))), Some(ErrorCode::PrivilegeDenied));
}

#[test] // AUTHZ-14, ROLE-10
fn a_lookup_needs_append_here_and_append_to_there() {
    let org = TestOrg::new();
    let units = Units::new(&org);
    let [root, north, ..] = units.accounts;
    let parent = |id| org.reference("account", id);
    let base = [(Privilege::Read, Depth::Global), (Privilege::Write, Depth::Global)];
    let writer = org.holder(units.north, &base);
    assert_eq!(code(org.write(writer, root, "parentaccountid", parent(north))), Some(ErrorCode::PrivilegeDenied));
    let near = org.holder(units.north, &[base.as_slice(), &[(Privilege::Append, Depth::Global), (Privilege::AppendTo, Depth::Local)]].concat());
    assert_eq!(code(org.write(near, root, "parentaccountid", parent(north))), None);
    assert_eq!(code(org.write(near, north, "parentaccountid", parent(units.accounts[2]))), Some(ErrorCode::RecordAccessDenied));
}

#[test] // ROLE-6, ROLE-11, AUTHZ-11
fn a_share_gives_rights_on_one_row_to_those_who_have_the_privilege() {
    let org = TestOrg::new();
    let units = Units::new(&org);
    let [root, north, south, _] = units.accounts;
    let user = org.holder(units.harbor, &[(Privilege::Read, Depth::Basic), (Privilege::Write, Depth::Basic)]);
    let team = org.team("Team", org.root(), &[user]);
    org.share(root, ("systemuser", user), &[Privilege::Read, Privilege::Delete]);
    org.share(north, ("team", team), &[Privilege::Read, Privilege::Write]);
    assert_eq!(org.list(user).unwrap(), ["north", "root"]);
    assert_eq!(code(org.retrieve(user, root)), None);
    assert_eq!(code(org.retrieve(user, south)), Some(ErrorCode::RecordAccessDenied));
    assert_eq!(code(org.rename(user, root)), Some(ErrorCode::RecordAccessDenied));
    assert_eq!(code(org.rename(user, north)), None);
    assert_eq!(code(org.delete(user, root)), Some(ErrorCode::PrivilegeDenied));
    org.share(root, ("systemuser", user), &[]);
    assert_eq!(code(org.retrieve(user, root)), Some(ErrorCode::RecordAccessDenied));
    // A row that is made again under the same id is another row.
    org.delete(org.organization.facts().administrator, north).unwrap();
    let left =
        org.organization.run_own(Length::Short, move |cx| shares::of_row(cx.tx.as_read(), &cx.snapshot, cx.snapshot.require("account")?, north)).unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[test] // AUTHZ-40
fn the_feed_is_for_those_who_may_read_all_rows() {
    let org = TestOrg::new();
    let update = crate::metadata::TableUpdate { change_tracking: Some(true), ..Default::default() };
    org.ask(org.organization.facts().administrator, &mut |_| Ok(Request::Define(crate::request::Define::UpdateTable("account".into(), update.clone()))))
        .unwrap();
    for (depth, refusal) in [(Depth::Deep, Some(ErrorCode::PrivilegeDenied)), (Depth::Global, None)] {
        let user = org.holder(org.root(), &[(Privilege::Read, depth)]);
        let query = Query::new("account".into());
        let changes = Changes { table: "account".into(), query, token: None, page_token: None, page_rows: 100, expired_fault: false };
        assert_eq!(code(org.ask(user, &mut |_| Ok(Request::Changes(changes.clone())))), refusal, "{depth:?}");
    }
}

#[test] // AUTHZ-48, AUTHZ-64, ROLE-17
fn who_acts_for_another_has_what_both_have() {
    let org = TestOrg::new();
    let units = Units::new(&org);
    let administrator = org.organization.facts().administrator;
    let reader = org.holder(units.north, &[(Privilege::Read, Depth::Local)]);
    let wide = org.holder(org.root(), &[(Privilege::Read, Depth::Deep), (Privilege::Write, Depth::Global)]);
    let list = |user, actor| {
        let caller = Caller { acting_for: Some(actor), ..Caller::user(user) };
        org.ask_as(&caller, &mut |_| {
            Ok(Request::RetrieveMultiple(RetrieveMultiple { query: names(), within: None, count: false, skip: 0, page_token: None, aggregate_rows_max: None }))
        })
    };
    assert_eq!(list(reader, administrator).unwrap(), ["north"]);
    assert_eq!(code(list(administrator, reader)), Some(ErrorCode::CannotActOnBehalfOfAnotherUser));
    let act = org.role(true, &[]);
    org.organization
        .run_own(Length::Short, move |cx| privileges::grant(cx, act, super::special_privilege_id(super::ACT_ON_BEHALF), Depth::Global.mask()))
        .unwrap();
    org.assign(reader, act);
    assert_eq!(list(administrator, reader).unwrap(), ["north"]);
    assert_eq!(list(wide, reader).unwrap(), ["north"]);
}

#[test] // AUTHZ-70, AUTHZ-74: within one unit, too
fn a_change_of_rights_counts_for_the_next_request_of_the_same_unit() {
    let org = TestOrg::new();
    let user = org.user("New", org.root());
    org.assign(user, org.organization.facts().administrator_role);
    let lower = &mut |snapshot: &Arc<Snapshot>| {
        let users = Arc::clone(snapshot.require("systemuser")?);
        let target = Target { table: Arc::clone(&users), identity: Identity::Id(user) };
        let disable =
            Record { table: Arc::clone(&users), id: None, fields: vec![(users.require("isdisabled")?, Field::Value(Value::Bool(true)))], related: Vec::new() };
        let accounts = Arc::clone(snapshot.require("account")?);
        let account = Record { fields: vec![(accounts.require("name")?, Field::Value(Value::text("A")))], table: accounts, id: None, related: Vec::new() };
        Ok(vec![
            Request::Update(Update { target, record: disable, if_version: None, returning: None }),
            Request::Create(Create { record: account, returning: None }),
        ])
    };
    let refused: Result<Vec<Response>> = org.organization.execute_all(&Arc::new(Caller::user(user)), lower);
    let error = refused.err().unwrap();
    assert_eq!((error.code(), error.request()), (ErrorCode::UserDisabled, Some(1)));
    assert!(org.list(user).is_ok(), "the unit was undone, and with it the change");
}

#[test] // AUTHZ-47, web-api 24
fn a_bulk_delete_runs_on_the_rights_of_who_asked() {
    let org = TestOrg::new();
    let units = Units::new(&org);
    let administrator = org.organization.facts().administrator;
    let rights = [(Privilege::Read, Depth::Deep), (Privilege::Delete, Depth::Local)];
    let user = org.holder(units.north, &rights);
    let query = Arg::Complex(vec![("EntityName", Arg::Text("account".to_owned()))]);
    let args = Args(vec![("JobName", Arg::Text("All".to_owned())), ("QuerySet", Arg::List(vec![query]))]);
    let def = MESSAGES.iter().find(|def| def.name == "BulkDelete").unwrap();
    let ask = || org.ask(user, &mut |_| Ok(Request::Message(def, args.clone())));
    assert_eq!(code(ask()), Some(ErrorCode::PrivilegeDenied), "it needs prvBulkDelete");
    let bulk = org.role(true, &[]);
    org.organization
        .run_own(Length::Short, move |cx| privileges::grant(cx, bulk, super::special_privilege_id(crate::metadata::BULK_DELETE), Depth::Global.mask()))
        .unwrap();
    org.assign(user, bulk);
    // More rows than one unit removes.
    for number in 0..230 {
        org.account(&format!("row {number}"), ("systemuser", user));
    }
    ask().unwrap();
    org.organization.run_jobs().unwrap();
    assert_eq!(org.list(administrator).unwrap(), ["harbor", "root", "south"], "the unit below is seen and not deleted, the others are not seen");
    let snapshot = org.organization.snapshot();
    let jobs = snapshot.require("asyncoperation").unwrap();
    let rows = org.organization.store().reading(|tx| system::rows(tx, jobs, &["statecode", "statuscode", "message", "ownerid"], None)).unwrap();
    let row = rows.last().unwrap();
    assert_eq!((row.value(0), row.value(1), row.value(3).id()), (&Value::Int(3), &Value::Int(31), Some(user)));
    assert!(row.text(2).starts_with("231 rows were deleted and 1 were not."), "{}", row.text(2));
    // What a job does cannot be rewritten.
    let write = org.ask(administrator, &mut |snapshot| {
        let table = Arc::clone(snapshot.require("asyncoperation")?);
        let fields = vec![(table.require("data")?, Field::Value(Value::text("{}")))];
        let record = Record { table: Arc::clone(&table), id: None, fields, related: Vec::new() };
        Ok(Request::Update(Update { target: Target { table, identity: Identity::Id(row.id) }, record, if_version: None, returning: None }))
    });
    assert_eq!(code(write), Some(ErrorCode::NotSupported));
}
