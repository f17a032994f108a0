//! The laws as queries over all rows: each names what violates it.

use tokio_postgres::Client;

/// Accounts with their balances, and operations that granted lots, for the laws.
const MEMBER: &str = "with member as (
    select a.id, coalesce(a.user_id, 'erased ' || a.id) as user_id, a.wallet, a.into_bucket, a.into_id, b.*
    from points.account a join points.balance b on b.bucket = a.bucket and b.account_id = a.id
), granting as (
    select o.* from points.operation o
    left join points.entry_history e on e.bucket = o.bucket and e.account_id = o.account_id and e.seq = o.seq
    where o.seq is not null
        and (o.available_at is not null or e.kind = 'merge' and e.pending_delta + e.available_delta > 0)
)";

/// Each selects a text for every violation.
const LAWS: &[(&str, &str)] = &[
    (
        "pockets are the sum over entries, and version counts them without a gap",
        "select a.user_id from member a
         cross join lateral (
             select count(*), count(distinct seq) as numbers, coalesce(max(seq), 0) as last,
                 coalesce(sum(pending_delta), 0) as pending, coalesce(sum(available_delta), 0) as available,
                 coalesce(sum(held_delta), 0) as held, coalesce(sum(debt_delta), 0) as debt
             from points.entry_history e where e.bucket = a.bucket and e.account_id = a.id
         ) e
         where row(a.version, a.version, a.version, a.pending::numeric, a.available::numeric, a.held::numeric,
                 a.debt::numeric)
             <> row(e.count, e.numbers, e.last, e.pending, e.available, e.held, e.debt)",
    ),
    (
        "balances after an entry are the sum of the entries up to it",
        "select q.account_id || ':' || q.seq from (
             select e.*, sum(pending_delta) over w as pending, sum(available_delta) over w as available,
                 sum(held_delta) over w as held, sum(debt_delta) over w as debt
             from points.entry_history e
             window w as (partition by bucket, account_id order by seq)
         ) q
         where row(pending, available, held, debt) <> row(pending_after, available_after, held_after, debt_after)",
    ),
    (
        "counters are the sums by contra",
        "select a.user_id from member a
         cross join lateral (
             select coalesce(sum(total) filter (where contra = 'issuance'), 0) as earned,
                 coalesce(-sum(total) filter (where contra = 'redemption'), 0) as spent,
                 coalesce(-sum(total) filter (where contra = 'expiry'), 0) as expired,
                 coalesce(sum(total) filter (where contra in ('adjustment', 'write_off')), 0) as adjusted,
                 coalesce(sum(total) filter (where contra = 'transfer'), 0) as transferred,
                 coalesce(sum(total) filter (where contra = 'internal'), 0) as internal
             from (
                 select points.contra_of(e.kind) as contra,
                     pending_delta + available_delta + held_delta - debt_delta as total
                 from points.entry_history e where e.bucket = a.bucket and e.account_id = a.id
             ) e
         ) e
         where row(a.earned::numeric, a.spent::numeric, a.expired::numeric, a.adjusted::numeric, a.transferred::numeric, 0::numeric)
             <> row(e.earned, e.spent, e.expired, e.adjusted, e.transferred, e.internal)",
    ),
    (
        "pockets are the open lots",
        "select a.user_id from member a
         cross join lateral (
             select coalesce(sum(remaining) filter (where pending), 0) as pending,
                 coalesce(sum(remaining) filter (where not pending), 0) as available
             from points.lot l where l.bucket = a.bucket and l.account_id = a.id
         ) l
         where row(a.pending::numeric, a.available::numeric) <> row(l.pending, l.available)",
    ),
    (
        "each lot ever granted is used, expired or still there",
        "select o.account_id || ':' || o.seq from points.operation o
         left join lateral (
             select sum(l.granted) as granted, sum(l.points) as points, bool_and(l.same) as same
             from (
                 select min(q.granted) as granted, sum(q.points) as points, min(q.granted) = max(q.granted) as same
                 from (
                     select l.no, l.granted, l.remaining as points from points.lot l
                     where l.bucket = o.bucket and l.account_id = o.account_id and l.seq = o.seq
                     union all
                     select u.lot_no, u.granted, u.points from points.lot_use_history u
                     where u.bucket = o.bucket and u.account_id = o.account_id and u.lot_seq = o.seq
                 ) q
                 group by q.no
             ) l
         ) l on true
         where (o.bucket, o.account_id, o.seq) in (select bucket, account_id, seq from granting)
             and (l.granted is distinct from o.points or l.points is distinct from o.points or not l.same)",
    ),
    (
        "every lot and every use of one stems from a grant",
        "select l.account_id || ':' || l.seq from (
             select bucket, account_id, seq from points.lot union select bucket, account_id, lot_seq from points.lot_use_history
         ) l
         where not exists (
             select from granting o where o.bucket = l.bucket and o.account_id = l.account_id and o.seq = l.seq)",
    ),
    (
        "lot uses say exactly what a debit takes and what is given back",
        "select e.account_id || ':' || e.seq from points.entry_history e
         left join points.lot_use_history u on u.bucket = e.bucket and u.account_id = e.account_id and u.seq = e.seq
         group by e.bucket, e.account_id, e.seq, e.pending_delta, e.available_delta, e.kind
         having coalesce(sum(u.points), 0) <> -(e.pending_delta + e.available_delta)
             and not (e.kind in ('earn', 'adjust', 'transfer', 'merge') and e.pending_delta + e.available_delta > 0 and count(u.points) = 0)",
    ),
    (
        "an entry and its operation name each other",
        "select coalesce(o.account_id, e.account_id) || ':' || coalesce(o.seq, e.seq)
         from (select * from points.operation where seq is not null) o
         full join points.entry_history e on e.bucket = o.bucket and e.account_id = o.account_id and e.seq = o.seq
         where e.operation_id is distinct from o.id or e.recorded_at is distinct from o.recorded_at
             or e.kind::text <> case o.kind
                 when 'redeem' then 'spend'
                 when 'make_up' then 'spend'
                 when 'sign_in' then 'earn'
                 when 'claim' then 'earn'
                 when 'receive' then 'transfer'
                 when 'erase' then 'write_off'
                 when 'reject' then 'clawback'
                 when 'cancel_award' then 'clawback'
                 when 'unmerge' then 'merge'
                 when 'forward' then 'merge'
                 when 'cancel' then 'refund'
                 when 'reverse' then
                     case when e.kind in ('clawback', 'refund', 'adjust', 'release', 'transfer') then e.kind::text else 'another' end
                 else o.kind::text
             end
             or abs(o.points) is distinct from abs(case e.kind
                 when 'hold' then e.held_delta
                 when 'repay' then e.debt_delta
                 when 'activate' then e.available_delta
                 when 'release' then e.available_delta
                 when 'merge' then e.pending_delta + e.available_delta
                 else e.pending_delta + e.available_delta + e.held_delta - e.debt_delta
             end)",
    ),
    (
        "held is the open holds, and what is held was taken from lots",
        "select a.user_id from member a
         left join lateral (
             select coalesce(sum(h.points), 0) as points from points.hold h
             where h.bucket = a.bucket and h.account_id = a.id and h.closed_at is null
         ) h on true
         where a.held <> h.points
         union all
         select h.account_id || ':' || h.seq from points.hold h
         where h.points <> (
             select sum(u.points) from points.lot_use_history u
             where u.bucket = h.bucket and u.account_id = h.account_id and u.seq = h.seq and u.recorded_at = h.held_at)",
    ),
    (
        "a hold is closed by one operation, which says how",
        "select h.account_id || ':' || h.seq from points.hold h
         left join points.operation o on o.bucket = h.bucket and o.account_id = h.account_id and o.id = h.closed_by
         where h.closed_at is not null and (o.original is distinct from h.id or o.refusal is not null
             or h.captured <> case when o.kind in ('capture', 'transfer') then o.points else 0 end)
         union all
         select o.account_id || ':' || o.original from points.operation o
         where o.kind in ('capture', 'release') and o.refusal is null
         group by o.bucket, o.account_id, o.original having count(*) > 1",
    ),
    (
        "what is undone of an operation is the sum of its reversals",
        "select o.account_id || ':' || o.original from (
             select r.bucket, r.account_id, r.original, sum(abs(r.points)) as points
             from points.operation r
             join points.operation o on o.bucket = r.bucket and o.account_id = r.account_id and o.id = r.original
             where r.kind in ('reverse', 'cancel', 'reject', 'cancel_award', 'reinstate') and r.refusal is null and o.kind <> 'hold'
             group by r.bucket, r.account_id, r.original
         ) o
         full join points.reversal r on r.bucket = o.bucket and r.account_id = o.account_id and r.operation_id = o.original
         left join points.operation of on of.bucket = r.bucket and of.account_id = r.account_id and of.id = r.operation_id
         where o.points is distinct from r.reversed or r.points is distinct from abs(of.points)",
    ),
    (
        "what one member sends another receives, and comes back alike",
        "select account_id || ':' || wallet from (
             select (array_agg(account_id))[1] as account_id, a.wallet, sum(b.transferred) as transferred
             from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id
             group by a.wallet
         ) t
         where transferred <> 0
         union all
         select t.account_id || ':' || t.seq from points.operation t
         left join points.operation r on r.bucket = t.counterparty_bucket and r.account_id = t.counterparty_id
             and r.kind = 'receive' and r.original = t.id and r.counterparty_id = t.account_id
         left join points.reversal s on s.bucket = t.bucket and s.account_id = t.account_id and s.operation_id = t.id
         left join points.reversal u on u.bucket = r.bucket and u.account_id = r.account_id and u.operation_id = r.id
         where t.kind = 'transfer' and t.refusal is null
             and (r.points is distinct from t.points or s.reversed is distinct from u.reversed)",
    ),
    (
        "a redemption is the operation that paid for it, and is cancelled if all its points went back unless it was fulfilled",
        "select coalesce(r.account_id, o.account_id) || ':' || coalesce(r.id, o.id) from points.redemption r
         full join (select * from points.operation where kind = 'redeem' and refusal is null) o
             on o.bucket = r.bucket and o.account_id = r.account_id and o.id = r.id
         left join points.reversal v on v.bucket = r.bucket and v.account_id = r.account_id and v.operation_id = r.id
         where r.price is distinct from o.points or r.reward is distinct from o.reward
             or (r.status = 'cancelled') > (v.reversed is not distinct from r.price)
             or (r.status = 'reserved') and v.reversed is not distinct from r.price",
    ),
    (
        "a quota counts the redemptions in its period that were not cancelled",
        "select u.account_id || ':' || u.reward from points.quota_use u
         where u.used <> (
             select count(*) from points.redemption r
             where r.bucket = u.bucket and r.account_id = u.account_id and r.reward = u.reward and r.status <> 'cancelled'
                 and r.quota_period = u.period and r.quota_starts_at = u.starts_at)",
    ),
    (
        "a code belongs to the redemption that names it",
        "select coalesce(c.reward, r.reward) || ':' || coalesce(c.code, r.coupon)
         from (select * from points.coupon where redemption_id is not null) c
         full join (select * from points.redemption where coupon is not null) r
             on r.bucket = c.redemption_bucket and r.account_id = c.account_id and r.id = c.redemption_id
         where (c.reward, c.code) is distinct from (r.reward, r.coupon)",
    ),
    (
        "a day signed or made up is the operation that did it, and each such operation did one",
        "select coalesce(s.account_id, o.account_id) || ':' || coalesce(s.day::text, o.id::text) from points.sign_in s
         full join (select * from points.operation where kind in ('sign_in', 'make_up') and refusal is null) o
             on o.bucket = s.bucket and o.account_id = s.account_id and o.id = s.operation_id
         where s.day is distinct from (o.detail ->> 'day')::date or (s.made_on is not null) is distinct from (o.kind = 'make_up')
             or s.signed_at is distinct from o.recorded_at",
    ),
    (
        "a task that was paid in a period is the operation that paid it, and each such operation paid one",
        "select coalesce(g.account_id, o.account_id) || ':' || coalesce(g.task, o.subject)
         from (select * from points.task_progress where claimed_at is not null) g
         full join (select * from points.operation where kind = 'claim' and refusal is null) o
             on o.bucket = g.bucket and o.account_id = g.account_id and o.id = g.claimed_by
         where g.task is distinct from o.subject or g.claimed_at is distinct from o.recorded_at",
    ),
    (
        "both sides of an invitation were paid or neither, and clawed back or neither",
        "select i.account_id || ':' || i.inviter_id from points.invitation i
         left join points.operation o on o.bucket = i.bucket and o.account_id = i.account_id
             and o.id = api.operation_id(0, format('invited:%s:%s', i.inviter_bucket, i.inviter_id)) and o.seq is not null
         left join points.invited w on w.bucket = i.inviter_bucket and w.account_id = i.inviter_id
             and w.invited_bucket = i.bucket and w.invited_id = i.account_id
         left join points.operation n on n.bucket = w.bucket and n.account_id = w.account_id and n.id = w.operation_id and n.seq is not null
         where i.refusal is null and ((i.paid_at is null) <> (o.id is null) or (i.paid_at is null) <> (n.id is null)
             or i.revoked_at is not null and not (points.undone(o.bucket, o.account_id, o.id) and points.undone(n.bucket, n.account_id, n.id))
             or coalesce(w.revoked, false) <> (i.revoked_at is not null))
         union all
         select b.account_id || ' waits' from points.balance b
         left join points.invitation i on i.bucket = b.bucket and i.account_id = b.account_id and i.qualified_by is null
         where b.invited <> (i.account_id is not null)",
    ),
    (
        "a rule that awards once has awarded an account once, and what it awarded is kept",
        "select coalesce(w.account_id, o.account_id) || ':' || coalesce(w.rule, o.rule) from points.once_award w
         full join (
             select o.bucket, o.account_id, o.rule, min(o.id::text) as id, count(*) as times from points.operation o
             join points.rule r on r.code = o.rule and r.once
             where o.points > 0
             group by o.bucket, o.account_id, o.rule
         ) o on o.bucket = w.bucket and o.account_id = w.account_id and o.rule = w.rule
         where o.times is distinct from 1 or o.id is distinct from w.operation_id::text",
    ),
    (
        "nobody has both a debt and available points",
        "select a.user_id from member a where a.debt > 0 and a.available > 0",
    ),
    (
        "a key is used once for a client and account",
        "select account_id || ':' || idempotency_key from points.operation
         group by bucket, account_id, client_id, idempotency_key having count(*) > 1",
    ),
    (
        "the level is the one of the points earned, as long as it lasts, and its last change says so",
        "select a.user_id from member a
         join points.program p on p.level_revision = a.level_revision
         cross join lateral points.weigh_levels(
             a.bucket, array[a.id], array[case when isfinite(a.level_ends_at) then a.level_ends_at - interval '1 us' else '2999-01-01' end]) w
         where not a.closed and (a.level, a.level_ends_at, a.level_until) is distinct from (w.level, w.ends_at, w.until)
         union all
         select a.user_id from member a
         join lateral (
             select c.level from points.level_change c
             where c.bucket = a.bucket and c.account_id = a.id order by c.seq desc, c.no desc limit 1
         ) c on c.level is distinct from a.level
         union all
         select a.user_id from member a
         join points.level_change c on c.bucket = a.bucket and c.account_id = a.id
         join lateral (
             select b.level from points.level_change b
             where b.bucket = c.bucket and b.account_id = c.account_id and (b.seq, b.no) < (c.seq, c.no)
             order by b.seq desc, b.no desc limit 1
         ) b on b.level is distinct from c.previous
         union all
         select a.user_id from member a
         where a.level_until > 0 and a.level_until <= a.earned + coalesce(a.inherited, 0)",
    ),
    (
        "what was earned on which day is what the operations say, where levels go by periods",
        "select a.user_id || ' ' || coalesce(e.day, l.day) from member a
         cross join lateral (
             select coalesce(array_agg((e.day, e.points, e.inherited)::text order by e.day), '{}') as days, min(e.day) as day
             from points.earned_day e
             where e.bucket = a.bucket and e.account_id = a.id and (e.points <> 0 or e.inherited <> 0)
         ) e
         cross join lateral (
             select coalesce(array_agg((l.day, l.points, l.inherited)::text order by l.day), '{}') as days, min(l.day) as day
             from points.ledger_days(a.bucket, a.id) l
         ) l
         where a.level_until = 0 and not a.closed and e.days <> l.days",
    ),
    (
        "a merged account has nothing but holds, its heir is not merged, and inherits what it earned",
        "select a.user_id from member a
         where a.merged <> (a.into_id is not null) and not a.closed
             or a.merged and a.pending + a.available + a.debt > 0 and not a.closed
         union all
         select a.user_id from member a
         left join lateral (
             select sum(s.earned) as earned, count(*) > 0 and a.merged as chained
             from member s where s.into_bucket = a.bucket and s.into_id = a.id
         ) s on true
         where a.inherited::numeric is distinct from s.earned or s.chained",
    ),
    (
        "an award in review is pending until its deadline, and then gone",
        "select r.account_id || ':' || r.seq from points.review r
         left join points.lot l on l.bucket = r.bucket and l.account_id = r.account_id and l.seq = r.seq
         left join points.reversal v on v.bucket = r.bucket and v.account_id = r.account_id and v.operation_id = r.operation_id
         where case r.status
             when 'waiting' then l.seq is not null
                 and (not l.pending or (l.available_at, l.expires_at, l.remaining) <> (r.deadline, r.deadline, r.points - coalesce(v.reversed, 0)))
             -- Later operations may let it come sooner and end later.
             when 'approved' then l.seq is not null and l.idle is null and (
                 l.available_at > r.available_at
                 or l.available_at < r.available_at and not exists (
                     select from points.operation o
                     where o.bucket = r.bucket and o.account_id = r.account_id and o.kind = 'activate' and o.recorded_at >= r.closed_at)
                 or l.expires_at < r.expires_at
                 or l.expires_at > r.expires_at and not exists (
                     select from points.operation o
                     where o.bucket = r.bucket and o.account_id = r.account_id
                         and o.kind in ('extend', 'reinstate') and o.recorded_at >= r.closed_at))
             else l.seq is not null
         end",
    ),
    (
        "the program knows which rules are governed",
        "select 'program' from points.program p
         where p.governed_rules <> array(
             select unnest(l.rules) as rule from points.earn_limit l where l.active
             union select unnest(c.rules) from points.campaign c where c.status <> 'ended'
             union select unnest(k.rules) from points.risk_rule k where k.mode <> 'off'
             union select unnest(w.multiplied_rules) from points.wallet w
                 join points.level l on l.wallet = w.code and l.multiplier > 1
             order by rule)",
    ),
    (
        "the program knows whether addresses and devices are looked at",
        "select 'program' from points.program p
         where p.governs_origins <> (exists (select from points.earn_limit l where l.active and l.per <> 'member')
             or exists (select from points.risk_rule k where k.mode <> 'off' and k.measure::text ~ '^(address|device)'))",
    ),
    (
        "no lot changes and no hold ends before next_change_at",
        "select a.user_id from member a
         join points.lot l on l.bucket = a.bucket and l.account_id = a.id
         where a.next_change_at > case when l.pending then l.available_at else l.expires_at end
         union all
         select a.user_id from member a
         join points.hold h on h.bucket = a.bucket and h.account_id = a.id
         where h.closed_at is null and a.next_change_at > h.deadline",
    ),
    (
        "checkpoints are the sum of what is archived, and live entries go on from there to the balance",
        "select m.id || ': ' || coalesce(c.seq::text, 'no checkpoint') from member m
         left join points.checkpoint c on c.bucket = m.bucket and c.account_id = m.id
         cross join lateral (
             select count(*), max(seq) as last, sum(pending_delta) as pending, sum(available_delta) as available,
                 sum(held_delta) as held, sum(debt_delta) as debt
             from points.entry_archive e where e.bucket = m.bucket and e.account_id = m.id
         ) a
         cross join lateral (
             select coalesce(min(seq), m.version + 1) as first, coalesce(sum(pending_delta), 0) as pending,
                 coalesce(sum(available_delta), 0) as available, coalesce(sum(held_delta), 0) as held,
                 coalesce(sum(debt_delta), 0) as debt
             from points.entry e where e.bucket = m.bucket and e.account_id = m.id
         ) l
         where (a.last, a.pending, a.available, a.held, a.debt)
                 is distinct from (c.seq, c.pending::numeric, c.available::numeric, c.held::numeric, c.debt::numeric)
             or a.count <> coalesce(c.seq, 0)
             or l.first <> coalesce(c.seq, 0) + 1
             or row(m.pending::numeric, m.available::numeric, m.held::numeric, m.debt::numeric)
                 <> row(coalesce(c.pending, 0) + l.pending, coalesce(c.available, 0) + l.available,
                     coalesce(c.held, 0) + l.held, coalesce(c.debt, 0) + l.debt)",
    ),
    (
        "what is archived is before all that is live, month by month as it was counted",
        "select 'entry ' || max(a.recorded_at) from points.entry_archive a
         having max(a.recorded_at) >= (select min(l.recorded_at) from points.entry l)
         union all
         select 'lot_use ' || max(a.recorded_at) from points.lot_use_archive a
         having max(a.recorded_at) >= (select min(l.recorded_at) from points.lot_use l)
         union all
         select coalesce(m.month, r.month)::text
         from (select * from points.ledger_month where archived_at is not null) m
         full join (
             select q.month, sum(q.entries) as entries, sum(q.lot_uses) as lot_uses
             from (
                 select date_trunc('month', recorded_at at time zone 'UTC')::date as month, 1 as entries, 0 as lot_uses
                 from points.entry_archive
                 union all
                 select date_trunc('month', recorded_at at time zone 'UTC')::date, 0, 1 from points.lot_use_archive
             ) q
             group by q.month
         ) r on r.month = m.month
         where row(m.entries::numeric, m.lot_uses::numeric) is distinct from row(coalesce(r.entries, 0), coalesce(r.lot_uses, 0))",
    ),
    (
        "a webhook that wants everything, and is never served, is told of every entry once and in order",
        "select a.user_id from member a
         cross join lateral (
             select count(*), count(distinct o.seq) as seqs, min(o.seq) as first, max(o.seq) as last,
                 array_agg(o.seq order by o.id) = array_agg(o.seq order by o.seq) as in_order
             from points.outbox o where o.bucket = a.bucket and o.account_id = a.id and o.event = 'entry.booked'
         ) o
         where o.count > 0 and not (o.count = o.seqs and o.last = a.version and o.count = o.last - o.first + 1 and o.in_order)",
    ),
    (
        "and of every change of level, redemption and review, as they came to be",
        ", told as (
             select o.* from points.outbox o
             -- Accounts that were made after it.
             where exists (select from points.outbox f where f.bucket = o.bucket and f.account_id = o.account_id and f.seq = 1)
                 and exists (select from points.webhook w where w.name = 'everything')
         )
         select 'level ' || c.account_id || ' ' || c.seq || '_' || c.no from points.level_change c
         where exists (select from told o where o.bucket = c.bucket and o.account_id = c.account_id)
             and 1 <> (
                 select count(*) from told o
                 where o.bucket = c.bucket and o.account_id = c.account_id and o.event = 'level.changed'
                     and o.facts ->> 'cursor' = c.seq || '_' || c.no and o.facts ->> 'level' is not distinct from c.level)
         union all
         select 'redemption ' || r.id from points.redemption r
         where exists (select from told o where o.bucket = r.bucket and o.account_id = r.account_id)
             and case when r.status = 'reserved' then '{reserved}' else array['reserved', r.status::text] end is distinct from (
                 select array_agg(o.facts ->> 'status' order by o.id) from told o
                 where o.bucket = r.bucket and o.account_id = r.account_id and o.event = 'redemption.changed'
                     and o.facts ->> 'id' = r.id::text)
         union all
         select 'review ' || r.operation_id from points.review r
         where exists (select from told o where o.bucket = r.bucket and o.account_id = r.account_id)
             and case when r.status = 'waiting' then '{waiting}' else array['waiting', r.status::text] end is distinct from (
                 select array_agg(o.facts ->> 'status' order by o.id) from told o
                 where o.bucket = r.bucket and o.account_id = r.account_id and o.event = 'review.changed'
                     and o.facts ->> 'operationId' = r.operation_id::text)",
    ),
];

/// Makes that webhook.
pub async fn tell_everything(client: &Client) {
    let create = "select api.create_webhook('everything', 'https://everything.example',
        '{entry.booked,level.changed,points.expiring,redemption.changed,review.changed}', 'everything')";
    client.batch_execute(create).await.unwrap();
}

async fn find(client: &Client, violations: &str) -> Vec<String> {
    let rows = client.query(&format!("{MEMBER} {violations}"), &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Fails with the law that is broken and the rows that break it, and unless the reconciler comes to the same, by ways of
/// its own.
pub async fn assert_laws(client: &Client) {
    assert_laws_alone(client).await;
    super::assert_reconciled(client).await;
}

/// Where a test has emptied tables that are counted in, which the reconciler would find.
pub async fn assert_laws_alone(client: &Client) {
    for (law, violations) in LAWS {
        let found = find(client, violations).await;
        assert!(found.is_empty(), "{law}: broken for {found:?}");
    }
}

#[tokio::test]
async fn the_demonstration_program_obeys_the_laws() {
    let database = crate::common::Database::new().await;
    assert_laws(&database.client().await).await;
}

/// The queries above must be able to fail.
#[tokio::test]
async fn a_forged_row_is_noticed() {
    let database = crate::common::Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "update points.balance b set available = available + 1, adjusted = adjusted + 1 from points.account a
             where a.user_id = 'bob' and b.bucket = a.bucket and b.account_id = a.id",
        )
        .await
        .unwrap();
    for ((law, violations), expected) in LAWS.iter().zip([1, 0, 1, 1]) {
        assert_eq!(find(&client, violations).await.len(), expected, "{law}");
    }
}

#[tokio::test]
async fn an_event_that_is_missing_is_noticed() {
    let database = crate::common::Database::new().await;
    let client = database.client().await;
    tell_everything(&client).await;
    client
        .batch_execute(
            "select api.earn_points('zoe', 'ORDER', 'a', p_amount => 5000);
             select api.earn_points('zoe', 'ORDER', 'b', p_amount => 5);
             select api.create_reward('MUG', 'Mug', 'goods', 10, 'mug', p_stock => 5);
             select api.redeem_reward('zoe', 'MUG', 'c');
             select api.fulfil_redemption('zoe', api.operation_id(1, 'c'), 'd')",
        )
        .await
        .unwrap();
    assert_laws(&client).await;
    for (missing, law) in [("entry.booked' and seq = 2 --", 2), ("level.changed", 1), ("redemption.changed", 1)] {
        client.batch_execute(&format!("begin; delete from points.outbox where event = '{missing}'")).await.unwrap();
        let (name, violations) = LAWS[LAWS.len() - law];
        assert_eq!(find(&client, violations).await.len(), 1, "{name}");
        client.batch_execute("rollback").await.unwrap();
    }
}
