create or replace function api.publish_rule_version(
    p_rule text,
    p_version int,
    p_idempotency_key text,
    p_starts_at timestamptz default null,
    p_draft_revision int default null,
    p_client text default 'psql'
) returns table (replayed boolean, version api.rule_version)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_change record;
    v_draft points.rule_draft;
    v_version points.rule_version;
    v_now timestamptz;
    v_fault text[];
begin
    perform points.lock_rule(p_rule);
    v_now := clock_timestamp();
    v_change := points.note_change(
        p_client, 'rules', p_idempotency_key, 'publish_rule_version', p_rule,
        jsonb_build_object('version', p_version, 'starts_at', p_starts_at, 'revision', p_draft_revision), p_version);
    if not v_change.replayed then
        v_draft := points.find_draft(p_rule, p_version);
        v_version := jsonb_populate_record(null::points.rule_version, v_draft.terms || jsonb_build_object(
            'rule', p_rule, 'version', p_version, 'starts_at', coalesce(p_starts_at, v_now), 'created_at', v_now));
        v_fault := case
            when p_draft_revision <> v_draft.revision
                then array['draft_revision', format('the draft has been changed since: it is revision %s', v_draft.revision)]
            when p_starts_at < v_now or not isfinite(p_starts_at) then array['starts_at', 'must not be in the past']
            else points.version_fault(v_version)
        end;
        if v_fault is not null then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
        end if;
        insert into points.rule_version select v_version.*;
        delete from points.rule_draft d where d.rule = p_rule and d.version = p_version;
    end if;
    return query select v_change.replayed, (select v from api.rule_version v where v.rule = p_rule and v.version = v_change.version);
end
$$;

comment on function api.publish_rule_version(text, int, text, timestamptz, int, text) is
    'Puts a draft in force from p_starts_at on, null: at once, until the next version starts; from then on it never changes. p_draft_revision: only if the draft is still that revision. A version that starts at the instant of one already scheduled replaces it. Raises LP001 INVALID_INPUT, LP002 UNKNOWN_RULE, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
