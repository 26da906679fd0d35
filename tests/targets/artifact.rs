//! The laws for artifacts of the user's own: what is written means the policy less the loss, hostile strings change
//! nothing, and the model is the one that its schema describes.

use super::common::hostile::{HOSTILE, long};
use super::common::policies::{allow, justified, plain, policies, policy_of, tcp};
use egressor::artifact::{Artifact, Laid, model_schema};
use egressor::diag::Source;
use egressor::drift::verify;
use egressor::packet::{Constraint, Limit, PacketSet, PortRange, Protocol, Set, TransportSet};
use egressor::policy::{Justification, Policy, Scope};
use egressor::targets::{Imported, PeerKind, Scoping, Speech};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::sync::Arc;

/// An artifact of a manifest and one template.
fn artifact(manifest: &str, template: &str) -> Artifact {
    let source = |name: &str, text: &str| Arc::new(Source::new(name, text));
    let templates = vec![("own.tera".to_owned(), source("own.tera", template))];
    Artifact::load(&source("artifact.yaml", manifest), templates).expect("it loads")
}

fn manifest(peers: &str, value: &str, more: &str) -> String {
    format!(
        "schema: egressor/artifact/v1\nname: own\nsummary: One of mine\npeers: {peers}\ncomment: \"#\"\nvalue: {value}\n\
         files: [{{path: own.conf, template: own.tera}}]\n{more}\n"
    )
}

const LIST: &str =
    "reader: list\nlist: {entry: \"allow {peer};\", closing: \"deny all;\", services: [443/tcp]}";
const LIST_TEMPLATE: &str = "{% for entry in entries -%}
{{ entry.why | comment }}
allow {{ entry.peer | value }}; {{ entry.why | comment }}
{% endfor -%}
deny all;
";

fn text(artifact: &Artifact, laid: &Laid, banner: &[String]) -> Result<String, String> {
    let files = artifact.render(&laid.model, banner).map_err(|error| error.to_string())?;
    Ok(files.into_iter().map(|(_, text)| text).collect())
}

fn read(artifact: &Artifact, text: &str) -> Imported {
    artifact.importer().expect("a reader").import(&[Arc::new(Source::new("own.conf", text))])
}

/// What a policy means less the declared loss, and what was read, must be the same.
fn proven(artifact: &Artifact, policy: &Policy, laid: &Laid, imported: &Imported) {
    assert!(imported.findings.is_empty(), "{:?}", imported.findings);
    let loss = |scope: &Scope| {
        let of_scope = laid.losses.iter().filter(|loss| loss.scope == *scope);
        let missing: Vec<PacketSet> = of_scope.map(|loss| loss.missing.clone()).collect();
        (PacketSet::default(), PacketSet::union_all(&missing))
    };
    let mismatches = verify(policy, &imported.policy, loss, Limit::default()).expect("it is small");
    assert!(mismatches.is_empty(), "{} {mismatches:#?}", artifact.name());
    assert!(laid.losses.is_empty() || !laid.findings.is_empty(), "a loss that nobody is told of");
    for loss in &laid.losses {
        assert!(loss.excess.is_empty(), "a list is never wider than what was asked");
    }
}

#[test]
fn a_list_means_the_policy_less_what_it_declares() {
    for peers in ["addresses", "names"] {
        let artifact = artifact(&manifest(peers, "word", LIST), LIST_TEMPLATE);
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) };
        let outcome = TestRunner::new(config).run(&policies(artifact.speech()), |policy| {
            let laid = artifact.lay(&policy);
            let text = text(&artifact, &laid, &["a banner".to_owned()]).expect("it renders");
            proven(&artifact, &policy, &laid, &read(&artifact, &text));
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{peers}: {error}"));
    }
}

#[test]
fn a_list_holds_a_peer_only_when_it_is_reached_at_all_services() {
    let more = LIST.replace("[443/tcp]", "[443/tcp, 8443/tcp]");
    let artifact = artifact(&manifest("addresses", "word", &more), LIST_TEMPLATE);
    let speech = artifact.speech();
    let one = artifact.lay(&policy_of(speech, &[tcp(speech, 443, &plain("api"))]));
    assert_eq!(one.model["entries"].as_array().map(Vec::len), Some(0));
    assert_eq!(one.losses.len(), 1, "{:?}", one.findings);
    let both = [tcp(speech, 443, &plain("api")), tcp(speech, 8443, &plain("more"))];
    let both = artifact.lay(&policy_of(speech, &both));
    assert_eq!(both.model["entries"].as_array().map(Vec::len), Some(1));
    assert!(both.losses.is_empty());
    let why = both.model["entries"][0]["why"].as_str().expect("a reason");
    assert!(why.contains("catalog/api") && why.contains("catalog/more"), "{why}");
}

/// A justification with the text in every field.
fn policy_with(speech: Speech, text: &str) -> Policy {
    let port = TransportSet::port(Protocol::TCP, PortRange::single(443));
    let base = tcp(speech, 443, &justified(text));
    let peer = base.matches.peer.clone();
    let transport = Constraint::only(port).expect("a port");
    let alone = Justification { purpose: text.to_owned(), ..plain("middle") };
    policy_of(speech, &[base, allow(peer, transport, &alone)])
}

#[test]
fn no_hostile_string_changes_what_a_list_means() {
    for peers in ["addresses", "names"] {
        let artifact = artifact(&manifest(peers, "word", LIST), LIST_TEMPLATE);
        let all = HOSTILE.iter().map(|text| (*text).to_owned()).chain(long());
        for hostile in all {
            let policy = policy_with(artifact.speech(), &hostile);
            let laid = artifact.lay(&policy);
            let text = text(&artifact, &laid, &[hostile.clone(), "innocent".to_owned()]).expect("it renders");
            proven(&artifact, &policy, &laid, &read(&artifact, &text));
            assert_eq!(
                text.lines().filter(|line| line.starts_with("allow ")).count(),
                1,
                "{hostile:?}\n{text}"
            );
            for line in text.lines() {
                let plain = ["#", "allow ", "deny all;"].iter().any(|start| line.starts_with(start));
                assert!(plain, "{hostile:?} is a line of its own: {line:?}");
            }
            let hidden = text.chars().find(|char| char.is_control() && *char != '\n');
            assert_eq!(hidden, None, "{hostile:?}");
        }
    }
}

/// A template that forgets its filters: what it prints means itself, or nothing is written.
#[test]
fn a_string_without_a_filter_is_refused_or_is_one_plain_word() {
    let template =
        "{% for scope in scopes %}{% for rule in scope.rules %}<{{ rule.purpose }}>{% endfor %}{% endfor %}";
    let artifact = artifact(&manifest("addresses", "word", "reader: none"), template);
    let mut refused = 0;
    for hostile in HOSTILE {
        let laid = artifact.lay(&policy_with(artifact.speech(), hostile));
        let Ok(text) = text(&artifact, &laid, &[]) else {
            refused += 1;
            continue;
        };
        let body = text.lines().last().expect("a line");
        let word = |char: char| char.is_ascii_alphanumeric() || "<>._-:/@".contains(char);
        assert!(body.chars().all(word), "{hostile:?} was printed: {body:?}");
        assert!(!body.contains("//"), "{body:?}");
    }
    assert!(refused * 10 > HOSTILE.len() * 9, "{refused} of {} were refused", HOSTILE.len());
}

/// Every way of quoting: what is written is one value of that syntax, or nothing is.
#[test]
fn every_declared_quoting_keeps_a_hostile_string_in_its_place() {
    let template = "{% for scope in scopes %}{% for rule in scope.rules %}{{ rule.purpose | value }}\n{% endfor %}{% endfor %}";
    for quoting in ["word", "double-quoted", "yaml", "json", "hcl"] {
        let artifact = artifact(&manifest("addresses", quoting, "reader: none"), template);
        let mut written = 0;
        for hostile in HOSTILE {
            let laid = artifact.lay(&policy_with(artifact.speech(), hostile));
            let Ok(text) = text(&artifact, &laid, &[]) else { continue };
            written += 1;
            let lines: Vec<&str> =
                text.split('\n').filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
            assert_eq!(lines.len(), 2, "{quoting} {hostile:?}: {text:?}");
            for line in lines {
                match quoting {
                    "word" => {
                        assert!(!line.is_empty() && !line.contains([' ', ';', '#', '"', '\'']), "{line:?}");
                    }
                    "json" => assert_eq!(serde_json::from_str::<String>(line).expect("JSON"), *hostile),
                    _ => {
                        let inner = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
                        let inner = inner.unwrap_or_else(|| panic!("{quoting} {hostile:?}: {line:?}"));
                        let bare = inner.replace("\\\\", "").replace("\\\"", "");
                        assert!(!bare.contains('"'), "{quoting} {hostile:?}: {line:?}");
                        assert!(
                            quoting != "double-quoted" || !bare.contains(['$', '`', '%', '\\']),
                            "{line:?}"
                        );
                    }
                }
            }
        }
        assert!(written > 0, "{quoting}");
    }
}

#[test]
fn the_order_of_rules_does_not_show() {
    let template = "{% for scope in scopes %}{% for rule in scope.rules %}{% for cidr in rule.peers.ipv4 %}{{ cidr | value }} {{ rule.why | comment }}
{% endfor %}{% endfor %}{% endfor %}{% for entry in entries %}{{ entry.peer | value }}\n{% endfor %}";
    let artifact = artifact(&manifest("addresses", "word", "reader: none"), template);
    let speech = artifact.speech();
    let rules = [tcp(speech, 443, &plain("b")), tcp(speech, 80, &plain("a")), tcp(speech, 8443, &plain("c"))];
    let mut reversed = rules.to_vec();
    reversed.reverse();
    let print = |rules: &[egressor::policy::Rule]| {
        text(&artifact, &artifact.lay(&policy_of(speech, rules)), &[]).expect("it renders")
    };
    assert_eq!(print(&rules), print(&reversed));
}

#[test]
fn every_model_is_one_that_the_schema_describes() {
    let validator = jsonschema::validator_for(&model_schema()).expect("the schema is a schema");
    let speeches =
        [("addresses", "host"), ("addresses", "component"), ("names", "host"), ("names", "component")];
    for (peers, scoping) in speeches {
        let more = format!("scoping: {scoping}\ningress: true\nneeds: [dns, api-server]\nreader: none");
        let artifact = artifact(&manifest(peers, "word", &more), "x");
        assert_eq!(artifact.speech().peers == PeerKind::Names, peers == "names");
        assert_eq!(artifact.speech().scoping == Scoping::Component, scoping == "component");
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) };
        let outcome = TestRunner::new(config).run(&policies(artifact.speech()), |policy| {
            let mut model = artifact.lay(&policy).model;
            model["banner"] = vec!["a line"].into();
            let errors: Vec<String> = validator.iter_errors(&model).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}");
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{error}"));
    }
    assert!(
        !validator.is_valid(&serde_json::json!({"name": "own"})),
        "a model without its fields is refused"
    );
}
