//! An API on the loopback that answers as those of GitHub and GitLab do, as far as reviews ask them, and keeps what it was
//! asked.

use crate::support::TOKEN;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

/// The most characters of a comment, and of a note.
const MOST: [usize; 2] = [65_536, 1_000_000];

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A comment, a note or a pull request.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) id: usize,
    pub(crate) author: String,
    pub(crate) title: String,
    pub(crate) body: String,
}

/// What the forge holds.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) comments: Vec<Post>,
    pub(crate) pulls: Vec<Post>,
    pub(crate) requests: Vec<Request>,
    /// Whether the token only reads, as that of a run for a fork does.
    pub(crate) read_only: bool,
    /// What is answered whatever is asked.
    pub(crate) broken: Option<&'static str>,
}

impl State {
    /// Somebody writes a comment.
    pub(crate) fn comment(&mut self, author: &str, body: &str) {
        let id = 1000 + self.comments.len();
        self.comments.push(Post { id, author: author.into(), title: String::new(), body: body.into() });
    }

    /// The comments of the job.
    pub(crate) fn ours(&self) -> Vec<&Post> {
        self.comments.iter().filter(|post| ["github-actions[bot]", "bot"].contains(&&*post.author)).collect()
    }

    /// How many requests of this method there were.
    pub(crate) fn asked(&self, method: &str) -> usize {
        self.requests.iter().filter(|request| request.method == method).count()
    }
}

/// The API.
pub(crate) struct Forge {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Forge {
    /// Begins to listen. The thread ends with the process.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(State::default()));
        let held = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(&stream, &held);
            }
        });
        Self { url, state }
    }

    /// What it holds now.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread failed")
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let header =
        |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let length: usize = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut out = stream;
    if header("expect").is_some() {
        out.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let request = Request { method, path, headers: headers.clone(), body };
    let mut state = state.lock().ok()?;
    state.requests.push(request.clone());
    let (status, answer) = answer(&mut state, &request);
    let text = state.broken.map_or_else(|| answer.to_string(), str::to_owned);
    write!(
        out,
        "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    )
    .ok()
}

fn answer(state: &mut State, request: &Request) -> (u16, Value) {
    let header =
        |name: &str| request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let signed =
        header("authorization") == Some(&format!("Bearer {TOKEN}")) || header("private-token") == Some(TOKEN);
    if !signed {
        return (401, json!({"message": "Bad credentials"}));
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let value: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    if request.method != "GET" && state.read_only {
        return (403, json!({"message": "Resource not accessible by integration"}));
    }
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["user"]) => (200, json!({"username": "bot"})),
        (
            "GET",
            ["repos", "o", "r", "issues", "7", "comments"]
            | ["projects", "3", "merge_requests", "7", "notes"],
        ) => (200, page(&state.comments, query)),
        ("POST", ["repos", "o", "r", "issues", "7", "comments"]) => {
            post(&mut state.comments, "github-actions[bot]", &value, MOST[0])
        }
        ("POST", ["projects", "3", "merge_requests", "7", "notes"]) => {
            post(&mut state.comments, "bot", &value, MOST[1])
        }
        ("PATCH", ["repos", "o", "r", "issues", "comments", id]) => {
            change(&mut state.comments, id, &value, MOST[0])
        }
        ("PUT", ["projects", "3", "merge_requests", "7", "notes", id]) => {
            change(&mut state.comments, id, &value, MOST[1])
        }
        ("GET", ["repos", "o", "r", "pulls"]) => {
            assert_eq!(query, "state=open&head=o%3Aegressor%2Flock&base=main");
            (200, page(&state.pulls, ""))
        }
        ("POST", ["repos", "o", "r", "pulls"]) => {
            assert_eq!((&value["head"], &value["base"]), (&json!("egressor/lock"), &json!("main")));
            post(&mut state.pulls, "github-actions[bot]", &value, MOST[0])
        }
        ("PATCH", ["repos", "o", "r", "pulls", id]) => change(&mut state.pulls, id, &value, MOST[0]),
        _ => (404, json!({"message": "Not Found"})),
    }
}

/// A page of a list, as long as was asked.
fn page(posts: &[Post], query: &str) -> Value {
    let number = |name: &str, default: usize| {
        let pair = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
        pair.and_then(|(_, value)| value.parse().ok()).unwrap_or(default)
    };
    let (size, page) = (number("per_page", 30).min(100), number("page", 1));
    posts.iter().skip(size * (page - 1)).take(size).map(shown).collect()
}

fn shown(post: &Post) -> Value {
    json!({
        "id": post.id,
        "number": post.id,
        "body": post.body,
        "title": post.title,
        "user": {"login": post.author},
        "author": {"username": post.author},
    })
}

fn post(posts: &mut Vec<Post>, author: &str, value: &Value, most: usize) -> (u16, Value) {
    let id = 2000 + posts.len();
    posts.push(Post { id, author: author.to_owned(), title: String::new(), body: String::new() });
    let said = change(posts, &id.to_string(), value, most);
    if said.0 != 200 {
        posts.pop();
        return said;
    }
    (201, said.1)
}

fn change(posts: &mut [Post], id: &str, value: &Value, most: usize) -> (u16, Value) {
    let Some(post) = posts.iter_mut().find(|post| post.id.to_string() == id) else {
        return (404, json!({"message": "Not Found"}));
    };
    let Some(body) = value["body"].as_str() else { return (422, json!({"message": "Invalid request."})) };
    if body.chars().count() > most {
        return (422, json!({"message": format!("Body is too long (maximum is {most} characters)")}));
    }
    post.body = body.to_owned();
    post.title = value["title"].as_str().unwrap_or_default().to_owned();
    (200, shown(post))
}
