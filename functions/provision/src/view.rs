//! A reservation as clients see it. Absent optional fields are `null`; passwords and
//! links are never included.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Serialize, Serializer};
use shared_core::domain::candidate::Candidate;
use shared_core::domain::ids::{ReservationId, Vendor, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::reservation::{Attempt, Reason, Reservation, Status};
use shared_core::domain::sensitive::Sensitive;
use shared_core::domain::test_result::{
    CefrBand, Equivalents, Scale, Score, ScoreField, Skill, SkillScore, TestResult,
};

use crate::reasons;

#[derive(Serialize)]
pub(crate) struct ReservationView<'a> {
    id: &'a ReservationId,
    status: Status,
    status_reason: Option<Reason>,
    status_detail: Option<&'a str>,
    version: u64,
    vendor: Vendor,
    product: &'a str,
    account: &'a str,
    vendor_reference: Option<ReferenceView<'a>>,
    candidate: Option<CandidateView<'a>>,
    /// The address of a launch page; there is none yet.
    launch_url: Option<&'a str>,
    /// In the answer to a fresh purchase only.
    #[serde(skip_serializing_if = "Option::is_none")]
    launch: Option<Option<&'a Launch>>,
    metadata: &'a BTreeMap<String, String>,
    expires_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
    attempts: Vec<AttemptView<'a>>,
    result: Option<ResultView<'a>>,
    /// In the answer to a withdrawal only.
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_released: Option<bool>,
}

impl<'a> ReservationView<'a> {
    /// The reservation as it is read.
    pub(crate) fn new(reservation: &'a Reservation) -> Self {
        let order = &reservation.order;
        Self {
            id: &order.id,
            status: reservation.status(),
            status_reason: reservation.reason,
            status_detail: reasons::detail(reservation),
            version: reservation.version,
            vendor: order.account.vendor,
            product: &order.product,
            account: order.account.name.without_mode(),
            vendor_reference: reservation.reference.as_ref().map(ReferenceView::new),
            candidate: order.candidate.as_ref().map(CandidateView::new),
            launch_url: None,
            launch: None,
            metadata: &order.metadata,
            expires_at: order.expires_at,
            created_at: reservation.created_at,
            updated_at: reservation.updated_at,
            attempts: sittings(reservation).iter().map(AttemptView::new).collect(),
            result: reservation.result().map(|result| ResultView::new(result, reservation.attempt().late)),
            vendor_released: None,
        }
    }

    /// The answer to a fresh purchase: with what opens the test, if that is known.
    pub(crate) fn bought(reservation: &'a Reservation, launch: Option<&'a Launch>) -> Self {
        Self { launch: Some(launch), ..Self::new(reservation) }
    }

    /// The answer to a withdrawal. No vendor takes a test back by API.
    pub(crate) fn withdrawn(reservation: &'a Reservation) -> Self {
        Self { vendor_released: Some(false), ..Self::new(reservation) }
    }
}

/// The sittings so far: none until there is a test to sit.
fn sittings(reservation: &Reservation) -> &[Attempt] {
    if reservation.reference.is_some() { &reservation.attempts } else { &[] }
}

#[derive(Serialize)]
#[serde(untagged)]
enum ReferenceView<'a> {
    Itep { test_id: &'a str },
    Truenorth { user_assessment_id: &'a str, user_id: &'a str },
}

impl<'a> ReferenceView<'a> {
    fn new(reference: &'a VendorReference) -> Self {
        match reference {
            VendorReference::Itep { test_id } => ReferenceView::Itep { test_id },
            VendorReference::Truenorth { user_assessment_id, user_id } => {
                ReferenceView::Truenorth { user_assessment_id, user_id }
            }
        }
    }
}

#[derive(Serialize)]
struct CandidateView<'a> {
    external_id: &'a Sensitive<String>,
    given_name: &'a Sensitive<String>,
    family_name: &'a Sensitive<String>,
    email: Option<&'a Sensitive<String>>,
    birth_date: Option<&'a Sensitive<Date>>,
}

impl<'a> CandidateView<'a> {
    fn new(candidate: &'a Candidate) -> Self {
        Self {
            external_id: &candidate.external_id,
            given_name: &candidate.given_name,
            family_name: &candidate.family_name,
            email: candidate.email.as_ref(),
            birth_date: candidate.birth_date.as_ref(),
        }
    }
}

#[derive(Serialize)]
struct AttemptView<'a> {
    number: u32,
    status: Status,
    result: Option<ResultView<'a>>,
    /// Scores that the vendor sent and the hub cannot read.
    unreadable: &'a [ScoreField],
}

impl<'a> AttemptView<'a> {
    fn new(attempt: &'a Attempt) -> Self {
        let result = attempt.result.as_ref().map(|result| ResultView::new(result, attempt.late));
        Self { number: attempt.number, status: attempt.status, result, unreadable: &attempt.unreadable }
    }
}

#[derive(Serialize)]
struct ResultView<'a> {
    overall: Option<ScoreView>,
    skills: Vec<SkillView>,
    equivalents: EquivalentsView<'a>,
    placement: Option<&'a str>,
    report_url: Option<&'a Sensitive<String>>,
    duration_seconds: Option<Number>,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    finished_on: Option<Date>,
    assessment_version: Option<&'a str>,
    late: bool,
}

impl<'a> ResultView<'a> {
    fn new(result: &'a TestResult, late: bool) -> Self {
        Self {
            overall: result.overall.as_ref().map(ScoreView::new),
            skills: result.skills.iter().map(SkillView::new).collect(),
            equivalents: EquivalentsView::new(&result.equivalents),
            placement: result.placement.as_deref(),
            report_url: result.report_url.as_ref(),
            duration_seconds: result.duration_seconds.map(Number),
            started_at: result.started_at,
            finished_at: result.finished_at,
            finished_on: result.finished_on,
            assessment_version: result.assessment_version.as_deref(),
            late,
        }
    }
}

#[derive(Serialize)]
struct EquivalentsView<'a> {
    actfl: Option<&'a str>,
    toefl_speaking: Option<&'a str>,
    ielts_speaking: Option<&'a str>,
    toeic_speaking: Option<&'a str>,
}

impl<'a> EquivalentsView<'a> {
    fn new(equivalents: &'a Equivalents) -> Self {
        Self {
            actfl: equivalents.actfl.as_deref(),
            toefl_speaking: equivalents.toefl_speaking.as_deref(),
            ielts_speaking: equivalents.ielts_speaking.as_deref(),
            toeic_speaking: equivalents.toeic_speaking.as_deref(),
        }
    }
}

/// A scale with its bounds; `null` where it has none.
#[derive(Serialize)]
struct ScaleView {
    scale: Scale,
    scale_min: Option<f64>,
    scale_max: Option<f64>,
}

impl ScaleView {
    fn new(scale: Scale) -> Self {
        let bounds = scale.bounds();
        Self { scale, scale_min: bounds.map(|b| b.0), scale_max: bounds.map(|b| b.1) }
    }
}

#[derive(Serialize)]
struct CefrView {
    cefr: Option<String>,
    cefr_min: Option<String>,
    cefr_max: Option<String>,
}

impl CefrView {
    /// Read again: what was stored once may be a vendor's mark that is no level.
    fn new(band: Option<&CefrBand>) -> Self {
        let band = band.and_then(|band| CefrBand::parse(&band.text));
        let level = |level: Option<_>| level.as_ref().map(ToString::to_string);
        Self {
            cefr_min: level(band.as_ref().and_then(|band| band.min)),
            cefr_max: level(band.as_ref().and_then(|band| band.max)),
            cefr: band.map(|band| band.text),
        }
    }
}

#[derive(Serialize)]
struct ScoreView {
    #[serde(flatten)]
    scale: ScaleView,
    value: Option<f64>,
    #[serde(flatten)]
    cefr: CefrView,
}

impl ScoreView {
    fn new(score: &Score) -> Self {
        Self { scale: ScaleView::new(score.scale), value: score.value, cefr: CefrView::new(score.cefr.as_ref()) }
    }
}

#[derive(Serialize)]
struct SkillView {
    skill: Skill,
    #[serde(flatten)]
    scale: ScaleView,
    value: Option<f64>,
    raw_score: Option<Number>,
    percent: Option<Number>,
    correct: Option<u32>,
    total: Option<u32>,
    #[serde(flatten)]
    cefr: CefrView,
}

impl SkillView {
    fn new(skill: &SkillScore) -> Self {
        Self {
            skill: skill.skill,
            scale: ScaleView::new(skill.score.scale),
            value: skill.score.value,
            raw_score: skill.raw_score.map(Number),
            percent: skill.percent.map(Number),
            correct: skill.correct,
            total: skill.total,
            cefr: CefrView::new(skill.score.cefr.as_ref()),
        }
    }
}

/// A number that is written without a fraction where it has none: `4050`, not
/// `4050.0`.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Up to here every whole number is exact.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if self.0.fract() == 0.0 && self.0.abs() < EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within bounds")]
            return serializer.serialize_i64(self.0 as i64);
        }
        serializer.serialize_f64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn text(view: &ReservationView<'_>) -> String {
        serde_json::to_string_pretty(view).unwrap()
    }

    #[test]
    fn a_completed_itep_reservation_reads_as_documented() {
        insta::assert_snapshot!(text(&ReservationView::new(&fixtures::completed())));
    }

    #[test]
    fn a_queued_reservation_has_every_optional_field_as_null() {
        insta::assert_snapshot!(text(&ReservationView::new(&fixtures::queued())));
    }

    #[test]
    fn launch_material_is_in_the_answer_to_a_fresh_purchase_only() {
        let ready = fixtures::ready();
        let launch = fixtures::credentials();
        let bought = serde_json::to_value(ReservationView::bought(&ready, Some(&launch))).unwrap();
        assert_eq!(bought["launch"]["password"], "canary-password");
        let read = text(&ReservationView::new(&ready));
        assert!(!read.contains("\"launch\"") && !read.contains("canary-password"));
    }

    #[test]
    fn attributes_of_a_later_release_are_not_shown_and_its_skills_and_scales_are() {
        let mut stored = serde_json::to_value(fixtures::completed()).unwrap();
        let result = &mut stored["attempts"][0]["result"];
        (result["skills"][0]["skill"], result["skills"][0]["scale"]) = ("fluency".into(), "toeic".into());
        for pointer in ["", "/overall", "/overall/cefr", "/skills/0", "/equivalents"] {
            result.pointer_mut(pointer).unwrap()["later"] = "canary".into();
        }
        for pointer in ["", "/order", "/order/candidate", "/attempts/0"] {
            stored.pointer_mut(pointer).unwrap()["later"] = "canary".into();
        }
        let reservation = serde_json::from_value(stored).unwrap();
        let view = serde_json::to_value(ReservationView::new(&reservation)).unwrap();
        let skill = &view["result"]["skills"][0];
        assert_eq!((&skill["skill"], &skill["scale"]), (&"fluency".into(), &"toeic".into()));
        assert!(skill["scale_min"].is_null() && !view.to_string().contains("canary\""), "{view}");
    }

    #[test]
    fn a_withdrawal_says_that_the_vendor_keeps_the_test() {
        let withdrawn = serde_json::to_value(ReservationView::withdrawn(&fixtures::ready())).unwrap();
        assert_eq!(withdrawn["vendor_released"], false);
    }

    #[test]
    fn a_truenorth_reference_has_both_ids() {
        let reference = VendorReference::truenorth("AB-1", "CD-2");
        let view = serde_json::to_string(&ReferenceView::new(&reference)).unwrap();
        assert_eq!(view, r#"{"user_assessment_id":"ab-1","user_id":"cd-2"}"#);
    }

    #[test]
    fn a_mark_that_was_once_stored_as_a_cefr_level_is_not_shown() {
        let stored = |text: &str| serde_json::from_value(serde_json::json!({ "text": text })).unwrap();
        let shown = |text: &str| CefrView::new(Some(&stored(text))).cefr;
        assert_eq!([shown("*"), shown("A0")], [None, Some("A0".to_owned())]);
    }

    #[test]
    fn whole_numbers_are_written_without_a_fraction() {
        let written = |number: f64| serde_json::to_string(&Number(number)).unwrap();
        assert_eq!([written(4050.0), written(1.25), written(0.0)], ["4050", "1.25", "0"]);
    }
}
