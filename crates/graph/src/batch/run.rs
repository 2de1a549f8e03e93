//! Carries out the parts of a batch, each as soon as what it waits for is done.

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::Full;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, Span};

use super::parts::{Part, URL_BYTES_MAX};
use crate::errors::Refusal;
use crate::request::Call;
use crate::respond::{Mark, respond};
use crate::route::ErrorForm;

/// Parts of one batch that are worked on at once.
pub(super) const AT_ONCE_MAX: usize = 20;

/// A part's answer.
pub(super) struct Done {
    pub(super) id: String,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// How a part stands.
enum State {
    Waiting(Box<http::Request<Full<Bytes>>>),
    Running,
    Done(Response<Bytes>),
}

struct Run<'c> {
    call: &'c Call,
    parts: Vec<Described>,
    states: Vec<State>,
    /// What may be said by the answers yet.
    bytes_left: usize,
    /// Before the batch itself would be out of time.
    deadline: Instant,
}

/// What is known of a part whatever becomes of it.
struct Described {
    id: String,
    method: Method,
    headers: HeaderMap,
    after: Vec<usize>,
}

/// Carries them out and answers in their order.
pub(super) async fn run(call: &Call, parts: Vec<Part>) -> Vec<Done> {
    let limits = &call.platform().limits;
    let mut run = Run {
        call,
        parts: Vec::with_capacity(parts.len()),
        states: Vec::with_capacity(parts.len()),
        bytes_left: limits.batch_answer_bytes,
        deadline: Instant::now() + limits.request_time.mul_f64(0.9),
    };
    for part in parts {
        run.add(part);
    }
    let mut running = JoinSet::new();
    loop {
        run.start(&mut running);
        match running.join_next().await {
            Some(Ok((place, response))) => run.finish(place, response),
            // What panicked is answered for below.
            Some(Err(_)) => {}
            None => break,
        }
    }
    run.done()
}

type Running = JoinSet<(usize, Option<Response<Bytes>>)>;

impl Run<'_> {
    fn add(&mut self, part: Part) {
        let (headers, state) = match part.request {
            Ok(request) => {
                let headers = request.headers().clone();
                (headers, Ok(State::Waiting(Box::new(request))))
            }
            Err(refusal) => (HeaderMap::new(), Err(refusal)),
        };
        self.parts.push(Described {
            id: part.id,
            method: part.method,
            headers,
            after: part.after,
        });
        let place = self.states.len();
        let state = state.unwrap_or_else(|refusal| State::Done(self.refused(place, Err(refusal))));
        self.states.push(state);
    }

    /// Starts what can be. Dependencies stand before their dependents, so that one look suffices.
    fn start(&mut self, running: &mut Running) {
        for place in 0..self.parts.len() {
            if running.len() >= AT_ONCE_MAX {
                return;
            }
            if !matches!(self.states.get(place), Some(State::Waiting(_))) {
                continue;
            }
            match self.outcome_before(place) {
                None => {}
                Some(Ok(())) => self.spawn(place, running),
                Some(Err(failed)) => self.refuse(
                    place,
                    Refusal::new(
                        StatusCode::FAILED_DEPENDENCY,
                        "FailedDependency",
                        format!("The request depends on request '{failed}', which failed."),
                    ),
                ),
            }
        }
    }

    /// Whether all that a part waits for is done: in vain, if one of it failed.
    fn outcome_before(&self, place: usize) -> Option<Result<(), String>> {
        let after = &self.parts.get(place)?.after;
        let mut all_done = true;
        for before in after {
            match self.states.get(*before) {
                Some(State::Done(response)) if response.status().as_u16() < 400 => {}
                Some(State::Done(_)) => {
                    let id = self.parts.get(*before).map(|part| part.id.clone());
                    return Some(Err(id.unwrap_or_default()));
                }
                _ => all_done = false,
            }
        }
        all_done.then_some(Ok(()))
    }

    fn spawn(&mut self, place: usize, running: &mut Running) {
        if self.bytes_left == 0 {
            return self.refuse(place, self.too_large("wasn't carried out"));
        }
        if Instant::now() >= self.deadline {
            return self.refuse(place, out_of_time());
        }
        let Some(state) = self.states.get_mut(place) else {
            return;
        };
        let State::Waiting(request) = std::mem::replace(state, State::Running) else {
            return;
        };
        let (app, deadline) = (self.call.app.clone(), self.deadline);
        let work = async move {
            let answer = timeout_at(deadline, app.answer(*request, URL_BYTES_MAX));
            (place, answer.await.ok())
        };
        running.spawn(work.in_current_span());
    }

    fn finish(&mut self, place: usize, response: Option<Response<Bytes>>) {
        let Some(response) = response else {
            return self.refuse(place, out_of_time());
        };
        let bytes = response.body().len();
        let is_read = self.parts.get(place).is_some_and(|it| it.method.is_safe());
        if bytes > self.bytes_left {
            self.bytes_left = 0;
            // What was done is told in any case.
            if is_read {
                return self.refuse(place, self.too_large("was left out"));
            }
        }
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        if let Some(state) = self.states.get_mut(place) {
            *state = State::Done(response);
        }
    }

    fn refuse(&mut self, place: usize, refusal: Refusal) {
        let response = self.refused(place, Err(refusal));
        if let Some(state) = self.states.get_mut(place) {
            *state = State::Done(response);
        }
    }

    fn refused(&self, place: usize, outcome: Result<crate::Reply, Refusal>) -> Response<Bytes> {
        let (method, headers) = self.parts.get(place).map_or_else(
            || (Method::GET, HeaderMap::new()),
            |part| (part.method.clone(), part.headers.clone()),
        );
        let mark = Mark::new(self.call.version, method, &headers);
        let platform = self.call.platform();
        respond(platform, &mark, outcome, ErrorForm::Graph, &Span::current())
    }

    fn too_large(&self, what: &str) -> Refusal {
        let bytes_max = self.call.platform().limits.batch_answer_bytes;
        Refusal::limit(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Directory_ResultSizeLimitExceeded",
            "limits.batch_answer_bytes",
            &format!(
                "The answers of the batch are larger than {bytes_max} bytes: this one {what}."
            ),
        )
    }

    fn done(mut self) -> Vec<Done> {
        let states = std::mem::take(&mut self.states);
        let mut done = Vec::with_capacity(states.len());
        for (place, state) in states.into_iter().enumerate() {
            let response = match state {
                State::Done(response) => response,
                State::Waiting(_) | State::Running => {
                    self.refused(place, Err(Refusal::fault("a part of a batch panicked")))
                }
            };
            let id = self
                .parts
                .get_mut(place)
                .map(|it| std::mem::take(&mut it.id));
            let (parts, body) = response.into_parts();
            done.push(Done {
                id: id.unwrap_or_default(),
                status: parts.status,
                headers: parts.headers,
                body,
            });
        }
        done
    }
}

fn out_of_time() -> Refusal {
    Refusal::busy(
        "The batch took longer than it may (limit: limits.request_seconds).",
        5,
    )
}
