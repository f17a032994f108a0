create or replace function points.reserve_origins(
    p_bucket smallint, p_marks points.origin_mark[], p_drafts points.draft[], p_now timestamptz
) returns void
language plpgsql volatile as $$
declare
    v_origins bytea[];
    v_locked bigint;
begin
    v_origins := array(
        select distinct m.origin from unnest(points.count_origins(p_bucket, p_marks, p_drafts)) m
        where m.decides and m.used < m.most
        order by m.origin
    );
    if v_origins = '{}' then
        return;
    end if;
    insert into points.origin (origin, made_at)
    select o.origin, p_now from unnest(v_origins) as o(origin) order by o.origin
    on conflict do nothing;
    select count(*) into v_locked
    from (
        select from points.origin o where o.origin = any (v_origins) order by o.origin for no key update
    ) o;
    if v_locked < cardinality(v_origins) then
        raise exception using errcode = 'serialization_failure', message = 'an origin was forgotten while this waited for it; send it again';
    end if;
end
$$;

comment on function points.reserve_origins(smallint, points.origin_mark[], points.draft[], timestamptz) is
    'Locks the addresses and devices whose limits and risk rules are still to decide, in the order of their hashes, after accounts and budgets. What is full decides by itself, so a busy origin is locked no more often than its limits allow. Raises 40001 when one was forgotten meanwhile: nothing is done.';
