//! What TrueNorth tells about tests: `score`, `scores`, recorded answers.

use hyper::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use super::dotnet;
use super::report::{Report, Status, UserScores};
use super::state::{Account, User, same};
use super::wire::{self, Filters, WhichUser};
use crate::document::Document;
use crate::http::{Reply, Request};

impl Account {
    pub(super) fn score(&self, request: &Request) -> Result<Reply, Reply> {
        let which: WhichUser = wire::read(request)?;
        Ok(Reply::json(StatusCode::OK, &UserScores::new(self.user(&which)?, |_| true)))
    }

    pub(super) fn scores(&self, request: &Request) -> Result<Reply, Reply> {
        let filter = Filter::new(wire::read(request)?)?;
        let users = self.users.iter().filter(|user| filter.takes_user(user));
        let scores = users.map(|user| UserScores::new(user, |report| filter.takes(report)));
        let scores: Vec<_> = scores.filter(|scores| !scores.is_empty()).collect();
        let mut document = Document::default();
        document.set("appliedFilters", filter.applied());
        document.set("userScores", scores);
        Ok(Reply::json(StatusCode::OK, &document))
    }

    /// `response-audio`: a short tone for every address that a report names.
    pub(super) fn audio(&self, request: &Request) -> Reply {
        let address = request.segments().join("/").to_lowercase();
        let names =
            |report: &Report| serde_json::to_string(&report.document()).is_ok_and(|text| text.contains(&address));
        if self.users.iter().flat_map(|user| &user.reports).any(names) {
            Reply::typed(StatusCode::OK, "audio/wav", tone())
        } else {
            Reply::empty(StatusCode::NOT_FOUND)
        }
    }
}

struct Filter {
    asked: Filters,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Filter {
    fn new(asked: Filters) -> Result<Self, Reply> {
        let time = |name: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => {
                dotnet::parse(text).map(Some).ok_or_else(|| wire::errors(400, &[format!("{name} is not a date.")]))
            }
        };
        let after = time("startedOnOrAfter", &asked.started_on_or_after)?;
        let before = time("startedOnOrBefore", &asked.started_on_or_before)?;
        Ok(Self { asked, after, before })
    }

    fn takes_user(&self, user: &User) -> bool {
        let groups = self.asked.group_ids.as_deref().unwrap_or_default();
        groups.is_empty() || groups.iter().any(|id| user.groups.iter().any(|own| same(own, id)))
    }

    /// An assessment that was not started has no start to compare: a time filter leaves it out.
    fn takes(&self, report: &Report) -> bool {
        let incomplete = self.asked.include_incomplete_assessments.unwrap_or(false);
        let later = self.after.is_none_or(|after| report.started.is_some_and(|at| at >= after));
        let sooner = self.before.is_none_or(|before| report.started.is_some_and(|at| at <= before));
        (incomplete || report.status == Status::Completed) && later && sooner
    }

    fn applied(&self) -> serde_json::Value {
        json!({
            "includeIncompleteAssessments": self.asked.include_incomplete_assessments.unwrap_or(false),
            "groupIds": self.asked.group_ids,
            "startedOnOrAfter": self.after.map(dotnet::time),
            "startedOnOrBefore": self.before.map(dotnet::time),
        })
    }
}

/// A tenth of a second at 8 kHz, 8 bits, one channel.
fn tone() -> Vec<u8> {
    let samples: Vec<u8> = (0..800_u16).map(|n| if n / 9 % 2 == 0 { 96 } else { 160 }).collect();
    let mut wav = b"RIFF".to_vec();
    wav.extend(836_u32.to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend([8000_u32.to_le_bytes(), 8000_u32.to_le_bytes()].concat());
    wav.extend(b"\x01\0\x08\0data");
    wav.extend(800_u32.to_le_bytes());
    wav.extend(samples);
    wav
}
