//! Sign-in links: single use, five minutes.

use std::collections::BTreeMap;

use hyper::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::dotnet;
use super::state::uuid;
use crate::http::Reply;

const LIFE: SignedDuration = SignedDuration::from_mins(5);

pub(super) struct Link {
    pub(super) url: String,
    pub(super) expires_at: String,
}

#[derive(Debug)]
struct Ticket {
    expires_at: Timestamp,
    used: bool,
}

#[derive(Debug, Default)]
pub(super) struct Links(BTreeMap<String, Ticket>);

impl Links {
    pub(super) fn make(&mut self, host: &str, now: Timestamp) -> Link {
        let (token, expires_at) = (uuid(), now + LIFE);
        let url = format!("http://{host}/api/users/sign-in-with-token?token={token}");
        self.0.insert(token, Ticket { expires_at, used: false });
        Link { url, expires_at: dotnet::time(expires_at) }
    }

    /// Uses a link up: a page for the candidate, 410 if it is used or too old, 404 if unknown.
    pub(super) fn sign_in(&mut self, token: &str, now: Timestamp) -> Reply {
        let page = |status, text: &'static str| Reply::typed(status, "text/html; charset=utf-8", text);
        match self.0.get_mut(token) {
            None => page(StatusCode::NOT_FOUND, "<h1>Unknown link</h1>"),
            Some(ticket) if ticket.used => page(StatusCode::GONE, "<h1>This link was used</h1>"),
            Some(ticket) if ticket.expires_at <= now => page(StatusCode::GONE, "<h1>This link has expired</h1>"),
            Some(ticket) => {
                ticket.used = true;
                page(StatusCode::OK, "<h1>Signed in</h1>")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::Links;

    #[test]
    fn a_link_works_once_and_for_five_minutes() {
        let (mut links, now) = (Links::default(), Timestamp::now());
        let mut token = || links.make("h", now).url.split_once('=').unwrap().1.to_owned();
        let (first, second) = (token(), token());
        assert_eq!(links.sign_in(&first, now).status, 200);
        assert_eq!(links.sign_in(&first, now).status, 410);
        assert_eq!(links.sign_in(&second, now + SignedDuration::from_mins(5)).status, 410);
        assert_eq!(links.sign_in("other", now).status, 404);
    }
}
