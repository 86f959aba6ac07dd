//! The vendors' documents as they came, each once beside its reservation, to be
//! looked at and read again.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use shared_core::domain::ids::{Digest, ReservationId};
use shared_core::domain::reservation::{DocumentOrigin, EventName, HistoryEntry, Reservation};
use shared_core::ports::{BackendError, RawDocument};

use super::item::{Attributes, VERSION, document};
use super::keys::{HISTORY_PREFIX, Key, RAW_PREFIX, RESERVATION, partition, reservation_of};
use super::lists::string;
use super::{DynamoStore, key_of, number, text};
use crate::aws::{corrupt, sdk_error};

/// The largest document that is kept, in bytes, compressed or not: an item may have 400 KB, and its keys count.
const SIZE_MAX: usize = 390_000;
/// The largest document that is unpacked, in bytes.
const UNPACKED_MAX: usize = 16 << 20;
/// How hard deflate tries, of 10.
const LEVEL: u8 = 6;

/// The attribute of a document as it came.
const PLAIN: &str = "body";
/// The attribute of a document that is compressed (RFC 1951).
const DEFLATED: &str = "z";

/// A vendor's document as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptDocument {
    pub document: RawDocument,
    /// Where it came from; not known of those that were kept by earlier releases.
    pub origin: Option<DocumentOrigin>,
}

/// How a document's reading was wanting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadBadly {
    /// Its status was none that the vendor's documents name.
    UnknownStatus,
    /// Some or all of its scores could not be read.
    UnreadableScores,
}

impl ReadBadly {
    fn is_told_of_by(self, entry: &HistoryEntry) -> bool {
        let lists_unreadable = || entry.detail.as_deref().is_some_and(|it| it.contains(HistoryEntry::UNREADABLE));
        match self {
            ReadBadly::UnknownStatus => entry.event == EventName::ReportUnknownStatus,
            ReadBadly::UnreadableScores => entry.event == EventName::ReportWithoutScores || lists_unreadable(),
        }
    }
}

impl DynamoStore {
    /// Keeps a document in binary, since base64 would make it a third larger.
    pub(super) async fn put_document(
        &self,
        id: &ReservationId,
        raw: &RawDocument,
        origin: Option<&DocumentOrigin>,
    ) -> Result<(), BackendError> {
        let (name, body) = pack(&raw.bytes);
        // A copy that does not fit must not hold back what it says.
        if body.len() > SIZE_MAX {
            return Ok(());
        }
        let mut item = key_of(Key::raw(id, &raw.digest));
        item.insert("v".to_owned(), number(VERSION));
        item.insert(name.to_owned(), AttributeValue::B(Blob::new(body)));
        if let Some(origin) = origin {
            item.insert("observed_at".to_owned(), text(origin.observed_at.to_string()));
            item.insert("attempt".to_owned(), number(origin.attempt));
        }
        self.put_new("keep a document", Ok(item)).await.map(drop)
    }

    /// The documents whose reading the histories call wanting, by reading the whole
    /// table: the operator's, once a reader was mended. Tells how many items were read.
    ///
    /// # Errors
    /// The table could not be read.
    pub async fn documents_read_badly(
        &self,
        how: ReadBadly,
        mut progress: impl FnMut(u64),
    ) -> Result<Vec<(ReservationId, Digest)>, BackendError> {
        const OPERATION: &str = "look for reports in the histories";
        let (mut found, mut seen, mut after) = (BTreeSet::new(), 0, None);
        loop {
            let scan = self.dynamodb().scan().table_name(&self.name);
            let scan = scan
                .filter_expression("begins_with(sk, :history) OR sk = :reservation")
                .projection_expression("pk, sk, v, doc")
                .expression_attribute_values(":history", text(HISTORY_PREFIX))
                .expression_attribute_values(":reservation", text(RESERVATION))
                .set_exclusive_start_key(after);
            let answer = scan.send().await.map_err(sdk_error(OPERATION))?;
            for item in answer.items.unwrap_or_default() {
                let Some(id) = string(&item, "pk").and_then(reservation_of) else { continue };
                let named = entries_of(item)
                    .into_iter()
                    .filter(|entry| how.is_told_of_by(entry))
                    .filter_map(|entry| entry.digest);
                found.extend(named.map(|digest| (id.clone(), digest)));
            }
            seen += u64::from(answer.scanned_count.unsigned_abs());
            progress(seen);
            after = answer.last_evaluated_key;
            if after.is_none() {
                return Ok(found.into_iter().collect());
            }
        }
    }

    /// Every document that is kept of a reservation.
    ///
    /// # Errors
    /// The table could not be read, or holds something else there.
    pub async fn kept_documents(&self, id: &ReservationId) -> Result<Vec<KeptDocument>, BackendError> {
        const OPERATION: &str = "read a reservation's documents";
        let (mut kept, mut after) = (Vec::new(), None);
        loop {
            let query = self.dynamodb().query().table_name(&self.name).consistent_read(true);
            let answer = query
                .key_condition_expression("pk = :pk AND begins_with(sk, :raw)")
                .expression_attribute_values(":pk", text(partition(id)))
                .expression_attribute_values(":raw", text(RAW_PREFIX))
                .set_exclusive_start_key(after)
                .send()
                .await
                .map_err(sdk_error(OPERATION))?;
            let read = answer.items.unwrap_or_default().into_iter().map(|item| read(&item).ok_or("not a document"));
            kept.extend(read.collect::<Result<Vec<_>, _>>().map_err(corrupt(OPERATION))?);
            after = answer.last_evaluated_key;
            if after.is_none() {
                return Ok(kept);
            }
        }
    }
}

/// The history entries of a reservation's item, or of one that was filed; none of what cannot be decoded.
fn entries_of(item: Attributes) -> Vec<HistoryEntry> {
    match string(&item, "sk") {
        Some(RESERVATION) => document(item).map_or_else(|_| Vec::new(), |found: Reservation| found.recent),
        _ => document(item).into_iter().collect(),
    }
}

/// A document's attribute and what it holds: the shorter of the two forms.
fn pack(bytes: &[u8]) -> (&'static str, Vec<u8>) {
    let deflated = compress_to_vec(bytes, LEVEL);
    if deflated.len() < bytes.len() { (DEFLATED, deflated) } else { (PLAIN, bytes.to_vec()) }
}

fn read(item: &Attributes) -> Option<KeptDocument> {
    let digest: Digest = string(item, "sk")?.strip_prefix(RAW_PREFIX)?.parse().ok()?;
    let binary = |name| Some(item.get(name)?.as_b().ok()?.as_ref());
    let bytes = match binary(PLAIN) {
        Some(body) => body.to_vec(),
        None => decompress_to_vec_with_limit(binary(DEFLATED)?, UNPACKED_MAX).ok()?,
    };
    let origin = || {
        let observed_at = string(item, "observed_at")?.parse().ok()?;
        let attempt = item.get("attempt")?.as_n().ok()?.parse().ok()?;
        Some(DocumentOrigin { observed_at, attempt })
    };
    Some(KeptDocument { document: RawDocument { digest, bytes }, origin: origin() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, body: Vec<u8>) -> Attributes {
        let key = Key::new("RES#x", format!("{RAW_PREFIX}{}", Digest::sha256(b"")));
        let mut item = key_of(key);
        item.insert(name.to_owned(), AttributeValue::B(Blob::new(body)));
        item
    }

    #[test]
    fn a_document_is_kept_in_its_shorter_form_and_reads_back() {
        let text = br#"{"Grammar_Level":"3.5","Listening_Level":"5.0","Reading_Level":"6.0"}"#.repeat(9);
        let noise: Vec<u8> = (0..=255).collect();
        for (bytes, expected) in [(text, DEFLATED), (noise, PLAIN), (Vec::new(), PLAIN)] {
            let (name, body) = pack(&bytes);
            assert_eq!((name, body.len() <= bytes.len()), (expected, true));
            assert_eq!(read(&item(name, body)).unwrap().document.bytes, bytes);
        }
    }

    #[test]
    fn a_document_that_is_damaged_or_grows_without_end_is_not_read() {
        let (_, body) = pack(&[b'x'; 1000]);
        assert_eq!(read(&item(DEFLATED, body[..body.len() - 2].to_vec())), None);
        let (_, bomb) = pack(&vec![0; UNPACKED_MAX + 1]);
        assert_eq!(read(&item(DEFLATED, bomb)), None);
        assert_eq!(read(&item("elsewhere", Vec::new())), None);
    }
}
