//! Reads the files of types. A line that cannot be read becomes a problem and is left out, so that a broken file is found by a test and stops no server.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Choice, Contract, Kind, Member, Reference, Shape};
use crate::namespaces::Ns;

/// What a message has: classes of its own with these words at the end of their names.
const CLASSES: [&str; 2] = ["Request", "Response"];

/// Every type, and where it is by its name.
#[derive(Debug, Default)]
pub(super) struct Table {
    contracts: Vec<Contract>,
    names: HashMap<Ns, HashMap<Cow<'static, str>, Reference>>,
    /// In the order of the files, in which their classes are numbered.
    messages: Vec<(&'static str, Ns)>,
}

/// A line that begins a type, with the indented lines below it.
struct Block {
    ns: Ns,
    keyword: &'static str,
    words: Vec<&'static str>,
    lines: Vec<&'static str>,
}

impl Table {
    /// Reads all files, and says what could not be read.
    pub(super) fn read(files: &[(Ns, &'static str)]) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let (messages, types): (Vec<_>, Vec<_>) = files.iter().flat_map(|(ns, text)| blocks(*ns, text)).partition(|block| block.keyword == "messages");
        let mut table = Self::default();
        // All names first: a type may name one that comes later, or in another file.
        for block in &types {
            match block.words.first() {
                Some(name) => table.announce(block.ns, (*name).into(), &mut problems),
                None => problems.push(format!("{:?}: {} without a name", block.ns, block.keyword)),
            }
        }
        for block in &messages {
            for name in block.lines.iter().flat_map(|line| line.split_whitespace()) {
                table.announce_message(block.ns, name, &mut problems);
            }
        }
        for block in types.iter().filter(|block| !block.words.is_empty()) {
            let shape = Reader { table: &table, ns: block.ns, problems: &mut problems }.shape(block);
            table.contracts.push(Contract { ns: block.ns, name: block.words[0].into(), shape });
        }
        table.add_classes_of_messages();
        (table, problems)
    }

    /// Every type, in the order of the files; requests and responses of messages last.
    pub(super) fn contracts(&self) -> &[Contract] {
        &self.contracts
    }

    /// The type with a name.
    pub(super) fn find(&self, ns: Ns, name: &str) -> Option<Reference> {
        self.names.get(&ns)?.get(name).copied()
    }

    /// The namespace of a message's classes.
    pub(super) fn message(&self, name: &str) -> Option<Ns> {
        self.messages.iter().find(|(message, _)| *message == name).map(|(_, ns)| *ns)
    }

    /// Gives a name the next number.
    fn announce(&mut self, ns: Ns, name: Cow<'static, str>, problems: &mut Vec<String>) {
        let count: usize = self.names.values().map(HashMap::len).sum();
        let next = Reference(u16::try_from(count).unwrap_or(u16::MAX));
        if self.names.entry(ns).or_default().insert(name.clone(), next).is_some() {
            problems.push(format!("{ns:?}: {name} twice"));
        }
    }

    /// Notes a message and gives the names of its classes the next numbers.
    fn announce_message(&mut self, ns: Ns, message: &'static str, problems: &mut Vec<String>) {
        if self.message(message).is_some() {
            return problems.push(format!("{ns:?}: message {message} twice"));
        }
        self.messages.push((message, ns));
        for suffix in CLASSES {
            self.announce(ns, format!("{message}{suffix}").into(), problems);
        }
    }

    /// The classes of messages add nothing to what they derive from.
    fn add_classes_of_messages(&mut self) {
        let bases = CLASSES.map(|suffix| (suffix, self.find(Ns::Contracts, &format!("Organization{suffix}"))));
        for (message, ns) in &self.messages {
            let class = |(suffix, base)| Contract { ns: *ns, name: format!("{message}{suffix}").into(), shape: Shape::Object { base, members: Vec::new() } };
            self.contracts.extend(bases.map(class));
        }
    }
}

/// The blocks of a file.
fn blocks(ns: Ns, text: &'static str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        match blocks.last_mut() {
            Some(block) if line.starts_with(' ') => block.lines.push(line),
            _ => {
                let mut words = line.split_whitespace();
                blocks.push(Block { ns, keyword: words.next().unwrap_or_default(), words: words.collect(), lines: Vec::new() });
            }
        }
    }
    blocks
}

/// Reads what a type of one namespace is made of.
struct Reader<'a> {
    table: &'a Table,
    ns: Ns,
    problems: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn shape(&mut self, block: &Block) -> Shape {
        match (block.keyword, block.words.as_slice()) {
            ("object", [_]) => Shape::Object { base: None, members: self.members(block) },
            ("object", [_, base]) => Shape::Object { base: self.reference(base), members: self.members(block) },
            ("element", [_]) => Shape::Element { members: self.members(block) },
            ("list", [_, name, kind]) => Shape::List { item: self.member(name, kind) },
            ("enum" | "flags", [_]) => Shape::Enum { members: self.choices(block), is_flags: block.keyword == "flags" },
            (keyword, words) => {
                self.problems.push(format!("{:?}: {keyword} {}: is no type", self.ns, words.join(" ")));
                Shape::Object { base: None, members: Vec::new() }
            }
        }
    }

    fn members(&mut self, block: &Block) -> Vec<Member> {
        let mut members = Vec::with_capacity(block.lines.len());
        for line in &block.lines {
            match line.split_whitespace().collect::<Vec<_>>().as_slice() {
                [name, kind] => members.push(self.member(name, kind)),
                _ => self.problems.push(format!("{:?}: {}: {}: is no member", self.ns, block.words.join(" "), line.trim())),
            }
        }
        members
    }

    fn member(&mut self, name: &'static str, kind: &'static str) -> Member {
        let (word, marks) = kind.split_at(kind.find(['?', '!', '~']).unwrap_or(kind.len()));
        let has = |mark| marks.contains(mark);
        let element = format!("{}:{name}", self.ns.prefix());
        Member { name, element, kind: self.kind(word), nillable: has('?'), omit_default: has('~'), required: has('!') }
    }

    fn kind(&mut self, word: &str) -> Kind {
        match word {
            "text" => Kind::Text,
            "bool" => Kind::Bool,
            "short" => Kind::Short,
            "int" => Kind::Int,
            "long" => Kind::Long,
            "decimal" => Kind::Decimal,
            "double" => Kind::Double,
            "guid" => Kind::Guid,
            "datetime" => Kind::DateTime,
            "any" => Kind::Any,
            name => self.reference(name).map_or(Kind::Any, Kind::Of),
        }
    }

    fn reference(&mut self, word: &str) -> Option<Reference> {
        let (ns, name) = match word.split_once(':') {
            Some((prefix, name)) => (Ns::of_prefix(prefix), name),
            None => (Some(self.ns), word),
        };
        let found = ns.and_then(|ns| self.table.find(ns, name));
        if found.is_none() {
            self.problems.push(format!("{:?}: there is no type {word}", self.ns));
        }
        found
    }

    fn choices(&mut self, block: &Block) -> Vec<Choice> {
        let mut choices = Vec::new();
        for word in block.lines.iter().flat_map(|line| line.split_whitespace()) {
            match word.split_once('=').map(|(name, number)| (name, number.parse())) {
                None => choices.push(Choice { name: word, number: None }),
                Some((name, Ok(number))) => choices.push(Choice { name, number: Some(number) }),
                Some((_, Err(_))) => self.problems.push(format!("{:?}: {}: {word}: is no number", self.ns, block.words.join(" "))),
            }
        }
        choices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_said_and_left_out() {
        let text = "object Row\n  Id guid\n  Odd\n  Other Missing?\nobject Row\nlist Rows Row\nenum Kind\n  A B=x\nobject\nmessages\n  Go Go\n";
        let (table, problems) = Table::read(&[(Ns::Contracts, text)]);
        let expected = [
            "Contracts: Row twice",
            "Contracts: object without a name",
            "Contracts: message Go twice",
            "Contracts: Row: Odd: is no member",
            "Contracts: there is no type Missing",
            "Contracts: list Rows Row: is no type",
            "Contracts: Kind: B=x: is no number",
        ];
        assert_eq!(problems, expected);
        assert_eq!(table.contracts()[0].members().len(), 2);
    }
}
