//! What is wanted: endpoints of catalogs, with addresses from a lock.

use super::{Catalog, Finding, Lock, Policy, Refused, Target};
use crate::catalog::Date;
use crate::diag::{self, Code, any_error};
use crate::ops::Held;

/// Which endpoints of which catalogs are wanted, and with which addresses.
///
/// ```
/// use egressor::{Catalog, Lock, Project, Target};
///
/// let lock = Lock::parse("egressor.lock", include_str!("../../examples/01_quickstart/egressor.lock"))?;
/// let project = Project::new([Catalog::shipped("castai")?])
///     .lock(lock)
///     .region("us")
///     .component("agent")
///     .set("owner", "platform");
/// let generated = project.generate(Target::named("iptables").expect("a target"))?;
/// assert_eq!(generated.files()[0].path(), "iptables.rules");
/// assert!(generated.files()[0].text().contains("castai/api"));
/// # Ok::<(), egressor::Refused>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Project {
    held: Held,
    wrong: Vec<diag::Finding>,
}

/// The files of a target. Each was read back and means what is wanted, less what its head says that cannot be said.
///
/// ```
/// # use egressor::{Catalog, Project, Target};
/// let project = Project::new([Catalog::shipped("castai")?]).region("us");
/// let generated = project.generate(Target::named("squid").expect("a target"))?;
/// assert!(generated.findings().iter().all(|finding| finding.severity() < egressor::Severity::Error));
/// # Ok::<(), egressor::Refused>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    files: Vec<File>,
    findings: Vec<Finding>,
}

/// One file of rules.
///
/// ```
/// # use egressor::{Catalog, Project, Target};
/// # let project = Project::new([Catalog::shipped("castai")?]).region("us");
/// for file in project.generate(Target::named("squid").expect("a target"))?.files() {
///     println!("{}: {} bytes", file.path(), file.text().len());
/// }
/// # Ok::<(), egressor::Refused>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    path: String,
    text: String,
}

impl Project {
    /// Everything that these catalogs ask for by default.
    pub fn new(catalogs: impl IntoIterator<Item = Catalog>) -> Self {
        let catalogs = catalogs.into_iter().map(|catalog| catalog.0).collect();
        Self { held: Held { catalogs, ..Held::default() }, wrong: Vec::new() }
    }

    /// With the addresses of a lock.
    pub fn lock(mut self, lock: Lock) -> Self {
        self.held.lock = Some(lock.0);
        self
    }

    /// In this region of the vendor.
    pub fn region(mut self, region: &str) -> Self {
        self.held.selection.regions.push(region.to_owned());
        self
    }

    /// Only what this component needs; called again, what any of them needs.
    pub fn component(mut self, component: &str) -> Self {
        self.held.selection.components.push(component.to_owned());
        self
    }

    /// With this feature on.
    pub fn feature(mut self, feature: &str) -> Self {
        self.held.selection.features.push(feature.to_owned());
        self
    }

    /// Without this endpoint, or without an implied rule such as `implied/dns`.
    pub fn without(mut self, endpoint: &str) -> Self {
        self.held.selection.without.push(endpoint.to_owned());
        self
    }

    /// With a variable of a catalog, an option of a target, or `owner`, `ticket` and `expires`.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.held.settings.push(format!("{key}={value}"));
        self
    }

    /// Judged by this day, such as `2026-11-23`: what has expired is not wanted. Nothing expires when no day is said,
    /// because the library never looks at the clock.
    pub fn today(mut self, day: &str) -> Self {
        match day.parse::<Date>() {
            Ok(day) => self.held.selection.today = Some(day),
            Err(message) => self.wrong.push(diag::Finding::new(Code::VariableInvalid, message)),
        }
        self
    }

    /// The files of a target, each proven to mean what is wanted. Nothing is written to a disk.
    pub fn generate(&self, target: Target) -> Result<Generated, Refused> {
        self.is_sound()?;
        let proven = self.held.prove(target.0);
        if any_error(&proven.findings) {
            return Err(Refused::of(proven.findings));
        }
        let file = |file: crate::ops::File| File { path: file.path, text: file.text };
        Ok(Generated {
            files: proven.files.into_iter().map(file).collect(),
            findings: Finding::all(proven.findings),
        })
    }

    /// What the files of a target mean, to be compared with existing rules.
    pub fn policy(&self, target: Target) -> Result<Policy, Refused> {
        self.is_sound()?;
        let (policy, findings) = self.held.wanted(target.0);
        if any_error(&findings) { Err(Refused::of(findings)) } else { Ok(Policy::wanted(policy, findings)) }
    }

    fn is_sound(&self) -> Result<(), Refused> {
        if self.wrong.is_empty() { Ok(()) } else { Err(Refused::of(self.wrong.clone())) }
    }
}

impl Generated {
    /// The files; none where the target has nothing to say.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// What there is to know: what the target cannot say, what will expire, which addresses are shared.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl File {
    /// Its name below the folder that it belongs in.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }
}
