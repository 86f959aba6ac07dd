//! Fingerprints from before they were salted: the SHA-256 of the request's canonical
//! JSON as it was sent, nulls included.

use serde_json::{Value, json};
use shared_core::domain::order::Order;

use super::{Digest, canonical, without_absent};

/// A member that a request may leave out: where it stands, its name, and what says the
/// same as its absence besides null.
type Optional = (&'static str, &'static str, &'static str);

const OPTIONAL: [Optional; 8] = [
    ("", "account", ""),
    ("", "return_url", ""),
    ("", "expires_at", ""),
    ("/candidate", "email", ""),
    ("/candidate", "birth_date", ""),
    ("", "registration", "{}"),
    ("", "groups", "[]"),
    ("", "metadata", "{}"),
];

/// Whether a request repeats an order: whether it, or what leaves out the same in
/// other words, has the order's digest; or whether it says what the order says and
/// nothing of that can be the hub's own default.
pub(super) fn is_repeated(digest: &Digest, order: &Order, sent: &Value, meaning: &Value) -> bool {
    let absent: Vec<_> = OPTIONAL
        .into_iter()
        .filter(|(parent, name, _)| meaning.pointer(parent).is_some_and(|parent| parent.get(name).is_none()))
        .collect();
    let is_all_said = meaning.get("account").is_some() && meaning.get("expires_at").is_some();
    *digest == Digest::sha256(canonical(sent).as_bytes())
        || has_digest(&mut sent.clone(), &absent, digest)
        || is_all_said && *meaning == said_by(order)
}

/// Whether one of the ways to leave out what is absent has a digest: some hundred at
/// most, and for old orders alone.
fn has_digest(document: &mut Value, absent: &[Optional], digest: &Digest) -> bool {
    let Some(((parent, name, empty), rest)) = absent.split_first() else {
        return *digest == Digest::sha256(canonical(document).as_bytes());
    };
    let spellings = [None, Some(Value::Null)].into_iter().chain(empty.parse().ok().map(Some));
    spellings.into_iter().any(|spelling| {
        let Some(members) = document.pointer_mut(parent).and_then(Value::as_object_mut) else { return false };
        match spelling {
            Some(value) => drop(members.insert((*name).to_owned(), value)),
            None => drop(members.remove(*name)),
        }
        has_digest(document, rest, digest)
    })
}

/// What an order says, as a request would say it today.
fn said_by(order: &Order) -> Value {
    let candidate = order.candidate.as_ref().map(|candidate| {
        json!({
            "external_id": candidate.external_id.expose().trim(),
            "given_name": candidate.given_name.expose().trim(),
            "family_name": candidate.family_name.expose().trim(),
            "email": candidate.email.as_ref().map(|email| email.expose().trim()),
            "birth_date": candidate.birth_date.as_ref().map(|date| date.expose()),
        })
    });
    let registration = order.registration.iter().map(|(name, value)| (name.clone(), trimmed(value.expose())));
    without_absent(json!({
        "vendor": order.account.vendor,
        "product": order.product.trim(),
        "account": order.account.name,
        "candidate": candidate,
        "registration": registration.collect::<serde_json::Map<_, _>>(),
        "groups": order.groups.iter().map(|group| group.trim()).collect::<Vec<_>>(),
        "return_url": order.return_url.as_ref().map(|url| url.trim()),
        "expires_at": order.expires_at.to_string(),
        "metadata": order.metadata,
    }))
}

fn trimmed(text: &str) -> Value {
    text.trim().into()
}
