//! Terraform as the judge of its targets, with the schemas of today's providers.
//!
//! It says whether a file is formatted, valid and can be planned, and the plan says what the file means.

use crate::egressor_itself::{equal, generate, lock};
use crate::tools::{Ran, Server, home, must, python, run, write};
use crate::verdicts::Verdicts;
use crate::{hostile, policies};
use egressor::ops::prove;
use egressor::policy::{Need, Policy, Rule};
use egressor::render::Renderer;
use egressor::targets::{Options, Target, Wanted, find};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const JUDGE: &str = "Terraform";
/// The targets that Terraform reads, and the variables that their modules ask for.
const TARGETS: [(&str, &[&str]); 7] = [
    ("aws-security-group", &["-var=security_group_id=sg-0001"]),
    ("gcp-firewall", &["-var=network=default", "-var=target_tags=[\"agents\"]"]),
    ("azure-nsg", &["-var=resource_group_name=rg", "-var=location=westeurope"]),
    ("aws-network-firewall", &[]),
    (
        "gcp-network-policy",
        &["-var=network=default", "-var=target_service_accounts=[\"agents@example.com\"]"],
    ),
    (
        "azure-firewall",
        &["-var=firewall_policy_id=/policies/hub", "-var=resource_group_name=rg", "-var=location=westeurope"],
    ),
    ("aws-prefix-list", &[]),
];

/// Terraform, and the providers that it asks.
#[derive(Debug)]
pub(crate) struct Terraform {
    home: PathBuf,
    /// The providers that have only schemas, and how they are reached.
    schemas: Option<(Server, String)>,
}

impl Terraform {
    /// With providers that have the schemas of the newest ones and no cloud.
    pub(crate) fn with_schemas(home: &Path) -> Self {
        let mut provider = python(home, "terraform", "provider.py");
        for cloud in ["aws", "google", "azurerm"] {
            provider.arg(home.join("schemas").join(cloud).with_extension("json"));
        }
        Self { home: home.to_owned(), schemas: Some(Server::announced(&mut provider)) }
    }

    /// With the providers that are installed, which ask a cloud.
    pub(crate) fn with_providers(home: &Path) -> Self {
        Self { home: home.to_owned(), schemas: None }
    }

    /// A command of Terraform in a folder.
    pub(crate) fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = python(&self.home, "terraform", "terraform.py");
        command.args(arguments).current_dir(folder).env("CHECKPOINT_DISABLE", "1");
        command.env("TF_CLI_CONFIG_FILE", folder.join("terraformrc")).env("TF_IN_AUTOMATION", "1");
        // A mirror in the file system is all there is to install from.
        let mirror = format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
            self.home.join("providers").display().to_string()
        );
        write(folder, "terraformrc", &mirror);
        if let Some((_, reattach)) = &self.schemas {
            command.env("TF_REATTACH_PROVIDERS", reattach);
        }
        command
    }

    /// Runs a command that must succeed.
    pub(crate) fn must(&self, folder: &Path, arguments: &[&str]) -> String {
        must(&mut self.command(folder, arguments), "")
    }

    /// Runs a command.
    pub(crate) fn run(&self, folder: &Path, arguments: &[&str]) -> Ran {
        run(&mut self.command(folder, arguments), "")
    }

    /// Plans what a folder says, and writes the plan as JSON beside it.
    pub(crate) fn plan(&self, folder: &Path, variables: &[&str]) -> Result<(PathBuf, Value), String> {
        let options = ["plan", "-no-color", "-input=false", "-out=plan.bin"];
        for arguments in [
            &["init", "-no-color", "-input=false"],
            &["validate", "-no-color"][..],
            &[&options, variables].concat(),
        ] {
            let ran = self.run(folder, arguments);
            if ran.code != 0 {
                return Err(format!("{arguments:?}: {}\n{}", ran.out, ran.err));
            }
        }
        let text = self.must(folder, &["show", "-json", "plan.bin"]);
        let plan = serde_json::from_str(&text).unwrap();
        Ok((write(folder, "plan.json", &text), plan))
    }
}

/// Lays one module before Terraform: it must be formatted, valid and planned, and the plan must mean what the file does.
fn judge(verdicts: &mut Verdicts, terraform: &Terraform, folder: &Path, file: &Path, variables: &[&str]) {
    let name = file.display().to_string();
    let formatted = terraform.run(folder, &["fmt", "-check", "-diff", &name]);
    verdicts
        .case(formatted.code == 0, || format!("{name} is not formatted\n{}{}", formatted.out, formatted.err));
    // A file declares the variables that it has a use for.
    let text = fs::read_to_string(file).unwrap();
    let declared = |given: &&&str| {
        let name = given.trim_start_matches("-var=").split('=').next().unwrap();
        text.contains(&format!("\nvariable \"{name}\""))
    };
    let variables: Vec<&str> = variables.iter().filter(declared).copied().collect();
    match terraform.plan(folder, &variables) {
        Ok((plan, planned)) => {
            let refused = refused_by_google(&planned);
            verdicts.case(refused.is_none(), || format!("{name}: {}", refused.unwrap_or_default()));
            let same = if has_rules(file) {
                equal(&[file], &[&plan], &[])
            } else {
                // A module without a rule is planned as nothing, in which nobody could tell whose rules are meant.
                let planned = actions(&planned);
                if planned.is_empty() { Ok(()) } else { Err(format!("{planned:?}")) }
            };
            verdicts.case(same.is_ok(), || {
                format!("{}\n{}", same.unwrap_err(), fs::read_to_string(file).unwrap())
            });
        }
        Err(why) => verdicts.case(false, || format!("{why}\n{}", fs::read_to_string(file).unwrap())),
    }
}

/// Reports whether a file asks for anything.
fn has_rules(file: &Path) -> bool {
    fs::read_to_string(file).unwrap().contains("\nresource \"")
}

/// The first firewall rule of a plan that the cloud would refuse, which no schema knows: "for INGRESS traffic, one of
/// `source_ranges`, `source_tags` or `source_service_accounts` is required", and a rule about EGRESS has no source tags
/// (<https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/compute_firewall>).
fn refused_by_google(plan: &Value) -> Option<String> {
    let resources = plan["planned_values"]["root_module"]["resources"].as_array()?;
    let rules = resources.iter().filter(|resource| resource["type"] == "google_compute_firewall");
    rules.map(|rule| &rule["values"]).find_map(|values| {
        let says = |key: &str| values[key].as_array().is_some_and(|list| !list.is_empty());
        let fits = match values["direction"].as_str() {
            None | Some("INGRESS") => {
                ["source_ranges", "source_tags", "source_service_accounts"].into_iter().any(says)
            }
            Some("EGRESS") => !says("source_tags") && !says("source_service_accounts"),
            Some(_) => false,
        };
        (!fits).then(|| format!("Google refuses {values}"))
    })
}

#[test]
fn a_direction_that_its_addresses_do_not_fit_is_refused() {
    let refused = |direction: &str, key: &str| {
        let values = serde_json::json!({"direction": direction, key: ["192.0.2.0/24"]});
        let rule = serde_json::json!({"type": "google_compute_firewall", "values": values});
        refused_by_google(&serde_json::json!({"planned_values": {"root_module": {"resources": [rule]}}}))
    };
    assert!(refused("INGRESS", "destination_ranges").is_some() && refused("EGRESS", "source_tags").is_some());
    assert!(
        refused("INGRESS", "source_ranges").is_none() && refused("EGRESS", "destination_ranges").is_none()
    );
}

#[test]
fn the_whole_catalog_is_formatted_valid_and_planned_as_it_reads() {
    let Some(home) = home(JUDGE, 56) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "catalog");
    let terraform = Terraform::with_schemas(&home);
    let folder = tempfile::tempdir().unwrap();
    for (region, selection) in [
        ("us", &["--region=us"][..]),
        ("eu", &["--region=eu"]),
        ("all", &["--all-regions", "--include-superseded"]),
    ] {
        for (target, variables) in TARGETS {
            let folder = folder.path().join(format!("{target}-{region}"));
            generate(target, &lock(), selection, &folder);
            judge(&mut verdicts, &terraform, &folder, &folder.join(format!("{target}.tf")), variables);
        }
    }
    // The inputs of a module are judged by a module that has them, with the types of the real one.
    let folder = folder.path().join("gke");
    generate("gke-module", &lock(), &["--region=us"], &folder);
    let formatted = terraform.run(&folder, &["fmt", "-check", "-diff", "gke-module.tfvars"]);
    verdicts.case(formatted.code == 0, || format!("{}{}", formatted.out, formatted.err));
    write(
        &folder,
        "main.tf",
        "variable \"add_master_webhook_firewall_rules\" {\n  type = bool\n}\n\nvariable \"firewall_inbound_ports\" {\n  \
         type = list(string)\n}\n\noutput \"ports\" {\n  value = var.add_master_webhook_firewall_rules ? \
         var.firewall_inbound_ports : []\n}\n",
    );
    let planned = terraform.plan(&folder, &["-var-file=gke-module.tfvars"]);
    let ports = planned.map(|(_, plan)| plan["planned_values"]["outputs"]["ports"]["value"].to_string());
    verdicts.case(ports == Ok("[\"8443\",\"9443\",\"15017\"]".to_owned()), || format!("{ports:?}"));
    verdicts.close();
}

/// What a target writes for a policy.
pub(crate) fn written(target: &dyn Target, policy: &Policy, banner: &[String]) -> Option<String> {
    written_with(target, policy, banner, &[]).into_iter().next()
}

/// The same with settings, and all of the files.
pub(crate) fn written_with(
    target: &dyn Target,
    policy: &Policy,
    banner: &[String],
    settings: &[(&str, &str)],
) -> Vec<String> {
    // Any number of rules may be written, as no API counts them here.
    let settings = settings.iter().chain(&[("aws.max_rules", "1000")]);
    let given: BTreeMap<String, String> =
        settings.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let options = Options::new(target.options(), &given);
    let needs: BTreeSet<Need> = target.needs().iter().copied().collect();
    let wanted = Wanted { policy, needs: &needs, options: &options };
    let renderer = Renderer::new(target.templates().iter().copied()).unwrap();
    let proven = prove(target, &wanted, &renderer, |_| banner.to_vec());
    proven.files.into_iter().map(|file| file.text).collect()
}

/// A policy with a rule for each hostile text, and random ones.
pub(crate) fn some_policies(target: &dyn Target, texts: &[String], random: usize) -> Vec<Policy> {
    let speech = target.speech();
    let rule =
        |(port, text): (u16, &String)| -> Rule { policies::tcp(speech, port, &policies::justified(text)) };
    let hostile: Vec<Rule> = (1..).zip(texts).map(rule).collect();
    let mut wanted = vec![policies::policy_of(speech, &hostile)];
    let mut runner = TestRunner::deterministic();
    let strategy = policies::policies(speech);
    wanted.extend((0..random * 4).map(|_| strategy.new_tree(&mut runner).unwrap().current()));
    wanted
}

/// Texts that try to break out of where they stand.
pub(crate) fn hostile_texts() -> Vec<String> {
    hostile::HOSTILE.iter().map(|text| (*text).to_owned()).chain(hostile::long()).collect()
}

#[test]
fn no_policy_and_no_string_makes_a_file_that_terraform_reads_otherwise() {
    const RANDOM: usize = 8;
    let Some(home) = home(JUDGE, 3 * TARGETS.len() * (RANDOM + 1)) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "generated");
    let terraform = Terraform::with_schemas(&home);
    let folder = tempfile::tempdir().unwrap();
    let texts = hostile_texts();
    for (name, variables) in TARGETS {
        let target = find(name).unwrap();
        let wanted = some_policies(target, &texts, RANDOM);
        // Some policies need no file: they allow nothing, or nothing that the target can say.
        let files: Vec<String> =
            wanted.iter().filter_map(|policy| written(target, policy, &texts)).take(RANDOM + 1).collect();
        assert_eq!(files.len(), RANDOM + 1);
        for (number, text) in files.iter().enumerate() {
            let folder = folder.path().join(format!("{name}-{number}"));
            let file = write(&folder, &format!("{name}.tf"), text);
            judge(&mut verdicts, &terraform, &folder, &file, variables);
        }
    }
    verdicts.close();
}

/// The actions of a plan that are not `no-op`, with the resource.
fn actions(plan: &Value) -> Vec<String> {
    let changes = plan["resource_changes"].as_array().into_iter().flatten();
    let told =
        changes.map(|change| (change["change"]["actions"].to_string(), change["address"].as_str().unwrap()));
    told.filter(|(actions, _)| actions != "[\"no-op\"]")
        .map(|(actions, address)| format!("{actions} {}", address.split('.').next().unwrap()))
        .collect()
}

#[test]
fn one_more_address_in_the_lock_is_one_addition() {
    let Some(home) = home(JUDGE, 15) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "addition");
    let terraform = Terraform::with_schemas(&home);
    let folder = tempfile::tempdir().unwrap();
    let grown = |name: &str, last: &[u8]| {
        let before = fs::read_to_string(lock()).unwrap();
        let host = "name = \"castai.github.io\"\naddresses = [\n";
        assert!(before.contains(host));
        let line = |last: &u8| {
            format!(
                "    {{ address = \"185.199.112.{last}\", first_seen = \"2026-01-01T00:00:00Z\", last_seen = \
                 \"2026-01-01T00:00:00Z\", published = \"https://api.github.com/meta#pages\" }},\n"
            )
        };
        let more = last.iter().map(line).collect::<Vec<_>>().concat();
        write(folder.path(), name, &before.replace(host, &format!("{host}{more}")))
    };
    let (one, two) = (grown("one.lock", &[153]), grown("two.lock", &[153, 155]));
    // The first address is of one endpoint only, unlike those beside it. Google's rule for that endpoint takes the second
    // one in, where it is.
    let [(aws, of_aws), (gcp, of_gcp), ..] = TARGETS;
    for (target, form, variables, expected) in [
        (aws, "aws.form=rules", of_aws, ["[\"create\"] aws_vpc_security_group_egress_rule"; 2]),
        (aws, "aws.form=prefix-lists", of_aws, ["[\"create\"] aws_ec2_managed_prefix_list_entry"; 2]),
        (
            gcp,
            "gcp.priority=1000",
            of_gcp,
            ["[\"create\"] google_compute_firewall", "[\"update\"] google_compute_firewall"],
        ),
    ] {
        let folder = folder.path().join(form);
        for (lock, expected) in
            [(lock(), None), (one.clone(), Some(expected[0])), (two.clone(), Some(expected[1]))]
        {
            generate(target, &lock, &["--region=us", "--set", form], &folder);
            let (_, grown) = terraform.plan(&folder, variables).unwrap();
            if let Some(expected) = expected {
                verdicts.case(actions(&grown) == [expected], || format!("{target}: {:?}", actions(&grown)));
            }
            terraform.must(&folder, &["apply", "-no-color", "plan.bin"]);
            let (_, same) = terraform.plan(&folder, variables).unwrap();
            verdicts.case(actions(&same).is_empty(), || format!("{target}, unchanged: {:?}", actions(&same)));
        }
    }
    verdicts.close();
}

#[test]
fn prefix_lists_mean_what_the_module_says_once_they_have_ids() {
    const RANDOM: usize = 2;
    let Some(home) = home(JUDGE, 4 * (RANDOM + 3)) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "prefix lists");
    let terraform = Terraform::with_schemas(&home);
    let kept = tempfile::tempdir().unwrap();
    let target = find("aws-security-group").unwrap();
    let variables = TARGETS[0].1;
    let form = ("aws.form", "prefix-lists");
    let mut files = Vec::new();
    for (region, more) in [("us", "--region=us"), ("all", "--all-regions")] {
        let folder = kept.path().join(region);
        let settings = ["--set", "aws.form=prefix-lists", "--set", "aws.max_rules=200", more];
        generate(target.name(), &lock(), &settings, &folder);
        files.push(folder.join("aws-security-group.tf"));
    }
    let texts = hostile_texts();
    let wanted = some_policies(target, &texts, RANDOM);
    let random = wanted.iter().flat_map(|policy| written_with(target, policy, &texts, &[form]));
    for (number, text) in random.take(RANDOM + 1).enumerate() {
        files.push(write(&kept.path().join(number.to_string()), "aws-security-group.tf", &text));
    }
    for file in &files {
        let folder = file.parent().unwrap();
        let text = || fs::read_to_string(file).unwrap();
        let formatted = terraform.run(folder, &["fmt", "-check", "-diff", "aws-security-group.tf"]);
        verdicts.case(formatted.code == 0, || format!("{}{}", formatted.out, formatted.err));
        // The ids of lists are known only once they are there.
        let planned = terraform.plan(folder, variables);
        verdicts.case(planned.is_ok(), || format!("{:?}\n{}", planned.as_ref().err(), text()));
        if planned.is_err() {
            continue;
        }
        terraform.must(folder, &["apply", "-no-color", "plan.bin"]);
        let state = write(folder, "state.json", &terraform.must(folder, &["show", "-json"]));
        for state in [state, folder.join("terraform.tfstate")].iter().filter(|_| has_rules(file)) {
            let same = equal(&[file], &[state], &[]);
            verdicts.case(same.is_ok(), || format!("{}\n{}", same.unwrap_err(), text()));
        }
    }
    verdicts.close();
}

/// Tests in Terraform's own words, which it runs over the modules.
const TESTS: [(&str, &str, &str); 4] = [
    ("aws-security-group", "aws.form=rules", include_str!("terraform/rules.tftest.hcl")),
    ("aws-security-group", "aws.form=prefix-lists", include_str!("terraform/prefix-lists.tftest.hcl")),
    ("gcp-firewall", "gcp.priority=1000", include_str!("terraform/firewall.tftest.hcl")),
    ("aws-prefix-list", "aws-prefix-list.headroom=2", include_str!("terraform/list.tftest.hcl")),
];

#[test]
fn the_modules_pass_tests_in_terraform_s_own_words() {
    let Some(home) = home(JUDGE, TESTS.len()) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "own words");
    let terraform = Terraform::with_schemas(&home);
    let kept = tempfile::tempdir().unwrap();
    for (target, form, tests) in TESTS {
        let folder = kept.path().join(form);
        generate(target, &lock(), &["--region=us", "--set", form], &folder);
        write(&folder, "module.tftest.hcl", tests);
        terraform.must(&folder, &["init", "-no-color", "-input=false"]);
        let ran = terraform.run(&folder, &["test", "-no-color"]);
        let passed = ran.code == 0 && ran.out.contains(" passed, 0 failed");
        verdicts.case(passed, || format!("{form}\n{}{}", ran.out, ran.err));
    }
    verdicts.close();
}

#[test]
fn terraform_refuses_what_the_providers_do_not_have() {
    let Some(home) = home(JUDGE, 6) else { return };
    let terraform = Terraform::with_schemas(&home);
    let folder = tempfile::tempdir().unwrap();
    let damages = [
        ("aws-security-group", "ip_protocol ", "protocol "),
        ("aws-security-group", "egress_rule\"", "egress_rules\""),
        ("aws-security-group", "  security_group_id = var.security_group_id\n", ""),
        ("gcp-firewall", "allow {", "allows {"),
        ("gcp-firewall", "ports    = [\"443\"]", "ports    = 443"),
        ("gcp-firewall", "protocol =", "ip_protocol ="),
    ];
    for (number, (target, old, new)) in damages.into_iter().enumerate() {
        let folder = folder.path().join(number.to_string());
        generate(target, &lock(), &["--region=us"], &folder);
        let path = folder.join(format!("{target}.tf"));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{old}");
        fs::write(&path, text.replacen(old, new, 1)).unwrap();
        let variables = TARGETS.iter().find(|(name, _)| *name == target).unwrap().1;
        assert!(terraform.plan(&folder, variables).is_err(), "{old} became {new}");
    }
}
