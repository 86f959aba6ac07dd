//! The hub's own rules for a request. An answer lists every rule that is broken.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use shared::runtime::problem::Problem;
use shared::urls::is_web_address;
use shared_core::domain::candidate::Candidate;
use shared_core::domain::forward::Extra;
use shared_core::domain::ids::{Account, AccountName, Vendor};
use shared_core::domain::json_pointer;
use shared_core::domain::order::Fault;
use shared_core::domain::sensitive::Sensitive;

use crate::problems::{INVALID, UNKNOWN_ACCOUNT};
use crate::request::{NewCandidate, NewReservation, Text};

/// How far away an expiry may be: two years.
const EXPIRY_MAX: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);
/// How many entries a list or a map may have.
const ENTRIES: usize = 50;

/// A request that keeps the hub's rules. The vendor has rules of its own.
#[derive(Debug)]
pub(crate) struct ValidRequest {
    pub(crate) account: Account,
    pub(crate) product: String,
    pub(crate) candidate: Candidate,
    pub(crate) registration: BTreeMap<String, Sensitive<String>>,
    pub(crate) groups: Vec<String>,
    pub(crate) return_url: Option<String>,
    /// `None`: the account's default.
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// The accounts that a client may use.
pub(crate) type Accounts = BTreeMap<Vendor, Vec<AccountName>>;

/// Checks a request of a client with these accounts.
///
/// # Errors
/// 422 with every broken rule; `unknown-account` where that is the only one.
pub(crate) fn check(new: NewReservation, accounts: &Accounts, now: Timestamp) -> Result<ValidRequest, Problem> {
    let mut rules = Rules { faults: Vec::new(), now };
    rules.text("#/product", &new.product, 1, 200);
    let candidate = rules.candidate(new.candidate);
    let registration = rules.registration(new.registration.map_or_else(BTreeMap::new, |map| map.0));
    let groups = rules.groups(new.groups.unwrap_or_default());
    let return_url = new.return_url.inspect(|url| rules.url("#/return_url", url));
    let expires_at = new.expires_at.and_then(|text| rules.expiry(&text));
    let metadata = rules.metadata(new.metadata.map_or_else(BTreeMap::new, |map| map.0));
    let account = match new.vendor.parse() {
        Ok(vendor) => account(vendor, new.account.as_deref(), accounts),
        Err(_) => Err(Fault::new("#/vendor", "must be `itep` or `truenorth`")),
    };
    let product = new.product;
    match account {
        Ok(account) if rules.faults.is_empty() => {
            Ok(ValidRequest { account, product, candidate, registration, groups, return_url, expires_at, metadata })
        }
        Ok(_) => Err(Problem::new(INVALID).errors(rules.faults)),
        Err(fault) => Err(refused(rules.faults, fault)),
    }
}

fn refused(mut faults: Vec<Fault>, about_account: Fault) -> Problem {
    let only_the_account = faults.is_empty() && about_account.pointer == "#/account";
    faults.push(about_account);
    Problem::new(if only_the_account { UNKNOWN_ACCOUNT } else { INVALID }).errors(faults)
}

/// The account that is named, or that goes without saying: `default`, or the
/// only one.
fn account(vendor: Vendor, named: Option<&str>, accounts: &Accounts) -> Result<Account, Fault> {
    let own = accounts.get(&vendor).map(Vec::as_slice).unwrap_or_default();
    let by_name = |name: &str| own.iter().find(|account| account.without_mode() == name);
    let found = match (named, own) {
        (Some(name), _) => by_name(name),
        (None, [only]) => Some(only),
        (None, _) => by_name("default"),
    };
    let what = if own.is_empty() { "you have no account" } else { "must name one of your accounts" };
    let fault = || Fault::new("#/account", format!("{what} at {vendor}"));
    found.map(|name| Account { vendor, name: name.clone() }).ok_or_else(fault)
}

struct Rules {
    faults: Vec<Fault>,
    now: Timestamp,
}

impl Rules {
    fn expect(&mut self, holds: bool, pointer: &str, rule: impl Into<String>) {
        if !holds {
            self.faults.push(Fault::new(pointer, rule));
        }
    }

    fn text(&mut self, pointer: &str, text: &str, min: usize, max: usize) {
        let length = text.chars().count();
        self.expect((min..=max).contains(&length), pointer, format!("must have {min} to {max} characters"));
        self.expect(!text.chars().any(char::is_control), pointer, "must not contain control characters");
        self.expect(min == 0 || length == 0 || !text.trim().is_empty(), pointer, "must not be blank");
    }

    fn name(&mut self, pointer: &str, name: &str) {
        if name.is_empty() {
            return self.expect(false, pointer, "must not be empty: write a candidate's only name into both fields");
        }
        self.text(pointer, name, 1, 100);
    }

    fn candidate(&mut self, new: NewCandidate) -> Candidate {
        self.text("#/candidate/external_id", new.external_id.expose(), 1, 128);
        self.name("#/candidate/given_name", new.given_name.expose());
        self.name("#/candidate/family_name", new.family_name.expose());
        if let Some(email) = &new.email {
            let rule = "must be an email address of at most 254 characters";
            self.expect(is_email(email.expose()), "#/candidate/email", rule);
        }
        Candidate {
            birth_date: new.birth_date.and_then(|text| self.birth_date(text.expose())).map(Sensitive::new),
            external_id: new.external_id,
            given_name: new.given_name,
            family_name: new.family_name,
            email: new.email,
            extra: Extra::default(),
        }
    }

    fn birth_date(&mut self, text: &str) -> Option<Date> {
        let date: Option<Date> = if is_iso_date(text) { text.parse().ok() } else { None };
        let today = Offset::UTC.to_datetime(self.now).date();
        let date = date.filter(|date| date.year() >= 1900 && *date < today);
        self.expect(date.is_some(), "#/candidate/birth_date", "must be a past date from 1900 on, as YYYY-MM-DD");
        date
    }

    fn registration(&mut self, new: BTreeMap<String, Text>) -> BTreeMap<String, Sensitive<String>> {
        self.entries("#/registration", new.iter().map(|(key, Text(value))| (key, value.expose())), 64);
        new.into_iter().map(|(key, Text(value))| (key, value)).collect()
    }

    fn metadata(&mut self, new: BTreeMap<String, String>) -> BTreeMap<String, String> {
        self.entries("#/metadata", new.iter(), 40);
        new
    }

    fn entries<'a>(
        &mut self,
        pointer: &str,
        entries: impl ExactSizeIterator<Item = (&'a String, &'a String)>,
        key_max: usize,
    ) {
        if entries.len() > ENTRIES {
            return self.expect(false, pointer, format!("must have at most {ENTRIES} members"));
        }
        for (key, value) in entries {
            let at = json_pointer::step(pointer, key);
            let is_key = (1..=key_max).contains(&key.chars().count()) && !key.chars().any(char::is_control);
            self.expect(
                is_key,
                &at,
                format!("must have a name of 1 to {key_max} characters, without control characters"),
            );
            self.text(&at, value, 0, 500);
        }
    }

    fn groups(&mut self, groups: Vec<String>) -> Vec<String> {
        if groups.len() > ENTRIES {
            self.expect(false, "#/groups", format!("must have at most {ENTRIES} elements"));
            return groups;
        }
        for (i, group) in groups.iter().enumerate() {
            self.text(&format!("#/groups/{i}"), group, 1, 100);
        }
        groups
    }

    fn url(&mut self, pointer: &str, url: &str) {
        let rule = "must be an absolute http or https URL of at most 2000 characters, without user information";
        self.expect(url.len() <= 2000 && is_web_address(url), pointer, rule);
    }

    fn expiry(&mut self, text: &str) -> Option<Timestamp> {
        let time = shared::timestamps::parse(text);
        let fits = |time: &Timestamp| *time > self.now && time.duration_since(self.now) <= EXPIRY_MAX;
        let time = time.filter(fits);
        let rule = "must be a time in the future, within two years, such as 2027-01-31T00:00:00Z";
        self.expect(time.is_some(), "#/expires_at", rule);
        time
    }
}

/// Whether a text may be an address: whether it is one, only a mail can tell.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let has_only_text = !text.chars().any(|c| c.is_whitespace() || c.is_control() || ",;<>()\"".contains(c));
    let has_labels = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    text.chars().count() <= 254 && has_only_text && !local.is_empty() && !local.contains('@') && has_labels
}

/// Whether a text is written as `YYYY-MM-DD`.
fn is_iso_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| if matches!(i, 4 | 7) { b == b'-' } else { b.is_ascii_digit() })
}

#[cfg(test)]
mod tests;
