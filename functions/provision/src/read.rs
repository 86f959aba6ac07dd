//! Reading one reservation, a list of them, and a history.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::aws::dynamodb::cursor::Cursor;
use shared_core::domain::reservation::{EventName, HistoryEntry, NoteReason, Reservation, Source, Status, Verdict};
use shared_core::ports::{BackendError, ListQuery, Store};
use shared_core::usecases;

use crate::answer::{self, HandlerResult, List};
use crate::context::RequestContext;
use crate::etag;
use crate::query::{Query, invalid};
use crate::view::ReservationView;

/// How many pages of the store are read for one page of an answer. A filter that
/// fits few then makes short pages, not slow ones.
const PAGES_READ: usize = 10;

/// `GET /v1/reservations/{id}`.
pub(crate) async fn get(context: &RequestContext<'_>, id: &str) -> HandlerResult {
    Query::parse(context.request, &[])?;
    let reservation = context.reservation(id).await?;
    let response = answer::json(StatusCode::OK, &ReservationView::new(&reservation))?;
    Ok(etag::tagged(response, context.request.headers()))
}

/// `GET /v1/reservations`.
pub(crate) async fn list(context: &RequestContext<'_>) -> HandlerResult {
    let query = Query::parse(context.request, &["status", "external_id", "product", "limit", "cursor"])?;
    let status: Option<StatusName> = query.parsed("status", "a reservation's status")?;
    let cursor: Option<Cursor> = query.parsed("cursor", "the `next_cursor` of an earlier answer")?;
    let filter = Filter { status: status.map(|name| name.0), product: query.text("product") };
    let external_id = query.text("external_id");
    if external_id.is_some_and(|id| !(1..=128).contains(&id.chars().count())) {
        return Err(invalid("`external_id` must have 1 to 128 characters.").into());
    }
    let wanted = ListQuery {
        client: context.client.id.clone(),
        external_id: external_id.map(str::to_owned),
        cursor: cursor.map(|cursor| cursor.to_string()),
        limit: query.limit()?,
    };
    let (found, next_cursor) = collect(&context.hub.store, wanted, &filter).await?;
    let data = found.iter().map(ReservationView::new).collect();
    answer::json(StatusCode::OK, &List { data, next_cursor })
}

/// What the index does not know of a reservation.
struct Filter<'a> {
    status: Option<Status>,
    product: Option<&'a str>,
}

impl Filter<'_> {
    fn fits(&self, reservation: &Reservation) -> bool {
        self.status.is_none_or(|status| reservation.status() == status)
            && self.product.is_none_or(|product| reservation.order.product == product)
    }
}

/// Reads on until the answer's page is full. Each page of the store is as long
/// as what is still wanted, so that its cursor is the answer's too.
async fn collect(
    store: &impl Store,
    mut query: ListQuery,
    filter: &Filter<'_>,
) -> Result<(Vec<Reservation>, Option<String>), BackendError> {
    let wanted = query.limit;
    let mut found = Vec::new();
    for _ in 0..PAGES_READ {
        query.limit = wanted - found.len();
        let page = store.list(&query).await?;
        if !page.items.is_empty() {
            let read = store.reservations(&page.items).await?;
            found.extend(read.into_iter().filter(|reservation| filter.fits(reservation)));
        }
        query.cursor = page.next;
        if found.len() >= wanted || query.cursor.is_none() {
            break;
        }
    }
    Ok((found, query.cursor))
}

struct StatusName(Status);

impl std::str::FromStr for StatusName {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Status::ALL.into_iter().find(|status| status.as_str() == text).map(StatusName).ok_or(())
    }
}

/// `GET /v1/reservations/{id}/history`.
pub(crate) async fn history(context: &RequestContext<'_>, id: &str) -> HandlerResult {
    let query = Query::parse(context.request, &["limit", "cursor"])?;
    let after = query.parsed("cursor", "the `next_cursor` of an earlier answer")?.map_or(0, |EntryCursor(seq)| seq);
    let limit = query.limit()?;
    let reservation = context.reservation(id).await?;
    let (entries, more) = usecases::history::entries(&context.hub.store, &reservation, after, limit).await?;
    let last = entries.last().map(|entry| entry.seq);
    let next_cursor = last.filter(|_| more).map(|seq| EntryCursor(seq).to_string());
    let data = entries.iter().map(EntryView::new).collect();
    answer::json(StatusCode::OK, &List { data, next_cursor })
}

/// Where a page of a history ended.
#[derive(Debug, PartialEq)]
struct EntryCursor(u64);

impl std::fmt::Display for EntryCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.to_string()))
    }
}

impl std::str::FromStr for EntryCursor {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let decoded = URL_SAFE_NO_PAD.decode(text).map_err(drop)?;
        let seq = std::str::from_utf8(&decoded).map_err(drop)?.parse().map_err(drop)?;
        if seq == 0 { Err(()) } else { Ok(Self(seq)) }
    }
}

/// A line of a history as clients read it.
#[derive(Serialize)]
struct EntryView<'a> {
    seq: u64,
    at: Timestamp,
    source: &'a str,
    event: EventName,
    verdict: Verdict,
    reason: Option<NoteReason>,
    from: Option<Status>,
    to: Status,
    version: u64,
    attempt: u32,
    call_no: Option<u32>,
    detail: Option<&'a str>,
}

impl<'a> EntryView<'a> {
    fn new(entry: &'a HistoryEntry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.at,
            source: source(&entry.source),
            event: entry.event,
            verdict: entry.verdict,
            reason: entry.why,
            from: entry.from,
            to: entry.to,
            version: entry.version,
            attempt: entry.attempt,
            call_no: entry.call_no,
            detail: entry.detail.as_deref().filter(|_| is_told(entry)),
        }
    }
}

/// Who it came from. The operator's name is nobody else's business.
fn source(source: &Source) -> &str {
    match source {
        Source::Client => "client",
        Source::Hub => "hub",
        Source::VendorAnswer => "vendor_answer",
        Source::VendorWebhook => "vendor_webhook",
        Source::VendorLookup => "vendor_lookup",
        Source::Operator { .. } => "operator",
        Source::Other(source) => source.who.as_str(),
    }
}

/// Whether an event's detail is the client's business: why the vendor refused and
/// what was seen is, what the hub's set-up lacks or an operator says is not.
fn is_told(entry: &HistoryEntry) -> bool {
    let by_person = matches!(entry.source, Source::Operator { .. } | Source::Other(_));
    !by_person
        && matches!(entry.event, EventName::CallRefused | EventName::CallUnknown | EventName::ReportUnknownStatus)
}

#[cfg(test)]
mod tests;
