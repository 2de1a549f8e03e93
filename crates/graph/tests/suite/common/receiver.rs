//! A machine that takes notifications, and does with them what a test says.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How it answers a POST with notifications.
#[derive(Debug, Clone)]
pub enum Mood {
    /// It takes them.
    Takes,
    /// It answers with this status line and these headers.
    Answers(&'static str),
    /// It says nothing.
    Silent,
}

/// How it answers a validation: the content type and what it makes of the decoded and of the encoded
/// token.
pub type Echo = fn(&str, &str) -> (&'static str, &'static str, String);

/// What was sent: the path with its query, and the body.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub body: Value,
}

#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    echo: Echo,
    validations: usize,
    received: Vec<Received>,
    tries: usize,
}

/// What a good receiver does with a token.
pub fn echo(decoded: &str, _: &str) -> (&'static str, &'static str, String) {
    ("200 OK", "text/plain; charset=utf-8", decoded.to_owned())
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            mood: Mood::Takes,
            echo,
            validations: 0,
            received: Vec::new(),
            tries: 0,
        }));
        let receiver = Self { url, state };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.answer(stream).await });
            }
        });
        receiver
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_mood(&self, mood: Mood) {
        self.state().mood = mood;
    }

    pub fn set_echo(&self, echo: Echo) {
        self.state().echo = echo;
    }

    /// How many validations have come.
    pub fn validations(&self) -> usize {
        self.state().validations
    }

    /// How many POSTs with notifications have come, taken or not.
    pub fn tries(&self) -> usize {
        self.state().tries
    }

    /// The POSTs that it took.
    pub fn received(&self) -> Vec<Received> {
        self.state().received.clone()
    }

    /// The notifications that it took at a path.
    pub fn notifications(&self, path: &str) -> Vec<Value> {
        let received = self.received();
        let at_path = received.iter().filter(|it| it.path == path);
        at_path
            .flat_map(|it| it.body["value"].as_array().unwrap().clone())
            .collect()
    }

    /// The notifications at a path, once there are so many.
    pub async fn wait_for(&self, path: &str, count: usize) -> Vec<Value> {
        for _ in 0..400 {
            let found = self.notifications(path);
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("only {:?}", self.received());
    }

    async fn answer(&self, mut stream: TcpStream) {
        let mut read = Vec::new();
        let (head, length) = loop {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
            let text = String::from_utf8_lossy(&read).into_owned();
            if let Some((head, _)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .filter_map(|line| line.split_once(':'))
                    .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                    .map_or(0, |(_, value)| value.trim().parse().unwrap());
                break (head.to_owned(), length);
            }
        };
        let start = head.len() + 4;
        while read.len() < start + length {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let answer = if let Some((_, token)) = path.split_once("validationToken=") {
            let mut state = self.state();
            state.validations += 1;
            let (status, kind, text) = (state.echo)(&decoded(token), token);
            format!(
                "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{text}",
                text.len()
            )
        } else {
            let mut state = self.state();
            state.tries += 1;
            match state.mood.clone() {
                Mood::Takes => {
                    // What isn't JSON is a form.
                    let text = String::from_utf8_lossy(&read[start..]);
                    let body = serde_json::from_str(&text).unwrap_or_else(|_| text.into());
                    state.received.push(Received { path, body });
                    "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned()
                }
                Mood::Answers(head) => {
                    format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n")
                }
                Mood::Silent => String::new(),
            }
        };
        if answer.is_empty() {
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if let (b'%', [high, low, tail @ ..]) = (first, tail) {
            let digits = [*high, *low];
            let digits = std::str::from_utf8(&digits).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}
