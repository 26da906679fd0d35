//! Ten thousand names: how many a second, beside the resolver of hickory, and with how much memory.
//!
//! `cargo test --release --test resolve scale -- --ignored --nocapture` prints the figures.

use crate::dns::host;
use egressor::packet::Hostname;
use egressor::resolve::{DnsOptions, Lockfile, Outcome, RefreshOptions, Server, Timestamp, resolve};
use std::io::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// The least server there is: each question comes back with one address, or with none for IPv6.
fn echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let addr = socket.local_addr().expect("a port");
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 1500];
        loop {
            let Ok((len, from)) = socket.recv_from(&mut buffer) else { continue };
            // The question ends four bytes after the root label.
            let Some(root) = buffer[12..len].iter().position(|byte| *byte == 0) else { continue };
            let end = 12 + root + 5;
            let v6 = buffer[end - 3] == 28;
            let mut reply = buffer[..end].to_vec();
            reply[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(!v6), 0, 0, 0, 0]);
            if !v6 {
                // A pointer to the name, A, IN, a minute, four bytes.
                reply.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 8, 8, reply[1], reply[0]]);
            }
            let _ = socket.send_to(&reply, from);
        }
    });
    addr
}

fn names(count: usize) -> impl Iterator<Item = Hostname> {
    (0..count).map(|at| host(&format!("h{at:05}.example.net")))
}

/// The most memory this process ever held, in KiB, and the processor time it took, in microseconds.
fn usage() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok());
    // The main thread of the test; the server has another.
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos: u64 = stat.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default();
    (peak.unwrap_or_default(), nanos / 1_000)
}

fn measure(what: &str, count: usize, work: impl FnOnce()) {
    let (_, before) = usage();
    let begun = Instant::now();
    work();
    let (wall, (peak, after)) = (begun.elapsed(), usage());
    let count = u128::try_from(count).expect("a number");
    let rate = count * 1_000_000 / wall.as_micros().max(1);
    let per_query = u128::from(after - before) / (count * 2);
    // The figures are what this is run for.
    let _ = writeln!(
        std::io::stderr(),
        "{what:<28} {count:>6} names  {rate:>6} names/s  {per_query:>4} us CPU/query  peak {peak} KiB"
    );
}

#[test]
#[ignore = "a measurement"]
fn ten_thousand_names_against_a_loopback_server() {
    let server = echo();
    let options = |concurrency: u32| DnsOptions {
        servers: vec![Server::plain(server)],
        concurrency: concurrency.try_into().expect("not zero"),
        timeout: Duration::from_secs(2),
        ..DnsOptions::default()
    };
    for round in 0..3 {
        for (count, concurrency) in [(1_000, 32), (10_000, 32), (10_000, 64), (30_000, 32)] {
            measure(&format!("egressor, {concurrency} at once ({round})"), count, || {
                let lookups = resolve(names(count), &options(concurrency), |_, _| {}).expect("a server");
                assert!(lookups.iter().all(|lookup| lookup.a.outcome == Outcome::Answer));
                assert!(lookups.iter().all(|lookup| lookup.aaaa.outcome == Outcome::NoData));
            });
        }
        measure(&format!("hickory-resolver, 32 ({round})"), 10_000, || peer(server, 10_000, 32));
    }
    let lookups = resolve(names(10_000), &options(32), |_, _| {}).expect("a server");
    measure("refresh, write and read", 10_000, || {
        let now = Timestamp::from_unix(1_790_000_000);
        let (lock, _) = Lockfile::default().refresh(&lookups, now, &RefreshOptions::default());
        let text = lock.render();
        let source = std::sync::Arc::new(egressor::diag::Source::new("egressor.lock", text));
        assert_eq!(Lockfile::parse(&source), Ok(lock));
    });
}

/// What hickory's own resolver makes of the same names: both families, no cache.
fn peer(server: SocketAddr, count: usize, concurrency: usize) {
    use hickory_resolver::config::{NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    use hickory_resolver::proto::rr::{Name, RecordType};
    let mut nameserver = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut nameserver.connections {
        connection.port = server.port();
    }
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![nameserver]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut builder =
            hickory_resolver::Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        builder.options_mut().cache_size = 0;
        builder.options_mut().use_hosts_file = hickory_resolver::config::ResolveHosts::Never;
        builder.options_mut().max_active_requests = 1024;
        let resolver = builder.build().expect("a resolver");
        let mut tasks = tokio::task::JoinSet::new();
        let mut jobs =
            names(count).flat_map(|name| [RecordType::A, RecordType::AAAA].map(|kind| (name.clone(), kind)));
        let mut answers = 0;
        loop {
            while tasks.len() < concurrency
                && let Some((name, kind)) = jobs.next()
            {
                let resolver = resolver.clone();
                let mut name = Name::from_ascii(name.as_str()).expect("a name");
                name.set_fqdn(true);
                tasks.spawn(async move { (kind, resolver.lookup(name, kind).await.is_ok()) });
            }
            let Some(done) = tasks.join_next().await else { break };
            answers += usize::from(done.is_ok_and(|(kind, ok)| ok && kind == RecordType::A));
        }
        assert_eq!(answers, count);
    });
}
