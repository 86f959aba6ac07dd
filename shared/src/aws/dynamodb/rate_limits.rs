//! The levels of the accounts' rate limiters and the times of reservations' last
//! links, in Unix milliseconds.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use shared_core::domain::ids::{AccountName, ReservationId};
use shared_core::domain::launch::LINK_WINDOW;
use shared_core::domain::limiter::{Booking, Levels, Rise, Side};
use shared_core::ports::{BackendError, BookingOutcome, LinkCountOutcome, LinkCounts, RateLimits};

use super::item::{Attributes, VERSION};
use super::keys::Key;
use super::write::{Update, Written};
use super::{DynamoStore, number};

/// The beginning of the names of the attributes that hold the clients' shares.
const SHARE: &str = "share#";

impl RateLimits for DynamoStore {
    /// A booking that the SDK repeats is made twice: that costs a place, and never
    /// gives one too many.
    async fn book(&self, account: &AccountName, booking: &Booking) -> Result<BookingOutcome, BackendError> {
        let mut levels = vec![
            Level { name: "slot_ms", step: ":spacing", max: ":slot_max", rise: booking.slot },
            Level { name: "bucket_ms", step: ":earn", max: ":bucket_max", rise: booking.bucket },
        ];
        let mut names = Vec::new();
        if let Some((client, rise)) = &booking.share {
            names.push(("#share", format!("{SHARE}{client}")));
            levels.push(Level { name: "#share", step: ":share", max: ":share_max", rise: *rise });
        }
        let mut values = vec![(":now", number(booking.now)), (":v", number(VERSION))];
        values.extend(levels.iter().flat_map(Level::values));
        let steps: Vec<_> = levels.iter().map(Level::step).collect();
        let conditions: Vec<_> = levels.iter().map(Level::condition).collect();
        let update = format!("SET {}, v = :v", steps.join(", "));
        let condition = conditions.join(" AND ");
        let write = Update { key: Key::limiter(account), update: &update, condition: &condition, names, values };
        Ok(match self.update_if("book a call", write).await? {
            Written::Done(item) => BookingOutcome::Done(self::levels(&item)),
            Written::Refused(item) => BookingOutcome::Stale(item.as_ref().map(self::levels).unwrap_or_default()),
        })
    }

    async fn empty(&self, account: &AccountName, now: Timestamp) -> Result<(), BackendError> {
        let emptied = Levels::emptied_bucket(now.as_millisecond());
        let write = Update {
            key: Key::limiter(account),
            update: "SET bucket_ms = :emptied, v = :v",
            condition: "attribute_not_exists(bucket_ms) OR bucket_ms < :emptied",
            names: Vec::new(),
            values: vec![(":emptied", number(emptied)), (":v", number(VERSION))],
        };
        // A bucket that is emptier still stays so.
        self.update_if("empty a rate limit", write).await.map(drop)
    }
}

impl LinkCounts for DynamoStore {
    /// The item holds when the last three were counted. A count that the SDK repeats
    /// counts twice, which at worst makes somebody wait for the next link.
    async fn count_link(&self, id: &ReservationId, now: Timestamp) -> Result<LinkCountOutcome, BackendError> {
        let (now, window) = (now.as_millisecond(), LINK_WINDOW.as_millis() as i64);
        let write = Update {
            key: Key::links(id),
            update: "SET third_ms = if_not_exists(second_ms, :never), second_ms = if_not_exists(first_ms, :never), \
                     first_ms = :now, v = :v",
            condition: "attribute_not_exists(third_ms) OR third_ms <= :before",
            names: Vec::new(),
            values: vec![
                (":now", number(now)),
                (":before", number(now - window)),
                (":never", number(0)),
                (":v", number(VERSION)),
            ],
        };
        Ok(match self.update_if("count a link", write).await? {
            Written::Done(_) => LinkCountOutcome::Done,
            Written::Refused(item) => {
                let third = item.as_ref().and_then(|item| milliseconds(item, "third_ms")).unwrap_or(now);
                let wait = u64::try_from(third + window - now).unwrap_or_default();
                LinkCountOutcome::TooMany { retry_after: Duration::from_millis(wait) }
            }
        })
    }
}

/// One of the levels, in the table's terms.
struct Level {
    name: &'static str,
    step: &'static str,
    max: &'static str,
    rise: Rise,
}

impl Level {
    fn step(&self) -> String {
        let Self { name, step, .. } = self;
        match self.rise.side {
            Side::Rested => format!("{name} = :now + {step}"),
            Side::Ahead => format!("{name} = {name} + {step}"),
        }
    }

    fn condition(&self) -> String {
        let Self { name, max, .. } = self;
        match self.rise.side {
            Side::Rested => format!("(attribute_not_exists({name}) OR {name} < :now)"),
            Side::Ahead => format!("({name} BETWEEN :now AND {max})"),
        }
    }

    /// DynamoDB refuses values that no expression uses.
    fn values(&self) -> Vec<(&'static str, AttributeValue)> {
        let mut values = vec![(self.step, number(self.rise.step))];
        if self.rise.side == Side::Ahead {
            values.push((self.max, number(self.rise.max)));
        }
        values
    }
}

fn levels(item: &Attributes) -> Levels {
    let level = |name: &str| milliseconds(item, name).unwrap_or_default();
    let share = |name: &String| Some((name.strip_prefix(SHARE)?.parse().ok()?, level(name)));
    Levels { slot: level("slot_ms"), bucket: level("bucket_ms"), shares: item.keys().filter_map(share).collect() }
}

fn milliseconds(item: &Attributes, name: &str) -> Option<i64> {
    item.get(name).map(AttributeValue::as_n)?.ok()?.parse().ok()
}
