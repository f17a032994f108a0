create or replace function points.lock_webhook(p_name text) returns points.webhook
language plpgsql volatile as $$
declare
    v_webhook points.webhook;
begin
    select * into v_webhook from points.webhook w where w.name = p_name and w.deleted_at is null for no key update;
    return v_webhook;
end
$$;

comment on function points.lock_webhook(text) is
    'The webhook of this name, locked; all null: there is none.';
