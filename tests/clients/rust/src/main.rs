//! A Socket.IO client of Web PubSub in Rust: rust_socketio. Commands and events are JSON lines, as
//! ../../python/client.py describes them. Each namespace has a connection of its own, and the
//! transport's name is not told.

use base64::{prelude::BASE64_STANDARD, Engine};
use bytes::Bytes;
use rust_socketio::client::Client;
use rust_socketio::{ClientBuilder, Event, Payload, TransportType};
use serde_json::{json, Value};
use std::collections::HashMap;
use std::io::{stdin, BufRead};
use std::time::Duration;

const ACK_SECONDS: u64 = 20;

fn main() {
    let mut sockets = HashMap::new();
    for line in stdin().lock().lines() {
        let order: Value = serde_json::from_str(&line.unwrap()).unwrap();
        match text(&order, "do") {
            "connect" => {
                for namespace in order["namespaces"].as_array().unwrap() {
                    let namespace = namespace.as_str().unwrap();
                    match connect(&order, namespace) {
                        Ok(socket) => drop(sockets.insert(namespace.to_string(), socket)),
                        Err(error) => tell("refused", namespace, json!([error.to_string()])),
                    }
                }
            }
            "emit" => {
                let socket: &Client = &sockets[text(&order, "namespace")];
                socket.emit(text(&order, "name"), payload(&order)).unwrap();
            }
            "ask" => ask(&sockets[text(&order, "namespace")], &order),
            _ => tell("transport", "", json!([Value::Null])),
        }
    }
}

fn text<'a>(order: &'a Value, name: &str) -> &'a str {
    order[name].as_str().unwrap_or_default()
}

/// Path and token are part of the URL: there is no option for either.
fn connect(order: &Value, namespace: &str) -> Result<Client, rust_socketio::Error> {
    let (endpoint, path) = (text(order, "endpoint"), text(order, "path"));
    let url = format!("{endpoint}{path}/?access_token={}", text(order, "token"));
    let transports = order["transports"].as_array().unwrap();
    let transport = match (transports.len(), transports[0].as_str()) {
        (2, _) => TransportType::WebsocketUpgrade,
        (_, Some("polling")) => TransportType::Polling,
        _ => TransportType::Websocket,
    };
    let (any, open, close, error) = (
        namespace.to_string(), namespace.to_string(), namespace.to_string(), namespace.to_string(),
    );
    ClientBuilder::new(url)
        .namespace(namespace)
        .transport_type(transport)
        .reconnect_delay(100, 200) // short, for a test's sake
        .on(Event::Connect, move |_, _| tell("connect", &open, json!([])))
        .on(Event::Close, move |_, _| tell("disconnect", &close, json!([])))
        .on(Event::Error, move |args, _| tell("refused", &error, shown(args)))
        .on_any(move |event, args, _| {
            if let Event::Custom(name) = event {
                tell(&name, &any, shown(args));
            }
        })
        .connect()
}

fn ask(socket: &Client, order: &Value) {
    let namespace = text(order, "namespace").to_string();
    let answered = move |args: Payload, _| tell("ack", &namespace, acked(shown(args)));
    let wait = Duration::from_secs(ACK_SECONDS);
    socket.emit_with_ack(text(order, "name"), payload(order), wait, answered).unwrap();
}

/// The arguments of an acknowledgement come as one list.
fn acked(args: Value) -> Value {
    match args.as_array().map(Vec::as_slice) {
        Some([list @ Value::Array(_)]) => list.clone(),
        _ => args,
    }
}

/// An event has either values or one attachment.
fn payload(order: &Value) -> Payload {
    let args = order["args"].as_array().unwrap();
    match args.first().and_then(|first| first["$bytes"].as_str()) {
        Some(encoded) => Payload::Binary(Bytes::from(BASE64_STANDARD.decode(encoded).unwrap())),
        None => Payload::Text(args.clone()),
    }
}

#[allow(deprecated)] // a text that is no list is told in the old way
fn shown(args: Payload) -> Value {
    match args {
        Payload::Text(values) => Value::Array(values),
        Payload::Binary(bytes) => json!([{ "$bytes": BASE64_STANDARD.encode(bytes) }]),
        Payload::String(text) => json!([text]),
    }
}

fn tell(event: &str, namespace: &str, args: Value) {
    println!("{}", json!({ "event": event, "namespace": namespace, "args": args }));
}
