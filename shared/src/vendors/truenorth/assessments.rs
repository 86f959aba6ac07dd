//! What an account may assign, remembered for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use shared_core::domain::ids::AccountName;
use shared_core::domain::limiter::Priority;
use shared_core::ports::{Clock, LookupError, RateLimits};

use super::rate_limited::RateLimitedClient;
use super::wire::Assessment;

/// How old a list may be that says yes.
const MAX_AGE: Duration = Duration::from_secs(600);
/// How old a list may be that says no: something new may have been set up.
const MAX_AGE_OF_NO: Duration = Duration::from_secs(60);

/// The lists of all accounts.
#[derive(Default)]
pub(crate) struct Catalogue {
    lists: Mutex<HashMap<AccountName, Listed>>,
}

#[derive(Clone)]
struct Listed {
    at: Timestamp,
    list: Arc<[Assessment]>,
}

/// What a product turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProductMatch {
    Id(String),
    /// None that the account has.
    None,
    /// A name that several have.
    Ambiguous,
}

impl Catalogue {
    /// The account's list, as it was a short while ago.
    ///
    /// # Errors
    /// [`LookupError`] where it must be fetched and cannot be.
    pub(crate) async fn list<L: RateLimits, C: Clock>(
        &self,
        limited: &RateLimitedClient<'_, L, C>,
        (max_age, priority): (Duration, Priority),
    ) -> Result<Arc<[Assessment]>, LookupError> {
        let now = limited.clock.now();
        if let Some(known) = self.known(&limited.account.name)
            && now.duration_since(known.at).unsigned_abs() <= max_age
        {
            return Ok(known.list);
        }
        let list: Arc<[_]> = limited.call(priority, limited.client.assessments()).await?.into();
        let listed = Listed { at: now, list: Arc::clone(&list) };
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).insert(limited.account.name.clone(), listed);
        Ok(list)
    }

    /// The list for showing.
    ///
    /// # Errors
    /// As [`Catalogue::list`].
    pub(crate) async fn list_for_display<L: RateLimits, C: Clock>(
        &self,
        limited: &RateLimitedClient<'_, L, C>,
    ) -> Result<Arc<[Assessment]>, LookupError> {
        self.list(limited, (MAX_AGE_OF_NO, Priority::Interactive)).await
    }

    /// Finds a product by id or by name, for a purchase.
    ///
    /// # Errors
    /// As [`Catalogue::list`].
    pub(crate) async fn find<L: RateLimits, C: Clock>(
        &self,
        limited: &RateLimitedClient<'_, L, C>,
        product: &str,
    ) -> Result<ProductMatch, LookupError> {
        match find(&self.list(limited, (MAX_AGE, Priority::Purchase)).await?, product) {
            ProductMatch::None => Ok(find(&self.list(limited, (MAX_AGE_OF_NO, Priority::Purchase)).await?, product)),
            found => Ok(found),
        }
    }

    fn known(&self, account: &AccountName) -> Option<Listed> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned()
    }
}

fn find(list: &[Assessment], product: &str) -> ProductMatch {
    if let Some(known) = list.iter().find(|known| known.assessment_id.eq_ignore_ascii_case(product)) {
        return ProductMatch::Id(known.assessment_id.clone());
    }
    let mut named = list.iter().filter(|known| known.name == product);
    match (named.next(), named.next()) {
        (Some(known), None) => ProductMatch::Id(known.assessment_id.clone()),
        (Some(_), Some(_)) => ProductMatch::Ambiguous,
        (None, _) => ProductMatch::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<Assessment> {
        let of = |name: &str, id: &str| Assessment { name: name.to_owned(), assessment_id: id.to_owned() };
        vec![of("English Grammar", "de83346f-aa2d-4c4f-a250-0d3a09d609e3"), of("Twice", "a"), of("Twice", "b")]
    }

    #[test]
    fn a_product_is_found_by_name_or_by_id_in_any_case() {
        let id = ProductMatch::Id("de83346f-aa2d-4c4f-a250-0d3a09d609e3".to_owned());
        assert_eq!(find(&list(), "English Grammar"), id);
        assert_eq!(find(&list(), "DE83346F-AA2D-4C4F-A250-0D3A09D609E3"), id);
    }

    #[test]
    fn an_unknown_or_ambiguous_product_is_not_guessed() {
        assert_eq!(find(&list(), "English grammar"), ProductMatch::None);
        assert_eq!(find(&list(), "Twice"), ProductMatch::Ambiguous);
    }
}
