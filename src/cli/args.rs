//! The arguments of the command line; those of commands with many stand in files of their own.

use super::catalog_args::CatalogCommand;
use super::complete::CompleteArgs;
use super::diff_args::DiffArgs;
use super::lock_args::LockArgs;
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
    /// When to use colour; `auto` is on a terminal, as `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM` have it
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Choice::Auto)]
    pub(super) color: Choice,
    /// When to link files and pages; `auto` is on a terminal that takes links, and not in CI
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Choice::Auto)]
    pub(super) hyperlinks: Choice,
    /// When to show results in the pager of `EGRESSOR_PAGER`, or else `PAGER`; never where there is no terminal
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Paging::Auto)]
    pub(super) paging: Paging,
    /// The same as `--paging never`
    #[arg(long, global = true, conflicts_with = "paging")]
    pub(super) no_pager: bool,
    /// Print errors only, beside the result
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Print notes too: what was left out, and why; and where each value came from
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// The project file, or `none`; the nearest `egressor.yaml` from here upwards when not given
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) project: Option<PathBuf>,
    /// The environment of the project
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) env: Option<String>,
    /// A folder outside the project's that the project file may name files in
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) allow_outside: Vec<PathBuf>,
    /// Let files be so many times larger, and stand for so many times more, than is read otherwise
    #[arg(long, global = true, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) limits_times: u32,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// For programs
    Json,
    /// For a comment on a pull request; `diff` and `lock --check` only
    Markdown,
    /// A page for a browser, one file that loads nothing; `diff`, `catalog diff` and `lock --check` only
    Html,
    /// For code scanning, SARIF 2.1.0; `diff` and `lock --check` only
    Sarif,
}

/// When something is done that only some terminals take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Choice {
    /// Where it is taken
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// When results are shown in a pager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Paging {
    /// Where they are longer than the screen
    Auto,
    /// Always on a terminal
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a commented egressor.yaml; asks on a terminal, takes flags otherwise
    Init(InitArgs),
    /// Write rules for every target from the catalog and the lock
    Generate(GenerateArgs),
    /// Resolve the selected names into the lockfile
    Lock(Box<LockArgs>),
    /// Look into catalogs
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// List the targets with their options and limits, and what the project writes
    Targets(TargetsArgs),
    /// Print what a rule file means
    Show(ShowArgs),
    /// Tell what traffic changes from one set of rules to another
    Diff(Box<DiffArgs>),
    /// Would it be allowed, by which rule, and why: exit 0 when it is, 1 when it is not
    Check(CheckArgs),
    /// Find shadowed, redundant, over-wide, expired and unexplained rules in rule files; without files, judge the project
    Lint(RulesLintArgs),
    /// Merge lists of prefixes to the shortest list of the same addresses
    Merge(MergeArgs),
    /// Print the page of a finding, such as `verify/mismatch`, or the list of all
    Explain {
        /// The code of the finding; all in groups when not given
        code: Option<String>,
    },
    /// Print the script with which a shell completes commands, options and their values
    Completions(CompletionsArgs),
    /// Print a manual page, or write all of them to a folder
    Man(ManArgs),
    /// Print what may stand next on a command line
    #[command(name = "__complete", hide = true)]
    Complete(CompleteArgs),
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The words of the command, such as `catalog diff`; the page of the program itself when not given
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    pub(super) command: Vec<String>,
    /// Write all pages to this folder
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

/// Which endpoints are meant.
#[derive(Debug, Args)]
pub(super) struct SelectArgs {
    /// A catalog file or the id of a shipped one; the project's, else the default catalog, when not given
    #[arg(long, value_name = "FILE|ID")]
    pub(super) catalog: Vec<PathBuf>,
    /// An overlay on a catalog; several are applied in order
    #[arg(long, value_name = "FILE")]
    pub(super) overlay: Vec<PathBuf>,
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
    /// The day to judge expiry by, such as 2026-11-22; the clock's, in UTC, when not given. What expires on a day is
    /// wanted through the whole of that day
    #[arg(long, value_name = "DATE", env = "EGRESSOR_TODAY")]
    pub(super) today: Option<String>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(super) struct GenerateArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// Set a variable or a target's option
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// A target to write; all but the special ones when not given
    #[arg(short, long, value_name = "TARGET", value_delimiter = ',')]
    pub(super) target: Vec<String>,
    /// The lockfile; the project's, else `egressor.lock`, when it is there
    #[arg(long, value_name = "FILE")]
    pub(super) lock: Option<PathBuf>,
    /// Existing rules, for a change request that tells what is to be added and removed; `change-request` only
    #[arg(long, value_name = "FILE")]
    pub(super) against: Vec<PathBuf>,
    /// The scope of the existing rules that is meant, `*` and `?` being wild, where they have several
    #[arg(long, value_name = "GLOB", requires = "against")]
    pub(super) against_scope: Vec<String>,
    /// The folder to write to, or `-` for standard output; the project's folders, else `out`, when not given
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Write nothing; exit 1 when a file would change
    #[arg(long)]
    pub(super) check: bool,
    /// A folder of templates that take the place of those of the same name
    #[arg(long, value_name = "DIR")]
    pub(super) templates: Option<PathBuf>,
    /// A folder with `artifact.yaml` and templates: an artifact of your own, known to `-t` by its name
    #[arg(long, value_name = "DIR")]
    pub(super) artifact_dir: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) readers: ReaderArgs,
    /// Write over files that do not say that egressor wrote them
    #[arg(long)]
    pub(super) force: bool,
    /// Fail when there is no lockfile
    #[arg(long)]
    pub(super) locked: bool,
    /// Promise not to use the network; `generate` never does
    #[arg(long)]
    pub(super) offline: bool,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// A target to write; all common ones when not given
    #[arg(short, long, value_name = "TARGET", value_delimiter = ',')]
    pub(super) target: Vec<String>,
    /// Set a variable, or `owner`, `ticket` and `expires`
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// The team that answers for the rules
    #[arg(long, value_name = "TEAM")]
    pub(super) owner: Option<String>,
    /// The ticket that approved the rules
    #[arg(long, value_name = "TICKET")]
    pub(super) ticket: Option<String>,
    /// The last day on which the rules are wanted, in UTC, or `never`
    #[arg(long, value_name = "DATE")]
    pub(super) expires: Option<String>,
    /// Write over a file that is there
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
pub(super) struct TargetsArgs {
    /// Print the JSON Schema of the model that templates see: of a target or one of its templates, of `artifact` for
    /// artifacts of your own, or of their `manifest`
    #[arg(long, value_name = "NAME")]
    pub(super) model: Option<String>,
    /// Print the JSON Schema of the JSON output
    #[arg(long, conflicts_with = "model")]
    pub(super) schema: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Rule files of one format, or of Terraform in any form, read as one rule set; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    pub(super) files: Vec<PathBuf>,
    /// Of a plan, the state before it and not the one after
    #[arg(long)]
    pub(super) before: bool,
    #[command(flatten)]
    pub(super) readers: ReaderArgs,
    #[command(flatten)]
    pub(super) limit: LimitArgs,
    /// Print the JSON Schema of the JSON output
    #[arg(long)]
    pub(super) schema: bool,
}

/// Each line of a list is a block, a range `FIRST-LAST` or an address, of either family; `#` and `;` begin comments.
#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// Lists of prefixes; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Only addresses that all lists have
    #[arg(long, conflicts_with_all = ["except", "diff"])]
    pub(super) common: bool,
    /// Only addresses that none of these lists has
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "diff")]
    pub(super) except: Vec<PathBuf>,
    /// Only addresses of FILE or of these lists, not of both; exit 1 when there are any
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) diff: Vec<PathBuf>,
}

/// Who reads files in formats that are not known here.
#[derive(Debug, Args)]
pub(super) struct ReaderArgs {
    /// Have a program read the files whose name fits: it gets them as JSON and says what they mean as JSON. COMMAND is a
    /// program and its arguments, split on spaces; it runs with your rights. Only the command line can name one
    #[arg(long, value_name = "GLOB=COMMAND")]
    pub(super) reader: Vec<crate::ops::ExternalReader>,
}

/// How large the meaning of rules may become.
#[derive(Debug, Args)]
pub(super) struct LimitArgs {
    /// How many steps the sets of packets may have before the rules are refused as too many cases
    #[arg(long, value_name = "STEPS", default_value_t = crate::packet::Limit::default().cuts())]
    limit: usize,
}

impl LimitArgs {
    /// The limit.
    pub(super) fn limit(&self) -> crate::packet::Limit {
        crate::packet::Limit::of(self.limit)
    }
}

/// What is wanted, and with which addresses.
#[derive(Debug, Args)]
pub(super) struct ProjectArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// Set a variable or a target's option
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// The lockfile; the project's, else `egressor.lock`, when it is there
    #[arg(long, value_name = "FILE")]
    pub(super) lock: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// What is asked: `api.example.com:443`, `192.0.2.1:53/udp`, `[2001:db8::1]:443`, `192.0.2.1/icmp`,
    /// `HOST:443/tcp/PATH`; without a port, every port; tcp unless said otherwise
    #[arg(value_name = "HOST|IP[:PORT][/PROTO]", required_unless_present = "schema")]
    pub(super) question: Option<String>,
    /// Rule files of one format, or of Terraform in any form, read as one rule set; what the project wants when not given
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) project: ProjectArgs,
    /// Of a plan, the state before it and not the one after
    #[arg(long, requires = "files")]
    pub(super) before: bool,
    /// Where the connection comes from, an address or a block; from anywhere when not given
    #[arg(long, value_name = "ADDR")]
    pub(super) from: Option<String>,
    /// Only scopes whose name fits the pattern; `*` stands for anything
    #[arg(long, value_name = "GLOB")]
    pub(super) scope: Option<String>,
    /// Which way the connection goes
    #[arg(long, value_enum, default_value_t = Way::Egress)]
    pub(super) direction: Way,
    #[command(flatten)]
    pub(super) readers: ReaderArgs,
    #[command(flatten)]
    pub(super) limit: LimitArgs,
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
    /// Rule files of one format, or of Terraform in any form, read as one rule set; `-` is standard input
    /// Without any, the project is judged: whether each entry has an owner, a ticket and a last day, and what expired
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Of a plan, the state before it and not the one after
    #[arg(long)]
    pub(super) before: bool,
    /// With a project, a region, a catalog or another choice of endpoints, traffic that none explains is told, too
    #[command(flatten)]
    pub(super) project: ProjectArgs,
    /// Tell also what expires within so many days from today, such as `30d`
    #[arg(long, value_name = "DAYS")]
    pub(super) expires_within: Option<String>,
    #[command(flatten)]
    pub(super) readers: ReaderArgs,
    #[command(flatten)]
    pub(super) limit: LimitArgs,
    /// Print the JSON Schema of the JSON output
    #[arg(long)]
    pub(super) schema: bool,
}

impl ProjectArgs {
    /// What is wanted, by the project file and these arguments.
    pub(super) fn settle(&self, common: &Common) -> super::settle::Settled {
        super::settle::settle(common, &self.select, &self.set, self.lock.as_deref())
    }
}

impl SelectArgs {
    /// Reports whether anything was selected.
    pub(super) fn is_given(&self) -> bool {
        !self.catalog.is_empty()
            || !self.overlay.is_empty()
            || self.selection() != crate::catalog::Selection::default()
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
            ..crate::catalog::Selection::default()
        }
    }
}
