create or replace function points.note_reversals(p_bucket smallint, p_drafts points.draft[]) returns void
language plpgsql volatile as $$
begin
    insert into points.reversal (bucket, account_id, operation_id, points, reversed)
    select o.bucket, o.account_id, o.id, abs(o.points), abs(d.moved)
    from unnest(p_drafts) d
    cross join lateral (
        select * from points.operation o
        where o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.undoes
        limit 1
    ) o
    where d.seq is not null and d.entry_kind not in ('capture', 'release')
    on conflict (bucket, account_id, operation_id) do update set reversed = reversal.reversed + excluded.reversed;
end
$$;

comment on function points.note_reversals(smallint, points.draft[]) is
    'Keeps how much of each operation has been undone: reversal_within_original stops it at the whole.';
