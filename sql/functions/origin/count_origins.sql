create or replace function points.count_origins(p_bucket smallint, p_marks points.origin_mark[], p_drafts points.draft[])
returns points.origin_mark[]
language plpgsql stable as $$
declare
    v_ords int[] := array(select d.ord from unnest(p_drafts) d where d.round is not null and d.refusal is null);
begin
    return array(
        select row(
            q.ord, q.account_id, q.origin, q.code, q.starts_at, q.since, q.until, q.most, q.members, q.decides, q.listed,
            -- Each origin is counted once, however many awards come from it.
            max(q.total) over (partition by q.origin, q.code, q.starts_at) - q.listed::int
        )::points.origin_mark
        from (
            select m.*, coalesce(u.times, w.times) as total, a.no is not null as listed
            from (
                select m.*, row_number() over (partition by m.origin, m.code, m.starts_at order by m.ord) as place
                from unnest(p_marks) m
                where m.ord = any (v_ords)
            ) m
            left join lateral (
                select coalesce((
                    select u.times from points.origin_use u
                    where u.origin = m.origin and u.code = m.code and u.starts_at = m.starts_at
                    limit 1
                ), 0) as times
                where m.place = 1 and m.starts_at is not null
            ) u on true
            left join lateral (
                select count(*) as times
                from (
                    select from points.origin_award e
                    where e.origin = m.origin and e.code = m.code and e.recorded_at > m.since
                    limit m.most + 1
                ) e
                where m.place = 1 and m.since is not null
            ) w on true
            left join lateral (
                select e.no from points.origin_award e
                where m.members and e.origin = m.origin and e.code = m.code and e.account_bucket = p_bucket and e.account_id = m.account_id
                    and e.no = 0 and e.recorded_at > m.since
                limit 1
            ) a on true
        ) q
        order by q.ord
    );
end
$$;

comment on function points.count_origins(smallint, points.origin_mark[], points.draft[]) is
    'The marks of a round, with what came before: what others have committed. Once points.reserve_origins holds an origin, that stays so; and what is full stays full without it.';
