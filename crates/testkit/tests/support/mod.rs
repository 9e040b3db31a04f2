//! A service with the tables of the golden files' set-up.

use std::path::Path;

use driftless_testkit::{HttpClient, TestServer, play};

/// Plays `golden/setup/<name>.http`.
pub(crate) fn set_up(server: &TestServer, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../golden/setup/{name}.http"));
    assert_eq!(play(server, &path).unwrap(), Vec::<String>::new());
}

/// The first read of the parcels; gives its delta link.
#[allow(dead_code, reason = "each test file uses its part")]
pub(crate) fn first_read(client: &mut HttpClient) -> String {
    let answer = client.read_preferring("new_parcels?$select=new_name", "odata.track-changes").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["@odata.deltaLink"].as_str().unwrap().to_owned()
}
