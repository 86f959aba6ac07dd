//! A small HTTP server on the loopback address, for what the hub calls: it answers as
//! the target under test scripts it, and tells nothing to anybody else.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::runtime::Builder;

pub(crate) struct HttpRequest {
    pub(crate) path: String,
    /// The `X-Amz-Target`, for calls to AWS.
    pub(crate) operation: String,
    pub(crate) body: Bytes,
}

pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Vec<u8>,
    /// How many bytes of the body are sent at once; 0 sends it whole, with its length.
    pub(crate) piece: usize,
}

impl HttpResponse {
    pub(crate) fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, retry_after: None, body: body.into(), piece: 0 }
    }
}

/// Serves until the process ends, and returns the address.
pub(crate) fn serve(answer: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    listener.set_nonblocking(true).expect("a listener");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    thread::spawn(move || runtime.block_on(accept(listener, Arc::new(answer))));
    address
}

async fn accept<A: Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static>(listener: TcpListener, answer: Arc<A>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let answer = Arc::clone(&answer);
        let service = service_fn(move |request| {
            let answer = Arc::clone(&answer);
            async move { Ok::<_, hyper::Error>(response(answer(&read(request).await?))) }
        });
        // The client may go at any time; then there is nobody to tell.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn read(request: Request<Incoming>) -> Result<HttpRequest, hyper::Error> {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let path = request.uri().path().to_owned();
    Ok(HttpRequest { path, operation, body: request.into_body().collect().await?.to_bytes() })
}

fn response(answer: HttpResponse) -> Response<BoxBody<Bytes, Infallible>> {
    let mut response = Response::builder().status(answer.status);
    if let Some(seconds) = answer.retry_after {
        response = response.header("retry-after", seconds);
    }
    let body = Bytes::from(answer.body);
    let body = if answer.piece == 0 {
        Full::new(body).boxed()
    } else {
        let pieces: Vec<_> = body.chunks(answer.piece).map(|piece| Ok(Frame::data(body.slice_ref(piece)))).collect();
        StreamBody::new(stream::iter(pieces)).boxed()
    };
    response.body(body).expect("a response")
}
