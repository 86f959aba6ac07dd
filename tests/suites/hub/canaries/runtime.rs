//! A function's own binary under a runtime API of the test's: what it answers to each
//! event, and everything that it writes.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::operating::binary;

/// How long the function is told that it has.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long its answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the runtime posted about an event: an answer, or an error of the invocation.
pub(super) struct Posted {
    pub(super) is_error: bool,
    pub(super) text: String,
}

impl Posted {
    /// The status that an HTTP function answered with.
    pub(super) fn status(&self) -> Option<u64> {
        serde_json::from_str::<Value>(&self.text).ok()?["statusCode"].as_u64()
    }

    /// The body that an HTTP function answered with.
    pub(super) fn body(&self) -> Value {
        let answer: Value = serde_json::from_str(&self.text).unwrap_or_default();
        serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or_default()
    }
}

/// Runs a function at a log level with these events, one after the other. Returns what
/// it posted, in their order, and what it wrote.
pub(super) async fn run(function: &str, level: &str, events: &[Vec<u8>]) -> (Vec<Posted>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (sender, mut received) = unbounded_channel();
    let waiting = Arc::new(Mutex::new(events.iter().cloned().collect()));
    let api = tokio::spawn(accept(listener, waiting, sender));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.log", unique()));
    let mut child = start(function, level, &address, &File::create(&path).expect("a file"));
    let posted = answers(&mut received, events.len()).await;
    child.kill().expect("a running function");
    child.wait().expect("an end");
    api.abort();
    let written = String::from_utf8_lossy(&std::fs::read(&path).expect("the log")).into_owned();
    std::fs::remove_file(path).expect("the log goes");
    (posted.unwrap_or_else(|count| panic!("{function} answered {count} events: {written}")), written)
}

fn start(function: &str, level: &str, api: &str, log: &File) -> Child {
    let output = || Stdio::from(log.try_clone().expect("the log"));
    let mut command = Command::new(binary(function));
    command.envs([("AWS_LAMBDA_RUNTIME_API", api), ("RUST_LOG", level), ("AWS_LAMBDA_FUNCTION_NAME", function)]);
    command.envs([("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"), ("AWS_LAMBDA_FUNCTION_VERSION", "1")]);
    command.stdin(Stdio::null()).stdout(output()).stderr(output()).spawn().expect("the function starts")
}

/// So many answers, or how many came.
async fn answers(received: &mut UnboundedReceiver<Posted>, count: usize) -> Result<Vec<Posted>, usize> {
    let mut posted = Vec::new();
    while posted.len() < count {
        match tokio::time::timeout(PATIENCE, received.recv()).await {
            Ok(Some(one)) => posted.push(one),
            _ => return Err(posted.len()),
        }
    }
    Ok(posted)
}

type Waiting = Arc<Mutex<VecDeque<Vec<u8>>>>;

async fn accept(listener: TcpListener, waiting: Waiting, sender: UnboundedSender<Posted>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (waiting, sender) = (Arc::clone(&waiting), sender.clone());
        let service = service_fn(move |request| serve(request, Arc::clone(&waiting), sender.clone()));
        tokio::spawn(async move { http1::Builder::new().serve_connection(TokioIo::new(stream), service).await });
    }
}

async fn serve(
    request: Request<Incoming>,
    waiting: Waiting,
    sender: UnboundedSender<Posted>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() == Method::GET {
        let next = waiting.lock().expect("no panic").pop_front();
        return match next {
            Some(event) => Ok(invocation(event)),
            None => std::future::pending().await,
        };
    }
    let is_error = request.uri().path().ends_with("/error");
    let body = request.into_body().collect().await.expect("a whole answer").to_bytes();
    let _ = sender.send(Posted { is_error, text: String::from_utf8_lossy(&body).into_owned() });
    Ok(Response::builder().status(202).body(Full::default()).expect("a response"))
}

fn invocation(event: Vec<u8>) -> Response<Full<Bytes>> {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970") + TIMEOUT;
    Response::builder()
        .header("lambda-runtime-aws-request-id", unique())
        .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:test")
        .body(Full::new(event.into()))
        .expect("a response")
}

/// A name that nothing else has, in this run or another.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let (run, count) = (jiff::Timestamp::now().as_nanosecond(), COUNT.fetch_add(1, Ordering::Relaxed));
    format!("canaries-{run}-{count}")
}
