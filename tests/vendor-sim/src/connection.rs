//! One HTTP connection: reads requests, hands them to the door, and answers, hangs or resets.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, LOCATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};

use super::http::{self, Answer, Reply, Request};
use super::listener::Door;

/// Larger bodies are answered 413.
const MAX_BODY: usize = 4 << 20;

/// No caller is expected to wait longer for a vendor that never answers.
const LONGEST_HANG: Duration = Duration::from_secs(600);

type Served = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

/// Serves a connection until either side ends it. When `closing` turns true the request under way
/// is still answered, but no further one is read.
pub(crate) async fn serve(stream: TcpStream, door: Door, mut closing: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(Notify::new());
    let breaker = Arc::clone(&reset);
    let service =
        service_fn(move |request| -> Served { Box::pin(respond(door.clone(), request, Arc::clone(&breaker))) });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut open = true;
    loop {
        tokio::select! {
            _ = &mut connection => return,
            () = reset.notified() => {
                // With no time to linger, closing sends RST instead of FIN.
                let _ = connection.into_parts().io.into_inner().set_zero_linger();
                return;
            }
            _ = closing.wait_for(|closing| *closing), if open => {
                Pin::new(&mut connection).graceful_shutdown();
                open = false;
            }
        }
    }
}

async fn respond(
    door: Door,
    request: hyper::Request<Incoming>,
    reset: Arc<Notify>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = match read(request).await {
        // On a task of its own: what a vendor has begun it ends, whether or not the caller waits.
        Ok(request) => tokio::spawn(async move { door.answer(request).await }).await,
        Err(reply) => Ok(reply.into()),
    };
    match answer {
        Ok(Answer::Reply(reply)) => return Ok(response(reply)),
        Ok(Answer::Hang) => tokio::time::sleep(LONGEST_HANG).await,
        Ok(Answer::Reset) => {}
        Err(_) => return Ok(response(Reply::empty(StatusCode::INTERNAL_SERVER_ERROR))),
    }
    reset.notify_one();
    std::future::pending().await
}

async fn read(request: hyper::Request<Incoming>) -> Result<Request, Reply> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body.map_err(|_| Reply::empty(StatusCode::PAYLOAD_TOO_LARGE))?.to_bytes();
    Ok(Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: http::query(parts.uri.query()),
        headers: parts.headers,
        body,
    })
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut builder = Response::builder().status(reply.status);
    if let Some(kind) = reply.content_type {
        builder = builder.header(CONTENT_TYPE, kind);
    }
    if let Some(location) = reply.location {
        builder = builder.header(LOCATION, location);
    }
    builder.body(Full::new(reply.body)).unwrap_or_default()
}
