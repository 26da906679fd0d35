//! The arguments of `egressor diff`.

use super::args::{LimitArgs, ProjectArgs, ReaderArgs};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
/// OLD is what is there, NEW is what is wanted or comes next: what NEW allows and OLD does not is newly allowed. With OLD
/// alone, NEW is the project: what the catalog wants, said the way the target of OLD's format says it. A Terraform plan
/// alone is compared with itself: the state before it is OLD, the state after it NEW, unless the project is named, with
/// `--with-project` or a choice of endpoints. Beside another file, a plan stands for the state after it.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// A rule file or a folder of them, in any format; `-` is standard input
    #[arg(value_name = "OLD", conflicts_with_all = ["old_files", "new_files"])]
    pub(super) old: Option<PathBuf>,
    /// A rule file or a folder, in the same format or another; the project when not given
    #[arg(value_name = "NEW")]
    pub(super) new: Option<PathBuf>,
    /// A file or folder of the old side; several are one rule set. The old side is the project when only NEW's are given
    #[arg(long = "old", value_name = "FILE", num_args = 1..)]
    pub(super) old_files: Vec<PathBuf>,
    /// A file or folder of the new side; several are one rule set
    #[arg(long = "new", value_name = "FILE", num_args = 1..)]
    pub(super) new_files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) plan: PlanArgs,
    /// Compare these scopes although their names differ
    #[arg(long, value_name = "OLD=NEW")]
    pub(super) map: Vec<String>,
    /// Compare only scopes whose name fits, `*` and `?` being wild
    #[arg(long, value_name = "GLOB")]
    pub(super) scope: Vec<String>,
    /// A file of patterns of scopes that are not compared, one a line; `#` begins a comment
    #[arg(long, value_name = "FILE")]
    pub(super) ignore: Option<PathBuf>,
    /// Which differences end with exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Any)]
    pub(super) fail_on: FailOn,
    /// How matches that are not modelled are taken
    #[arg(long, value_enum, default_value_t = Unmodelled::Error)]
    pub(super) unmodelled: Unmodelled,
    /// Which exit codes: 0 equal, 1 different, 2 failed; or as terraform has them, 0, 2 and 1
    #[arg(long, value_enum, default_value_t = ExitCodeStyle::Diff)]
    pub(super) exit_code_style: ExitCodeStyle,
    /// Pass while everything newly allowed lies inside this approved catalog
    #[arg(long, value_name = "CATALOG")]
    pub(super) envelope: Vec<PathBuf>,
    /// Name one packet of each row
    #[arg(long)]
    pub(super) witness: bool,
    #[command(flatten)]
    pub(super) readers: ReaderArgs,
    #[command(flatten)]
    pub(super) limit: LimitArgs,
    /// Print the JSON Schema of the JSON output
    #[arg(long)]
    pub(super) schema: bool,
    #[command(flatten)]
    pub(super) project: ProjectArgs,
}

/// What a plan alone is compared with.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// NEW is the project, also when OLD is a plan
    #[arg(long = "with-project", conflicts_with_all = ["before", "new", "new_files"])]
    pub(super) with_project: bool,
    /// OLD is the state before a plan and NEW the state after it, also when endpoints are chosen, which then explain traffic
    #[arg(long, conflicts_with_all = ["new", "new_files"])]
    pub(super) before: bool,
}

/// Which differences count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Every one
    Any,
    /// Traffic that is newly allowed, or may be
    Broadening,
    /// None
    Never,
}

/// How matches that are not modelled are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Unmodelled {
    /// What they leave open is not known, and counts as different
    Error,
    /// They let pass whatever they can
    Upper,
    /// They let pass only what is sure
    Lower,
}

/// What exit codes mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExitCodeStyle {
    /// 0 equal, 1 different, 2 failed
    Diff,
    /// 0 equal, 2 different, 1 failed
    Terraform,
}
