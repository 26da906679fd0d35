//! What the types at the edge accept, as tables: each refused text is one that somebody reads another way.

use egressor::packet::{
    Hostname, HostnameError, PathPrefix, PathPrefixError, PortRange, PortRangeError, Prefix, PrefixError,
    Protocol,
};

#[test]
fn prefixes_that_are_plain_are_read_as_written() {
    for (text, shown) in [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.1", "192.0.2.1/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("255.255.255.255/32", "255.255.255.255/32"),
        ("0.0.0.0", "0.0.0.0/32"),
        ("::/0", "::/0"),
        ("::", "::/128"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1/128"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1/128"),
    ] {
        assert_eq!(text.parse::<Prefix>().unwrap().to_string(), shown);
    }
}

#[test]
fn prefixes_that_can_be_misread_are_refused() {
    for text in [
        "",
        "/",
        "/24",
        "192.0.2.0/",
        "192.0.2/24",
        "192.0.2",
        "10",
        "0x0a000000",
        "010.0.0.0/8",
        "10.0.0.00/8",
        "10.0.0.0.0/8",
        "256.0.0.0/8",
        " 10.0.0.0/8",
        "10.0.0.0/8 ",
        "10.0.0.0 /8",
        "10.0.0.0/255.0.0.0",
        "fe80::1%eth0",
        "[::1]/128",
        "::1::/64",
        "10.0.0.0-10.0.0.9",
        "any",
        "*",
        "0.0.0.0/0/0",
        "１０.0.0.0/8",
        "+10.0.0.0/8",
        "12345::",
        "192.0.2.0/24,10.0.0.0/8",
        "10.0.0.0/8\n",
    ] {
        assert!(text.parse::<Prefix>().is_err(), "{text:?}");
    }
    for len in ["33", "129", "-1", "+8", "08", "00", "256", "99999999999999999999", "8 ", "eight", "٨"] {
        let refused = format!("10.0.0.0/{len}").parse::<Prefix>();
        assert!(matches!(&refused, Err(PrefixError::Length { max: 32, .. })), "{len}: {refused:?}");
    }
    assert!(matches!("::/129".parse::<Prefix>(), Err(PrefixError::Length { max: 128, family: "IPv6", .. })));
}

#[test]
fn host_bits_are_refused_and_the_network_is_named() {
    for (text, network) in [
        ("192.0.2.1/24", "192.0.2.0/24"),
        ("255.255.255.255/31", "255.255.255.254/31"),
        ("0.0.0.1/0", "0.0.0.0/0"),
        ("2001:db8::1/64", "2001:db8::/64"),
        ("::1/0", "::/0"),
    ] {
        match text.parse::<Prefix>() {
            Err(PrefixError::HostBits { network: found, written }) => {
                assert_eq!((found.to_string().as_str(), written.as_str()), (network, text));
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn blocks_know_their_ends() {
    for (text, first, last) in [
        ("10.0.0.0/8", "10.0.0.0", "10.255.255.255"),
        ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
        ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
    ] {
        let block: Prefix = text.parse().unwrap();
        assert_eq!((block.addr().to_string(), block.last().to_string()), (first.to_owned(), last.to_owned()));
    }
    assert_eq!(Prefix::containing("10.1.2.3".parse().unwrap(), 33), None);
    assert_eq!(Prefix::containing("::1".parse().unwrap(), 129), None);
    assert_eq!(Prefix::containing("10.1.2.3".parse().unwrap(), 0).unwrap().to_string(), "0.0.0.0/0");
}

#[test]
fn ports_are_decimal_and_in_order() {
    for (text, ends) in [
        ("0", (0, 0)),
        ("443", (443, 443)),
        ("65535", (65_535, 65_535)),
        ("0-65535", (0, 65_535)),
        ("8-8", (8, 8)),
    ] {
        let range: PortRange = text.parse().unwrap();
        assert_eq!((range.first(), range.last()), ends);
    }
    assert_eq!("8-8".parse::<PortRange>().unwrap().to_string(), "8");
    assert_eq!("8-9".parse::<PortRange>().unwrap().to_string(), "8-9");
    assert_eq!("443-80".parse::<PortRange>(), Err(PortRangeError::Reversed { first: 443, last: 80 }));
    for text in ["65536", "70000", "1-65536", "99999999999999999999"] {
        assert!(matches!(text.parse::<PortRange>(), Err(PortRangeError::TooLarge(_))), "{text}");
    }
    // Leading zeros: `--dport 0443` is port 291 to iptables.
    for text in [
        "", "-", "80-", "-80", "1-2-3", "80:90", "80,443", "80 ", " 80", "80 - 90", "+80", "8_0", "0x50",
        "http", "any", "*", "０", "80.0", "8e1", "0443", "00", "1-010", "-1", "80\n",
    ] {
        assert!(matches!(text.parse::<PortRange>(), Err(PortRangeError::Syntax(_))), "{text:?}");
    }
}

#[test]
fn protocols_are_names_or_plain_numbers() {
    for (text, number) in [
        ("tcp", 6),
        ("TCP", 6),
        ("udp", 17),
        ("icmp", 1),
        ("icmpv6", 58),
        ("ipv6-icmp", 58),
        ("sctp", 132),
        ("0", 0),
        ("6", 6),
        ("255", 255),
        ("udplite", 136),
        ("esp", 50),
    ] {
        assert_eq!(Protocol::parse(text), Some(Protocol(number)), "{text}");
    }
    for text in [
        "", "256", "-1", "+6", "06", "006", "6 ", "tcp ", "tcp/udp", "all", "any", "*", "-1", "ip", "0x6",
        "６",
    ] {
        assert_eq!(Protocol::parse(text), None, "{text:?}");
    }
    for number in 0..=255 {
        let protocol = Protocol(number);
        assert_eq!(Protocol::parse(&protocol.to_string()), Some(protocol));
    }
}

#[test]
fn host_names_have_one_form() {
    for (text, form) in [
        ("api.cast.ai", "api.cast.ai"),
        ("API.Cast.AI", "api.cast.ai"),
        ("api.cast.ai.", "api.cast.ai"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("api。cast。ai", "api.cast.ai"),
        ("ＡＰＩ.cast.ai", "api.cast.ai"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("my_bucket.s3.amazonaws.com", "my_bucket.s3.amazonaws.com"),
        ("localhost", "localhost"),
        ("1.example", "1.example"),
        ("1password.com", "1password.com"),
        ("r1---sn-abc.googlevideo.com", "r1---sn-abc.googlevideo.com"),
        ("ab--cd.example", "ab--cd.example"),
        ("3com", "3com"),
        // UTS 46 drops what cannot be seen; what stays is what a reader sees.
        ("a\u{feff}b\u{ad}.example", "ab.example"),
    ] {
        assert_eq!(text.parse::<Hostname>().map(|host| host.to_string()), Ok(form.to_owned()), "{text}");
    }
}

#[test]
fn texts_that_are_no_host_name_are_refused_for_the_right_reason() {
    for text in ["192.0.2.1", "192.0.2.1.", "::1", "[::1]", "2001:db8::1", "0.0.0.0"] {
        assert!(matches!(text.parse::<Hostname>(), Err(HostnameError::Address(_))), "{text}");
    }
    for text in ["*", "*.example.com", "a.*.example.com", "ex*mple.com", "?.example.com"] {
        assert!(matches!(text.parse::<Hostname>(), Err(HostnameError::Wildcard(_))), "{text}");
    }
    for text in [
        "https://example.com",
        "example.com:443",
        "example.com/a",
        "user@example.com",
        "//example.com",
        "[::1]:443",
    ] {
        assert!(matches!(text.parse::<Hostname>(), Err(HostnameError::NotBare(_))), "{text}");
    }
    let long_label = format!("{}.example", "a".repeat(64));
    let long_name = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "a".repeat(62));
    for text in [
        "",
        ".",
        "..",
        "example.com..",
        ".example.com",
        "a..b",
        "-a.example",
        "a-.example",
        "a b.example",
        " a.example",
        "a.example ",
        "a.example\n",
        "a\tb",
        "a%41.example",
        "a!b",
        "a$b.example",
        "${x}",
        "%{x}",
        "{{x}}",
        "a,b",
        "a;b",
        "a#b",
        "a'b",
        "a\"b",
        "a\\b",
        "a|b",
        "a`b",
        "a\0b",
        "a\u{202e}b",
        "xn--a.example",
        "xn--",
        // What a URL library or `inet_aton` reads as an address.
        "127.1",
        "10.0",
        "0x7f.1",
        "1",
        "0x7f000001",
        "1.2.3.0x4",
        "256.256.256.256",
        "1.2.3.4.5",
        "１２７.０.０.１",
        "0177.0.0.1",
        "example.123",
        long_label.as_str(),
        long_name.as_str(),
    ] {
        let refused = text.parse::<Hostname>();
        assert!(matches!(&refused, Err(HostnameError::Invalid(_))), "{text:?}: {refused:?}");
    }
}

#[test]
fn a_name_is_within_itself_and_its_parents_only() {
    let host = |name: &str| name.parse::<Hostname>().unwrap();
    for (name, parent, within) in [
        ("a.b", "a.b", true),
        ("x.a.b", "a.b", true),
        ("x.y.a.b", "b", true),
        ("xa.b", "a.b", false),
        ("a.b", "x.a.b", false),
        ("a.b.c", "a.b", false),
    ] {
        assert_eq!(host(name).is_within(&host(parent)), within, "{name} in {parent}");
    }
}

#[test]
fn path_prefixes_start_at_the_root_and_stay_below_it() {
    for text in [
        "/",
        "/a",
        "/a/",
        "//",
        "/a//b",
        "/.well-known/",
        "/a.b",
        "/...",
        "/%41",
        "/a:b@c",
        "/~u",
        "/*",
        "/a;b=c",
        "/{x}",
    ] {
        assert_eq!(text.parse::<PathPrefix>().unwrap().as_str(), text);
    }
    for text in ["", "a", "a/b", "https://h/a", "*", " /a"] {
        assert!(matches!(text.parse::<PathPrefix>(), Err(PathPrefixError::Relative(_))), "{text:?}");
    }
    for text in [
        "/a b",
        "/a\n",
        "/a\0",
        "/ä",
        "/a?b",
        "/a#b",
        "/a\\b",
        "/.",
        "/..",
        "/a/../b",
        "/a/.",
        "/./a",
        "/a/..",
        "/a\u{7f}",
        "/\u{202e}a",
        // A server or proxy that decodes before it resolves sees a dot segment here.
        "/%2e%2e/a",
        "/a/%2E",
        "/a/.%2e/b",
        "/a/%2e./b",
    ] {
        assert!(matches!(text.parse::<PathPrefix>(), Err(PathPrefixError::Character(_))), "{text:?}");
    }
}
