create or replace function points.refuse_archived() returns trigger
language plpgsql volatile as $$
begin
    if exists (select from points.ledger_month m where m.archived_at is not null and new.recorded_at < points.month_start(m.month, 1)) then
        raise exception using
            errcode = 'LP900',
            message = format('the month of %s is archived', new.recorded_at),
            hint = 'Nothing is booked as of a year ago. Look at the clock of the server.';
    end if;
    return new;
end
$$;

comment on function points.refuse_archived() is
    'Guard on the default partitions: what belongs to an archived month would find no partition, and end there. Raises LP900.';
