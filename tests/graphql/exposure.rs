//! What a gateway shows, and to pages of which origins.

use jifen::config::{Exposure, Switch};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Gateway;
use crate::common::Database;

async fn gateway(exposure: &Exposure) -> (Gateway, Database) {
    let database = Database::new().await;
    let (gateway, stop) = Gateway::with(&database.url(), "none", None, exposure).await;
    std::mem::forget(stop);
    (gateway, database)
}

impl Gateway {
    async fn status(&self, path: &str) -> StatusCode {
        self.http.get(format!("http://{}{path}", self.address)).send().await.unwrap().status()
    }
}

#[tokio::test]
async fn the_schema_and_graphiql_can_be_kept_back() {
    let (open, _database) = gateway(&Exposure::default()).await;
    let closed = Exposure { introspection: Switch(false), graphiql: Switch(false), ..Exposure::default() };
    let (closed, _database) = gateway(&closed).await;
    let ask = async |gateway: &Gateway, query: &str| {
        let request = gateway.http.post(format!("http://{}/graphql", gateway.address)).json(&json!({ "query": query }));
        request.send().await.unwrap().json::<Value>().await.unwrap().to_string()
    };
    for (query, told) in [
        ("{ __schema { queryType { name } } }", "\"Query\""),
        ("{ __type(name: \"Account\") { name } }", "\"Account\""),
    ] {
        let answer = ask(&open, query).await;
        assert!(answer.contains(told), "{answer}");
        let answer = ask(&closed, query).await;
        assert!(!answer.contains(told), "{answer}");
    }
    // nor is a name told to who comes near it
    for (gateway, told) in [(&open, true), (&closed, false)] {
        let answer = ask(gateway, "{ acount(userId: \"alice\") { version } }").await;
        assert_eq!(answer.contains("Did you mean"), told, "{answer}");
    }
    for path in ["/", "/graphiql/page.js"] {
        assert_eq!((open.status(path).await, closed.status(path).await), (StatusCode::OK, StatusCode::NOT_FOUND));
    }
}

#[tokio::test]
async fn pages_of_named_origins_may_ask_and_others_not() {
    let shop = "https://shop.example";
    let exposure = Exposure { cors_origin: vec![shop.parse().unwrap()], ..Exposure::default() };
    for (exposure, origin, allowed) in [
        (&exposure, shop, Some(shop)),
        (&exposure, "https://shop.example.evil.example", None),
        (&exposure, "null", None),
        (&Exposure::default(), shop, None),
    ] {
        let (gateway, _database) = gateway(exposure).await;
        let url = format!("http://{}/graphql", gateway.address);
        let preflight = gateway
            .http
            .request(Method::OPTIONS, &url)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        let asked = gateway.http.post(&url).header("origin", origin).json(&json!({ "query": "{ __typename }" }));
        for request in [preflight, asked] {
            let response = request.send().await.unwrap();
            let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!(header("access-control-allow-origin"), allowed, "{origin}");
            assert_eq!(header("access-control-allow-credentials"), None);
        }
    }
}

#[tokio::test]
async fn every_answer_has_headers_that_browsers_heed() {
    let (gateway, _database) = gateway(&Exposure::default()).await;
    for path in ["/graphql", "/", "/healthz", "/nothing"] {
        let response = gateway.http.get(format!("http://{}{path}", gateway.address)).send().await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(header("cache-control"), if path == "/" { "no-cache" } else { "no-store" }, "{path}");
    }
}
