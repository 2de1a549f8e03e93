//! Counts of what was told, in the text format of Prometheus. No label names a tenant or a machine.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) queued: AtomicU64,
    pub(crate) delivered: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) proved: AtomicU64,
    pub(crate) unproved: AtomicU64,
}

impl Metrics {
    pub(crate) fn render(&self, in_flight: usize) -> String {
        let mut text = String::new();
        let head = |text: &mut String, name: &str, help: &str, kind: &str| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        };
        let name = "isopolity_notifications_total";
        let help =
            "Notifications of changes: queued, delivered, dropped without having been delivered.";
        head(&mut text, name, help, "counter");
        for (what, count) in [
            ("queued", &self.queued),
            ("delivered", &self.delivered),
            ("dropped", &self.dropped),
        ] {
            let _ = writeln!(text, "{name}{{state=\"{what}\"}} {}", count.load(Relaxed));
        }
        let name = "isopolity_notification_posts_total";
        let help = "POSTs with notifications, by how they were answered.";
        head(&mut text, name, help, "counter");
        for (what, count) in [
            ("accepted", &self.accepted),
            ("refused", &self.refused),
            ("failed", &self.failed),
        ] {
            let _ = writeln!(text, "{name}{{answer=\"{what}\"}} {}", count.load(Relaxed));
        }
        let name = "isopolity_subscription_validations_total";
        let help = "URLs that had to prove themselves.";
        head(&mut text, name, help, "counter");
        for (what, count) in [("passed", &self.proved), ("failed", &self.unproved)] {
            let _ = writeln!(text, "{name}{{outcome=\"{what}\"}} {}", count.load(Relaxed));
        }
        let name = "isopolity_notification_posts_in_flight";
        head(
            &mut text,
            name,
            "POSTs with notifications that are under way.",
            "gauge",
        );
        let _ = writeln!(text, "{name} {in_flight}");
        text
    }
}
