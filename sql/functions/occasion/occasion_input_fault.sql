create or replace function points.occasion_input_fault(
    p_kind points.operation_kind, p_rule text, p_order_key text, p_reward text, p_original uuid, p_counterparty text,
    p_amount numeric, p_points bigint, p_occurred_at timestamptz, p_expires_at timestamptz, p_subject text
) returns text[]
language plpgsql immutable parallel safe as $$
begin
    return case
        when p_kind not in ('sign_in', 'make_up', 'set_time_zone', 'progress', 'claim', 'invite', 'join')
            then array['subject', 'is for make_up, set_time_zone, progress, claim and join']
        when num_nonnulls(p_rule, p_order_key, p_reward, p_original, p_counterparty, p_amount, p_occurred_at, p_expires_at) > 0
            then array['kind', 'takes no rule, order, reward, amount or times']
        when (p_kind = 'progress') <> (p_points is not null)
            then array['points', 'are the steps of progress, which needs them']
        when p_points not between 1 and 1000000
            then array['points', 'must be from 1 to 1000000']
        when (p_kind in ('sign_in', 'invite')) <> (p_subject is null)
            then array['subject', 'is for make_up, set_time_zone, progress, claim and join, which need it']
        when p_kind = 'make_up' and p_subject !~ '^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
            then array['subject', 'must be a day, e.g. 2030-01-31']
        when p_kind = 'make_up' and right(p_subject, 2)::int
            > extract(day from make_date(left(p_subject, 4)::int, substr(p_subject, 6, 2)::int, 1) + interval '1 month' - interval '1 day')
            then array['subject', 'must be a day that there is']
    end;
end
$$;

comment on function points.occasion_input_fault(points.operation_kind, text, text, text, uuid, text, numeric, bigint, timestamptz, timestamptz, text) is
    'The rest of points.special_input_fault, for what can be done once in a while only, and for other kinds that name a subject.';
