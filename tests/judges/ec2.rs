//! The AWS provider itself and an EC2 API as judges: what they print of one set of rules means one thing.

use crate::egressor_itself::{diff, equal, generate, lock, rows};
use crate::terraform::Terraform;
use crate::tools::{Server, free_port, home, must, python, write};
use crate::verdicts::Verdicts;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const JUDGE: &str = "AWS provider, EC2 API";

/// An EC2 API on the loopback, with a network in it.
#[derive(Debug)]
struct Api {
    home: PathBuf,
    endpoint: String,
    vpc: String,
    _server: Server,
}

impl Api {
    fn start(home: &Path) -> Self {
        let port = free_port();
        let mut moto = Command::new(home.join("clouds/bin/python3"));
        moto.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        let server = Server::listening(&mut moto, port);
        let mut api = Self {
            home: home.to_owned(),
            endpoint: format!("http://127.0.0.1:{port}"),
            vpc: String::new(),
            _server: server,
        };
        api.vpc = api.network();
        api
    }

    /// Lets a command reach this API and no other.
    fn reach(&self, command: &mut Command) {
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_PAGER", "")
            .env("NO_PROXY", "127.0.0.1");
    }

    /// Runs commands of `aws ec2`, and gives what each printed.
    fn aws<T: AsRef<str>>(&self, commands: &[Vec<T>]) -> Vec<String> {
        let words = |command: &Vec<T>| {
            ["ec2"]
                .into_iter()
                .chain(command.iter().map(AsRef::as_ref))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let commands: Vec<Vec<String>> = commands.iter().map(words).collect();
        let mut aws = python(&self.home, "clouds", "aws.py");
        self.reach(&mut aws);
        serde_json::from_str(&must(&mut aws, &serde_json::to_string(&commands).unwrap())).unwrap()
    }

    /// Makes a network, and gives its id.
    fn network(&self) -> String {
        let command = ["create-vpc", "--cidr-block=10.0.0.0/16", "--query=Vpc.VpcId", "--output=text"];
        self.aws(&[command.to_vec()]).concat().trim().to_owned()
    }

    /// Carries out some changes, then asks for groups in both ways that there are, and for the entries of prefix lists.
    fn describe(&self, folder: &Path, changes: &[Vec<String>], groups: &[&str], lists: &[&str]) -> Described {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let filter = format!("--filters=Name=group-id,Values={}", groups.join(","));
        let mut commands = changes.to_vec();
        commands.push(words(&[&["describe-security-groups", "--group-ids"], groups].concat()));
        commands.push(words(&["describe-security-group-rules", &filter]));
        let entries =
            lists.iter().map(|list| words(&["get-managed-prefix-list-entries", "--prefix-list-id", list]));
        commands.extend(entries);
        let printed = self.aws(&commands);
        let printed = &printed[changes.len()..];
        let entries = lists.iter().zip(&printed[2..]);
        Described {
            groups: write(folder, "groups.json", &printed[0]),
            rules: write(folder, "rules.json", &printed[1]),
            entries: entries.map(|(list, text)| write(folder, &format!("{list}.json"), text)).collect(),
        }
    }
}

/// What the command line printed.
struct Described {
    groups: PathBuf,
    rules: PathBuf,
    entries: Vec<PathBuf>,
}

impl Described {
    fn by_group(&self) -> Vec<&Path> {
        [&self.groups].into_iter().chain(&self.entries).map(PathBuf::as_path).collect()
    }

    fn by_rule(&self) -> Vec<&Path> {
        [&self.rules].into_iter().chain(&self.entries).map(PathBuf::as_path).collect()
    }
}

/// The ids of the groups of a state by their names.
fn ids(state: &Path) -> impl Fn(&str) -> String {
    let state: Value = serde_json::from_str(&fs::read_to_string(state).unwrap()).unwrap();
    move |name| {
        let resources = state["resources"].as_array().unwrap();
        let found = resources.iter().find(|resource| resource["name"] == name).unwrap();
        found["instances"][0]["attributes"]["id"].as_str().unwrap().to_owned()
    }
}

/// Ids that changes are about, and the rules as they were listed before.
struct Known<'a> {
    inline: &'a str,
    apart: &'a str,
    peer: &'a str,
    list: &'a str,
    rules: &'a Path,
}

/// What somebody changes by hand, and what that adds to the traffic and removes from it.
#[derive(Default)]
struct Step {
    commands: Vec<Vec<String>>,
    added: Vec<String>,
    removed: Vec<String>,
}

fn changes(known: &Known<'_>) -> [Step; 5] {
    let rules: Value = serde_json::from_str(&fs::read_to_string(known.rules).unwrap()).unwrap();
    let rules = rules["SecurityGroupRules"].as_array().unwrap();
    let dns =
        rules.iter().find(|rule| rule["FromPort"] == 53).unwrap()["SecurityGroupRuleId"].as_str().unwrap();
    let egress = |verb: &str, permission: &str| {
        let verb = format!("{verb}-security-group-egress");
        [&verb, "--group-id", known.inline, "--ip-permissions", permission].map(str::to_owned).to_vec()
    };
    let words = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (list, apart, peer) = (known.list, known.apart, known.peer);
    let everything = "IpProtocol=-1,IpRanges=[{CidrIp=203.0.113.7/32}]";
    let icmp = "IpProtocol=icmp,FromPort=3,ToPort=4,IpRanges=[{CidrIp=203.0.113.7/32}]";
    let web = "IpProtocol=tcp,FromPort=8443,ToPort=8443,IpRanges=[{CidrIp=192.0.2.77/32}]";
    let directory = "IpProtocol=tcp,FromPort=389,ToPort=389,IpRanges=[{CidrIp=192.0.2.11/32}]";
    let entry = "modify-managed-prefix-list --add-entries Cidr=100.64.0.0/10 --current-version 1";
    [
        Step {
            commands: vec![egress("authorize", web)],
            added: vec!["egress tcp/8443 192.0.2.77/32".to_owned()],
            ..Step::default()
        },
        Step {
            commands: vec![egress("revoke", directory)],
            removed: vec!["egress tcp/389 192.0.2.11/32".to_owned()],
            ..Step::default()
        },
        // There and back again.
        Step {
            commands: vec![
                egress("revoke", everything),
                egress("authorize", icmp),
                egress("revoke", icmp),
                egress("authorize", everything),
            ],
            ..Step::default()
        },
        Step {
            commands: vec![words(format!("{entry} --prefix-list-id {list}"))],
            added: ["egress tcp/636 100.64.0.0/10", "egress tcp/636-640 100.64.0.0/10"]
                .map(str::to_owned)
                .to_vec(),
            ..Step::default()
        },
        Step {
            commands: vec![words(format!(
                "revoke-security-group-ingress --group-id {apart} --security-group-rule-ids {dns}"
            ))],
            removed: vec![format!("ingress udp/53 {peer}")],
            ..Step::default()
        },
    ]
}

#[test]
fn a_module_its_plans_its_state_and_the_api_s_answers_mean_the_same() {
    let Some(home) = home(JUDGE, 17) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "module");
    let api = Api::start(&home);
    let kept = tempfile::tempdir().unwrap();
    let folder = kept.path();
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges/ec2/main.tf");
    let main = write(folder, "main.tf", &fs::read_to_string(module).unwrap());
    let terraform = Terraform::with_providers(&home);
    let variables = [format!("-var=endpoint={}", api.endpoint), format!("-var=vpc={}", api.vpc)];
    let variables: Vec<&str> = variables.iter().map(String::as_str).collect();
    let mut agree = |what: &str, result: Result<(), String>| {
        verdicts.case(result.is_ok(), || format!("{what}: {}", result.unwrap_err()));
    };

    terraform.must(folder, &["fmt", "-check", "-diff", "main.tf"]);
    let (plan, _) = terraform.plan(folder, &variables).unwrap();
    let created = write(folder, "create.json", &fs::read_to_string(plan).unwrap());
    // What is known only after it is applied may be anything; nothing else may differ.
    let (_, report) = diff(&[&main], &[&created], &[]);
    let sure = [rows(&report, "added"), rows(&report, "removed")].concat();
    agree(
        "module and its plan",
        if sure.is_empty() && report["scopes"].is_array() { Ok(()) } else { Err(format!("{sure:?}")) },
    );
    terraform.must(folder, &["apply", "-no-color", "plan.bin"]);
    let state = folder.join("terraform.tfstate");
    let shown = write(folder, "show.json", &terraform.must(folder, &["show", "-json"]));
    let (settled, again) = terraform.plan(folder, &variables).unwrap();
    let quiet = again["resource_changes"].as_array().unwrap();
    let quiet = quiet.iter().all(|change| change["change"]["actions"] == serde_json::json!(["no-op"]));
    agree("a second plan", if quiet { Ok(()) } else { Err(format!("changes\n{again}")) });
    let id = ids(&state);
    let (inline, apart, peer) = (id("inline"), id("apart"), id("peer"));
    let (list, six) = (id("directory"), id("list_of_six"));
    let (groups, lists) = ([&*inline, &*apart, &*peer], [&*list, &*six]);
    let described = api.describe(&folder.join("before"), &[], &groups, &lists);
    agree("groups and rules", equal(&described.by_group(), &described.by_rule(), &[]));
    agree("groups and state", equal(&described.by_group(), &[&state], &[]));
    agree("rules and state", equal(&described.by_rule(), &[&state], &[]));
    agree("state and its JSON", equal(&[&state], &[&shown], &[]));
    agree("state and a plan without changes", equal(&[&state], &[&settled], &[]));

    let steps =
        changes(&Known { inline: &inline, apart: &apart, peer: &peer, list: &list, rules: &described.rules });
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for (number, step) in steps.into_iter().enumerate() {
        added.extend(step.added);
        removed.extend(step.removed);
        added.sort();
        removed.sort();
        let now = api.describe(&folder.join(format!("after-{number}")), &step.commands, &groups, &lists);
        for side in [now.by_group(), now.by_rule()] {
            let (ran, report) = diff(&[&state], &side, &[]);
            let same =
                rows(&report, "added") == added && rows(&report, "removed") == removed && ran.code == 1;
            verdicts.case(same, || format!("change {number}: {added:?} {removed:?}\n{}{}", ran.out, ran.err));
        }
    }
    verdicts.close();
}

#[test]
fn what_is_generated_means_the_same_once_the_api_has_it() {
    let Some(home) = home(JUDGE, 10) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "generated");
    let api = Api::start(&home);
    let kept = tempfile::tempdir().unwrap();
    for (region, selection) in [("us", &["--region=us"][..]), ("eu", &["--region=eu"])] {
        let folder = kept.path().join(region);
        generate("aws-security-group", &lock(), selection, &folder);
        let ours = folder.join("aws-security-group.tf");
        let terraform = Terraform::with_schemas(&home);
        let (plan, _) = terraform.plan(&folder, &["-var=security_group_id=sg-0001"]).unwrap();
        let mut authorize = python(&home, "clouds", "authorize.py");
        api.reach(authorize.arg(plan).arg(api.network()));
        let group = must(&mut authorize, "").trim().to_owned();
        let described = api.describe(&folder.join("described"), &[], &[&group], &[]);
        for side in [described.by_group(), described.by_rule()] {
            let same = equal(&[&ours], &side, &[]);
            verdicts.case(same.is_ok(), || same.unwrap_err());
        }
        let more = "IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=198.51.100.1/32}]";
        let words = ["authorize-security-group-egress", "--group-id", &group, "--ip-permissions", more];
        let by_hand = [words.map(str::to_owned).to_vec()];
        let after = api.describe(&folder.join("changed"), &by_hand, &[&group], &[]);
        let (_, report) = diff(&[&ours], &after.by_group(), &[]);
        let found = (rows(&report, "added"), rows(&report, "removed"));
        let expected = (vec!["egress tcp/22 198.51.100.1/32".to_owned()], vec![]);
        verdicts.case(found == expected, || format!("{found:?}"));

        // The same as JSON, which the command line checks and hands over as it is.
        let folder = kept.path().join(format!("{region}-json"));
        let form = [selection, &["--set", "aws.form=ip-permissions"]].concat();
        generate("aws-security-group", &lock(), &form, &folder);
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let vpc = api.network();
        let make = format!(
            "create-security-group --group-name={region} --description=json --vpc-id={vpc} --query=GroupId"
        );
        let group = api.aws(&[words(&make)]).concat().trim().trim_matches('"').to_owned();
        let everything = "IpProtocol=-1,IpRanges=[{CidrIp=0.0.0.0/0}]";
        let mut commands = vec![words(&format!(
            "revoke-security-group-egress --group-id={group} --ip-permissions {everything}"
        ))];
        let files =
            ["egress", "ingress"].map(|way| (way, folder.join(format!("aws-security-group.{way}.json"))));
        for (way, file) in &files {
            let file = file.display();
            commands.push(words(&format!(
                "authorize-security-group-{way} --group-id={group} --ip-permissions file://{file}"
            )));
        }
        let described = api.describe(&folder.join("described"), &commands, &[&group], &[]);
        let ours: Vec<&Path> = files.iter().map(|(_, file)| file.as_path()).collect();
        for side in [described.by_group(), described.by_rule()] {
            let same = equal(&ours, &side, &[]);
            verdicts.case(same.is_ok(), || same.unwrap_err());
        }
    }
    verdicts.close();
}
