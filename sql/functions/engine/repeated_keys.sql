create or replace function points.repeated_keys(p_requests api.request[], p_drafts points.draft[]) returns int[]
language plpgsql immutable as $$
begin
    return array(
        select q.ord
        from (
            select r.ord, row_number() over (partition by r.user_id, coalesce(r.wallet, 'points'), r.operation_id order by r.ord) as uses
            from unnest(p_requests, p_drafts) r
        ) q
        where q.uses > 1
        order by q.ord
    );
end
$$;

comment on function points.repeated_keys(api.request[], points.draft[]) is
    'Places of the requests whose keys were used before in their batch: it is carried out in parts that begin at these places, so that each finds what became of the first.';
