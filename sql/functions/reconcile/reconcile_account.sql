create or replace function api.reconcile_account(p_user_id text, p_wallet text default 'points')
returns table (check_name text, law text, subject text, evidence jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_bucket smallint := points.bucket(p_user_id, p_wallet);
    v_account_id bigint := (select a.id from points.account a where a.bucket = v_bucket and a.user_id = p_user_id and a.wallet = p_wallet);
    v_findings points.finding[];
    v_id bigint;
begin
    if v_account_id is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'user_id', 'message', 'has no such account'));
    end if;
    v_findings := points.prove_account(v_bucket, v_account_id);
    perform points.note_findings(null, v_bucket, v_findings);
    update points.discrepancy d
    set state = 'closed', closed_at = clock_timestamp()
    where d.closed_at is null and d.account_bucket = v_bucket and d.account_id = v_account_id
        -- Only what was looked for: rows of a bucket without an account are not, nor, where they are not there, archived ones.
        and (d.check_name <> 'rows_have_accounts' or d.subject = '') and points.archive_there()
        and not exists (select from unnest(v_findings) f where f.check_name = d.check_name and f.subject = d.subject);
    for v_id in
        select d.id from points.discrepancy d where d.account_bucket = v_bucket and d.account_id = v_account_id and d.to_freeze and d.closed_at is null order by d.id
    loop
        perform points.freeze_wrong(v_id);
    end loop;
    return query
        select f.check_name, k.law, f.subject, f.evidence
        from unnest(v_findings) f
        join points.reconciliation_check k on k.name = f.check_name
        order by f.check_name, f.subject;
end
$$;

comment on function api.reconcile_account(text, text) is
    'Proves one account now, by all its rows: what is wrong with it, no row if nothing is. Closes discrepancies that are not there any more, and freezes the account of new ones if the program wants that. Raises LP001 INVALID_INPUT.';
