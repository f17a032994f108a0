create or replace function points.doctor_server(p_clock timestamptz, p_connections int)
returns table (topic text, state text, finding text, remedy text)
language plpgsql volatile as $$
declare
    v_version int := current_setting('server_version_num')::int;
    v_apart interval := clock_timestamp() - p_clock;
    v_zone text := (select p.time_zone from points.program p);
    v_time text;
begin
    return query
    select 'version', case when v_version < 150000 then 'fail' when v_version >= 190000 then 'warn' else 'ok' end,
        'PostgreSQL ' || current_setting('server_version'), 'Jifen is tested on PostgreSQL 15 and 17, and needs 15 or later.';
    return query
    select s.name, case when current_setting(s.name) = any (s.safe) then 'ok' else 'fail' end, current_setting(s.name), s.remedy
    from (values
        ('fsync', array['on'], 'alter system set fsync = on; select pg_reload_conf(). Without it a power cut may leave books that nobody can read.'),
        ('full_page_writes', array['on'], 'alter system set full_page_writes = on; select pg_reload_conf(). Without it a power cut may tear pages.'),
        ('synchronous_commit', array['on', 'local', 'remote_write', 'remote_apply'],
            'Set it to on, where it is off: alter system, database or role. What was answered may be gone after a crash.'),
        ('default_transaction_isolation', array['read committed'],
            'Set it to ''read committed'': the gateway does not ask again where two transactions can''t be put in order.'),
        ('default_transaction_read_only', array['off'], 'Set it to off, or the gateway can write nothing.'),
        ('autovacuum', array['on'], 'alter system set autovacuum = on; select pg_reload_conf(). Tables grow, and at last the server stops.'),
        ('server_encoding', array['UTF8'], 'Make a database with encoding UTF8, and load a dump into that.')
    ) s (name, safe, remedy);
    return query
    select 'standby', case when pg_is_in_recovery() then 'fail' else 'ok' end,
        case when pg_is_in_recovery() then 'this server is a standby' else 'this server takes writes' end,
        'Connect to the primary, or, after it is gone for good, select pg_promote() here.';
    return query
    select 'data_checksums', case current_setting('data_checksums') when 'on' then 'ok' else 'warn' end, current_setting('data_checksums'),
        'Stop the server and run pg_checksums --enable, so that a disk which returns other bytes than were written is noticed.';
    return query
    select 'archive_mode', case when current_setting('archive_mode') = 'off' then 'warn' else 'ok' end, current_setting('archive_mode'),
        'Archive the log (docs/running/backup.md), or after a lost disk nothing since the last backup comes back; ignore this where a standby or another tool does it.';
    if p_clock is not null then
        return query
        select 'clock',
            case when abs(extract(epoch from v_apart)) <= 1 then 'ok' when abs(extract(epoch from v_apart)) <= 5 then 'warn' else 'fail' end,
            format('the server''s clock is %s s %s the gateway''s', round(abs(extract(epoch from v_apart))::numeric, 1),
                case when v_apart < interval '0' then 'behind' else 'ahead of' end),
            'Keep both clocks with NTP: tokens, expiry and days are decided by them.';
    end if;
    begin
        -- pg_timezone_names would read the file of every zone there is.
        v_time := to_char(clock_timestamp() at time zone v_zone, 'YYYY-MM-DD HH24:MI');
    exception when invalid_parameter_value then
        null;
    end;
    return query
    select 'time_zone', case when v_time is not null then 'ok' else 'fail' end,
        coalesce(format('in %s it is ', v_zone) || v_time, format('the server does not know %s', v_zone)),
        'Install the operating system''s time zone data (tzdata), or name another zone with api.set_program.';
    return query select * from points.doctor_room(p_connections);
end
$$;

comment on function points.doctor_server(timestamptz, int) is
    'What api.doctor finds out about the server: version, settings, clock, time zones, room. A step of api.doctor.';
