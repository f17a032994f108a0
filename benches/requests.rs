//! The requests: rendered once a connection; after that only digits are written over.

/// Digits of a member's number in `user_id`.
pub const USER_DIGITS: usize = 8;
/// Digits of a number in an idempotency key.
const KEY_DIGITS: usize = 16;

/// Awards in one earnPointsBatch.
pub const BATCH: usize = 100;

/// Open lots of an account that points are spent from.
pub const LOTS: usize = 12;

/// What every award is for, so that a rule, not the caller, decides the points: 12.
pub const RULE: &str = "ORDER";
pub const AMOUNT: &str = "12.50";
/// Points of a spend. An award is 12, so that some spends take from two lots.
pub const SPEND: i64 = 10;

/// What everybody redeems, for 1 point.
pub const REWARD: &str = "BENCH";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Earn,
    EarnBatch,
    Spend,
    Redeem,
    Balance,
    BalanceAndLevel,
    /// The same at PostGraphile.
    PostGraphile,
}

impl Kind {
    /// Operations in one request.
    pub fn operations(self) -> u64 {
        match self {
            Kind::EarnBatch => BATCH as u64,
            _ => 1,
        }
    }

    /// It is about each so manieth of these members. Those who spend need lots, and lots take time to make.
    pub fn every(self, accounts: u64) -> usize {
        if self == Kind::Spend { (accounts / 25_000).clamp(1, 20) as usize } else { 1 }
    }

    fn body(self) -> String {
        match self {
            Kind::Earn => format!(
                r#"{{"query":"mutation($input: EarnPointsInput!) {{ earnPoints(input: $input) {{ replayed operation {{ points }} account {{ balance {{ available }} }} }} }}","variables":{{"input":{}}}}}"#,
                input()
            ),
            Kind::EarnBatch => format!(
                r#"{{"query":"mutation($inputs: [EarnPointsInput!]!) {{ earnPointsBatch(inputs: $inputs) {{ __typename }} }}","variables":{{"inputs":[{}]}}}}"#,
                vec![input(); BATCH].join(",")
            ),
            Kind::Spend => format!(
                r#"{{"query":"mutation($input: SpendPointsInput!) {{ spendPoints(input: $input) {{ replayed operation {{ points }} account {{ balance {{ available }} }} }} }}","variables":{{"input":{{"userId":"{}","points":{SPEND},"idempotencyKey":"{}"}}}}}}"#,
                user_id(0),
                idempotency_key(0)
            ),
            Kind::Redeem => format!(
                r#"{{"query":"mutation($input: RedeemRewardInput!) {{ redeemReward(input: $input) {{ replayed operation {{ points }} account {{ balance {{ available }} }} }} }}","variables":{{"input":{{"userId":"{}","reward":"{REWARD}","expectedPrice":1,"idempotencyKey":"{}"}}}}}}"#,
                user_id(0),
                idempotency_key(0)
            ),
            Kind::Balance => format!(
                r#"{{"query":"query($u: ID!) {{ account(userId: $u) {{ balance {{ available }} }} }}","variables":{{"u":"{}"}}}}"#,
                user_id(0)
            ),
            Kind::BalanceAndLevel => format!(
                r#"{{"query":"query($u: ID!) {{ account(userId: $u) {{ balance {{ available }} level {{ code }} }} }}","variables":{{"u":"{}"}}}}"#,
                user_id(0)
            ),
            Kind::PostGraphile => format!(
                r#"{{"query":"query($u: String!) {{ accountByUserId(userId: $u) {{ available level }} }}","variables":{{"u":"{}"}}}}"#,
                user_id(0)
            ),
        }
    }
}

fn input() -> String {
    let (user, key) = (user_id(0), idempotency_key(0));
    format!(r#"{{"userId":"{user}","rule":"{RULE}","amount":"{AMOUNT}","idempotencyKey":"{key}"}}"#)
}

/// Members are numbered from 0.
pub fn user_id(number: u64) -> String {
    format!("member-{number:0USER_DIGITS$}")
}

pub fn idempotency_key(number: u64) -> String {
    format!("bench-{number:0KEY_DIGITS$}")
}

/// Numbers of keys are unique in a run: that of the measurement, then that of the connection,
/// then a running one.
pub fn first_key(measurement: u64, connection: usize) -> u64 {
    measurement * 100_000_000_000_000 + connection as u64 * 10_000_000_000
}

/// A whole HTTP request whose members and keys can be changed in place.
pub struct Template {
    bytes: Vec<u8>,
    users: Vec<usize>,
    keys: Vec<usize>,
}

impl Template {
    pub fn new(kind: Kind, api_key: &str) -> Self {
        let body = kind.body();
        let text = format!(
            "POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {api_key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let find = |needle: &str, prefix: usize| text.match_indices(needle).map(|(at, _)| at + prefix).collect();
        Self {
            users: find(&user_id(0), "member-".len()),
            keys: find(&idempotency_key(0), "bench-".len()),
            bytes: text.into_bytes(),
        }
    }

    /// The next request: random members, and keys counted up from `key`.
    pub fn render(&mut self, random: &mut Random, members: &[i32], key: &mut u64) -> &[u8] {
        for &at in &self.users {
            write_digits(
                &mut self.bytes[at..at + USER_DIGITS],
                members[random.below(members.len() as u64) as usize] as u64,
            );
        }
        for &at in &self.keys {
            write_digits(&mut self.bytes[at..at + KEY_DIGITS], *key);
            *key += 1;
        }
        &self.bytes
    }
}

fn write_digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// SplitMix64: good enough to spread members, and a few instructions long.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        ((u128::from(mixed) * u128::from(bound)) >> 64) as u64
    }
}
