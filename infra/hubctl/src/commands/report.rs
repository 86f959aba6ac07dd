//! `hubctl report`.

use anyhow::{Context, bail};
use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::aws::DynamoStore;
use shared::aws::dynamodb::{KeptDocument, ReadBadly};
use shared_core::domain::ids::{Digest, ReservationId};
use shared_core::domain::reservation::{DocumentOrigin, HistoryEntry, Report, ReportedStatus, Reservation, Verdict};
use shared_core::ports::Store;
use shared_core::usecases;
use shared_core::usecases::reprocess::{KeptReport, ReprocessOutcome, plan_reprocess};

use super::reservation::entries;
use crate::asking;
use crate::cli::{ReportCommand, Reprocess, Unread};
use crate::context::{OperatorContext, confirm};
use crate::output::{Output, time};

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &ReportCommand) -> anyhow::Result<()> {
    let ReportCommand::Reprocess(wanted) = command;
    match (&wanted.which.reservation, wanted.which.all) {
        (Some(id), _) => one(store, out, wanted, id).await,
        (None, Some(Unread::UnknownStatus)) => all(store, out, wanted, ReadBadly::UnknownStatus).await,
        (None, Some(Unread::UnreadableScores)) => all(store, out, wanted, ReadBadly::UnreadableScores).await,
        (None, Some(Unread::Quarantined)) => super::quarantine::replay_readable(store, out, wanted).await,
        (None, None) => bail!("name a reservation, or --all with a reason"),
    }
}

/// One document of a reservation, and what became of it.
struct Row {
    reservation: ReservationId,
    digest: Digest,
    received_at: Timestamp,
    status: String,
    outcome: String,
}

async fn one(store: &DynamoStore, out: Output, wanted: &Reprocess, id: &ReservationId) -> anyhow::Result<()> {
    let is_wanted = |digest: &Digest| wanted.document.as_ref().is_none_or(|only| only == digest);
    let rows = reprocess(&OperatorContext::new(store)?, store, wanted, id, is_wanted).await?;
    if let Some(digest) = wanted.document.as_ref().filter(|_| rows.is_empty()) {
        bail!("{id} has no document {digest}; `hubctl reservation raw {id}` lists them");
    }
    say(out, wanted, &rows)
}

/// Goes on after a reservation that fails, and says so at the end.
async fn all(store: &DynamoStore, out: Output, wanted: &Reprocess, how: ReadBadly) -> anyhow::Result<()> {
    let bar = ProgressBar::new_spinner();
    let found = store.documents_read_badly(how, |seen| bar.set_message(format!("{seen} items scanned"))).await;
    bar.finish_and_clear();
    let found = asking(found)?;
    if !wanted.dry_run && !found.is_empty() {
        confirm(wanted.yes, &format!("Reprocess {}?", documents(found.len())))?;
    }
    let (context, mut rows, mut failed) = (OperatorContext::new(store)?, Vec::new(), Vec::new());
    let bar = ProgressBar::new(found.len() as u64);
    for (id, digest) in &found {
        match reprocess(&context, store, wanted, id, |kept| kept == digest).await {
            Ok(read) => rows.extend(read),
            Err(problem) => failed.push(format!("{id}: {problem:#}")),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    say(out, wanted, &rows)?;
    match failed.as_slice() {
        [] => Ok(()),
        [first, ..] => bail!("{} failed; the first error is: {first}. Run the command again", failed.len()),
    }
}

fn documents(count: usize) -> String {
    if count == 1 { "1 document".to_owned() } else { format!("{count} documents") }
}

/// Reads a reservation's documents again, in the order in which they came.
async fn reprocess(
    context: &OperatorContext,
    store: &DynamoStore,
    wanted: &Reprocess,
    id: &ReservationId,
    is_wanted: impl Fn(&Digest) -> bool,
) -> anyhow::Result<Vec<Row>> {
    let mut reservation =
        asking(store.reservation(id).await)?.with_context(|| format!("no reservation has the id {id}"))?;
    let history = entries(store, &reservation).await?;
    let kept = asking(store.kept_documents(id).await)?.into_iter().filter(|kept| is_wanted(&kept.document.digest));
    let mut kept: Vec<_> = kept.map(|kept| (origin(&kept, &history), kept)).collect();
    kept.sort_by_key(|(origin, _)| origin.observed_at);
    let (vendor, mut rows) = (context.vendor(&reservation.order.account), Vec::new());
    for (origin, kept) in kept {
        let reference = reservation.reference.as_ref().or(reservation.released.last());
        let report =
            reference.and_then(|reference| vendor.parse_document(reference, &kept.document, origin.observed_at));
        let status = report.as_ref().map_or("cannot be read".to_owned(), summary);
        let outcome = match report {
            Some(report) => {
                apply(context, wanted, &mut reservation, KeptReport { report, attempt: origin.attempt }).await?
            }
            None => "unchanged".to_owned(),
        };
        let (digest, received_at) = (kept.document.digest, origin.observed_at);
        rows.push(Row { reservation: id.clone(), digest, received_at, status, outcome });
    }
    Ok(rows)
}

async fn apply(
    context: &OperatorContext,
    wanted: &Reprocess,
    reservation: &mut Reservation,
    report: KeptReport,
) -> anyhow::Result<String> {
    let done = match (&wanted.by, &wanted.why) {
        (Some(by), Some(why)) if !wanted.dry_run => {
            asking(usecases::reprocess::reprocess(context, reservation.clone(), report, by.clone(), why.clone()).await)?
        }
        _ => plan_reprocess(context, reservation, report),
    };
    Ok(match done {
        ReprocessOutcome::Written(change) => {
            let outcome = outcome(wanted.dry_run, &change.entry);
            *reservation = change.after;
            outcome
        }
        ReprocessOutcome::NothingNew => "nothing new".to_owned(),
        ReprocessOutcome::ReferenceTaken => "its test belongs to another reservation".to_owned(),
    })
}

fn outcome(dry_run: bool, entry: &HistoryEntry) -> String {
    let why = entry.why.map(|why| format!(", {}", word(why))).unwrap_or_default();
    match entry.verdict {
        Verdict::Applied if dry_run => {
            format!("would be applied: {}{why}", entry.to.as_str())
        }
        Verdict::Applied => format!("applied: {}{why}", entry.to.as_str()),
        Verdict::Refused => format!("changes nothing{why}"),
        Verdict::Other(other) => format!("{}{why}", word(other)),
    }
}

/// What a report says by now, in a few words.
fn summary(report: &Report) -> String {
    let status = match &report.status {
        ReportedStatus::Completed(_) => "graded".to_owned(),
        ReportedStatus::CompletedWithoutScores => "graded, no score can be read".to_owned(),
        ReportedStatus::UnknownStatus { .. } => "unknown status".to_owned(),
        other => word(other),
    };
    match report.unreadable.as_slice() {
        [] => status,
        unreadable => {
            let names: Vec<_> = unreadable.iter().map(ToString::to_string).collect();
            format!("{status}; unreadable: {}", names.join(", "))
        }
    }
}

/// A name as it is stored, with spaces.
fn word(name: impl serde::Serialize) -> String {
    let name = match serde_json::to_value(name) {
        Ok(Value::String(name)) => name,
        Ok(Value::Object(tagged)) => tagged["status"].as_str().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    name.replace('_', " ")
}

/// When a document first came, and for which sitting. Earlier releases did not keep
/// that beside it, but the history has when it was first processed.
fn origin(kept: &KeptDocument, history: &[HistoryEntry]) -> DocumentOrigin {
    let first = history.iter().find(|entry| entry.digest.as_ref() == Some(&kept.document.digest));
    let ruled = first.map(|entry| DocumentOrigin { observed_at: entry.at, attempt: entry.attempt });
    let known = kept.origin.filter(|origin| ruled.is_none_or(|ruled| origin.observed_at <= ruled.observed_at));
    known.or(ruled).unwrap_or(DocumentOrigin { observed_at: Timestamp::MIN, attempt: 1 })
}

fn say(out: Output, wanted: &Reprocess, rows: &[Row]) -> anyhow::Result<()> {
    let as_json = |row: &Row| {
        json!({ "reservation_id": row.reservation, "document": row.digest, "received_at": row.received_at,
                "says": row.status, "outcome": row.outcome })
    };
    let data: Vec<_> = rows.iter().map(as_json).collect();
    let cells = |row: &Row| {
        let document = row.digest.as_str()[..12].to_owned();
        vec![row.reservation.to_string(), document, time(row.received_at), row.status.clone(), row.outcome.clone()]
    };
    let lines = match rows {
        [] => "There are no documents to reprocess.".to_owned(),
        rows => {
            let headings = ["RESERVATION", "DOCUMENT", "RECEIVED", "STATUS", "OUTCOME"];
            out.table(&headings, &rows.iter().map(cells).collect::<Vec<_>>())
        }
    };
    Ok(out.say(&json!({ "dry_run": wanted.dry_run, "data": data }), &lines)?)
}

#[cfg(test)]
mod tests {
    use shared_core::ports::RawDocument;

    use super::*;

    fn kept(origin: Option<DocumentOrigin>) -> KeptDocument {
        KeptDocument { document: RawDocument { digest: Digest::sha256(b"{}"), bytes: b"{}".to_vec() }, origin }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn entry(seconds: i64, attempt: u32) -> HistoryEntry {
        serde_json::from_value(json!({
            "seq": 2, "at": at(seconds), "source": { "who": "vendor_webhook" }, "event": "report_unknown_status",
            "verdict": "refused", "why": "unknown_status", "from": "ready", "to": "ready", "version": 1,
            "attempt": attempt, "call_no": null, "digest": Digest::sha256(b"{}"), "receipt": null, "detail": null
        }))
        .unwrap()
    }

    #[test]
    fn a_document_counts_as_of_its_first_receipt() {
        let stored = DocumentOrigin { observed_at: at(5), attempt: 1 };
        assert_eq!(origin(&kept(Some(stored)), &[entry(6, 1), entry(90, 2)]), stored);
    }

    #[test]
    fn what_an_earlier_release_kept_counts_as_of_its_first_ruling() {
        let ruled = DocumentOrigin { observed_at: at(6), attempt: 1 };
        assert_eq!(origin(&kept(None), &[entry(6, 1), entry(90, 2)]), ruled);
        let kept_again = DocumentOrigin { observed_at: at(89), attempt: 2 };
        assert_eq!(origin(&kept(Some(kept_again)), &[entry(6, 1), entry(90, 2)]), ruled);
    }

    #[test]
    fn names_are_told_as_words() {
        assert_eq!(word(ReportedStatus::AwaitingScore), "awaiting score");
        assert_eq!(word(shared_core::domain::reservation::NoteReason::EarlierSitting), "earlier sitting");
    }
}
