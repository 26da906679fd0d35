//! What stands in a project file: every key, in the order of the JSON Schema.
//!
//! A key that narrows what is allowed must be there, with a word for "no narrowing": losing it is an error then, and
//! not a wider rule.

use crate::catalog::read::{Document, List, Or, Reader, Table, document, words};
use crate::catalog::{Date, Id, Nothing, Setting, Text};
use crate::diag::Code;
use crate::syntax::yaml::{Kind, Node};
use serde_json::{Value, json};

/// Declares the file and an environment of it, which have the same keys but for those that make a file of it.
macro_rules! project {
    ($($(#[doc = $doc:literal])* $need:ident $field:ident: $type:ty,)*) => {
        document! {
            /// A project: which catalogs, for whom, and the artifacts to write. Paths are relative to the file.
            ProjectDocument {
                /// The version of the format, `egressor/project/v1`.
                required schema: ProjectVersion,
                $($(#[doc = $doc])* $need $field: $type,)*
                /// The environment that is meant when `--env` names none.
                optional default_env: Id,
                /// Environments, each with the keys that differ between them. A key stands either here, in each
                /// environment that has it, or outside for all of them, never in both.
                optional env: Table<Id, EnvironmentDocument>,
            }
        }

        document! {
            /// What one environment says.
            EnvironmentDocument {
                $($(#[doc = $doc])* $need $field: $type,)*
            }
        }

        impl ProjectDocument {
            /// What the file says outside of its environments.
            pub(super) fn outside(&self) -> EnvironmentDocument {
                EnvironmentDocument { $($field: self.$field.clone(),)* }
            }
        }

        impl EnvironmentDocument {
            /// What both say together; what the other says of a key that this one has is lost.
            pub(super) fn and(self, other: &Self) -> Self {
                Self { $($field: self.$field.or_else(|| other.$field.clone()),)* }
            }

            /// The keys that it has, each with its place.
            pub fn given(&self) -> Vec<(&'static str, crate::diag::Span)> {
                let mut given = Vec::new();
                $(given.extend(self.$field.as_ref().map(|value| (stringify!($field), value.span)));)*
                given
            }
        }
    };
}

project! {
    /// The catalogs: names of shipped ones, or files. A file without a slash or a dot in its name is written `./NAME`.
    optional catalogs: List<Text>,
    /// Overlays on them, in the order in which they are applied, or `none`.
    optional overlays: Or<Nothing, List<Text>>,
    /// The region of the vendor, or `all`.
    optional region: Or<All, Id>,
    /// The components whose traffic is meant, or `all`.
    optional components: Or<All, List<Id>>,
    /// All features that are on, or `default`; in a list, `default` stands for those that are on by default.
    optional features: Or<Default, List<Id>>,
    /// Endpoints and implied rules that are left out, or `none`.
    optional without: Or<Nothing, List<Text>>,
    /// What only you know, by the names of the catalogs' variables; `unset` for what is not there.
    optional variables: Table<Id, Or<Unset, Setting>>,
    /// The team that answers for the rules.
    optional owner: Text,
    /// The ticket that approved the rules.
    optional ticket: Text,
    /// The last day on which the rules are wanted, in UTC, or `never`.
    optional expires: Or<Never, Date>,
    /// The lockfile. It need not exist before `egressor lock` writes it.
    optional lock: Text,
    /// What is written, or `default` for all targets that are written by default, below `out`.
    optional artifacts: Or<Default, List<ArtifactDocument>>,
    /// Folders of artifacts of your own, each with `artifact.yaml` and templates; their names are targets.
    optional artifact_dirs: List<Text>,
    /// A folder of templates that take the place of those of the same name.
    optional templates: Text,
}

words! {
    /// The version of the format.
    ProjectVersion {
        /// The first version.
        V1 = "egressor/project/v1",
    }
}

words! {
    /// The word for everything.
    All {
        /// Everything.
        All = "all",
    }
}

words! {
    /// The word for what is done when nothing else is said.
    Default {
        /// The default.
        Default = "default",
    }
}

words! {
    /// The word for a variable without a value.
    Unset {
        /// No value.
        Unset = "unset",
    }
}

words! {
    /// The word for no day.
    Never {
        /// No day.
        Never = "never",
    }
}

document! {
    /// The files of one target.
    ArtifactMapping {
        /// The target; `egressor targets` lists them.
        required target: Text,
        /// Options of the target as `KEY=VALUE`, or `default`.
        required options: Or<Default, List<Text>>,
        /// The folder that the files are written to; `out` when left out.
        optional path: Text,
    }
}

/// The files of one target: its name alone, or a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct ArtifactDocument(pub ArtifactMapping);

impl Document for ArtifactDocument {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if let Kind::String(_) = node.kind {
            let target = crate::catalog::At::<Text>::read(node, reader)?;
            let options = crate::catalog::At { value: Or::Word(Default::Default), span: node.span };
            return Some(Self(ArtifactMapping { target, options, path: None }));
        }
        if !matches!(node.kind, Kind::Mapping(_) | Kind::Null) {
            let message = format!("a target or a mapping is needed, not {}", node.kind.describe());
            reader.report(Code::CatalogType, node.span, message, None);
            return None;
        }
        ArtifactMapping::read(node, reader).map(Self)
    }

    fn schema() -> Value {
        json!({"anyOf": [Text::schema(), ArtifactMapping::schema()]})
    }
}
