//! A small HTTP/1.1 client on a kept-alive connection: as little as possible between the clock and
//! the server. It reads answers with a length or in chunks, and nothing else.

use std::{
    fmt::Write as _,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// The longest that an answer may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body of an answer that has to have this status.
    pub(crate) fn expect(self, status: u16) -> Result<Value> {
        ensure!(
            self.status == status,
            "status {} instead of {status}: {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        );
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).context("an answer isn't JSON")
    }

    /// The first header of this name, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(own, _)| own == name)?;
        Some(value)
    }

    /// Whether the body has this text.
    pub(crate) fn shows(&self, text: &str) -> bool {
        self.body
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    }
}

/// A kept-alive connection, with the token that every request carries.
pub(crate) struct Client {
    host: String,
    token: Option<String>,
    stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    /// Connects to `http://host:port`.
    pub(crate) fn connect(url: &str, token: Option<&str>) -> Result<Self> {
        let host = url
            .strip_prefix("http://")
            .context("only http:// is measured")?;
        let host = host.trim_end_matches('/').to_owned();
        let stream = dial(&host)?;
        Ok(Self {
            host,
            token: token.map(str::to_owned),
            stream,
            received: Vec::new(),
        })
    }

    /// GET, which has to answer 200.
    pub(crate) fn json(&mut self, path: &str) -> Result<Value> {
        self.get(path)?
            .expect(200)
            .with_context(|| format!("GET {path}"))
    }

    /// GET.
    pub(crate) fn get(&mut self, path: &str) -> Result<Answer> {
        self.send("GET", path, "", "")
    }

    /// GET with Graph's `ConsistencyLevel`, if there is one.
    pub(crate) fn get_with(&mut self, path: &str, consistency: Option<&str>) -> Result<Answer> {
        let Some(level) = consistency else {
            return self.get(path);
        };
        let request = request("GET", path, &self.host, self.token.as_deref(), "", "");
        let mut text = String::from_utf8(request)?;
        let end = text.len().saturating_sub(2);
        text.insert_str(end, &format!("ConsistencyLevel: {level}\r\n"));
        self.exchange(text.as_bytes())?
            .with_context(|| format!("GET {path}: no answer"))
    }

    /// A request with a JSON body.
    pub(crate) fn send_json(&mut self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        self.send(method, path, "application/json", &body.to_string())
    }

    /// A request that changes nothing when it is repeated: it is sent again, once, when the server
    /// had closed the idle connection.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        kind: &str,
        body: &str,
    ) -> Result<Answer> {
        let request = request(method, path, &self.host, self.token.as_deref(), kind, body);
        match self.exchange(&request) {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => {}
            Err(error) => return Err(error).with_context(|| format!("{method} {path}")),
        }
        self.stream = dial(&self.host)?;
        self.exchange(&request)?
            .with_context(|| format!("{method} {path}: no answer"))
    }

    /// Sends and receives; none if the connection was closed before anything came.
    fn exchange(&mut self, request: &[u8]) -> Result<Option<Answer>> {
        self.received.clear();
        if self.stream.write_all(request).is_err() {
            return Ok(None);
        }
        let mut part = [0; 8 * 1024];
        loop {
            let count = match self.stream.read(&mut part) {
                Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
                other => other.context("no answer in time")?,
            };
            if count == 0 && self.received.is_empty() {
                return Ok(None);
            }
            ensure!(count > 0, "the connection was closed within an answer");
            self.received.extend(part.iter().take(count));
            if let Some(frame) = frame(&self.received)? {
                return Ok(Some(frame.answer(&self.received)));
            }
        }
    }
}

fn dial(host: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// The bytes of a request.
pub(crate) fn request(
    method: &str,
    path: &str,
    host: &str,
    token: Option<&str>,
    kind: &str,
    body: &str,
) -> Vec<u8> {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers = bearer.as_deref().map(|bearer| ("authorization", bearer));
    request_with(method, path, host, headers.as_slice(), kind, body)
}

/// The bytes of a request with these headers.
pub(crate) fn request_with(
    method: &str,
    path: &str,
    host: &str,
    headers: &[(&str, &str)],
    kind: &str,
    body: &str,
) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n");
    // Writing to a string can't fail.
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    if !kind.is_empty() {
        let _ = write!(
            text,
            "content-type: {kind}\r\ncontent-length: {}\r\n",
            body.len()
        );
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// A value as it stands in a form or a query.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// Fields as a form has them.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    pairs.join("&")
}

/// What forms are sent as.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Where the parts of a complete answer are.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) status: u16,
    head: usize,
    chunked: bool,
    /// The length of the whole answer.
    pub(crate) length: usize,
}

/// Finds the end of an answer; none if there is more to come.
pub(crate) fn frame(bytes: &[u8]) -> Result<Option<Frame>> {
    let Some(head) = bytes
        .windows(4)
        .position(|part| part == b"\r\n\r\n")
        .map(|at| at + 4)
    else {
        return Ok(None);
    };
    let text = std::str::from_utf8(bytes.get(..head).unwrap_or_default())?;
    let status = text
        .get(9..12)
        .context("no status")?
        .parse()
        .context("no status")?;
    let header = |name: &str| {
        text.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let body = bytes.get(head..).unwrap_or_default();
    let chunked = header("transfer-encoding").is_some();
    let length = if chunked {
        chunks(body)?.map(|(_, length)| length)
    } else if let Some(length) = header("content-length") {
        let length: usize = length.parse().context("content-length isn't a number")?;
        (body.len() >= length).then_some(length)
    } else if status == 204 || status == 304 {
        Some(0)
    } else {
        bail!("an answer without a length");
    };
    Ok(length.map(|length| Frame {
        status,
        head,
        chunked,
        length: head + length,
    }))
}

/// The chunks' content and the length that they take; none if there is more to come.
fn chunks(mut body: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let (whole, mut content) = (body.len(), Vec::new());
    loop {
        let Some(line) = body.windows(2).position(|part| part == b"\r\n") else {
            return Ok(None);
        };
        let size = std::str::from_utf8(body.get(..line).unwrap_or_default())?;
        let size = usize::from_str_radix(size, 16).context("the size of a chunk")?;
        let (from, to) = (line + 2, line + 2 + size);
        let (Some(chunk), Some(rest)) = (body.get(from..to), body.get(to + 2..)) else {
            return Ok(None);
        };
        body = rest;
        if size == 0 {
            return Ok(Some((content, whole - body.len())));
        }
        content.extend(chunk);
    }
}

impl Frame {
    /// The answer itself.
    pub(crate) fn answer(&self, bytes: &[u8]) -> Answer {
        let head = String::from_utf8_lossy(bytes.get(..self.head).unwrap_or_default());
        let headers = head.lines().skip(1).filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        let body = bytes.get(self.head..self.length).unwrap_or_default();
        let body = if self.chunked {
            chunks(body)
                .ok()
                .flatten()
                .map(|(content, _)| content)
                .unwrap_or_default()
        } else {
            body.to_vec()
        };
        Answer {
            status: self.status,
            headers: headers.collect(),
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_end_of_an_answer() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
        for cut in 0..whole.len() {
            assert!(frame(&whole[..cut]).unwrap().is_none(), "cut at {cut}");
        }
        let found = frame(whole).unwrap().unwrap();
        assert_eq!((found.status, found.length), (200, whole.len()));
        let answer = found.answer(whole);
        assert_eq!(answer.headers[1], ("x".to_owned(), "y".to_owned()));
        assert!(answer.shows("hell") && !answer.shows("help"));
    }

    #[test]
    fn reads_chunks() {
        let whole = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        for cut in 0..whole.len() {
            assert!(frame(&whole[..cut]).unwrap().is_none(), "cut at {cut}");
        }
        let found = frame(whole).unwrap().unwrap();
        assert_eq!(found.answer(whole).body, b"abcde");
        assert_eq!(found.length, whole.len());
    }

    #[test]
    fn an_answer_without_content_ends_with_its_head() {
        let whole = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(frame(whole).unwrap().unwrap().length, whole.len());
        assert!(frame(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
