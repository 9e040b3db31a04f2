//! Names for what differs between runs: ids, versions, tokens, the origin and times. An answer in normal form can be compared as text, and a name stands for
//! the same thing throughout a conversation.

/// What the names of a conversation stand for.
#[derive(Debug, Default)]
pub struct Captures {
    origin: String,
    bound: Vec<(String, String)>,
}

impl Captures {
    /// No names but `{origin}`.
    pub fn new(origin: &str) -> Self {
        Self { origin: origin.to_owned(), bound: Vec::new() }
    }

    /// Replaces names by what they stand for.
    pub fn expand(&self, text: &str) -> String {
        let mut out = text.replace("{origin}", &self.origin);
        for (name, value) in &self.bound {
            out = out.replace(&format!("{{{name}}}"), value);
        }
        out
    }

    /// Binds a name, unless it is bound.
    pub fn bind(&mut self, name: &str, value: &str) {
        if !self.bound.iter().any(|(own, _)| own == name) {
            self.bound.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The text with names for what differs between runs; new things get the next number of their kind.
    pub fn normalize(&mut self, text: &str) -> String {
        let text = text.replace(&self.origin, "{origin}");
        let mut rest = text.as_str();
        let mut out = String::with_capacity(rest.len());
        while let Some(first) = rest.chars().next() {
            let taken = match self.take(rest, &out) {
                Some((length, name)) => {
                    out.push_str(&name);
                    length
                }
                None => {
                    out.push(first);
                    first.len_utf8()
                }
            };
            rest = &rest[taken..];
        }
        out
    }

    /// What stands at the beginning of `rest`, if it has a name: its length and its name. `before` is the text before it.
    fn take(&mut self, rest: &str, before: &str) -> Option<(usize, String)> {
        if let Some((kind, end)) = in_json(rest, before).or_else(|| in_xml(rest, before)) {
            return Some((end, self.name(kind, &rest[..end])));
        }
        if before.chars().next_back().is_some_and(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        if is_guid(rest) && !rest.starts_with(NIL) {
            let id = rest[..36].to_ascii_lowercase();
            return Some((36, self.name("id", &id)));
        }
        None
    }

    fn name(&mut self, kind: &str, value: &str) -> String {
        let same_kind = |name: &str| name.strip_prefix(kind).is_some_and(|number| number.starts_with(' '));
        if let Some((name, _)) = self.bound.iter().find(|(name, own)| same_kind(name) && own == value) {
            return format!("{{{name}}}");
        }
        // Things with a word for a name, such as `{id user}`, do not count.
        let is_numbered = |name: &str| name.ends_with(|last: char| last.is_ascii_digit());
        let name = format!("{kind} {}", self.bound.iter().filter(|(name, _)| same_kind(name) && is_numbered(name)).count() + 1);
        self.bound.push((name.clone(), value.to_owned()));
        format!("{{{name}}}")
    }
}

/// The kind and the length of a thing of the Web API that begins here.
fn in_json(rest: &str, before: &str) -> Option<(&'static str, usize)> {
    let markers = [("$deltatoken=", "token"), ("sessiontoken=", "token"), ("\"FileContinuationToken\":\"", "token"), ("$skiptoken=", "cookie")];
    if let Some((_, kind)) = markers.into_iter().find(|(marker, _)| before.ends_with(marker)) {
        return Some((kind, rest.find(['"', '&', '\r', '\n']).unwrap_or(rest.len())));
    }
    if before.ends_with("pagingcookie=\\\"") {
        return Some(("paging", rest.find('\\')?));
    }
    if ["W/\"", "W/\\\"", "\"versionnumber\":"].iter().any(|marker| before.ends_with(marker)) {
        return Some(("version", digits(rest)?));
    }
    let markers = [("globalmetadataversion\":\"", "schema"), ("\"ServerVersionStamp\":\"", "stamp"), ("\"ExportSolutionFile\":\"", "file")];
    let (_, kind) = markers.into_iter().find(|(marker, _)| before.ends_with(marker))?;
    Some((kind, rest.find('"')?))
}

/// The kind and the length of a thing of the Organization Service that begins here: what stands in certain elements, and behind certain keys of pairs.
fn in_xml(rest: &str, before: &str) -> Option<(&'static str, usize)> {
    if before.ends_with("&lt;cookie page=&quot;1&quot; token=&quot;") {
        return Some(("paging", rest.find('&')?));
    }
    let (before, tag) = before.strip_suffix('>')?.rsplit_once('<')?;
    let is_nil = tag.ends_with('/');
    let kind = match tag {
        _ if is_nil => return None,
        "a:RowVersion" | "a:MinActiveRowVersion" => return digits(rest).map(|end| ("version", end)),
        "k:DataToken" => "token",
        "k:PagingCookie" => "cookie",
        "k:GlobalMetadataVersion" => "schema",
        _ => match before.strip_suffix("</g:key>")?.rsplit_once('>')?.1 {
            "versionnumber" => "version",
            "FileContinuationToken" => "token",
            "ServerVersionStamp" => "stamp",
            "ExportSolutionFile" => "file",
            _ => return None,
        },
    };
    rest.find('<').filter(|end| *end > 0).map(|end| (kind, end))
}

/// Where the digits at the beginning end, if there are any.
fn digits(text: &str) -> Option<usize> {
    text.find(|letter: char| !letter.is_ascii_digit()).filter(|end| *end > 0)
}

/// The id of nothing is the same in every run.
const NIL: &str = "00000000-0000-0000-0000-000000000000";

fn is_guid(text: &str) -> bool {
    text.len() >= 36
        && text.as_bytes()[..36].iter().enumerate().all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
        && !text.as_bytes().get(36).is_some_and(u8::is_ascii_hexdigit)
        // A last boundary of a batch has two dashes behind its id; one dash belongs to something else.
        && (text.as_bytes().get(36) != Some(&b'-') || text.as_bytes().get(37) == Some(&b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_versions_and_tokens_get_names_that_last() {
        let mut captures = Captures::new("http://127.0.0.1:1");
        let one = captures.normalize(r#"http://127.0.0.1:1/x(00000000-0000-0000-0000-000000000001) W/"12" W/\"13\" x?$deltatoken=a%21b"#);
        assert_eq!(one, r#"{origin}/x({id 1}) W/"{version 1}" W/\"{version 2}\" x?$deltatoken={token 1}"#);
        assert_eq!(captures.normalize(r#"W/"13" 00000000-0000-0000-0000-000000000001"#), r#"W/"{version 2}" {id 1}"#);
        assert_eq!(captures.normalize(r#"<cookie pagenumber=\"2\" pagingcookie=\"%253c\" />"#), r#"<cookie pagenumber=\"2\" pagingcookie=\"{paging 1}\" />"#);
        assert_eq!(
            captures.normalize("<a:RowVersion>12</a:RowVersion><k:DataToken>a!b</k:DataToken>"),
            "<a:RowVersion>{version 1}</a:RowVersion><k:DataToken>{token 2}</k:DataToken>"
        );
        let pair = "<g:key>ServerVersionStamp</g:key><g:value i:type=\"x:string\">s</g:value>";
        assert_eq!(captures.normalize(pair), pair.replace(">s<", ">{stamp 1}<"));
        assert_eq!(captures.expand("x({id 1})?$deltatoken={token 1}"), "x(00000000-0000-0000-0000-000000000001)?$deltatoken=a%21b");
    }
}
