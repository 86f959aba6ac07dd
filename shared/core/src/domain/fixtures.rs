//! What the tests of this crate begin with.

use jiff::Timestamp;

use super::candidate::Candidate;
use super::ids::{Account, Fingerprint, ReservationId, Vendor};
use super::order::Order;

/// An order of the company `acme` under an `Idempotency-Key`.
pub(crate) fn order(vendor: Vendor, key: &str, expires_at: Timestamp) -> Order {
    let client = "acme".parse().unwrap();
    Order {
        id: ReservationId::derive(&client, key),
        client,
        fingerprint: Fingerprint::new("order-42", "{}"),
        account: Account { vendor, name: "default".parse().unwrap() },
        product: "GTX-Academic-Plus".to_owned(),
        candidate: Candidate {
            external_id: "c-1001".into(),
            given_name: "Mary".into(),
            family_name: "Poppins".into(),
            email: None,
            birth_date: None,
        },
        registration: [].into(),
        groups: Vec::new(),
        return_url: None,
        expires_at,
        metadata: [].into(),
    }
}
