//! The road out and back: a policy lowered, rendered, read and compared.

use super::common::policies::addrs;
use egressor::diag::{Code, Finding, Source};
use egressor::ops::{File, Proven, prove};
use egressor::packet::PacketSet;
use egressor::policy::{Need, Policy, Scope};
use egressor::render::Renderer;
use egressor::targets::{
    Chart, Context, Facts, Imported, Importer, Install, Lowered, OptionKind, Options, ServiceTag, Target,
    Wanted, Workload,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a target made of a policy.
pub(crate) struct Travelled {
    /// What was said, and lost.
    pub(crate) lowered: Lowered,
    /// What was written, if it was proven.
    pub(crate) proven: Proven,
}

/// Takes a policy out and back with the target's default settings.
pub(crate) fn travel(target: &dyn Target, policy: &Policy, banner: &[String]) -> Travelled {
    travel_with(target, policy, banner, &BTreeMap::new())
}

/// Takes a policy out and back with some settings.
pub(crate) fn travel_with(
    target: &dyn Target,
    policy: &Policy,
    banner: &[String],
    given: &BTreeMap<String, String>,
) -> Travelled {
    travel_in(target, policy, banner, given, installed())
}

/// Takes a policy out and back with some settings, in a project of which this is known.
pub(crate) fn travel_in(
    target: &dyn Target,
    policy: &Policy,
    banner: &[String],
    given: &BTreeMap<String, String>,
    context: Context,
) -> Travelled {
    // What a target cannot do without is given, where the test does not.
    let mut given = given.clone();
    for spec in target.options().iter().filter(|spec| spec.kind == OptionKind::Proxy) {
        given.entry(spec.key.to_owned()).or_insert_with(|| "http://proxy.example.net:3128".to_owned());
    }
    let options = Options::new(target.options(), &given).within(context);
    let needs: BTreeSet<Need> = target.needs().iter().copied().collect();
    let wanted = Wanted { policy, needs: &needs, options: &options };
    let renderer = Renderer::new(target.templates().iter().copied()).unwrap();
    let lowered = target.lower(&wanted);
    let proven = prove(target, &wanted, &renderer, |lowered| {
        banner.iter().cloned().chain(lowered.losses.iter().map(|loss| loss.why.clone())).collect()
    });
    Travelled { lowered, proven }
}

/// Components as a catalog describes them: a workload that is known, one that is not, and their charts.
pub(crate) fn installed() -> Context {
    let install = |component: &str, workload: Option<Workload>| Install {
        component: format!("catalog/{component}"),
        namespace: "agents".into(),
        labels: BTreeMap::from([("app.kubernetes.io/name".into(), component.into())]),
        workload,
    };
    let workload = Workload {
        kind: "Deployment".into(),
        name: "agent".into(),
        containers: vec!["agent".into(), "monitor".into()],
    };
    let keys =
        ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].into_iter().zip(["httpProxy", "httpsProxy", "noProxy"]);
    let chart = |name: &str, path: &[&str], keys: BTreeMap<String, String>| Chart {
        name: name.into(),
        components: vec![format!("catalog/{name}")],
        path: path.iter().map(|key| (*key).to_owned()).collect(),
        keys,
    };
    let facts =
        Facts { app: "https".into(), components: vec![("agent".into(), "pods".into())], ..Facts::default() };
    Context {
        installs: vec![install("agent", Some(workload)), install("scanner", None)],
        charts: vec![
            chart("agent", &["additionalEnv"], BTreeMap::new()),
            chart(
                "scanner",
                &["global", "proxy"],
                keys.map(|(name, key)| (name.into(), key.into())).collect(),
            ),
        ],
        facts: BTreeMap::from([("catalog/middle".to_owned(), facts)]),
        addresses: BTreeMap::new(),
        existing: None,
        service_tags: vec![
            tag("Alpha", &["10.0.0.0/8", "172.16.0.0/12"]),
            tag("Alpha.All", &["10.0.0.0/8", "172.16.0.0/12", "192.0.2.128/25"]),
            tag("Beta.WestEurope", &["192.0.2.64/26", "192.0.2.128/25"]),
            tag("Both", &["198.51.100.0/25", "203.0.113.7/32", "2001:db8::/32"]),
            tag("One", &["198.51.100.0/24"]),
            tag("Six", &["64:ff9b::/96", "fd00::/8"]),
        ],
    }
}

/// A service tag of Azure as of some list.
pub(crate) fn tag(name: &str, blocks: &[&str]) -> ServiceTag {
    ServiceTag {
        name: name.into(),
        cloud: "Public".into(),
        change: "359".into(),
        addrs: addrs(blocks),
        in_groups: true,
        in_firewalls: true,
    }
}

impl Travelled {
    /// The errors, without those about limits.
    pub(crate) fn errors(&self) -> Vec<&Finding> {
        self.proven
            .findings
            .iter()
            .filter(|finding| finding.is_error() && finding.code != Code::TargetLimit)
            .collect()
    }

    /// Reports whether a limit of the platform was in the way.
    pub(crate) fn hit_a_limit(&self) -> bool {
        self.proven.findings.iter().any(|finding| finding.is_error() && finding.code == Code::TargetLimit)
    }
}

/// The files as a reader gets them.
pub(crate) fn sources(files: &[File]) -> Vec<Arc<Source>> {
    files.iter().map(|file| Arc::new(Source::new(file.path.clone(), file.text.clone()))).collect()
}

/// Reads files with the target's own reader.
pub(crate) fn read(target: &dyn Target, files: &[File]) -> Imported {
    let sources = sources(files);
    let reads = |importer: &&&dyn Importer| sources.first().is_none_or(|file| importer.recognizes(file));
    target.importers().iter().find(reads).unwrap_or(&target.importers()[0]).import(&sources)
}

/// All that a reader understood, without texts and places: what each scope allows, how many rules it has, and what
/// there was to say. Files that differ in comments only are the same here.
pub(crate) fn understood(imported: &Imported) -> Understood {
    let sets = imported.policy.sets.iter().map(|set| {
        let bounds = set.allows();
        (set.scope.clone(), bounds.at_least, bounds.at_most, set.rules.len())
    });
    let mut codes: Vec<&'static str> =
        imported.findings.iter().map(|finding| finding.code.as_str()).collect();
    codes.sort_unstable();
    Understood { sets: sets.collect(), codes }
}

/// See [`understood`].
#[derive(Debug, PartialEq)]
pub(crate) struct Understood {
    sets: Vec<(Scope, PacketSet, PacketSet, usize)>,
    codes: Vec<&'static str>,
}
