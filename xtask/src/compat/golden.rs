//! What golden files say: each exchange with the shape of its address, for telling which of them show an operation.

use std::path::{Path, PathBuf};

/// A door of the service, which has its folder of golden files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// The Web API.
    WebApi,
    /// The Organization Service.
    OrgService,
}

impl Door {
    /// Where its golden files are, from the root of the tree.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::WebApi => "golden/webapi",
            Self::OrgService => "golden/orgservice",
        }
    }
}

/// One request of a golden file and the status that it is answered with.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// The door that is asked.
    pub(crate) door: Door,
    /// Path below the folder of the door without its ending.
    pub(crate) file: String,
    /// Method.
    pub(crate) method: String,
    /// Segments of the address behind the service root, without query.
    pub(crate) segments: Vec<String>,
    /// The request as written: target, header fields and body.
    pub(crate) text: String,
    /// Status that must be answered.
    pub(crate) status: u16,
    /// Messages that the file names in `Message:` comments.
    pub(crate) named: Vec<String>,
}

/// All exchanges of a door in the tree at `root`, files in order. A file that cannot be read shows nothing.
pub(crate) fn read(root: &Path, door: Door) -> Vec<Exchange> {
    let base = root.join(door.folder());
    let mut files = Vec::new();
    collect(&base, &mut files);
    files.sort();
    let of_file = |path: &PathBuf| {
        let name = path.strip_prefix(&base).unwrap_or(path).with_extension("");
        parse(door, &name.to_string_lossy(), &std::fs::read_to_string(path).unwrap_or_default())
    };
    files.iter().flat_map(of_file).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "http") {
            files.push(path);
        }
    }
}

/// The exchanges of one file.
pub(crate) fn parse(door: Door, file: &str, text: &str) -> Vec<Exchange> {
    let mut sections = text.split("\n=== ");
    // A file may begin with its first exchange.
    let (head, first) = match text.strip_prefix("=== ") {
        Some(_) => ("", sections.next().map(|section| &section[4..])),
        None => (sections.next().unwrap_or_default(), None),
    };
    let named: Vec<String> = head.lines().filter_map(|line| line.strip_prefix("# Message: ")).flat_map(|names| names.split(", ")).map(str::to_owned).collect();
    first.into_iter().chain(sections).filter_map(|section| exchange(door, file, section, &named)).collect()
}

fn exchange(door: Door, file: &str, section: &str, named: &[String]) -> Option<Exchange> {
    let (_, said) = section.split_once('\n')?;
    let (request, answer) = said.split_once("\n--- ")?;
    let (method, text) = request.split_once(' ')?;
    let target = text.lines().next()?;
    Some(Exchange {
        door,
        file: file.to_owned(),
        method: method.to_owned(),
        segments: segments(target),
        text: text.to_owned(),
        status: answer.get(..3)?.parse().ok()?,
        named: named.to_vec(),
    })
}

/// Splits what follows the version of the service root at slashes outside parentheses.
fn segments(target: &str) -> Vec<String> {
    let path = target.split('?').next().unwrap_or_default();
    let resource = path.split_once("/api/data/v").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, rest)| rest);
    let mut depth = 0_u32;
    let pieces = resource.split(|letter: char| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == '/' && depth == 0
    });
    pieces.filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
}

impl Exchange {
    /// Whether the request is answered with success.
    pub(crate) fn succeeds(&self) -> bool {
        self.status < 400
    }

    /// Whether the request calls a message, or the file says that it shows it.
    pub(crate) fn calls(&self, message: &str) -> bool {
        let is_called = self.segments.iter().any(|segment| bare(segment) == message);
        (is_called && self.succeeds()) || self.named.iter().any(|name| name == message)
    }

    /// Whether the request is the message over the Organization Service, answered with success. Messages within a message stand before its own name.
    pub(crate) fn executes(&self, message: &str) -> bool {
        let name =
            self.text.rsplit_once("RequestName>").and_then(|(before, _)| before.strip_suffix("</").or_else(|| before.rsplit_once("</").map(|(text, _)| text)));
        let name = name.and_then(|text| text.rsplit_once('>')).map(|(_, name)| name);
        self.door == Door::OrgService && self.succeeds() && name.is_some_and(|name| name == message)
    }

    /// The method and the shape of the address: `GET set(id)/name`, `POST EntityDefinitions(key)/Keys`.
    pub(crate) fn shape(&self) -> String {
        let parts: Vec<String> = self.segments.iter().enumerate().map(|(at, segment)| shape_of(at, segment)).collect();
        format!("{} {}", self.method, parts.join("/"))
    }
}

/// A segment's name without namespace and key.
fn bare(segment: &str) -> &str {
    let name = segment.split('(').next().unwrap_or_default();
    name.strip_prefix("Microsoft.Dynamics.CRM.").unwrap_or(name)
}

/// Names that stay in a shape; all others are those of sets, columns and navigation properties.
const KEPT: &[&str] = &["EntityDefinitions", "Attributes", "Keys", "RelationshipDefinitions", "GlobalOptionSetDefinitions"];

fn shape_of(at: usize, segment: &str) -> String {
    let name = bare(segment);
    let name = match at {
        _ if name.starts_with('$') || name != segment.split('(').next().unwrap_or_default() || KEPT.contains(&name) => name,
        0 => "set",
        _ => "name",
    };
    let key = match segment.split_once('(').map(|(_, key)| key.trim_start_matches('\'')) {
        None => "",
        Some(key) if key.starts_with("{id") || is_guid(key) => "(id)",
        Some(_) => "(key)",
    };
    format!("{name}{key}")
}

fn is_guid(key: &str) -> bool {
    key.get(..36).is_some_and(|id| id.bytes().filter(|byte| *byte == b'-').count() == 4 && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(target: &str) -> String {
        parse(Door::WebApi, "f", &format!("# Head.\n=== x\nGET {target}\nA: b\n\nbody\n--- 200 ~\n")).remove(0).shape()
    }

    #[test]
    fn addresses_have_shapes() {
        for (target, shape) in [
            ("/api/data/v9.2/accounts?$top=1", "GET set"),
            ("{origin}/api/data/v9.2/accounts({id 1})/name", "GET set(id)/name"),
            ("/org/api/data/v8.0/accounts(00000000-0000-4000-8000-000000000009)/$ref", "GET set(id)/$ref"),
            ("/api/data/v9.2/accounts(a='b/c')/tasks/$count", "GET set(key)/name/$count"),
            ("/api/data/v9.2/accounts/Microsoft.Dynamics.CRM.CreateMultiple", "GET set/CreateMultiple"),
            ("/api/data/v9.2/EntityDefinitions(LogicalName='a')/Keys({id 2})", "GET EntityDefinitions(key)/Keys(id)"),
            ("/api/data/v9.2/", "GET "),
            ("/nothing", "GET "),
        ] {
            assert_eq!(shapes(target), shape, "{target}");
        }
    }

    #[test]
    fn the_last_name_of_a_request_is_its_own() {
        let request = "POST /x\n\n<r><a:RequestName>Create</a:RequestName></r><a:RequestName>ExecuteMultiple</a:RequestName></request>";
        let found = parse(Door::OrgService, "f", &format!("=== x\n{request}\n--- 200\n=== y\n{request}\n--- 500\n"));
        assert!(found[0].executes("ExecuteMultiple") && !found[0].executes("Create"));
        assert!(!found[1].executes("ExecuteMultiple"));
    }

    #[test]
    fn messages_are_shown_by_successful_calls_and_by_comments() {
        let found = parse(
            Door::WebApi,
            "f",
            "# A.\n# Message: Deep, Other\n=== x\nGET /api/data/v9.2/WhoAmI()\n--- 200\n=== y\nPOST /api/data/v9.2/Refused\n\n{}\n--- 404\n",
        );
        assert_eq!(found.len(), 2);
        assert!(found[0].calls("WhoAmI") && found[0].calls("Other") && !found[0].calls("Who"));
        assert!(!found[1].calls("Refused") && found[1].text.contains("{}"));
    }
}
