create or replace function points.caller_announces() returns boolean
language sql stable
return coalesce(current_setting('jifen.caller_announces', true), '') = 'on';

comment on function points.caller_announces() is
    'Whether this session''s client announces by itself, after the commit, what it changed: a gateway''s lanes do. NOTIFY takes a lock of all databases that lasts until the commit is on disk, so in the transaction it would make the lanes wait for each other.';
