//! The arguments of `egressor catalog`.

use super::args::SelectArgs;
use super::catalog_import_args::ImportArgs;
use super::diff_args::{ExitCodeStyle, FailOn};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
#[derive(Debug, Subcommand)]
pub(super) enum CatalogCommand {
    /// List endpoints
    List(CatalogArgs),
    /// Print all that is known of endpoints
    Show(CatalogShowArgs),
    /// Check catalogs
    Lint(LintArgs),
    /// Tell what a revision of a vendor's list changes, as entries and as traffic
    Diff(CatalogDiffArgs),
    /// Write a catalog from what a vendor publishes of its addresses and names
    Import(Box<ImportArgs>),
    /// Print the JSON Schema of catalog files, or of another kind of file
    Schema(SchemaArgs),
}

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// The kind of file
    #[arg(long, value_enum, default_value_t = FileKind::Catalog)]
    pub(super) of: FileKind,
}

/// A kind of file that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FileKind {
    /// A catalog
    Catalog,
    /// An overlay on a catalog
    Overlay,
    /// A project, `egressor.yaml`
    Project,
    /// The manifest of an artifact of your own, `artifact.yaml`
    Artifact,
    /// What an external reader gets
    Read,
    /// What an external reader answers
    Answer,
}

#[derive(Debug, Args)]
pub(super) struct CatalogDiffArgs {
    /// The earlier list: a catalog file or the id of a shipped catalog; `@SOURCE` behind it means just what that source
    /// lists
    #[arg(value_name = "OLD", required_unless_present = "schema")]
    pub(super) old: Option<PathBuf>,
    /// The later list
    #[arg(value_name = "NEW", required_unless_present = "schema")]
    pub(super) new: Option<PathBuf>,
    /// Only the traffic of this region
    #[arg(long, value_name = "REGION")]
    pub(super) region: Vec<String>,
    /// Compare endpoints that were superseded, too
    #[arg(long)]
    pub(super) include_superseded: bool,
    /// Which differences end with exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Any)]
    pub(super) fail_on: FailOn,
    /// Which exit codes: 0 equal, 1 different, 2 failed; or as terraform has them, 0, 2 and 1
    #[arg(long, value_enum, default_value_t = ExitCodeStyle::Diff)]
    pub(super) exit_code_style: ExitCodeStyle,
    /// Print the JSON Schema of the JSON output
    #[arg(long)]
    pub(super) schema: bool,
}

#[derive(Debug, Args)]
pub(super) struct CatalogArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
}

#[derive(Debug, Args)]
pub(super) struct CatalogShowArgs {
    /// A catalog file or the id of a shipped one; the project's, else the default catalog, when not given
    #[arg(long, value_name = "FILE|ID")]
    pub(super) catalog: Vec<PathBuf>,
    /// An overlay on a catalog; several are applied in order
    #[arg(long, value_name = "FILE")]
    pub(super) overlay: Vec<PathBuf>,
    /// Tell where each endpoint and each change of it comes from
    #[arg(long)]
    pub(super) origin: bool,
    /// The endpoints; all when not given
    #[arg(value_name = "ENDPOINT")]
    pub(super) endpoints: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// The catalog and overlay files, or ids of catalogs; the project's, else all shipped catalogs, when not given
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// More catalog files
    #[arg(long, value_name = "FILE")]
    pub(super) catalog: Vec<PathBuf>,
    /// The day to judge by, such as 2026-11-22; today when not given
    #[arg(long, value_name = "DATE", env = "EGRESSOR_TODAY")]
    pub(super) today: Option<String>,
}
