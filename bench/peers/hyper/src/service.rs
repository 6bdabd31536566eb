//! Codestream's words and signatures, and the call of the service.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use hyper::client::{HttpConnector, ResponseFuture};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{body, Body, Client, Request, StatusCode};
use hyper_tls::HttpsConnector;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::Sha256;

use crate::log::Log;

const CLIENT_PATH: &str = "/clients/socketio/hubs/codestream";
const TOKEN_SECONDS: u64 = 3600;
/// A kept connection that is closed would cost a new one.
const MAX_KEPT: usize = 4096;
const REST_LIMIT: Duration = Duration::from_secs(8);

type Signer = Hmac<Sha256>;

pub struct Service {
    endpoint: String,
    key: Signer,
    /// Signs writer keys.
    secret: Signer,
    jwt_header: String,
    rest: Rest,
    pub log: Log,
}

/// A client for http pays nothing for TLS, which reads all authorities when it begins.
enum Rest {
    Plain(Client<HttpConnector>),
    Secure(Client<HttpsConnector<HttpConnector>>),
}

/// What a sendToRoom packet asks for.
pub struct Order<'a> {
    pub ack: &'a str,
    pub room: &'a str,
    pub message: String,
}

#[derive(Deserialize)]
struct Asked<'a> {
    room_id: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    base64::encode_config(bytes, base64::URL_SAFE_NO_PAD)
}

fn group_of(room: &str) -> String {
    format!("0~Lw~{}", base64url(room))
}

fn signer(key: &[u8]) -> Result<Signer, String> {
    Signer::new_from_slice(key).map_err(|error| error.to_string())
}

fn sign(key: &Signer, parts: &[&str]) -> impl AsRef<[u8]> {
    let mut mac = key.clone();
    parts.iter().for_each(|part| mac.update(part.as_bytes()));
    mac.finalize().into_bytes()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    digits.map(|all| all.chunks(2).map(|pair| pair.iter().fold(0, |sum, d| sum << 4 | d)).collect())
}

/// What the packet asks for, if its sender may.  All of its JSON is checked; data stays as it is.
pub fn read_send<'a>(user: &'a str, packet: &'a [u8]) -> Result<Order<'a>, String> {
    let text = std::str::from_utf8(packet).map_err(|error| error.to_string())?;
    let rest = text.strip_prefix("42").ok_or("not an event")?;
    let start = rest.find('[').ok_or("not an event")?;
    let (ack, json) = rest.split_at(start);
    if !ack.bytes().all(|c| c.is_ascii_digit()) {
        return Err("not an event".to_string());
    }
    let (name, asked): (&str, Asked) = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let room = user.strip_prefix("w.").unwrap_or("");
    let is_own = asked.room_id.strip_suffix("-control").unwrap_or(asked.room_id) == room;
    if name != "sendToRoom" || room.is_empty() || !is_own {
        return Err("not allowed".to_string());
    }
    let data = asked.data.get();
    let message = format!("42[\"message\",{{\"type\":\"editorMessage\",\"data\":{}}}]", data);
    Ok(Order { ack, room, message })
}

impl Rest {
    fn new(is_secure: bool) -> Rest {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(!is_secure);
        let mut builder = Client::builder();
        builder.pool_max_idle_per_host(MAX_KEPT);
        if is_secure {
            return Rest::Secure(builder.build(HttpsConnector::new_with_connector(tcp)));
        }
        Rest::Plain(builder.build(tcp))
    }

    fn request(&self, request: Request<Body>) -> ResponseFuture {
        match self {
            Rest::Plain(client) => client.request(request),
            Rest::Secure(client) => client.request(request),
        }
    }
}

impl Service {
    pub fn new(connection: &str) -> Result<Service, String> {
        let (mut endpoint, mut key) = (String::new(), String::new());
        for (name, value) in connection.split(';').filter_map(|part| part.split_once('=')) {
            match name.to_ascii_lowercase().as_str() {
                "endpoint" => endpoint = value.trim_end_matches('/').to_string(),
                "accesskey" => key = value.to_string(),
                _ => {}
            }
        }
        if endpoint.is_empty() || key.is_empty() {
            return Err("the connection string needs an Endpoint and an AccessKey".to_string());
        }
        let key = signer(key.as_bytes())?;
        let secret = signer(sign(&key, &["codestream secret\n"]).as_ref())?;
        let jwt_header = base64url("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
        let rest = Rest::new(endpoint.starts_with("https:"));
        Ok(Service { endpoint, key, secret, jwt_header, rest, log: Log::new() })
    }

    /// A token for an audience: a client's with its subject, or for a REST call its URL and nobody.
    fn mint(&self, audience: &str, subject: Option<&str>) -> Result<String, String> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since.map_err(|error| error.to_string())?.as_secs();
        let sub = subject.map_or(String::new(), |name| format!(",\"sub\":\"{}\"", name));
        let until = now + TOKEN_SECONDS;
        let claims = format!("{{\"iat\":{},\"exp\":{},\"aud\":\"{}\"{}}}", now, until, audience, sub);
        let payload = base64url(claims);
        let signature = sign(&self.key, &[&self.jwt_header, ".", &payload]);
        Ok(format!("{}.{}.{}", self.jwt_header, payload, base64url(signature)))
    }

    pub fn grant_room(&self) -> Result<String, String> {
        let mut seed = [0; 16];
        getrandom::getrandom(&mut seed).map_err(|error| error.to_string())?;
        let (endpoint, room) = (&self.endpoint, base64url(seed));
        let audience = format!("{}{}", endpoint, CLIENT_PATH);
        let token = self.mint(&audience, Some(&format!("w.{}", room)))?;
        let key = base64url(sign(&self.secret, &["codestream writer key\n", &room]));
        Ok(format!(
            "{{\"url\":\"{}/?access_token={}\",\"endpoint\":\"{}\",\"path\":\"{}\",\"token\":\"{}\",\
             \"room_id\":\"{}\",\"role\":\"writer\",\"writer_key\":\"{}\",\"expires_in\":{}}}",
            endpoint, token, endpoint, CLIENT_PATH, token, room, key, TOKEN_SECONDS
        ))
    }

    /// Is one of the signatures in the header ours?
    pub fn is_signed(&self, connection: &str, header: &str) -> bool {
        let theirs = header.split(',').map(str::trim).filter_map(|item| item.strip_prefix("sha256="));
        theirs.filter_map(from_hex).any(|signature| {
            let mut mac = self.key.clone();
            mac.update(connection.as_bytes());
            mac.verify_slice(&signature).is_ok()
        })
    }

    /// To everybody in the room but the sender; returns when the service has it.
    pub async fn send(&self, room: &str, socket: &str, message: String) -> Result<(), String> {
        let url = format!(
            "{}/api/hubs/codestream/groups/{}/:send?api-version=2024-01-01&filter=not%20('{}'%20in%20groups)",
            self.endpoint, group_of(room), group_of(socket)
        );
        let token = self.mint(&url, None)?;
        let request = Request::post(&url)
            .header(AUTHORIZATION, format!("Bearer {}", token))
            .header(CONTENT_TYPE, "text/plain")
            .body(Body::from(message))
            .map_err(|error| error.to_string())?;
        let call = async {
            let answer = self.rest.request(request).await?;
            let status = answer.status();
            body::to_bytes(answer.into_body()).await?;
            Ok::<StatusCode, hyper::Error>(status)
        };
        let limited = tokio::time::timeout(REST_LIMIT, call).await;
        match limited.map_err(|error| error.to_string())?.map_err(|error| error.to_string())? {
            StatusCode::ACCEPTED => Ok(()),
            other => Err(format!("the service answered {}", other.as_u16())),
        }
    }
}
