//! Variables: which file gives each its value, and which values are not to be shown.
//!
//! Terraform, "Input Variables", "Variable Definition Precedence": `terraform.tfvars`, then `*.auto.tfvars` in the order of
//! their names, then the files that are named on the command line; the later wins. A variable that is declared as sensitive
//! has a value that no text may hold.

use super::parse::File;
use crate::diag::{Code, Finding, Severity, Span};
use hcl_edit::expr::{Expression, FuncCall};
use hcl_edit::structure::Block;
use hcl_edit::visit::{Visit, visit_func_call};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reports whether a file is read with the others of its folder: configuration, or values of variables.
pub fn is_module_file(name: &str) -> bool {
    ends_with(name, ".tf") || is_variables(name) || is_json(name)
}

/// Reports whether a file gives values to variables.
pub fn is_variables(name: &str) -> bool {
    ends_with(name, ".tfvars") || ends_with(name, ".tfvars.json")
}

/// Reports whether a file is configuration, or values of variables, in JSON.
pub(super) fn is_json(name: &str) -> bool {
    ends_with(name, ".tf.json") || ends_with(name, ".tfvars.json")
}

/// Reports whether Terraform reads a file of variables without being told to.
pub fn is_loaded_by_itself(name: &str) -> bool {
    let name = name.strip_suffix(".json").unwrap_or(name);
    ends_with(name, ".auto.tfvars") || file_name(name) == "terraform.tfvars"
}

/// The order in which files of variables are read: the later wins.
pub(super) fn rank(name: &str) -> (u8, &str) {
    match (file_name(name), is_loaded_by_itself(name)) {
        ("terraform.tfvars", _) => (0, ""),
        (name, true) => (1, name),
        // Files that are named stay in the order in which they are given.
        (_, false) => (2, ""),
    }
}

/// Reports whether the name of a file ends like this and is more than that.
pub fn ends_with(name: &str, end: &str) -> bool {
    file_name(name).strip_suffix(end).is_some_and(|stem| !stem.is_empty())
}

fn file_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// A variable that a module declares.
#[derive(Debug, Clone, Copy, Default)]
struct Declared {
    sensitive: bool,
    /// Whether `null` stands for the default.
    not_null: bool,
}

/// Takes the values that are not to be shown out of the texts of a module's files. The names of the variables that have
/// them are given back, as `var.NAME` with the file of the value.
pub(super) fn conceal(files: &mut [File]) -> BTreeMap<String, String> {
    let declared = declared(files);
    let has_blocks = files.iter().any(|file| file.body.blocks().next().is_some());
    let mut concealed = BTreeMap::new();
    for file in files {
        let mut calls = Calls(file, Vec::new());
        calls.visit_body(&file.body);
        let mut hidden = calls.1;
        for (name, default) in
            variables(file).filter_map(|(name, block)| Some((name, attribute(block, "default")?)))
        {
            if declared.get(name).is_some_and(|variable| variable.sensitive) {
                hidden.push(file.place(default).span);
                concealed.insert(format!("var.{name}"), file.source.name().to_owned());
            }
        }
        if is_variables(file.source.name()) {
            for given in file.body.attributes() {
                let name = given.key.value().as_str();
                // What is declared elsewhere may be sensitive. A file that stands alone has nothing to declare it.
                if declared.get(name).map_or(has_blocks, |variable| variable.sensitive) {
                    hidden.push(file.place(&given.value).span);
                    concealed.insert(format!("var.{name}"), file.source.name().to_owned());
                }
            }
        }
        if !hidden.is_empty() {
            file.source = Arc::new(file.source.masked(&hidden));
        }
    }
    concealed
}

/// The expressions behind `var.x`: what files of variables say, else the default. A variable without either has none.
pub(super) fn values<'a>(
    files: &'a [File],
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, (&'a Expression, &'a File)> {
    let declared = declared(files);
    let mut found = BTreeMap::new();
    for (file, (name, block)) in files.iter().flat_map(|file| variables(file).map(move |one| (file, one))) {
        if let Some(default) = attribute(block, "default") {
            found.insert(format!("var.{name}"), (default, file));
        }
    }
    let has_blocks = files.iter().any(|file| file.body.blocks().next().is_some());
    for file in files.iter().filter(|file| is_variables(file.source.name())) {
        for given in file.body.attributes() {
            let name = given.key.value().as_str();
            match declared.get(name) {
                Some(Declared { not_null: true, .. }) if matches!(given.value, Expression::Null(_)) => {}
                Some(_) => drop(found.insert(format!("var.{name}"), (&given.value, file))),
                None if has_blocks => {
                    let message =
                        format!("`{name}` is no variable of the files given here, so its value is not used");
                    let place = Some(file.place(given));
                    let finding = Finding { place, ..Finding::new(Code::ReadNotCompared, message) };
                    findings.push(Finding { severity: Severity::Warning, ..finding });
                }
                None => {}
            }
        }
    }
    found
}

fn declared(files: &[File]) -> BTreeMap<String, Declared> {
    let is_not = |expr: &Expression, flag: bool| expr.as_bool() != Some(flag);
    let one = |(name, block): (&str, &Block)| {
        // What is not plainly switched off may be on.
        let on = |name: &str| attribute(block, name).is_some_and(|expr| is_not(expr, false));
        let variable = Declared {
            sensitive: on("sensitive") || on("ephemeral"),
            not_null: attribute(block, "nullable").is_some_and(|expr| is_not(expr, true)),
        };
        (name.to_owned(), variable)
    };
    files.iter().flat_map(|file| variables(file).map(one)).collect()
}

fn variables(file: &File) -> impl Iterator<Item = (&str, &Block)> {
    file.body.blocks().filter(|block| block.has_ident("variable")).filter_map(|block| {
        let [name] = block.labels.as_slice() else { return None };
        Some((name.as_str(), block))
    })
}

fn attribute<'a>(block: &'a Block, name: &str) -> Option<&'a Expression> {
    block.body.attributes().find(|attribute| attribute.has_key(name)).map(|attribute| &attribute.value)
}

/// The places of what is given to the function `sensitive`.
struct Calls<'a>(&'a File, Vec<Span>);

impl Visit for Calls<'_> {
    fn visit_func_call(&mut self, call: &FuncCall) {
        if call.name.name.value().as_str() == "sensitive" {
            self.1.extend(call.args.iter().map(|arg| self.0.place(arg).span));
        }
        visit_func_call(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_variables_are_told_by_their_names() {
        assert!(is_module_file("a/main.tf") && is_module_file("prod.tfvars") && !is_module_file("a.json"));
        assert!(is_loaded_by_itself("a/terraform.tfvars") && is_loaded_by_itself("x.auto.tfvars"));
        assert!(is_loaded_by_itself("terraform.tfvars.json") && !is_loaded_by_itself("x.tfvars.json"));
        assert!(!is_loaded_by_itself("prod.tfvars") && !is_loaded_by_itself(".auto.tfvars"));
        let mut names = ["b.auto.tfvars", "z.tfvars", "terraform.tfvars", "a.auto.tfvars", "y.tfvars"];
        names.sort_by_key(|name| rank(name));
        assert_eq!(names, ["terraform.tfvars", "a.auto.tfvars", "b.auto.tfvars", "z.tfvars", "y.tfvars"]);
    }
}
