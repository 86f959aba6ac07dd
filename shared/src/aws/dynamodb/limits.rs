//! The levels of the accounts' rate limiters, in Unix milliseconds.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use shared_core::domain::ids::AccountName;
use shared_core::domain::limiter::{Booking, EARN_MS, Levels, SPACING_MS, Side};
use shared_core::ports::{Booked, Outage, RateLimits};

use super::write::{Update, Written};
use super::{DynamoStore, number};
use crate::aws::item::{Attributes, VERSION};
use crate::aws::keys::Key;

impl RateLimits for DynamoStore {
    /// A booking that the SDK repeats is made twice: that costs a place, and never
    /// gives one too many.
    async fn book(&self, account: &AccountName, booking: &Booking) -> Result<Booked, Outage> {
        let (slot, bucket) = (
            Level { name: "slot_ms", step: ":spacing", max: ":slot_max", side: booking.slot },
            Level { name: "bucket_ms", step: ":earn", max: ":bucket_max", side: booking.bucket },
        );
        let mut values = vec![
            (":now", number(booking.now)),
            (":spacing", number(SPACING_MS)),
            (":earn", number(EARN_MS)),
            (":v", number(VERSION)),
        ];
        // DynamoDB refuses values that no expression uses.
        if booking.slot == Side::Ahead {
            values.push((":slot_max", number(booking.slot_max)));
        }
        if booking.bucket == Side::Ahead {
            values.push((":bucket_max", number(booking.bucket_max)));
        }
        let update = format!("SET {}, {}, v = :v", slot.step(), bucket.step());
        let condition = format!("({}) AND ({})", slot.condition(), bucket.condition());
        let write = Update { key: Key::limiter(account), update: &update, condition: &condition, values };
        Ok(match self.update_if("book a call", write).await? {
            Written::Done(item) => Booked::Done(levels(&item)),
            Written::Refused(item) => Booked::Stale(item.as_ref().map(levels).unwrap_or_default()),
        })
    }

    async fn empty(&self, account: &AccountName, now: Timestamp) -> Result<(), Outage> {
        let emptied = Levels::emptied_bucket(now.as_millisecond());
        let write = Update {
            key: Key::limiter(account),
            update: "SET bucket_ms = :emptied, v = :v",
            condition: "attribute_not_exists(bucket_ms) OR bucket_ms < :emptied",
            values: vec![(":emptied", number(emptied)), (":v", number(VERSION))],
        };
        // A bucket that is emptier still stays so.
        self.update_if("empty a rate limit", write).await.map(drop)
    }
}

/// One of the two levels, in the table's terms.
struct Level {
    name: &'static str,
    step: &'static str,
    max: &'static str,
    side: Side,
}

impl Level {
    fn step(&self) -> String {
        let Self { name, step, .. } = self;
        match self.side {
            Side::Rested => format!("{name} = :now + {step}"),
            Side::Ahead => format!("{name} = {name} + {step}"),
        }
    }

    fn condition(&self) -> String {
        let Self { name, max, .. } = self;
        match self.side {
            Side::Rested => format!("attribute_not_exists({name}) OR {name} < :now"),
            Side::Ahead => format!("{name} BETWEEN :now AND {max}"),
        }
    }
}

fn levels(item: &Attributes) -> Levels {
    let level = |name| item.get(name).map(AttributeValue::as_n)?.ok()?.parse().ok();
    Levels { slot: level("slot_ms").unwrap_or_default(), bucket: level("bucket_ms").unwrap_or_default() }
}
