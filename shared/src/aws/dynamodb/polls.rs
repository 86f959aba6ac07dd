//! The polls of TrueNorth's accounts: which, by whom, and where they stopped.

use std::sync::PoisonError;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use shared_core::domain::ids::{AccountName, ReservationId};
use shared_core::ports::{BackendError, PollMark, Polls};

use super::item::{Attributes, VERSION};
use super::keys::{self, Key};
use super::lists::string;
use super::write::{Update, Written};
use super::{DynamoStore, fresh_name, number, text};
use crate::aws::{corrupt, sdk_error};

impl Polls for DynamoStore {
    async fn accounts(&self) -> Result<Vec<AccountName>, BackendError> {
        const OPERATION: &str = "list polled accounts";
        let items = self.partition(OPERATION, keys::POLLS, "").await?;
        let names = items.iter().filter_map(|item| string(item, "sk")).map(str::parse);
        names.collect::<Result<_, _>>().map_err(corrupt(OPERATION))
    }

    async fn begin(
        &self,
        account: &AccountName,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<PollMark>, BackendError> {
        const OPERATION: &str = "begin a poll";
        let holder = fresh_name(OPERATION)?;
        let write = Update {
            key: Key::poll(account),
            update: "SET lease_until = :until, lease_holder = :me, v = :v",
            // The last is this very write, repeated by the SDK.
            condition: "attribute_not_exists(lease_until) OR lease_until <= :now OR lease_holder = :me",
            names: Vec::new(),
            values: vec![
                (":until", number(until.as_millisecond())),
                (":now", number(now.as_millisecond())),
                (":me", text(&holder)),
                (":v", number(VERSION)),
            ],
        };
        let Written::Done(item) = self.update_if(OPERATION, write).await? else { return Ok(None) };
        self.poll_leases.lock().unwrap_or_else(PoisonError::into_inner).insert(account.clone(), holder);
        mark(&item).map(Some).map_err(corrupt(OPERATION))
    }

    /// A poll that outlived its lease leaves no mark once another has begun.
    async fn end(&self, account: &AccountName, mark: &PollMark) -> Result<(), BackendError> {
        let holder = self.poll_leases.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
        let (mut set, mut remove) = ("SET v = :v".to_owned(), "REMOVE lease_until, lease_holder".to_owned());
        let mut values = vec![(":v", number(VERSION)), (":me", text(holder.unwrap_or_default()))];
        let fields = [
            ("seen_to", ":seen_to", mark.seen_to.map(|time| time.to_string())),
            ("poll_cursor", ":cursor", mark.cursor.clone()),
        ];
        for (name, placeholder, value) in fields {
            match value {
                Some(value) => {
                    set.push_str(&format!(", {name} = {placeholder}"));
                    values.push((placeholder, text(value)));
                }
                None => remove.push_str(&format!(", {name}")),
            }
        }
        let update = format!("{set} {remove}");
        let write = Update {
            key: Key::poll(account),
            update: &update,
            condition: "lease_holder = :me",
            names: Vec::new(),
            values,
        };
        self.update_if("end a poll", write).await.map(drop)
    }

    async fn may_look_up(&self, id: &ReservationId, now: Timestamp, interval: Duration) -> Result<bool, BackendError> {
        const OPERATION: &str = "stamp a look-up";
        let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
        let write = Update {
            key: Key::look_up(id),
            update: "SET looked_up_at = :now, looked_up_by = :me, v = :v",
            condition: "attribute_not_exists(looked_up_at) OR looked_up_at <= :before OR looked_up_by = :me",
            names: Vec::new(),
            values: vec![
                (":now", number(now.as_millisecond())),
                (":before", number(now.as_millisecond().saturating_sub(interval))),
                (":me", text(fresh_name(OPERATION)?)),
                (":v", number(VERSION)),
            ],
        };
        Ok(matches!(self.update_if(OPERATION, write).await?, Written::Done(_)))
    }
}

impl DynamoStore {
    /// Has a TrueNorth account polled from now on. Saying so twice is no harm.
    pub async fn register_poll(&self, account: &AccountName) -> Result<(), BackendError> {
        const OPERATION: &str = "register an account for polling";
        let item = Ok(registered(keys::POLLS, account.as_str()));
        self.put_new(OPERATION, item).await.map(drop)
    }

    /// All of a small partition, or of what begins with a prefix in it.
    pub(super) async fn partition(
        &self,
        operation: &'static str,
        pk: &str,
        prefix: &str,
    ) -> Result<Vec<Attributes>, BackendError> {
        let mut query = self
            .dynamodb()
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(pk));
        if !prefix.is_empty() {
            query = query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix));
        }
        let mut pages = query.into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(sdk_error(operation))?);
        }
        Ok(items)
    }
}

/// An entry of a registry: it is there, and says no more.
pub(super) fn registered(pk: &str, name: &str) -> Attributes {
    let mut item = super::key_of(Key::new(pk, name));
    item.insert("v".to_owned(), number(VERSION));
    item
}

fn mark(item: &Attributes) -> Result<PollMark, jiff::Error> {
    let seen_to = item.get("seen_to").map(AttributeValue::as_s).and_then(Result::ok);
    Ok(PollMark {
        seen_to: seen_to.map(|time| time.parse()).transpose()?,
        cursor: string(item, "poll_cursor").map(str::to_owned),
    })
}
