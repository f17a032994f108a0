create or replace function points.receipt_detail(
    p_kind points.operation_kind, p_rule text, p_wallet text, p_version int, p_fault text[], p_forbidden boolean, p_retired_at timestamptz,
    p_rule_fault text[]
) returns jsonb
language plpgsql stable parallel safe as $$
begin
    return case
        when p_fault is not null then jsonb_build_object('path', p_fault[1], 'message', p_fault[2])
        when p_forbidden then jsonb_build_object('scope', points.scope_of(p_kind), 'rule', p_rule, 'wallet', p_wallet)
        when p_kind = 'earn' and p_version is null then jsonb_build_object('rule', p_rule)
        when p_retired_at is not null then jsonb_build_object('rule', p_rule, 'retired_at', p_retired_at)
        when p_rule_fault is not null then jsonb_build_object('path', p_rule_fault[1], 'message', p_rule_fault[2])
    end;
end
$$;

comment on function points.receipt_detail(points.operation_kind, text, text, int, text[], boolean, timestamptz, text[]) is
    'Facts of what points.receive refuses. Apart, so that a batch without refusals does not prepare them.';
