use super::{Gateway, until};

#[tokio::test]
async fn graphiql_loads_from_this_server_alone() {
    let (gateway, _database) = Gateway::new().await;
    let get = async |path: &str| {
        let response = gateway.http.get(format!("http://{}{path}", gateway.address)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response
    };
    let page = get("/").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(!policy.contains("http") && !policy.contains('*'), "{policy}");
    let page = page.text().await.unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");

    let mut loaded = Vec::new();
    for attribute in [" src=\"", " href=\""] {
        loaded.extend(page.split(attribute).skip(1).map(|rest| rest.split_once('"').unwrap().0));
    }
    loaded.retain(|reference| !reference.starts_with("data:"));
    assert_eq!(loaded.len(), 5, "{loaded:?}");
    for path in loaded {
        assert!(path.starts_with("/graphiql/"), "{path}");
        assert!(!get(path).await.bytes().await.unwrap().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn health_and_readiness_are_told_without_a_key() {
    let (gateway, database) = Gateway::new().await;
    let status = async |path: &str| {
        gateway.http.get(format!("http://{}{path}", gateway.address)).send().await.unwrap().status().as_u16()
    };
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 200));
    database.client().await.batch_execute("alter view api.program rename to gone").await.unwrap();
    // what was found is known for a second
    until("the database is missed", async || status("/readyz").await == 503).await;
    assert_eq!(status("/healthz").await, 200);
}
