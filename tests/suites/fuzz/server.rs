//! A small HTTP server on the loopback address, for what the hub calls: it answers as
//! the target under test scripts it, and tells nothing to anybody else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

pub(crate) struct HttpRequest {
    pub(crate) path: String,
    /// The `X-Amz-Target`, for calls to AWS.
    pub(crate) operation: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    /// Lines of headers, each with its line end.
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
    /// How many bytes of the body are sent at once; 0 sends it whole, with its length.
    pub(crate) piece: usize,
}

impl HttpResponse {
    pub(crate) fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: String::new(), body: body.into(), piece: 0 }
    }
}

/// Serves until the process ends, and returns the address.
pub(crate) fn serve(answer: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // The client may go at any time; then there is nobody to tell.
            thread::spawn(move || drop(converse(&connection, &*answer)));
        }
    });
    address
}

fn converse(connection: &TcpStream, answer: &dyn Fn(&HttpRequest) -> HttpResponse) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection);
    while let Some(asked) = read(&mut reader)? {
        write(connection, &answer(&asked))?;
    }
    Ok(())
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Option<HttpRequest>> {
    let (mut first, mut length) = (String::new(), 0);
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut asked = HttpRequest {
        path: first.split(' ').nth(1).unwrap_or_default().to_owned(),
        operation: String::new(),
        body: Vec::new(),
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or_default(),
            "x-amz-target" => asked.operation = value.rsplit('.').next().unwrap_or_default().trim().to_owned(),
            _ => {}
        }
    }
    reader.take(length).read_to_end(&mut asked.body)?;
    Ok(Some(asked))
}

fn write(mut connection: &TcpStream, answer: &HttpResponse) -> std::io::Result<()> {
    let HttpResponse { status, headers, body, piece } = answer;
    let mut out = format!("HTTP/1.1 {status} X\r\n{headers}").into_bytes();
    match (status, piece) {
        (204 | 304, _) => out.extend(b"\r\n"),
        (_, 0) => {
            out.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
            out.extend(body);
        }
        (_, piece) => {
            out.extend(b"transfer-encoding: chunked\r\n\r\n");
            for chunk in body.chunks(*piece) {
                out.extend(format!("{:x}\r\n", chunk.len()).bytes());
                out.extend(chunk);
                out.extend(b"\r\n");
            }
            out.extend(b"0\r\n\r\n");
        }
    }
    connection.write_all(&out)
}
