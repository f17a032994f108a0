create or replace function points.sign_event(p_webhook points.webhook, p_content text, p_now timestamptz) returns text
language plpgsql stable as $$
declare
    v_content bytea := convert_to(p_content, 'UTF8');
begin
    return 'v1,' || encode(sha256(p_webhook.outer_pad || sha256(p_webhook.inner_pad || v_content)), 'base64')
        || case
            when p_webhook.former_until > p_now
                then ' v1,' || encode(sha256(p_webhook.former_outer_pad || sha256(p_webhook.former_inner_pad || v_content)), 'base64')
            else ''
        end;
end
$$;

comment on function points.sign_event(points.webhook, text, timestamptz) is
    'The header webhook-signature of Standard Webhooks: HMAC-SHA-256 of id.timestamp.body by the secret, and by the one before for a day after it was replaced.';
