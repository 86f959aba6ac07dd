//! An iTEP account's profile: everything about its wire that iTEP's documents
//! leave open, as JSON in the secret `hub/itep/<account>`.

use reqwest::header::HeaderName;
use serde_json::Value;
use shared_core::domain::sensitive::Sensitive;

use crate::vendors::fields::{self, ProfileError, ProfileFields};

/// Where purchases go unless the profile says otherwise (Integration
/// Fulfillment, "Putting it all together").
const URL: &str = "https://www.iteptest.com/requests/ecommerce_webhook.php";
/// Days after which an unused test is given up, unless the profile says otherwise.
const EXPIRY_DAYS: u32 = 90;

#[derive(Debug, Clone)]
pub struct Profile {
    /// The key of the signature.
    pub api_key: Sensitive<String>,
    pub url: String,
    /// The tracking code: without it iTEP reports no results.
    pub track: String,
    /// Who gets a copy of the mail that an `STX` purchase sends.
    pub bcc: Option<Sensitive<String>>,
    /// Days after which an unused test is given up.
    pub default_expiry_days: u32,
    /// How `assigned-to` and `registration` are written.
    pub nested: Nested,
    /// The signature of `GTX` purchases.
    pub get: Option<Signing>,
    /// The signature of `STX` purchases.
    pub send: Option<Signing>,
    /// How an answer is read.
    pub answer: AnswerRules,
    /// The product codes that the account may buy.
    pub products: Vec<String>,
    /// The exam's site.
    pub exam_url: Option<String>,
    /// Whether iTEP has confirmed that it refuses a byte-identical request that
    /// it has processed.
    pub resend_identical: bool,
    /// The number of free tests below which the operator is told.
    pub low_stock: u32,
}

/// How JSON within JSON is written: the document's table and its sample disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nested {
    /// As an object, like the sample.
    Object,
    /// As a string that holds JSON, like the table.
    String,
}

/// The one special header of a purchase.
#[derive(Debug, Clone)]
pub struct Signing {
    /// Its name, which directs the processing at iTEP.
    pub header: HeaderName,
    /// How the signature's bytes are written.
    pub encoding: Encoding,
    /// What stands before the signature.
    pub prefix: String,
}

/// How the signature's bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Hex,
    /// Base64 with padding.
    Base64,
}

/// How an answer is read. Places are JSON pointers; the first that holds
/// something counts.
#[derive(Debug, Clone, Default)]
pub struct AnswerRules {
    pub test_id: Vec<String>,
    pub password: Vec<String>,
    /// Where a refusal's reason is.
    pub reason: Vec<String>,
    pub refused_if: Vec<Matcher>,
    /// Answers that refuse since the inventory is empty.
    pub out_of_tests_if: Vec<Matcher>,
    /// Answers that say that nothing was done.
    pub not_processed_if: Vec<Matcher>,
    /// Answers that say that this very request was processed before: it is sold.
    pub replay_if: Vec<Matcher>,
}

/// Conditions on an answer, of which all that are given must hold.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    status: Option<u16>,
    /// A place in the answer's JSON that must hold something.
    pointer: Option<String>,
    /// What that place must hold.
    equals: Option<Value>,
    /// A text within that place, or within the raw answer where none is given.
    contains: Option<String>,
}

/// The two ways in which iTEP sells (Integration Fulfillment, "product-code").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductKind {
    /// `GTX-…`: the test ID is returned to us.
    Get,
    /// `STX-…`: iTEP also mails it to the candidate.
    Send,
}

impl ProductKind {
    /// The kind of a product code; `None` where it is neither.
    pub fn parse(product: &str) -> Option<Self> {
        match product.get(..4)? {
            "GTX-" => Some(ProductKind::Get),
            "STX-" => Some(ProductKind::Send),
            _ => None,
        }
    }
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// [`ProfileError`] with everything that is missing or wrong.
    pub fn parse(secret: &str) -> Result<Self, ProfileError> {
        let root = fields::parse(secret)?;
        let mut fields = ProfileFields::new(&root);
        let products = fields.required_texts("products");
        let sells = |kind| products.iter().any(|product| ProductKind::parse(product) == Some(kind));
        let profile = Self {
            api_key: fields.secret("api_key"),
            url: fields.url("url", URL),
            track: fields.required("track"),
            bcc: fields.text("bcc").map(Sensitive::new),
            default_expiry_days: fields.number("default_expiry_days", (1, 3650), EXPIRY_DAYS),
            nested: nested(&mut fields),
            get: sells(ProductKind::Get).then(|| signing(&mut fields, "get")).flatten(),
            send: sells(ProductKind::Send).then(|| signing(&mut fields, "send")).flatten(),
            answer: AnswerRules::parse(&mut fields),
            exam_url: fields.at("exam_url").map(|_| fields.url("exam_url", "")),
            resend_identical: fields.flag("resend_identical"),
            low_stock: fields.number("low_stock", (0, u32::MAX), 0),
            products,
        };
        if profile.resend_identical && profile.answer.replay_if.is_empty() {
            fields.wrong("answer.replay_if", "a list of matchers, because resend_identical is true");
        }
        fields.finish().map(|()| profile)
    }

    /// The kind of a product that the account may buy; `None` for any other.
    pub fn sells(&self, product: &str) -> Option<ProductKind> {
        let kind = ProductKind::parse(product)?;
        self.products.iter().any(|sold| sold == product).then_some(kind)
    }

    /// The signature that a kind of purchase needs.
    pub(crate) fn signing(&self, kind: ProductKind) -> Option<&Signing> {
        match kind {
            ProductKind::Get => self.get.as_ref(),
            ProductKind::Send => self.send.as_ref(),
        }
    }
}

fn nested(fields: &mut ProfileFields<'_>) -> Nested {
    match fields.required("nested_json").as_str() {
        "string" => Nested::String,
        "object" | "" => Nested::Object,
        _ => {
            fields.wrong("nested_json", "`object` or `string`");
            Nested::Object
        }
    }
}

fn signing(fields: &mut ProfileFields<'_>, path: &str) -> Option<Signing> {
    let name = fields.required(&format!("{path}.header"));
    let header = HeaderName::from_bytes(name.as_bytes()).ok();
    if header.is_none() && !name.is_empty() {
        fields.wrong(&format!("{path}.header"), "the name of an HTTP header");
    }
    let encoding = match fields.required(&format!("{path}.encoding")).as_str() {
        "base64" => Encoding::Base64,
        "hex" | "" => Encoding::Hex,
        _ => {
            fields.wrong(&format!("{path}.encoding"), "`hex` or `base64`");
            Encoding::Hex
        }
    };
    let prefix = fields.text(&format!("{path}.prefix")).unwrap_or_default();
    if !prefix.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        fields.wrong(&format!("{path}.prefix"), "visible ASCII");
    }
    Some(Signing { header: header?, encoding, prefix })
}

impl AnswerRules {
    fn parse(fields: &mut ProfileFields<'_>) -> Self {
        let test_id = fields.required_texts("answer.test_id");
        Self {
            test_id,
            password: fields.texts("answer.password"),
            reason: fields.texts("answer.reason"),
            refused_if: matchers(fields, "answer.refused_if"),
            out_of_tests_if: matchers(fields, "answer.out_of_tests_if"),
            not_processed_if: matchers(fields, "answer.not_processed_if"),
            replay_if: matchers(fields, "answer.replay_if"),
        }
    }
}

fn matchers(fields: &mut ProfileFields<'_>, path: &str) -> Vec<Matcher> {
    let items = fields.list(path);
    let read: Vec<_> = items.iter().filter_map(Matcher::parse).collect();
    if read.len() < items.len() {
        fields.wrong(path, "a list of objects of status, pointer, equals and contains");
    }
    read
}

impl Matcher {
    /// A matcher with a mistyped condition would match more than was meant, so
    /// it is none.
    fn parse(value: &Value) -> Option<Self> {
        let object = value.as_object().filter(|object| !object.is_empty())?;
        let mut matcher = Self::default();
        for (key, value) in object {
            match key.as_str() {
                "status" => matcher.status = Some(u16::try_from(value.as_u64()?).ok()?),
                "pointer" => matcher.pointer = Some(value.as_str()?.to_owned()),
                "equals" => matcher.equals = Some(value.clone()),
                "contains" => matcher.contains = Some(value.as_str().filter(|text| !text.is_empty())?.to_owned()),
                _ => return None,
            }
        }
        (matcher.equals.is_none() || matcher.pointer.is_some()).then_some(matcher)
    }

    /// Whether an answer meets all conditions.
    pub(crate) fn fits(&self, status: u16, json: Option<&Value>, raw: &str) -> bool {
        if self.status.is_some_and(|wanted| wanted != status) {
            return false;
        }
        let Some(pointer) = &self.pointer else {
            return self.contains.as_ref().is_none_or(|text| raw.contains(text));
        };
        let Some(place) = json.and_then(|json| json.pointer(pointer)) else { return false };
        let holds =
            |text: &String| place.as_str().map_or_else(|| place.to_string().contains(text), |p| p.contains(text));
        let is_something = !place.is_null() || self.equals.is_some();
        is_something && self.equals.as_ref().is_none_or(|v| v == place) && self.contains.as_ref().is_none_or(holds)
    }
}

#[cfg(test)]
mod tests;
