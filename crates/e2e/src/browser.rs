//! A browser that does what browsers do without a script: it keeps cookies, fills in forms, and
//! tells where it is led.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{client, encode};

/// A browser of somebody's.
#[derive(Debug, Clone)]
pub struct Browser {
    client: reqwest::Client,
    url: String,
    cookies: BTreeMap<String, String>,
}

/// What a browser has got.
#[derive(Debug)]
pub struct Seen {
    /// The page.
    pub text: String,
    /// Where it is led.
    pub location: String,
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&amp;", "&")
}

impl Seen {
    fn after(&self, start: &str) -> String {
        let (_, rest) = self.text.split_once(start).expect(&self.text);
        unescaped(rest.split_once('"').expect(&self.text).0)
    }

    /// A parameter of the answer that it is led to the client with.
    pub fn answer(&self, name: &str) -> Option<String> {
        let (_, query) = self.location.split_once('?')?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value.to_owned())
    }
}

impl Browser {
    /// One that has been nowhere yet.
    pub fn new(url: &str) -> Self {
        Self {
            client: client(),
            url: url.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    async fn send(&mut self, call: reqwest::RequestBuilder) -> Seen {
        let pairs = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let cookies: Vec<String> = pairs.collect();
        let response = call
            .header("cookie", cookies.join("; "))
            .send()
            .await
            .unwrap();
        for set in response.headers().get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let location = response.headers().get("location");
        Seen {
            location: location.map_or_else(String::new, |it| it.to_str().unwrap().to_owned()),
            text: response.text().await.unwrap(),
        }
    }

    /// Visits a path.
    pub async fn get(&mut self, path: &str) -> Seen {
        let call = self.client.get(format!("{}{path}", self.url));
        self.send(call).await
    }

    /// Fills in the form of a page.
    pub async fn fill(&mut self, page: &Seen, fields: &[(&str, &str)]) -> Seen {
        let mut body = format!("flow={}", encode(&page.after("name=\"flow\" value=\"")));
        for (name, value) in fields {
            write!(body, "&{}={}", encode(name), encode(value)).unwrap();
        }
        let call = self
            .client
            .post(format!("{}{}", self.url, page.after("action=\"")))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.send(call).await
    }

    /// Signs in by name and password, and consents; what it ends with.
    pub async fn sign_in(&mut self, path: &str, name: &str, password: &str) -> Seen {
        let mut page = self.get(path).await;
        for _ in 0..4 {
            let fields: &[(&str, &str)] = if page.text.contains("id=\"name\"") {
                &[("step", "name"), ("name", name)]
            } else if page.text.contains("id=\"password\"") {
                &[("step", "password"), ("password", password)]
            } else if page.text.contains("value=\"accept\"") {
                &[("step", "consent"), ("decision", "accept")]
            } else {
                break;
            };
            page = self.fill(&page, fields).await;
        }
        page
    }
}
