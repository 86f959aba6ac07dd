//! A reservation's history: what it was accepted with, what is filed, and what it holds itself.

use crate::domain::reservation::{HistoryEntry, Reservation};
use crate::ports::{BackendError, Store};

/// The entries after one, at most `limit`, and whether there are more. The reservation
/// is one that was just read: what was written since is not shown.
///
/// # Errors
/// Storage failed.
pub async fn entries(
    store: &impl Store,
    reservation: &Reservation,
    after: u64,
    limit: usize,
) -> Result<(Vec<HistoryEntry>, bool), BackendError> {
    let mut entries = Vec::new();
    if after == 0 {
        entries.push(reservation.reserved_entry());
    }
    let next = |entries: &[HistoryEntry]| entries.last().map_or(after, |entry| entry.seq) + 1;
    let recent = reservation.recent.first().map_or(reservation.seq + 1, |entry| entry.seq);
    if next(&entries) < recent && entries.len() < limit {
        let (filed, has_more) =
            store.filed_entries(reservation.id(), next(&entries) - 1, limit - entries.len()).await?;
        entries.extend(filed);
        if has_more {
            return Ok((entries, true));
        }
    }
    let from = next(&entries);
    entries.extend(reservation.recent.iter().filter(|entry| entry.seq >= from).cloned());
    let has_more = entries.len() > limit || next(&entries) <= reservation.seq;
    entries.truncate(limit);
    Ok((entries, has_more))
}
