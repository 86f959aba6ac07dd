//! Items as they are stored: typed, and versioned by `v`, so that new code can
//! tell an old item and read it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared_core::domain::reservation::Reservation;

use super::keys::{self, Key};

/// An item's attributes.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// The form of the items that this code writes.
pub(crate) const VERSION: u8 = 1;

/// An item that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ItemError {
    /// It was written by code that is newer than this.
    #[error("unsupported item version {0}: deploy the release that wrote it")]
    Version(u8),
    /// It is not what its key says.
    #[error("the item cannot be decoded")]
    Form(#[from] serde_dynamo::Error),
}

/// A document under its key.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item<T> {
    #[serde(flatten)]
    pub(crate) key: Key,
    pub(crate) v: u8,
    pub(crate) doc: T,
}

impl<T: Serialize> Item<T> {
    /// The attributes of a document under a key.
    pub(crate) fn encode(key: Key, doc: T) -> Result<Attributes, ItemError> {
        attributes(&Self { key, v: VERSION, doc })
    }
}

pub(crate) fn document<T: DeserializeOwned>(item: Attributes) -> Result<T, ItemError> {
    check_version(&item)?;
    Ok(serde_dynamo::from_item::<_, Item<T>>(item)?.doc)
}

/// A reservation's item. Index attributes exist only where they apply, so that
/// the indexes stay sparse.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReservationItem {
    #[serde(flatten)]
    key: Key,
    v: u8,
    /// What every write is conditional on.
    seq: u64,
    /// The write that made it so: a write whose answer was lost knows itself again.
    pub(crate) write: String,
    client_pk: String,
    client_sk: String,
    candidate_pk: Option<String>,
    candidate_sk: Option<String>,
    due_pk: Option<String>,
    due_at: Option<String>,
    work_pk: Option<String>,
    work_sk: Option<String>,
    pub(crate) doc: Reservation,
}

impl ReservationItem {
    /// The attributes of a reservation, as the named write leaves it.
    pub(crate) fn encode(reservation: &Reservation, write: String) -> Result<Attributes, ItemError> {
        let id = reservation.id();
        let place = keys::place(reservation.created_at, id);
        let work = keys::work(reservation);
        let order = &reservation.order;
        attributes(&Self {
            key: Key::reservation(id),
            v: VERSION,
            seq: reservation.seq,
            write,
            client_pk: order.client.to_string(),
            client_sk: place.clone(),
            candidate_pk: order.candidate.as_ref().map(|it| keys::candidate(&order.client, it.external_id.expose())),
            candidate_sk: order.candidate.as_ref().map(|_| place),
            due_pk: reservation.due_at.map(|_| keys::due_partition(keys::due_shard(id))),
            due_at: reservation.due_at.map(keys::sortable_millis_ceil),
            work_pk: work.as_ref().map(|(list, _)| list.clone()),
            work_sk: work.map(|(_, place)| place),
            doc: reservation.clone(),
        })
    }

    pub(crate) fn decode(item: Attributes) -> Result<Self, ItemError> {
        check_version(&item)?;
        Ok(serde_dynamo::from_item(item)?)
    }
}

fn check_version(item: &Attributes) -> Result<(), ItemError> {
    match item.get("v").and_then(|v| v.as_n().ok()).and_then(|v| v.parse().ok()) {
        Some(v) if v > VERSION => Err(ItemError::Version(v)),
        _ => Ok(()),
    }
}

fn attributes(item: &impl Serialize) -> Result<Attributes, ItemError> {
    let mut item: Attributes = serde_dynamo::to_item(item)?;
    drop_nulls(&mut item);
    Ok(item)
}

/// Absent is shorter than null, reads the same, and keeps indexes sparse.
fn drop_nulls(item: &mut Attributes) {
    item.retain(|_, value| !value.is_null());
    for value in item.values_mut() {
        drop_nulls_within(value);
    }
}

fn drop_nulls_within(value: &mut AttributeValue) {
    match value {
        AttributeValue::M(map) => drop_nulls(map),
        AttributeValue::L(list) => list.iter_mut().for_each(drop_nulls_within),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
