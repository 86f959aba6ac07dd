//! One sitting of the exam.

use jiff::Timestamp;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Report, Status};
use crate::domain::forward::{Extra, HasExtra, has_extra};
use crate::domain::ids::Digest;
use crate::domain::test_result::{ScoreField, TestResult};

/// One sitting of the exam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When the vendor's word that began it was received; `None` for the first.
    #[serde(default)]
    pub opened_at: Option<Timestamp>,
    /// The digest of that word; `None` for the first, and where it was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_by: Option<Digest>,
    /// Where this sitting stands.
    pub status: Status,
    /// Whether the candidate finished it.
    pub finished: bool,
    pub result: Option<TestResult>,
    /// Scores of the newest graded report that are there and cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<ScoreField>,
    /// Whether the result came after the reservation had ended.
    pub late: bool,
    /// The digest of the last report applied.
    pub applied: Option<Digest>,
    /// The digest of the last report that was only noted since.
    pub noted: Option<Digest>,
    /// The digest of the newest graded report.
    pub graded: Option<Digest>,
    /// When that one was received, or asked for.
    pub graded_at: Option<Timestamp>,
    /// The newest graded report of which no score can be read, while no newer grade is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable_grade: Option<UnreadableGrade>,
    /// Digests of its finished reports, and of graded ones that were revised.
    pub superseded: Vec<Digest>,
    /// When the newest report was received, or asked for.
    pub observed_at: Option<Timestamp>,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(Attempt: result, unreadable_grade, extra);

/// A graded report without one readable score: it proves that the test was sat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableGrade {
    /// The digest of the vendor's document.
    pub digest: Digest,
    /// When it was received, or asked for.
    pub observed_at: Timestamp,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(UnreadableGrade: extra);

/// Reads sittings; a reservation without one is none that the hub wrote.
pub(super) fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Attempt>, D::Error> {
    let attempts = Vec::deserialize(deserializer)?;
    if attempts.is_empty() { Err(D::Error::custom("a reservation without an attempt")) } else { Ok(attempts) }
}

impl Attempt {
    /// The first sitting, which begins with the sale.
    pub(super) fn first() -> Self {
        Self::new(1, None, Status::Ready)
    }

    /// The sitting that follows on a reset which a report told of.
    pub(super) fn after_reset(&self, report: &Report, status: Status) -> Self {
        let opened_by = Some(report.digest.clone());
        Self { opened_by, ..Self::new(self.number + 1, Some(report.observed_at), status) }
    }

    /// A sitting of another test than was taken for the reservation's: nothing was
    /// heard of it yet, and whatever comes is of this sitting.
    pub(super) fn of_another_test(number: u32, status: Status) -> Self {
        Self::new(number, None, status)
    }

    fn new(number: u32, opened_at: Option<Timestamp>, status: Status) -> Self {
        Self {
            number,
            opened_at,
            opened_by: None,
            status,
            finished: false,
            result: None,
            unreadable: Vec::new(),
            late: false,
            applied: None,
            noted: None,
            graded: None,
            graded_at: None,
            unreadable_grade: None,
            superseded: Vec::new(),
            observed_at: None,
            extra: Extra::default(),
        }
    }

    /// Shows a grade; the one shown so far is kept as superseded.
    pub(super) fn show(&mut self, result: &TestResult, report: &Report) {
        if let Some(earlier) = self.graded.replace(report.digest.clone())
            && earlier != report.digest
        {
            self.superseded.push(earlier);
        }
        let outdated = self.unreadable_grade.take_if(|unreadable| unreadable.observed_at <= report.observed_at);
        self.superseded.extend(outdated.map(|unreadable| unreadable.digest).filter(|digest| *digest != report.digest));
        self.graded_at = Some(report.observed_at);
        self.finished = true;
        self.result = Some(result.clone());
        self.unreadable.clone_from(&report.unreadable);
    }

    /// Notes a grade that cannot be read; a result that shows stays.
    pub(super) fn note_unreadable(&mut self, report: &Report) {
        let (digest, observed_at) = (report.digest.clone(), report.observed_at);
        let grade = UnreadableGrade { digest, observed_at, extra: Extra::default() };
        if let Some(earlier) = self.unreadable_grade.replace(grade) {
            self.superseded.push(earlier.digest);
        }
        self.finished = true;
        self.unreadable.clone_from(&report.unreadable);
    }

    /// Whether the report is the very document of which no score could be read.
    pub(super) fn could_not_read(&self, digest: &Digest) -> bool {
        self.unreadable_grade.as_ref().is_some_and(|unreadable| unreadable.digest == *digest)
    }

    /// Whether a grade that cannot be read is newer than the report.
    pub(super) fn has_newer_unreadable(&self, report: &Report) -> bool {
        self.unreadable_grade.as_ref().is_some_and(|unreadable| report.observed_at < unreadable.observed_at)
    }

    /// Whether the report would show nothing else than what it shows already. What a
    /// later release read beyond that is kept.
    pub(super) fn shows_exactly(&self, result: &TestResult, report: &Report) -> bool {
        let shows = self.graded.as_ref() == Some(&report.digest)
            && self.result.as_ref().is_some_and(|shown| shown.without_extra() == *result);
        shows && self.unreadable == report.unreadable
    }

    /// Whether it was graded, readably or not.
    pub(super) fn is_graded(&self) -> bool {
        self.result.is_some() || self.unreadable_grade.is_some()
    }

    /// Whether it shows a grade that is newer than the report's.
    pub(super) fn shows_newer_than(&self, report: &Report) -> bool {
        self.graded.as_ref() != Some(&report.digest) && self.graded_at.is_some_and(|shown| report.observed_at < shown)
    }
}
