//! The table of all codes of findings, each with its page.

use super::Severity;
use std::fmt;

/// Declares the codes: variant, id, severity, title and page of each.
macro_rules! codes {
    ($($variant:ident $id:literal $severity:ident $title:literal $page:literal)*) => {
        /// The kind of a finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        /// Every code, in the order of the table.
        pub const CODES: &[Code] = &[$(Code::$variant),*];

        impl Code {
            /// The id that reports and `egressor explain` use: group and name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $id),* }
            }

            /// How bad a finding of this code is unless it says otherwise.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),* }
            }

            /// One line: what such a finding says.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What it means, why it matters, and what to do.
            pub fn page(self) -> &'static str {
                match self { $(Self::$variant => $page),* }
            }
        }
    };
}

codes! {
    CatalogSyntax "catalog/syntax" Error "the file is not valid YAML"
        "The file could not be read as YAML, so nothing of it is used. The line and column say where the reader gave up; the cause is often a little earlier: an indent, a quote or a bracket that was not closed."
    CatalogUnknownKey "catalog/unknown-key" Error "a key that the file does not have"
        "Every key of a catalog, an overlay or a project is checked. A key that is not known is refused, because a misspelt constraint that is ignored would open more traffic than was meant."
    CatalogMissingKey "catalog/missing-key" Error "a required key is missing"
        "Without this key the entry has no clear meaning, and egressor does not guess."
    CatalogType "catalog/type" Error "a value of the wrong type"
        "The value is of another type than the key takes: a list where one value belongs, a number where a text belongs, and so on. Quote texts that YAML would read as numbers."
    CatalogEmpty "catalog/empty" Error "an empty or null value where something must stand"
        "A list that is there but empty, or a key without a value, could be read as `nothing` or as `anything`. Neither is guessed: remove the key, or write what is meant."
    CatalogValue "catalog/value" Error "a value that cannot be meant"
        "The value has the right type but is out of range or malformed: a port above 65535, a range that runs backwards, a block with host bits set, a wildcard where one host is needed."
    CatalogDuplicate "catalog/duplicate" Error "the same id, key or item twice"
        "Ids name endpoints in reports, overlays and rule comments, so each may stand only once."
    CatalogReference "catalog/reference" Error "a reference to something that is not defined"
        "The region, component, feature, source, variable or endpoint named here is not defined in the catalog, nor in an overlay on it."
    CatalogFamily "catalog/family" Error "an address of the wrong family"
        "The set is declared to hold addresses of one family, and this one is of the other."
    CatalogStale "catalog/stale" Warning "the catalog is due for a review"
        "The day on which the facts should be checked again against the vendor's page has passed."
    CatalogOwner "catalog/owner" Note "no owner is named"
        "Every rule carries its owner. The shipped catalogs cannot know who that is in your organisation: set it with `--set owner=TEAM`."
    CatalogExpired "catalog/expired" Warning "an entry whose last day has passed"
        "The endpoint was wanted until a day that is over, so its rules are left out of artifacts, and `diff` shows them as to be removed. An entry holds through the whole of its last day, in UTC: what expires on 2026-11-22 is wanted until 2026-11-22T23:59:59Z. `--today` judges by another day than that of the clock."
    CatalogOverridden "catalog/overridden" Note "a variable that two overlays set"
        "Overlays are applied in order, and the last one wins where it says that it means to: `overrides: [NAME]` beside its `variables`. The value of the earlier overlay is not used; `egressor catalog show --origin` tells both. As a warning: the later value is not within the earlier one, so it opens what the earlier overlay did not."
    SelectionRegion "selection/region" Error "no region, an unknown one, or more than one"
        "An organisation lives in one region of the vendor. Choose it with `--region`; all regions at once need `--all-regions`."
    SelectionUnknown "selection/unknown" Error "an unknown component, feature, endpoint, variable or target"
        "The name given on the command line is not one that the catalog or the program knows."
    SelectionEmpty "selection/empty" Error "the selection leaves no endpoint"
        "Nothing is left to allow after region, component and feature were applied, so there is nothing to write."
    SelectionLeftOut "selection/left-out" Note "an endpoint that was left out, and why"
        "The endpoint is in the catalog but not in this selection."
    EvidenceMissing "evidence/missing" Error "a name without any address, for a target that needs addresses"
        "The target can only say addresses, and none is known for this name: no published or dedicated address is in the catalog and no answer in the lockfile. Run `egressor lock`, leave the endpoint out with `--without`, or use a target that can say names."
    EvidenceStale "evidence/stale" Warning "addresses kept from an earlier answer"
        "The last lookup failed in a way that may pass, so the addresses known before were kept. `egressor lock` then ends with exit code 1. When lookups go on to fail for longer than `--keep` says, the addresses go, with an error."
    EvidenceShared "evidence/shared-address" Warning "an address that other sites are served from"
        "The address belongs to a content delivery network or a shared front end. A rule by address also admits every other site that answers there; a target that checks names does not."
    EvidenceRotating "evidence/rotating" Warning "addresses that change from one answer to the next"
        "The name shows other addresses each time it is asked for. The lockfile collects those that it has seen, but a rule by address is best effort: an address that was never seen yet is not let through. Use a target that takes names, ranges that the vendor publishes, or a private or dedicated address; `egressor lock --rounds N` sees more of them."
    RiskSharedHost "risk/shared-host" Warning "a host that serves other tenants too"
        "A rule for the host reaches every tenant of it. Only a proxy that inspects TLS can narrow it to a path; a private mirror or a private endpoint avoids it."
    RiskUpload "risk/upload" Warning "data leaves the network"
        "The endpoint takes uploads. On a shared host that is a way out for data to any tenant of the host."
    VariableUnset "variable/unset" Warning "a variable that a rule needs is not set"
        "The rule needs an address that only you know. Without it the rule is left out; it is never widened."
    VariableInvalid "variable/invalid" Error "a variable with a value it cannot have"
        "The value given with `--set` is not one that the variable takes."
    ImpliedRule "implied/rule" Note "a rule that the target needs besides the endpoints"
        "Rules for DNS, return traffic, loopback and the like are written as rules of their own, each with its reason, and can be switched off with `--without implied/NAME`."
    ImpliedDefault "implied/default" Warning "an implied rule that uses default addresses"
        "The rule covers only the resolvers of the cloud platforms, which are link-local. Name your own with `--set dns_servers=ADDR,...`."
    TargetCannotSay "target/cannot-say" Warning "something that the target cannot enforce"
        "The target has no way to say this exactly. The difference is declared in the artifact's header and in the report; it is never hidden."
    TargetNotEnforceable "target/not-enforceable" Warning "traffic that the target does not govern"
        "The traffic does not pass the point where this target is enforced, so a rule for it would only look effective."
    TargetLimit "target/limit" Error "a limit of the platform would be exceeded"
        "The platform refuses rule sets of this size. The arithmetic is in the message."
    TargetText "target/text" Note "a comment that was shortened or changed to fit"
        "The platform limits the length or the characters of comments. The full text is in the catalog."
    VerifyMismatch "verify/mismatch" Error "an artifact that does not mean what was asked"
        "The artifact was read back and its packets differ from the policy's. Nothing was written. The cause is a template or a value that changes the meaning of the file."
    VerifyUnread "verify/unread" Error "an artifact that cannot be read back"
        "The artifact is not valid in its own syntax, so it cannot be shown to mean anything. Nothing was written."
    VerifyUnproven "verify/unproven" Warning "an artifact that nothing reads back"
        "The manifest of the artifact says `reader: none`. Nothing parsed what was written, so nothing shows that it means the policy: read it yourself before it is used. Name a reader for its syntax, or describe it as a list, and it is proven like any other."
    TemplateError "template/error" Error "a template that cannot be rendered"
        "The template does not parse, or asks for a field that the model does not have."
    ReadSyntax "read/syntax" Error "a rule file that cannot be parsed"
        "The file is not valid in its format, so what it means is unknown."
    ReadUnknownFormat "read/unknown-format" Error "a file in no format that is known"
        "The content matches none of the formats that egressor reads."
    ReadUnmodelled "read/unmodelled" Warning "a match that is not modelled"
        "The rule's effect is known only within bounds: it may apply to all or to none of the packets that its other matches choose. It is never ignored."
    ReadRefused "read/refused" Error "a rule that the vendor's own tool would refuse"
        "The rule is not valid for the system that it is written for, so it has no meaning to compare."
    ReadNotCompared "read/not-compared" Note "a part of a file that says nothing about this traffic"
        "The part was recognised and left aside; it is named so that nobody mistakes it for read."
    ReadNative "read/native-rules" Note "rules of another tool that this kind of dump does not show"
        "The kernel may hold rules that were made with `nft`. The dump leaves them out, or prints them as something else, so what it means is known only if there are none. `nft list ruleset` shows them."
    ReadWidened "read/widened" Warning "something empty that the system reads as everything"
        "The system does not keep an empty list, or reads nothing as no restriction, so what looks like `none` allows everything. The rule is read the way the system reads it. Remove it, or write what is meant."
    ReadDefaulted "read/defaulted" Warning "a default of the system that changes what the file means"
        "Something is not written, and what the system fills in is seldom what was meant. The file is read the way the system reads it. Write the value."
    ReadIneffective "read/ineffective" Warning "a part of a rule that has no effect"
        "The system accepts the part and does not act on it, so the rule does less, or something else, than it seems to."
    ReadReturnPath "read/return-path" Warning "answers that a stateless list stops"
        "A network ACL keeps no state: answers pass only where the rules of the other direction let them pass to the port that the client chose, from 1024 to 65535. Where they pass to none of these, no TCP connection is opened, and it is not told as allowed; where they pass to some, it depends on the client, and bounds are told. Allow the ephemeral ports in the other direction, for the addresses that connections go to."
    ReadTooLarge "read/too-large" Error "rules that are more than can be compared"
        "The rules combine to so many that comparing them would take more memory than is sensible. Split the input, or leave out what need not be compared."
    ReadNeverMatches "read/never-matches" Warning "an entry that is accepted and never matches"
        "The system takes the entry without a complaint, and no traffic ever matches it. It is read as matching nothing. Whoever wrote it meant something else."
    ReadReverseLookup "read/reverse-lookup" Warning "a rule by name that an address can match"
        "The proxy asks for the reverse name of an address and compares that. Whoever owns an address chooses its reverse name, so a rule by name can admit any address. The rule is read as the names it lists."
    ReadMethodLimited "read/method-limited" Note "a rule that holds for some request methods only"
        "A host and a port count as allowed when a request of any method may reach them. This line tells methods apart, so what it says is narrower than what is shown."
    ReadServiceTags "read/service-tags" Note "service tags that are read as of one list"
        "A service tag stands for whatever Azure lists under it on the day. The file that stands beside the rules tells what that was at one of Azure's changes, and the tags are read as just that. Give a newer list to know what they mean now: `az network list-service-tags` prints it."
    ReaderMissing "reader/missing" Error "a program that is to read a file, and no flag that names it"
        "The manifest of the artifact says `reader: program`: what it writes is proven by a program. Which one is said on the command line only, with `--reader 'GLOB=COMMAND'`, because no file of a project may start a program."
    ReaderFailed "reader/failed" Error "an external reader that did not do its work"
        "The program that `--reader` names could not be started, ended with an error, took too long, or printed too much. What it printed is not used, so nothing is known of the file. What it said on standard error stands in the help, with what looks like a secret masked."
    ReaderAnswer "reader/answer" Error "an answer of an external reader that is not understood"
        "What the program printed is not a document `egressor/answer/v1`, whole and to the letter: a key is missing or not known, a value is of another type, a list that must not be empty is, a rule has no peers, or a place lies outside of the file. Nothing of it is used, because half of an answer is another policy."
    ReaderSays "reader/says" Warning "what an external reader says of a file"
        "The program that `--reader` names has something to say of the file that it read, in its own words and as grave as it says. With an error what the file means is not known."
    DriftExcess "drift/excess" Warning "traffic that is allowed and not wanted"
        "The existing rules allow traffic that the project, as it is selected now, does not ask for. An endpoint of the catalog would explain it, in another region, component or feature. Remove the rule, or select the endpoint."
    DriftMissing "drift/missing" Warning "traffic that is wanted and not allowed"
        "The project asks for traffic that the existing rules do not allow, so what depends on it does not work, or will stop."
    DriftUnmanaged "drift/unmanaged" Warning "traffic that no catalog entry explains"
        "The rules allow traffic that no endpoint of any catalog asks for. Nobody stands behind it: find out who needs it and write an endpoint for it, or remove the rule."
    DriftExpired "drift/expired" Warning "traffic that was wanted until a day that has passed"
        "The existing rules allow traffic that an endpoint asked for until its last day. Nobody stands behind it any longer: remove the rule, or ask the owner of the endpoint for another day."
    DriftUnknown "drift/unknown" Warning "traffic of which it is not known whether it changes"
        "Matches that are not modelled decide whether this traffic is allowed before and after. They are named in the report. `--unmodelled upper` compares the most that the rules may allow, `--unmodelled lower` the least."
    DriftAdded "drift/added" Warning "traffic that is newly allowed"
        "The new rules allow traffic that the old ones do not. Each row names the rules that allow it."
    DriftRemoved "drift/removed" Note "traffic that is no longer allowed"
        "The old rules allow traffic that the new ones do not. What depends on it stops working."
    DriftOutside "drift/outside-envelope" Warning "newly allowed traffic outside the approved catalog"
        "`--envelope` approves what a catalog asks for. This change allows more than that, so it needs a review."
    LockSyntax "lock/syntax" Error "a lockfile that cannot be read"
        "The lockfile is damaged, edited by hand into something else, or holds the marks of a merge conflict. Restore it, or refresh it with `egressor lock`."
    LockMissing "lock/missing" Error "no lockfile where one is needed"
        "`--locked` and `--offline` need a lockfile. `egressor lock` writes it."
    LockWouldChange "lock/would-change" Error "the lockfile would change"
        "`--locked` promises that the lockfile stays as it is."
    LockQuarantined "lock/quarantined" Error "a change that is too large to take in unseen"
        "The answers for this name lost or gained many addresses at once, lie in networks where it never was, or are there again after the name was gone. That may be a move of the vendor, a resolver that lies, or somebody else who has registered the name. The lockfile keeps what it had for the name; look at the new addresses, and accept them by name if they are right."
    DnsFailure "dns/failure" Error "a name that could not be resolved"
        "The lookup failed and nothing was known before. The class of the failure is in the message."
    DnsDropped "dns/dropped" Warning "a name that no longer has addresses"
        "The authoritative answer is that the name or its addresses do not exist, so the addresses known before were dropped."
    DnsRefused "dns/refused-address" Warning "an address that a public name must not have"
        "The answer is loopback, private, link-local, multicast or the like. A rule for it would open a way into the internal network, so it was refused."
    DnsOutsidePin "dns/outside-pin" Warning "an answer outside the vendor's dedicated addresses"
        "The vendor documents fixed addresses for this host and the answer is another one. Rules use the documented ones."
    DnsExpired "dns/expired" Note "an address that answers no longer show"
        "The name still has addresses, and this one has not been among them for longer than `--keep` says, so it was dropped. As an error: the lookups themselves have failed for that long, one after the other, so what was known is too old to be trusted."
    DnsDisagreement "dns/disagreement" Warning "resolvers that do not say the same"
        "Of several resolvers, two have nothing in common: each gave addresses that the other did not, or one is certain that there are none. That is usual for names that are served from the nearest place, and it is what a resolver that lies looks like. Without `--quorum` everything that any of them gave is taken in; with `--quorum N` only addresses that N of them gave."
    ProxyNeverMatches "proxy/never-matches" Warning "an entry of `NO_PROXY` that no host matches"
        "No client takes the entry for a host, so what it was meant for goes to the proxy. The usual causes are a comma that is missing between two entries, a placeholder that was not filled in, and a value that another program was to expand."
    ProxyDisagreement "proxy/disagreement" Warning "an entry of `NO_PROXY` that clients read differently"
        "There is no standard for NO_PROXY. Go and curl are modelled: where they decide differently, a component and a script in the same container take different ways. A plain name such as `example.com` means the host and everything below it to both, and a block of addresses with a length above 0 means the same to both."
    ProxyDirect "proxy/direct-egress" Warning "what goes around the proxy and reaches more than was meant"
        "Traffic that NO_PROXY sends around the proxy needs direct egress, and is not seen by the proxy. The name belongs to a host that serves everyone, so direct egress to it is a way out for data. Leave it to the proxy."
    ProxyLacks "proxy/lacks" Warning "traffic of the cluster that would go to the proxy"
        "Pods, services, the API server and the metadata service are reached inside the network. Without an entry in NO_PROXY clients ask the outbound proxy for them, which cannot reach them and should not see them."
    ProxyUrl "proxy/url" Warning "the URL of a proxy that clients do not take, or not as it seems"
        "The scheme is that of the hop to the proxy and not that of what is asked for: `http` unless the proxy itself speaks TLS. A URL that cannot be parsed is dropped by clients, which then connect directly."
    ProxyCredentials "proxy/credentials" Warning "a user name or password in the URL of a proxy"
        "Environment variables are readable by whoever may read the pod, and files end up in repositories. The credentials are written nowhere: artifacts refer to a secret instead, which holds the whole URL under the names of the variables."
    ProxyUnset "proxy/unset" Warning "a variable of the proxy that is not set here"
        "Without HTTPS_PROXY requests over TLS go directly, without HTTP_PROXY those without. The value may come from somewhere else, a secret for example; what is read here then is known within bounds only."
    ProxyHop "proxy/hop" Note "traffic that goes through the proxy"
        "A proxy is set, so the endpoints are reached through it: rules open the way to the proxy and close the direct one. `--set proxy_and_direct=yes` opens both."
    ProxyDecision "proxy/decision" Note "whether a host is reached through the proxy"
        "What Go and curl do with a host under this NO_PROXY, and by which entry."
    FeedSyntax "feed/syntax" Error "a feed that is not what its vendor publishes"
        "The body is no data of this format: a web page, nothing at all, a part of it, another version, or a value that cannot be meant. Nothing was taken from it, and what was known before is still there."
    FeedUnknown "feed/unknown-member" Error "a member of a feed that is not known"
        "The vendor has added something. It may be harmless, and it may narrow or widen what the rest says, so nothing was taken from the feed. Read the vendor's page; `--accept` goes on without the member."
    FeedAddress "feed/address" Error "an address in a feed that is not public"
        "The feed lists a private, loopback, metadata or reserved address. A rule for it would open the own network in the vendor's name. Nothing was taken from the feed."
    FeedQuarantined "feed/quarantined" Error "a feed that changed more than feeds do"
        "So much came or went at once, or the feed is older than the one that is known, that it is more likely broken than news. What was known before is still there. Compare the two with `egressor catalog diff`, then use `--accept`, or set another limit with `--max-change`."
    FeedIncomplete "feed/incomplete" Error "something that the feed does not say"
        "The feed lists addresses, and rules need more: the ports, who opens the connections, or the day of the feed. There is no default for these. Say it on the command line."
    FeedUnsaid "feed/unsaid" Warning "a name that no catalog can say"
        "The feed lists a name with a wildcard in a place where none can stand, or with a path. It is left out, so the catalog allows less than the feed says."
    FeedFetch "feed/fetch" Error "a feed that could not be fetched"
        "The server could not be reached, answered with an error, too slowly, too much, or not to the end. What was known before is still there."
    FileRead "file/read" Error "a file that cannot be read"
        "The file does not exist, is a folder, is not text, is too large, or may not be read."
    FileWrite "file/write" Error "a file that cannot be written"
        "The file or its folder may not be written. Nothing was changed: files are replaced all together or not at all."
    FileOutside "file/outside" Error "a path that leads out of its folder"
        "A file names another file that lies outside the project's folder, or a link leads there. What is read may end up in messages and artifacts that others see, and what is written there may belong to somebody else, so a file does not decide about it: name the other file on the command line, or allow its folder with `--allow-outside DIR`."
    FileInterrupted "file/interrupted" Warning "a run that was interrupted while it replaced files"
        "A run was killed, or the machine went down, after it had replaced some of its files and not all. The files that it had replaced are put back as they were before, and written anew by the run that found them so. `generate --check` only tells, with exit code 1."
    OutputChanged "output/changed" Note "a file that would change"
        "`generate --check` found that this file is not what the catalog and the lock now give."
    LintShadowed "lint/shadowed" Warning "a rule that no packet reaches"
        "Rules that are tried before it decide every packet that it matches, one of them or several together. If they do the opposite, the rule does not do what it was written for: move it before them. If they do the same, it can be removed. Only packets that open connections are judged, and a rule with a condition that is not modelled hides no other, unless that one has the same condition."
    LintRedundant "lint/redundant" Warning "a rule that changes nothing"
        "Without the rule every packet that it decides would fare the same, by a later rule or by the default. Each redundant rule of a file can be removed alone, and all of them can be removed together with those that no packet reaches. Only packets that open connections are judged."
    LintOverWide "lint/over-wide" Warning "a rule that allows more than anyone asks for"
        "The rule allows any address or every port. Few services need that; name the addresses and ports that are needed. A note says that any address is allowed at some ports."
    LintHostBits "lint/host-bits" Warning "a block whose address has bits behind its mask"
        "The system clears the bits behind the mask, so `10.1.2.3/8` stands for all of `10.0.0.0/8`. Whoever wrote it may have meant the one address. Write the network, or the address alone."
    LintExpired "lint/expired" Warning "a rule that was wanted until a day that has passed"
        "The comment or description of the rule says until when it is wanted. Generate the rules again, or ask the owner for a new date."
    LintExpires "lint/expires" Warning "an entry or a rule whose last day is near"
        "`--expires-within` looks ahead: the last day lies within that many days from today. Ask the owner for another day, or let it go."
    LintNotReviewable "lint/not-reviewable" Warning "an entry without owner, ticket or last day"
        "A reviewer must know who answers for a rule, which ticket approved it and until when it is wanted. Without all three an artifact is not called reviewable. Say them in the project (`owner`, `ticket`, `expires`), in an overlay, or with `--set`."
    LintUnexplained "lint/unexplained" Warning "a rule for traffic that no catalog entry asks for"
        "The rule allows traffic that no selected endpoint asks for. Either the catalog lacks an endpoint, or the rule allows more than is known to be needed."
}

impl Code {
    /// The part of the id that codes about the same thing share.
    pub fn group(self) -> &'static str {
        self.as_str().split('/').next().unwrap_or_default()
    }

    /// The code with that id.
    pub fn parse(id: &str) -> Option<Self> {
        CODES.iter().copied().find(|code| code.as_str() == id)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
