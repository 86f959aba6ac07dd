//! The table's keys. None of them holds personal data: a candidate appears by the
//! digest of the client's own id for them.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use shared_core::domain::ids::{Account, AccountName, ClientId, Digest, Mode, ReservationId};
use shared_core::domain::reservation::{Reservation, State};
use shared_core::ports::{InboundWebhook, Worklist};

use serde::{Deserialize, Serialize};

/// Over how many partitions of the `due` index the reservations spread.
pub(crate) const DUE_SHARDS: u8 = 4;
/// The partition that registers the TrueNorth accounts to poll.
pub(crate) const POLLS: &str = "POLLS";
/// The partition that registers the clients.
pub(crate) const CLIENTS: &str = "CLIENTS";
/// The sort key of a reservation itself.
pub(crate) const RESERVATION: &str = "RES";
/// The beginning of the sort keys of a reservation's history.
pub(crate) const HISTORY_PREFIX: &str = "H#";
/// The beginning of the sort keys of a reservation's documents.
pub(crate) const RAW_PREFIX: &str = "RAW#";
/// The beginning of the sort keys of a client's API keys.
pub(crate) const KEY_PREFIX: &str = "KEY#";

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    pub(crate) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    pub(crate) fn reservation(id: &ReservationId) -> Self {
        Self::new(partition(id), RESERVATION)
    }

    pub(crate) fn history(id: &ReservationId, seq: u64) -> Self {
        Self::new(partition(id), history_sort(seq))
    }

    pub(crate) fn raw(id: &ReservationId, digest: &Digest) -> Self {
        Self::new(partition(id), format!("{RAW_PREFIX}{digest}"))
    }

    pub(crate) fn look_up(id: &ReservationId) -> Self {
        Self::new(partition(id), "LOOKUP")
    }

    pub(crate) fn links(id: &ReservationId) -> Self {
        Self::new(partition(id), "LINKS")
    }

    pub(crate) fn claim(account: &Account, reference: &str) -> Self {
        Self::new(format!("REF#{account}#{reference}"), "REF")
    }

    pub(crate) fn client(id: &ClientId) -> Self {
        Self::new(format!("CLIENT#{id}"), "CLIENT")
    }

    pub(crate) fn api_key(key_id: &str) -> Self {
        Self::new(format!("KEY#{key_id}"), "KEY")
    }

    pub(crate) fn api_key_of(client: &ClientId, key_id: &str) -> Self {
        Self::new(format!("CLIENT#{client}"), format!("{KEY_PREFIX}{key_id}"))
    }

    pub(crate) fn limiter(account: &AccountName) -> Self {
        Self::new(format!("ACCOUNT#truenorth#{account}"), "LIMIT")
    }

    pub(crate) fn breaker(account: &Account) -> Self {
        Self::new(format!("ACCOUNT#{account}"), "BREAKER")
    }

    pub(crate) fn poll(account: &AccountName) -> Self {
        Self::new(format!("ACCOUNT#truenorth#{account}"), "POLL")
    }

    pub(crate) fn quarantined(webhook: &InboundWebhook) -> Self {
        let place = format!("{}#{}", sortable_millis(webhook.received_at), webhook.id);
        Self::new(quarantine(webhook.account.mode()), place)
    }
}

/// The partition of everything in quarantine.
pub(crate) fn quarantine(mode: Mode) -> String {
    format!("{}QUARANTINE", mode.prefix())
}

/// The partition of a reservation and of everything beside it.
pub(crate) fn partition(id: &ReservationId) -> String {
    format!("RES#{id}")
}

/// The reservation that a partition belongs to.
pub(crate) fn reservation_of(pk: &str) -> Option<ReservationId> {
    pk.strip_prefix("RES#")?.parse().ok()
}

/// The sort key of a history entry: as wide as the largest number.
pub(crate) fn history_sort(seq: u64) -> String {
    format!("{HISTORY_PREFIX}{seq:020}")
}

/// A time in a form whose order as text is the order in time: UTC, whole
/// milliseconds, rounded down.
pub(crate) fn sortable_millis(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The same, rounded up: what is due then is really due.
pub(crate) fn sortable_millis_ceil(time: Timestamp) -> String {
    let up = TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Ceil);
    sortable_millis(time.round(up).unwrap_or(time))
}

/// A place in an index: time, then id.
pub(crate) fn place(time: Timestamp, id: &ReservationId) -> String {
    format!("{}#{id}", sortable_millis(time))
}

/// The `due` index's partition of a reservation.
pub(crate) fn due_shard(id: &ReservationId) -> u8 {
    // Ids are digests, so any character of one is as good as a hash of it.
    id.as_str().bytes().next_back().unwrap_or_default() % DUE_SHARDS
}

/// The name of a partition of the `due` index.
pub(crate) fn due_partition(shard: u8) -> String {
    format!("DUE#{shard}")
}

/// The `by_candidate` index's partition of a client's candidate.
pub(crate) fn candidate(client: &ClientId, external_id: &str) -> String {
    format!("{client}#{}", Digest::sha256(external_id.as_bytes()))
}

/// The `worklist` index's partition of a list.
pub(crate) fn worklist(list: &Worklist) -> String {
    match list {
        Worklist::InDoubt(mode) => format!("{}in_doubt", mode.prefix()),
        Worklist::Open(account) => format!("open#truenorth#{account}"),
        Worklist::Unused(account) => format!("unused#itep#{account}"),
    }
}

/// On which worklist a reservation stands, and since when.
pub(crate) fn work(reservation: &Reservation) -> Option<(String, String)> {
    use shared_core::domain::ids::Vendor::{Itep, Truenorth};
    let (list, since) = match reservation.state {
        State::InDoubt { since } => (Worklist::InDoubt(reservation.id().mode()), since),
        _ if reservation.is_open() && reservation.vendor() == Truenorth => {
            (Worklist::Open(reservation.order.account.name.clone()), reservation.created_at)
        }
        _ if reservation.has_unused_test() && reservation.vendor() == Itep => {
            (Worklist::Unused(reservation.order.account.name.clone()), reservation.order.expires_at)
        }
        _ => return None,
    };
    Some((worklist(&list), place(since, reservation.id())))
}

#[cfg(test)]
mod tests {
    use shared_core::domain::ids::Vendor;

    use super::*;

    #[test]
    fn times_in_keys_have_one_width_and_due_times_are_rounded_up() {
        let time: Timestamp = "2026-11-23T02:24:28.0005Z".parse().unwrap();
        assert_eq!(sortable_millis(time), "2026-11-23T02:24:28.000Z");
        assert_eq!(sortable_millis_ceil(time), "2026-11-23T02:24:28.001Z");
        assert_eq!(sortable_millis("2026-11-23T02:24:28Z".parse().unwrap()), "2026-11-23T02:24:28.000Z");
    }

    #[test]
    fn no_key_of_one_mode_is_one_of_the_other() {
        let client: ClientId = "acme".parse().unwrap();
        let name: AccountName = "default".parse().unwrap();
        let keys = |mode: Mode| {
            let (client, name) = (client.in_mode(mode), name.in_mode(mode));
            let id = ReservationId::derive(&client, "order-42");
            let account = Account { vendor: Vendor::Itep, name: name.clone() };
            let items = [
                Key::reservation(&id),
                Key::claim(&account, "3279B035APR"),
                Key::limiter(&name),
                Key::breaker(&account),
                Key::poll(&name),
            ];
            let lists = [Worklist::InDoubt(mode), Worklist::Open(name.clone()), Worklist::Unused(name)];
            let mut partitions: Vec<_> = items.into_iter().map(|key| key.pk).collect();
            partitions.extend(lists.iter().map(worklist));
            partitions.extend([client.to_string(), candidate(&client, "c-1001"), quarantine(mode)]);
            partitions
        };
        let (live, test) = (keys(Mode::Live), keys(Mode::Test));
        assert!(live.iter().all(|key| !key.contains("test")), "live keys are as they were: {live:?}");
        assert!(test.iter().all(|key| key.contains("test") && !live.contains(key)), "{test:?}");
    }

    #[test]
    fn reservations_spread_over_all_shards_of_the_due_index() {
        let client: ClientId = "acme".parse().unwrap();
        let mut seen = [0; DUE_SHARDS as usize];
        for n in 0..400 {
            seen[usize::from(due_shard(&ReservationId::derive(&client, &n.to_string())))] += 1;
        }
        assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
    }
}
