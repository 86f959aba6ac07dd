//! Buying from iTEP, and reading its answer by the account's profile.

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use shared_core::domain::ids::{Digest, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{CallOutcome, Evidence, NotProcessed, Refusal, Unknown};
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::{Clock, OrderProblem, ResendOutcome};

use super::profile::{AnswerRules, Matcher, ProductKind, Profile};
use super::{registration, sign, wire};
use crate::vendors::bounds;
use crate::vendors::call::{
    Http, PURCHASE_ANSWER_MAX, PurchaseCall, REACHABILITY_TIMEOUT, VendorResponse, cut, exchange, open,
};
use crate::vendors::fields::ProfileError;

/// The longest reason that is passed on, in bytes.
const REASON_MAX: usize = 500;

/// Checks an order by the account's products and iTEP's rules.
///
/// # Errors
/// [`OrderProblem`].
pub(crate) fn validate(profile: &Profile, order: &Order) -> Result<(), OrderProblem> {
    let kind = profile.sells(&order.product).ok_or(OrderProblem::UnknownProduct)?;
    let faults = registration::faults(order, kind);
    if faults.is_empty() { Ok(()) } else { Err(OrderProblem::Faults(faults)) }
}

/// Makes one purchase call.
///
/// # Errors
/// [`ProfileError`] where the profile does not carry it; then no call was made.
pub(crate) async fn purchase(
    http: &Http,
    profile: &Profile,
    clock: &impl Clock,
    &PurchaseCall { order, call_no, deadline }: &PurchaseCall<'_>,
) -> Result<CallOutcome, ProfileError> {
    let client = match http.purchases() {
        Ok(client) => client,
        Err(error) => return Ok(error.outcome(call_no, clock.now())),
    };
    let request = request(client, profile, order, call_no).map_err(ProfileError::new)?;
    Ok(match exchange(request, http.time_until(deadline, clock), PURCHASE_ANSWER_MAX).await {
        Ok(answer) => outcome(profile, &answer, call_no, clock.now()),
        Err(error) => error.outcome(call_no, clock.now()),
    })
}

/// Whether iTEP's server answers: a GET without signature or body, which HTTP
/// makes safe and iTEP's document no purchase. What it answers does not matter
/// as long as it is not that the server fails.
pub(crate) async fn probe_reachable(http: &Http, profile: &Profile) -> bool {
    let Ok(client) = http.purchases() else { return false };
    match open(client.get(&profile.url), REACHABILITY_TIMEOUT).await {
        Ok(response) => !response.status().is_server_error(),
        Err(_) => false,
    }
}

/// Sends a doubtful call's request again, if it is the one whose digest was kept and the
/// profile still allows it. A refusal of the repetition says nothing of the call:
/// nobody documents what iTEP checks first.
pub(crate) async fn resend(
    http: &Http,
    profile: &Profile,
    clock: &impl Clock,
    call: &PurchaseCall<'_>,
    digest: &Digest,
) -> ResendOutcome {
    if request_digest(profile, call.order, call.call_no).as_ref() != Some(digest) {
        return ResendOutcome::Impossible;
    }
    match purchase(http, profile, clock, call).await {
        Err(_) => ResendOutcome::Impossible,
        Ok(CallOutcome::NotProcessed { .. }) => ResendOutcome::NotProcessed,
        Ok(CallOutcome::Refused(_)) => {
            let evidence = Evidence::without_answer(call.call_no, clock.now(), Unknown::UnclearStatus);
            ResendOutcome::Ended(CallOutcome::Unknown(evidence))
        }
        Ok(outcome) => ResendOutcome::Ended(outcome),
    }
}

/// The digest of the request that a call sends, where the account may repeat it.
/// The signature stands for the key's version.
pub(crate) fn request_digest(profile: &Profile, order: &Order, call_no: u32) -> Option<Digest> {
    let signed = Signed::new(profile, order, call_no).ok().filter(|_| profile.resend_identical)?;
    let parts = [profile.url.as_bytes(), signed.header.as_str().as_bytes(), signed.value.as_bytes(), &signed.body];
    let prefixed = parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes()[..], part].concat());
    Some(Digest::sha256(&prefixed.collect::<Vec<_>>()))
}

/// A request's bytes, with their signature.
struct Signed {
    header: HeaderName,
    value: HeaderValue,
    body: Vec<u8>,
}

impl Signed {
    /// An error says what the profile lacks: it may have changed since the order
    /// was validated.
    fn new(profile: &Profile, order: &Order, call_no: u32) -> Result<Self, &'static str> {
        let kind = ProductKind::parse(&order.product).ok_or("the profile sells no such product")?;
        let signing = profile.signing(kind).ok_or("the profile has no signature for this kind of product")?;
        let candidate = order.candidate.as_ref().ok_or("the candidate was erased")?;
        let body = wire::body(profile, kind, order, candidate, call_no).map_err(|_| "the request cannot be written")?;
        let signature = sign::sign(profile.api_key.expose(), signing, &body);
        let value = HeaderValue::try_from(signature).map_err(|_| "the signature fits no header")?;
        Ok(Self { header: signing.header.clone(), value, body })
    }
}

fn request(client: &Client, profile: &Profile, order: &Order, call_no: u32) -> Result<RequestBuilder, &'static str> {
    let Signed { header, value, body } = Signed::new(profile, order, call_no)?;
    Ok(client.post(&profile.url).header(CONTENT_TYPE, "application/json").header(header, value).body(body))
}

/// Parses an answer. A 2xx that names a test ID confirms, whatever else it says; then a
/// refused repetition means sold, without saying which; then the profile's matchers
/// decide; what none of them knows is unknown.
pub(crate) fn outcome(profile: &Profile, answer: &VendorResponse, call_no: u32, at: Timestamp) -> CallOutcome {
    let raw = String::from_utf8_lossy(&answer.body);
    let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let rules = &profile.answer;
    if let Some(confirmed) = json.as_ref().filter(|_| answer.is_success()).and_then(|json| confirmed(profile, json)) {
        return confirmed;
    }
    let fits = |matchers: &[Matcher]| matchers.iter().any(|m| m.fits(answer.status, json.as_ref(), &raw));
    if fits(&rules.replay_if) {
        return answer.evidence(call_no, at, Unknown::Replayed);
    }
    let out_of_tests = fits(&rules.out_of_tests_if);
    if out_of_tests || fits(&rules.refused_if) {
        return CallOutcome::Refused(Refusal { out_of_tests, vendor_reason: reason(rules, json.as_ref(), &raw) });
    }
    let not_processed = match answer.status {
        _ if fits(&rules.not_processed_if) => Some(NotProcessed::SaidSo),
        401 | 403 => Some(NotProcessed::CredentialsRefused),
        _ => None,
    };
    if let Some(why) = not_processed {
        let detail = (why == NotProcessed::SaidSo).then(|| reason(rules, json.as_ref(), &raw));
        return CallOutcome::NotProcessed { why, retry_after: answer.retry_after, detail };
    }
    answer.evidence(call_no, at, unknown(answer, json.is_some()))
}

fn unknown(answer: &VendorResponse, is_json: bool) -> Unknown {
    match (answer.is_success(), is_json) {
        (false, _) => Unknown::UnclearStatus,
        (true, true) => Unknown::NoReference,
        (true, false) => Unknown::Unreadable,
    }
}

fn confirmed(profile: &Profile, json: &Value) -> Option<CallOutcome> {
    let test_id = first(&profile.answer.test_id, json).filter(|id| bounds::is_id(id))?;
    let launch = Launch::Credentials {
        url: profile.exam_url.clone(),
        test_id: test_id.clone(),
        password: first(&profile.answer.password, json).and_then(bounds::whole).map(Sensitive::new),
    };
    Some(CallOutcome::Confirmed { reference: VendorReference::itep(&test_id), launch: Some(launch) })
}

/// The first of several places that holds a text or a number.
fn first(pointers: &[String], json: &Value) -> Option<String> {
    pointers.iter().find_map(|pointer| match json.pointer(pointer)? {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// The vendor's own words: where the profile says, else a short plain answer.
fn reason(rules: &AnswerRules, json: Option<&Value>, raw: &str) -> String {
    let named = json.and_then(|json| first(&rules.reason, json));
    let plain = || Some(raw.trim()).filter(|text| json.is_none() && !text.is_empty() && !text.starts_with('<'));
    let words = named.or_else(|| plain().map(str::to_owned));
    words.map_or_else(|| "iTEP gave no reason.".to_owned(), |words| cut(&words, REASON_MAX).to_owned())
}

#[cfg(test)]
mod tests;
