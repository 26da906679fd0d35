//! A feed from its URL.

use super::super::Timestamp;
use std::time::Duration;

/// What is fetched, and within which bounds.
#[derive(Debug, Clone)]
pub struct Fetch<'a> {
    /// The URL; `https`, or `http` on this machine.
    pub url: &'a str,
    /// What the server marked the state with that is known.
    pub etag: Option<&'a str>,
    /// When that state was last modified, in the server's own words.
    pub modified: Option<&'a str>,
    /// The greatest body, in bytes.
    pub limit: u64,
    /// How long all of it may take.
    pub timeout: Duration,
    /// Whether plain `http` is allowed anywhere.
    pub plain: bool,
}

/// What was served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The body; nothing when the known state is still the present one.
    pub body: Option<Vec<u8>>,
    /// The server's mark of the state.
    pub etag: Option<String>,
    /// When the state was last modified, in the server's own words.
    pub modified: Option<String>,
    /// The same, or when the server answered, as a time.
    pub date: Option<Timestamp>,
}

/// Why nothing came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// This build cannot fetch.
    #[error("this egressor was built without `fetch`, so it cannot read `{0}`")]
    NotBuilt(String),
    /// The URL is none, or has a password in it.
    #[error("{0}")]
    Url(String),
    /// The server answered with another status than 200 and 304.
    #[error("`{url}` answered with status {status}")]
    Status {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
    },
    /// The body is larger than the limit.
    #[error("the body of `{url}` is larger than {limit} bytes")]
    TooLarge {
        /// The URL.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// Anything else: no connection, no time left, a body that was cut off.
    #[error("cannot fetch `{url}`: {why}")]
    Failed {
        /// The URL.
        url: String,
        /// Why.
        why: String,
    },
}

impl FetchError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NotBuilt(_) => Some(
                "save the feed and name the file with `--from FILE`, or build with `cargo install --path . --features fetch`",
            ),
            Self::Url(_) => None,
            Self::TooLarge { .. } => Some("a greater limit is set with `--max-size`"),
            Self::Status { .. } | Self::Failed { .. } => Some("everything was left as it is"),
        }
    }
}

/// Why a URL is not fetched, if it is not.
fn refused(ask: &Fetch<'_>) -> Option<FetchError> {
    let rest = ask.url.strip_prefix("https://").or_else(|| ask.url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        let message = "a URL with a user or a password is not fetched: it would stand in the lock".to_owned();
        return Some(FetchError::Url(message));
    }
    let host = authority.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let host = host.unwrap_or_else(|| authority.split(':').next().unwrap_or_default());
    let here = host == "localhost" || host.parse().is_ok_and(|addr: std::net::IpAddr| addr.is_loopback());
    let is_plain = ask.url.starts_with("http://");
    (is_plain && !here && !ask.plain).then(|| {
        let message = "plain `http` can be changed by whoever carries it: use `https`, or say `--allow-http`";
        FetchError::Url(message.to_owned())
    })
}

/// Fetches a feed.
#[cfg(not(feature = "fetch"))]
pub fn fetch(ask: &Fetch<'_>) -> Result<Fetched, FetchError> {
    Err(refused(ask).unwrap_or_else(|| FetchError::NotBuilt(ask.url.to_owned())))
}

/// Fetches a feed. Redirects are followed a few times, and never from `https` to `http`; proxies are those of the
/// environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`).
#[cfg(feature = "fetch")]
pub fn fetch(ask: &Fetch<'_>) -> Result<Fetched, FetchError> {
    if let Some(error) = refused(ask) {
        return Err(error);
    }
    let url = || ask.url.to_owned();
    let failed = |error: ureq::Error| match error {
        ureq::Error::BodyExceedsLimit(_) => FetchError::TooLarge { url: url(), limit: ask.limit },
        other => FetchError::Failed { url: url(), why: why(&other) },
    };
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .https_only(!ask.url.starts_with("http://"))
        .max_redirects(5)
        .timeout_global(Some(ask.timeout))
        .user_agent(concat!("egressor/", env!("CARGO_PKG_VERSION")))
        // The API of MongoDB Atlas answers to a type of its own.
        .accept("application/json, application/vnd.atlas.2023-11-15+json, text/plain;q=0.9, */*;q=0.1")
        .build()
        .new_agent();
    let mut request = agent.get(ask.url);
    if let Some(etag) = ask.etag {
        request = request.header("If-None-Match", etag);
    }
    if let Some(modified) = ask.modified {
        request = request.header("If-Modified-Since", modified);
    }
    let mut response = request.call().map_err(failed)?;
    let status = response.status().as_u16();
    let header = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
    };
    let (etag, modified) = (header("etag"), header("last-modified"));
    let date =
        modified.as_deref().and_then(http_date).or_else(|| header("date").as_deref().and_then(http_date));
    let body = match status {
        200 => Some(response.body_mut().with_config().limit(ask.limit).read_to_vec().map_err(failed)?),
        // A server that was told of no state cannot know that it is the same.
        304 if ask.etag.is_some() || ask.modified.is_some() => None,
        status => return Err(FetchError::Status { url: url(), status }),
    };
    Ok(Fetched { body, etag, modified, date })
}

/// The reason in words, without what is said elsewhere.
#[cfg(feature = "fetch")]
fn why(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "it took too long".to_owned(),
        ureq::Error::TooManyRedirects => "it redirects too often".to_owned(),
        ureq::Error::HostNotFound => "its host has no address".to_owned(),
        ureq::Error::RequireHttpsOnly(_) => "it redirects to plain `http`".to_owned(),
        other => crate::syntax::text::one_line(&other.to_string()),
    }
}

/// A date as HTTP writes it (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
#[cfg(any(feature = "fetch", test))]
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let rest = text.split_once(", ")?.1.strip_suffix(" GMT")?;
    let mut parts = rest.split(' ');
    let (day, month, year, time) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)?.checked_add(1)?;
    format!("{year}-{month:02}-{day}T{time}Z").parse().ok().filter(|_| parts.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(url: &str) -> Fetch<'_> {
        Fetch { url, etag: None, modified: None, limit: 10, timeout: Duration::from_secs(1), plain: false }
    }

    #[test]
    fn a_date_of_http_is_a_time() {
        let time = http_date("Sun, 06 Nov 1994 08:49:37 GMT").map(|time| time.to_string());
        assert_eq!(time.as_deref(), Some("1994-11-06T08:49:37Z"));
        for text in [
            "",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
        ] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for url in
            ["http://feed.example/x", "http://127.0.0.1.example/x", "https://user:secret@feed.example/"]
        {
            assert!(matches!(refused(&ask(url)), Some(FetchError::Url(_))), "{url}");
        }
        for url in
            ["https://feed.example/x", "http://127.0.0.1:1/x", "http://[::1]:1/x", "http://localhost/x"]
        {
            assert_eq!(refused(&ask(url)), None, "{url}");
        }
        assert_eq!(refused(&Fetch { plain: true, ..ask("http://feed.example/x") }), None);
    }
}
