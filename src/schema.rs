//! The GraphQL schema: the roots of all domains in one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_graphql::{
    Data, Executor, MergedObject, MergedSubscription, Request, Response, Schema, SchemaBuilder, ValidationMode,
    async_trait::async_trait,
    dataloader::DataLoader,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute},
};
use futures_util::{FutureExt, StreamExt, stream, stream::BoxStream};
use prometheus::IntGauge;

use crate::{
    account::{AccountQuery, AccountSubscription},
    activity::{ActivityMutation, ActivityQuery},
    alert::{AlertMutation, AlertQuery, AlertSubscription, alert_clock},
    archive::{ArchiveMutation, ArchiveQuery},
    backtest::{BacktestQuery, Reports},
    campaign::{CampaignMutation, CampaignQuery, CampaignSubscription, live_campaigns},
    deduction::DeductionQuery,
    document::Document,
    erasure::ErasureMutation,
    error::{self, Error},
    expiry::ExpiryMutation,
    explain::ExplainQuery,
    feed::Feed,
    flow::{FlowMutation, FlowQuery},
    freeze::FreezeMutation,
    hold::{HoldMutation, HoldQuery},
    intake::{Intake, IntakeMutation, IntakeQuery, IntakeSubscription, live_batches},
    integrity::{IntegrityMutation, IntegrityQuery},
    invitation::{InvitationMutation, InvitationQuery},
    jobs::{JobMutation, JobQuery},
    lanes::Lanes,
    ledger::LedgerMutation,
    level::LevelSubscription,
    level_program::{LevelMutation, LevelQuery},
    limit::{LimitMutation, LimitQuery},
    merge::MergeMutation,
    metrics,
    operation::EntrySubscription,
    pairs::Pairs,
    persisted::{Allowed, Kept},
    preview::PreviewQuery,
    reads::{AccountReads, Reads},
    redemption::{RedemptionMutation, RedemptionQuery, RedemptionSubscription},
    reversal::ReversalMutation,
    review::{ReviewMutation, ReviewQuery, ReviewSubscription, review_queues},
    reward::{RewardMutation, RewardQuery},
    risk::{RiskMutation, RiskQuery},
    rule::{RuleMutation, RuleQuery},
    seal::SealQuery,
    sign_in::{SignInMutation, SignInQuery},
    sockets,
    task::{TaskMutation, TaskQuery},
    transfer::TransferMutation,
    variables::{InputTypes, all_given},
    webhooks::{WebhookMutation, WebhookQuery},
};

/// Questions about members' points.
#[derive(Default, MergedObject)]
pub struct Query(
    HoldQuery,
    RewardQuery,
    RedemptionQuery,
    DeductionQuery,
    RuleQuery,
    CampaignQuery,
    LimitQuery,
    RiskQuery,
    ReviewQuery,
    ExplainQuery,
    PreviewQuery,
    BacktestQuery,
    SignInQuery,
    TaskQuery,
    InvitationQuery,
    JobQuery,
    ArchiveQuery,
    IntegrityQuery,
    SealQuery,
    LevelQuery,
    ActivityQuery,
    WebhookQuery,
    IntakeQuery,
    AlertQuery,
    FlowQuery,
    // A field is looked for in the last of these first.
    AccountQuery,
);

/// Operations on members' points.
#[derive(Default, MergedObject)]
pub struct Mutation(
    HoldMutation,
    ReversalMutation,
    FreezeMutation,
    TransferMutation,
    RedemptionMutation,
    RewardMutation,
    RuleMutation,
    CampaignMutation,
    LimitMutation,
    RiskMutation,
    ReviewMutation,
    ExpiryMutation,
    ErasureMutation,
    MergeMutation,
    SignInMutation,
    TaskMutation,
    InvitationMutation,
    JobMutation,
    ArchiveMutation,
    IntegrityMutation,
    LevelMutation,
    ActivityMutation,
    WebhookMutation,
    IntakeMutation,
    AlertMutation,
    FlowMutation,
    LedgerMutation,
);

/// What changes, as it changes: over a WebSocket or as server-sent events. After a lost connection a subscription goes on
/// where it was, if it says what came last.
#[derive(Default, MergedSubscription)]
pub struct Subscription(
    AccountSubscription,
    EntrySubscription,
    LevelSubscription,
    RedemptionSubscription,
    ReviewSubscription,
    CampaignSubscription,
    IntakeSubscription,
    AlertSubscription,
);

/// Levels of fields. Introspection as GraphiQL does it needs 13.
const MAX_DEPTH: usize = 16;
/// Fields, with lists counted by their length: 500 awards of 40 fields each.
const MAX_COMPLEXITY: usize = 20_000;
const MAX_RECURSION: usize = 32;
const MAX_DIRECTIVES: usize = 16;

/// Documents that are kept; past it all are forgotten. Clients send few, with variables.
const MAX_DOCUMENTS: usize = 256;
const MAX_DOCUMENT: usize = 4096;

/// All of it.
pub(crate) type Root = Schema<Query, Mutation, Subscription>;

/// The schema, ready to execute.
#[derive(Clone)]
pub struct Api {
    /// Executes what is valid.
    schema: Root,
    /// Says whether it is.
    validator: Root,
    types: Arc<InputTypes>,
    documents: Arc<Mutex<HashMap<String, Arc<Document>>>>,
    kept: Arc<Kept>,
    allowed: Option<Arc<Allowed>>,
    /// Requests on sockets that run.
    running: IntGauge,
}

/// One of them, as long as it is kept.
struct Running(IntGauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Api {
    /// The schema over these ways of writing and reading.
    #[allow(clippy::too_many_arguments, reason = "each is a way of its own")]
    pub fn new(
        feed: &Feed,
        lanes: Lanes,
        pairs: Pairs,
        accounts: AccountReads,
        reads: Reads,
        reports: Reports,
        intake: Intake,
        introspection: bool,
    ) -> Self {
        let validator = validator(introspection);
        let schema = build(introspection)
            .validation_mode(ValidationMode::Fast)
            .data(review_queues(feed))
            .data(live_campaigns(feed))
            .data(live_batches(feed))
            .data(intake)
            .data(alert_clock(feed))
            .data(feed.clone())
            .data(lanes)
            .data(pairs)
            .data(accounts)
            .data(reports)
            // What requests of one moment ask for alike is read by one statement; no timer holds a lone one back.
            .data(DataLoader::new(reads, tokio::spawn).delay(Duration::ZERO).max_batch_size(256))
            .finish();
        Api {
            types: Arc::new(InputTypes::of(&validator.sdl())),
            schema,
            validator,
            documents: Arc::default(),
            kept: Arc::default(),
            allowed: None,
            running: metrics::subscriptions(),
        }
    }

    /// The same, for these documents and no others; None: for all.
    pub fn allowing(self, allowed: Option<Arc<Allowed>>) -> Self {
        Api { allowed, ..self }
    }

    /// Finds the document that a request names, and refuses what may not be asked for. None: it does not parse.
    fn admit(&self, request: &mut Request, session: Option<&Data>) -> Result<Option<Arc<Document>>, Error> {
        if let Some(allowed) = &self.allowed {
            return allowed.resolve(request).map(Some);
        }
        let sent = self.kept.resolve(request)?;
        let document = self.parse_once(request)?;
        if let Some(hash) = sent.filter(|_| document.is_some()) {
            self.kept.keep(hash, request, session);
        }
        Ok(document)
    }

    /// Refuses what is not valid: a document as a whole once, what it is given each time.
    async fn validate(&self, request: &mut Request, document: Option<&Document>) -> Result<(), Response> {
        let operation = request.operation_name.as_deref();
        if let Some(document) = document
            && document.is_valid()
            && self.types.hold(&document.parsed, operation, &request.variables)
        {
            return Ok(());
        }
        let whole = document.filter(|document| all_given(&document.parsed, operation, &request.variables));
        let mut asked = Request::new(&request.query).variables(request.variables.clone());
        asked.operation_name = request.operation_name.clone();
        if let Ok(parsed) = request.parsed_query() {
            asked.set_parsed_query(parsed.clone());
        }
        let response = self.validator.execute(asked).await;
        if response.is_err() {
            return Err(error::complete(response));
        }
        if let Some(document) = whole {
            document.set_valid();
        }
        Ok(())
    }

    /// How many subscriptions, and other requests on sockets, run.
    pub fn running(&self) -> &IntGauge {
        &self.running
    }

    /// Refuses what no document may ask for. None: it does not parse, which is left to the schema.
    fn parse_once(&self, request: &mut Request) -> Result<Option<Arc<Document>>, Error> {
        let short = request.query.len() <= MAX_DOCUMENT;
        let known = short.then(|| self.documents().get(&request.query).cloned()).flatten();
        if let Some(document) = known {
            request.set_parsed_query(document.parsed.clone());
            return Ok(Some(document));
        }
        let Ok(parsed) = request.parsed_query() else { return Ok(None) };
        let document = Arc::new(Document::new(parsed.clone())?);
        if short {
            let mut documents = self.documents();
            if documents.len() >= MAX_DOCUMENTS {
                documents.clear();
            }
            documents.insert(request.query.clone(), document.clone());
        }
        Ok(Some(document))
    }

    fn documents(&self) -> MutexGuard<'_, HashMap<String, Arc<Document>>> {
        self.documents.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn build(introspection: bool) -> SchemaBuilder<Query, Mutation, Subscription> {
    let builder = Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        .limit_recursive_depth(MAX_RECURSION)
        .limit_directives(MAX_DIRECTIVES);
    // Suggestions would tell of the schema name by name.
    if introspection { builder } else { builder.disable_introspection().disable_suggestions() }
}

/// Says of a request whether it is valid, and does nothing.
pub(crate) fn validator(introspection: bool) -> Root {
    build(introspection).extension(ValidateOnly).finish()
}

/// The same, as far as the schema does it that executes.
#[cfg(test)]
pub(crate) fn fast_validator() -> Root {
    build(true).validation_mode(ValidationMode::Fast).extension(ValidateOnly).finish()
}

/// Ends a request where it would be executed.
struct ValidateOnly;

impl ExtensionFactory for ValidateOnly {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(ValidateOnly)
    }
}

#[async_trait]
impl Extension for ValidateOnly {
    async fn execute(&self, _: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        Response::default()
    }
}

/// Over HTTP and over a WebSocket alike, every error gets its code.
#[async_trait]
impl Executor for Api {
    async fn execute(&self, mut request: Request) -> Response {
        let document = match self.admit(&mut request, None) {
            Ok(document) => document,
            Err(error) => return error.into_response(),
        };
        match self.validate(&mut request, document.as_deref()).await {
            Ok(()) => error::complete(self.schema.execute(request).await),
            Err(refusal) => refusal,
        }
    }

    fn execute_stream(&self, mut request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let turn = match session.as_deref().map(sockets::take_turn).transpose() {
            Ok(turn) => turn,
            Err(error) => return stream::iter([error.into_response()]).boxed(),
        };
        let document = match self.admit(&mut request, session.as_deref()) {
            Ok(document) => document,
            Err(error) => return stream::iter([error.into_response()]).boxed(),
        };
        let api = self.clone();
        let responses = async move {
            match api.validate(&mut request, document.as_deref()).await {
                Ok(()) => Executor::execute_stream(&api.schema, request, session),
                Err(refusal) => stream::iter([refusal]).boxed(),
            }
        };
        let responses = responses.flatten_stream();
        self.running.inc();
        let running = Running(self.running.clone());
        responses
            .map(move |response| {
                let _until_the_end = (&turn, &running);
                error::complete(response)
            })
            .boxed()
    }
}

/// The schema in GraphQL's own language. Needs no database.
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    Schema::build(Query::default(), Mutation::default(), Subscription::default()).finish().sdl_with_options(options)
}
