//! Who sees which pairs of rows.

use driftless_model::AssociatedMenu;
use driftless_query::Along;

use super::*;
use crate::metadata::{ManyToManySpec, Origin, SideSpec};
use crate::request::Define;

/// Pairs accounts with accounts.
fn with_allies(org: &TestOrg) {
    let side = |navigation: &str| SideSpec { table: "account".into(), navigation: Some(navigation.to_owned()), menu: AssociatedMenu::default() };
    let spec = ManyToManySpec {
        id: None,
        schema_name: "new_Ally".to_owned(),
        intersect: None,
        first: side("new_allies"),
        second: side("new_allied"),
        customizable: true,
    };
    let make = Define::CreateManyToMany(spec, Origin::Customizer { solution: None });
    org.ask(org.organization.facts().administrator, &mut |_| Ok(Request::Define(make.clone()))).unwrap();
}

fn pair(org: &TestOrg, one: Uuid, two: Uuid) -> Uuid {
    org.insert("new_ally", vec![("accountidone", Value::Guid(one)), ("accountidtwo", Value::Guid(two))])
}

fn list(org: &TestOrg, user: Uuid, query: &Query, within: Option<Uuid>) -> Result<Vec<String>> {
    org.ask(user, &mut |snapshot| {
        let along = Along::Intersect { intersect: "new_ally".into(), near: "accountidone".into(), far: "accountidtwo".into(), table: "account".into() };
        let within = within.map(|account| target(snapshot, account)).transpose()?.map(|target| (along, target));
        let list = RetrieveMultiple { query: query.clone(), within, count: false, skip: 0, page_token: None, aggregate_rows_max: None };
        Ok(Request::RetrieveMultiple(list))
    })
}

#[test] // AUTHZ-11, ROLE-7
fn a_pair_is_seen_by_those_who_see_both_of_its_rows() {
    let org = TestOrg::new();
    let units = Units::new(&org);
    with_allies(&org);
    let [root, north, south, harbor] = units.accounts;
    let seen = pair(&org, north, harbor);
    let half = pair(&org, north, south);
    pair(&org, root, south);
    let reader = org.holder(units.north, &[(Privilege::Read, Depth::Deep)]);
    let allies = Query::new("new_ally".into());
    assert_eq!(list(&org, reader, &allies, None).unwrap().len(), 1);
    assert_eq!(list(&org, reader, &names(), Some(north)).unwrap(), ["harbor"]);
    assert_eq!(code(list(&org, reader, &names(), Some(root))), Some(ErrorCode::RecordAccessDenied));
    let retrieve = |id| {
        org.ask(reader, &mut |snapshot| {
            let target = Target { table: Arc::clone(snapshot.require("new_ally")?), identity: Identity::Id(id) };
            Ok(Request::Retrieve(Retrieve { target, query: allies.clone(), unless_version: None }))
        })
    };
    assert_eq!(code(retrieve(seen)), None);
    assert_eq!(code(retrieve(half)), Some(ErrorCode::RecordAccessDenied));
    assert_eq!(list(&org, org.organization.facts().administrator, &allies, None).unwrap().len(), 3);
    org.share(south, ("systemuser", reader), &[Privilege::Read]);
    assert_eq!(list(&org, reader, &names(), Some(north)).unwrap(), ["harbor", "south"]);
    let poor = org.holder(units.north, &[(Privilege::Write, Depth::Global)]);
    assert_eq!(code(list(&org, poor, &allies, None)), Some(ErrorCode::PrivilegeDenied));
}

#[test] // AUTHZ-40, CT-6
fn changes_of_pairs_are_for_those_who_may_read_all_rows_of_both_sides() {
    let org = TestOrg::new();
    with_allies(&org);
    let update = crate::metadata::TableUpdate { change_tracking: Some(true), ..Default::default() };
    org.ask(org.organization.facts().administrator, &mut |_| Ok(Request::Define(Define::UpdateTable("account".into(), update.clone())))).unwrap();
    for (depth, refusal) in [(Depth::Deep, Some(ErrorCode::PrivilegeDenied)), (Depth::Global, None)] {
        let user = org.holder(org.root(), &[(Privilege::Read, depth)]);
        let query = Query::new("new_ally".into());
        let changes = Changes { table: "new_ally".into(), query, token: None, page_token: None, page_rows: 100, expired_fault: false };
        assert_eq!(code(org.ask(user, &mut |_| Ok(Request::Changes(changes.clone())))), refusal, "{depth:?}");
    }
}
