//! Blocks of addresses, packets, and the packets at the edges of what rules name.

use super::dice::Dice;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Block {
    pub(crate) v6: bool,
    bits: u128,
    pub(crate) len: u32,
}

impl Block {
    pub(crate) fn any(v6: bool) -> Self {
        Self { v6, bits: 0, len: 0 }
    }

    /// The block that a row of a document names.
    pub(crate) fn named(cidr: &str) -> Self {
        let (addr, len) = cidr.split_once('/').unwrap();
        let (v6, bits) = number(addr.parse().unwrap());
        Self { v6, bits, len: len.parse().unwrap() }
    }

    /// A block near few places, so that blocks of one rule set often overlap.
    pub(crate) fn random(dice: &mut Dice, v6: bool) -> Self {
        if dice.once_in(12) {
            return Self::any(v6);
        }
        let near: [IpAddr; 4] = if v6 {
            ["2001:db8::", "2001:db8:8000::ff", "fd00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0"]
        } else {
            ["10.0.0.0", "10.1.128.255", "192.0.2.0", "255.255.255.240"]
        }
        .map(|addr| addr.parse().unwrap());
        let addr = number(*dice.pick(&near)).1 ^ u128::try_from(dice.below(4)).unwrap();
        let lens: &[u32] =
            if v6 { &[3, 16, 32, 33, 64, 126, 127, 128] } else { &[1, 8, 9, 15, 16, 24, 25, 30, 31, 32] };
        Self { v6, bits: addr, len: 0 }.with_len(*dice.pick(lens))
    }

    fn width(self) -> u32 {
        if self.v6 { 128 } else { 32 }
    }

    /// How many addresses it holds, less one.
    fn mask(self) -> u128 {
        let host = self.width() - self.len;
        if host == 128 { u128::MAX } else { (1 << host) - 1 }
    }

    /// The block of that length around the first address.
    pub(crate) fn with_len(self, len: u32) -> Self {
        let block = Self { len, ..self };
        Self { bits: block.bits & !block.mask(), ..block }
    }

    pub(crate) fn halves(self) -> Option<[Self; 2]> {
        let len = self.len + 1;
        (len <= self.width()).then(|| {
            let bit = 1_u128 << (self.width() - len);
            [Self { len, ..self }, Self { len, bits: self.bits | bit, ..self }]
        })
    }

    /// The block that differs in its last bit.
    pub(crate) fn sibling(self) -> Option<Self> {
        let bit = 1_u128.checked_shl(self.width() - self.len)?;
        (self.len > 0).then_some(Self { bits: self.bits ^ bit, ..self })
    }

    pub(crate) fn holds(self, addr: IpAddr) -> bool {
        let (v6, bits) = number(addr);
        v6 == self.v6 && bits & !self.mask() == self.bits
    }

    pub(crate) fn inside(self, other: Self) -> bool {
        self.len >= other.len && other.holds(self.first())
    }

    pub(crate) fn first(self) -> IpAddr {
        address(self.v6, self.bits)
    }

    pub(crate) fn last(self) -> IpAddr {
        address(self.v6, self.bits | self.mask())
    }

    /// An address of the block that is not its first, where it has one.
    pub(crate) fn inner(self) -> IpAddr {
        address(self.v6, self.bits | (self.mask() & 5))
    }

    /// The first and last address, and those beside.
    fn edges(self) -> Vec<IpAddr> {
        let (first, last) = (self.bits, self.bits | self.mask());
        let most = Self::any(self.v6).mask();
        let all = [first.checked_sub(1), Some(first), Some(last), last.checked_add(1)];
        all.into_iter().flatten().filter(|bits| *bits <= most).map(|bits| address(self.v6, bits)).collect()
    }
}

impl std::fmt::Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.first(), self.len)
    }
}

fn number(addr: IpAddr) -> (bool, u128) {
    match addr {
        IpAddr::V4(v4) => (false, v4.to_bits().into()),
        IpAddr::V6(v6) => (true, v6.to_bits()),
    }
}

fn address(v6: bool, bits: u128) -> IpAddr {
    if v6 {
        IpAddr::V6(Ipv6Addr::from_bits(bits))
    } else {
        IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits).unwrap()))
    }
}

/// The far end of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Far {
    Addr(IpAddr),
    Name(String),
    Group(String),
}

/// A packet: its far end, its near end, its protocol, and its destination port or its ICMP type and code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) far: Far,
    pub(crate) near: IpAddr,
    pub(crate) protocol: u8,
    pub(crate) detail: u16,
}

/// What packets are made of: the edges of what rules name.
#[derive(Debug, Default)]
pub(crate) struct Edges {
    all: Named,
    /// What each rule names.
    rules: Vec<Named>,
}

#[derive(Debug, Default, Clone)]
struct Named {
    far: Vec<Far>,
    near: Vec<IpAddr>,
    details: Vec<(u8, u16)>,
}

impl Edges {
    /// What is named from now on belongs to another rule.
    pub(crate) fn rule(&mut self) {
        self.rules.push(Named::default());
    }

    fn both(&mut self, add: impl Fn(&mut Named)) {
        add(&mut self.all);
        self.rules.last_mut().into_iter().for_each(add);
    }

    pub(crate) fn far(&mut self, block: Block) {
        self.both(|named| named.far.extend(block.edges().into_iter().map(Far::Addr)));
    }

    pub(crate) fn peer(&mut self, far: &Far) {
        self.both(|named| named.far.push(far.clone()));
    }

    pub(crate) fn near(&mut self, block: Block) {
        self.both(|named| named.near.extend(block.edges()));
    }

    pub(crate) fn ports(&mut self, protocol: u8, (first, last): (u16, u16)) {
        let all = [first.checked_sub(1), Some(first), Some(last), last.checked_add(1)];
        self.both(|named| named.details.extend(all.into_iter().flatten().map(|port| (protocol, port))));
    }

    /// All codes of a type, or one, and the neighbours.
    pub(crate) fn icmp(&mut self, protocol: u8, kind: u8, code: Option<u8>) {
        let first = u16::from(kind) << 8 | u16::from(code.unwrap_or(0));
        let last = u16::from(kind) << 8 | u16::from(code.unwrap_or(255));
        self.ports(protocol, (first, last));
    }

    pub(crate) fn protocol(&mut self, protocol: u8) {
        for near in [protocol.checked_sub(1), Some(protocol), protocol.checked_add(1)].into_iter().flatten() {
            self.both(|named| {
                named.details.push((near, 0));
                if [1, 6, 17, 58, 132].contains(&near) {
                    named.details.push((near, 40_000));
                }
            });
        }
    }

    /// Some packets of those at the edges: most are made of what one rule names, the others of what any names.
    pub(crate) fn packets(&self, dice: &mut Dice, count: usize) -> Vec<Packet> {
        let any: [IpAddr; 2] = ["172.16.5.5", "2001:db8:ffff::5"].map(|addr| addr.parse().unwrap());
        let mut all = self.all.clone();
        all.far.extend(any.map(Far::Addr));
        all.near.extend(any);
        all.details.extend([
            (6, 443),
            (17, 53),
            (1, 0x0800),
            (58, 0x8000),
            (47, 0),
            (50, 0),
            (132, 9),
            (6, 0),
            (0, 0),
            (255, 0),
        ]);
        let mut packets = Vec::new();
        while packets.len() < count {
            let of_rule = self.rules.get(dice.below(self.rules.len())).filter(|_| !dice.once_in(3));
            let from = of_rule.unwrap_or(&all);
            let far = dice.pick(if from.far.is_empty() { &all.far } else { &from.far }).clone();
            let (protocol, detail) =
                *dice.pick(if from.details.is_empty() { &all.details } else { &from.details });
            let fits = |near: &&IpAddr| !matches!(&far, Far::Addr(addr) if addr.is_ipv4() != near.is_ipv4());
            let mut near: Vec<IpAddr> = from.near.iter().filter(fits).copied().collect();
            if near.is_empty() {
                near.extend(all.near.iter().filter(fits));
            }
            packets.push(Packet { near: *dice.pick(&near), far, protocol, detail });
        }
        packets
    }
}
