create or replace function points.has_qualified(p_bucket smallint, p_account_id bigint, p_rule text) returns boolean
language plpgsql stable as $$
begin
    return exists (
        select from points.operation o
        where o.bucket = p_bucket and o.account_id = p_account_id and o.rule = p_rule and o.seq is not null
    );
end
$$;

comment on function points.has_qualified(smallint, bigint, text) is
    'Whether an account has ever been paid by a rule. Reads all of its operations, so it is for accounts that are new.';
