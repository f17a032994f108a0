create or replace function points.extend_input_fault(
    p_order_key text, p_reward text, p_original uuid, p_counterparty text, p_amount numeric, p_points bigint, p_expires_at timestamptz,
    p_reason text, p_actor text, p_subject text
) returns text[]
language plpgsql immutable parallel safe as $$
begin
    return case
        when num_nonnulls(p_order_key, p_reward, p_counterparty, p_amount, p_points) > 0
            then array['kind', 'takes no order, reward, amount or points']
        when num_nonnulls(p_original, p_subject) <> 1
            then array['original', 'either the operation that granted the points, or in subject the instant before which they expire, must be given']
        when p_subject !~ '^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z$'
            then array['subject', 'must be an instant in UTC, e.g. 2030-01-31T23:59:59Z']
        when substr(p_subject, 9, 2)::int
            > extract(day from make_date(left(p_subject, 4)::int, substr(p_subject, 6, 2)::int, 1) + interval '1 month' - interval '1 day')
            then array['subject', 'must be a day that there is']
        when p_expires_at is null
            then array['expires_at', 'must not be null']
        when coalesce(p_reason, '') = ''
            then array['reason', 'this needs a reason']
        when coalesce(p_actor, '') = ''
            then array['actor', 'this needs its actor']
    end;
end
$$;

comment on function points.extend_input_fault(text, text, uuid, text, numeric, bigint, timestamptz, text, text, text) is
    'The rest of points.special_input_fault, for extend.';
