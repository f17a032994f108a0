use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use tokio::net::TcpListener;

use super::signature;

/// What was posted to a receiver.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub id: String,
    pub timestamp: String,
    pub signature: String,
    pub body: String,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether one of its signatures is by this secret.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let expected = signature(secret, &self.id, &self.timestamp, &self.body);
        self.signature.split(' ').any(|signature| signature == expected)
    }
}

type Answer = dyn Fn(&Received, usize) -> Option<Response> + Send + Sync;

/// A receiver of webhooks on a port of its own, that keeps what it gets.
#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    got: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// `answer` gets what was posted and how much was before it; None: it never answers.
    pub async fn start(answer: impl Fn(&Received, usize) -> Option<Response> + Send + Sync + 'static) -> Receiver {
        let answer: Arc<Answer> = Arc::new(answer);
        let got = Arc::new(Mutex::new(Vec::new()));
        let keep = got.clone();
        let app = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let header = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
            assert_eq!(header("content-type"), "application/json");
            let received = Received {
                path: uri.path().to_owned(),
                id: header("webhook-id"),
                timestamp: header("webhook-timestamp"),
                signature: header("webhook-signature"),
                body: String::from_utf8(body.to_vec()).unwrap(),
            };
            let mut got = keep.lock().unwrap();
            let response = answer(&received, got.len());
            got.push(received);
            async move {
                match response {
                    Some(response) => response,
                    None => std::future::pending().await,
                }
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Receiver { address, got }
    }

    /// One that takes all.
    pub async fn willing() -> Receiver {
        Receiver::start(|_, _| Some(StatusCode::NO_CONTENT.into_response())).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn got(&self) -> Vec<Received> {
        self.got.lock().unwrap().clone()
    }
}
