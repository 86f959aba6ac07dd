//! A company's website: it asks until it is answered, and now and then twice.

use shared_core::domain::candidate::Candidate;
use shared_core::domain::ids::{Account, Fingerprint, ReservationId, Vendor};
use shared_core::domain::order::Order;

use crate::sim::{HOUR, MINUTE, Ms, State, at};

/// What a client wants.
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
        let order = Order {
            id,
            client: "acme".parse().expect("a client"),
            fingerprint: Fingerprint::new(&number.to_string(), "{}"),
            account: Account { vendor, name: "default".parse().expect("a name") },
            product: "GTX".to_owned(),
            candidate: Candidate {
                external_id: "c".into(),
                given_name: "M".into(),
                family_name: "P".into(),
                email: None,
                birth_date: None,
            },
            registration: [].into(),
            groups: Vec::new(),
            return_url: None,
            expires_at: at(first + life),
            metadata: [].into(),
        };
        Self { order, respond_async: state.rng.per_mille(200), answered: false, tries: 0 }
    }
}
