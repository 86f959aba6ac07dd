//! A typed method for every endpoint of the Enterprise API 2020q1. The rate
//! limit is kept by the caller, with one place booked for each call.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::profile::Profile;
use super::wire::{
    Assessment, Assessments, Assign, Group, Groups, Link, NewGroup, NewLink, NewWebhook, ScoreQuery, ScoresQuery,
    UserScores, Webhook, errors,
};
use crate::vendors::call::{
    CallError, Http, PURCHASE_ANSWER_MAX, READ_ANSWER_MAX, VendorResponse, exchange, open, retry_after,
};

/// Why an endpoint brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    NoAnswer(String),
    /// 401 or 403.
    #[error("the vendor refused our credentials")]
    CredentialsRefused,
    /// 429.
    #[error("the vendor's rate limit is used up")]
    TooFast {
        /// How long to wait, where the vendor says.
        retry_after: Option<Duration>,
    },
    /// Any other status than the documented success.
    #[error("the vendor answered HTTP {status}")]
    Refused {
        status: u16,
        /// The vendor's own words.
        errors: Vec<String>,
    },
    /// An answer that is not what the document shows.
    #[error("the vendor's answer cannot be read")]
    Unreadable,
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Failure::NoAnswer(error.to_string())
    }
}

/// A recorded answer of a candidate's.
pub struct Audio {
    /// Its format, such as `audio/wav`.
    pub content_type: Option<String>,
    /// The sound, still coming in.
    pub response: Response,
}

/// One account's endpoints.
pub struct Client<'a> {
    http: &'a Http,
    profile: &'a Profile,
    time: Duration,
}

impl<'a> Client<'a> {
    /// An account's endpoints; each call may take as long as calls may take.
    pub fn new(http: &'a Http, profile: &'a Profile) -> Self {
        Self { http, profile, time: http.timeouts().whole }
    }

    /// The same with less time.
    pub fn within(self, time: Duration) -> Self {
        Self { time: self.time.min(time), ..self }
    }

    /// `GET /assessments`.
    ///
    /// # Errors
    /// [`Failure`], as with every endpoint here.
    pub async fn assessments(&self) -> Result<Vec<Assessment>, Failure> {
        Ok(json::<Assessments>(&self.send(self.request(Method::GET, "assessments")?).await?)?.assessments)
    }

    /// `GET /groups`.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn groups(&self) -> Result<Vec<Group>, Failure> {
        Ok(json::<Groups>(&self.send(self.request(Method::GET, "groups")?).await?)?.groups)
    }

    /// `POST /groups`.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn create_group(&self, name: &str) -> Result<Group, Failure> {
        json(&self.send(self.post("groups", &NewGroup { name })?).await?)
    }

    /// `POST /assign`: the purchase. The whole answer is handed back, since what
    /// it proves is the caller's to judge.
    pub(crate) async fn assign(&self, assign: &Assign<'_>) -> Result<VendorResponse, CallError> {
        let url = format!("{}/assign", self.profile.url);
        let request = self.http.purchases()?.post(url).bearer_auth(self.profile.api_key.expose());
        let body = serde_json::to_vec(assign).map_err(|_| unsendable())?;
        exchange(request.header(CONTENT_TYPE, "application/json").body(body), self.time, PURCHASE_ANSWER_MAX).await
    }

    /// `POST /create-sign-in-token`; `None` where there is no such user.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn create_sign_in_token(&self, query: &NewLink<'_>) -> Result<Option<Link>, Failure> {
        json_or_none(&self.send(self.post("create-sign-in-token", query)?).await?)
    }

    /// `POST /score`; `None` where there is no such user.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn score(&self, query: &ScoreQuery<'_>) -> Result<Option<UserScores>, Failure> {
        json_or_none(&self.send(self.post("score", query)?).await?)
    }

    /// `POST /scores`: its answer can be long, so it is handed back unread.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn scores(&self, query: &ScoresQuery) -> Result<Response, Failure> {
        self.open(self.post("scores", query)?).await
    }

    /// `GET /response-audio/…`: `path` is a report's `responseAudioUrl`, which
    /// begins with the version.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn response_audio(&self, path: &str) -> Result<Audio, Failure> {
        let is_audio = path.split('/').nth(1) == Some("response-audio") && !path.contains("..");
        if !is_audio {
            return Err(Failure::Unreadable);
        }
        let url = format!("{}/{path}", self.profile.origin());
        let request = self.http.reads()?.get(url).bearer_auth(self.profile.api_key.expose());
        let response = self.open(request).await?;
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Ok(Audio { content_type: content_type.map(str::to_owned), response })
    }

    /// `POST /webhook`. The account has one: this overwrites it.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn register_webhook(&self, url: &str) -> Result<(), Failure> {
        self.send(self.post("webhook", &NewWebhook { url })?).await.map(drop)
    }

    /// `GET /webhook`; `None` where none is registered.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn webhook(&self) -> Result<Option<Webhook>, Failure> {
        json_or_none(&self.send(self.request(Method::GET, "webhook")?).await?)
    }

    /// `DELETE /webhook`.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn delete_webhook(&self) -> Result<(), Failure> {
        self.send(self.request(Method::DELETE, "webhook")?).await.map(drop)
    }

    /// `POST /webhook/example`: asks for an event that proves the way.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn trigger_example(&self) -> Result<(), Failure> {
        self.send(self.request(Method::POST, "webhook/example")?).await.map(drop)
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, CallError> {
        let url = format!("{}/{path}", self.profile.url);
        Ok(self.http.reads()?.request(method, url).bearer_auth(self.profile.api_key.expose()))
    }

    fn post(&self, path: &str, body: &impl Serialize) -> Result<RequestBuilder, CallError> {
        let body = serde_json::to_vec(body).map_err(|_| unsendable())?;
        Ok(self.request(Method::POST, path)?.header(CONTENT_TYPE, "application/json").body(body))
    }

    async fn send(&self, request: RequestBuilder) -> Result<VendorResponse, Failure> {
        let answer = exchange(request, self.time, READ_ANSWER_MAX).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        Err(refusal(answer.status, answer.retry_after, errors(&answer.body)))
    }

    async fn open(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = open(request, self.time).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(refusal(response.status().as_u16(), retry_after(&response), Vec::new()))
    }
}

fn unsendable() -> CallError {
    CallError::NotSent { cause: "the request cannot be written".to_owned() }
}

fn refusal(status: u16, retry_after: Option<Duration>, errors: Vec<String>) -> Failure {
    match status {
        401 | 403 => Failure::CredentialsRefused,
        429 => Failure::TooFast { retry_after },
        _ => Failure::Refused { status, errors },
    }
}

fn json<T: DeserializeOwned>(answer: &VendorResponse) -> Result<T, Failure> {
    serde_json::from_slice(&answer.body).map_err(|_| Failure::Unreadable)
}

/// 204 means not found.
fn json_or_none<T: DeserializeOwned>(answer: &VendorResponse) -> Result<Option<T>, Failure> {
    if answer.status == 204 { Ok(None) } else { json(answer).map(Some) }
}
