//! Batches as files: CSV in, CSV or JSON lines out.

use std::{
    io::{self, Read},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{
    Extension, Json, Router,
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::spawn_blocking,
    time::{Instant, timeout_at},
};
use tracing::warn;
use uuid::Uuid;

use super::{
    BatchRow, Intake, Queued, ROWS, RowState, find, may_see,
    queue::{Fault, PIECE, Rows, Upload},
    table::{Table, at_line},
};
use crate::{
    access::for_batches,
    client::{Caller, Clients},
    error::Error,
    ledger::{Request, check_text},
    reads::Reads,
    request::Carried,
    server::connections::Peer,
};

/// Bytes of a file.
const MAX_FILE: usize = 1 << 29;
/// Parts of a file, and pieces of rows, that wait for one another.
const AHEAD: usize = 2;
/// A file that takes longer is not waited for: its place is another's.
const LONGEST: Duration = Duration::from_secs(1800);
/// Answers that are sent at a time.
const DOWNLOADS: usize = 4;
/// Rows that are read at a time for an answer.
const PAGE: i32 = 1000;

struct Door {
    intake: Intake,
    clients: Arc<Clients>,
    reads: Reads,
    downloads: Arc<Semaphore>,
}

/// POST /batches and GET /batches/TICKET.csv.
pub fn routes(intake: Intake, clients: Arc<Clients>, reads: Reads) -> Router {
    Router::new().route("/batches", post(upload)).route("/batches/{file}", get(download)).with_state(Arc::new(Door {
        intake,
        clients,
        reads,
        downloads: Arc::new(Semaphore::new(DOWNLOADS)),
    }))
}

#[derive(Deserialize)]
struct Label {
    label: Option<String>,
}

async fn upload(
    State(door): State<Arc<Door>>,
    Extension(peer): Extension<Peer>,
    Query(Label { label }): Query<Label>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let admitted = match door.admit(&peer, &headers, label.as_deref()).await {
        Ok(admitted) => admitted,
        Err(error) => return refused(error),
    };
    // To its end, even if whoever sends it goes away meanwhile: then it is dropped.
    let read = tokio::spawn(Carried::new().run(async move {
        let Admitted { client_id, key, place: _place } = admitted;
        let upload = door.intake.open(client_id, &key, label.as_deref()).await.map_err(|fault| fault.error)?;
        let read = door.fill(&upload, &key, label.as_deref(), body).await;
        if read.is_err()
            && !upload.known
            && let Err(fault) = door.intake.drop(&upload).await
        {
            warn!(ticket = %upload.ticket, "an upload is dropped in an hour: {}", fault.error.message);
        }
        read
    }));
    match read.await {
        Ok(Ok(Queued { ticket, replayed, .. })) => {
            let status = if replayed { StatusCode::OK } else { StatusCode::ACCEPTED };
            (status, Json(json!({ "ticket": ticket.to_string(), "replayed": replayed }))).into_response()
        }
        Ok(Err(error)) => refused(error),
        Err(error) => refused(Error::internal(&error)),
    }
}

struct Admitted {
    client_id: i32,
    key: String,
    place: OwnedSemaphorePermit,
}

impl Door {
    async fn caller(&self, peer: &Peer, headers: &HeaderMap) -> Result<Caller, Error> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(caller) = self.clients.authenticate(authorization, Some(peer.address())).await? else {
            self.clients.stranger(peer.address()).take_request()?;
            return Err(Error::unauthenticated());
        };
        caller.take_request()?;
        for_batches(&caller)?;
        Ok(caller)
    }

    async fn admit(&self, peer: &Peer, headers: &HeaderMap, label: Option<&str>) -> Result<Admitted, Error> {
        let caller = self.caller(peer, headers).await?;
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !content_type.trim_start().to_ascii_lowercase().starts_with("text/csv") {
            return Err(Error::malformed("Content-Type must be text/csv".to_owned()));
        }
        let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        if key.is_empty() {
            return Err(Error::malformed("the header Idempotency-Key is missing".to_owned()));
        }
        check_text("label", label.unwrap_or_default())?;
        Ok(Admitted { client_id: caller.id, key, place: self.intake.place()? })
    }

    /// Stores the rows of a file, piece by piece, and then says that it is whole.
    async fn fill(&self, upload: &Upload, key: &str, label: Option<&str>, body: Body) -> Result<Queued, Error> {
        let (sender, parts) = mpsc::channel(AHEAD);
        let (rows, mut pieces) = mpsc::channel(AHEAD);
        let client_id = upload.client_id;
        let receiving = tokio::spawn(receive(body, sender));
        // Ends with the file, or when nobody wants more.
        spawn_blocking(move || parse(Parts { parts, rest: Bytes::new() }, client_id, &rows));
        let mut written = Rows::default();
        while let Some(piece) = pieces.recv().await {
            let (lines, requests): (Vec<u64>, Vec<Request>) = piece?.into_iter().unzip();
            let values = requests.iter().map(|request| written.write(request)).collect::<Result<Vec<_>, _>>()?;
            if !upload.known {
                let appended = self.intake.append(upload, &values).await;
                appended.map_err(|fault| of_line(fault, &lines))?;
            }
        }
        receiving.abort();
        let closed = self.intake.close(upload, key, label, &written.fingerprint()).await;
        closed.map_err(|fault| fault.error)
    }
}

/// Says which line is at fault. The row counts from the start of the batch, and pieces are whole but for the last.
fn of_line(fault: Fault, lines: &[u64]) -> Error {
    let Some(&line) = fault.row.and_then(|row| lines.get(row % PIECE)) else { return fault.error };
    let error = fault.error;
    match error.code.as_str() {
        "INVALID_INPUT" => Error { ..at_line(line, "row", &error.message) },
        _ => Error {
            message: format!("line {line}: {}", error.message),
            details: Some(async_graphql::Json(json!({ "line": line, "column": "row" }))),
            ..error
        },
    }
}

async fn receive(body: Body, sender: mpsc::Sender<io::Result<Bytes>>) {
    let mut parts = pin!(body.into_data_stream());
    let mut read = 0;
    let end = Instant::now() + LONGEST;
    loop {
        let part = match timeout_at(end, parts.next()).await {
            Ok(None) => return,
            Ok(Some(Ok(part))) => {
                read += part.len();
                if read > MAX_FILE { Err(io::Error::other("it has more than 512 MiB")) } else { Ok(part) }
            }
            Ok(Some(Err(error))) => Err(io::Error::other(error)),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let last = part.is_err();
        if sender.send(part).await.is_err() || last {
            return;
        }
    }
}

/// A body, for a thread that reads.
struct Parts {
    parts: mpsc::Receiver<io::Result<Bytes>>,
    rest: Bytes,
}

impl Read for Parts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.parts.blocking_recv() {
                Some(part) => self.rest = part?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.rest.len());
        buffer[..length].copy_from_slice(&self.rest.split_to(length));
        Ok(length)
    }
}

type Piece = Result<Vec<(u64, Request)>, Error>;

fn parse(parts: Parts, client_id: i32, sender: &mpsc::Sender<Piece>) {
    let mut table = match Table::open(parts) {
        Ok(table) => table,
        // Nobody listens: the upload has ended.
        Err(error) => return drop(sender.blocking_send(Err(error))),
    };
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let ended = loop {
            match table.next(client_id) {
                Ok(Some(row)) => piece.push(row),
                Ok(None) => break true,
                Err(error) => return drop(sender.blocking_send(Err(error))),
            }
            if piece.len() == PIECE {
                break false;
            }
        };
        if !piece.is_empty() && sender.blocking_send(Ok(piece)).is_err() || ended {
            return;
        }
    }
}

async fn download(
    State(door): State<Arc<Door>>,
    Extension(peer): Extension<Peer>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    match door.send(&file, &peer, &headers).await {
        Ok(Some(response)) => response,
        Ok(None) => (StatusCode::NOT_FOUND, "no such batch\n").into_response(),
        Err(error) => refused(error),
    }
}

#[derive(Clone, Copy)]
enum Format {
    Csv,
    Lines,
}

impl Door {
    async fn send(self: Arc<Self>, file: &str, peer: &Peer, headers: &HeaderMap) -> Result<Option<Response>, Error> {
        let caller = self.caller(peer, headers).await?;
        let (ticket, format) = match file.rsplit_once('.') {
            Some((ticket, "csv")) => (ticket, Format::Csv),
            Some((ticket, "jsonl")) => (ticket, Format::Lines),
            _ => return Ok(None),
        };
        let Ok(ticket) = ticket.parse() else { return Ok(None) };
        if find(&self.reads, ticket).await?.is_none_or(|batch| !may_see(&caller, &batch)) {
            return Ok(None);
        }
        let (content_type, header) = match format {
            Format::Csv => {
                ("text/csv; charset=utf-8", "number,idempotency_key,state,points,operation_id,code,message\n")
            }
            Format::Lines => ("application/x-ndjson", ""),
        };
        // Kept until the last is sent, or whoever takes them goes away.
        let place = self.downloads.clone().try_acquire_owned().map_err(|_| Error::overloaded())?;
        let pages = stream::try_unfold((place, Some(0)), move |(place, after)| {
            let door = self.clone();
            async move {
                let Some(after) = after else { return Ok(None) };
                let rows = door.page(ticket, after).await?;
                let last = rows.last().filter(|_| rows.len() == PAGE as usize).map(|row| row.number);
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Some((
                    Bytes::from(write(&rows, format)?),
                    (place, last),
                )))
            }
        });
        let body = stream::iter([Ok(Bytes::from(header))]).chain(pages);
        Ok(Some(([(CONTENT_TYPE, content_type)], Body::from_stream(body)).into_response()))
    }

    async fn page(&self, ticket: Uuid, after: i32) -> Result<Vec<BatchRow>, String> {
        let rows = self.reads.query(ROWS, &[&ticket, &after, &PAGE, &None::<RowState>]).await;
        let rows = rows.map_err(|error| error.message)?;
        rows.iter().map(BatchRow::from_row).collect::<Result<_, _>>().map_err(|error| error.to_string())
    }
}

fn write(rows: &[BatchRow], format: Format) -> Result<Vec<u8>, io::Error> {
    let mut written = Vec::new();
    let mut table = csv::WriterBuilder::new().from_writer(&mut written);
    let mut lines = String::new();
    for row in rows {
        let state = match row.state {
            RowState::Waiting => "waiting",
            RowState::Done => "done",
            RowState::Refused => "refused",
            RowState::Failed => "failed",
        };
        match format {
            Format::Csv => table.write_record([
                row.number.to_string().as_str(),
                row.idempotency_key.as_deref().unwrap_or_default(),
                state,
                &row.points.map(|points| points.to_string()).unwrap_or_default(),
                &row.operation_id.map(|id| id.to_string()).unwrap_or_default(),
                row.code.as_deref().unwrap_or_default(),
                row.message.as_deref().unwrap_or_default(),
            ])?,
            Format::Lines => {
                let line: Value = json!({
                    "number": row.number, "idempotencyKey": row.idempotency_key, "state": state, "points": row.points,
                    "operationId": row.operation_id.map(|id| id.to_string()), "code": row.code, "message": row.message,
                    "details": row.details.as_ref().map(|details| &details.0),
                });
                lines += &line.to_string();
                lines.push('\n');
            }
        }
    }
    table.flush()?;
    drop(table);
    written.extend_from_slice(lines.as_bytes());
    Ok(written)
}

fn refused(error: Error) -> Response {
    let status = match error.code.as_str() {
        "UNAUTHENTICATED" => StatusCode::UNAUTHORIZED,
        "FORBIDDEN" => StatusCode::FORBIDDEN,
        "INVALID_INPUT" => StatusCode::BAD_REQUEST,
        "IDEMPOTENCY_CONFLICT" => StatusCode::CONFLICT,
        "RATE_LIMITED" => StatusCode::TOO_MANY_REQUESTS,
        _ if error.retryable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let seconds = error.details.as_ref().and_then(|details| details["retryAfterSeconds"].as_u64()).unwrap_or(1);
    let retryable = error.retryable;
    let mut response = (status, Json(error.into_response())).into_response();
    if retryable {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}
