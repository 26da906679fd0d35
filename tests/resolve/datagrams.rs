//! What may come back over UDP: only an answer to the question, from the server, to the port that asked, is believed.

use crate::dns::{host, options};
use egressor::resolve::{DnsOptions, Lookup, Outcome, Server, resolve};
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A question as bytes: its number, and where its name and type end.
struct Question<'a> {
    bytes: &'a [u8],
    v6: bool,
}

impl<'a> Question<'a> {
    fn of(datagram: &'a [u8]) -> Self {
        let root = datagram[12..].iter().position(|byte| *byte == 0).expect("a name");
        let bytes = &datagram[..12 + root + 5];
        Self { bytes, v6: bytes[bytes.len() - 3] == 28 }
    }

    /// An answer with one IPv4 address.
    fn answer(&self, addr: [u8; 4]) -> Vec<u8> {
        let mut reply = self.nothing();
        reply[7] = 1;
        // A pointer to the name, A, IN, a minute, four bytes.
        reply.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        reply.extend(addr);
        reply
    }

    /// An answer with nothing.
    fn nothing(&self) -> Vec<u8> {
        let mut reply = self.bytes.to_vec();
        reply[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0]);
        reply
    }
}

const TRUE: [u8; 4] = [8, 8, 8, 8];
const FALSE: [u8; 4] = [6, 6, 6, 6];

/// A server that does with each datagram what the closure says, and tells who sent it.
fn serve(
    mut each: impl FnMut(&UdpSocket, &[u8], SocketAddr) + Send + 'static,
) -> (SocketAddr, Receiver<u16>) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let addr = socket.local_addr().expect("a port");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 1500];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            each(&socket, &buffer[..len], from);
            if tell.send(from.port()).is_err() {
                break;
            }
        }
    });
    (addr, told)
}

fn asking(server: SocketAddr) -> DnsOptions {
    DnsOptions { servers: vec![Server::plain(server)], ..options(&[]) }
}

fn addresses(lookup: &Lookup) -> Vec<String> {
    lookup.a.addresses.addresses().map(|addr| addr.to_string()).collect()
}

#[test]
fn datagrams_that_are_no_answer_to_the_question_are_not_looked_at() {
    let other = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let (server, _told) = serve(move |socket, datagram, from| {
        let question = Question::of(datagram);
        let send = |reply: &[u8]| drop(socket.send_to(reply, from));
        let lie = question.answer(FALSE);
        // Another number, another question, another sender, and too little to be anything.
        let mut number = lie.clone();
        number[1] ^= 1;
        let mut name = lie.clone();
        name[13] = b'z';
        let mut kind = lie.clone();
        let end = question.bytes.len() - 3;
        kind[end] = 16;
        for wrong in [&number[..], &name, &kind, &[], &lie[..1]] {
            send(wrong);
        }
        let _ = other.send_to(&lie, from);
        std::thread::sleep(Duration::from_millis(20));
        send(&if question.v6 { question.nothing() } else { question.answer(TRUE) });
    });
    let lookups = resolve([host("x.test")], &asking(server), |_, _| {}).expect("a server");
    assert_eq!((lookups[0].a.outcome, addresses(&lookups[0])), (Outcome::Answer, vec!["8.8.8.8".to_owned()]));
}

#[test]
fn an_answer_that_makes_no_sense_is_told_apart_from_silence() {
    let (server, _told) = serve(|socket, datagram, from| {
        let mut reply = Question::of(datagram).answer(FALSE);
        // It promises an address of four bytes and ends after two.
        reply.truncate(reply.len() - 2);
        let _ = socket.send_to(&reply, from);
    });
    let lookups = resolve([host("x.test")], &asking(server), |_, _| {}).expect("a server");
    assert_eq!((lookups[0].a.outcome, addresses(&lookups[0])), (Outcome::ServFail, Vec::new()));
}

#[test]
fn an_answer_that_comes_too_late_finds_nobody() {
    let mut first: BTreeMap<bool, (Vec<u8>, SocketAddr)> = BTreeMap::new();
    let (server, told) = serve(move |socket, datagram, from| {
        let question = Question::of(datagram);
        let Some((late, port)) = first.remove(&question.v6) else {
            first.insert(question.v6, (question.answer(FALSE), from));
            return;
        };
        let _ = socket.send_to(&late, port);
        let _ = socket.send_to(&if question.v6 { question.nothing() } else { question.answer(TRUE) }, from);
    });
    let patient = DnsOptions { timeout: Duration::from_millis(500), attempts: 3, ..asking(server) };
    let lookups = resolve([host("x.test")], &patient, |_, _| {}).expect("a server");
    assert_eq!(addresses(&lookups[0]), ["8.8.8.8"]);
    let mut ports: Vec<u16> = told.try_iter().collect();
    let asked = ports.len();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), asked, "what was asked again was asked from another port");
}

#[test]
fn a_port_asks_a_few_questions_and_then_no_more() {
    let (server, told) = serve(|socket, datagram, from| {
        let question = Question::of(datagram);
        let _ = socket.send_to(&if question.v6 { question.nothing() } else { question.answer(TRUE) }, from);
    });
    let names = (0..300).map(|at| host(&format!("h{at}.test")));
    let few = DnsOptions { concurrency: 2.try_into().expect("not zero"), ..asking(server) };
    let lookups = resolve(names, &few, |_, _| {}).expect("a server");
    assert!(lookups.iter().all(|lookup| lookup.a.outcome == Outcome::Answer));
    let mut by_port: BTreeMap<u16, usize> = BTreeMap::new();
    for port in told.try_iter() {
        *by_port.entry(port).or_default() += 1;
    }
    let (ports, most) = (by_port.len(), by_port.values().max().copied().unwrap_or_default());
    // By chance the system may give a port twice.
    assert!(ports >= 15 && most <= 64, "{ports} ports, {most} questions from one");
    assert!(ports <= 60, "a port is used more than once: {ports}");
}

#[test]
fn a_server_on_ipv6_is_asked_too() {
    let Ok(socket) = UdpSocket::bind("[::1]:0") else { return };
    let addr = socket.local_addr().expect("a port");
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 1500];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            let question = Question::of(&buffer[..len]);
            let reply = if question.v6 { question.nothing() } else { question.answer(TRUE) };
            let _ = socket.send_to(&reply, from);
        }
    });
    let lookups = resolve([host("x.test")], &asking(addr), |_, _| {}).expect("a server");
    assert_eq!(addresses(&lookups[0]), ["8.8.8.8"]);
}
