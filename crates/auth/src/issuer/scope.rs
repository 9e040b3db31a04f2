//! What a token is asked for (AUTH-06).

use serde::{Deserialize, Serialize};

use super::fault::Fault;

/// Scopes about the person rather than the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// The service itself was named.
    pub(crate) service: bool,
    pub(crate) openid: bool,
    pub(crate) profile: bool,
    pub(crate) email: bool,
    pub(crate) offline_access: bool,
}

/// Endings by which clients turn an address into a scope.
const ENDINGS: [&str; 2] = ["/.default", "/user_impersonation"];

/// Reads `scope`, or the older `resource`. `is_own` tells whether an address, without its last slash, is the service's.
pub(crate) fn parse(scope: Option<&str>, resource: Option<&str>, is_own: &dyn Fn(&str) -> bool) -> Result<Asked, Fault> {
    let mut asked = Asked::default();
    if let Some(resource) = resource {
        if !is_own(resource.strip_suffix('/').unwrap_or(resource)) {
            return Err(Fault::new("invalid_resource", 500_011, "The resource is not an address of this service."));
        }
        asked.service = true;
    }
    for word in scope.unwrap_or("").split_ascii_whitespace() {
        match word {
            "openid" => asked.openid = true,
            "profile" => asked.profile = true,
            "email" => asked.email = true,
            "offline_access" => asked.offline_access = true,
            _ if is_of_service(word, is_own) => asked.service = true,
            _ => {
                let shown: String = word.chars().take(200).collect();
                return Err(Fault::new("invalid_scope", 70_011, format!("The scope '{shown}' is not one of this service.")));
            }
        }
    }
    Ok(asked)
}

fn is_of_service(word: &str, is_own: &dyn Fn(&str) -> bool) -> bool {
    let ending = ENDINGS.iter().find_map(|ending| word.strip_suffix(ending));
    let address = ending.unwrap_or(word);
    // Clients join an address that ends in a slash with an ending that begins with one.
    is_own(address.strip_suffix('/').unwrap_or(address))
}

impl Asked {
    /// What is asked for of what was granted.
    pub(crate) fn within(self, granted: Self) -> Self {
        Self {
            service: self.service && granted.service,
            openid: self.openid && granted.openid,
            profile: self.profile && granted.profile,
            email: self.email && granted.email,
            offline_access: self.offline_access && granted.offline_access,
        }
    }

    /// As `scope` of an answer names it.
    pub(crate) fn granted(self, service: &str, is_person: bool) -> String {
        let mut words = Vec::new();
        for (is_asked, word) in [(self.openid, "openid"), (self.profile, "profile"), (self.email, "email"), (self.offline_access, "offline_access")] {
            if is_asked {
                words.push(word.to_owned());
            }
        }
        words.push(if is_person { format!("{service}/user_impersonation") } else { format!("{service}/.default") });
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // AUTH-06
    fn scopes_as_clients_write_them() {
        let is_own = |address: &str| address.eq_ignore_ascii_case("https://localhost:8443");
        let own = "https://localhost:8443";
        for scope in [
            format!("{own}/.default"),
            format!("{own}//.default"),
            format!("{own}/user_impersonation"),
            format!("{own}//user_impersonation"),
            own.to_owned(),
            format!("{own}/"),
            "HTTPS://LOCALHOST:8443/.default".to_owned(),
            format!("openid profile {own}/.default offline_access email"),
        ] {
            assert!(parse(Some(&scope), None, &is_own).unwrap().service, "{scope}");
        }
        for scope in ["https://other/.default", "User.Read", ".default", "https://localhost:8443/Other", "https://localhost:8443///.default"] {
            assert_eq!(parse(Some(scope), None, &is_own).unwrap_err().error, "invalid_scope", "{scope}");
        }
        assert!(parse(None, Some("https://localhost:8443/"), &is_own).unwrap().service);
        assert_eq!(parse(None, Some("https://other"), &is_own).unwrap_err().error, "invalid_resource");
        assert_eq!(parse(Some("openid"), None, &is_own).unwrap(), Asked { openid: true, ..Asked::default() });
    }
}
