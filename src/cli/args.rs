//! Every argument of the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// From a catalog of endpoints to proven firewall rules.
#[derive(Debug, Parser)]
#[command(name = "egressor", version, about, max_term_width = 100, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Print notes too: what was left out, and why
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// For programs
    Json,
    /// For a comment on a pull request; `diff` only
    Markdown,
    /// For code scanning, SARIF 2.1.0; `diff` only
    Sarif,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write rules for every target from the catalog and the lock
    Generate(GenerateArgs),
    /// Resolve the selected names into the lockfile
    Lock(LockArgs),
    /// Look into catalogs
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// List the targets with their options and limits
    Targets,
    /// Print what a rule file means
    Show(ShowArgs),
    /// Tell what traffic changes from one set of rules to another
    Diff(Box<DiffArgs>),
    /// Would it be allowed, by which rule, and why: exit 0 when it is, 1 when it is not
    Check(CheckArgs),
    /// Find shadowed, redundant, over-wide, expired and unexplained rules in rule files
    Lint(RulesLintArgs),
    /// Print the page of a finding, such as `verify/mismatch`
    Explain {
        /// The code of the finding
        code: String,
    },
}

/// Which endpoints are meant.
#[derive(Debug, Args)]
pub(super) struct SelectArgs {
    /// A catalog file; the shipped catalog when not given
    #[arg(long, value_name = "FILE")]
    pub(super) catalog: Vec<PathBuf>,
    /// The region of the vendor
    #[arg(long, value_name = "REGION")]
    pub(super) region: Vec<String>,
    /// All regions at once
    #[arg(long, conflicts_with = "region")]
    pub(super) all_regions: bool,
    /// Only what this component needs
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',')]
    pub(super) component: Vec<String>,
    /// Turn a feature on
    #[arg(long, value_name = "FEATURE", value_delimiter = ',')]
    pub(super) feature: Vec<String>,
    /// Turn a feature off
    #[arg(long, value_name = "FEATURE", value_delimiter = ',')]
    pub(super) no_feature: Vec<String>,
    /// Leave an endpoint out, or an implied rule such as `implied/dns`
    #[arg(long, value_name = "ENDPOINT", value_delimiter = ',')]
    pub(super) without: Vec<String>,
    /// Just what the vendor's own page lists, to the letter
    #[arg(long)]
    pub(super) literal: bool,
    /// Add endpoints that were superseded
    #[arg(long)]
    pub(super) include_superseded: bool,
}

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// Set a variable or a target's option
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// A target to write; all but the special ones when not given
    #[arg(short, long, value_name = "TARGET", value_delimiter = ',')]
    pub(super) target: Vec<String>,
    /// The lockfile; `egressor.lock` when it is there
    #[arg(long, value_name = "FILE")]
    pub(super) lock: Option<PathBuf>,
    /// Existing rules, for a change request that tells what is to be added and removed; `change-request` only
    #[arg(long, value_name = "FILE")]
    pub(super) against: Vec<PathBuf>,
    /// The folder to write to, or `-` for standard output
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(super) out: PathBuf,
    /// Write nothing; exit 1 when a file would change
    #[arg(long)]
    pub(super) check: bool,
    /// A folder of templates that take the place of those of the same name
    #[arg(long, value_name = "DIR")]
    pub(super) templates: Option<PathBuf>,
    /// Fail when there is no lockfile
    #[arg(long)]
    pub(super) locked: bool,
    /// Promise not to use the network; `generate` never does
    #[arg(long)]
    pub(super) offline: bool,
}

#[derive(Debug, Args)]
pub(super) struct LockArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// The lockfile
    #[arg(long, value_name = "FILE", default_value = "egressor.lock")]
    pub(super) lock: PathBuf,
    /// A resolver to ask, with its port when it is not 53; the system's when not given
    #[arg(long, value_name = "ADDR[:PORT]", value_delimiter = ',')]
    pub(super) resolver: Vec<String>,
    /// How often to look everything up, for names whose answers rotate
    #[arg(long, value_name = "N", default_value = "1")]
    pub(super) rounds: std::num::NonZeroU32,
    /// How long to wait for one answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(super) timeout: u64,
    /// Refresh only this host
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Accept addresses of the internal network for this host
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(super) allow_private: Vec<String>,
    /// Take a change in for this host although it is larger than changes usually are
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(super) accept: Vec<String>,
    /// How many days an address stays that answers no longer show
    #[arg(long, value_name = "DAYS", default_value_t = 14)]
    pub(super) keep: u64,
    /// Fail when the lockfile would change in more than times, and leave it as it is
    #[arg(long)]
    pub(super) locked: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum CatalogCommand {
    /// List endpoints
    List(CatalogArgs),
    /// Print all that is known of endpoints
    Show(CatalogShowArgs),
    /// Check catalogs
    Lint(LintArgs),
    /// Print the JSON Schema of catalog files
    Schema,
}

#[derive(Debug, Args)]
pub(super) struct CatalogArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
}

#[derive(Debug, Args)]
pub(super) struct CatalogShowArgs {
    /// A catalog file; the shipped catalog when not given
    #[arg(long, value_name = "FILE")]
    pub(super) catalog: Vec<PathBuf>,
    /// The endpoints; all when not given
    #[arg(value_name = "ENDPOINT")]
    pub(super) endpoints: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// The catalog files; the shipped catalog when not given
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// More catalog files
    #[arg(long, value_name = "FILE")]
    pub(super) catalog: Vec<PathBuf>,
    /// The day to judge by, such as 2026-11-22; today when not given
    #[arg(long, value_name = "DATE")]
    pub(super) today: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Rule files of one format, read as one rule set; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    pub(super) files: Vec<PathBuf>,
    /// Print the JSON Schema of the JSON output
    #[arg(long)]
    pub(super) schema: bool,
}

/// What is wanted, and with which addresses.
#[derive(Debug, Args)]
pub(super) struct ProjectArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// Set a variable or a target's option
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// The lockfile; `egressor.lock` when it is there
    #[arg(long, value_name = "FILE")]
    pub(super) lock: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// What is asked: `api.example.com:443`, `192.0.2.1:53/udp`, `[2001:db8::1]:443`, `192.0.2.1/icmp`,
    /// `HOST:443/tcp/PATH`; without a port, every port; tcp unless said otherwise
    #[arg(value_name = "HOST|IP[:PORT][/PROTO]", required_unless_present = "schema")]
    pub(super) question: Option<String>,
    /// Rule files of one format, read as one rule set; what the project wants when not given
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) project: ProjectArgs,
    /// Where the connection comes from, an address or a block; from anywhere when not given
    #[arg(long, value_name = "ADDR")]
    pub(super) from: Option<String>,
    /// Only scopes whose name fits the pattern; `*` stands for anything
    #[arg(long, value_name = "GLOB")]
    pub(super) scope: Option<String>,
    /// Which way the connection goes
    #[arg(long, value_enum, default_value_t = Way::Egress)]
    pub(super) direction: Way,
    /// Print the JSON Schema of the JSON output
    #[arg(long)]
    pub(super) schema: bool,
}

/// Which way a connection goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Way {
    /// Out
    Egress,
    /// In
    Ingress,
}

#[derive(Debug, Args)]
pub(super) struct RulesLintArgs {
    /// Rule files of one format, read as one rule set; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    pub(super) files: Vec<PathBuf>,
    /// With a region, a catalog or another choice of endpoints, traffic that none of them explains is told, too
    #[command(flatten)]
    pub(super) project: ProjectArgs,
    /// The day to judge by, such as 2026-11-22; today when not given
    #[arg(long, value_name = "DATE")]
    pub(super) today: Option<String>,
    /// Print the JSON Schema of the JSON output
    #[arg(long)]
    pub(super) schema: bool,
}

impl ProjectArgs {
    /// The project that the arguments stand for.
    pub(super) fn project(&self) -> crate::ops::Project {
        let implicit = PathBuf::from(super::generate::LOCK);
        crate::ops::Project {
            catalogs: self.select.catalog.clone(),
            selection: self.select.selection(),
            settings: self.set.clone(),
            lock: self.lock.clone().or_else(|| implicit.exists().then_some(implicit)),
        }
    }

    /// Reports whether anything was said about what is wanted.
    pub(super) fn is_asked(&self) -> bool {
        self.select.is_given()
    }
}

/// OLD is what is there, NEW is what is wanted or comes next: what NEW allows and OLD does not is newly allowed. With OLD
/// alone, NEW is the project: what the catalog wants, said the way the target of OLD's format says it.
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
    /// Print the JSON Schema of the JSON output
    #[arg(long)]
    pub(super) schema: bool,
    #[command(flatten)]
    pub(super) project: ProjectArgs,
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

impl SelectArgs {
    /// Reports whether anything was selected.
    pub(super) fn is_given(&self) -> bool {
        !self.catalog.is_empty() || self.selection() != crate::catalog::Selection::default()
    }

    /// The selection that the arguments stand for.
    pub(super) fn selection(&self) -> crate::catalog::Selection {
        crate::catalog::Selection {
            regions: self.region.clone(),
            all_regions: self.all_regions,
            components: self.component.clone(),
            features: self.feature.clone(),
            without_features: self.no_feature.clone(),
            without: self.without.clone(),
            literal: self.literal,
            superseded: self.include_superseded,
        }
    }
}
