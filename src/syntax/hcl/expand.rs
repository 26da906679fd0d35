//! From files to modules: definitions gathered, repetitions carried out.

use super::evaluate::{Binding, Definitions, Site, turns};
use super::parse::{File, parse};
use super::variables::{conceal, is_variables, rank, values};
use super::{Block, Kind, Module, Read, Value};
use crate::diag::{Code, Finding, Place, Source, Span, bound};
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block as Syntax, Body, Structure};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads files; those of one folder are one module.
pub fn read(sources: &[Arc<Source>]) -> Read {
    let mut read = Read::default();
    let mut folders: BTreeMap<&str, Vec<File>> = BTreeMap::new();
    let homes = homes(sources, &mut read.findings);
    for (source, folder) in sources.iter().zip(homes) {
        match parse(source) {
            Ok(file) => folders.entry(folder).or_default().push(file),
            Err(finding) => read.findings.push(finding),
        }
    }
    let called = called(&folders);
    for (folder, files) in &mut folders {
        files.sort_by(|a, b| {
            let rank = |file: &File| {
                let name = file.source.name();
                is_variables(name).then(|| {
                    let (rank, name) = rank(name);
                    (rank, name.to_owned())
                })
            };
            rank(a).cmp(&rank(b))
        });
        let concealed = conceal(files);
        let set_by_calls = called.get(&beside(folder, "")).cloned().unwrap_or_default();
        let mut expressions = values(files, &mut read.findings);
        // What calls the module sets these, so their defaults say nothing.
        expressions.retain(|name, _| !set_by_calls.contains(name));
        expressions.extend(locals(files));
        let definitions = Definitions::new(expressions, concealed);
        let mut expander = Expander { definitions, findings: Vec::new() };
        let module = expander.module(files);
        if let Some(message) = expander.definitions.exceeded() {
            let place = files.first().map(|file| file.place(&file.body));
            let help = (!expander.definitions.too_deep()).then(|| bound::FLAG.to_owned());
            expander.findings = vec![Finding { place, help, ..Finding::new(Code::ReadSyntax, message) }];
        }
        read.findings.append(&mut expander.findings);
        read.modules.push(module);
    }
    read
}

/// The folder whose module each file belongs to: its own. A file of variables that was given from elsewhere belongs to the
/// one module that no other module's folder holds.
fn homes<'a>(sources: &'a [Arc<Source>], findings: &mut Vec<Finding>) -> Vec<&'a str> {
    let folder = |source: &'a Arc<Source>| source.name().rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_values = |source: &Arc<Source>| is_variables(source.name());
    let modules: BTreeSet<&str> = sources.iter().filter(|source| !is_values(source)).map(folder).collect();
    let inside = |folder: &str| {
        modules
            .iter()
            .any(|outer| folder != *outer && (outer.is_empty() || folder.starts_with(&format!("{outer}/"))))
    };
    let mut roots = modules.iter().filter(|folder| !inside(folder));
    let root = roots.next().filter(|_| roots.next().is_none());
    let home = |source| {
        let own = folder(source);
        if !is_values(source) || modules.contains(own) || modules.is_empty() {
            return own;
        }
        if root.is_none() {
            let message = "these values are for one module, and which of several that is cannot be told";
            let help = "give the folder of one module at a time";
            findings.push(Finding::new(Code::ReadRefused, message).help(help).at(source, Span::default()));
        }
        root.copied().unwrap_or(own)
    };
    sources.iter().map(home).collect()
}

/// The variables that calls of modules set, by the folder of the module.
fn called(folders: &BTreeMap<&str, Vec<File>>) -> BTreeMap<String, BTreeSet<String>> {
    let mut called: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (folder, files) in folders {
        let calls =
            files.iter().flat_map(|file| file.body.blocks()).filter(|block| block.has_ident("module"));
        for call in calls {
            let source = call.body.attributes().find(|attribute| attribute.has_key("source"));
            let Some(path) = source.and_then(|source| source.value.as_str()) else { continue };
            let arguments =
                call.body.attributes().map(|argument| format!("var.{}", argument.key.value().as_str()));
            called.entry(beside(folder, path)).or_default().extend(arguments);
        }
    }
    called
}

/// The folder that a path leads to from another one.
fn beside(folder: &str, path: &str) -> String {
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !matches!(*step, "" | ".")).collect();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    let root = if folder.starts_with('/') { "/" } else { "" };
    format!("{root}{}", steps.join("/"))
}

/// The expressions behind `local.x`.
fn locals(files: &[File]) -> BTreeMap<String, (&Expression, &File)> {
    let mut found = BTreeMap::new();
    for (file, block) in files.iter().flat_map(|file| file.body.blocks().map(move |block| (file, block))) {
        if block.has_ident("locals") {
            for attribute in block.body.attributes() {
                found.insert(format!("local.{}", attribute.key.value().as_str()), (&attribute.value, file));
            }
        }
    }
    found
}

/// Expands the blocks of one module.
struct Expander<'a> {
    definitions: Definitions<'a>,
    findings: Vec<Finding>,
}

/// How often a block exists.
enum Repetition {
    /// This many times; each turn has the text of its instance, and its bindings.
    Known(Vec<(String, Vec<Binding>)>),
    /// As often as this expression says.
    Unknown(String),
}

impl Expander<'_> {
    fn module(&mut self, files: &[File]) -> Module {
        let mut module = Module::default();
        let mut addresses: BTreeMap<String, Place> = BTreeMap::new();
        for file in files {
            let site = Site { file, bindings: &[] };
            self.attributes(&file.body, site, &mut module.attributes);
            for block in file.body.blocks() {
                if matches!(block.ident.value().as_str(), "locals" | "variable") {
                    continue;
                }
                let (repetition, found) = self.repetition(block, site);
                self.repeat(block, site, &repetition, found, &mut module.blocks);
            }
        }
        for block in
            module.blocks.iter().filter(|block| matches!(block.kind.as_str(), "resource" | "data" | "module"))
        {
            if addresses.insert(block.address(), block.place.clone()).is_some() {
                let message = format!("`{}` is declared twice in the module", block.address());
                let place = Some(block.place.clone());
                self.findings.push(Finding { place, ..Finding::new(Code::ReadRefused, message) });
            }
        }
        module
    }

    /// How often a resource, data source or module exists, by its `for_each` or `count`.
    fn repetition(&mut self, block: &Syntax, site: Site<'_>) -> (Repetition, &'static str) {
        let attribute = |name: &str| block.body.attributes().find(|attribute| attribute.has_key(name));
        if let Some(attribute) = attribute("for_each") {
            let (collection, mark) = self.definitions.marked(&attribute.value, site);
            let why = format!("for_each = {}{mark}", site.file.text(&attribute.value));
            return (each("each", collection, site, why, true), "for_each");
        }
        let Some(attribute) = attribute("count") else {
            return (Repetition::Known(vec![(String::new(), Vec::new())]), "");
        };
        let (value, mark) = self.definitions.marked(&attribute.value, site);
        let count = value.as_text().and_then(|text| text.parse::<u32>().ok());
        let repetition = match count {
            Some(count) if self.definitions.charge(usize::try_from(count).unwrap_or(usize::MAX)) => {
                let turn = |index: u32| {
                    let number = Value { place: value.place.clone(), kind: Kind::Number(index.into()) };
                    (
                        format!("[{index}]"),
                        vec![bind("count", [("index", number)], &value.place, index.to_string())],
                    )
                };
                Repetition::Known((0..count).map(turn).collect())
            }
            Some(_) | None => {
                Repetition::Unknown(format!("count = {}{mark}", site.file.text(&attribute.value)))
            }
        };
        (repetition, "count")
    }

    /// Adds the instances of a block.
    fn repeat(&mut self, block: &Syntax, site: Site<'_>, how: &Repetition, by: &str, into: &mut Vec<Block>) {
        let labels: Vec<String> = block.labels.iter().map(|label| label.as_str().to_owned()).collect();
        let kind = block.ident.value().as_str();
        match how {
            Repetition::Known(turns) => {
                for (instance, bindings) in turns {
                    if !self.definitions.charge(1) {
                        return;
                    }
                    let bindings = [site.bindings, bindings.as_slice()].concat();
                    let site = Site { bindings: &bindings, ..site };
                    let mut one = self.block(kind, labels.clone(), &block.body, site);
                    one.place = site.file.place(block);
                    one.instance.clone_from(instance);
                    one.attributes.remove(by);
                    into.push(one);
                }
            }
            Repetition::Unknown(why) => {
                let mut one = self.block(kind, labels, &block.body, site);
                one.place = site.file.place(block);
                one.uncertain.push(why.clone());
                one.attributes.remove(by);
                into.push(one);
            }
        }
    }

    fn block(&mut self, kind: &str, labels: Vec<String>, body: &Body, site: Site<'_>) -> Block {
        let mut block = Block { labels, ..Block::new(kind, &[], site.file.place(body)) };
        self.attributes(body, site, &mut block.attributes);
        for inner in body.blocks() {
            if inner.has_ident("dynamic") {
                self.dynamic(inner, site, &mut block.blocks);
                continue;
            }
            let once = Repetition::Known(vec![(String::new(), Vec::new())]);
            self.repeat(inner, site, &once, "", &mut block.blocks);
        }
        block
    }

    /// Adds the blocks that a `dynamic` block stands for.
    fn dynamic(&mut self, block: &Syntax, site: Site<'_>, into: &mut Vec<Block>) {
        let attribute = |name: &str| block.body.attributes().find(|attribute| attribute.has_key(name));
        let label = block.labels.first().map(|label| label.as_str().to_owned());
        let content = block.body.blocks().find(|inner| inner.has_ident("content"));
        let (Some(label), Some(content), Some(for_each)) = (label, content, attribute("for_each")) else {
            let message = "a `dynamic` block needs a label, `for_each` and `content`";
            let place = Some(site.file.place(block));
            self.findings.push(Finding { place, ..Finding::new(Code::ReadRefused, message) });
            return;
        };
        let iterator = attribute("iterator").map(|attribute| site.file.text(&attribute.value));
        let (collection, mark) = self.definitions.marked(&for_each.value, site);
        let why = format!("for_each = {}{mark}", site.file.text(&for_each.value));
        let how = each(iterator.as_deref().unwrap_or(&label), collection, site, why, false);
        let first = into.len();
        self.repeat(content, site, &how, "", into);
        for block in into.iter_mut().skip(first) {
            block.kind.clone_from(&label);
        }
    }

    /// Evaluates the arguments of a body. The parser refuses one that stands twice in a body, but files of variables
    /// can contradict each other.
    fn attributes(&mut self, body: &Body, site: Site<'_>, into: &mut BTreeMap<String, Value>) {
        for attribute in body.iter().filter_map(Structure::as_attribute) {
            let name = attribute.key.value().to_string();
            let value = self.definitions.argument(&name, &attribute.value, site);
            // Of files of variables the later wins.
            if into.contains_key(&name) && !is_variables(site.file.source.name()) {
                let message = format!("the argument `{name}` is given twice");
                let place = Some(site.file.place(attribute));
                self.findings.push(Finding { place, ..Finding::new(Code::ReadRefused, message) });
                continue;
            }
            into.insert(name, value);
        }
    }
}

/// The turns of `for_each`. Over a list, as over a set, the key of a resource is the value; a `dynamic` block
/// counts.
fn each(name: &str, collection: Value, site: Site<'_>, why: String, by_value: bool) -> Repetition {
    let place = site.file.place(&site.file.body);
    let is_list = matches!(collection.kind, Kind::List(_));
    let Some(turns) = turns(collection) else { return Repetition::Unknown(why) };
    let mut known = Vec::with_capacity(turns.len());
    for (key, value) in turns {
        let key = if is_list && by_value { value.clone() } else { key };
        let Some(text) = key.as_text() else { return Repetition::Unknown(why) };
        let instance = format!("[{}]", super::quote(&text));
        known.push((instance, vec![bind(name, [("key", key), ("value", value)], &place, text)]));
    }
    Repetition::Known(known)
}

/// A name bound to an object for one turn.
fn bind<const N: usize>(name: &str, fields: [(&str, Value); N], place: &Place, turn: String) -> Binding {
    let map = fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect();
    Binding {
        name: name.to_owned(),
        value: Arc::new(Value { place: place.clone(), kind: Kind::Map(map) }),
        turn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    fn module(text: &str) -> Module {
        let read = read(&[Arc::new(Source::new("main.tf", text))]);
        assert_eq!(read.findings, []);
        read.modules.into_iter().next().unwrap()
    }

    fn kinds(value: &Value) -> Vec<Kind> {
        match &value.kind {
            Kind::List(items) => items.iter().map(|item| item.kind.clone()).collect(),
            other => vec![other.clone()],
        }
    }

    fn text(text: &str) -> Kind {
        Kind::String(text.to_owned())
    }

    #[test]
    fn locals_and_defaults_of_variables_are_followed_to_their_literals() {
        let module = module(
            "variable \"net\" {\n  default = \"10.0.0\"\n}\nvariable \"id\" {}\n\
             locals {\n  host = \"${var.net}.1/32\"\n  all = { web = [local.host, \"a$${b}\"] }\n}\n\
             resource \"t\" \"n\" {\n  list = local.all[\"web\"]\n  one = local.all.web[0]\n  id = var.id\n\
               ref = t.other[\"x y\"].id\n  port = -1\n  no = null\n}\n",
        );
        let block = &module.blocks[0];
        assert_eq!(kinds(&block.attributes["list"]), [text("10.0.0.1/32"), text("a${b}")]);
        assert_eq!(block.attributes["one"].kind, text("10.0.0.1/32"));
        assert_eq!(block.attributes["id"].kind, Kind::Reference("var.id".into()));
        assert_eq!(block.attributes["ref"].kind, Kind::Reference("t.other[\"x y\"].id".into()));
        assert_eq!(block.attributes["port"].kind, Kind::Number(-1));
        assert_eq!(block.get("no"), None);
        assert_eq!(block.place.source.slice(block.attributes["one"].place.span), "\"${var.net}.1/32\"");
    }

    #[test]
    fn for_each_and_count_over_literals_give_concrete_resources() {
        let module = module(
            "locals {\n  rules = { b = { port = 2 }, a = { port = 1 } }\n}\n\
             resource \"t\" \"map\" {\n  for_each = local.rules\n  key = each.key\n  port = each.value.port\n}\n\
             resource \"t\" \"set\" {\n  for_each = toset([\"y\", \"x\", \"y\"])\n  cidr = \"${each.value}/32\"\n}\n\
             resource \"t\" \"made\" {\n  for_each = { for k, v in local.rules : \"k-${k}\" => v.port if k != \"a\" }\n}\n\
             resource \"t\" \"counted\" {\n  count = true ? 2 : 0\n  n = count.index\n}\n",
        );
        let seen: Vec<String> = module.blocks.iter().map(Block::address).collect();
        let expected = [
            "t.map[\"a\"]",
            "t.map[\"b\"]",
            "t.set[\"x\"]",
            "t.set[\"y\"]",
            "t.made",
            "t.counted[0]",
            "t.counted[1]",
        ];
        assert_eq!(seen, expected);
        assert_eq!(module.blocks[0].attributes["port"].kind, Kind::Number(1));
        assert_eq!(module.blocks[3].attributes["cidr"].kind, text("y/32"));
        assert_eq!(module.blocks[6].attributes["n"].kind, Kind::Number(1));
        assert_eq!(module.blocks[4].uncertain.len(), 1, "a comparison is for Terraform to compute");
    }

    #[test]
    fn a_dynamic_block_stands_for_its_contents() {
        let module = module(
            "resource \"t\" \"n\" {\n  dynamic \"egress\" {\n    for_each = [80, 443]\n    content {\n      port = egress.value\n    }\n  }\n\
             \x20 dynamic \"egress\" {\n    for_each = var.more\n    iterator = it\n    content {\n      port = it.value\n    }\n  }\n}\n",
        );
        let blocks = &module.blocks[0].blocks;
        assert_eq!(blocks.len(), 3);
        assert_eq!(blocks[1].kind, "egress");
        assert_eq!(blocks[1].attributes["port"].kind, Kind::Number(443));
        assert_eq!(blocks[2].uncertain, ["for_each = var.more"]);
        assert_eq!(blocks[2].attributes["port"].kind, Kind::Reference("it.value".into()));
    }

    #[test]
    fn what_is_computed_keeps_its_text_and_is_never_guessed() {
        let module = module(
            "resource \"t\" \"n\" {\n  for_each = toset([\"a\", \"b\"])\n  a = cidrsubnet(each.value,  4, 1)\n  b = 1 + 1\n\
               c = \"${var.x}/32\"\n  d = var.list[*].id\n}\nlocals {\n  loop = local.pool\n  pool = local.loop\n}\n\
             resource \"u\" \"n\" {\n  loop = local.loop\n}\n",
        );
        let text =
            |index: usize, name: &str| module.blocks[index].attributes[name].unknown().unwrap().to_owned();
        assert_eq!(text(0, "a"), "cidrsubnet(each.value, 4, 1) with each a");
        assert_ne!(text(0, "a"), text(1, "a"));
        assert_eq!(text(0, "b"), "1 + 1");
        assert_eq!(text(0, "c"), "\"${var.x}/32\"");
        assert_eq!(text(0, "d"), "var.list[*].id");
        assert!(module.blocks[2].attributes["loop"].unknown().is_some());
    }

    #[test]
    fn a_byte_order_mark_and_crlf_move_no_span() {
        let source = Arc::new(Source::new("main.tf", "\u{FEFF}a = 1\r\nb = \"x\"\r\n"));
        let read = read(&[Arc::clone(&source)]);
        assert_eq!(read.findings, []);
        assert_eq!(source.slice(read.modules[0].attributes["b"].place.span), "\"x\"");
    }

    #[test]
    fn folders_are_modules_of_their_own() {
        let file = |name: &str, text: &str| Arc::new(Source::new(name, text));
        let read = read(&[
            file("a/main.tf", "x = local.v\n"),
            file("a/locals.tf", "locals {\n  v = 1\n}\n"),
            file("b/main.tf", "x = local.v\n"),
        ]);
        assert_eq!(read.modules[0].attributes["x"].kind, Kind::Number(1));
        assert_eq!(read.modules[1].attributes["x"].kind, Kind::Reference("local.v".into()));
    }

    #[test]
    fn an_error_is_named_with_its_place_and_the_other_files_are_read() {
        let file = |name: &str, text: &str| Arc::new(Source::new(name, text));
        let read =
            read(&[file("bad.tf", "a = 1\nb = [\n"), file("good.tf", "a = 1\n"), file("more.tf", "a = 2\n")]);
        let codes: Vec<Code> = read.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [Code::ReadSyntax, Code::ReadRefused]);
        assert!(read.findings[0].place.as_ref().unwrap().span.start > 5);
        assert_eq!(read.modules[0].attributes["a"].kind, Kind::Number(1));
    }

    #[test]
    fn an_exploding_module_ends_in_a_finding() {
        let mut lists =
            "locals {\n  l0 = [\"x\", \"x\"]\n  s0 = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n".to_owned();
        for level in 1..60 {
            let below = level - 1;
            writeln!(lists, "  l{level} = [local.l{below}, local.l{below}]").unwrap();
            writeln!(lists, "  s{level} = \"${{local.s{below}}}${{local.s{below}}}\"").unwrap();
        }
        let mut chain = "locals {\n  l0 = 1\n".to_owned();
        for level in 1..5000 {
            writeln!(chain, "  l{level} = local.l{}", level - 1).unwrap();
        }
        let mut deep = "locals {\n  l0 = 1\n".to_owned();
        for level in 1..2000 {
            writeln!(deep, "  l{level} = [local.l{}]", level - 1).unwrap();
        }
        deep.push_str("}\n");
        for level in 0..2000 {
            writeln!(deep, "a{level} = local.l{level}").unwrap();
        }
        for text in [
            deep,
            format!("{lists}}}\na = local.l59\n"),
            format!("{lists}}}\na = local.s59\n"),
            format!("{chain}}}\na = local.l4999\n"),
            "resource \"t\" \"n\" {\n  count = 4294967295\n}\n".to_owned(),
        ] {
            let read = read(&[Arc::new(Source::new("main.tf", text))]);
            let codes: Vec<Code> = read.findings.iter().map(|finding| finding.code).collect();
            assert_eq!(codes, [Code::ReadSyntax]);
        }
    }
}
