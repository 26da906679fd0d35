//! The artifacts: one list of variables, laid out for each place that takes it.

use super::lower::{Hop, Variables};
use super::read::Var;
use super::{COMMANDS, ENV, PATCH, VALUES};
use crate::diag::{Code, Finding, Severity};
use crate::targets::{Artifact, Chart, Context, Install};
use serde_json::{Value, json};

/// The files that say these variables, and what cannot be said in some of them.
pub(super) fn artifacts(
    variables: &Variables,
    context: &Context,
    findings: &mut Vec<Finding>,
) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    let plain = plain(variables);
    let secret = match &variables.hop {
        Hop::Url(_) => Vec::new(),
        Hop::Secret(name) => vec![name.as_str()],
    };
    let notes = &variables.reasons;
    if secret.is_empty() {
        artifacts.push(Artifact {
            path: "proxy.env".to_owned(),
            template: ENV,
            model: json!({ "notes": notes, "variables": plain }).into(),
        });
        artifacts.extend(context.charts.iter().map(|chart| values(chart, variables, notes)));
    } else {
        let message =
            "a file of variables and values of charts cannot refer to a secret, so they are not written";
        let help = "use the Kustomize patch or the commands";
        let finding = Finding::new(Code::TargetCannotSay, message).help(help);
        findings.push(Finding { severity: Severity::Note, ..finding });
    }
    let known: Vec<&Install> = context.installs.iter().filter(|install| install.workload.is_some()).collect();
    if !known.is_empty() {
        artifacts.push(Artifact {
            path: "proxy-patch.yaml".to_owned(),
            template: PATCH,
            model: json!({
                "notes": notes,
                "workloads": known.into_iter().map(|install| patch(install, &plain, &secret)).collect::<Vec<_>>(),
            }).into(),
        });
    }
    let unknown: Vec<&str> = context
        .installs
        .iter()
        .filter(|install| install.workload.is_none())
        .map(|install| install.component.as_str())
        .collect();
    if !unknown.is_empty() {
        let message = format!(
            "the containers of `{}` are not known, so the Kustomize patch leaves them out",
            unknown.join("`, `")
        );
        let help = "use the commands or the values of their chart";
        let finding = Finding::new(Code::TargetCannotSay, message).help(help);
        findings.push(Finding { severity: Severity::Note, ..finding });
    }
    if !context.installs.is_empty() {
        let commands: Vec<Value> =
            context.installs.iter().flat_map(|install| commands(install, &secret)).collect();
        artifacts.push(Artifact {
            path: "proxy-set-env.sh".to_owned(),
            template: COMMANDS,
            model: json!({
                "notes": notes,
                "commands": commands,
                "variables": assignments(variables),
            })
            .into(),
        });
    }
    artifacts
}

/// The variables with a value that is written, in the order of their names.
fn pairs(variables: &Variables) -> Vec<(Var, &str)> {
    let url = match &variables.hop {
        Hop::Url(url) => Some(url.as_str()),
        Hop::Secret(_) => None,
    };
    let value = |var: Var| match var {
        Var::Http | Var::Https => url,
        Var::No => Some(variables.no_proxy.as_str()),
    };
    Var::ALL.into_iter().filter_map(|var| Some((var, value(var)?))).collect()
}

fn plain(variables: &Variables) -> Vec<Value> {
    pairs(variables).into_iter().map(|(var, value)| json!({ "name": var.name(), "value": value })).collect()
}

fn assignments(variables: &Variables) -> Vec<String> {
    pairs(variables).into_iter().map(|(var, value)| format!("{}={value}", var.name())).collect()
}

/// The values of a chart: the keys down to a mapping, and its entries.
fn values(chart: &Chart, variables: &Variables, notes: &[String]) -> Artifact {
    let key = |var: Var| chart.keys.get(var.name()).map_or(var.name(), String::as_str);
    let entries: Vec<Value> =
        pairs(variables).into_iter().map(|(var, value)| json!({ "key": key(var), "value": value })).collect();
    Artifact {
        path: format!("proxy-values-{}.yaml", chart.name),
        template: VALUES,
        model: json!({
            "notes": notes,
            "chart": chart.name,
            "components": chart.components,
            "path": chart.path,
            "entries": entries,
        })
        .into(),
    }
}

fn patch(install: &Install, plain: &[Value], secret: &[&str]) -> Value {
    let workload = install.workload.as_ref();
    let references: Vec<Value> = secret
        .iter()
        .flat_map(|name| {
            [Var::Http, Var::Https]
                .map(|var| json!({ "name": var.name(), "secret": name, "key": var.name() }))
        })
        .collect();
    json!({
        "component": install.component,
        "kind": workload.map(|workload| workload.kind.clone()),
        "name": workload.map(|workload| workload.name.clone()),
        "namespace": install.namespace,
        "containers": workload.map(|workload| workload.containers.clone()),
        "variables": plain,
        "references": references,
    })
}

/// The commands for a component: one for each container that takes the variables, or one for the workloads with the labels
/// of the pods where the containers are not known.
fn commands(install: &Install, secret: &[&str]) -> Vec<Value> {
    let labels: Vec<String> = install.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let selected =
        || vec!["deployments,daemonsets,statefulsets".to_owned(), format!("--selector={}", labels.join(","))];
    let objects = install.workload.as_ref().map_or_else(
        || vec![selected()],
        |workload| {
            let name = format!("{}/{}", workload.kind.to_lowercase(), workload.name);
            let containers = workload.containers.iter();
            containers.map(|container| vec![name.clone(), format!("--containers={container}")]).collect()
        },
    );
    let from: Vec<String> = secret.iter().map(|name| format!("--from=secret/{name}")).collect();
    let command = |object: Vec<String>| {
        json!({
            "component": install.component,
            "namespace": format!("--namespace={}", install.namespace),
            "object": object,
            "from": from,
        })
    };
    objects.into_iter().map(command).collect()
}
