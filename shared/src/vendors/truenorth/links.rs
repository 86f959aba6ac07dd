//! Minting sign-in links ("Generate auto sign in link").

use shared_core::domain::ids::{ReservationId, VendorReference};
use shared_core::domain::launch::Launch;
use shared_core::domain::limiter::Priority;
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::{Clock, LookupError, RateLimits};

use super::rate_limited::RateLimitedClient;
use super::times;
use super::wire::NewLink;
use crate::vendors::bounds;

/// Mints a link to a test; `None` where there is no such user.
///
/// # Errors
/// [`LookupError`].
pub(crate) async fn mint_link<L: RateLimits, C: Clock>(
    limited: &RateLimitedClient<'_, L, C>,
    id: &ReservationId,
    reference: &VendorReference,
) -> Result<Option<Launch>, LookupError> {
    let query = NewLink { unique_identifier: id.as_str(), user_assessment_id: reference.test() };
    let link = limited.call(Priority::Interactive, limited.client.create_sign_in_token(&query)).await?;
    let Some(link) = link else { return Ok(None) };
    match launch(&link.sign_in_url, &link.expires_at) {
        Some(launch) => Ok(Some(launch)),
        None => Err(LookupError::Unusable { what: "the sign-in link cannot be read".to_owned() }),
    }
}

/// A link as launch material; `None` where it is no link.
pub(super) fn launch(url: &str, expires_at: &str) -> Option<Launch> {
    let expires_at = times::timestamp(expires_at)?;
    let url = bounds::link(url.to_owned())?;
    Some(Launch::Link { url: Sensitive::new(url), expires_at })
}
