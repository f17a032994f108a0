create or replace function points.book_levels(
    p_bucket smallint, p_weighed points.weighed_level[], p_drafts points.draft[], p_now timestamptz
) returns void
language plpgsql volatile as $$
declare
    v_account_ids bigint[];
    v_seqs bigint[];
begin
    if p_drafts is null then
        select array_agg(b.account_id), array_agg(b.version) into v_account_ids, v_seqs
        from unnest(p_weighed) q
        cross join lateral (
            select * from points.balance b where b.bucket = p_bucket and b.account_id = q.account_id limit 1
        ) b
        where b.level is distinct from q.level;
    end if;
    insert into points.level_change (bucket, account_id, seq, no, previous, level, cause, measure, measured, changed_at, recorded_at)
    select b.bucket, b.account_id, coalesce(d.seq, b.version),
        case when d.seq is null then 1 + (
            select count(*) from points.level_change c
            where c.bucket = p_bucket and c.account_id = b.account_id and c.seq = b.version and c.no > 0
        ) else 0 end,
        b.level, q.level,
        case d.entry_kind when 'earn' then 'award' when 'clawback' then 'clawback' when 'merge' then 'merge'
            else case when b.level_revision = q.revision then 'period_end' else 'levels_changed' end end::points.level_cause,
        q.measure, q.measured, q.at, p_now
    from unnest(p_weighed) q
    cross join lateral (
        select * from points.balance b where b.bucket = p_bucket and b.account_id = q.account_id limit 1
    ) b
    left join unnest(p_drafts) d on d.account_id = q.account_id and d.seq is not null and d.entry_kind in ('earn', 'clawback', 'merge')
    where b.level is distinct from q.level;

    update points.balance b
    set level = q.level, level_until = q.until, level_ends_at = q.ends_at, level_revision = q.revision,
        touched_version = case when p_drafts is null then b.version else b.touched_version end,
        next_change_at = case when q.ends_at > '-infinity' then least(b.next_change_at, q.ends_at) else b.next_change_at end
    from unnest(p_weighed) q
    where b.bucket = p_bucket and b.account_id = q.account_id
        and (b.level, b.level_until, b.level_ends_at, b.level_revision) is distinct from (q.level, q.until, q.ends_at, q.revision);

    -- Those that drafts cause follow their entries.
    if v_account_ids is not null then
        perform points.note_level_changes(p_bucket, v_account_ids, v_seqs, false, p_now);
    end if;
    if p_drafts is null and not points.caller_announces() then
        perform points.announce(p_bucket, (select string_agg(q.account_id::text, ',') from unnest(p_weighed) q));
    end if;
end
$$;

comment on function points.book_levels(smallint, points.weighed_level[], points.draft[], timestamptz) is
    'Gives these locked accounts the levels that they were weighed for, and keeps each change: with the entry of the draft that caused it, at most one an account, or else as the end of a period or a change of levels.';
