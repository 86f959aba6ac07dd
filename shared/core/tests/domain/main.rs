//! The domain by itself: what a breaker, an order and a reservation make of what they are told.
#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod breaker;
mod forward;
mod reservation;

use test_support::fixtures;

#[test]
fn an_order_is_printed_without_what_the_client_put_into_it() {
    let order = fixtures::order("order-42");
    assert_eq!(format!("{order:?}"), format!("Order({}, acme, itep#default, GTX-Academic-Plus)", order.id));
}
