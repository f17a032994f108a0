//! Who may ask for what: a rule for each field of the roots, in one table. A field without a rule is nobody's.
//!
//! What a client is allowed is data of `points.client`. Rules of mutations are held by the database, for psql as well, and
//! stated here; this module holds those of reads, and keeps members to their own accounts, since the database does not see
//! their tokens. `docs/access.md` is printed from these tables.

use std::{collections::HashMap, fmt::Write, sync::LazyLock};

use async_graphql::Context;

use crate::{client::Caller, error::Error};

/// What members may ask for with their own tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Members {
    /// Nothing.
    Never,
    /// Their own.
    Own,
    /// All: it is about no member.
    Always,
}
use Members::{Always, Never, Own};

/// Who may ask for a field: keys with one of these scopes, and members so far.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub field: &'static str,
    pub scopes: &'static [&'static str],
    pub members: Members,
}

impl Rule {
    /// What the field's description says of it.
    pub fn sentence(&self) -> String {
        let members = match self.members {
            Never => "",
            Own => ", or the member's own token",
            Always => ", or a member's token",
        };
        format!("Needs the scope {}{members}", self.scopes.join(" or "))
    }
}

const fn rule(field: &'static str, scopes: &'static [&'static str], members: Members) -> Rule {
    Rule { field, scopes, members }
}

const READ: &[&str] = &["read", "audit"];
const RULES: &[&str] = &["rules", "audit"];
const REVIEWS: &[&str] = &["adjust", "audit"];
const WEBHOOKS: &[&str] = &["webhooks"];
const BATCHES: &[&str] = &["earn", "spend", "adjust", "read", "audit"];

/// Rules of queries.
pub const QUERIES: &[Rule] = &[
    rule("account", READ, Own),
    rule("activityKinds", READ, Always),
    rule("alertRules", RULES, Never),
    rule("alerts", RULES, Never),
    rule("backtestRule", RULES, Never),
    rule("batch", BATCHES, Never),
    rule("breakage", RULES, Never),
    rule("campaign", READ, Always),
    rule("campaigns", READ, Always),
    rule("earnLimits", READ, Never),
    rule("explainOperation", READ, Never),
    rule("flows", RULES, Never),
    rule("hold", READ, Own),
    rule("integrity", RULES, Never),
    rule("invitationTerms", READ, Always),
    rule("invitations", READ, Own),
    rule("jobs", RULES, Never),
    rule("ledgerMonths", RULES, Never),
    rule("levelProgram", READ, Always),
    rule("liability", RULES, Never),
    rule("operation", READ, Own),
    rule("previewEarn", &["read"], Never),
    rule("previewLevels", RULES, Never),
    rule("previewReturn", &["read"], Never),
    rule("previewSpend", &["read"], Never),
    rule("quoteDeduction", READ, Own),
    rule("receipt", READ, Own),
    rule("redemption", READ, Own),
    rule("reviews", REVIEWS, Never),
    rule("reward", READ, Always),
    rule("rewards", READ, Always),
    rule("riskRules", RULES, Never),
    rule("rule", READ, Never),
    rule("ruleVersions", READ, Never),
    rule("rules", READ, Never),
    rule("seals", RULES, Never),
    rule("signInCalendar", READ, Own),
    rule("signInTerms", READ, Always),
    rule("taskProgress", READ, Own),
    rule("testRiskRule", RULES, Never),
    rule("webhookDeliveries", WEBHOOKS, Never),
    rule("webhooks", WEBHOOKS, Never),
];

/// Rules of subscriptions.
pub const SUBSCRIPTIONS: &[Rule] = &[
    rule("alertRaised", RULES, Never),
    rule("balanceChanged", READ, Own),
    rule("batchProgress", BATCHES, Never),
    rule("campaignBudget", READ, Never),
    rule("entryAdded", READ, Own),
    rule("levelChanged", READ, Own),
    rule("redemptionChanged", READ, Own),
    rule("reviewQueue", REVIEWS, Never),
];

/// Rules of mutations.
pub const MUTATIONS: &[Rule] = &[
    rule("acceptTransfer", &["spend"], Own),
    rule("acknowledgeAlert", &["rules"], Never),
    rule("acknowledgeDiscrepancy", &["adjust"], Never),
    rule("activateAward", &["adjust"], Never),
    rule("addBudget", &["rules"], Never),
    rule("addCoupons", &["rewards"], Never),
    rule("addStock", &["rewards"], Never),
    rule("adjustPoints", &["adjust"], Never),
    rule("adjustPointsBatch", &["adjust"], Never),
    rule("approveAward", &["adjust"], Never),
    rule("cancelAward", &["adjust"], Never),
    rule("cancelRedemption", &["rewards"], Never),
    rule("cancelTransfer", &["spend"], Own),
    rule("captureHold", &["spend"], Never),
    rule("changeCampaign", &["rules"], Never),
    rule("changeLimit", &["rules"], Never),
    rule("changeReward", &["rewards"], Never),
    rule("changeTask", &["rewards"], Never),
    rule("changeWebhook", WEBHOOKS, Never),
    rule("claimTask", &["earn"], Own),
    rule("createCampaign", &["rules"], Never),
    rule("createInvitationCode", &["earn"], Own),
    rule("createLimit", &["rules"], Never),
    rule("createReward", &["rewards"], Never),
    rule("createRule", &["rules"], Never),
    rule("createTask", &["rewards"], Never),
    rule("createWebhook", WEBHOOKS, Never),
    rule("declineTransfer", &["spend"], Own),
    rule("deleteWebhook", WEBHOOKS, Never),
    rule("discardRuleDraft", &["rules"], Never),
    rule("draftRuleVersion", &["rules"], Never),
    rule("earnPoints", &["earn"], Never),
    rule("earnPointsBatch", &["earn"], Never),
    rule("eraseMember", &["adjust"], Never),
    rule("extendExpiry", &["adjust"], Never),
    rule("freezeAccount", &["adjust"], Never),
    rule("fulfilRedemption", &["rewards"], Never),
    rule("holdPoints", &["spend"], Never),
    rule("joinByInvitation", &["earn"], Own),
    rule("makeUpSignIn", &["spend"], Own),
    rule("mergeAccounts", &["adjust"], Never),
    rule("pingWebhook", WEBHOOKS, Never),
    rule("progressTask", &["earn"], Never),
    rule("publishRuleVersion", &["rules"], Never),
    rule("redeemReward", &["spend"], Own),
    rule("reinstatePoints", &["adjust"], Never),
    rule("rejectAward", &["adjust"], Never),
    rule("releaseHold", &["spend"], Never),
    rule("replayWebhookDeliveries", WEBHOOKS, Never),
    rule("resolveAlert", &["rules"], Never),
    rule("retireRule", &["rules"], Never),
    rule("returnOrder", &["reverse"], Never),
    rule("reverseOperation", &["reverse"], Never),
    rule("reverseTransfer", &["reverse"], Never),
    rule("rotateWebhookSecret", WEBHOOKS, Never),
    rule("runJob", &["rules"], Never),
    rule("setActivity", &["rules"], Never),
    rule("setAlertRule", &["rules"], Never),
    rule("setArchive", &["rules"], Never),
    rule("setIntegrity", &["rules"], Never),
    rule("setInvitations", &["rewards"], Never),
    rule("setJob", &["rules"], Never),
    rule("setLevels", &["rules"], Never),
    rule("setPointValue", &["rules"], Never),
    rule("setRiskRule", &["rules"], Never),
    rule("setSignIn", &["rewards"], Never),
    rule("setTimeZone", &["earn"], Own),
    rule("silenceAlert", &["rules"], Never),
    rule("signIn", &["earn"], Own),
    rule("spendPoints", &["spend"], Never),
    rule("submitOperations", &["earn", "spend", "adjust"], Never),
    rule("transferPoints", &["spend"], Own),
    rule("unfreezeAccount", &["adjust"], Never),
    rule("unmergeAccounts", &["adjust"], Never),
];

/// Fields of objects that are less open than what they are fields of, and what members may see of them. All other fields
/// are open to whoever has reached the object.
pub const GUARDED: &[(&str, &str)] = &[
    ("AcceptTransferPayload.account", "if it is theirs"),
    ("AcceptTransferPayload.entry", "if it is theirs"),
    ("AcceptTransferPayload.receiver", "if it is theirs"),
    ("Campaign.remainingBudget", "never"),
    ("CancelTransferPayload.receiver", "if it is theirs"),
    ("DeclineTransferPayload.account", "if it is theirs"),
    ("DeclineTransferPayload.entry", "if it is theirs"),
    ("DeclineTransferPayload.receiver", "if it is theirs"),
    ("Operation.actor", "of what members asked for"),
    ("Operation.details", "without the risk rules"),
    ("Operation.entry", "if it is theirs"),
    ("Operation.metadata", "of what members asked for"),
    ("TransferPointsPayload.receiver", "if it is theirs"),
];

/// Rules by field, and whether the scopes are checked here.
static BY_FIELD: LazyLock<HashMap<&str, (Rule, bool)>> = LazyLock::new(|| {
    let reads = QUERIES.iter().chain(SUBSCRIPTIONS).map(|rule| (rule.field, (*rule, true)));
    reads.chain(MUTATIONS.iter().map(|rule| (rule.field, (*rule, false)))).collect()
});

/// Who asks for a field of a root that is about no member, if they may.
pub fn caller<'a>(context: &Context<'a>) -> Result<&'a Caller, Error> {
    authorize(context, None)
}

/// Who asks for a field of a root that is about a member, if they may.
pub fn caller_for<'a>(context: &Context<'a>, user_id: &str) -> Result<&'a Caller, Error> {
    authorize(context, Some(user_id))
}

/// Who reads of a member's account, if they may.
pub fn reader<'a>(context: &Context<'a>, user_id: &str, wallet: &str) -> Result<&'a Caller, Error> {
    within(authorize(context, Some(user_id))?, wallet)
}

/// Who reads of all members of a wallet, if they may.
pub fn reader_of<'a>(context: &Context<'a>, wallet: &str) -> Result<&'a Caller, Error> {
    within(authorize(context, None)?, wallet)
}

fn within<'a>(caller: &'a Caller, wallet: &str) -> Result<&'a Caller, Error> {
    match &caller.wallets {
        Some(wallets) if !wallets.iter().any(|allowed| allowed == wallet) => Err(Error::forbidden("wallet", wallet)),
        _ => Ok(caller),
    }
}

/// Refuses members what is another's. None: nobody's, since the member was erased.
pub fn owner(context: &Context<'_>, user_id: Option<&str>) -> Result<(), Error> {
    match &identified(context)?.member {
        Some(member) if user_id != Some(member.as_str()) => Err(Error::not_yours()),
        _ => Ok(()),
    }
}

/// The wallets that the caller's key is kept to, for fields of objects; None: all.
pub fn wallets<'a>(context: &Context<'a>) -> Result<&'a Option<Vec<String>>, Error> {
    Ok(&identified(context)?.wallets)
}

/// Whether a member asks.
pub fn by_member(context: &Context<'_>) -> Result<bool, Error> {
    Ok(identified(context)?.member.is_some())
}

/// Refuses members what is the host's.
pub fn host(context: &Context<'_>) -> Result<(), Error> {
    owner(context, None)
}

/// Refuses who may see no batches at all: of files, which are no fields.
pub fn for_batches(caller: &Caller) -> Result<(), Error> {
    match &caller.member {
        Some(_) => Err(Error::not_yours()),
        None if BATCHES.iter().any(|scope| caller.scopes.iter().any(|held| held == scope)) => Ok(()),
        None => Err(Error::forbidden("scope", BATCHES[0])),
    }
}

fn authorize<'a>(context: &Context<'a>, user_id: Option<&str>) -> Result<&'a Caller, Error> {
    let caller = identified(context)?;
    let (rule, checked) = BY_FIELD.get(context.field().name()).ok_or_else(Error::not_yours)?;
    match &caller.member {
        Some(member) if rule.members == Own && user_id == Some(member.as_str()) => Ok(caller),
        Some(_) if rule.members == Always => Ok(caller),
        Some(_) => Err(Error::not_yours()),
        None if *checked && !rule.scopes.iter().any(|scope| caller.scopes.iter().any(|held| held == scope)) => {
            Err(Error::forbidden("scope", rule.scopes[0]))
        }
        None => Ok(caller),
    }
}

fn identified<'a>(context: &Context<'a>) -> Result<&'a Caller, Error> {
    context.data_opt::<Caller>().ok_or_else(Error::unauthenticated)
}

/// The tables for people: the part of `docs/access.md` that is generated.
pub fn page() -> String {
    let mut page = String::new();
    for (root, rules) in [("Query", QUERIES), ("Mutation", MUTATIONS), ("Subscription", SUBSCRIPTIONS)] {
        page += &format!(
            "## {root}\n\n| field | keys with the scope | members with their own tokens |\n| --- | --- | --- |\n"
        );
        for Rule { field, scopes, members } in rules {
            let members = match members {
                Never => "no",
                Own => "on their own accounts",
                Always => "yes",
            };
            // Writing to a String does not fail.
            let _written = writeln!(page, "| `{field}` | {} | {members} |", scopes.join(" or "));
        }
        page.push('\n');
    }
    page += "## Fields of objects\n\nWhoever has reached an object sees all its fields, but for these:\n\n\
        | field | what members see with their own tokens |\n| --- | --- |\n";
    for (field, members) in GUARDED {
        let _written = writeln!(page, "| `{field}` | {members} |");
    }
    page
}
