//! Variables of Terraform: which file gives each its value.

use crate::existing::{AWS, document, folder, rows, run};
use tempfile::TempDir;

/// A folder with a variable, its default, and files of variables.
fn variables(more: &[(&str, &str)]) -> TempDir {
    let declared = "variable \"cidr\" {\n  default = \"192.0.2.0/24\"\n}\n";
    let mut files = vec![
        ("infra/main.tf".to_owned(), AWS.replace("local.cidr", "var.cidr")),
        ("infra/variables.tf".to_owned(), declared.to_owned()),
    ];
    files.extend(more.iter().map(|(name, cidr)| ((*name).to_owned(), format!("cidr = \"{cidr}\"\n"))));
    let files: Vec<(&str, String)> = files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    folder(&files)
}

#[test]
fn files_of_variables_override_defaults_in_the_order_that_terraform_has() {
    let cidr = |folder: &TempDir, files: &[&str]| {
        rows(&document(folder, &[&["show"], files].concat()), "sg-1 egress", "at_least")
    };
    assert_eq!(cidr(&variables(&[]), &["infra"]), ["tcp/443 192.0.2.0/24"]);
    let plain = ("infra/terraform.tfvars", "10.1.0.0/16");
    assert_eq!(cidr(&variables(&[plain]), &["infra"]), ["tcp/443 10.1.0.0/16"]);
    let auto = [("infra/b.auto.tfvars", "10.3.0.0/16"), plain, ("infra/a.auto.tfvars", "10.2.0.0/16")];
    assert_eq!(cidr(&variables(&auto), &["infra"]), ["tcp/443 10.3.0.0/16"]);
    for named in ["infra/prod.tfvars", "envs/prod.tfvars"] {
        let folder = variables(&[auto[0], plain, (named, "10.4.0.0/16")]);
        assert_eq!(cidr(&folder, &["infra", named]), ["tcp/443 10.4.0.0/16"], "{named}");
        assert_eq!(cidr(&folder, &[named, "infra"]), ["tcp/443 10.4.0.0/16"], "{named}");
        assert_eq!(
            cidr(&folder, &["infra"]),
            ["tcp/443 10.3.0.0/16"],
            "Terraform does not read it by itself"
        );
    }
    let files = ["infra/main.tf", "infra/variables.tf", "infra/terraform.tfvars"];
    assert_eq!(cidr(&variables(&[plain]), &files), ["tcp/443 10.1.0.0/16"]);
    let unknown = variables(&[]);
    std::fs::write(unknown.path().join("infra/terraform.tfvars"), "cidrr = \"10.0.0.0/8\"\n")
        .expect("a file");
    assert!(run(&unknown, &["show", "infra"]).stderr.contains("`cidrr` is no variable"));
    std::fs::write(unknown.path().join("infra/x.auto.tfvars.json"), "{}").expect("a file");
    assert_eq!(run(&unknown, &["show", "infra"]).code, 2, "values that are not read are not left out");
}

#[test]
fn a_module_that_is_called_does_not_rest_on_its_defaults() {
    let call = "module \"sg\" {\n  source = \"./modules/sg\"\n  cidr = \"0.0.0.0/0\"\n}\n";
    let module = format!(
        "variable \"cidr\" {{\n  default = \"10.0.0.0/8\"\n}}\n{}",
        AWS.replace("local.cidr", "var.cidr")
    );
    let folder = folder(&[("infra/main.tf", call.to_owned()), ("infra/modules/sg/main.tf", module)]);
    for path in ["infra", "./infra", "infra/modules/../../infra"] {
        let shown = document(&folder, &["show", path]);
        assert_eq!(shown["scopes"][0]["unmodelled"][0]["text"], "var.cidr", "{path}");
    }
    let alone = document(&folder, &["show", "infra/modules/sg"]);
    assert_eq!(rows(&alone, "sg-1 egress", "at_least"), ["tcp/443 10.0.0.0/8"]);
}
