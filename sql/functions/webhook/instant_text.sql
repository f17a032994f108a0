create or replace function points.instant_text(p_at timestamptz) returns text
language sql stable parallel safe
return to_char(nullif(p_at, 'infinity') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

comment on function points.instant_text(timestamptz) is
    'An instant as receivers read it, ISO 8601 in UTC, whatever the session''s time zone; null for infinity.';
