//! A solution that is upgraded is what a new installation of its version is (SOL-17, SOL-18).

use super::export::assert_same;
use super::*;

/// The next version: without a table's lookup and key, the additions to accounts and the choice; with a new column.
fn next() -> Package {
    let mut package = version(2);
    package.tables.truncate(1);
    let book = &mut package.tables[0];
    book.columns.retain(|column| !matches!(column.logical_name.as_str(), "smp_accountid" | "smp_genrecode" | "smp_code"));
    book.columns.push(text("smp_Extra"));
    book.keys.clear();
    package.choices.clear();
    package.relationships.retain(|relationship| relationship.name != "smp_account_book");
    package.other_parts.clear();
    package
}

fn holding(package: &Package, job: u128) -> Vec<(&'static str, Arg)> {
    arguments(package, job).into_iter().chain([("HoldingSolution", Arg::Bool(true))]).collect()
}

#[test] // SOL-17, SOL-18, SOL-24
fn what_the_new_version_does_not_have_goes() {
    let fresh = TestOrg::new();
    fresh.import(&next(), 1).unwrap();
    for in_one in [false, true] {
        let org = TestOrg::new();
        let before = org.definitions();
        org.import(&version(1), 1).unwrap();
        if in_one {
            org.call("StageAndUpgrade", &arguments(&next(), 2)).unwrap();
        } else {
            org.call("ImportSolution", &holding(&next(), 2)).unwrap();
            assert!(org.solution("Books_Upgrade").is_some());
            org.check();
            org.call("DeleteAndPromote", &[("UniqueName", Arg::Text(BOOKS.to_owned()))]).unwrap();
        }
        // What stays keeps the version in which it came.
        let upgraded = org.portable().into_iter().map(|(name, words)| (name, words.replace("\"1.0.0.0\"", "\"2.0.0.0\""))).collect();
        assert_same(&fresh.portable(), &upgraded, if in_one { "in one step" } else { "in two steps" });
        assert_eq!(org.solution("Books_Upgrade"), None);
        org.check();
        org.delete(org.solution(BOOKS).unwrap()).ok().unwrap();
        assert_eq!(org.definitions(), before);
        assert!(org.rows("solutioncomponent", &["objectid"]).is_empty());
    }
}

#[test] // SOL-17, SOL-30
fn an_upgrade_that_waits_can_be_given_up() {
    let org = TestOrg::new();
    org.import(&version(1), 1).unwrap();
    let before = org.portable();
    org.call("ImportSolution", &holding(&next(), 2)).unwrap();
    assert_eq!(org.import(&version(3), 3).unwrap_err().code().number(), 0x8004_0203);
    org.delete(org.solution("Books_Upgrade").unwrap()).ok().unwrap();
    assert_same(&before, &org.portable(), "given up");
    assert_eq!(org.call("DeleteAndPromote", &[("UniqueName", Arg::Text(BOOKS.to_owned()))]).unwrap_err().code().number(), 0x8004_8037);
    org.check();
}
