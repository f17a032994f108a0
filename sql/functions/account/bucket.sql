create or replace function api.bucket(p_user_id text, p_wallet text default 'points') returns smallint
language sql immutable parallel safe
return points.bucket(p_user_id, p_wallet);

comment on function api.bucket(text, text) is
    'Bucket of a member''s account. Name it in queries by user_id, since every index begins with the bucket.';
