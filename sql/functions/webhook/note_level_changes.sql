create or replace function points.note_level_changes(p_bucket smallint, p_account_ids bigint[], p_seqs bigint[], p_caused boolean, p_now timestamptz)
returns void
language plpgsql volatile as $$
begin
    if not points.wants_event('level.changed') then
        return;
    end if;
    insert into points.outbox (bucket, account_id, happened_at, event, facts)
    select c.bucket, c.account_id, p_now, 'level.changed', jsonb_build_object(
        'previous', c.previous, 'level', c.level, 'cause', c.cause, 'measure', c.measure, 'measured', c.measured,
        'cursor', c.seq || '_' || c.no, 'changedAt', points.instant_text(c.changed_at), 'recordedAt', points.instant_text(c.recorded_at))
    from unnest(p_account_ids, p_seqs) as d(account_id, seq)
    cross join lateral (
        select * from points.level_change c
        where c.bucket = p_bucket and c.account_id = d.account_id and c.seq = d.seq and (c.no = 0) = p_caused
        order by c.no desc
        limit 1
    ) c
    order by c.account_id, c.seq;
end
$$;

comment on function points.note_level_changes(smallint, bigint[], bigint[], boolean, timestamptz) is
    'Puts into the outbox the changes of level that these entries caused, or, p_caused false, the last one after each of them.';
