//! Peer: Rust with hyper on tokio.  It answers what the handler answers, in the way of somebody
//! who wants it fast: the key's HMAC state is made once, data passes through as it came, and log
//! lines are written by a thread of their own.

mod log;
mod service;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use hyper::header::{HeaderMap, HeaderValue, CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::AddrIncoming;
use hyper::service::{make_service_fn, service_fn};
use hyper::{body, Body, Method, Request, Response, Server, StatusCode};
use tokio::net::{TcpListener, TcpSocket};

use service::Service;

const MAX_BODY: u64 = 1 << 20;
/// As many as the handler lets wait until they are accepted; std's own 128 lose some of a crowd.
const BACKLOG: u32 = 4096;

type Failure = (StatusCode, String);

fn plain(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn negotiate(service: &Service) -> Result<Response<Body>, Failure> {
    let grant = service.grant_room();
    let body = grant.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error))?;
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The header's value; empty where it is not there.
fn field<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
}

async fn event(service: &Service, request: Request<Body>) -> Result<Response<Body>, Failure> {
    let (head, content) = request.into_parts();
    let headers = &head.headers;
    let length = field(headers, "content-length").parse::<u64>();
    if length.map_or(true, |bytes| bytes > MAX_BODY) {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, "too long".to_string()));
    }
    let bytes = body::to_bytes(content).await;
    let packet = bytes.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    if !service.is_signed(field(headers, "ce-connectionid"), field(headers, "ce-signature")) {
        return Err((StatusCode::UNAUTHORIZED, "not signed by the service".to_string()));
    }
    let read = service::read_send(field(headers, "ce-userid"), &packet);
    let order = read.map_err(|error| (StatusCode::BAD_REQUEST, error))?;
    let sent = service.send(order.room, field(headers, "ce-socketid"), order.message).await;
    sent.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error))?;
    if order.ack.is_empty() {
        return Ok(plain(StatusCode::NO_CONTENT, String::new()));
    }
    Ok(plain(StatusCode::OK, format!("43{}[{{\"success\":true}}]", order.ack)))
}

/// Every request has its line in the log.
async fn answer(service: Arc<Service>, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let start = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_string();
    let result = match (&method, path.as_str()) {
        (&Method::GET, "/negotiate") => negotiate(&service),
        (&Method::POST, "/eventhandler") => event(&service, request).await,
        _ => Err((StatusCode::NOT_FOUND, String::new())),
    };
    let response = result.unwrap_or_else(|(status, why)| plain(status, why));
    let micros = start.elapsed().as_micros();
    service.log.write(format!("{} {} status={} us={}\n", method, path, response.status().as_u16(), micros));
    Ok(response)
}

async fn serve(listener: TcpListener, service: Arc<Service>) -> Result<(), hyper::Error> {
    let mut incoming = AddrIncoming::from_listener(listener)?;
    incoming.set_nodelay(true);
    let make = make_service_fn(move |_| {
        let service = service.clone();
        let each = move |request| answer(service.clone(), request);
        async move { Ok::<_, Infallible>(service_fn(each)) }
    });
    Server::builder(incoming).http1_only(true).serve(make).await
}

fn main() {
    let setting = std::env::var("WebPubSubForSocketIOConnectionString").unwrap_or_default();
    let port = std::env::var("PORT").unwrap_or_default().parse::<u16>().unwrap_or(0);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("tokio");
    let _inside = runtime.enter();
    let service = Arc::new(Service::new(&setting).expect("a connection string"));
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port))).expect("a port");
    let listener = socket.listen(BACKLOG).expect("to listen");
    println!("listening {}", listener.local_addr().expect("an address").port());
    runtime.block_on(serve(listener, service)).expect("to serve");
}
