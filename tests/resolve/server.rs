//! A DNS server inside the test, on an ephemeral port of 127.0.0.1, that answers as a closure says.

use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::proto::op::{Header, HeaderCounts, Metadata, ResponseCode};
use hickory_server::proto::rr::rdata::{A, AAAA, CNAME, NS, SOA};
use hickory_server::proto::rr::{Name, RData, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

/// One question, as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// The name, with its final dot.
    pub(crate) name: String,
    /// Whether IPv6 addresses were asked for, not IPv4 ones.
    pub(crate) v6: bool,
    /// Whether it came over TCP.
    pub(crate) tcp: bool,
    /// The greatest answer that the asker takes over UDP, where it says so.
    pub(crate) payload: Option<u16>,
}

/// What the server says, or that it says nothing.
pub(crate) enum Reply {
    Silence,
    Says { code: ResponseCode, cut: bool, answers: Vec<Record>, authorities: Vec<Record> },
}

impl Reply {
    pub(crate) fn code(code: ResponseCode) -> Self {
        Self::Says { code, cut: false, answers: Vec::new(), authorities: Vec::new() }
    }

    pub(crate) fn answers(answers: Vec<Record>) -> Self {
        Self::Says { code: ResponseCode::NoError, cut: false, answers, authorities: Vec::new() }
    }

    pub(crate) fn nothing() -> Self {
        let soa = SOA::new(name("ns.test."), name("admin.test."), 1, 2, 3, 4, 5);
        let authorities = vec![Record::from_rdata(name("test."), 60, RData::SOA(soa))];
        Self::Says { code: ResponseCode::NoError, cut: false, answers: Vec::new(), authorities }
    }

    pub(crate) fn referral() -> Self {
        let authorities = vec![Record::from_rdata(name("test."), 60, RData::NS(NS(name("ns.test."))))];
        Self::Says { code: ResponseCode::NoError, cut: false, answers: Vec::new(), authorities }
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::from_ascii(text).expect(text)
}

pub(crate) fn address(owner: &str, ttl: u32, addr: &str) -> Record {
    let data = match addr.parse().expect(addr) {
        IpAddr::V4(v4) => RData::A(A(v4)),
        IpAddr::V6(v6) => RData::AAAA(AAAA(v6)),
    };
    Record::from_rdata(name(owner), ttl, data)
}

pub(crate) fn alias(owner: &str, ttl: u32, target: &str) -> Record {
    Record::from_rdata(name(owner), ttl, RData::CNAME(CNAME(name(target))))
}

/// A running server; it ends with the test process.
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    questions: Arc<Mutex<Vec<Question>>>,
}

impl Running {
    /// Everything that was asked so far.
    pub(crate) fn questions(&self) -> Vec<Question> {
        self.questions.lock().expect("no test panics while asking").clone()
    }
}

/// Starts a server that answers each question with what the closure makes of it.
pub(crate) fn serve(reply: impl Fn(&Question) -> Reply + Send + Sync + 'static) -> Running {
    let questions = Arc::new(Mutex::new(Vec::new()));
    let handler = Handler { reply: Box::new(reply), questions: Arc::clone(&questions) };
    let (ready, started) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (udp, tcp) = bind().await;
            let addr = udp.local_addr().expect("a bound socket");
            let mut server = Server::new(handler);
            server.register_socket(udp);
            server.register_listener(tcp, Duration::from_secs(5), 1024);
            ready.send(addr).expect("the test waits");
            server.block_until_done().await.expect("a server that goes on");
        });
    });
    Running { addr: started.recv().expect("a server that starts"), questions }
}

/// UDP and TCP on one port.
async fn bind() -> (tokio::net::UdpSocket, tokio::net::TcpListener) {
    for _ in 0..100 {
        let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let addr = udp.local_addr().expect("a bound socket");
        if let Ok(tcp) = tokio::net::TcpListener::bind(addr).await {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both UDP and TCP");
}

struct Handler {
    reply: Box<dyn Fn(&Question) -> Reply + Send + Sync>,
    questions: Arc<Mutex<Vec<Question>>>,
}

impl RequestHandler for Handler {
    // The trait is written with `async_trait`; this is what that macro makes of the method.
    fn handle_request<'a, 'b, 'c, R, T>(
        &'a self,
        request: &'b Request,
        mut response_handle: R,
    ) -> Pin<Box<dyn Future<Output = ResponseInfo> + Send + 'c>>
    where
        R: ResponseHandler + 'c,
        T: Time + 'c,
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move {
            let info = request.request_info().expect("one question");
            let question = Question {
                name: info.query.name().to_string(),
                v6: info.query.query_type() == RecordType::AAAA,
                tcp: info.protocol == Protocol::Tcp,
                payload: request.edns.as_ref().map(hickory_server::proto::op::Edns::max_payload),
            };
            self.questions.lock().expect("no test panics while asking").push(question.clone());
            let mut metadata = Metadata::response_from_request(info.metadata);
            let silent = ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() });
            let Reply::Says { code, cut, answers, authorities } = (self.reply)(&question) else {
                return silent;
            };
            metadata.response_code = code;
            metadata.truncation = cut;
            metadata.recursion_available = true;
            let response = MessageResponseBuilder::from_message_request(request).build(
                metadata,
                &answers,
                &authorities,
                [],
                [],
            );
            response_handle.send_response(response).await.unwrap_or(silent)
        })
    }
}
