//! `egressor catalog import`.

use super::Exit;
use super::catalog_import_args::{ImportArgs, Way};
use super::output::{Output, plural};
use crate::diag::{Code, Finding, any_error};
use crate::ops::{ImportRequest, ImportStatus, Imported, catalog_import};
use crate::policy::Direction;
use crate::resolve::feeds::{Choice, FeedLimits};
use serde_json::json;
use std::str::FromStr;

pub(super) fn run(args: &ImportArgs, output: Output) -> Exit {
    let mut findings = Vec::new();
    let request = request(args, &mut findings);
    let imported = if any_error(&findings) {
        Imported { findings, ..Imported::default() }
    } else {
        output.during(&format!("importing {}", args.feed), || catalog_import(&request))
    };
    report(args, &imported, output)
}

fn request(args: &ImportArgs, findings: &mut Vec<Finding>) -> ImportRequest {
    let limits = args
        .taking
        .max_change
        .map_or_else(FeedLimits::default, |share| FeedLimits { lost: share.into(), gained: share.into() });
    ImportRequest {
        feed: args.feed.clone(),
        from: args.from.clone(),
        except: args.choosing.except.clone(),
        id: args.id.clone(),
        choice: Choice {
            services: args.choosing.service.clone(),
            regions: args.choosing.region.clone(),
            categories: args.choosing.category.clone(),
            direction: args.choosing.direction.map(|way| match way {
                Way::Egress => Direction::Egress,
                Way::Ingress => Direction::Ingress,
            }),
        },
        ports: parsed(&args.port, findings),
        out: args.out.clone(),
        lock: args.lock.clone(),
        publish: parsed(&args.publish, findings),
        verified: parsed(args.verified.as_slice(), findings).into_iter().next(),
        accept: args.taking.accept,
        limits,
        limit: args.fetching.max_size << 20,
        timeout: args.fetching.timeout,
        plain: args.fetching.allow_http,
    }
}

/// The values of texts; those that have none are findings.
fn parsed<T: FromStr<Err: ToString>>(texts: &[String], findings: &mut Vec<Finding>) -> Vec<T> {
    let mut values = Vec::new();
    for text in texts {
        match text.parse() {
            Ok(value) => values.push(value),
            Err(error) => {
                let error: T::Err = error;
                findings.push(Finding::new(Code::VariableInvalid, error.to_string()));
            }
        }
    }
    values
}

fn report(args: &ImportArgs, imported: &Imported, output: Output) -> Exit {
    let exit = if imported.status.is_none() { Exit::Failed } else { Exit::Same };
    let noted = imported.noted.as_ref();
    if output.is_json() {
        let document = json!({
            "schema": "egressor/catalog-import/v1",
            "feed": args.feed,
            "status": imported.status.map(ImportStatus::as_str),
            "endpoints": imported.endpoints,
            "url": noted.map(|noted| noted.url.as_str()),
            "token": noted.and_then(|noted| noted.token.as_deref()),
            "date": noted.map(|noted| noted.date.to_string()),
            "sha256": noted.map(|noted| noted.sha256.as_str()),
            "catalog": imported.text.as_deref().filter(|_| args.out.is_none()),
            "findings": Output::findings_json(&imported.findings),
        });
        return output.json(&document, exit);
    }
    output.findings(&imported.findings);
    let (Some(status), Some(noted)) = (imported.status, noted) else {
        output.status("nothing was written");
        return exit;
    };
    let token = noted.token.as_deref().map(|token| format!(", token {token}")).unwrap_or_default();
    let day = noted.date.to_string();
    let day = day.split('T').next().unwrap_or_default();
    let place = args.out.as_ref().map(|out| format!("{} ", out.display())).unwrap_or_default();
    let line = format!(
        "{}: {}, of {day}{token}; {place}{}",
        noted.name,
        plural(imported.endpoints, "endpoint"),
        status.as_str()
    );
    let printed = imported.text.as_deref().filter(|_| args.out.is_none());
    let exit = printed.map_or(exit, |text| output.finish(text, exit));
    output.status(&line);
    exit
}
