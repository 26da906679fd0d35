//! What stands on the page of a finding beside its cause: an example, and what to do.

use super::Code;

/// Declares both for each code.
macro_rules! advice {
    ($($code:ident $example:literal $remedy:literal)*) => {
        impl Code {
            /// What such a finding is about, as an example.
            pub fn example(self) -> &'static str {
                match self { $(Self::$code => $example),* }
            }

            /// What to do about it, in a line. An error that has nothing more exact to say ends with it.
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$code => $remedy),* }
            }
        }
    };
}

advice! {
    CatalogSyntax "`ports: [443/tcp` without the bracket that closes the list"
        "look at the line and the one before it: an indent, a quote, a bracket"
    CatalogUnknownKey "`prots: [443/tcp]` where `ports` is meant"
        "correct the key; `egressor catalog schema` prints all that there are"
    CatalogMissingKey "an endpoint without `purpose`"
        "add the key; `egressor catalog schema` or `targets --model manifest` prints its form"
    CatalogType "`ports: 443/tcp` where the list `[443/tcp]` is needed"
        "write a value of the type that is named"
    CatalogEmpty "`from: []`"
        "remove the key, or write what is meant"
    CatalogValue "`ports: [70000/tcp]`"
        "write a value that the key takes"
    CatalogDuplicate "two endpoints with the id `api`"
        "rename one of them, or remove it"
    CatalogReference "`from: [agnet]` where no component has that id"
        "correct the name, or define it"
    CatalogFamily "`2001:db8::/32` in a set with `family: ipv4`"
        "move the address to a set of its own family"
    CatalogStale "`review_after: 2026-01-31`, and that day is over"
        "check the facts against the vendor's page, and set `verified` and `review_after` anew"
    CatalogOwner "a shipped catalog that is used as it is"
        "name the team with `--set owner=TEAM`, or in the project"
    CatalogExpired "`expires: 2026-06-30` on an endpoint, and that day is over"
        "ask the owner for another day, or remove the entry"
    CatalogOverridden "two overlays that both set `dns_servers`"
        "look at both with `egressor catalog show --origin`, and keep one"
    SelectionRegion "`--region uss`, or no `--region` at all"
        "name one region of the catalog with `--region`, or take all with `--all-regions`"
    SelectionUnknown "`--component agnet` where `agent` is meant"
        "correct the name; `egressor catalog list` and `egressor targets` print those there are"
    SelectionEmpty "`--component installer --no-feature core`, which leaves nothing"
        "select less narrowly; `egressor catalog list` shows what there is"
    SelectionLeftOut "an endpoint of a feature that is off"
        "nothing, when it is not needed; else turn its feature on with `--feature`"
    EvidenceMissing "`-t iptables` before `egressor lock` was run"
        "run `egressor lock`, or leave the endpoint out with `--without`"
    EvidenceStale "a resolver that times out, so that yesterday's addresses stay"
        "run `egressor lock` again, and find out why the lookups fail"
    EvidenceShared "an address of a content delivery network in an iptables rule"
        "use a target that checks names, or a private endpoint of the vendor"
    EvidenceRotating "a name that answers with four of hundreds of addresses"
        "use a target that takes names, or `egressor lock --rounds N` to see more of them"
    RiskSharedHost "the host of a cloud's object storage, which serves every bucket"
        "use a private mirror or endpoint, or a proxy that inspects TLS"
    RiskUpload "logs that are sent to a bucket on a shared host"
        "decide whether it is needed; `--without ENDPOINT` leaves it out"
    VariableUnset "webhooks without `control_plane_cidr`"
        "set it with `--set NAME=VALUE` or in the project, or leave the endpoint out"
    VariableInvalid "`--set dns_servers=10.0.0.2/8`, a block with host bits"
        "write a value of the form that is named"
    ImpliedRule "the rule for DNS beside those for endpoints"
        "nothing, or switch it off with `--without implied/NAME`"
    ImpliedDefault "rules for 169.254.169.254, because no resolver was named"
        "name your resolvers with `--set dns_servers=ADDR,…`"
    TargetCannotSay "a path of a shared host in a tunnel, which shows none"
        "accept the loss that is declared, or use a target that can say it"
    TargetNotEnforceable "a NetworkPolicy for pods in the network of the host"
        "guard the node with a target for hosts or for networks"
    TargetLimit "more rules than a security group holds"
        "leave endpoints out, split them, or use a form with prefix lists"
    TargetText "a purpose of 300 letters in a description of 255"
        "nothing; the catalog has the whole text"
    VerifyMismatch "a template that prints `/16` where the address has `/24`"
        "correct the template or the value that is named"
    VerifyUnread "a template that leaves a bracket open"
        "correct the template, so that the syntax of the file is right"
    VerifyUnproven "`reader: none` in the manifest of an artifact"
        "read the file yourself, or name a reader in the manifest"
    TemplateError "`{% for x in %}`"
        "correct the template; `egressor targets --model NAME` prints what it sees"
    ReadSyntax "a dump that was cut off in the middle of a line"
        "write the file anew from its source, or correct the line that is named"
    ReadUnknownFormat "a text file, or a dump of another tool"
        "name a rule file; `egressor targets` lists the formats that are read"
    ReadUnmodelled "`-m limit`, or a rule for one user"
        "read the bounds, or replace the match by one that is modelled"
    ReadRefused "`--dport 443x`"
        "correct what is named: the system that the file is for would refuse it too"
    ReadNotCompared "the `nat` table beside the `filter` table"
        "nothing, when it is not about this traffic"
    ReadNative "`iptables-save` on a machine that `nft` configures too"
        "compare what `nft list ruleset` prints as well"
    ReadWidened "`to: []` in a NetworkPolicy, which allows every peer"
        "remove it, or write the peers that are meant"
    ReadDefaulted "a rule without a protocol where the system takes all"
        "write the value that is meant"
    ReadIneffective "ports in a rule for a protocol that has none"
        "remove the part, or write what it was meant to do"
    ReadTooLarge "thousands of hosts at thousands of ports"
        "join ports to ranges, choose scopes one by one, or raise `--limit`"
    ReadNeverMatches "`dstdomain https://a.example`, a URL where a name is meant"
        "write it as the system takes it, or remove it"
    ReadReverseLookup "`acl x dstdomain a.example` where clients may ask by address"
        "forbid requests by address, or add `-n` so that no reverse name is asked for"
    ReadMethodLimited "`http_access allow CONNECT ok`"
        "nothing; know that other methods are not meant"
    ReadReturnPath "a network ACL that lets HTTPS out and no answers in"
        "allow ports 1024 to 65535 in the other direction, where connections go to"
    ReadServiceTags "`Storage.WestEurope` in a rule, with `ServiceTags_Public.json` beside it"
        "nothing, or give the list of today"
    ReaderMissing "an artifact with `reader: program`, and `generate` without `--reader`"
        "name the program: `--reader 'edge.conf=./read-edge'`"
    ReaderFailed "`--reader '*.conf=./read-edge'` where the program ends with exit 1"
        "run the program by hand with the question on its standard input, and read what it says"
    ReaderAnswer "an answer whose rule has no `peers`"
        "compare the answer with the schema: `egressor catalog schema --of answer`"
    ReaderSays "a line that the program left out, and told of"
        "ask whoever wrote the program what the remark means"
    DriftExcess "a rule for the region `eu` in a project of `us`"
        "remove the rule, or select the endpoint"
    DriftMissing "a new endpoint that the firewall does not know yet"
        "apply what `egressor generate` writes"
    DriftUnmanaged "a rule that somebody added by hand"
        "find out who needs it: write an endpoint for it, or remove it"
    DriftExpired "the rule of a migration that is over"
        "remove the rule, or ask the owner for another day"
    DriftUnknown "`-m recent` in a rule that both sides have"
        "compare with `--unmodelled upper` and `lower`, or replace the match"
    DriftAdded "a second port in a rule"
        "review it; nothing, when it is meant"
    DriftRemoved "a rule that is gone"
        "make sure that nothing depends on it"
    DriftOutside "a host that the approved catalog does not name"
        "have it approved, or take it out of the change"
    LockSyntax "the marks of a merge conflict"
        "restore it from version control, or refresh it with `egressor lock`"
    LockMissing "`generate --locked` in a fresh clone"
        "run `egressor lock`, or name the file with `--lock FILE`"
    LockWouldChange "`lock --locked` when a name has moved"
        "run `egressor lock` without `--locked`, and commit what changes"
    LockQuarantined "a name with three addresses that now has forty others"
        "look at the new addresses, then take them in with `egressor lock --accept HOST`"
    DnsFailure "a resolver that cannot be reached"
        "name another with `--resolver`, or leave the endpoint out with `--without`"
    DnsDropped "a name that the vendor has given up"
        "ask the vendor, and take the endpoint out of the catalog"
    DnsRefused "a public name that answers 10.0.0.5"
        "find out why; `--allow-private HOST` takes it in where it is meant"
    DnsOutsidePin "an answer beside the three addresses that the vendor documents"
        "compare with the vendor's page; the documented addresses are used"
    DnsExpired "an address that was last seen three weeks ago"
        "nothing; or keep addresses for longer with `--keep`"
    DnsDisagreement "a name that is served from the nearest data centre"
        "ask resolvers at the place that the rules are for, or use `--quorum N`"
    ProxyNeverMatches "`a.exampleb.example`, two entries without a comma between"
        "write it as a name, an address or a block"
    ProxyDisagreement "`*.example.com`, which only one of Go and curl knows"
        "write a plain name, which means the same to both"
    ProxyDirect "`googleapis.com` in `NO_PROXY`"
        "take the name out, and let the proxy decide"
    ProxyLacks "a `NO_PROXY` without the network of the services"
        "add what is named; `--set service_cidr=BLOCK` and the like do it"
    ProxyUrl "`https://proxy.example:3128` for a proxy that speaks no TLS"
        "write `http://HOST:PORT`, unless the proxy itself speaks TLS"
    ProxyCredentials "`http://user:password@proxy.example:3128`"
        "keep the URL in a secret, and refer to that"
    ProxyUnset "`HTTP_PROXY` alone"
        "set it too, or make sure that it comes from somewhere else"
    ProxyHop "rules for 10.0.0.9:3128 in place of the endpoints"
        "nothing; `--set proxy_and_direct=yes` opens both ways"
    ProxyDecision "`api.example.com` goes directly, by the entry `example.com`"
        "nothing, when it is as meant"
    FeedSyntax "the page of a login in place of JSON"
        "fetch it again, and look at what came"
    FeedUnknown "a new member `tier` beside the prefixes"
        "read the vendor's page; `--accept` goes on without the member"
    FeedAddress "`10.0.0.0/8` in a vendor's list"
        "ask the vendor; `--accept` goes on without the address"
    FeedQuarantined "a feed with half of its entries gone"
        "compare with `egressor catalog diff`, then use `--accept` or `--max-change`"
    FeedIncomplete "addresses without ports"
        "say it on the command line: `--port`, `--direction` or `--verified`"
    FeedUnsaid "`*-api.example.com`"
        "write the names that are needed into an overlay"
    FeedFetch "a server that answers with 503"
        "try again later, or name a saved file with `--from FILE`"
    FileRead "a name that is misspelt, or a folder in place of a file"
        "check the name, the folder and the rights: a file of text is needed"
    FileWrite "a folder that belongs to somebody else"
        "make the place writable, or name another one"
    FileOutside "`catalogs: [../other/acme.yaml]`"
        "name it on the command line, or allow its folder with `--allow-outside DIR`"
    FileInterrupted "a machine that went down during `egressor generate`"
        "run `egressor generate` again"
    OutputChanged "a rule file that was edited by hand"
        "run `egressor generate`, and commit what changes"
    LintShadowed "a deny for one host behind an allow for everyone"
        "move the rule before those that hide it, or remove it"
    LintRedundant "an allow for one host beside an allow for its network"
        "remove it"
    LintOverWide "an allow for `0.0.0.0/0` at every port"
        "name the addresses and ports that are needed"
    LintHostBits "`10.1.2.3/8`, which stands for all of `10.0.0.0/8`"
        "write the network, or the address alone"
    LintExpired "`expires 2026-06-30` in a comment, and that day is over"
        "generate the rules again, or ask the owner for another day"
    LintExpires "`--expires-within 30d`, and the last day is in a week"
        "ask the owner for another day, or let it go"
    LintNotReviewable "an endpoint without an owner"
        "say `owner`, `ticket` and `expires` in the project or an overlay"
    LintUnexplained "a rule for a host that no catalog names"
        "write an endpoint for it, or remove the rule"
}

#[cfg(test)]
mod tests {
    use crate::diag::CODES;
    use std::collections::BTreeSet;

    #[test]
    fn every_page_has_a_cause_an_example_and_something_to_do() {
        for code in CODES {
            let (page, example, remedy) = (code.page(), code.example(), code.remedy());
            assert!(page.len() > 40 && page.ends_with('.'), "{code}: {page}");
            assert!(!example.is_empty() && !example.ends_with('.'), "{code}: {example}");
            assert!(!remedy.ends_with('.') && remedy.chars().count() <= 88, "{code}: {remedy}");
            assert!(remedy.starts_with(|char: char| char.is_ascii_lowercase()), "{code}: {remedy}");
            for text in [page, example, remedy] {
                assert!(
                    text.matches('`').count().is_multiple_of(2) && !text.contains('\n'),
                    "{code}: {text}"
                );
            }
        }
        let titles: BTreeSet<&str> = CODES.iter().map(|code| code.title()).collect();
        assert_eq!(titles.len(), CODES.len(), "no two codes say the same");
    }

    #[test]
    fn codes_of_a_group_stand_together() {
        let mut groups: Vec<&str> = CODES.iter().map(|code| code.group()).collect();
        groups.dedup();
        assert_eq!(groups.iter().collect::<BTreeSet<_>>().len(), groups.len(), "{groups:?}");
    }
}
