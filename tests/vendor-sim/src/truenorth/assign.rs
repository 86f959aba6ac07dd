//! Creating users, assigning assessments to them, and letting them in.

use hyper::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use super::links::Links;
use super::report::{Report, Status};
use super::state::{Account, Assessment, Assigned, User, same, uuid};
use super::wire::{self, Assign, WhichUser};
use crate::document::Document;
use crate::frontend::CallResult;
use crate::http::{Reply, Request};
use crate::ledger::Sold;

impl Account {
    /// With `again` the previous assignment's ids are handed out once more.
    pub(super) fn assign(&mut self, request: &Request, links: &mut Links, again: bool) -> Result<CallResult, Reply> {
        let body: Assign = wire::read(request)?;
        let assessment = self.check(&body)?;
        let previous = self.last_assigned.clone().filter(|_| again);
        let assigned = previous.unwrap_or_else(|| self.enrol(&body, &assessment));
        let link = links.make(request.host(), Timestamp::now());
        let answer = Document::of([
            ("userId", &assigned.user_id),
            ("userAssessmentId", &assigned.user_assessment_id),
            ("signInUrl", &link.url),
            ("signInUrlExpiresAt", &link.expires_at),
        ]);
        let sold = Sold {
            product: assessment.name,
            reference: assigned.user_assessment_id,
            password: None,
            status: Status::NotStarted.name(),
        };
        Ok(CallResult { reply: Reply::json(StatusCode::OK, &answer), sold: Some(sold) })
    }

    pub(super) fn sign_in_token(&self, request: &Request, links: &mut Links) -> Result<Reply, Reply> {
        let which: WhichUser = wire::read(request)?;
        let user = self.user(&which)?;
        if let Some(wanted) = &which.user_assessment_id
            && !user.reports.iter().any(|report| same(&report.user_assessment_id, wanted))
        {
            return Err(wire::errors(400, &["userAssessmentId is not one of the user's.".to_owned()]));
        }
        let link = links.make(request.host(), Timestamp::now());
        Ok(Reply::json(StatusCode::OK, &json!({ "signInUrl": link.url, "expiresAt": link.expires_at })))
    }

    /// The user whom a request names; at least one of the three names is required.
    pub(super) fn user(&self, which: &WhichUser) -> Result<&User, Reply> {
        let WhichUser { user_id, email_address, unique_identifier, .. } = which;
        if user_id.is_none() && email_address.is_none() && unique_identifier.is_none() {
            let text = "One of userId, emailAddress and uniqueIdentifier is required.";
            return Err(wire::errors(400, &[text.to_owned()]));
        }
        let is_meant = |user: &&User| {
            let email = user.email.as_deref().zip(email_address.as_deref());
            user_id.as_ref().is_none_or(|id| same(id, &user.user_id))
                && (email_address.is_none() || email.is_some_and(|(one, other)| same(one, other)))
                && (unique_identifier.is_none() || *unique_identifier == user.unique_identifier)
        };
        self.users.iter().find(is_meant).ok_or_else(wire::nothing)
    }

    fn check(&self, body: &Assign) -> Result<Assessment, Reply> {
        let mut faults = missing(body);
        if body.unique_identifier.as_ref().is_some_and(|id| id.chars().count() > 200) {
            faults.push("uniqueIdentifier may not exceed 200 characters.".to_owned());
        }
        if body.return_url.as_deref().is_some_and(|url| !wire::is_absolute(url)) {
            faults.push("returnUrl is not an absolute url.".to_owned());
        }
        for id in body.assigned_groups.iter().flatten() {
            if !self.groups.iter().any(|group| same(&group.group_id, id)) {
                faults.push(format!("The group {id} does not exist."));
            }
        }
        let wanted = body.assessment_id.as_deref().unwrap_or_default();
        if !wanted.is_empty() && uuid::Uuid::parse_str(wanted).is_err() {
            faults.push("assessmentId is not a UUID.".to_owned());
        }
        if !faults.is_empty() {
            return Err(wire::errors(400, &faults));
        }
        let known = self.settings.assessments.iter().find(|known| same(&known.assessment_id, wanted));
        known.cloned().ok_or_else(|| wire::refusal("The assessment is not available to this account."))
    }

    /// Assigns to the user of that identifier or email, or to a new one.
    fn enrol(&mut self, body: &Assign, assessment: &Assessment) -> Assigned {
        let known = self.users.iter().position(|user| is_named(user, body));
        let index = known.unwrap_or_else(|| {
            self.users.push(new_user(body));
            self.users.len() - 1
        });
        let user = &mut self.users[index];
        let groups = body.assigned_groups.iter().flatten().map(|id| id.to_lowercase());
        user.groups.extend(groups);
        let report = Report::new(uuid(), assessment.name.clone());
        let assigned =
            Assigned { user_id: user.user_id.clone(), user_assessment_id: report.user_assessment_id.clone() };
        user.reports.push(report);
        self.last_assigned = Some(assigned.clone());
        assigned
    }
}

fn missing(body: &Assign) -> Vec<String> {
    let blank = |value: &Option<String>| value.as_ref().is_none_or(|value| value.trim().is_empty());
    let mut faults = Vec::new();
    for (name, value) in
        [("assessmentId", &body.assessment_id), ("givenName", &body.given_name), ("surName", &body.sur_name)]
    {
        if blank(value) {
            faults.push(format!("{name} is required."));
        }
    }
    if blank(&body.email_address) && blank(&body.unique_identifier) {
        faults.push("Either emailAddress or uniqueIdentifier is required.".to_owned());
    }
    faults
}

fn is_named(user: &User, body: &Assign) -> bool {
    let identifier = body.unique_identifier.is_some() && body.unique_identifier == user.unique_identifier;
    let email = user.email.as_deref().zip(body.email_address.as_deref());
    identifier || email.is_some_and(|(one, other)| same(one, other))
}

fn new_user(body: &Assign) -> User {
    User {
        user_id: uuid(),
        given_name: body.given_name.clone().unwrap_or_default(),
        surname: body.sur_name.clone().unwrap_or_default(),
        email: body.email_address.clone(),
        student_id: body.student_id.clone(),
        unique_identifier: body.unique_identifier.clone(),
        groups: Vec::new(),
        reports: Vec::new(),
    }
}
