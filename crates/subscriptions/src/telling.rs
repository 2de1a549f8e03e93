//! One POST: what waits first in a lane is written, sent, and taken off the queue.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use egress::{Call, Target};
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};
use store::Island;
use types::{Actor, Error, Result, Timestamp};

use crate::content::{self, Written};
use crate::encryption::Reader;
use crate::engine::Inner;
use crate::queue::{self, Batch, Failed, Key, Lane};
use crate::{POST_SECONDS, POSTS_MAX, records};

/// What came of a POST.
#[derive(Debug)]
pub(crate) enum Told {
    /// Nothing waits.
    Nothing,
    /// It was taken; whether more waits.
    Taken(bool),
    /// All places at the machine are taken.
    Busy,
    /// It wasn't taken; when the machine wants it again.
    NotTaken(Failed, Option<Duration>),
}

/// Tells what waits first in a lane.
pub(crate) async fn tell(engine: &Inner, island: &Island, key: Key) -> Result<Told> {
    let sealer = engine.sealer.clone();
    let found = island.read(move |tx| {
        let Some(batch) = queue::batch(tx, key)? else {
            return Ok(None);
        };
        let subscription = &batch.subscription;
        // Whoever lost the permission meanwhile gets no data, even before that was noticed; nor is
        // anybody told in the name of a person who may not know any more.
        if (subscription.document.include_resource_data || subscription.delegate.is_some())
            && key.lane == Lane::Changes
            && !records::may(
                tx,
                subscription.creator,
                subscription.delegate,
                subscription.resource,
            )?
        {
            return Ok(None);
        }
        let client_state = subscription.client_state(&sealer, tx.tenant())?;
        let written = content::write(tx, key.lane, &batch, client_state.as_deref())?;
        Ok(Some((batch, written, tx.now())))
    });
    let Some((batch, written, now)) = found.await? else {
        return Ok(Told::Nothing);
    };
    let Some(last) = batch.items.last().map(|item| item.number) else {
        return Ok(Told::Nothing);
    };
    // It was one when it was written down.
    let Ok(target) = target(&batch, key.lane) else {
        return not_taken(engine, island, key, None).await;
    };
    let (at_machine, _, in_all) = POSTS_MAX;
    let place = engine.places.take(target.machine(), (at_machine, in_all));
    let Some(place) = place else {
        return Ok(Told::Busy);
    };
    let count = written.len() as u64;
    let body = body(engine, island, &batch, written).await?;
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    let call = Call {
        method: Method::POST,
        headers,
        body: Bytes::from(body),
        time: Duration::from_secs(POST_SECONDS),
        answer_bytes: 0,
    };
    let answer = engine.client.send(&target, call).await;
    drop(place);
    match answer {
        Ok(answer) if answer.status.is_success() => {
            engine.metrics.accepted.fetch_add(1, Relaxed);
            engine.metrics.delivered.fetch_add(count, Relaxed);
            let more = island
                .write(Actor::System, move |tx| queue::delivered(tx, key, last))
                .await?;
            Ok(Told::Taken(more))
        }
        Ok(answer) => {
            engine.metrics.refused.fetch_add(1, Relaxed);
            tracing::debug!(%target, status = answer.status.as_u16(), "notifications were refused");
            not_taken(engine, island, key, retry_after(&answer.headers, now)).await
        }
        Err(failure) => {
            engine.metrics.failed.fetch_add(1, Relaxed);
            tracing::debug!(%target, %failure, "notifications couldn't be delivered");
            not_taken(engine, island, key, None).await
        }
    }
}

fn target(batch: &Batch, lane: Lane) -> Result<Target> {
    let document = &batch.subscription.document;
    let url = match lane {
        Lane::Changes => Some(&document.notification_url),
        Lane::Lifecycle => document.lifecycle_notification_url.as_ref(),
    };
    let url = url.ok_or_else(|| Error::internal("a lane without a URL"))?;
    Target::parse(url)
}

async fn not_taken(
    engine: &Inner,
    island: &Island,
    key: Key,
    again: Option<Duration>,
) -> Result<Told> {
    let failed = island
        .write(Actor::System, move |tx| queue::failed(tx, key))
        .await?;
    engine.metrics.dropped.fetch_add(failed.dropped, Relaxed);
    Ok(Told::NotTaken(failed, again))
}

/// The body of a POST.
async fn body(
    engine: &Inner,
    island: &Island,
    batch: &Batch,
    written: Vec<Written>,
) -> Result<Vec<u8>> {
    let subscription = &batch.subscription;
    let is_rich = written.iter().any(|it| it.content.is_some());
    let reader = match (&subscription.certificate, is_rich) {
        (Some(der), true) => {
            let id = subscription.document.encryption_certificate_id.as_deref();
            Some(Reader::new(der, id.unwrap_or_default())?)
        }
        _ => None,
    };
    let mut value = Vec::with_capacity(written.len());
    for Written {
        mut notification,
        content,
    } in written
    {
        // Without a reader nothing but the notification goes out.
        if let (Some(reader), Some(content)) = (&reader, content) {
            notification.insert("encryptedContent".into(), reader.encrypt(&content)?);
        }
        value.push(Value::Object(notification));
    }
    let mut body = Map::from_iter([("value".to_owned(), Value::Array(value))]);
    if is_rich {
        let audience = subscription.document.notification_url_app_id;
        let audience = audience.unwrap_or(subscription.app_id);
        let token = engine.signer.sign(island.tenant(), audience).await?;
        body.insert("validationTokens".into(), json!([token]));
    }
    serde_json::to_vec(&body).map_err(Error::internal)
}

/// When a machine wants to be asked again (RFC 9110 §10.2.3): seconds or a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()?;
    u64::try_from(at.as_second() - now.seconds())
        .ok()
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let of = |text: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            retry_after(&headers, now).map(|it| it.as_secs())
        };
        assert_eq!(of("120"), Some(120));
        assert_eq!(of("Thu, 26 Nov 2026 12:01:00 GMT"), Some(60));
        assert_eq!(of("Thu, 26 Nov 2026 11:00:00 GMT"), None);
        assert_eq!(of("soon"), None);
        assert_eq!(of("-1"), None);
    }
}
