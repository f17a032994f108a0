create or replace function points.announce(p_bucket smallint, p_accounts text) returns void
language plpgsql volatile as $$
begin
    -- A payload has less than 8,000 bytes. Without accounts it is about the whole bucket.
    if p_accounts is not null then
        perform pg_notify('jifen', case when length(p_accounts) < 7900 then p_bucket || ' ' || p_accounts else p_bucket::text end);
    end if;
end
$$;

comment on function points.announce(smallint, text) is
    'Tells the listening gateways, when this transaction commits, which accounts have changed: ids with commas between them, each with :version where an entry was written; + stands for accounts just made. A hint: the tables are the truth.';
