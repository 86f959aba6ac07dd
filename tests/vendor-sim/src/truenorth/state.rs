//! What TrueNorth knows: accounts with their assessments, groups and users.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::links::Links;
use super::rate::RateWindows;
use super::report::Report;
use crate::http::Request;

/// An account's settings, as the control API takes them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) api_key: String,
    #[serde(default = "assessments")]
    pub(super) assessments: Vec<Assessment>,
    /// How long scoring takes after `finish`; 0 waits for `grade`.
    #[serde(default)]
    pub(super) scoring_ms: u64,
    #[serde(default = "limited")]
    pub(super) rate_limit: bool,
}

fn limited() -> bool {
    true
}

/// The document's assessments, and the one that only its reports name.
fn assessments() -> Vec<Assessment> {
    [
        ("English Grammar", "de83346f-aa2d-4c4f-a250-0d3a09d609e3"),
        ("English Listening", "0b5c0072-7cc9-4ef0-96e8-635a4ce012fd"),
        ("English Speaking", "c66496f2-35a7-465d-bb3b-58f6af5caedb"),
        ("English Speaking Demo", "6ce10c60-0761-4dc7-b193-9f73977a9510"),
        ("Spanish Speaking", "3f1d7c52-90b4-4b7e-8a5e-64c1f0f3a2d7"),
    ]
    .map(|(name, id)| Assessment { name: name.to_owned(), assessment_id: id.to_owned() })
    .into()
}

/// The document's groups.
fn groups() -> Vec<Group> {
    [
        ("English speaking", "80843e92-5be1-46aa-9472-2862d11413b3"),
        ("grammar", "90dc068c-31bf-4303-a536-fb4398b47f5d"),
        ("New Group", "23b3ac80-0309-4553-91f8-a4f28fdb2b18"),
        ("Only WebCAPE", "1cffe784-d006-4f1b-87d4-70d07d7d2dc3"),
    ]
    .map(|(name, id)| Group { name: name.to_owned(), group_id: id.to_owned() })
    .into()
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Assessment {
    pub(super) name: String,
    pub(super) assessment_id: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) group_id: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Registered {
    pub(super) url: String,
    pub(super) created_at: String,
}

/// A user with everything assigned to them.
#[derive(Debug)]
pub(super) struct User {
    pub(super) user_id: String,
    pub(super) given_name: String,
    pub(super) surname: String,
    pub(super) email: Option<String>,
    pub(super) student_id: Option<String>,
    pub(super) unique_identifier: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) reports: Vec<Report>,
}

#[derive(Clone, Debug)]
pub(super) struct Assigned {
    pub(super) user_id: String,
    pub(super) user_assessment_id: String,
}

#[derive(Debug)]
pub(super) struct Account {
    pub(super) settings: Settings,
    pub(super) groups: Vec<Group>,
    pub(super) users: Vec<User>,
    pub(super) webhook: Option<Registered>,
    pub(super) rate: RateWindows,
    pub(super) last_example: Option<Instant>,
    pub(super) last_assigned: Option<Assigned>,
}

impl Account {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            groups: groups(),
            users: Vec::new(),
            webhook: None,
            rate: RateWindows::default(),
            last_example: None,
            last_assigned: None,
        }
    }

    /// The user and the report of a `userAssessmentId`.
    pub(super) fn report(&self, id: &str) -> Option<(&User, usize)> {
        self.users.iter().find_map(|user| {
            let index = user.reports.iter().position(|report| same(&report.user_assessment_id, id));
            index.map(|index| (user, index))
        })
    }

    /// The same, to be changed.
    pub(super) fn report_mut(&mut self, id: &str) -> Option<&mut Report> {
        let mut reports = self.users.iter_mut().flat_map(|user| &mut user.reports);
        reports.find(|report| same(&report.user_assessment_id, id))
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) links: Links,
}

impl State {
    pub(super) fn sender(&self, request: &Request) -> Option<String> {
        let (scheme, key) = request.header("authorization")?.split_once(' ')?;
        let bearer = scheme.eq_ignore_ascii_case("bearer");
        let theirs = |account: &Account| bearer && account.settings.api_key == key.trim();
        self.accounts.iter().find(|(_, account)| theirs(account)).map(|(name, _)| name.clone())
    }

    /// The account that has a `userAssessmentId`, or the named one if it does.
    pub(super) fn owner(&mut self, account: Option<&str>, id: &str) -> Option<(String, &mut Account)> {
        let wanted = |name: &str| account.is_none_or(|account| account == name);
        self.accounts
            .iter_mut()
            .find(|(name, account)| wanted(name) && account.report(id).is_some())
            .map(|(name, account)| (name.clone(), account))
    }
}

/// UUIDs compare without regard to case.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

pub(super) fn uuid() -> String {
    uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid().to_string()
}
