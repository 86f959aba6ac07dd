//! Stand-ins for the vendors' tests: ports that remember, and a server that
//! answers as it is told, or breaks.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use shared_core::domain::candidate::Candidate;
use shared_core::domain::ids::{Account, AccountName, ReservationId, Vendor};
use shared_core::domain::limiter::{Booking, Levels};
use shared_core::domain::order::Order;
use shared_core::domain::sensitive::Sensitive;
use shared_core::ports::{BackendError, BookingOutcome, Clock, RateLimits, Secrets};
use test_support::fixtures::order_at;

/// A clock that moves only while somebody sleeps.
#[derive(Default, Clone)]
pub(crate) struct TestClock(Arc<Mutex<Duration>>);

impl TestClock {
    pub(crate) fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    pub(crate) fn advance(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

pub(crate) fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        start() + self.elapsed()
    }
    async fn sleep(&self, time: Duration) {
        self.advance(time);
    }
}

/// Levels of one account.
#[derive(Default, Clone)]
pub(crate) struct TestLimits {
    pub(crate) levels: Arc<Mutex<Levels>>,
    pub(crate) booked: Arc<Mutex<usize>>,
    pub(crate) is_down: bool,
}

impl RateLimits for TestLimits {
    async fn book(&self, _: &AccountName, booking: &Booking) -> Result<BookingOutcome, BackendError> {
        if self.is_down {
            return Err(BackendError::unavailable("book", "down"));
        }
        let mut levels = self.levels.lock().unwrap();
        if !booking.fits(&levels) {
            return Ok(BookingOutcome::Stale(levels.clone()));
        }
        *levels = booking.book(levels.clone());
        *self.booked.lock().unwrap() += 1;
        Ok(BookingOutcome::Done(levels.clone()))
    }
    async fn empty(&self, _: &AccountName, now: Timestamp) -> Result<(), BackendError> {
        self.levels.lock().unwrap().bucket = Levels::emptied_bucket(now.as_millisecond());
        Ok(())
    }
}

/// Secrets by name; `down` fails.
#[derive(Default, Clone)]
pub(crate) struct TestSecrets(pub(crate) HashMap<String, String>);

impl TestSecrets {
    pub(crate) fn with(name: &str, secret: impl ToString) -> Self {
        Self(HashMap::from([(name.to_owned(), secret.to_string())]))
    }
}

impl Secrets for TestSecrets {
    async fn secret(&self, name: &str) -> Result<Option<Arc<Sensitive<String>>>, BackendError> {
        if self.0.contains_key("down") {
            return Err(BackendError::unavailable("secret", "down"));
        }
        Ok(self.0.get(name).map(|secret| Arc::new(Sensitive::new(secret.clone()))))
    }
}

pub(crate) fn account(vendor: Vendor) -> Account {
    Account { vendor, name: "default".parse().unwrap() }
}

pub(crate) fn reservation_id() -> ReservationId {
    "res_0123456789abcdefghjkmnpqrs".parse().unwrap()
}

/// An order of everybody's favourite candidate.
pub(crate) fn order(vendor: Vendor, product: &str) -> Order {
    let order = order_at(vendor, "order-42");
    let (email, birth_date) = ("mary@example.com".into(), Sensitive::new("1990-07-08".parse().unwrap()));
    Order {
        id: reservation_id(),
        product: product.to_owned(),
        candidate: order.candidate.map(|it| Candidate { email: Some(email), birth_date: Some(birth_date), ..it }),
        expires_at: "2027-01-31T00:00:00Z".parse().unwrap(),
        ..order
    }
}

/// What the server does with one connection.
pub(crate) enum Does {
    /// Answers with a head (status line and further headers) and a body.
    Answers(&'static str, Vec<u8>),
    /// Reads the request and closes.
    Closes,
    /// Reads the request and says nothing for a while.
    Hangs(Duration),
    /// Promises more than it sends.
    CutsOff,
}

pub(crate) fn answers(head: &'static str, body: impl AsRef<[u8]>) -> Does {
    Does::Answers(head, body.as_ref().to_vec())
}

/// A server for as many connections as it has deeds. Each request is kept whole.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(deeds: Vec<Does>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for deed in deeds {
                let (mut stream, _) = listener.accept().unwrap();
                let request = read_request(&mut stream);
                seen.lock().unwrap().push(request);
                carry_out(&mut stream, deed);
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The only request: its first line and its body.
    pub(crate) fn request(&self) -> (String, String) {
        let requests = self.requests();
        assert_eq!(requests.len(), 1);
        let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }
}

fn carry_out(stream: &mut TcpStream, deed: Does) {
    match deed {
        Does::Answers(head, body) => {
            let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).unwrap();
            // The other side may have had enough.
            drop(stream.write_all(&body));
        }
        Does::Closes => {}
        Does::Hangs(time) => std::thread::sleep(time),
        Does::CutsOff => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").unwrap(),
    }
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
            if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
                return text;
            }
        }
        match stream.read(&mut piece).unwrap() {
            0 => return text,
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

/// An address at which nobody listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// What may stand in a field: scores as they come, and whatever else JSON can hold.
pub(crate) fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<f64>().prop_map(Value::from),
        (0..80_u8).prop_map(|n| json!(f64::from(n) / 10.0)),
        "[ ]?[-+]?[0-9]{0,3}[.,]?[0-9]{0,3}[ ]?".prop_map(Value::from),
        "[ABC][0-3][-+]?(-[ABC][12])?".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop_oneof![Just("*"), Just("inf"), Just("NaN"), Just("1.24E+13"), Just("٣٫٥"), Just(""), Just(" ")]
            .prop_map(Value::from),
        prop_oneof![Just(json!(null)), Just(json!(true)), Just(json!({ "a": 1 })), Just(json!([4.5]))],
    ]
}

/// Whether nothing stands in a field.
pub(crate) fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Whether a field was read as just what it writes, or is absent and was not read.
pub(crate) fn is_certain(value: &Value, read: Option<f64>) -> bool {
    let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().replace(',', "."));
    if is_blank(value) { read.is_none() } else { read.is_some_and(|number| text.parse() == Ok(number)) }
}
