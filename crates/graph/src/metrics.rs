//! Counts of requests by route template and status class, and how long they took, in the text
//! format of Prometheus.
//!
//! Labels have bounded values: never a tenant, a user or a path as it was sent.

use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::route::Route;

/// Upper bounds of the buckets, in microseconds and as written.
const BUCKETS: [(u64, &str); 7] = [
    (500, "0.0005"),
    (2_000, "0.002"),
    (10_000, "0.01"),
    (50_000, "0.05"),
    (250_000, "0.25"),
    (1_000_000, "1"),
    (10_000_000, "10"),
];

#[derive(Default)]
struct RouteCounts {
    by_class: [AtomicU64; 5],
    by_time: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    microseconds: AtomicU64,
}

/// The counters of one HTTP face. One more than there are routes: the last is for no route.
pub(crate) struct Metrics {
    counts: Vec<RouteCounts>,
    in_flight: AtomicI64,
}

impl Metrics {
    pub(crate) fn new(routes: usize) -> Self {
        Self {
            counts: (0..=routes).map(|_| RouteCounts::default()).collect(),
            in_flight: AtomicI64::new(0),
        }
    }

    pub(crate) fn enter(&self) {
        self.in_flight.fetch_add(1, Relaxed);
    }

    pub(crate) fn leave(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
    }

    pub(crate) fn count(&self, route: Option<usize>, status: u16, took: Duration) {
        let place = route.unwrap_or(self.counts.len() - 1);
        let Some(counts) = self.counts.get(place) else {
            return;
        };
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        if let Some(count) = counts.by_class.get(class) {
            count.fetch_add(1, Relaxed);
        }
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.iter().position(|(bound, _)| microseconds <= *bound);
        if let Some(count) = bucket.and_then(|bucket| counts.by_time.get(bucket)) {
            count.fetch_add(1, Relaxed);
        }
        counts.count.fetch_add(1, Relaxed);
        counts.microseconds.fetch_add(microseconds, Relaxed);
    }

    pub(crate) fn render(&self, routes: &[Route]) -> String {
        let mut text = String::with_capacity(16 * 1024);
        let labels: Vec<String> = routes
            .iter()
            .map(|route| format!("method=\"{}\",route=\"{}\"", route.method, route.path))
            .chain(["method=\"\",route=\"\"".to_owned()])
            .collect();
        let used = || {
            labels
                .iter()
                .zip(&self.counts)
                .filter(|(_, counts)| counts.count.load(Relaxed) > 0)
        };
        text.push_str("# HELP isopolity_http_requests_in_flight Requests that are being answered.\n# TYPE isopolity_http_requests_in_flight gauge\n");
        let _ = writeln!(
            text,
            "isopolity_http_requests_in_flight {}",
            self.in_flight.load(Relaxed)
        );
        text.push_str("# HELP isopolity_http_requests_total Answered requests by route and status class.\n# TYPE isopolity_http_requests_total counter\n");
        for (labels, counts) in used() {
            for (class, count) in counts.by_class.iter().enumerate() {
                let count = count.load(Relaxed);
                if count > 0 {
                    let _ = writeln!(
                        text,
                        "isopolity_http_requests_total{{{labels},status=\"{}xx\"}} {count}",
                        class + 1
                    );
                }
            }
        }
        text.push_str("# HELP isopolity_http_request_duration_seconds From the head of a request to its answer.\n# TYPE isopolity_http_request_duration_seconds histogram\n");
        for (labels, counts) in used() {
            let mut sum = 0;
            for ((_, bound), count) in BUCKETS.iter().zip(&counts.by_time) {
                sum += count.load(Relaxed);
                let _ = writeln!(
                    text,
                    "isopolity_http_request_duration_seconds_bucket{{{labels},le=\"{bound}\"}} {sum}"
                );
            }
            let count = counts.count.load(Relaxed);
            let seconds = counts.microseconds.load(Relaxed) as f64 / 1e6;
            let _ = writeln!(
                text,
                "isopolity_http_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} {count}\nisopolity_http_request_duration_seconds_sum{{{labels}}} {seconds}\nisopolity_http_request_duration_seconds_count{{{labels}}} {count}"
            );
        }
        text
    }
}
