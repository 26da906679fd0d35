//! Misspelt words of every kind: the one that was meant is named.

use crate::run::egressor_in;
use std::fs;
use std::path::Path;

const RULES: &str = "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n";
const SQUID: &str = "acl ok dstdomain a.example\nhttp_access allow ok\nhttp_access deny all\n";

/// The kind of word, the command line, and the word that is meant.
const MISSPELT: &[(&str, &str, &str)] = &[
    ("a subcommand", "genrate", "generate"),
    ("a subcommand of catalog", "catalog lnt", "lint"),
    ("a flag", "generate --regoin us", "--region"),
    ("a flag for all", "show rules --colour never", "--color"),
    ("a value of a flag", "diff rules rules --fail-on broadning", "broadening"),
    ("a format", "show rules --format jsn", "json"),
    ("a target", "generate --region us -t iptable", "iptables"),
    ("a target of a project", "generate --project target.yaml", "squid"),
    ("a region", "generate --region uss", "us"),
    ("a region of two catalogs", "catalog list --catalog castai --catalog github --region uss", "us"),
    ("a region of a comparison", "catalog diff castai castai --region uss", "us"),
    ("a region of a new project", "init --region uss --project new.yaml", "us"),
    ("a component", "generate --region us --component agnet", "agent"),
    ("a feature", "generate --region us --feature securty", "security"),
    ("a feature that is off", "generate --region us --no-feature securty", "security"),
    ("an endpoint", "generate --region us --without node-log", "node-logs"),
    ("an implied rule", "generate --region us --without implied/dsn", "implied/dns"),
    ("an endpoint that is shown", "catalog show --catalog castai node-log", "node-logs"),
    ("an endpoint with its catalog", "catalog show githb/registry", "github/registry"),
    ("a variable", "generate --region us --set dns_server=192.0.2.1", "dns_servers"),
    ("an option of a target", "generate --region us --set iptables.frm=ipset", "iptables.form"),
    ("a value of an option", "generate --region us --set squid.tls=splce", "splice"),
    ("an environment", "generate --project envs.yaml --env prod", "production"),
    ("a catalog", "generate --catalog githb", "github"),
    ("a key of a catalog", "generate --catalog catalog.yaml", "ports"),
    ("a word in a catalog", "generate --catalog word.yaml", "active"),
    ("a key of an overlay", "generate --region us --overlay overlay.yaml", "disable"),
    ("an endpoint in an overlay", "generate --region us --overlay endpoint.yaml", "node-logs"),
    ("a key of a project", "generate --project key.yaml", "region"),
    ("a feed", "catalog import asw --out a.yaml", "aws"),
    ("a source of a catalog", "catalog diff castai castai@githb-meta", "github-meta"),
    ("a code", "explain verify/mismach", "verify/mismatch"),
    ("a code without its group", "explain mismach", "verify/mismatch"),
    ("a model", "targets --model manifst", "manifest"),
    ("a page of the manual", "man genrate", "generate"),
    ("a shell", "completions bsh", "bash"),
    ("a scope that is compared", "diff rules rules --scope OUTPT", "filter/OUTPUT"),
    ("a scope that is mapped", "diff rules rules --map OUTPT=filter/OUTPUT", "filter/OUTPUT"),
    ("a scope that is asked", "check 192.0.2.1:443 rules --scope OUTPT", "filter/OUTPUT"),
    ("a host to look up", "lock --region us --only api.cast.aii", "api.cast.ai"),
    ("a rule file", "show rulse", "rules"),
    ("a rule file in a folder", "show folder/squid.cnf", "folder/squid.conf"),
    ("a folder of templates", "generate --region us --templates flder", "folder"),
    (
        "a folder of an artifact",
        "generate --region us --artifact-dir folder/mien",
        "folder/mine/artifact.yaml",
    ),
    ("a lockfile", "generate --region us --lock egresor.lock", "egressor.lock"),
    ("a project file", "generate --project env.yaml", "envs.yaml"),
    ("a catalog file", "generate --catalog ./word.yml", "./word.yaml"),
    ("a list of prefixes", "merge rulse", "rules"),
];

fn lay(folder: &Path) {
    let catalog =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors/catalog-word.case"));
    let catalog = catalog.expect("a case");
    let catalog = catalog
        .split_once("-- acme.yaml --\n")
        .expect("a catalog")
        .1
        .split("\n-- stderr")
        .next()
        .expect("a catalog");
    let sound = catalog.replace("actve", "active");
    let project =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors/project-target.case"));
    let project = project.expect("a case");
    let project = project
        .split_once("-- egressor.yaml --\n")
        .expect("a project")
        .1
        .split("\n-- stderr")
        .next()
        .expect("a project");
    let project = project.replace("[iptable]", "default");
    let overlay = "schema: egressor/overlay/v1\nextends: castai\noverride: none\nset: none\n";
    fs::create_dir_all(folder.join("folder/mine")).expect("a folder");
    for (name, text) in [
        ("rules", RULES.to_owned()),
        ("folder/squid.conf", SQUID.to_owned()),
        ("egressor.lock", "version = 1\n".to_owned()),
        ("word.yaml", catalog.to_owned()),
        ("catalog.yaml", sound.replace("    ports:", "    prots:")),
        ("overlay.yaml", format!("{overlay}disabel: none\n")),
        ("endpoint.yaml", format!("{overlay}disable: [node-log]\n")),
        ("target.yaml", project.replace("artifacts: default", "artifacts: [sqid]")),
        ("key.yaml", project.replace("region: us", "regoin: us")),
        ("envs.yaml", format!("{project}\nenv:\n  production: {{}}\n  staging: {{}}\n")),
    ] {
        fs::write(folder.join(name), text).expect("a file");
    }
}

#[test]
fn whatever_is_misspelt_the_word_that_is_meant_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    lay(folder.path());
    let mut wrong = Vec::new();
    for (kind, line, meant) in MISSPELT {
        let words: Vec<&str> = line.split(' ').collect();
        let run = egressor_in(folder.path(), &words);
        let said = run.stderr.lines().filter(|line| line.contains("did you mean") || line.contains("tip: "));
        let said: Vec<&str> = said.collect();
        let names = said
            .iter()
            .any(|line| line.contains(&format!("`{meant}`")) || line.contains(&format!("'{meant}'")));
        if run.code != 2 || !names {
            wrong.push(format!("{kind}: `{line}` ends with {} and says\n{}", run.code, run.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
