create or replace function points.check_special(p_of_bucket smallint, p_ids bigint[], p_since timestamptz, p_archive boolean) returns setof points.finding
language plpgsql stable set random_page_cost = 0 set seq_page_cost = 0 as $$
begin
    return query
        select * from points.check_holds(p_of_bucket, p_ids, p_since, p_archive)
        union all select * from points.check_undone(p_of_bucket, p_ids, p_since)
        union all select * from points.check_redemptions(p_of_bucket, p_ids, p_since)
        union all select * from points.check_occasions(p_of_bucket, p_ids, p_since)
        union all select * from points.check_persons(p_of_bucket, p_ids);
end
$$;

comment on function points.check_special(smallint, bigint[], timestamptz, boolean) is
    'What sums know nothing of: holds, what was undone, transfers, redemptions, sign-ins, tasks, merges, reviews and invitations of accounts, as far as something of them was recorded since p_since; -infinity: all. p_archive: whether what is archived is there.';
