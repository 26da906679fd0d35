//! Policies of ours, written by every target.

use super::expected::compared;
use super::policy::{self, Asked, Unasked};
use super::table::Table;
use super::written::{Demand, Written};
use super::{lock_of, matrix, options};
use egressor::diag::any_error;
use egressor::ops::{Project, prove};
use egressor::packet::{AddrSet, NamePattern, NameSet, PacketSet, PeerSet, Prefix, Set};
use egressor::policy::Need;
use egressor::render::Renderer;
use egressor::targets::{PeerKind, TARGETS, Wanted};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A policy of ours, written by every target.
pub(crate) fn of_ours(asked: &Asked, folder: &Path) -> Table {
    let lock = folder.join("egressor.lock");
    std::fs::write(&lock, asked.lock()).expect("a lock");
    let project = Project { lock: Some(lock), catalogs: vec![PathBuf::from("github")], ..Project::default() };
    let mut all = Vec::new();
    for target in TARGETS.iter().copied() {
        let options = options(target);
        let speech = target.speech_with(&options);
        let (policy, unasked) = asked.of(speech);
        let needs: BTreeSet<Need> = target.needs().iter().copied().collect();
        let wanted = Wanted { policy: &policy, needs: &needs, options: &options };
        let renderer = Renderer::new(target.templates().iter().copied()).expect("templates");
        let proven = prove(target, &wanted, &renderer, |_| Vec::new());
        assert!(!any_error(&proven.findings), "{}: {:#?}", target.name(), proven.findings);
        if proven.files.is_empty() {
            continue;
        }
        let folder = folder.join(target.name());
        write(&folder, &proven.files);
        let lowered = target.lower(&wanted);
        let packets = |item: &policy::Item| {
            let peers = PeerSet::from(NameSet::of(&item.names)).union(&PeerSet::from(item.addrs.clone()));
            PacketSet::product(None, &peers, &item.services, &true)
        };
        let mut lost: Vec<_> =
            unasked.iter().map(|(item, why)| (item.direction, packets(item), *why)).collect();
        if speech.peers == PeerKind::Addresses {
            let pathed = asked
                .items
                .iter()
                .filter(|item| item.names.iter().any(|name| matches!(name, NamePattern::Path(..))));
            lost.extend(pathed.map(|item| (item.direction, packets(item), Unasked::Paths)));
        }
        all.push(Written::new(
            target,
            folder,
            Demand { policy, unasked: lost, names_only: speech.peers == PeerKind::Names },
            &lowered,
        ));
    }
    let hosts = asked.hosts.iter().map(|(host, blocks)| {
        let prefix = |text: &&str| -> Prefix {
            text.parse()
                .or_else(|_| format!("{text}/{}", if text.contains(':') { 128 } else { 32 }).parse())
                .expect("a block")
        };
        (host.parse().expect("a host"), AddrSet::of(blocks.iter().map(prefix)))
    });
    let known = lock_of(hosts.collect(), &all);
    matrix(asked.name, asked.what, &all, &known, |old, new, probes| {
        compared(old, new, &project, probes, &known)
    })
}

pub(crate) fn write(folder: &Path, files: &[egressor::ops::File]) {
    for file in files {
        let path = folder.join(&file.path);
        std::fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("a folder");
        std::fs::write(path, &file.text).expect("a file");
    }
}
