//! What incremental runs look at.

use chrono::{TimeDelta, Utc};
use serde_json::Value;

use super::{assert_reconciled, discrepancies, prove, run};
use crate::{
    common::{Database, Kind, Request, execute, instant},
    database::{number, one},
};

/// What is committed late is proven by the first run that sees it, however much later it was begun.
#[tokio::test]
async fn a_transaction_that_is_open_across_runs_is_not_passed_over() {
    let database = Database::new().await;
    let client = database.client().await;
    prove(&client).await;
    let proven_by = number(&client, "select max(id) from points.reconciliation_run").await;
    let late = database.client().await;
    late.batch_execute("begin; select api.earn_points('late', 'ORDER', 'late-1', p_amount => 10)").await.unwrap();
    // Its points are wrong from the start.
    late.batch_execute(
        "set local session_replication_role = replica;
         update points.entry e set available_delta = 11 from points.account a
         where a.user_id = 'late' and e.bucket = a.bucket and e.account_id = a.id",
    )
    .await
    .unwrap();
    let proven = "select e.recorded_at < (select proven_up_to from points.reconciliation_state) from points.entry e
        join points.account a on a.bucket = e.bucket and a.id = e.account_id where a.user_id = 'late'";
    let earn = "select api.earn_points('soon', 'ORDER', gen_random_uuid()::text, p_amount => 10)";
    for _ in 0..3 {
        client.batch_execute(earn).await.unwrap();
        run(&client, "incremental").await;
        assert_eq!(discrepancies(&client).await, []);
    }
    late.batch_execute("commit").await.unwrap();
    assert!(!client.query_one(proven, &[]).await.unwrap().get::<_, bool>(0), "what was not committed is not proven");
    // As if hours had passed between that mark and the others.
    let marks = "update points.reconciliation_run set marked_at = marked_at + interval '1 hour' where id > $1";
    client.execute(marks, &[&proven_by]).await.unwrap();
    run(&client, "incremental").await;
    let found = discrepancies(&client).await;
    let late = ("entries_chained".to_owned(), Some("late".to_owned()), String::new());
    assert!(found.contains(&late), "{found:?}");
}

/// Where a transaction is older than the very first mark, nothing is settled, and so nothing passed over later.
#[tokio::test]
async fn nothing_is_settled_before_the_first_mark() {
    let database = Database::new().await;
    let client = database.client().await;
    let late = database.client().await;
    late.batch_execute("begin; select api.earn_points('late', 'ORDER', 'late-1', p_amount => 10)").await.unwrap();
    let settled = "select count(*) from points.reconciliation_run
        where id = $1 and settled_at = '-infinity' and proven_up_to is null and mode = 'full'";
    for (id, mode) in [(1i64, "full"), (2, "incremental")] {
        run(&client, mode).await;
        assert_eq!(client.query_one(settled, &[&id]).await.unwrap().get::<_, i64>(0), 1);
        assert_eq!(number(&client, "select count(*) from points.key_proof").await, 0);
    }
    assert_eq!(discrepancies(&client).await, []);
    late.batch_execute("commit").await.unwrap();
    run(&client, "incremental").await;
    assert_eq!(discrepancies(&client).await, []);
}

/// A clock that is set back makes later runs go back with it.
#[tokio::test]
async fn what_is_booked_by_a_clock_that_was_set_back_is_proven() {
    let database = Database::new().await;
    let client = database.client().await;
    prove(&client).await;
    // The clock was two hours ahead when the first run ended.
    let ahead = "update points.reconciliation_run set marked_at = marked_at + interval '2 hours',
        proven_up_to = proven_up_to + interval '2 hours'";
    client.batch_execute(ahead).await.unwrap();
    client.batch_execute("select api.earn_points('back', 'ORDER', 'back-1', p_amount => 10)").await.unwrap();
    client
        .batch_execute(
            "update points.balance b set version = 7 from points.account a
            where a.user_id = 'back' and b.bucket = a.bucket and b.account_id = a.id",
        )
        .await
        .unwrap();
    run(&client, "incremental").await;
    let found = discrepancies(&client).await;
    assert!(found.iter().any(|(_, user_id, _)| user_id.as_deref() == Some("back")), "{found:?}");
}

/// An incremental run looks at what is new, whatever the history.
#[tokio::test]
async fn an_incremental_run_reads_what_is_new() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.create_partitions('2026-01-01')").await.unwrap();
    let then = Some(instant("2026-01-10T12:00:00Z"));
    for number in 0..20 {
        one(&client, Request::earn("old", "ORDER", &format!("old-{number}")).amount("5"), then).await;
    }
    prove(&client).await;
    client.batch_execute("select api.earn_points('old', 'ORDER', 'new', p_amount => 10)").await.unwrap();
    run(&client, "incremental").await;
    // Those of the demonstration may be new, too.
    let read = number(&client, "select entries from api.reconciliation_run order by id desc limit 1").await;
    assert!((1..=8).contains(&read), "{read}");
    let sql = "select to_jsonb(s) from points.reconciliation_state s";
    let state: Value = client.query_one(sql, &[]).await.unwrap().get(0);
    assert!(state["last_full_at"].is_string() && state["last_incremental_at"].is_string(), "{state}");
    assert_eq!(state["open_discrepancies"], 0, "{:?}", discrepancies(&client).await);
}

/// However small its steps are, an incremental run leaves no account out.
#[tokio::test]
async fn small_steps_prove_the_same_accounts() {
    let database = Database::new().await;
    let client = database.client().await;
    let mut requests = Vec::new();
    for number in 0..60 {
        let (user_id, key) = (format!("member-{number}"), format!("key-{number}"));
        // Each third one has an operation and no entry.
        requests.push(match number % 3 {
            0 => Request::spend(&user_id, 5, &key),
            _ => Request::earn(&user_id, "ORDER", &key).amount("20"),
        });
    }
    execute(&client, &requests, None).await;
    let pieces = async |limit: i32| {
        let there = number(&client, "select count(distinct (o.bucket, o.account_id)) from points.operation o").await;
        let sql = "select c.buckets, c.from_account_id, c.to_account_id,
                (select sum(p.accounts)::bigint from points.prove_changed(c.buckets, c.from_account_id, c.to_account_id, '-infinity') p)
            from points.cut_changed('-infinity', $1) c order by c.buckets, c.from_account_id";
        let rows = client.query(sql, &[&limit]).await.unwrap();
        let pieces: Vec<(Vec<i16>, i64, i64, i64)> =
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
        assert_eq!(pieces.iter().map(|(.., accounts)| accounts).sum::<i64>(), there, "{pieces:?}");
        pieces
    };
    let whole: Vec<_> = pieces(1_000_000).await.into_iter().map(|(buckets, from, to, _)| (buckets, from, to)).collect();
    assert_eq!(whole, [(vec![0, 1, 2, 3], -1, i64::MAX), (vec![4, 5, 6, 7], -1, i64::MAX)]);
    let small = pieces(1).await;
    // Parts of many ids, once ids are large.
    for group in 1..=6 {
        client.batch_execute(&format!("select setval('points.account_id_seq', {group}00000)")).await.unwrap();
        let requests: Vec<_> =
            (0..30).map(|number| Request::earn(&format!("member-{group}-{number}"), "TASK", "key").points(1)).collect();
        execute(&client, &requests, None).await;
    }
    let wide = pieces(1).await;
    assert!(wide.len() > 32 && wide.iter().any(|(.., accounts)| *accounts > 1), "{wide:?}");
    for bucket in 0..8 {
        for cut in [&small, &wide] {
            let of_bucket: Vec<_> = cut.iter().filter(|(buckets, ..)| *buckets == [bucket]).collect();
            assert_eq!((of_bucket[0].1, of_bucket[of_bucket.len() - 1].2), (-1, i64::MAX));
            assert!(of_bucket.windows(2).all(|pair| pair[0].2 == pair[1].1), "{cut:?}");
        }
        let of_bucket: Vec<_> = small.iter().filter(|(buckets, ..)| *buckets == [bucket]).collect();
        assert!(of_bucket.len() > 3, "{small:?}");
        // One operation each, as far as accounts have no more.
        assert!(of_bucket.iter().all(|(.., accounts)| *accounts == 1), "{small:?}");
    }
}

/// What ends now is proven together with what it began with, however long ago.
#[tokio::test]
async fn an_incremental_run_proves_the_end_of_what_began_before() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.create_partitions('2026-01-01')").await.unwrap();
    let then = Some(instant("2026-01-10T12:00:00Z"));
    one(&client, Request::earn("eve", "ORDER", "eve-1").amount("500"), then).await;
    one(&client, Request::hold("eve", 50, "eve-2"), then).await;
    one(&client, Request::hold("eve", 30, "eve-3"), then).await;
    prove(&client).await;
    let capture = "select api.capture_hold('eve', api.operation_id(1, 'eve-2'), 'eve-4', 20)";
    client.batch_execute(capture).await.unwrap();
    run(&client, "incremental").await;
    assert_eq!(discrepancies(&client).await, []);
    let damage = "update points.hold h set captured = 21 where h.captured = 20";
    client.batch_execute(damage).await.unwrap();
    run(&client, "incremental").await;
    let found = ("holds_are_operations".to_owned(), Some("eve".to_owned()));
    let all = discrepancies(&client).await;
    assert!(all.iter().any(|(check, user_id, _)| (check, user_id) == (&found.0, &found.1)), "{all:?}");
}

/// Where more is new than a step may prove, a run has more chunks, and nothing is left out.
#[tokio::test]
async fn a_run_has_as_many_chunks_as_what_is_new_needs() {
    let database = Database::new().await;
    let client = database.client().await;
    prove(&client).await;
    let requests: Vec<_> = (0..64)
        .map(|number| Request::earn(&format!("member-{number}"), "ORDER", &format!("key-{number}")).amount("20"))
        .collect();
    execute(&client, &requests, None).await;
    let chunks = "select coalesce(array_agg(c.no || ':' || array_to_string(c.buckets, ',') order by c.no), '{}')
        from points.reconciliation_chunk c where c.kind = 'bucket'";
    let proven = "select accounts from points.reconciliation_run where mode = 'incremental' order by id desc limit 1";
    for limit in [1000, 2] {
        let step = format!(
            "select count(*) from points.run_step('incremental', {limit}, null) s where s.due_since is not null"
        );
        let mut planned: Vec<String> = Vec::new();
        while number(&client, &step).await > 0 {
            planned = client.query_one(chunks, &[]).await.unwrap().get(0);
        }
        match limit {
            2 => assert!(planned.len() >= 24 && planned.iter().all(|chunk| !chunk.contains(',')), "{planned:?}"),
            _ => assert_eq!(planned, ["1:0,1,2,3", "2:4,5,6,7"]),
        }
        // Those of the demonstration may be new, too.
        let proven = number(&client, proven).await;
        assert!((64..=67).contains(&proven), "{proven}");
    }
    assert_eq!(discrepancies(&client).await, []);
}

/// Of the only wallet there is, too, which no account is asked for.
#[tokio::test]
async fn levels_of_the_only_wallet_are_proven() {
    let database = Database::new().await;
    let client = database.client().await;
    assert_eq!(number(&client, "select count(*) from points.wallet").await, 1);
    client.batch_execute("select api.earn_points('vip', 'ORDER', 'vip-1', p_amount => 1500)").await.unwrap();
    let damages = ["level = 'VIP2'", "level_until = 10000", "level = 'VIP2', level_until = 10000", "level = null"];
    for damage in damages {
        let sql = format!(
            "begin; set local session_replication_role = replica;
             delete from points.level_change c using points.account a
             where a.user_id = 'vip' and c.bucket = a.bucket and c.account_id = a.id;
             update points.balance b set {damage} from points.account a
             where a.user_id = 'vip' and b.bucket = a.bucket and b.account_id = a.id"
        );
        client.batch_execute(&sql).await.unwrap();
        let found = "select count(*) from points.account a
            cross join lateral points.prove_changed(array[a.bucket], -1, 9223372036854775807, '-infinity') p
            cross join lateral unnest(p.findings) f
            where a.user_id = 'vip' and f.check_name = 'levels_equal_measure' and f.account_id = a.id";
        let found = number(&client, found).await;
        client.batch_execute("rollback").await.unwrap();
        assert_eq!(found, 1, "{damage}");
    }
    assert_reconciled(&client).await;
}

/// Whatever the planner thinks of how rows lie: the key of the whole history is not read for what is new.
#[tokio::test]
async fn what_is_new_is_found_by_its_time() {
    let database = Database::new().await;
    let client = database.client().await;
    let requests: Vec<_> = (0..256)
        .map(|number| Request::earn(&format!("member-{number}"), "ORDER", &format!("key-{number}")).amount("20"))
        .collect();
    execute(&client, &requests, None).await;
    client.batch_execute("analyze points.operation, points.entry, points.lot_use").await.unwrap();
    // As if rows lay in no order of time at all.
    let in_no_order =
        "update pg_statistic s set stanumbers1 = case when s.stakind1 = 3 then '{0}' else s.stanumbers1 end,
            stanumbers2 = case when s.stakind2 = 3 then '{0}' else s.stanumbers2 end,
            stanumbers3 = case when s.stakind3 = 3 then '{0}' else s.stanumbers3 end
        from pg_class c
        where c.oid = s.starelid and c.relnamespace = 'points'::regnamespace";
    let scans = "select coalesce(sum(pg_stat_get_xact_numscans(i.indexrelid)), 0)::bigint
        from pg_index i
        join pg_class c on c.oid = i.indrelid
        where i.indisprimary and c.relnamespace = 'points'::regnamespace and c.relname ~ '^(operation|(entry|lot_use)_[0-9]+.*)$'";
    client.batch_execute(&format!("begin; {in_no_order}")).await.unwrap();
    let before = number(&client, scans).await;
    let all = "-1, 9223372036854775807, now() - interval '1 minute'";
    for weigh in [
        format!("points.weigh_asked('{{0,1,2,3}}', {all})"),
        format!("points.weigh_recorded('{{0,1,2,3}}', {all})"),
        format!("points.weigh_recorded('{{5}}', {all})"),
        format!("points.find_untold(5::smallint, {all})"),
        "points.cut_changed(now() - interval '1 minute', 1)".to_owned(),
    ] {
        client.query(&format!("select * from {weigh}"), &[]).await.unwrap();
        assert_eq!(number(&client, scans).await, before, "{weigh}");
    }
    client.batch_execute("rollback").await.unwrap();
}

/// Of an account that only gained, the lots that were there before are not read again: what was proven of them holds. Whatever takes
/// from pockets or lots has all of them looked at.
#[tokio::test]
async fn of_an_account_that_only_gained_its_new_lots_are_read() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.create_partitions('2026-01-01')").await.unwrap();
    let then = Some(instant("2026-01-10T12:00:00Z"));
    let members = ["gained", "refunded", "captured", "spent"];
    for user in members {
        let mut requests: Vec<_> =
            (0..50).map(|number| Request::earn(user, "ORDER", &format!("old-{number}")).amount("5")).collect();
        requests.push(Request::adjust(user, 9, "soon").expires_at(Utc::now() + TimeDelta::hours(20)));
        requests.extend([Request::hold(user, 4, "hold"), Request::spend(user, 3, "spend")]);
        execute(&client, &requests, then).await;
    }
    // How many lots are read, and whether the account is suspect, once this is done to its rows.
    let weigh = async |user: &str, damage: &str| {
        // Counters of a session that has asked for nothing else.
        let fresh = database.client().await;
        fresh.batch_execute("begin").await.unwrap();
        if !damage.is_empty() {
            let of_user =
                "(x.bucket, x.account_id) = (select a.bucket, a.id from points.account a where a.user_id = $1)";
            assert_eq!(fresh.execute(&format!("{damage} {of_user}"), &[&user]).await.unwrap(), 1, "{damage}");
        }
        let suspects = "select count(*) from points.account a
            cross join lateral points.weigh_changed(array[a.bucket], a.id - 1, a.id, now() - interval '1 day') w
            where a.user_id = $1 and a.id = any (w.suspects)";
        let suspects: i64 = fresh.query_one(suspects, &[&user]).await.unwrap().get(0);
        let read = "select idx_tup_fetch from pg_stat_xact_user_tables where relid = 'points.lot'::regclass";
        (number(&fresh, read).await, suspects == 1)
    };
    // As if only the newest lots had to be waited for.
    let late = "update points.balance x set next_change_at = coalesce((select min(l.expires_at) from points.lot l
        where l.bucket = x.bucket and l.account_id = x.account_id and l.seq > 53), 'infinity') where";
    let old_lot = "update points.lot x set remaining = x.remaining - 1 where x.seq = 7 and";
    for request in
        [Request::earn("gained", "ORDER", "new-1").amount("7"), Request::earn("gained", "TASK", "new-2").points(3)]
    {
        one(&client, request, None).await;
    }
    assert_eq!(weigh("gained", "").await, (2, false));
    for set in ["remaining = x.remaining - 1", "pending = true", "expires_at = x.available_at", "seq = 7"] {
        assert!(weigh("gained", &format!("update points.lot x set {set} where x.granted = 7 and")).await.1, "{set}");
    }
    assert!(weigh("gained", late).await.1);
    assert!(!weigh("gained", old_lot).await.1);

    // A refund takes from no pocket, and a capture from no lot.
    for request in [
        Request::undo(Kind::Reverse, "refunded", "spend", "new"),
        Request { points: Some(4), ..Request::undo(Kind::Capture, "captured", "hold", "new") },
        Request::spend("spent", 1, "new"),
    ] {
        let user = request.user_id.clone().unwrap();
        one(&client, request, None).await;
        let (read, suspect) = weigh(&user, "").await;
        assert!(read >= 48 && !suspect, "{user}: {read}");
        assert!(weigh(&user, old_lot).await.1 && weigh(&user, late).await.1, "{user}");
    }
}
