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
    let mut more_filed = false;
    if next(&entries) < recent {
        let (filed, has_more) = store.filed_entries(reservation.id(), next(&entries) - 1, limit).await?;
        entries.extend(filed);
        more_filed = has_more;
    }
    if !more_filed {
        let from = next(&entries);
        entries.extend(reservation.recent.iter().filter(|entry| entry.seq >= from).cloned());
    }
    entries.truncate(limit);
    let has_more = next(&entries) <= reservation.seq;
    Ok((entries, has_more))
}
