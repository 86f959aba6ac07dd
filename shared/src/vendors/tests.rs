//! The ports over HTTP, against a server that answers with the document's own samples.

use std::time::Duration;

use serde_json::json;
use shared_core::domain::deadline::Deadline;
use shared_core::domain::ids::{ReservationId, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{CallOutcome, NotProcessed, ReportedStatus, Reservation};
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::{LookupError, ObservedTest, OrderProblem, ProductOffer, TimeSpan};

use super::*;
use crate::vendors::testing::{
    Does, Server, TestClock, TestLimits, TestSecrets, account, answers, order, reservation_id, start,
};

const ASSESSMENTS: &str = include_str!("truenorth/samples/assessments.json");
const ASSIGNED: &str = include_str!("truenorth/samples/assigned.json");
const GRAMMAR: &str = "de83346f-aa2d-4c4f-a250-0d3a09d609e3";
const BUDGET: Duration = Duration::from_secs(5);

struct World {
    secrets: TestSecrets,
    connectors: Connectors<TestSecrets, TestLimits, TestClock>,
    server: Server,
    limits: TestLimits,
}

fn world(deeds: Vec<Does>) -> World {
    let server = Server::start(deeds);
    let profile = json!({ "api_key": "key", "url": format!("{}/2020q1", server.url), "default_expiry_days": 30 });
    let limits = TestLimits::default();
    let secrets = TestSecrets::with("hub/truenorth/default", profile);
    let connectors = connectors(secrets.clone(), &limits);
    World { secrets, connectors, server, limits }
}

fn connectors(secrets: TestSecrets, limits: &TestLimits) -> Connectors<TestSecrets, TestLimits, TestClock> {
    let times = CallTimeouts { connect: Duration::from_secs(3), whole: BUDGET };
    Connectors::new(secrets, limits.clone(), TestClock::default(), times)
}

impl World {
    fn truenorth(&self) -> &dyn VendorApi {
        self.connectors.get(&account(Vendor::Truenorth))
    }

    async fn look_up(&self) -> Result<Vec<ObservedTest>, LookupError> {
        self.truenorth().look_up(&account(Vendor::Truenorth), &reservation_id()).await
    }

    /// The body of the first request.
    fn first_body(&self) -> String {
        self.server.requests()[0].split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

/// Five seconds from the tests' own beginning.
fn soon() -> Deadline {
    Deadline::after(start(), BUDGET)
}

fn line(request: &str) -> &str {
    request.lines().next().unwrap()
}

#[tokio::test]
async fn a_test_bought_by_its_name_is_assigned_by_its_id() {
    let world = world(vec![answers("200 OK", ASSESSMENTS), answers("200 OK", ASSIGNED)]);
    let order = order(Vendor::Truenorth, "English Grammar");
    assert_eq!(world.truenorth().validate(&order).await, Ok(()));
    let outcome = world.truenorth().purchase(&order, 1, soon()).await;
    assert!(matches!(outcome, CallOutcome::Confirmed { .. }), "{outcome:?}");
    let requests = world.server.requests();
    assert_eq!(line(&requests[0]), "GET /2020q1/assessments HTTP/1.1");
    assert_eq!(line(&requests[1]), "POST /2020q1/assign HTTP/1.1");
    assert!(requests[1].contains("authorization: Bearer key\r\n"));
    let (_, body) = requests[1].split_once("\r\n\r\n").unwrap();
    insta::assert_snapshot!(body, @r#"{"assessmentId":"de83346f-aa2d-4c4f-a250-0d3a09d609e3","givenName":"Mary","surName":"Poppins","uniqueIdentifier":"res_0123456789abcdefghjkmnpqrs","studentId":"c-1001"}"#);
    assert_eq!(*world.limits.booked.lock().unwrap(), 2);
}

#[tokio::test]
async fn an_unknown_product_is_told_from_a_list_that_cannot_be_had() {
    let world = world(vec![answers("200 OK", ASSESSMENTS), answers("503 Busy", "")]);
    let unknown = order(Vendor::Truenorth, "French Grammar");
    assert_eq!(world.truenorth().validate(&unknown).await, Err(OrderProblem::UnknownProduct));
    let by_id = order(Vendor::Truenorth, &GRAMMAR.to_ascii_uppercase());
    assert_eq!(world.truenorth().validate(&by_id).await, Ok(()), "from the list that is known");
    let elsewhere = World { connectors: connectors(world.secrets.clone(), &world.limits), ..world };
    assert_eq!(elsewhere.truenorth().validate(&unknown).await, Ok(()), "the purchase will find out");
}

#[tokio::test]
async fn a_429_empties_the_bucket_for_all() {
    let world = world(vec![answers("429 Too Many Requests\r\nretry-after: 9", "")]);
    let outcome = world.truenorth().purchase(&order(Vendor::Truenorth, GRAMMAR), 1, soon()).await;
    let CallOutcome::NotProcessed { why, retry_after, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((why, retry_after), (NotProcessed::Busy, Some(Duration::from_secs(9))));
    assert!(world.limits.levels.lock().unwrap().bucket > start().as_millisecond() + 60_000);
    assert!(matches!(world.look_up().await, Err(LookupError::RateLimited { .. })));
    assert_eq!(world.server.requests().len(), 1);
}

#[tokio::test]
async fn a_sign_of_life_is_asked_for_anew_and_buys_nothing() {
    let world = world(vec![answers("200 OK", ASSESSMENTS), answers("500 Broken", ""), answers("401 Unauthorized", "")]);
    let account = account(Vendor::Truenorth);
    for expected in [true, false, true] {
        assert_eq!(world.truenorth().probe_reachable(&account).await, expected);
    }
    let requests = world.server.requests();
    assert!(requests.iter().all(|request| line(request) == "GET /2020q1/assessments HTTP/1.1"), "{requests:?}");
    let unknown = connectors(TestSecrets::default(), &TestLimits::default());
    assert!(unknown.get(&account).probe_reachable(&account).await, "the purchase will say what is missing");
}

#[tokio::test]
async fn an_account_without_a_usable_profile_makes_no_call() {
    let missing = connectors(TestSecrets::default(), &TestLimits::default());
    let down = connectors(TestSecrets::with("down", ""), &TestLimits::default());
    let incomplete = connectors(TestSecrets::with("hub/truenorth/default", "{}"), &TestLimits::default());
    for (connectors, expected) in [
        (missing, "the account has no profile"),
        (down, "the account's profile cannot be fetched"),
        (incomplete, "the profile lacks api_key"),
    ] {
        let order = order(Vendor::Truenorth, GRAMMAR);
        let what = expected.to_owned();
        let truenorth = connectors.get(&account(Vendor::Truenorth));
        assert_eq!(truenorth.validate(&order).await, Err(OrderProblem::AccountUnavailable { what }));
        let outcome = truenorth.purchase(&order, 1, soon()).await;
        assert!(matches!(outcome, CallOutcome::NotProcessed { why: NotProcessed::AccountUnavailable, .. }));
    }
}

#[tokio::test]
async fn a_look_up_brings_all_tests_of_a_reservation_and_no_user_means_none() {
    let ours = include_str!("truenorth/samples/score.json").replace("5799134", reservation_id().as_str());
    let foreign = include_str!("truenorth/samples/score.json");
    let world = world(vec![answers("200 OK", ours), answers("204 No Content", ""), answers("200 OK", foreign)]);
    let observed = world.look_up().await.unwrap();
    assert_eq!(observed.len(), 3);
    assert!(matches!(observed[0].status, ReportedStatus::Completed(_)));
    assert_eq!(world.look_up().await.unwrap(), []);
    assert!(matches!(world.look_up().await, Err(LookupError::Unusable { .. })));
    assert_eq!(world.first_body(), r#"{"uniqueIdentifier":"res_0123456789abcdefghjkmnpqrs"}"#);
}

#[tokio::test]
async fn a_sweep_hands_on_what_is_ours_and_notices_a_cut_answer() {
    let scores = include_str!("truenorth/samples/scores.json").replace("5412349", reservation_id().as_str());
    let cut = scores[..scores.len() - 20].to_owned();
    let world = world(vec![answers("200 OK", scores), answers("200 OK", cut), answers("200 OK", "<html>{}</html>")]);
    let span = TimeSpan { from: start(), to: start() + Duration::from_secs(60) };
    let mut seen = Vec::new();
    let mut sink =
        |id: ReservationId, observed_test: ObservedTest| seen.push((id, observed_test.status == ReportedStatus::Ready));
    assert_eq!(world.truenorth().look_up_begun(&account(Vendor::Truenorth), span, &mut sink).await.unwrap(), 2);
    assert_eq!(seen, [(reservation_id(), false), (reservation_id(), true)]);
    for _ in 0..2 {
        let swept = world.truenorth().look_up_begun(&account(Vendor::Truenorth), span, &mut |_, _| ()).await;
        assert!(matches!(swept, Err(LookupError::Unusable { .. })), "{swept:?}");
    }
    insta::assert_snapshot!(world.first_body(), @r#"{"includeIncompleteAssessments":true,"startedOnOrAfter":"2026-01-01T00:00:00Z","startedOnOrBefore":"2026-01-01T00:01:00Z"}"#);
}

#[tokio::test]
async fn a_link_is_minted_for_the_reservations_own_test() {
    let link = include_str!("truenorth/samples/link.json");
    let world = world(vec![answers("200 OK", link), answers("204 No Content", ""), answers("401 Unauthorized", "")]);
    let reference = VendorReference::truenorth("79fb94aa", "615ba72f");
    let order = order(Vendor::Truenorth, GRAMMAR);
    let reservation = Reservation::queued(order, start(), start());
    let mint = || world.truenorth().launch(&reservation, &reference);
    assert!(matches!(mint().await, Ok(Some(Launch::Link { .. }))));
    assert!(matches!(mint().await, Ok(None)));
    assert!(matches!(mint().await, Err(LookupError::CredentialsRefused)));
    assert!(world.server.requests()[0].ends_with(r#""userAssessmentId":"79fb94aa"}"#));
}

#[tokio::test]
async fn products_and_terms_come_from_the_vendor_and_the_profile() {
    let world = world(vec![answers("200 OK", ASSESSMENTS)]);
    let (account_, client) = (account(Vendor::Truenorth), "acme".parse().unwrap());
    let products = world.truenorth().products(&account_, &client).await.unwrap();
    let first = ProductOffer { product: GRAMMAR.into(), name: "English Grammar".into() };
    assert_eq!((products.len(), &products[0]), (4, &first));
    assert_eq!(world.truenorth().terms(&account_).await.unwrap().default_expiry_days, 30);
    let itep = TestSecrets::with("hub/itep/default", include_str!("itep/samples/profile.json"));
    let itep = connectors(itep, &TestLimits::default());
    let itep = itep.get(&account(Vendor::Itep));
    let products = itep.products(&account(Vendor::Itep), &client).await.unwrap();
    assert_eq!(products[0], ProductOffer { product: "GTX-Academic-Plus".into(), name: "GTX-Academic-Plus".into() });
}

#[tokio::test]
async fn at_itep_a_test_is_launched_by_what_is_stored_with_or_without_a_profile() {
    let profile = TestSecrets::with("hub/itep/default", include_str!("itep/samples/profile.json"));
    for (secrets, exam_url) in [(profile, Some("https://exam.example.com")), (TestSecrets::default(), None)] {
        let mut reservation = Reservation::queued(order(Vendor::Itep, "GTX-Academic-Plus"), start(), start());
        reservation.password = Some(Sensitive::from("secret"));
        let connectors = connectors(secrets, &TestLimits::default());
        let launch =
            connectors.get(&account(Vendor::Itep)).launch(&reservation, &VendorReference::itep("A1")).await.unwrap();
        let (url, password) = (exam_url.map(str::to_owned), reservation.password);
        assert_eq!(launch, Some(Launch::Credentials { url, test_id: "A1".to_owned(), password }));
    }
}

#[tokio::test]
async fn every_other_endpoint_of_the_document_is_reached() {
    let group = r#"{"name":"g","groupId":"80843e92-5be1-46aa-9472-2862d11413b3"}"#;
    let groups = format!(r#"{{"groups":[{group}]}}"#);
    let hook = r#"{"url":"https://example.com/h","createdAt":"2020-01-22T16:30:13.7087307+00:00"}"#;
    let ok = |body: &str| answers("200 OK", body);
    let none = || answers("204 No Content", "");
    let audio = answers("200 OK\r\ncontent-type: audio/wav", b"RIFF");
    let refused = answers("400 Bad", r#"["bad url"]"#);
    let world = world(vec![ok(&groups), ok(group), ok(""), ok(hook), none(), none(), ok(""), audio, refused]);
    let secret = world.secrets.0["hub/truenorth/default"].clone();
    let profile = truenorth::profile::Profile::parse(&secret).unwrap();
    let http = Http::new(CallTimeouts { connect: BUDGET, whole: BUDGET });
    let client = truenorth::client::Client::new(&http, &profile);
    assert_eq!(client.groups().await.unwrap().len(), 1);
    assert_eq!(client.create_group("g").await.unwrap().name, "g");
    client.register_webhook("https://example.com/h").await.unwrap();
    assert_eq!(client.webhook().await.unwrap().unwrap().url, "https://example.com/h");
    assert!(client.webhook().await.unwrap().is_none());
    client.delete_webhook().await.unwrap();
    client.trigger_example().await.unwrap();
    let audio = client.response_audio("2020q1/response-audio/50c76e88/fd1b0881").await.unwrap();
    assert_eq!(audio.content_type.as_deref(), Some("audio/wav"));
    assert!(client.response_audio("2020q1/response-audio/../score").await.is_err());
    let Err(truenorth::client::Failure::Refused { status, errors }) = client.register_webhook("x").await else {
        panic!()
    };
    assert_eq!((status, errors), (400, vec!["bad url".to_owned()]));
    let lines: Vec<_> = world.server.requests().iter().map(|request| line(request).to_owned()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    GET /2020q1/groups HTTP/1.1
    POST /2020q1/groups HTTP/1.1
    POST /2020q1/webhook HTTP/1.1
    GET /2020q1/webhook HTTP/1.1
    GET /2020q1/webhook HTTP/1.1
    DELETE /2020q1/webhook HTTP/1.1
    POST /2020q1/webhook/example HTTP/1.1
    GET /2020q1/response-audio/50c76e88/fd1b0881 HTTP/1.1
    POST /2020q1/webhook HTTP/1.1
    ");
}

#[tokio::test]
async fn with_too_little_time_left_no_call_is_begun() {
    let world = world(vec![answers("200 OK", ASSIGNED)]);
    let too_soon = Deadline::after(start(), Duration::from_millis(500));
    let outcome = world.truenorth().purchase(&order(Vendor::Truenorth, GRAMMAR), 1, too_soon).await;
    assert!(matches!(outcome, CallOutcome::NotProcessed { why: NotProcessed::NoTime, .. }), "{outcome:?}");
    assert!(world.server.requests().is_empty());
}

#[tokio::test]
async fn in_test_mode_the_sandbox_sells_and_no_vendor_is_called() {
    let world = world(vec![]);
    for (vendor, product) in [(Vendor::Itep, "GTX-Academic-Plus"), (Vendor::Truenorth, GRAMMAR)] {
        let live = order(vendor, product);
        let account = Account { name: live.account.name.in_mode(Mode::Test), ..live.account };
        let order = Order { account, ..live };
        let sandbox = world.connectors.get(&order.account);
        assert_eq!(sandbox.validate(&order).await, Ok(()));
        assert!(sandbox.probe_reachable(&order.account).await);
        let outcome = sandbox.purchase(&order, 1, soon()).await;
        let CallOutcome::Confirmed { reference, launch: Some(launch) } = outcome else { panic!("{outcome:?}") };
        let found = sandbox.look_up(&order.account, &order.id).await.unwrap();
        assert_eq!((found.len(), &found[0].reference), (1, &reference), "the test that was sold");
        assert_eq!(VendorReference::parse(vendor, &typed(&reference)), Ok(reference.clone()), "in its vendor's form");
        let reservation = Reservation::queued(order, start(), start());
        assert_eq!(sandbox.launch(&reservation, &reference).await.unwrap(), Some(launch));
    }
    assert!(world.server.requests().is_empty());
}

/// A reference as an operator types it.
fn typed(reference: &VendorReference) -> String {
    match reference {
        VendorReference::Itep { test_id } => test_id.clone(),
        VendorReference::Truenorth { user_assessment_id, user_id } => format!("{user_assessment_id}/{user_id}"),
    }
}
