create or replace function points.debt_at(p_at timestamptz, p_wallet text) returns bigint
language plpgsql stable set enable_seqscan = on set plan_cache_mode = auto as $$
begin
    return (
        select coalesce(sum(b.debt), 0)::bigint from points.balance b
        join points.account a on a.bucket = b.bucket and a.id = b.account_id and a.wallet = p_wallet
    ) - (
        select coalesce(sum(e.debt_delta), 0)::bigint from points.entry_history e
        join points.account a on a.bucket = e.bucket and a.id = e.account_id and a.wallet = p_wallet
        where e.recorded_at > p_at
    );
end
$$;

comment on function points.debt_at(timestamptz, text) is
    'What members of a wallet owed at an instant: what they owe now, less what came to it since.';
