//! Artifacts of the user's own: a folder with a manifest and templates becomes a target without Rust.
//!
//! A template prints through two filters, `comment` and `value`, which quote as the manifest declares. The head of each
//! file is written here and not by the template, so that no template can leave it out.

mod list;
mod manifest;
mod model;
mod schema;

pub use list::{Listed, PeerList};
pub use manifest::{FileDocument, FileName, ManifestDocument};
pub use model::model_schema;

use crate::catalog::NeedId;
use crate::catalog::read::{Document as _, Reader};
use crate::diag::{Code, Finding, Source, Span, any_error};
use crate::packet::{AddrSet, Constraint, PacketSet, PeerSet, Set as _, TransportSet};
use crate::policy::{Direction, Need, Policy, RuleSet};
use crate::render::{Filters, RenderError, Renderer};
use crate::syntax::declared::{Comment, Quoting};
use crate::syntax::yaml;
use crate::targets::{Importer, Ingress, Loss, PeerKind, Scoping, Speech, TARGETS};
use manifest::{CommentWord, FamilyWord, PeersWord, ScopingWord, ValueWord};
use model::{Model, ScopeModel, entries};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The name of the manifest in its folder.
pub const MANIFEST: &str = "artifact.yaml";

/// An artifact of the user's own.
#[derive(Debug)]
pub struct Artifact {
    /// What its manifest says.
    pub manifest: ManifestDocument,
    comment: Option<Comment>,
    proof: Proof,
    renderer: Renderer,
}

/// What proves the files.
#[derive(Debug)]
enum Proof {
    /// They are lists of this form.
    List(PeerList),
    /// They are in a format that is read here.
    Format(&'static dyn Importer),
    /// A program that the command line names.
    Program,
    /// Nothing does.
    Nothing,
}

/// A policy in the terms of an artifact.
#[derive(Debug)]
pub struct Laid {
    /// What the templates lay out.
    pub model: Value,
    /// What the files do not say.
    pub losses: Vec<Loss>,
    /// What the user should know.
    pub findings: Vec<Finding>,
}

/// The JSON Schema of a manifest.
pub fn manifest_schema() -> Value {
    let mut schema = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "egressor artifact",
        "description": "An artifact of your own.",
        "if": {"properties": {"reader": {"const": "list"}}},
        "then": {"required": ["list"]},
        "else": {"not": {"required": ["list"]}},
    });
    if let (Some(schema), Value::Object(document)) = (schema.as_object_mut(), ManifestDocument::schema()) {
        schema.extend(document);
    }
    schema
}

impl Artifact {
    /// Reads a manifest and loads its templates, given as name and source.
    pub fn load(manifest: &Arc<Source>, templates: Vec<(String, Arc<Source>)>) -> Result<Self, Vec<Finding>> {
        let trees = yaml::parse(manifest, Code::CatalogSyntax).map_err(|finding| vec![finding])?;
        let mut reader = Reader::new(Arc::clone(manifest));
        let [root] = trees.as_slice() else {
            let message = format!("a manifest is one YAML document, this file holds {}", trees.len());
            return Err(vec![Finding::new(Code::CatalogSyntax, message).at(manifest, Span::default())]);
        };
        let document = ManifestDocument::read(root, &mut reader);
        let proof = document.as_ref().and_then(|document| check(document, &templates, &mut reader));
        let (Some(document), Some(proof), false) = (document, proof, any_error(&reader.findings)) else {
            return Err(reader.findings);
        };
        let comment = comment(&document);
        let filters = Filters::Declared(comment, quoting(document.value.value));
        let renderer =
            Renderer::with(filters, templates).map_err(|error: RenderError| vec![error.finding()])?;
        Ok(Self { manifest: document, comment, proof, renderer })
    }

    /// The name by which `-t` knows it.
    pub fn name(&self) -> &str {
        self.manifest.name.value.as_str()
    }

    /// How peers are named and rules are grouped.
    pub fn speech(&self) -> Speech {
        Speech {
            peers: peers(&self.manifest),
            scoping: match self.manifest.scoping.as_ref().map(|scoping| scoping.value) {
                Some(ScopingWord::Component) => Scoping::Component,
                Some(ScopingWord::Host) | None => Scoping::Host,
            },
            ingress: if self.says_ingress() { Ingress::ByPeer } else { Ingress::Unsaid },
        }
    }

    fn says_ingress(&self) -> bool {
        self.manifest.ingress.as_ref().is_some_and(|ingress| ingress.value)
    }

    /// What it needs besides the endpoints.
    pub fn needs(&self) -> BTreeSet<Need> {
        let needs = self.manifest.needs.iter().flat_map(|needs| needs.value.0.iter());
        let need = |need: NeedId| match need {
            NeedId::Dns => Need::Dns,
            NeedId::ApiServer => Need::ApiServer,
            NeedId::Metadata => Need::Metadata,
        };
        needs.map(|id| need(id.value)).collect()
    }

    /// The reader that proves the files; nothing where a program does, or nothing.
    pub fn importer(&self) -> Option<&dyn Importer> {
        match &self.proof {
            Proof::List(list) => Some(list),
            Proof::Format(importer) => Some(*importer),
            Proof::Program | Proof::Nothing => None,
        }
    }

    /// Reports whether the files are proven by a program, which the manifest cannot name.
    pub fn needs_program(&self) -> bool {
        matches!(self.proof, Proof::Program)
    }

    /// Reports whether nothing proves the files.
    fn is_unproven(&self) -> bool {
        matches!(self.proof, Proof::Nothing)
    }

    /// A policy as the model of the templates, with what cannot be said.
    pub fn lay(&self, policy: &Policy) -> Laid {
        let (mut losses, mut findings) = (Vec::new(), Vec::new());
        let mut lose = |set: &RuleSet, missing: PacketSet, why: String| {
            if !missing.is_empty() {
                findings.push(Finding::new(Code::TargetCannotSay, why.clone()));
                losses.push(Loss { scope: set.scope.clone(), excess: PacketSet::default(), missing, why });
            }
        };
        let mut said: Vec<RuleSet> = Vec::new();
        for set in &policy.sets {
            if set.scope.direction == Direction::Ingress && !self.says_ingress() {
                let why =
                    format!("{} has no rules for traffic coming in to `{}`", self.name(), set.scope.name);
                lose(set, set.allows().at_least, why);
                continue;
            }
            let (spoken, unspoken) = self.of_family(set);
            let why = format!("{} says addresses of one family only", self.name());
            lose(set, unspoken, why);
            said.push(spoken);
        }
        let mut lines = Vec::new();
        if let Proof::List(list) = &self.proof {
            // One list for the host: its rule set is the only one that goes out.
            for set in &said {
                let allowed = set.allows().at_least;
                let listed = list.listed(&allowed);
                let why =
                    "the list holds whole peers that are reached at all of its services; others are left out";
                lose(set, allowed.subtract(&list.meaning(&listed)), why.to_owned());
                lines.extend(entries(&listed, Some(set)));
            }
        }
        let model = Model {
            name: self.name().to_owned(),
            summary: self.manifest.summary.value.to_string(),
            scopes: said.iter().map(ScopeModel::new).collect(),
            entries: lines,
        };
        if self.is_unproven() {
            let message = format!("nothing reads what `{}` writes, so nothing proves it", self.name());
            let help = "read the files yourself before they are used; see `egressor explain verify/unproven`";
            findings.push(Finding::new(Code::VerifyUnproven, message).help(help));
        }
        let model = serde_json::to_value(model).unwrap_or_default();
        Laid { model, losses, findings }
    }

    /// A rule set with the addresses that the syntax can say, and the packets that it cannot.
    fn of_family(&self, set: &RuleSet) -> (RuleSet, PacketSet) {
        let Some(family) = &self.manifest.family else { return (set.clone(), PacketSet::default()) };
        let spoken = match family.value {
            FamilyWord::Ipv4 => AddrSet::all_v4(),
            FamilyWord::Ipv6 => AddrSet::all_v6(),
        };
        let mut kept = set.clone();
        kept.rules = set
            .rules
            .iter()
            .filter_map(|rule| {
                let peers = rule.matches.peer.set().unwrap_or(&set.universe);
                let peers = PeerSet { addrs: peers.addrs.intersect(&spoken), ..peers.clone() };
                let mut rule = rule.clone();
                // A rule whose peers are all of the other family goes: an empty peer is no peer, not any.
                rule.matches.peer = Constraint::only(peers)?;
                Some(rule)
            })
            .collect();
        let missing = set.allows().at_least.subtract(&kept.allows().at_least);
        (kept, missing)
    }

    /// The files: path and text.
    pub fn render(&self, model: &Value, banner: &[String]) -> Result<Vec<(String, String)>, RenderError> {
        let mut lines = banner.to_vec();
        if self.is_unproven() {
            let loud =
                "NOT PROVEN: nothing reads this format back, so nothing shows that it means the policy.";
            lines.insert(0, loud.to_owned());
        }
        let head: String = match self.comment {
            Some(comment) => {
                let written: Vec<String> = lines.iter().map(|line| comment.write(line)).collect();
                format!("{}\n", written.join("\n"))
            }
            None => String::new(),
        };
        let model = crate::targets::Model::of(model);
        let files = self.manifest.files.value.0.iter().map(|file| {
            let body = self.renderer.render(file.value.template.value.as_str(), &model, &lines)?;
            Ok((file.value.path.value.as_str().to_owned(), format!("{head}{body}")))
        });
        files.collect()
    }
}

fn peers(manifest: &ManifestDocument) -> PeerKind {
    match manifest.peers.value {
        PeersWord::Addresses => PeerKind::Addresses,
        PeersWord::Names => PeerKind::Names,
    }
}

fn comment(manifest: &ManifestDocument) -> Option<Comment> {
    match manifest.comment.value {
        CommentWord::Hash => Some(Comment::Hash),
        CommentWord::Semicolon => Some(Comment::Semicolon),
        CommentWord::Slashes => Some(Comment::Slashes),
        CommentWord::None => None,
    }
}

fn quoting(value: ValueWord) -> Quoting {
    match value {
        ValueWord::Word => Quoting::Word,
        ValueWord::DoubleQuoted => Quoting::DoubleQuoted,
        ValueWord::Yaml => Quoting::Yaml,
        ValueWord::Json => Quoting::Json,
        ValueWord::Hcl => Quoting::Hcl,
    }
}

/// Checks how the parts of a manifest fit together; what proves the files when they do.
fn check(
    manifest: &ManifestDocument,
    templates: &[(String, Arc<Source>)],
    reader: &mut Reader,
) -> Option<Proof> {
    if TARGETS.iter().any(|target| target.name() == manifest.name.value.as_str()) {
        let message = format!("`{}` is the name of a target that is built in", manifest.name.value);
        reader.report(Code::CatalogDuplicate, manifest.name.span, message, None);
    }
    let mut paths = BTreeSet::new();
    for file in &manifest.files.value.0 {
        let template = &file.value.template;
        if !templates.iter().any(|(name, _)| name == template.value.as_str()) {
            let message = format!("there is no template `{}` beside the manifest", template.value.as_str());
            let help = "a template is a file of the same folder whose name ends in `.tera`";
            reader.report(Code::CatalogReference, template.span, message, Some(help.to_owned()));
        }
        if !paths.insert(file.value.path.value.as_str().to_lowercase()) {
            let message = format!("`{}` is written twice", file.value.path.value.as_str());
            reader.report(Code::CatalogDuplicate, file.value.path.span, message, None);
        }
    }
    let name = manifest.reader.value.as_str();
    if let Some(list) = manifest.list.as_ref().filter(|_| name != "list") {
        let message = "`list` goes with `reader: list`";
        reader.report(Code::CatalogValue, list.span, message, None);
    }
    match name {
        "none" if manifest.comment.value == CommentWord::None => {
            let message = "without comments the file cannot say that it is not proven";
            let help = "name a reader, or the sign that begins a comment";
            reader.report(Code::CatalogValue, manifest.reader.span, message, Some(help.to_owned()));
            None
        }
        "none" => Some(Proof::Nothing),
        "program" => Some(Proof::Program),
        "list" => peer_list(manifest, reader).map(Proof::List),
        name => {
            let mut importers = TARGETS.iter().flat_map(|target| target.importers().iter().copied());
            let found = importers.clone().find(|importer| importer.name() == name);
            if found.is_none() {
                let names: Vec<&str> = importers.by_ref().map(Importer::name).collect();
                let message = format!("there is no reader `{name}`");
                let help = format!("readers are list, program, none, {}", names.join(", "));
                reader.report(Code::CatalogReference, manifest.reader.span, message, Some(help));
            }
            found.map(Proof::Format)
        }
    }
}

fn peer_list(manifest: &ManifestDocument, reader: &mut Reader) -> Option<PeerList> {
    let Some(list) = &manifest.list else {
        let help = "such as `list: {services: [443/tcp]}`";
        let message = "`reader: list` needs `list`, the form of the list";
        reader.report(Code::CatalogMissingKey, manifest.reader.span, message, Some(help.to_owned()));
        return None;
    };
    let wide = manifest.ingress.as_ref().is_some_and(|ingress| ingress.value)
        || manifest.scoping.as_ref().is_some_and(|scoping| scoping.value == ScopingWord::Component);
    if wide {
        let message = "a list is one rule set for what goes out of the host";
        reader.report(Code::CatalogValue, manifest.reader.span, message, None);
        return None;
    }
    let list = &list.value;
    let (before, behind) = list.entry.as_ref().map_or(("", ""), |entry| entry.value.parts());
    let services: Vec<TransportSet> =
        list.services.value.0.iter().map(|service| service.value.transport()).collect();
    Some(PeerList {
        peers: match manifest.peers.value {
            PeersWord::Addresses => Listed::Addresses,
            PeersWord::Names => Listed::Names,
        },
        entry: (before.to_owned(), behind.to_owned()),
        closing: list.closing.as_ref().map(|closing| closing.value.to_string()),
        comment: comment(manifest).map(Comment::sign),
        services: TransportSet::union_all(&services),
    })
}
