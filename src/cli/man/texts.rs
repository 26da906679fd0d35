//! What manual pages say beside the arguments: exit codes, files, examples. A test runs every example in a copy of
//! `examples/04_project`.

/// What the page of one command says.
#[derive(Debug)]
pub(super) struct Texts {
    /// The words of the command; none for the program itself.
    pub(super) command: &'static str,
    /// Paragraphs of its description, after the sentence that `--help` has.
    pub(super) says: &'static [&'static str],
    /// Exit codes and what they mean, where they are not those of most commands.
    pub(super) exit: Option<Pairs>,
    /// Files that only this command has to do with.
    pub(super) files: Pairs,
    /// Environment variables that are no options and that only this command looks at.
    pub(super) environment: Pairs,
    /// What an example does, and its line.
    pub(super) examples: Pairs,
    /// Pages of other programs.
    pub(super) see: &'static [&'static str],
}

type Pairs = &'static [(&'static str, &'static str)];

/// The texts of a command.
pub(super) fn of(command: &str) -> Option<&'static Texts> {
    TEXTS.iter().find(|texts| texts.command == command)
}

/// The exit codes of most commands.
pub(super) const EXIT: Pairs = &[
    ("0", "All is as it should be."),
    ("1", "Something differs, or a check found something."),
    ("2", "It could not be done, and nothing was written."),
];

/// The files of every command.
pub(super) const FILES: Pairs = &[
    (
        "egressor.yaml",
        "The project: what is wanted. It is looked for from the working folder upwards; `--project` names another.",
    ),
    (
        "egressor.lock",
        "The addresses of names, written by `egressor lock` and read by all that write or compare rules.",
    ),
];

/// The environment of every command.
pub(super) const EVERYWHERE: Pairs = &[
    ("NO_COLOR", "When it is set and not empty, nothing is in colour unless `--color always` asks for it."),
    (
        "CLICOLOR_FORCE",
        "When it is neither empty nor `0`, everything is in colour, in a pipe too, unless `NO_COLOR` is set.",
    ),
    ("CLICOLOR", "When it is `0`, nothing is in colour unless one of those asks for it."),
    (
        "TERM",
        "When it is `dumb`, nothing is in colour unless one of those asks for it, and nothing is a link.",
    ),
    (
        "EGRESSOR_PAGER",
        "The program, with its arguments, that shows results longer than the screen of a terminal.",
    ),
    ("PAGER", "The same, where `EGRESSOR_PAGER` is not set. Without either no pager is run."),
    ("COLUMNS", "The width of the terminal, in place of the one that it has; `LINES` for its height."),
    ("CI", "When it is set and not empty, no pager is run and nothing is a link."),
];

const WRITES: Pairs = &[
    ("0", "The files are written, or are already what they should be."),
    ("1", "With `--check`: a file would change."),
    ("2", "It could not be done, and nothing was written."),
];

const DIFFERS: Pairs = &[
    ("0", "Both sides mean the same, or differ only in what `--fail-on` lets pass."),
    ("1", "They differ."),
    ("2", "They could not be compared."),
];

const PRINTS: Pairs = &[("0", "It is printed."), ("2", "It could not be printed.")];

const NONE: Texts =
    Texts { command: "", says: &[], exit: None, files: &[], environment: &[], examples: &[], see: &[] };

/// All texts.
pub(super) const TEXTS: &[Texts] = &[
    Texts {
        says: &[
            "A catalog says which endpoints something must reach, and why. From it, and from a file with the addresses of names, rules are written for cloud firewalls, hosts, proxies and clusters. Each file is read back with a parser of its format and compared, as a set of packets, with what was asked, before it reaches the disk.",
            "Rules that exist are read in the same formats: what they let pass, what a change of them opens and closes, and which of them nobody asked for. Nothing is applied to a firewall.",
            "What is not understood is an error or is named, and never makes a rule wider.",
        ],
        examples: &[
            (
                "Write the rules that a project asks for, and tell whether they are still those in its folder:",
                "egressor generate && egressor generate --check",
            ),
            (
                "What would rules of a host have to let through, and what do they let through that nobody asked for?",
                "egressor diff live/host.rules",
            ),
            ("Which rule lets a connection pass?", "egressor check registry.example.com:443 live/host.rules"),
        ],
        see: &["iptables-restore(8)", "nft(8)", "terraform(1)"],
        ..NONE
    },
    Texts {
        command: "init",
        files: &[(
            "egressor.schema.json",
            "The JSON Schema of the project file, for editors, written beside it.",
        )],
        examples: &[(
            "Begin a project anew without being asked anything:",
            "egressor init --force --region us --component agent,node --target iptables --owner platform --ticket NET-1 --expires never",
        )],
        ..NONE
    },
    Texts {
        command: "generate",
        says: &[
            "All files of a run are replaced or none is, also when the run is killed. A file that egressor did not write is written over only with `--force`. What a target cannot say stands at the head of its file and is told.",
            "The network is not used: the addresses of names are those of the lockfile.",
        ],
        exit: Some(WRITES),
        files: &[
            ("out", "The folder that files are written to unless the project or `--out` names another."),
            (
                ".egressor-journal",
                "What is being replaced, while it is; the next run puts back what an interrupted one left.",
            ),
        ],
        examples: &[
            ("Write what the project asks for:", "egressor generate"),
            ("Print the rules of one target:", "egressor generate --target nftables --out -"),
            (
                "In CI, fail when the files of the project are not those that are committed:",
                "egressor generate --check",
            ),
        ],
        see: &["iptables-restore(8)", "nft(8)"],
        ..NONE
    },
    Texts {
        command: "lock",
        says: &[
            "This is the only command beside `catalog import` that uses the network. A lookup that fails takes nothing away that was known until it has failed for longer than `--keep`. Addresses that a public name must not have are refused, and changes that are larger than changes usually are, are held back until they are accepted.",
        ],
        exit: Some(&[
            ("0", "Every name was looked up; with `--check`, nothing would open or close."),
            (
                "1",
                "Some lookups failed and what was known was kept; with `--check`, something would open or close.",
            ),
            ("2", "A change is held back or a name has no address; or it could not be done."),
        ]),
        examples: &[
            ("Look up all names of the project, and keep the answers:", "egressor lock"),
            (
                "Tell what traffic the answers of now would open and close, as a page:",
                "egressor lock --check --format html > drift.html",
            ),
        ],
        see: &["resolv.conf(5)"],
        ..NONE
    },
    Texts {
        command: "catalog",
        examples: &[("Check the catalogs and overlays of the project:", "egressor catalog lint")],
        ..NONE
    },
    Texts {
        command: "catalog list",
        exit: Some(PRINTS),
        examples: &[
            ("What the agents need in one region:", "egressor catalog list --region us --component agent"),
            (
                "What all shipped catalogs hold, whatever the project is:",
                "egressor catalog list --project none",
            ),
        ],
        ..NONE
    },
    Texts {
        command: "catalog show",
        exit: Some(PRINTS),
        examples: &[(
            "Which line of which file changed an endpoint?",
            "egressor catalog show registry --origin",
        )],
        ..NONE
    },
    Texts {
        command: "catalog lint",
        examples: &[(
            "Check the catalogs of the project as if it were another day:",
            "egressor catalog lint --today 2026-11-22",
        )],
        ..NONE
    },
    Texts {
        command: "catalog diff",
        exit: Some(DIFFERS),
        examples: &[(
            "What does a later list of a vendor add and remove, as entries and as traffic?",
            "egressor catalog diff old.yaml new.yaml",
        )],
        ..NONE
    },
    Texts {
        command: "catalog import",
        files: &[("egressor.lock", "With `--lock` it notes token, day and digest of the feed.")],
        examples: &[(
            "Make a catalog from a list that was saved:",
            "egressor catalog import cloudflare --from ips.json --direction egress --port 443/tcp --verified 2026-11-22 --out cloudflare.yaml",
        )],
        see: &["curl(1)"],
        ..NONE
    },
    Texts {
        command: "catalog schema",
        exit: Some(PRINTS),
        examples: &[("For an editor:", "egressor catalog schema --of overlay > overlay.schema.json")],
        ..NONE
    },
    Texts {
        command: "targets",
        exit: Some(PRINTS),
        examples: &[
            ("All targets, as JSON:", "egressor targets --format json"),
            ("What the templates of a target see:", "egressor targets --model iptables"),
        ],
        ..NONE
    },
    Texts {
        command: "show",
        exit: Some(PRINTS),
        examples: &[
            ("The packets that rules let pass, in each chain:", "egressor show live/host.rules"),
            (
                "The same of standard input, for programs:",
                "egressor show --format json - < out/network-policy.yaml",
            ),
        ],
        see: &["iptables-save(8)"],
        ..NONE
    },
    Texts {
        command: "diff",
        says: &[
            "Both sides are compared as sets of packets, so that order, splitting and names of rules make no difference, and the two may be in different formats.",
        ],
        exit: Some(&[
            ("0", "Both sides mean the same, or differ only in what `--fail-on` lets pass."),
            ("1", "They differ; with `--exit-code-style terraform`, they could not be compared."),
            ("2", "They could not be compared; with `--exit-code-style terraform`, they differ."),
        ]),
        examples: &[
            ("The rules of a host against the project:", "egressor diff live/host.rules"),
            (
                "Fail only when more traffic would be let through, and name a packet of it:",
                "egressor diff out/iptables.rules live/host.rules --fail-on broadening --witness",
            ),
            ("A page for reviewers:", "egressor diff live/host.rules --format html > review.html"),
        ],
        see: &["terraform(1)"],
        ..NONE
    },
    Texts {
        command: "check",
        says: &[
            "What is not modelled of a rule makes bounds: a connection that passes only perhaps is answered as unknown, and counts as one that is not allowed.",
        ],
        exit: Some(&[
            ("0", "It would be allowed."),
            ("1", "It would not be allowed."),
            ("2", "It is not known."),
        ]),
        examples: &[
            (
                "Would the rules of a host let a connection pass?",
                "egressor check registry.example.com:443 live/host.rules",
            ),
            ("Would the project, for an address and UDP?", "egressor check 10.0.0.2:53/udp"),
        ],
        ..NONE
    },
    Texts {
        command: "lint",
        examples: &[
            (
                "Is there an owner, a ticket and a last day behind every entry, and what expires soon?",
                "egressor lint --expires-within 30d",
            ),
            ("Which rules of a file never decide anything?", "egressor lint out/iptables.rules"),
        ],
        ..NONE
    },
    Texts {
        command: "merge",
        exit: Some(&[
            ("0", "The list is printed."),
            ("1", "With `--diff`: the lists differ."),
            ("2", "A list could not be read."),
        ]),
        examples: &[(
            "The shortest list of the same addresses:",
            "printf '192.0.2.0/25\\n192.0.2.128/25\\n' | egressor merge -",
        )],
        ..NONE
    },
    Texts {
        command: "explain",
        exit: Some(PRINTS),
        examples: &[("What a code of a finding means:", "egressor explain verify/mismatch")],
        ..NONE
    },
    Texts {
        command: "completions",
        exit: Some(PRINTS),
        files: &[
            (
                "/usr/share/bash-completion/completions/egressor",
                "Where bash looks for the script of every user.",
            ),
            ("/usr/share/zsh/vendor-completions/_egressor", "Where zsh does, on Debian."),
            ("/usr/share/fish/vendor_completions.d/egressor.fish", "Where fish does."),
        ],
        examples: &[
            ("In bash, for this session:", "eval \"$(egressor completions bash)\""),
            ("Keep the script of fish:", "egressor completions fish > egressor.fish"),
        ],
        see: &["bash(1)", "zsh(1)", "fish(1)"],
        ..NONE
    },
    Texts {
        command: "man",
        exit: Some(PRINTS),
        environment: &[(
            "SOURCE_DATE_EPOCH",
            "The day that pages bear, in seconds since 1970. Without it they bear none.",
        )],
        examples: &[
            ("Read a page:", "egressor man catalog diff | man -l -"),
            ("Write all pages where man finds them with `man -M man`:", "egressor man --out man/man1"),
        ],
        see: &["man(1)"],
        ..NONE
    },
];
