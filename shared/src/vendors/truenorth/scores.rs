//! Looking scores up: one reservation's user, or all tests of a span of time.

use jiff::Timestamp;
use shared_core::domain::ids::ReservationId;
use shared_core::domain::limiter::Priority;
use shared_core::ports::{Clock, LookupError, ObservedTest, RateLimits, TimeSpan};

use super::client::Failure;
use super::convert;
use super::rate_limited::RateLimitedClient;
use super::score_splitter::Splitter;
use super::wire::{ScoreQuery, ScoresQuery, UserScores};
use crate::vendors::call::next_chunk;

/// Everything that TrueNorth says of one reservation's user; no user, no tests.
///
/// # Errors
/// [`LookupError`].
pub(crate) async fn look_up<L: RateLimits, C: Clock>(
    limited: &RateLimitedClient<'_, L, C>,
    id: &ReservationId,
) -> Result<Vec<ObservedTest>, LookupError> {
    let query = ScoreQuery { unique_identifier: id.as_str() };
    let asked_at = std::sync::OnceLock::new();
    let call = async {
        // What the answer says is at least as new as the moment of asking.
        asked_at.get_or_init(|| limited.clock.now());
        limited.client.score(&query).await
    };
    let Some(user) = limited.call(Priority::Background, call).await? else { return Ok(Vec::new()) };
    let asked_at = asked_at.get().copied().unwrap_or_default();
    match convert::observed_tests(user, asked_at) {
        Some((found, observed)) if found == *id => Ok(observed),
        _ => Err(unusable("the vendor answered for another user")),
    }
}

/// All tests that were begun in a span of time, passed on as the answer streams
/// in. Users that are no reservations of ours are skipped.
///
/// # Errors
/// [`LookupError`]; what came before a broken end has been passed on all the same.
pub(crate) async fn look_up_begun<L: RateLimits, C: Clock>(
    limited: &RateLimitedClient<'_, L, C>,
    span: TimeSpan,
    sink: &mut (dyn FnMut(ReservationId, ObservedTest) + Send),
) -> Result<usize, LookupError> {
    let query = ScoresQuery {
        include_incomplete_assessments: true,
        started_on_or_after: span.from.to_string(),
        started_on_or_before: span.to.to_string(),
    };
    let asked_at = std::sync::OnceLock::new();
    let call = async {
        asked_at.get_or_init(|| limited.clock.now());
        limited.client.scores(&query).await
    };
    let response = limited.call(Priority::Background, call).await?;
    parse_stream(response, asked_at.get().copied().unwrap_or_default(), sink).await
}

async fn parse_stream(
    mut response: reqwest::Response,
    asked_at: Timestamp,
    sink: &mut (dyn FnMut(ReservationId, ObservedTest) + Send),
) -> Result<usize, LookupError> {
    if response.status().as_u16() == 204 {
        return Ok(0);
    }
    let (mut splitter, mut count) = (Splitter::default(), 0);
    while let Some(piece) =
        next_chunk(&mut response).await.map_err(|error| unusable(&Failure::from(error).to_string()))?
    {
        let fed = splitter.feed(&piece, |user| count += pass_on(user, asked_at, sink));
        fed.map_err(|_| unusable("the list of scores is malformed"))?;
    }
    if splitter.is_complete() { Ok(count) } else { Err(unusable("the list of scores is cut off")) }
}

/// Passes one user's tests on and says how many. One bad record must not hold all
/// the others back.
fn pass_on(user: &[u8], asked_at: Timestamp, sink: &mut (dyn FnMut(ReservationId, ObservedTest) + Send)) -> usize {
    let Ok(user) = serde_json::from_slice::<UserScores>(user) else {
        tracing::error!("unreadable user in the list of scores");
        return 0;
    };
    let Some((id, observed)) = convert::observed_tests(user, asked_at) else { return 0 };
    let count = observed.len();
    observed.into_iter().for_each(|observed_test| sink(id.clone(), observed_test));
    count
}

fn unusable(what: &str) -> LookupError {
    LookupError::Unusable { what: what.to_owned() }
}
