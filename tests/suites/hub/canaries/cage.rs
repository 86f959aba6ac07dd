//! The world of the canaries: where they are planted, and every place that is
//! looked through for them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::hostile::{HTTP, QUEUES};
use crate::setup::Options;
use crate::world::{Answer, Vendor, World, eventually};

/// What everything planted holds that can hold it.
const MARK: &str = "canarybird";
const BIRTH_DATE: &str = "1961-02-03";
/// A world full of canaries, and what must not show any.
pub(super) struct Cage {
    pub(super) world: World,
    since: Timestamp,
    canaries: Vec<String>,
    /// Error answers, histories, and what the operator saw.
    answers: Vec<String>,
}

impl Cage {
    pub(super) async fn with(options: Options) -> Self {
        let since = Timestamp::now();
        // Five digits alone stand in many a time or count.
        let world = World::with(Options { itep_password_prefix: MARK, ..options }).await;
        let secret = world.key.rsplit('_').next().expect("a key's secret").to_owned();
        let mut canaries = [MARK, BIRTH_DATE, "2/3/1961", "02/03/1961", "3-2-1961"].map(str::to_owned).to_vec();
        canaries.extend([secret, world.token.clone(), format!("key-of-{}", world.account)]);
        // As a body in a message has it, and as `Debug` prints bytes.
        canaries.extend((0..3).map(|shift| {
            let encoded = STANDARD.encode(format!("{}{MARK}", &"   "[shift..]));
            encoded[4..encoded.len() - 4].to_owned()
        }));
        canaries.push(MARK.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", "));
        Self { world, since, canaries, answers: Vec::new() }
    }

    pub(super) fn order(&self, vendor: Vendor) -> Value {
        let mut order = self.world.order(vendor);
        order["candidate"] = json!({
            "external_id": "canarybird-7", "given_name": "Canarybird", "family_name": "O'Canarybird",
            "email": "canarybird@example.com", "birth_date": BIRTH_DATE,
        });
        order["metadata"] = json!({ "note": "for canarybird" });
        match vendor {
            Vendor::Itep => {
                order["product"] = json!("STX-Academic-Plus");
                order["registration"] = json!({ "Address": "1 Canarybird Lane", "OIN": "canarybird-oin" });
            }
            Vendor::Truenorth => order["return_url"] = json!("https://company.example/canarybird"),
        }
        order
    }

    /// Sends a request; an error's answer is kept.
    pub(super) async fn ask(&mut self, request: RequestBuilder) -> Answer {
        let answer = self.world.send(request).await;
        if answer.status.as_u16() >= 400 {
            assert!(answer.body.is_null() || !answer.problem().is_empty());
            self.answers.push(format!("{answer:?}"));
        }
        answer
    }

    pub(super) async fn reserve(&mut self, key: &str, order: &Value) -> Answer {
        let request = self.world.reserving(&format!("canarybird-{key}"), order);
        let answer = self.ask(request).await;
        self.learn(&answer.body["launch"]);
        answer
    }

    /// Takes what launches a test for a canary.
    pub(super) fn learn(&mut self, launch: &Value) {
        for name in ["password", "url"] {
            // The exam's site is no secret.
            let Some(text) = launch[name].as_str().filter(|text| !text.contains("exam.example.com")) else { continue };
            let secret = text.rsplit('=').next().unwrap_or(text);
            assert!(secret.len() > MARK.len(), "{secret} may stand in a log by chance");
            self.canaries.push(secret.to_owned());
        }
    }

    pub(super) async fn post(&mut self, answer: &Answer, what: &str) -> Answer {
        let request = self.world.request(Method::POST, &format!("/v1/reservations/{}/{what}", answer.id()));
        self.ask(request).await
    }

    pub(super) async fn read_history(&mut self, answer: &Answer) {
        let history = self.world.history(&answer.id()).await;
        assert!(!history.is_empty());
        self.answers.push(json!(history).to_string());
    }

    /// Keeps what an operator's command printed.
    pub(super) fn told(&mut self, printed: Value) {
        self.answers.push(printed.to_string());
    }

    /// Spoils the vendor's next answer of a kind.
    pub(super) async fn spoil(&self, vendor: Vendor, what: &str, status: u16, body: &str) {
        let fault = json!({ "match": what, "fault": "status", "status": status, "body": body, "times": 1 });
        self.world.fault(vendor, fault).await;
    }

    /// The company's id, as the logs have it.
    pub(super) fn client(&self) -> String {
        format!("c-{}", self.world.key.rsplit('_').nth(1).expect("a key's id"))
    }

    /// Waits until a function's log says something: then it is the log that is
    /// looked through, and it is complete.
    pub(super) async fn heard(&self, function: &str, what: &str) {
        let group = self.world.log_group(function);
        let ask = async || {
            let lines = self.world.log_lines(&group, self.since).await;
            lines.into_iter().find(|line| line.contains(what)).ok_or(function)
        };
        eventually(what, ask).await;
    }

    /// Looks through every log group, metrics included, and every kept answer.
    pub(super) async fn is_quiet(&self) {
        let groups = self.world.logs("DescribeLogGroups", &json!({})).await;
        let groups = groups["logGroups"].as_array().expect("log groups");
        let names: Vec<_> = groups.iter().filter_map(|group| group["logGroupName"].as_str()).collect();
        for function in HTTP.into_iter().chain(QUEUES).chain(["expire-reservations"]) {
            assert!(names.iter().any(|name| name.ends_with(&format!("-{function}"))), "{function} in {names:?}");
        }
        for name in names {
            self.world.log_lines(name, self.since).await.iter().for_each(|line| self.holds_none(name, line));
        }
        self.answers.iter().for_each(|answer| self.holds_none("an answer", answer));
    }

    pub(super) fn holds_none(&self, place: &str, text: &str) {
        let (lower, is_in) = (text.to_lowercase(), |word: &String| text.contains(word.as_str()));
        let found = self.canaries.iter().find(|word| is_in(word) || lower.contains(word.as_str()));
        assert!(found.is_none(), "{found:?} in {place}: {text}");
    }
}
