//! Handshakes and requests as a client sends them, and a server that tells what reached it.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What the server says to a handshake, and the status that it answers requests with.
const HANDSHAKE_ARRIVED: &[u8] = b"judge";
const REQUEST_ARRIVED: &[u8] = b"HTTP/1.1 204 Arrived\r\nConnection: close\r\n\r\n";

/// An address of the loopback that no other process uses for its tests.
pub(crate) fn own_address() -> Ipv4Addr {
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 77, high, low.clamp(1, 254))
}

/// Waits until no other test has programs on the address. Ports are those of the rules, so one has them at a time.
pub(crate) fn turn() -> std::sync::MutexGuard<'static, ()> {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A server at the other end, on a port of the loopback.
#[derive(Debug)]
pub(crate) struct FarEnd {
    pub(crate) port: u16,
    ends: Arc<AtomicBool>,
}

impl FarEnd {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let ends = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&ends);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ending.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(mut stream) = stream else { continue };
                std::thread::spawn(move || {
                    let mut first = [0; 1024];
                    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
                    let Ok(count) = stream.read(&mut first) else { return };
                    let answer =
                        if first[..count].starts_with(&[22]) { HANDSHAKE_ARRIVED } else { REQUEST_ARRIVED };
                    let _ = stream.write_all(answer);
                });
            }
        });
        Self { port, ends }
    }
}

impl Drop for FarEnd {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

/// What comes back on a connection that sends this.
fn answer(to: SocketAddrV4, bytes: &[u8]) -> Vec<u8> {
    let Ok(mut stream) = TcpStream::connect(to) else { return Vec::new() };
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // Who is turned away at once may not get to write, nor to read.
    let _ = stream.write_all(bytes);
    let mut first = [0; 256];
    let count = stream.read(&mut first).unwrap_or(0);
    first[..count].to_vec()
}

/// Reports whether a handshake reaches the server.
pub(crate) fn handshake_arrives(to: SocketAddrV4, server_name: Option<&str>) -> bool {
    answer(to, &hello(server_name)) == HANDSHAKE_ARRIVED
}

/// Reports whether a request reaches the server.
pub(crate) fn request_arrives(to: SocketAddrV4, host: &str) -> bool {
    let request = format!("GET /x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    answer(to, request.as_bytes()).starts_with(b"HTTP/1.1 204")
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &with_length(body)].concat()
}

/// The first message of a client that speaks TLS 1.2 and 1.3.
fn hello(server_name: Option<&str>) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(name) = server_name {
        let entry = [&[0][..], &with_length(name.as_bytes())].concat();
        extensions.extend(extension(0, &with_length(&entry)));
    }
    extensions.extend(extension(10, &with_length(&[0, 29, 0, 23])));
    extensions.extend(extension(13, &with_length(&[4, 3, 8, 4, 4, 1])));
    extensions.extend(extension(43, &[4, 3, 4, 3, 3]));
    let share = [&[0, 29][..], &with_length(&[9; 32])].concat();
    extensions.extend(extension(51, &with_length(&share)));
    let body = [
        &[3, 3][..],
        &[7; 32],
        &[0],
        &with_length(&[0x13, 1, 0xC0, 0x2F, 0xC0, 0x2B]),
        &[1, 0],
        &with_length(&extensions),
    ]
    .concat();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let message = [&[1][..], &length[1..], &body].concat();
    [&[22, 3, 1][..], &with_length(&message)].concat()
}
