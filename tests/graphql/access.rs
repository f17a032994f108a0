//! Every field of the schema has a rule of who may ask for it, and every kind of caller meets it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::{StreamExt, stream};
use jifen::access::{self, GUARDED, MUTATIONS, Members, QUERIES, Rule, SUBSCRIPTIONS};
use serde_json::{Value, json};

use super::{Gateway, make_key, tokens::with_members};
use crate::common::Database;

/// Types that members reach with their own tokens. A new one here is one that members see: is that meant?
const MEMBERS_SEE: &[&str] = &[
    "AcceptTransferPayload",
    "Account",
    "Balance",
    "Campaign",
    "CampaignConnection",
    "CampaignEdge",
    "CancelTransferPayload",
    "ClaimTaskPayload",
    "CreateInvitationCodePayload",
    "DeclineTransferPayload",
    "DeductionQuote",
    "Draw",
    "Entry",
    "EntryConnection",
    "EntryEdge",
    "ExpiringPoints",
    "Hold",
    "HoldConnection",
    "HoldEdge",
    "InvitationTerms",
    "Invitations",
    "JoinByInvitationPayload",
    "Level",
    "LevelChange",
    "LevelChangeConnection",
    "LevelChangeEdge",
    "LevelProgram",
    "LevelStep",
    "LevelWarning",
    "LimitUse",
    "Lot",
    "LotConnection",
    "LotEdge",
    "MakeUpSignInPayload",
    "MakeUpTerms",
    "Notice",
    "NoticeConnection",
    "NoticeEdge",
    "Operation",
    "PageInfo",
    "Prize",
    "RedeemRewardPayload",
    "Redemption",
    "RedemptionChange",
    "RedemptionConnection",
    "RedemptionEdge",
    "Reward",
    "RewardConnection",
    "RewardEdge",
    "SetTimeZonePayload",
    "SignInCalendar",
    "SignInDay",
    "SignInPayload",
    "SignInTerms",
    "Task",
    "TaskProgress",
    "TaskProgressConnection",
    "TaskProgressEdge",
    "TransferPointsPayload",
];

/// Fields that lead to an account, or to what is booked on one. Each is of the account that the field of the root named,
/// or is guarded.
const LEAD_TO_ACCOUNTS: &[&str] = &[
    "AcceptTransferPayload.operation",
    "CancelTransferPayload.account",
    "CancelTransferPayload.entry",
    "CancelTransferPayload.operation",
    "ClaimTaskPayload.account",
    "ClaimTaskPayload.entry",
    "ClaimTaskPayload.operation",
    "CreateInvitationCodePayload.account",
    "CreateInvitationCodePayload.entry",
    "CreateInvitationCodePayload.operation",
    "DeclineTransferPayload.operation",
    "Entry.operation",
    "EntryConnection.nodes",
    "EntryEdge.node",
    "Hold.operation",
    "JoinByInvitationPayload.account",
    "JoinByInvitationPayload.entry",
    "JoinByInvitationPayload.operation",
    "LevelChange.operation",
    "MakeUpSignInPayload.account",
    "MakeUpSignInPayload.entry",
    "MakeUpSignInPayload.operation",
    "RedeemRewardPayload.account",
    "RedeemRewardPayload.entry",
    "RedeemRewardPayload.operation",
    "Redemption.operation",
    "SetTimeZonePayload.account",
    "SetTimeZonePayload.entry",
    "SetTimeZonePayload.operation",
    "SignInPayload.account",
    "SignInPayload.entry",
    "SignInPayload.operation",
    "TransferPointsPayload.account",
    "TransferPointsPayload.entry",
    "TransferPointsPayload.operation",
];

const USER: [&str; 2] = ["userId", "toUserId"];

/// The schema, as introspection tells it.
struct Schema(BTreeMap<String, Value>);

impl Schema {
    async fn of(gateway: &Gateway) -> Schema {
        let query = "{ __schema { types { kind name
            fields { name description type { ...t } args { name defaultValue type { ...t } } }
            inputFields { name defaultValue type { ...t } }
            enumValues { name } possibleTypes { name } } } }
            fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";
        let mut data = gateway.ask(query, json!({})).await;
        let Value::Array(types) = data["__schema"]["types"].take() else { panic!() };
        Schema(types.into_iter().map(|it| (it["name"].as_str().unwrap().to_owned(), it)).collect())
    }

    fn fields(&self, name: &str) -> &[Value] {
        self.0[name]["fields"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Whether a member is named by the field's arguments, or by an input among them.
    fn names_member(&self, field: &Value) -> bool {
        field["args"].as_array().unwrap().iter().any(|argument| {
            argument["name"] == "userId" || {
                let inputs = &self.0[named(&argument["type"])]["inputFields"];
                inputs.as_array().is_some_and(|inputs| inputs.iter().any(|input| input["name"] == "userId"))
            }
        })
    }

    /// A request for a field, as short as it can be.
    fn request(&self, root: &str, field: &Value, users: [&str; 2]) -> String {
        let name = field["name"].as_str().unwrap();
        let arguments = self.values(name, &field["args"], users);
        let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
        let result = &self.0[named(&field["type"])];
        let selection = match result["kind"].as_str().unwrap() {
            "UNION" => "{ __typename ... on Refusal { code } }",
            "OBJECT" => "{ __typename }",
            _ => "",
        };
        format!("{} {{ {name}{arguments} {selection} }}", root.to_lowercase())
    }

    fn values(&self, field: &str, inputs: &Value, users: [&str; 2]) -> String {
        let values = inputs.as_array().unwrap().iter().filter_map(|input| {
            let name = input["name"].as_str().unwrap();
            let value = match special(field, name) {
                Some(value) => value.to_owned(),
                None if input["type"]["kind"] != "NON_NULL" || !input["defaultValue"].is_null() => return None,
                None => self.value(field, name, &input["type"]["ofType"], users),
            };
            Some(format!("{name}: {value}"))
        });
        values.collect::<Vec<_>>().join(", ")
    }

    fn value(&self, field: &str, name: &str, of: &Value, users: [&str; 2]) -> String {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        match of["kind"].as_str().unwrap() {
            "NON_NULL" => self.value(field, name, &of["ofType"], users),
            "LIST" => format!("[{}]", self.value(field, name, &of["ofType"], users)),
            "INPUT_OBJECT" => {
                format!("{{ {} }}", self.values(field, &self.0[of["name"].as_str().unwrap()]["inputFields"], users))
            }
            "ENUM" => self.0[of["name"].as_str().unwrap()]["enumValues"][0]["name"].as_str().unwrap().to_owned(),
            _ => match (name, of["name"].as_str().unwrap()) {
                ("idempotencyKey", _) => format!("\"key-{number}\""),
                ("code", _) => format!("\"NEW_{number}\""),
                (_, "ID") => match USER.iter().position(|user| *user == name) {
                    Some(place) => format!("\"{}\"", users[place]),
                    None => "\"00000000-0000-4000-8000-000000000001\"".to_owned(),
                },
                (_, "Int" | "Points") => "1".to_owned(),
                (_, "Boolean") => "true".to_owned(),
                (_, "Decimal") => "\"1\"".to_owned(),
                (_, "DateTime") => "\"2030-01-01T00:00:00Z\"".to_owned(),
                (_, "Date") => "\"2030-01-01\"".to_owned(),
                _ => format!("\"{}\"", if name.to_lowercase().contains("rule") { "SIGN_IN" } else { "x" }),
            },
        }
    }
}

/// Values that no type tells.
fn special(field: &str, name: &str) -> Option<&'static str> {
    Some(match (field, name) {
        ("entryAdded", "after") => "\"0\"",
        ("levelChanged", "after") => "\"0_0\"",
        ("submitOperations", "operations") => "[]",
        ("flows", "from") => "\"2029-12-31T00:00:00Z\"",
        ("setAlertRule", "kind") => "JOB_LAG",
        ("acknowledgeDiscrepancy", "id") => "\"1\"",
        ("addBudget", "campaign") | ("changeCampaign", "code") => "\"SUMMER\"",
        ("addCoupons", "reward") => "\"VOUCHER\"",
        ("addStock", "reward") | ("changeReward", "code") | ("redeemReward", "reward") => "\"TEA\"",
        ("changeLimit", "code") => "\"CAP\"",
        ("changeWebhook" | "rotateWebhookSecret" | "pingWebhook" | "replayWebhookDeliveries", "name") => "\"hook\"",
        ("deleteWebhook", "name") => "\"gone\"",
        ("replayWebhookDeliveries", "since") => "\"2020-01-01T00:00:00Z\"",
        ("createWebhook", "name") => "\"another\"",
        ("createWebhook" | "changeWebhook", "url") => "\"https://example.com/\"",
        ("changeTask", "code") | ("claimTask" | "progressTask", "task") => "\"READ\"",
        ("createCampaign", "multiplier") => "\"2\"",
        ("createLimit" | "changeLimit", "maxTimes") => "1",
        ("draftRuleVersion", "fixedPoints") | ("setRiskRule", "threshold") => "1",
        ("extendExpiry", "operationId") => "\"00000000-0000-4000-8000-000000000001\"",
        ("runJob" | "setJob", "name") => "\"forget_origins\"",
        ("setJob", "schedule") => "\"PT10M\"",
        ("setInvitations", "qualifyingRule") => "\"REGISTER\"",
        _ => return None,
    })
}

fn named(of: &Value) -> &str {
    if of["ofType"].is_object() { named(&of["ofType"]) } else { of["name"].as_str().unwrap() }
}

/// What a request was answered: UNAUTHENTICATED, FORBIDDEN, a fault of ours, or something else.
fn verdict(response: &Value) -> String {
    let code = response["errors"][0]["extensions"]["code"].as_str();
    // the answers of a batch are in a list
    let in_batch = response["data"].as_object().and_then(|data| data.values().next()?[0]["code"].as_str());
    match code.or(in_batch) {
        Some(code @ ("UNAUTHENTICATED" | "FORBIDDEN" | "INTERNAL")) => code.to_owned(),
        _ => "answered".to_owned(),
    }
}

/// Who asks, and what they should be told.
struct Asker {
    name: String,
    gateway: Gateway,
    kind: Kind,
}

enum Kind {
    Nobody,
    Member { own: bool },
    Scopes(Vec<String>),
}

impl Kind {
    fn expected(&self, rule: &Rule) -> &'static str {
        match (self, rule.members) {
            (Kind::Nobody, _) => "UNAUTHENTICATED",
            (Kind::Member { .. }, Members::Always) | (Kind::Member { own: true }, Members::Own) => "answered",
            (Kind::Member { .. }, _) => "FORBIDDEN",
            (Kind::Scopes(held), _) => {
                if rule.scopes.iter().any(|scope| held.iter().any(|held| held == scope)) {
                    "answered"
                } else {
                    "FORBIDDEN"
                }
            }
        }
    }
}

async fn askers(gateway: &Gateway, database: &Database, token: &str) -> Vec<Asker> {
    let client = database.client().await;
    let mut askers = Vec::new();
    let mut push = |name: &str, key: &str, kind| {
        askers.push(Asker { name: name.to_owned(), gateway: gateway.with_key(key), kind });
    };
    push("nobody", "", Kind::Nobody);
    push("an unknown key", "jf_unknown", Kind::Nobody);
    push("a revoked key", &make_key(database, "revoked", &["operator", "earn", "spend"], None).await, Kind::Nobody);
    push("an expired key", &make_key(database, "expired", &["operator", "earn", "spend"], None).await, Kind::Nobody);
    push("a member on his own", token, Kind::Member { own: true });
    push("a member on another's", token, Kind::Member { own: false });
    for scope in ["earn", "spend", "reverse", "adjust", "rewards", "rules", "read", "audit"] {
        push(scope, &make_key(database, scope, &[scope], None).await, Kind::Scopes(vec![scope.to_owned()]));
    }
    for role in ["operator", "auditor"] {
        let key = make_key(database, role, &[role], None).await;
        let held = client.query_one("select scopes from api.client where name = $1", &[&role]).await.unwrap().get(0);
        push(role, &key, Kind::Scopes(held));
    }
    client
        .batch_execute(
            "select api.revoke_client('revoked');
             update points.client_key k set expires_at = now() from points.client c where c.id = k.client_id and c.name = 'expired'",
        )
        .await
        .unwrap();
    askers
}

impl Gateway {
    /// The first response to a request; a credential that is empty is none.
    async fn first(&self, query: &str, events: bool) -> Value {
        let mut request = self.http.post(format!("http://{}/graphql", self.address)).json(&json!({ "query": query }));
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        if !events {
            return request.send().await.unwrap().json().await.unwrap();
        }
        let mut response = request.header("accept", "text/event-stream").send().await.unwrap();
        let mut text = String::new();
        loop {
            let chunk = tokio::time::timeout(std::time::Duration::from_secs(40), response.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("nothing comes: {query}")).unwrap().expect(query);
            text += std::str::from_utf8(&chunk).unwrap();
            // a credential that is none is refused without a stream
            if let Some((_, data)) = text.split_once("data: ").filter(|(_, data)| data.contains("\n\n")) {
                return serde_json::from_str(data.split("\n\n").next().unwrap()).unwrap();
            } else if text.starts_with('{') {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn every_field_of_the_roots_has_a_rule_and_every_caller_meets_it() {
    let (gateway, database, signer) = with_members().await;
    // something to follow
    database
        .client()
        .await
        .batch_execute(
            "select api.create_reward('TEA', 'Tea', 'goods', 1, 'tea', 1000), api.create_reward('VOUCHER', 'Voucher', 'coupon', 1, 'voucher');
             select api.create_campaign('SUMMER', 'Summer', 'multiplier', '{ORDER}', 'summer', p_multiplier => 2, p_budget => 100);
             select api.create_limit('CAP', 'Cap', '{ORDER}', 'day', 'cap', 1000);
             select api.create_task('READ', 'Read', 'TASK', 'day', 'read', 1, 1);
             select api.create_webhook('hook', 'https://example.com/', '{entry.booked}', 'hook');
             select api.create_webhook('gone', 'https://example.com/', '{entry.booked}', 'gone');
             select api.redeem_reward('alice', 'TEA', 'r1')",
        )
        .await
        .unwrap();
    let schema = Schema::of(&gateway).await;
    let askers = askers(&gateway, &database, &signer.of("alice")).await;
    let mut asks = Vec::new();
    for (root, rules) in [("Query", QUERIES), ("Mutation", MUTATIONS), ("Subscription", SUBSCRIPTIONS)] {
        let fields = schema.fields(root);
        let names: Vec<_> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
        assert_eq!(
            names.iter().collect::<BTreeSet<_>>(),
            rules.iter().map(|rule| &rule.field).collect(),
            "a rule for each field of {root}"
        );
        for rule in rules {
            let field = fields.iter().find(|field| field["name"] == rule.field).unwrap();
            let named = schema.names_member(field);
            assert!(
                if named { rule.members != Members::Always } else { rule.members != Members::Own },
                "{}",
                rule.field
            );
            let description = field["description"].as_str().unwrap().replace('\n', " ");
            let said = description.split_once(&rule.sentence()).is_some_and(|(_, rest)| rest.starts_with(['.', ';']));
            assert!(said, "{} says: {}\n{description}", rule.field, rule.sentence());
            for asker in &askers {
                // What answers an offer is the receiver's.
                let own = match rule.field {
                    "acceptTransfer" | "declineTransfer" => ["bob", "alice"],
                    _ => ["alice", "bob"],
                };
                let users = match &asker.kind {
                    Kind::Member { own: false } => [own[1], own[0]],
                    Kind::Scopes(_) if root == "Mutation" => ["zed", "yan"],
                    _ => own,
                };
                asks.push((asker, rule, schema.request(root, field, users), root == "Subscription"));
            }
        }
    }
    assert!(asks.len() > 1_000);
    let wrong: Vec<_> = stream::iter(asks)
        .map(async |(asker, rule, query, events)| {
            let response = asker.gateway.first(&query, events).await;
            let expected = asker.kind.expected(rule);
            if verdict(&response) != expected {
                return Some(format!("{} should be {expected}: {query}\n    {response}", asker.name));
            }
            // To a member nothing is said of what there is.
            let error = &response["errors"][0]["extensions"];
            let silent = !matches!(asker.kind, Kind::Member { .. })
                || expected == "answered"
                || *error == json!({ "code": "FORBIDDEN", "retryable": false });
            (!silent).then(|| format!("{} is told too much: {query}\n    {response}", asker.name))
        })
        .buffer_unordered(8)
        .filter_map(async |wrong| wrong)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_type_that_members_reach_is_one_that_they_may_see() {
    let (gateway, _database) = Gateway::new().await;
    let schema = Schema::of(&gateway).await;
    let guarded: BTreeSet<_> = GUARDED.iter().map(|(field, _)| *field).collect();
    let rules = QUERIES.iter().chain(MUTATIONS).chain(SUBSCRIPTIONS).filter(|rule| rule.members != Members::Never);
    let open: BTreeSet<_> = rules.map(|rule| rule.field).collect();
    let roots = ["Query", "Mutation", "Subscription"];
    let mut waiting: Vec<&str> = roots
        .iter()
        .flat_map(|root| schema.fields(root))
        .filter(|field| open.contains(field["name"].as_str().unwrap()))
        .map(|field| named(&field["type"]))
        .collect();
    let (mut reached, mut leading, mut met) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    while let Some(of) = waiting.pop() {
        if schema.0[of]["kind"] != "OBJECT" || !reached.insert(of) {
            continue;
        }
        for field in schema.fields(of) {
            let (name, to) = (format!("{of}.{}", field["name"].as_str().unwrap()), named(&field["type"]));
            if guarded.contains(name.as_str()) {
                met.insert(name);
            } else if ["Account", "Entry", "Operation"].contains(&to) {
                leading.insert(name);
            }
            waiting.push(to);
        }
    }
    assert_eq!(reached, MEMBERS_SEE.iter().copied().collect());
    assert_eq!(leading, LEAD_TO_ACCOUNTS.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(met, guarded.iter().map(|name| (*name).to_owned()).collect(), "guarded fields that there are");
}

/// `JIFEN_BLESS=1` writes the page anew.
#[test]
fn the_page_says_who_may_ask_for_what() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/access.md");
    let page = fs::read_to_string(&file).unwrap();
    let (preface, tables) = page.split_once("## Query\n").unwrap();
    let expected = access::page();
    if std::env::var_os("JIFEN_BLESS").is_some() {
        return fs::write(&file, format!("{preface}{expected}")).unwrap();
    }
    assert!(
        format!("## Query\n{tables}") == expected,
        "the rules have changed; review them and run this with JIFEN_BLESS=1"
    );
}
