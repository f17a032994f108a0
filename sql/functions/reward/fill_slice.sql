create or replace function points.fill_slice(p_item text, p_prize smallint, p_bucket smallint, p_pieces bigint) returns boolean
language plpgsql volatile as $$
declare
    v_remaining bigint;
    v_central bigint;
    v_missing bigint;
    v_taken bigint;
begin
    select s.remaining into v_remaining
    from points.stock_slice s
    where s.bucket = p_bucket and s.item = p_item and s.prize = p_prize;
    if v_remaining >= p_pieces then
        -- A subtransaction, since only that can let go of a lock again: whoever waits for the centre must not hold a slice.
        begin
            select s.remaining into v_remaining
            from points.stock_slice s
            where s.bucket = p_bucket and s.item = p_item and s.prize = p_prize
            for update;
            if v_remaining < p_pieces then
                raise exception using errcode = 'LP902', message = 'others took from the slice';
            end if;
            return true;
        exception when sqlstate 'LP902' then
            null;
        end;
    end if;

    select c.remaining into v_central from points.stock c where c.item = p_item and c.prize = p_prize for update;
    select p_pieces - s.remaining into v_missing
    from points.stock_slice s
    where s.bucket = p_bucket and s.item = p_item and s.prize = p_prize
    for update;
    if v_missing <= 0 then
        return true;
    end if;

    v_taken := least(v_central, greatest(v_missing, v_central / (2 * points.bucket_count())));
    if v_taken > 0 then
        update points.stock c set remaining = c.remaining - v_taken where c.item = p_item and c.prize = p_prize;
    end if;
    if v_taken < v_missing then
        perform from points.stock_slice s
        where s.item = p_item and s.prize = p_prize
            and s.bucket = any (array(select generate_series(0, points.bucket_count() - 1)::smallint)) and s.bucket <> p_bucket
        order by s.bucket
        for update;
        select v_taken + coalesce(sum(t.taken), 0)::bigint into v_taken
        from points.take_slices(p_item, p_prize, p_bucket, v_missing - v_taken) as t(taken);
    end if;
    update points.stock_slice s set remaining = s.remaining + v_taken
    where s.bucket = p_bucket and s.item = p_item and s.prize = p_prize;
    return v_taken >= v_missing;
end
$$;

comment on function points.fill_slice(text, smallint, smallint, bigint) is
    'Locks a bucket''s slice of a stock, with p_pieces in it or as many as there are, and says whether p_pieces are: from the centre, which gives some more for later, and then from the other slices. All that is left stays sellable, and nobody waits in a circle: rewards go in order, in each the centre goes before the slices, and only who holds the centre locks several.';
