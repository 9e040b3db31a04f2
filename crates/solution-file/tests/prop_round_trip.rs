//! What is written is read back as it was, for any package.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod packing;

use std::collections::BTreeMap;

use driftless_solution_file::{
    CascadeAction, Cascades, ChoiceElement, ChoiceKind, ChoiceOption, ChoiceSource, ColumnElement, ColumnType, DependencyEnd, InertKind, InertPart, KeyElement,
    Labels, LookupTarget, Manifest, ManyToMany, MissingDependency, OneToMany, Package, PackageLimits, Properties, Publisher, RawElement, RelationshipColumn,
    RelationshipElement, RelationshipKind, RelationshipRole, RequiredLevel, RootComponent, SolutionVersion, TableElement, TableExtent, ViewElement, read,
    write,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Characters that XML treats in a special way, and some from far away.
const SPECIAL: &[char] =
    &['<', '>', '&', '"', '\'', ']', '\r', '\n', '\t', ' ', '=', '\u{7F}', '\u{85}', '\u{2028}', '\u{FEFF}', '\u{FFFD}', 'ä', '日', '🦀', '\u{10FFFF}'];

fn character() -> impl Strategy<Value = char> {
    let any = any::<char>().prop_filter("not in XML", |c| !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}'));
    prop_oneof![select(SPECIAL), prop::char::range('a', 'z'), any]
}

/// Any text.
fn text() -> impl Strategy<Value = String> {
    vec(character(), 0..8).prop_map(String::from_iter)
}

/// A text as fields hold it: something, and no space around it.
fn word() -> impl Strategy<Value = String> {
    text().prop_map(|text| {
        let word = text.trim();
        if word.is_empty() { "w" } else { word }.to_owned()
    })
}

/// A word that is none of those with a meaning.
fn other() -> impl Strategy<Value = String> {
    word().prop_map(|word| format!("?{word}"))
}

fn name() -> impl Strategy<Value = String> {
    vec(select(&['a', 'B', '_', '7'][..]), 1..6).prop_map(|tail| format!("x{}", String::from_iter(tail)))
}

fn labels() -> impl Strategy<Value = Labels> {
    btree_map(any::<u16>(), text(), 0..3)
}

fn version() -> impl Strategy<Value = SolutionVersion> {
    vec(0..=i32::MAX, 2..5).prop_map(|numbers| {
        let numbers: Vec<String> = numbers.iter().map(i32::to_string).collect();
        numbers.join(".").parse().unwrap()
    })
}

fn xml(element: &str, text: &str, crlf: bool) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let line = if crlf { "\r\n" } else { "" };
    format!("<{element} a = '1'>{line}<b xsi:nil=\"true\"/><!-- c -->{escaped}</{element} >")
}

fn raw_xml(element: &'static str) -> impl Strategy<Value = String> {
    (text(), any::<bool>()).prop_map(move |(text, crlf)| xml(element, &text, crlf))
}

fn raw_element(element: &'static str) -> impl Strategy<Value = RawElement> {
    raw_xml(element).prop_map(move |xml| RawElement { name: element.to_owned(), xml })
}

fn properties() -> impl Strategy<Value = Properties> {
    let flag = select(&["IsCustomizable", "CanX", "HasRelatedNotes", "ChangeTrackingEnabled"][..]);
    let setting = select(&["EntityColor", "Isolation", "zeta", "Ä"][..]);
    (btree_map(flag.prop_map(str::to_owned), any::<bool>(), 0..3), btree_map(setting.prop_map(str::to_owned), text(), 0..3), vec(raw_element("Novelty"), 0..2))
        .prop_map(|(flags, settings, elements)| Properties { flags, settings, elements })
}

fn attributes() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(name(), text(), 0..3)
}

fn publisher() -> impl Strategy<Value = Publisher> {
    (
        (word(), labels(), labels(), properties()),
        (option::of(word()), option::of(word()), option::of(word()), option::of(any::<i32>()), vec(btree_map(name(), word(), 0..3), 0..3)),
    )
        .prop_map(|((unique_name, labels, descriptions, properties), (email, website, prefix, n, a))| Publisher {
            unique_name,
            labels,
            descriptions,
            email,
            website,
            prefix,
            option_value_prefix: n,
            addresses: a,
            properties,
        })
}

fn root_component() -> impl Strategy<Value = RootComponent> {
    (any::<i32>(), option::of(word()), option::of(word()), option::of(word()), option::of(any::<i32>()))
        .prop_map(|(component_type, schema_name, id, parent_id, behavior)| RootComponent { component_type, schema_name, id, parent_id, behavior })
}

fn missing_dependency() -> impl Strategy<Value = MissingDependency> {
    (attributes(), attributes()).prop_map(|(required, dependent)| MissingDependency {
        required: DependencyEnd { attributes: required },
        dependent: DependencyEnd { attributes: dependent },
    })
}

fn manifest() -> impl Strategy<Value = Manifest> {
    let format = select(&["7.1", "8.2", "9.0", "9.2", "9.2.1"][..]).prop_map(|text| text.parse::<SolutionVersion>().unwrap());
    (
        (name(), labels(), labels(), version(), any::<bool>()),
        (option::of(format), option::of(word()), option::of(word()), option::of(any::<u16>())),
        (publisher(), vec(root_component(), 0..3), vec(missing_dependency(), 0..3), properties()),
    )
        .prop_map(|(own, root, parts)| Manifest {
            unique_name: own.0,
            labels: own.1,
            descriptions: own.2,
            version: own.3,
            managed: own.4,
            package_version: root.0,
            generator_version: root.1,
            generated_by: root.2,
            language_code: root.3,
            publisher: parts.0,
            root_components: parts.1,
            missing_dependencies: parts.2,
            properties: parts.3,
        })
}

fn choice_option() -> impl Strategy<Value = ChoiceOption> {
    (
        (any::<i32>(), labels(), labels()),
        (option::of(any::<i32>()), option::of(word()), option::of(any::<i32>())),
        (option::of(word()), option::of(word()), option::of(any::<bool>())),
    )
        .prop_map(|(own, state, look)| ChoiceOption {
            value: own.0,
            labels: own.1,
            descriptions: own.2,
            default_status: state.0,
            invariant_name: state.1,
            state: state.2,
            color: look.0,
            external_value: look.1,
            hidden: look.2,
        })
}

fn choice() -> impl Strategy<Value = ChoiceElement> {
    let kind = prop_oneof![
        Just(ChoiceKind::Choice),
        Just(ChoiceKind::Boolean),
        Just(ChoiceKind::State),
        Just(ChoiceKind::Status),
        other().prop_map(ChoiceKind::Other),
    ];
    (
        (prop_oneof![Just(String::new()), word()], option::of(word()), option::of(word()), kind),
        (option::of(word()), labels(), labels(), vec(choice_option(), 0..3), properties()),
    )
        .prop_map(|(head, body)| ChoiceElement {
            name: head.0,
            localized_name: head.1,
            description: head.2,
            kind: head.3,
            introduced_version: body.0,
            labels: body.1,
            descriptions: body.2,
            options: body.3,
            properties: body.4,
        })
}

fn column_type() -> impl Strategy<Value = ColumnType> {
    let known = [
        "nvarchar",
        "ntext",
        "int",
        "bigint",
        "decimal",
        "float",
        "money",
        "bit",
        "picklist",
        "multiselectpicklist",
        "datetime",
        "lookup",
        "customer",
        "owner",
        "partylist",
        "primarykey",
        "uniqueidentifier",
        "state",
        "status",
        "image",
        "file",
        "virtual",
        "managedproperty",
    ];
    prop_oneof![select(known.to_vec()).prop_map(ColumnType::parse), other().prop_map(ColumnType::Other),]
}

fn required_level() -> impl Strategy<Value = RequiredLevel> {
    prop_oneof![
        Just(RequiredLevel::Optional),
        Just(RequiredLevel::Recommended),
        Just(RequiredLevel::ApplicationRequired),
        Just(RequiredLevel::SystemRequired),
        other().prop_map(RequiredLevel::Other),
    ]
}

fn lookup_target() -> impl Strategy<Value = LookupTarget> {
    (option::of(word()), word()).prop_map(|(id, table)| LookupTarget { id, table })
}

fn column() -> impl Strategy<Value = ColumnElement> {
    let number = || option::of(any::<i32>());
    let source = prop_oneof![word().prop_map(ChoiceSource::Shared), choice().prop_map(|choice| ChoiceSource::Local(Box::new(choice))),];
    (
        (word(), word(), column_type(), option::of(required_level()), vec(name(), 0..3)),
        (option::of(word()), option::of(word()), option::of(word()), option::of(word())),
        (number(), number(), number(), number(), number(), number(), number(), number()),
        (option::of(word()), option::of(word()), option::of(word()), vec(lookup_target(), 0..3)),
        (option::of(source), labels(), labels(), properties()),
    )
        .prop_map(|(own, words, numbers, more, rest)| ColumnElement {
            schema_name: own.0,
            logical_name: own.1,
            column_type: own.2,
            required_level: own.3,
            display_mask: own.4,
            ime_mode: words.0,
            introduced_version: words.1,
            format: words.2,
            min_value: words.3,
            source_type: numbers.0,
            max_length: numbers.1,
            length_bytes: numbers.2,
            precision: numbers.3,
            precision_source: numbers.4,
            behavior: numbers.5,
            referenced_type_code: numbers.6,
            default_value: numbers.7,
            max_value: more.0,
            lookup_style: more.1,
            auto_number_format: more.2,
            lookup_targets: more.3,
            choice: rest.0,
            labels: rest.1,
            descriptions: rest.2,
            properties: rest.3,
        })
}

fn key() -> impl Strategy<Value = KeyElement> {
    (word(), word(), option::of(word()), vec(word(), 0..3), labels(), properties()).prop_map(
        |(schema_name, logical_name, introduced_version, columns, labels, properties)| KeyElement {
            schema_name,
            logical_name,
            introduced_version,
            columns,
            labels,
            properties,
        },
    )
}

fn view() -> impl Strategy<Value = ViewElement> {
    let embedded = || option::of(prop_oneof![raw_xml("fetch"), word()]);
    ((option::of(word()), labels(), labels(), option::of(any::<i32>())), (option::of(any::<bool>()), embedded(), embedded(), option::of(word()), properties()))
        .prop_map(|(head, body)| ViewElement {
            id: head.0,
            labels: head.1,
            descriptions: head.2,
            query_type: head.3,
            is_default: body.0,
            layout_xml: body.1,
            fetch_xml: body.2,
            introduced_version: body.3,
            properties: body.4,
        })
}

fn table() -> impl Strategy<Value = TableElement> {
    let definition = (
        any::<bool>(),
        (labels(), labels(), labels(), properties()),
        (vec(column(), 0..3), vec(key(), 0..2)),
        (option::of(word()), option::of(word()), option::of(word())),
    );
    (
        (word(), option::of(word()), option::of(word()), option::of(any::<i32>())),
        option::of(definition),
        (option::of(raw_xml("FormXml")), vec(view(), 0..2), option::of(raw_xml("RibbonDiffXml")), vec(raw_element("Visualizations"), 0..2)),
    )
        .prop_map(|(own, definition, parts)| {
            let mut table = TableElement {
                schema_name: own.0,
                localized_name: own.1,
                original_name: own.2,
                object_type_code: own.3,
                extent: TableExtent::Parts,
                forms: parts.0,
                views: parts.1,
                ribbon: parts.2,
                other_elements: parts.3,
                ..TableElement::default()
            };
            if let Some((is_full, texts, lists, words)) = definition {
                table.extent = match is_full {
                    true => TableExtent::Full,
                    false => TableExtent::Unmodified,
                };
                (table.labels, table.collection_labels, table.descriptions, table.properties) = texts;
                (table.columns, table.keys) = lists;
                (table.set_name, table.ownership, table.introduced_version) = words;
            }
            table
        })
}

fn action() -> impl Strategy<Value = Option<CascadeAction>> {
    option::of(prop_oneof![
        Just(CascadeAction::NoCascade),
        Just(CascadeAction::Cascade),
        Just(CascadeAction::Active),
        Just(CascadeAction::UserOwned),
        Just(CascadeAction::RemoveLink),
        Just(CascadeAction::Restrict),
        other().prop_map(CascadeAction::Other),
    ])
}

fn cascades() -> impl Strategy<Value = Cascades> {
    (action(), action(), action(), action(), action(), action(), action(), action()).prop_map(
        |(assign, delete, archive, merge, reparent, share, unshare, rollup_view)| Cascades {
            assign,
            delete,
            archive,
            merge,
            reparent,
            share,
            unshare,
            rollup_view,
        },
    )
}

fn one_to_many() -> impl Strategy<Value = OneToMany> {
    let column = (attributes(), labels(), labels(), properties()).prop_map(|(attributes, labels, descriptions, properties)| RelationshipColumn {
        attributes,
        labels,
        descriptions,
        properties,
    });
    (word(), word(), option::of(word()), cascades(), option::of(column)).prop_map(
        |(referencing_table, referenced_table, referencing_column, cascades, column)| OneToMany {
            referencing_table,
            referenced_table,
            referencing_column,
            cascades,
            column,
        },
    )
}

fn relationship() -> impl Strategy<Value = RelationshipElement> {
    let many = (word(), word(), word()).prop_map(|(first_table, second_table, intersect_table)| ManyToMany { first_table, second_table, intersect_table });
    let kind = prop_oneof![
        one_to_many().prop_map(|one| RelationshipKind::OneToMany(Box::new(one))),
        many.prop_map(RelationshipKind::ManyToMany),
        other().prop_map(RelationshipKind::Other),
    ];
    let role = (option::of(any::<i32>()), option::of(any::<i32>()), option::of(word()), labels(), properties()).prop_map(
        |(role_type, association_ordinal, navigation_property, menu_labels, properties)| RelationshipRole {
            role_type,
            association_ordinal,
            navigation_property,
            menu_labels,
            properties,
        },
    );
    (word(), kind, option::of(word()), labels(), vec(role, 0..3), properties()).prop_map(|(name, kind, introduced_version, descriptions, roles, properties)| {
        RelationshipElement { name, kind, introduced_version, descriptions, roles, properties }
    })
}

fn other_parts() -> impl Strategy<Value = Vec<InertPart>> {
    let section = |name: &'static str| {
        raw_xml(name).prop_map(move |xml| InertPart { kind: InertKind::Section, name: name.to_owned(), items: vec!["b".to_owned()], content: xml.into_bytes() })
    };
    // The leading letter keeps random bytes from looking like an archive.
    let content = (vec(any::<u8>(), 0..100), 1..2000_usize).prop_map(|(bytes, times)| [b"_".to_vec(), bytes.repeat(times)].concat());
    (
        option::of(section("Roles")),
        option::of(section("OrganizationSettings")),
        option::of(section("CustomControls")),
        btree_map(select(&["a", "dir/b.JS", "dir/ä.zip", "z/z/z"][..]), content, 0..4),
    )
        .prop_map(|(roles, settings, controls, files)| {
            let sections = [controls, settings, roles].into_iter().flatten();
            let files = files.into_iter().map(|(name, content)| InertPart::file(name, content));
            sections.chain(files).collect()
        })
}

fn package() -> impl Strategy<Value = Package> {
    (
        manifest(),
        vec(table(), 0..3),
        vec(relationship(), 0..3),
        vec(choice(), 0..2),
        vec(any::<u16>(), 0..3),
        btree_map(select(&["p", "q2"][..]).prop_map(str::to_owned), other(), 0..2),
        other_parts(),
    )
        .prop_map(|(manifest, tables, relationships, choices, languages, namespaces, other_parts)| Package {
            manifest,
            tables,
            relationships,
            choices,
            languages,
            namespaces,
            other_parts,
        })
}

proptest! {
    #[test] // SOL-32
    fn a_package_comes_back_as_it_was_written(package in package()) {
        let bytes = write(&package).unwrap();
        let again = read(&bytes, &PackageLimits::default()).unwrap();
        prop_assert_eq!(&again, &package);
        prop_assert!(write(&again).unwrap() == bytes, "the bytes differ");
    }

    #[test] // SEC-31
    fn no_customizations_make_the_reader_panic(pieces in vec(select(PIECES), 0..40)) {
        let text = packing::customizations(&pieces.concat());
        let manifest = packing::manifest("", packing::MANIFEST_CONTENT);
        let bytes = packing::package_of(&manifest, &text, &[]);
        if let Ok(package) = read(&bytes, &PackageLimits::default()) {
            let again = read(&write(&package).unwrap(), &PackageLimits::default()).unwrap();
            prop_assert_eq!(again, package);
        }
    }
}

/// Pieces of which customizations are made, in any order.
const PIECES: &[&str] = &[
    "<Entities>",
    "</Entities>",
    "<Entity><Name>a</Name>",
    "</Entity>",
    "<EntityInfo><entity>",
    "</entity></EntityInfo>",
    "<attributes><attribute PhysicalName='b'><Type>int</Type></attribute></attributes>",
    "<SavedQueries><savedqueries><savedquery><fetchxml>&lt;",
    "</fetchxml></savedquery></savedqueries></SavedQueries>",
    "<optionsets><optionset Name='c'><options><option value='1'/></options></optionset></optionsets>",
    "<Roles><Role name='d'/></Roles>",
    "<Languages><Language>1033</Language></Languages>",
    "<X xsi:nil='true'/>",
    "<![CDATA[ <&> ]]>",
    "<!-- e -->",
    "<?f?>",
    "text",
    "\r\n",
    "&amp;",
    "<",
    ">",
    "'",
    "=",
];
