//! Many-to-many relationships: definitions, their tables of pairs, and what goes with them.

use driftless_model::{AssociatedMenu, MenuBehavior, SideRole};

use super::*;

fn side(table: &str) -> SideSpec {
    SideSpec { table: table.into(), navigation: None, menu: AssociatedMenu::default() }
}

fn spec(schema_name: &str, first: &str, second: &str) -> ManyToManySpec {
    ManyToManySpec { id: None, schema_name: schema_name.to_owned(), intersect: None, first: side(first), second: side(second), customizable: true }
}

fn make(spec: &ManyToManySpec) -> Define {
    Define::CreateManyToMany(spec.clone(), CUSTOMIZER)
}

/// Books, tags and `new_Book_Tag` between them.
fn with_tags() -> TestOrg {
    let org = TestOrg::with_books();
    let tags = TableSpec { change_tracking: false, ..table("new_Tag", vec![name_column()]) };
    org.define(Define::CreateTable(tags, CUSTOMIZER)).unwrap();
    org.define(make(&spec("new_Book_Tag", "new_book", "new_tag"))).unwrap();
    org
}

#[test] // MD-30
fn a_relationship_makes_its_table_of_pairs() {
    let org = with_tags();
    let snapshot = org.organization.snapshot();
    let pairs = snapshot.require("new_book_tag").unwrap();
    assert!(pairs.def.intersect && pairs.def.custom && !pairs.def.customizable && !pairs.def.change_tracking);
    assert_eq!((pairs.def.set_name.as_str(), pairs.def.primary_id.as_str()), ("new_book_tagset", "new_book_tagid"));
    let columns: Vec<_> = pairs.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["new_book_tagid", "versionnumber", "new_bookid", "new_tagid"]);
    assert!(pairs.keys[0].is_active());
    let from_book = snapshot.pairing("new_book", "new_Book_Tag").unwrap();
    assert_eq!((from_book.role, from_book.intersect().as_str()), (SideRole::First, "new_book_tag"));
    assert_eq!((from_book.own().column.as_str(), from_book.other().column.as_str(), from_book.other().table.as_str()), ("new_bookid", "new_tagid", "new_tag"));
    assert_eq!(snapshot.pairing("new_tag", "new_Book_Tag").unwrap().other().table.as_str(), "new_book");
    assert_eq!(snapshot.pairs_in("new_book_tag").unwrap().id, from_book.relationship.id);
    assert!(snapshot.pairing("new_book", "new_book_tag").is_none());
}

#[test] // MD-3, MD-30
fn names_of_relationships_are_checked() {
    let org = with_tags();
    let refusal = |change: ManyToManySpec| org.refusal(make(&change));
    let plain = || spec("new_Other", "new_book", "new_tag");
    assert_eq!(refusal(spec("NEW_BOOK_TAG", "new_book", "new_tag")), Some(ErrorCode::RelationshipNameExists));
    assert_eq!(refusal(spec("other", "new_book", "new_tag")), Some(ErrorCode::InvalidNamePrefix));
    assert_eq!(refusal(spec("new_Other", "new_book", "new_none")), Some(ErrorCode::QueryBuilderNoEntity));
    assert_eq!(refusal(spec("new_Other", "new_book", "new_book_tag")), Some(ErrorCode::CannotDeleteMetadata));
    assert_eq!(refusal(ManyToManySpec { intersect: Some("new_book".to_owned()), ..plain() }), Some(ErrorCode::EntityNameExists));
    let taken = SideSpec { navigation: Some("new_Book_Tag".to_owned()), ..side("new_book") };
    assert_eq!(refusal(ManyToManySpec { first: taken, ..plain() }), Some(ErrorCode::SchemaNameTaken));
    let column = SideSpec { navigation: Some("new_name".to_owned()), ..side("new_book") };
    assert_eq!(refusal(ManyToManySpec { first: column, ..plain() }), Some(ErrorCode::SchemaNameTaken));
    assert_eq!(refusal(plain()), None);
}

#[test] // MD-30
fn rows_of_one_table_can_be_paired() {
    let org = TestOrg::with_books();
    org.define(make(&spec("new_Sequel", "new_book", "new_book"))).unwrap();
    let snapshot = org.organization.snapshot();
    let of_book = snapshot.pairings("new_book");
    assert_eq!(of_book.iter().map(|pairing| pairing.own().column.as_str()).collect::<Vec<_>>(), ["new_bookidone", "new_bookidtwo"]);
    assert_eq!(of_book.iter().map(|pairing| pairing.own().navigation.as_str()).collect::<Vec<_>>(), ["new_Sequel", "new_Sequel_Referenced"]);
}

#[test] // CT-6
fn pairs_are_tracked_when_both_tables_are() {
    let org = with_tags();
    let tracked = || org.organization.snapshot().require("new_book_tag").unwrap().def.change_tracking;
    assert!(!tracked());
    let by_itself = TableUpdate { change_tracking: Some(true), ..TableUpdate::default() };
    assert_eq!(org.refusal(Define::UpdateTable("new_book_tag".into(), by_itself.clone())), Some(ErrorCode::CannotDeleteMetadata));
    org.define(Define::UpdateTable("new_tag".into(), by_itself)).unwrap();
    assert!(tracked());
    org.define(make(&spec("new_Sequel", "new_book", "new_book"))).unwrap();
    assert!(org.organization.snapshot().require("new_sequel").unwrap().def.change_tracking);
}

#[test] // web-api 26.6
fn menus_are_kept() {
    let org = with_tags();
    let menu = AssociatedMenu { behavior: MenuBehavior::UseLabel, label: Label::english("Topics"), order: Some(5), ..AssociatedMenu::default() };
    let change = ManyToManyUpdate { first_menu: Some(menu.clone()), second_menu: None };
    org.define(Define::UpdateManyToMany("new_book_tag".to_owned(), change)).unwrap();
    let snapshot = org.organization.snapshot();
    let relationship = snapshot.many_to_many_named("new_Book_Tag").unwrap();
    assert_eq!((&relationship.first.menu, relationship.second.menu.is_default()), (&menu, true));
}

#[test] // MD-12, MD-30
fn pairs_go_with_their_relationship_and_that_with_either_table() {
    let org = with_tags();
    assert_eq!(org.refusal(Define::DeleteTable("new_book_tag".into())), Some(ErrorCode::CannotDeleteMetadata));
    org.define(Define::DeleteManyToMany("new_Book_Tag".to_owned())).unwrap();
    assert!(org.organization.snapshot().find("new_book_tag").is_none());
    assert_eq!(org.refusal(Define::DeleteManyToMany("new_Book_Tag".to_owned())), Some(ErrorCode::ObjectDoesNotExist));
    assert_eq!(org.refusal(Define::DeleteManyToMany("systemuserroles_association".to_owned())), Some(ErrorCode::CannotDeleteMetadata));
    org.define(make(&spec("new_Book_Tag", "new_book", "new_tag"))).unwrap();
    org.define(make(&spec("new_Sequel", "new_book", "new_book"))).unwrap();
    org.define(Define::DeleteTable("new_book".into())).unwrap();
    let snapshot = org.organization.snapshot();
    assert!(snapshot.find("new_book_tag").is_none() && snapshot.find("new_sequel").is_none() && snapshot.pairings("new_tag").is_empty());
}

#[test] // STD-5
fn built_in_pairs_belong_to_relationships() {
    let org = TestOrg::new();
    let snapshot = org.organization.snapshot();
    let found: Vec<_> = snapshot.many_to_many().map(|own| format!("{} {}", own.schema_name, own.intersect)).collect();
    assert_eq!(
        found,
        [
            "roleprivileges_association roleprivileges",
            "systemuserroles_association systemuserroles",
            "teammembership_association teammembership",
            "teamroles_association teamroles"
        ]
    );
    assert!(snapshot.many_to_many().all(|own| snapshot.require(&own.intersect).unwrap().keys[0].is_active()));
}

#[test] // STD-5
fn a_folder_of_an_earlier_program_gets_the_built_in_relationships_at_its_next_start() {
    let org = TestOrg::with_books();
    let gone = Value::Guid(Uuid::from_u128(9));
    org.organization
        .run_own(driftless_store::Length::Long, move |cx| {
            let pairs = Arc::clone(cx.snapshot.require("systemuserroles")?);
            cx.tx.change_schema(&SchemaChange::DropKey(&pairs, &pairs.keys[0]))?;
            let relationship = Arc::clone(cx.snapshot.pairs_in("systemuserroles").unwrap());
            cx.undefine(&[(DefinitionKind::Key, pairs.keys[0].id), (DefinitionKind::ManyToMany, relationship.id)])?;
            // What earlier programs left when a role was deleted.
            system::insert(cx, "systemuserroles", None, &[("systemuserid", Value::Guid(cx.caller.user)), ("roleid", gone.clone())])?;
            Ok(cx.tx.set_setting("seed_digest", "of an earlier program")?)
        })
        .unwrap();
    assert_eq!(org.rows("systemuserroles", &[]).len(), 2);
    let environment = Arc::new(SeededEnvironment::new(8, 1_700_000_000_000));
    let reopened = Organization::open(Arc::clone(org.organization.store()), environment, Limits::default()).unwrap();
    let snapshot = reopened.snapshot();
    assert!(snapshot.pairing("systemuser", "systemuserroles_association").is_some());
    assert!(snapshot.require("systemuserroles").unwrap().keys[0].is_active());
    assert_eq!(org.rows("systemuserroles", &[]).len(), 1);
}
