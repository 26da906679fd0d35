//! Security groups as `aws ec2 describe-security-groups` and `describe-security-group-rules` print them.
//!
//! EC2's API reference, `IpPermission` and `SecurityGroupRule`. The first leaves the ports out where all are meant, the
//! second prints `-1` for them.

use super::entries::resolve;
use super::lift::{Peer, Permission, lift};
use super::peer::{Family, block_of};
use crate::diag::{Code, Finding, Source};
use crate::policy::{Direction, Scope};
use crate::syntax::json;
use crate::syntax::yaml::{Kind, Node};
use crate::targets::clouds::aws_fields::{Fields, field, says};
use crate::targets::clouds::managed_entries::{self as entries, Entries};
use crate::targets::clouds::terraform::Stated;
use crate::targets::{Imported, Importer};
use std::sync::Arc;

/// Reads what the AWS command line prints about security groups: whole answers, bare lists and single objects.
#[derive(Debug)]
pub(super) struct AwsSecurityGroupDescribe;

impl Importer for AwsSecurityGroupDescribe {
    fn name(&self) -> &'static str {
        "aws-security-group-describe"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let keys = json::keys(source.text());
        let has = |name: &str| keys.contains(&name);
        has("SecurityGroups")
            || has("SecurityGroupRules")
            || has("GroupId") && (has("IpPermissions") || has("IpPermissionsEgress"))
            || has("GroupId") && has("IsEgress")
            || has("IpProtocol") && PEERS.iter().any(|key| has(key))
    }

    fn completes(&self, source: &Source) -> bool {
        entries::recognizes(source.text())
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut reader = Reader::default();
        let mut lists = Entries::default();
        for source in sources {
            if entries::recognizes(source.text()) {
                lists.read(source, &mut reader.findings);
            } else {
                reader.file(source);
            }
        }
        let Reader { mut permissions, stated, mut findings } = reader;
        resolve(&lists, &mut permissions);
        let policy = lift(permissions, stated, &mut findings);
        Imported { policy, findings }
    }
}

/// The keys of a permission that name its peers.
const PEERS: [&str; 4] = ["IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"];

/// What permissions belong to in a file that names no group: it is chosen where they are handed over.
const ANY_GROUP: &str = "ip-permissions";

const BOTH: [(Direction, &str); 2] =
    [(Direction::Egress, "IpPermissionsEgress"), (Direction::Ingress, "IpPermissions")];

#[derive(Default)]
struct Reader {
    permissions: Vec<Permission>,
    stated: Vec<Scope>,
    findings: Vec<Finding>,
}

impl Reader {
    fn file(&mut self, source: &Arc<Source>) {
        let root = match json::parse(source, Code::ReadSyntax) {
            Ok(root) => root,
            Err(finding) => return self.findings.push(finding),
        };
        let mut fields = Fields::of(source);
        let answer = root.get("SecurityGroups").or_else(|| root.get("SecurityGroupRules")).is_some();
        if field(&root, "NextToken").is_some() {
            fields.refuse(&root, "the output was cut: it has a `NextToken`, so rules are missing");
        }
        let objects = if answer {
            let mut objects = fields.objects(&root, "SecurityGroups");
            objects.extend(fields.objects(&root, "SecurityGroupRules"));
            objects
        } else if let Kind::Sequence(_) = root.kind {
            fields.members(&root, "the list")
        } else {
            vec![&root]
        };
        for object in objects {
            if object.get("IsEgress").is_some() || object.get("SecurityGroupRuleId").is_some() {
                self.rule(object, &mut fields);
            } else if BOTH.iter().any(|(_, key)| object.get(key).is_some()) || answer {
                self.group(object, &mut fields);
            } else if object.get("IpProtocol").is_some() {
                self.handed_over(source, object, &mut fields);
            } else {
                fields.refuse(object, "the object is neither a security group nor a rule of one");
            }
        }
        self.findings.extend(fields.findings);
    }

    /// A group with its permissions. One without any allows nothing, and says so.
    fn group(&mut self, object: &Node, fields: &mut Fields<'_>) {
        let Some(group) = fields.text(object, "GroupId") else {
            fields.refuse(object, "the security group has no `GroupId`");
            return;
        };
        for (direction, key) in BOTH {
            self.stated.push(Scope { name: group.to_owned(), direction });
            for permission in fields.objects(object, key) {
                self.permission(group, direction, permission, fields);
            }
        }
    }

    fn permission(&mut self, group: &str, direction: Direction, object: &Node, fields: &mut Fields<'_>) {
        let mut peers = Vec::new();
        for (list, key, family) in
            [("IpRanges", "CidrIp", Family::V4), ("Ipv6Ranges", "CidrIpv6", Family::V6)]
        {
            for range in fields.objects(object, list) {
                peers.extend(cidr(range, key, family, fields));
            }
        }
        for list in fields.objects(object, "PrefixListIds") {
            peers.extend(named(list, &["PrefixListId"], fields));
        }
        for pair in fields.objects(object, "UserIdGroupPairs") {
            peers.extend(named(pair, &["GroupId", "GroupName"], fields));
        }
        peers.extend(strangers(object, &[&PEERS[..], &["IpProtocol", "FromPort", "ToPort"]].concat()));
        if peers.is_empty() && !PEERS.iter().any(|key| field(object, key).is_some()) {
            fields.note(Code::ReadNotCompared, object, "the rule names no peer, so it allows nothing");
        }
        self.add(group, direction, peers, object, fields);
    }

    /// A permission as the command line takes it for `--ip-permissions`. Which way it is for is said by the command, so
    /// the name of the file must say it here.
    fn handed_over(&mut self, source: &Source, object: &Node, fields: &mut Fields<'_>) {
        let file = source.name().rsplit(['/', '\\']).next().unwrap_or_default();
        let says = |direction: Direction| file.contains(direction.as_str());
        let direction = match (says(Direction::Egress), says(Direction::Ingress)) {
            (true, false) => Direction::Egress,
            (false, true) => Direction::Ingress,
            (true, true) | (false, false) => {
                let message = "permissions do not say which way they are for; a file name with `egress` or `ingress` does";
                fields.refuse(object, message);
                return;
            }
        };
        self.stated.push(Scope { name: ANY_GROUP.to_owned(), direction });
        self.permission(ANY_GROUP, direction, object, fields);
    }

    /// A rule of its own, with one peer.
    fn rule(&mut self, object: &Node, fields: &mut Fields<'_>) {
        let direction = match object.get("IsEgress").map(|value| &value.kind) {
            Some(Kind::Bool(true)) => Direction::Egress,
            Some(Kind::Bool(false)) => Direction::Ingress,
            Some(_) | None => {
                fields.refuse(object, "the rule needs `IsEgress`, either true or false");
                return;
            }
        };
        let Some(group) = fields.text(object, "GroupId") else {
            fields.refuse(object, "the rule has no `GroupId`");
            return;
        };
        for (direction, _) in BOTH {
            self.stated.push(Scope { name: group.to_owned(), direction });
        }
        let mut peers = Vec::new();
        for (key, family) in [("CidrIpv4", Family::V4), ("CidrIpv6", Family::V6)] {
            if field(object, key).is_some() {
                peers.extend(cidr(object, key, family, fields));
            }
        }
        if field(object, "PrefixListId").is_some() {
            peers.extend(named(object, &["PrefixListId"], fields));
        }
        if let Some(referenced) = field(object, "ReferencedGroupInfo") {
            peers.extend(named(referenced, &["GroupId"], fields));
        }
        let known = [
            ["SecurityGroupRuleId", "SecurityGroupRuleArn", "GroupId", "GroupOwnerId", "IsEgress"],
            ["IpProtocol", "FromPort", "ToPort", "Description", "Tags"],
            ["CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupInfo", "OwnerId"],
        ];
        peers.extend(strangers(object, known.as_flattened()));
        if peers.is_empty() {
            fields.refuse(object, "the rule names no peer that can be read");
        }
        self.add(group, direction, peers, object, fields);
    }

    fn add(
        &mut self,
        group: &str,
        direction: Direction,
        peers: Vec<Peer>,
        object: &Node,
        fields: &mut Fields<'_>,
    ) {
        let protocol = fields.word(object, "IpProtocol");
        let (Ok(mut from), Ok(mut to)) = (fields.number(object, "FromPort"), fields.number(object, "ToPort"))
        else {
            return;
        };
        let ported = |text: &String| matches!(text.to_ascii_lowercase().as_str(), "tcp" | "udp" | "6" | "17");
        let open = |port: Option<i64>| matches!(port, None | Some(-1));
        if matches!(&protocol, Stated::Known(text) if ported(text)) && open(from) && open(to) {
            let message = "the rule names no ports of a protocol that has them, which stands for all of them";
            fields.note(Code::ReadWidened, object, message);
            (from, to) = (Some(0), Some(65_535));
        }
        // The whole rule may be long; what names it is enough to find it.
        let named = object.get("SecurityGroupRuleId").or_else(|| object.get("IpProtocol")).unwrap_or(object);
        let stated = |number: Option<i64>| number.map_or(Stated::Absent, Stated::Known);
        self.permissions.push(Permission {
            group: group.to_owned(),
            directions: vec![direction],
            protocol,
            from: stated(from),
            to: stated(to),
            peers,
            conditions: Vec::new(),
            place: fields.place(named),
        });
    }
}

/// The block that a key of an object names.
fn cidr(object: &Node, key: &str, family: Family, fields: &mut Fields<'_>) -> Option<Peer> {
    match fields.text(object, key).map(|text| block_of(text, family)) {
        Some(Ok(prefix)) => return Some(Peer::Block(prefix)),
        Some(Err(message)) => fields.refuse(object, message),
        None => fields.refuse(object, format!("the range has no `{key}`")),
    }
    None
}

/// The group or list that the first of some keys names.
fn named(object: &Node, keys: &[&str], fields: &mut Fields<'_>) -> Option<Peer> {
    let name = keys.iter().find_map(|key| fields.text(object, key));
    if name.is_none() {
        fields.refuse(object, format!("the peer has no `{}`", keys.join("` or `")));
    }
    name.map(|name| Peer::Group(name.to_owned()))
}

/// What keys that are not known may mean: any peer at all.
fn strangers(node: &Node, known: &[&str]) -> Vec<Peer> {
    let Kind::Mapping(entries) = &node.kind else { return Vec::new() };
    let strange = entries.iter().filter(|(key, value)| says(value) && !known.contains(&key.name.as_str()));
    strange.map(|(key, _)| Peer::Unknown(key.name.clone())).collect()
}
