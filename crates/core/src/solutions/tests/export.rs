//! Definitions leave one organization as a package and come to another one (SOL-31 to SOL-33).

use driftless_model::{
    AssociatedMenu, BooleanColumn, Cascade, ChoiceColumn, ChoiceOption as Choice, ChoiceSet, ChoiceSource as Source, Column, ColumnType as Kind, DateBehavior,
    DateFormat, DateTimeColumn, Decimal, DecimalColumn, DeleteAction, FileColumn, FloatColumn, ImageColumn, IntegerColumn, IntegerFormat, Label, LookupColumn,
    LookupKind, MenuBehavior, MenuGroup, MoneyColumn, Ownership, PrecisionSource, RequiredLevel, TextColumn, TextFormat,
};
use driftless_solution_file::{InertKind, PackageLimits, read};

use super::*;
use crate::environment::Environment;
use crate::metadata::{ChoiceSpec, ColumnSpec, KeySpec, ManyToManySpec, RelationshipSpec, SideSpec, TableSpec};

const ROUND: &str = "Round";

impl TestOrg {
    fn export(&self, name: &str, managed: bool) -> Result<Vec<u8>> {
        let outputs = self.call("ExportSolution", &[("SolutionName", Arg::Text(name.to_owned())), ("Managed", Arg::Bool(managed))])?;
        match &outputs.0[0] {
            ("ExportSolutionFile", Arg::Bytes(bytes)) => Ok(bytes.to_vec()),
            other => panic!("{other:?}"),
        }
    }

    fn import_bytes(&self, bytes: &[u8], job: u128) -> Result<Outputs> {
        self.call("ImportSolution", &[("CustomizationFile", Arg::Bytes(bytes.into())), ("ImportJobId", Arg::Guid(Uuid::from_u128(job)))])
    }

    /// All custom definitions in words, without what belongs to one organization: identities, numbers, names inside the store, and who brought them.
    pub(super) fn portable(&self) -> BTreeMap<String, String> {
        self.organization.run_jobs().unwrap();
        let snapshot = self.organization.snapshot();
        let mut all = BTreeMap::new();
        for table in snapshot.tables() {
            let own = table.def.custom;
            if own {
                let def = driftless_model::TableDef {
                    id: Uuid::nil(),
                    code: driftless_model::TableCode(0),
                    managed: false,
                    created_on: 0,
                    modified_on: 0,
                    ..table.def.clone()
                };
                all.insert(format!("table {}", table.name()), format!("{def:?}"));
            }
            for column in table.columns.iter().filter(|column| own || column.custom) {
                all.insert(format!("column {}.{}", table.name(), column.name), format!("{:?}", portable_column(column)));
            }
            for key in &table.keys {
                let key = driftless_model::AlternateKey { id: Uuid::nil(), physical: String::new(), managed: false, ..key.clone() };
                if own || key.name.contains('_') {
                    all.insert(format!("key {}.{}", table.name(), key.name), format!("{key:?}"));
                }
            }
        }
        for relationship in snapshot.relationships() {
            let relationship = driftless_model::Relationship { id: Uuid::nil(), managed: false, ..(**relationship).clone() };
            all.insert(format!("relationship {}", relationship.schema_name), format!("{relationship:?}"));
        }
        for relationship in snapshot.many_to_many() {
            let relationship = driftless_model::ManyToMany { id: Uuid::nil(), managed: false, ..(**relationship).clone() };
            all.insert(format!("pairs {}", relationship.schema_name), format!("{relationship:?}"));
        }
        for choice in snapshot.choices().filter(|choice| choice.custom) {
            all.insert(format!("choice {}", choice.name), format!("{:?}", portable_choice(choice)));
        }
        for part in snapshot.inert() {
            all.insert(format!("part {} {} {:?}", part.kind, part.name, part.table), part.content.clone());
        }
        all
    }
}

fn portable_choice(choice: &ChoiceSet) -> ChoiceSet {
    ChoiceSet { id: Uuid::nil(), managed: false, ..choice.clone() }
}

fn portable_column(column: &Column) -> Column {
    let mut column = Column { id: Uuid::nil(), number: 0, physical: String::new(), managed: false, ..column.clone() };
    match &mut column.kind {
        Kind::Choice(ChoiceColumn { choice: Source::Local(set), .. })
        | Kind::Choices(ChoiceColumn { choice: Source::Local(set), .. })
        | Kind::Boolean(BooleanColumn { choice: Source::Local(set), .. }) => *set = portable_choice(set),
        Kind::Lookup(lookup) => lookup.targets.sort(),
        _ => {}
    }
    column
}

/// A package without the numbers of tables.
fn without_numbers(bytes: &[u8]) -> Package {
    let mut package = read(bytes, &PackageLimits::default()).unwrap();
    package.tables.iter_mut().for_each(|table| table.object_type_code = None);
    package
}

pub(super) fn assert_same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>, what: &str) {
    for (name, words) in one {
        assert_eq!(Some(words), other.get(name), "{what}: {name}");
    }
    assert_eq!(one.len(), other.len(), "{what}: {:?}", other.keys().filter(|name| !one.contains_key(*name)).collect::<Vec<_>>());
}

#[test] // SOL-11, SOL-31, SOL-32
fn what_a_package_brought_goes_out_again() {
    let first = TestOrg::new();
    let mut package = books();
    package.manifest.managed = false;
    package.namespaces.insert("q".into(), "urn:q".into());
    package.other_parts.push(InertPart {
        kind: InertKind::Section,
        name: "Workflows".into(),
        items: vec![],
        content: b"<Workflows><q:a/></Workflows>".to_vec(),
    });
    first.import(&package, 1).unwrap();
    let bytes = first.export(BOOKS, false).unwrap();
    assert_eq!(bytes, first.export(BOOKS, false).unwrap());
    let written = read(&bytes, &PackageLimits::default()).unwrap();
    assert_eq!(written.manifest.publisher, package.manifest.publisher);
    assert_eq!(written.tables.iter().map(|table| table.schema_name.as_str()).collect::<Vec<_>>(), ["Account", "smp_Book"]);
    assert_eq!((written.tables[1].views.len(), written.tables[1].forms.is_some()), (1, true));
    assert_eq!(written.other_parts.len(), 2);
    assert!(written.manifest.missing_dependencies.is_empty());
    for managed in [false, true] {
        let second = TestOrg::new();
        second.import_bytes(&first.export(BOOKS, managed).unwrap(), 1).unwrap();
        assert_same(&first.portable(), &second.portable(), "imported");
        second.check();
        if managed {
            assert_eq!(second.export(BOOKS, false).unwrap_err().code().number(), 0x8004_8036);
            second.delete(second.solution(BOOKS).unwrap()).ok().unwrap();
        } else {
            assert_eq!(second.export(BOOKS, false).unwrap(), bytes);
        }
    }
    assert_eq!(first.export("Nowhere", false).unwrap_err().code().number(), 0x8004_8037);
}

#[test] // SOL-32
fn any_definitions_go_out_and_come_in_again() {
    let seed = std::env::var("DRIFTLESS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_170_822);
    println!("DRIFTLESS_SEED={seed}");
    for case in 0..4 {
        let first = TestOrg::new();
        let container = Package { manifest: Manifest { unique_name: ROUND.into(), managed: false, ..manifest() }, ..Package::default() };
        first.import(&container, 1).unwrap();
        Maker { org: &first, random: SeededEnvironment::new(seed + case, 0), made: 0 }.all();
        let bytes = first.export(ROUND, false).unwrap();
        let second = TestOrg::new();
        second.import_bytes(&bytes, 1).unwrap();
        assert_same(&first.portable(), &second.portable(), &format!("case {case}"));
        let again = without_numbers(&second.export(ROUND, false).unwrap());
        for (one, other) in without_numbers(&bytes).tables.iter().zip(&again.tables) {
            assert!(one == other, "case {case}: {}", one.schema_name);
        }
        assert!(again == without_numbers(&bytes), "case {case}");
        second.check();
        let third = TestOrg::new();
        let before = third.definitions();
        third.import_bytes(&first.export(ROUND, true).unwrap(), 1).unwrap();
        assert_same(&first.portable(), &third.portable(), &format!("case {case}, managed"));
        third.delete(third.solution(ROUND).unwrap()).ok().unwrap();
        assert_eq!(third.definitions(), before);
    }
}

/// Makes random definitions in a solution.
struct Maker<'o> {
    org: &'o TestOrg,
    random: SeededEnvironment,
    made: u32,
}

impl Maker<'_> {
    fn origin() -> Origin {
        Origin::Customizer { solution: Some(ROUND.to_owned()) }
    }

    fn number(&self, below: u64) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill_random(&mut bytes);
        u64::from_le_bytes(bytes) % below
    }

    fn coin(&self) -> bool {
        self.number(2) == 0
    }

    fn one_of<T: Clone>(&self, values: &[T]) -> T {
        values[usize::try_from(self.number(values.len() as u64)).unwrap()].clone()
    }

    fn name(&mut self, what: &str) -> String {
        self.made += 1;
        format!("smp_{what}{}", self.made)
    }

    fn label(&self) -> Label {
        let text = self.one_of(&["Book", "a < b & \"c\"", "Größe", "  two  blanks ", "line\nbreak", "日本"]);
        let mut label = Label::english(text);
        if self.coin() {
            label.set(1031, "Buch");
        }
        label
    }

    fn define(&self, define: &Define) {
        self.org.define(define).map(drop).unwrap_or_else(|error| panic!("{define:?}: {error}"));
    }

    fn all(mut self) {
        let mut choices = Vec::new();
        for _ in 0..1 + self.number(2) {
            let name = self.name("Choice");
            choices.push(LogicalName::from(name.to_ascii_lowercase()));
            let spec = ChoiceSpec { id: None, name, display_name: self.label(), description: self.label(), options: self.options(), customizable: self.coin() };
            self.define(&Define::CreateChoice(spec, Self::origin()));
        }
        let mut tables = vec![LogicalName::from("account")];
        for _ in 0..1 + self.number(3) {
            tables.push(self.table(&choices));
        }
        for table in tables.clone() {
            for _ in 0..self.number(3) {
                let column = self.column(&choices);
                self.define(&Define::CreateColumn(table.clone(), column, Self::origin()));
            }
            for _ in 0..self.number(3) {
                self.relationship(&table, &tables);
            }
            if self.coin() {
                self.key(&table);
            }
            if self.coin() {
                self.pairs(&table, &tables);
            }
        }
    }

    fn table(&mut self, choices: &[LogicalName]) -> LogicalName {
        let schema_name = self.name("Table");
        let mut columns = vec![ColumnSpec {
            kind: Kind::Text(TextColumn { max_length: 100, format: TextFormat::Text }),
            primary_name: true,
            schema_name: "smp_Name".into(),
            ..self.column(choices)
        }];
        columns.extend((0..self.number(6)).map(|_| ()).collect::<Vec<_>>().into_iter().map(|()| self.column(choices)));
        let flags = [("IsAuditEnabled", self.coin()), ("IsValidForQueue", self.coin()), ("AutoCreateAccessTeams", self.coin())];
        let spec = TableSpec {
            id: None,
            set_name: self.coin().then(|| format!("smp_set{}", self.made)),
            collection_schema_name: self.coin().then(|| format!("smp_All{}", self.made)),
            display_name: self.label(),
            display_collection_name: self.label(),
            description: self.label(),
            ownership: self.one_of(&[Ownership::User, Ownership::Organization]),
            change_tracking: self.coin(),
            has_notes: self.coin(),
            has_activities: self.coin(),
            customizable: true,
            enforce_state_transitions: self.coin(),
            columns,
            flags: flags.into_iter().map(|(name, flag)| (name.to_owned(), flag)).collect(),
            schema_name,
        };
        self.define(&Define::CreateTable(spec.clone(), Self::origin()));
        LogicalName::from(spec.schema_name.to_ascii_lowercase())
    }

    fn column(&mut self, choices: &[LogicalName]) -> ColumnSpec {
        ColumnSpec {
            id: None,
            schema_name: self.name("Column"),
            kind: self.kind(choices),
            required: self.one_of(&[RequiredLevel::None, RequiredLevel::Recommended, RequiredLevel::Application]),
            display_name: self.label(),
            description: self.label(),
            primary_name: false,
            secured: false,
            customizable: self.coin(),
        }
    }

    fn kind(&self, choices: &[LogicalName]) -> Kind {
        let text = |most| TextColumn {
            max_length: u32::try_from(1 + self.number(most)).unwrap(),
            format: self.one_of(&[TextFormat::Text, TextFormat::TextArea, TextFormat::Email, TextFormat::Url, TextFormat::Json, TextFormat::RichText]),
        };
        match self.number(13) {
            0 => Kind::Text(text(4_000)),
            1 => Kind::Memo(text(1_048_576)),
            2 => Kind::Integer(IntegerColumn {
                min: -7,
                max: 1_000,
                format: self.one_of(&[IntegerFormat::None, IntegerFormat::Duration, IntegerFormat::Locale]),
            }),
            3 => Kind::BigInt,
            11 => Kind::File(FileColumn { max_kib: 5 }),
            12 => Kind::Image(ImageColumn { max_kib: 77, full: self.coin(), primary: false }),
            4 => Kind::Decimal(DecimalColumn { min: Decimal::new(-125, 2), max: Decimal::from(9_000), precision: 3 }),
            5 => Kind::Float(FloatColumn { min: -0.1, max: 1e10, precision: 5 }),
            6 => {
                let source = self.one_of(&[PrecisionSource::Column, PrecisionSource::Organization, PrecisionSource::Currency]);
                Kind::Money(MoneyColumn { min: -1_234_567, max: 9_876_543_210, precision: 4, source, is_base: false })
            }
            7 => {
                let words = ChoiceSet { options: vec![Choice::new(1, "Ja"), Choice::new(0, "Nein")], ..self.local() };
                Kind::Boolean(BooleanColumn { default: self.one_of(&[None, Some(true), Some(false)]), choice: Source::Local(words) })
            }
            8 => Kind::Choice(self.choice(choices)),
            9 => Kind::Choices(ChoiceColumn { default: None, ..self.choice(choices) }),
            _ => {
                let behavior = self.one_of(&[DateBehavior::UserLocal, DateBehavior::DateOnly, DateBehavior::TimeZoneIndependent]);
                Kind::DateTime(DateTimeColumn { format: self.one_of(&[DateFormat::DateOnly, DateFormat::DateAndTime]), behavior })
            }
        }
    }

    fn choice(&self, choices: &[LogicalName]) -> ChoiceColumn {
        if self.coin() {
            return ChoiceColumn { choice: Source::Global(self.one_of(choices)), default: None };
        }
        let set = self.local();
        ChoiceColumn { default: set.options.first().map(|option| option.value).filter(|_| self.coin()), choice: Source::Local(set) }
    }

    fn local(&self) -> ChoiceSet {
        ChoiceSet {
            id: Uuid::nil(),
            name: "x".into(),
            schema_name: "x".into(),
            display_name: self.label(),
            description: self.label(),
            options: self.options(),
            global: false,
            custom: true,
            managed: false,
            customizable: true,
            introduced_version: String::new(),
        }
    }

    fn options(&self) -> Vec<Choice> {
        (0..1 + i32::try_from(self.number(3)).unwrap())
            .map(|at| Choice {
                value: 727_000_000 + at,
                label: self.label(),
                description: self.label(),
                color: self.coin().then(|| "#0000ff".to_owned()),
                external_value: self.coin().then(|| format!("x{at}")),
            })
            .collect()
    }

    fn relationship(&mut self, table: &LogicalName, tables: &[LogicalName]) {
        let lookup = ColumnSpec {
            kind: Kind::Lookup(LookupColumn { kind: LookupKind::Plain, targets: Vec::new(), polymorphic: false }),
            ..self.column(&[LogicalName::from("none")])
        };
        let several = self.coin() && tables.len() > 1;
        for target in tables.iter().take(if several { 2 } else { 1 }) {
            let target = if several { target.clone() } else { self.one_of(tables) };
            let lookup =
                ColumnSpec { kind: Kind::Lookup(LookupColumn { kind: LookupKind::Plain, targets: Vec::new(), polymorphic: several }), ..lookup.clone() };
            let schema_name = self.name("Relation");
            let delete = self.one_of(&[DeleteAction::RemoveLink, DeleteAction::Restrict]);
            let spec = RelationshipSpec {
                id: None,
                referenced_table: target,
                referencing_table: table.clone(),
                referencing_navigation: (self.coin() || several).then(|| format!("{schema_name}_one")),
                referenced_navigation: self.coin().then(|| format!("{schema_name}_many")),
                cascade: Cascade { delete, ..Cascade::default() },
                hierarchical: false,
                menu: self.menu(),
                customizable: self.coin(),
                lookup,
                schema_name,
            };
            self.define(&Define::CreateRelationship(spec, Self::origin()));
        }
    }

    fn menu(&self) -> AssociatedMenu {
        AssociatedMenu {
            behavior: self.one_of(&[MenuBehavior::UseCollectionName, MenuBehavior::UseLabel, MenuBehavior::DoNotDisplay]),
            group: self.one_of(&[MenuGroup::Details, MenuGroup::Marketing]),
            label: if self.coin() { self.label() } else { Label::default() },
            order: self.coin().then_some(7),
        }
    }

    fn pairs(&mut self, table: &LogicalName, tables: &[LogicalName]) {
        let schema_name = self.name("Pairs");
        let side = |table: &LogicalName, navigation: &str| SideSpec {
            table: table.clone(),
            navigation: self.coin().then(|| format!("{schema_name}_{navigation}")),
            menu: self.menu(),
        };
        let (first, second) = (side(table, "there"), side(&self.one_of(tables), "back"));
        let intersect = self.coin().then(|| format!("{schema_name}_Table"));
        let spec = ManyToManySpec { id: None, schema_name, intersect, first, second, customizable: self.coin() };
        self.define(&Define::CreateManyToMany(spec, Self::origin()));
    }

    fn key(&mut self, table: &LogicalName) {
        let name = format!("smp_Code{}", self.made);
        let column = ColumnSpec {
            schema_name: name.clone(),
            kind: Kind::Text(TextColumn { max_length: 50, format: TextFormat::Text }),
            ..self.column(&[LogicalName::from("none")])
        };
        self.define(&Define::CreateColumn(table.clone(), column, Self::origin()));
        let spec = KeySpec {
            id: None,
            schema_name: self.name("Key"),
            display_name: self.label(),
            columns: vec![LogicalName::from(name.to_ascii_lowercase())],
            customizable: self.coin(),
        };
        self.define(&Define::CreateKey(table.clone(), spec, Self::origin()));
    }
}
