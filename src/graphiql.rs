//! GraphiQL at `/`, for trying Jifen out in a browser.
//!
//! Everything the page loads is compiled in, so that it works without the internet, and its
//! content security policy forbids loading from anywhere else. `graphiql/LICENSES.txt` says
//! where the files come from.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use sha2::{Digest, Sha256};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// GraphiQL needs inline styles, and has its fonts and small images inside its style sheet.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; font-src data:; img-src data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! asset {
    ($name:literal, $content_type:expr) => {
        (concat!("/graphiql/", $name), $content_type, include_bytes!(concat!("graphiql/", $name)))
    };
}

/// Path, content type and content of each file.
const FILES: [(&str, &str, &[u8]); 7] = [
    ("/", HTML, include_bytes!("graphiql/index.html")),
    asset!("page.js", SCRIPT),
    asset!("graphiql.min.js", SCRIPT),
    asset!("graphiql.min.css", STYLE),
    asset!("react.production.min.js", SCRIPT),
    asset!("react-dom.production.min.js", SCRIPT),
    asset!("LICENSES.txt", TEXT),
];

/// Serves the page at `/` and what it loads under `/graphiql/`.
pub fn routes() -> Router {
    let mut router = Router::new();
    for (path, content_type, content) in FILES {
        let etag = etag(content);
        let answer = async move |request: HeaderMap| respond(&request, content_type, content, &etag);
        router = router.route(path, get(answer));
    }
    router
}

/// The browser keeps the file but asks each time whether it is still the same one.
fn respond(
    request: &HeaderMap,
    content_type: &'static str,
    content: &'static [u8],
    etag: &str,
) -> impl IntoResponse + use<> {
    let unchanged =
        request.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).is_some_and(|tags| tags.contains(etag));
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::ETAG, etag.to_owned()),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    if unchanged { (StatusCode::NOT_MODIFIED, headers, &[][..]) } else { (StatusCode::OK, headers, content) }
}

fn etag(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let hex: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}
