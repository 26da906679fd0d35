//! The importer of `ServiceEntry` and `Sidecar` objects: YAML or JSON, several documents, lists.

use super::lift::lift;
use super::objects::{Objects, Reader, is_ours};
use crate::diag::{Code, Source};
use crate::syntax::yaml::parse;
use crate::targets::{Imported, Importer};
use std::sync::Arc;

/// Reads objects of Istio.
#[derive(Debug)]
pub(super) struct IstioObjects;

impl Importer for IstioObjects {
    fn name(&self) -> &'static str {
        "istio"
    }

    fn recognizes(&self, source: &Source) -> bool {
        if !source.text().contains("networking.istio.io") {
            return false;
        }
        let source = Arc::new(Source::new(source.name(), source.text()));
        parse(&source, Code::ReadSyntax).is_ok_and(|documents| documents.iter().any(is_ours))
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let (mut objects, mut findings) = (Objects::default(), Vec::new());
        for source in sources {
            match parse(source, Code::ReadSyntax) {
                Ok(documents) => {
                    let mut reader = Reader { source, objects: &mut objects, findings: &mut findings };
                    for document in
                        documents.iter().filter(|node| node.kind != crate::syntax::yaml::Kind::Null)
                    {
                        reader.object(document);
                    }
                }
                Err(finding) => findings.push(finding),
            }
        }
        let policy = lift(&objects, &mut findings);
        Imported { policy, findings }
    }
}
