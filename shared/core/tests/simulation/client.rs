//! A company's website: it asks until it is answered, and now and then twice.

use shared_core::domain::ids::{ReservationId, Vendor};
use shared_core::domain::order::Order;
use test_support::fixtures;

use crate::sim::{HOUR, MINUTE, Ms, State, at};

pub(crate) struct Request {
    pub(crate) order: Order,
    pub(crate) respond_async: bool,
    pub(crate) answered: bool,
    pub(crate) tries: u32,
}

impl Request {
    pub(crate) fn draw(state: &mut State, number: usize, vendor: Vendor, first: Ms) -> Self {
        let id: ReservationId = format!("res_{number:026}").parse().expect("an id");
        let life = state.rng.pick(&[20 * MINUTE, 2 * HOUR, 12 * HOUR, 48 * HOUR]);
        let order = Order { id, expires_at: at(first + life), ..fixtures::order_at(vendor, &number.to_string()) };
        Self { order, respond_async: state.rng.per_mille(200), answered: false, tries: 0 }
    }
}
