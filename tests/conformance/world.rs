//! A database with rows in all tables, and the names of what is in it.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use crate::common::{Database, Random};

/// What arguments may name: the kind of a thing, and how one is called.
const NAMES: &str = "
    select 'user', user_id from points.account where user_id is not null
    union select 'rule', code from points.rule
    union select 'wallet', code from points.wallet
    union select 'client', name from points.client
    union select 'client_id', id::text from points.client
    union select 'reward', code from points.reward
    union select 'task', code from points.task
    union select 'campaign', code from points.campaign
    union select 'limit', code from points.earn_limit
    union select 'risk', code from points.risk_rule
    union select 'level', code from points.level
    union select 'job', name from points.job
    union select 'webhook', name from points.webhook
    union select 'alert', id::text from points.alert
    union select 'alert_rule', name from points.alert_rule
    union select 'discrepancy', id::text from points.discrepancy
    union select 'ticket', ticket::text from points.batch
    union select 'order', order_key from points.operation where order_key is not null
    union select 'key', idempotency_key from points.operation
    union select 'code', code from points.invitation_code
    union select 'month', month::text from points.ledger_month
    union select kind::text, id::text from points.operation
    union select o.kind || ' of ' || a.user_id, o.id::text
        from points.operation o join points.account a on a.bucket = o.bucket and a.id = o.account_id and a.user_id is not null
    order by 1, 2";

/// Kinds of things that an argument of this name is about, apart from prefixes and plurals. None: any.
const KINDS: &[(&str, &[&str])] = &[
    ("user", &["user"]),
    ("rule", &["rule"]),
    ("wallet", &["wallet"]),
    ("client_id", &["client_id"]),
    ("client", &["client"]),
    ("reward", &["reward"]),
    ("task", &["task"]),
    ("campaign", &["campaign"]),
    ("level", &["level"]),
    ("order", &["order"]),
    ("ticket", &["ticket"]),
    ("transfer", &["transfer", "hold"]),
    ("hold", &["hold"]),
    ("redemption", &["redeem"]),
    ("operation", &["earn", "spend", "adjust", "hold", "capture", "expire"]),
    ("original", &["earn", "spend", "adjust", "hold", "capture", "expire"]),
    ("counterparty", &["user"]),
    ("code", &["limit", "risk", "campaign", "reward", "task", "code", "rule"]),
    ("name", &["job", "webhook", "alert_rule", "client"]),
    ("id", &["alert", "discrepancy", "redeem", "earn", "hold", "ticket"]),
    ("month", &["month"]),
];

pub struct World {
    names: BTreeMap<String, Vec<String>>,
    /// Keys that were made up so far.
    keys: usize,
    /// The member whom most arguments of a call are about.
    member: String,
}

impl World {
    /// A database of which this is the world.
    pub async fn database() -> Database {
        let database = Database::new().await;
        let client = database.client().await;
        client.batch_execute(include_str!("../database/reconcile/world.sql")).await.unwrap();
        client.batch_execute(MORE).await.unwrap();
        database
    }

    pub async fn of(client: &Client) -> World {
        let mut world = World { names: BTreeMap::new(), keys: 0, member: String::new() };
        world.look(client).await;
        world
    }

    /// Looks what there is now.
    pub async fn look(&mut self, client: &Client) {
        self.names.clear();
        for row in client.query(NAMES, &[]).await.unwrap() {
            self.names.entry(row.get(0)).or_default().push(row.get(1));
        }
    }

    /// Turns to this member, or to any, for the next call.
    pub fn turn_to(&mut self, member: Option<&str>, random: &mut Random) {
        self.member =
            member.map_or_else(|| self.one_of("user", random), |member| Some(member.to_owned())).unwrap_or_default();
    }

    /// The name of something that an argument of this name, in snake case, is about.
    pub fn name(&mut self, argument: &str, random: &mut Random) -> Option<String> {
        if argument.contains("key") && !argument.contains("order") {
            self.keys += 1;
            return Some(format!("key {} {}", self.keys, random.of(0..1_000_000)));
        }
        let words: Vec<&str> = argument.split('_').map(|word| word.strip_suffix('s').unwrap_or(word)).collect();
        let (_, kinds) = KINDS.iter().find(|(name, _)| argument == *name || words.iter().any(|word| word == name))?;
        let (kind, own) = (random.pick(kinds), random.of(0..4) > 0);
        if own && kind == "user" && argument.starts_with("user") {
            return Some(self.member.clone());
        }
        let of_member = format!("{kind} of {}", self.member);
        if own && self.names.contains_key(&of_member) {
            return self.one_of(&of_member, random);
        }
        self.one_of(kind, random)
    }

    /// The name of anything.
    pub fn any_name(&self, random: &mut Random) -> String {
        let kinds: Vec<&str> = self.names.keys().map(String::as_str).collect();
        self.one_of(random.pick(&kinds), random).unwrap()
    }

    fn one_of(&self, kind: &str, random: &mut Random) -> Option<String> {
        let names = self.names.get(kind)?;
        Some(names[random.of(0..names.len() as i64) as usize].clone())
    }
}

/// What the reconciler has no need of.
const MORE: &str = "
    select api.create_campaign('SPRING', 'Spring', 'bonus', '{ORDER}', 'campaign', p_bonus => 10, p_budget => 1000);
    select api.create_rule('DRAFTED', 'Drafted', 'rule');
    select api.draft_rule_version('DRAFTED', 'fixed', 'draft', p_fixed_points => 5);
    select api.create_invitation_code('amy', 'code');
    select api.transfer_points('amy', 'ben', 5, 'offer', p_accept => true);
    select api.submit_operations(1, 'batch', 'A batch', sha256('batch'), '[{\"kind\": \"earn\", \"user_id\": \"amy\", \"rule\": \"REGISTER\", \"idempotency_key\": \"row\"}]');
    insert into points.wallet values ('coins', 'Coins')";
