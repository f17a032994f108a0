//! Spans of requests, for a collector of OpenTelemetry. The standard variables say where it is and what is sent:
//! OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER and so on.

use std::env;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, Method},
    middleware::Next,
    response::Response,
};
use opentelemetry::{
    Key,
    propagation::{Extractor, TextMapPropagator},
    trace::TracerProvider,
};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    propagation::TraceContextPropagator,
    resource::{EnvResourceDetector, ResourceDetector},
    trace::SdkTracerProvider,
};
use tracing::{Instrument, Level, Span, field::Empty, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::{config::LogFormat, log, request};

/// A collector is where one of these says.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
/// Its spans are not for the log.
const TARGET: &str = "jifen::telemetry";
/// The methods of which OpenTelemetry knows.
const KNOWN: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::CONNECT,
    Method::OPTIONS,
    Method::TRACE,
    Method::PATCH,
];
/// Characters of an operation's name that are sent.
const MAX_NAME: usize = 64;
/// Whose events say which operations a request came to.
const OPERATIONS: &str = "jifen::lanes";

/// Sends spans, until it is stopped.
pub struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Begins to log, and to send spans if a variable names a collector.
    pub fn start(format: LogFormat, filter: EnvFilter) -> Result<Self, ExporterBuildError> {
        let named = ENDPOINTS.iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
        let provider = named.then(provider).transpose()?;
        let spans = provider.as_ref().map(|provider| {
            let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("jifen"));
            let layer =
                layer.with_location(false).with_threads(false).with_tracked_inactivity(false).with_target(false);
            layer.with_filter(filter_fn(|metadata| {
                metadata.target() == TARGET || metadata.target() == OPERATIONS && *metadata.level() <= Level::DEBUG
            }))
        });
        let log = log::layer(format).with_filter(filter.and(filter_fn(|metadata| metadata.target() != TARGET)));
        tracing_subscriber::registry().with(log).with(spans).init();
        Ok(Telemetry(provider))
    }

    /// Sends what is left. It blocks, for some seconds if the collector does not answer.
    pub fn stop(&self) -> OTelSdkResult {
        self.0.as_ref().map_or(Ok(()), SdkTracerProvider::shutdown)
    }
}

fn provider() -> Result<SdkTracerProvider, ExporterBuildError> {
    // The client of the exporter looks for it. An error: there is one.
    let _first = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder().with_http().build()?;
    let resource = Resource::builder();
    let named = env::var_os("OTEL_SERVICE_NAME").is_some()
        || EnvResourceDetector::new().detect().get(&Key::new("service.name")).is_some();
    let resource = if named { resource } else { resource.with_service_name("jifen") };
    Ok(SdkTracerProvider::builder().with_resource(resource.build()).with_batch_exporter(exporter).build())
}

/// Gives a request its span, which goes on from that of the caller, if the header `traceparent` names one.
pub async fn trace(request: Request, next: Next) -> Response {
    // With parameters in place of what is asked for: names are few.
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let (method, name) = match request.method().as_str() {
        method if KNOWN.iter().any(|known| known == method) => (method, method),
        // As OpenTelemetry says for methods that anybody may make up.
        _ => ("_OTHER", "HTTP"),
    };
    let span = info_span!(
        target: TARGET,
        "request",
        otel.name = format!("{name} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        graphql.operation.name = Empty,
        jifen.request.id = request::id(),
    );
    // An error: no collector is named.
    let _followed = span.set_parent(TraceContextPropagator::new().extract(&Headers(request.headers())));
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    if response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    response
}

/// What a request calls its operation, for its span once the caller is admitted: of anybody's it is not kept.
pub struct OperationName(Option<String>);

impl OperationName {
    /// Of this request, cut.
    pub fn of(request: &async_graphql::Request) -> Self {
        OperationName(request.operation_name.as_ref().map(|name| name.chars().take(MAX_NAME).collect()))
    }

    /// Records it in the span that is entered.
    pub fn record(self) {
        if let Some(name) = self.0 {
            Span::current().record("graphql.operation.name", name);
        }
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}
