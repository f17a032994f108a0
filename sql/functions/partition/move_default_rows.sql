create or replace function points.move_default_rows(p_parent text, p_partition text, p_month timestamptz) returns void
language plpgsql volatile set timezone = 'UTC' as $$
declare
    v_default text := p_parent || '_default';
    v_late boolean;
begin
    execute format('select exists (select from points.%I where recorded_at >= $1 and recorded_at < $2)', v_default)
        into v_late using p_month, p_month + interval '1 month';
    if not v_late then
        return;
    end if;
    -- The default partition is append-only too, so its rows go to a new one instead of being deleted from it.
    execute format('alter table points.%I detach partition points.%I', p_parent, v_default);
    execute format('alter table points.%I rename to %I', v_default, v_default || '_old');
    execute format('create table points.%I partition of points.%I default', v_default, p_parent);
    execute format('insert into points.%I select * from points.%I where recorded_at >= $1 and recorded_at < $2', p_partition, v_default || '_old')
        using p_month, p_month + interval '1 month';
    execute format('insert into points.%I select * from points.%I where recorded_at < $1 or recorded_at >= $2', v_default, v_default || '_old')
        using p_month, p_month + interval '1 month';
    execute format('drop table points.%I', v_default || '_old');
    execute format('comment on table points.%I is %L', v_default,
        format('Takes rows of points.%s of months that have no partition yet; points.make_partitions() empties it.', p_parent));
    execute format('create trigger append_only_truncate before truncate on points.%I execute function points.refuse_change()', v_default);
    execute format('create trigger not_archived before insert on points.%I for each row execute function points.refuse_archived()', v_default);
    execute format('revoke update, delete, truncate on points.%I from jifen_owner', v_default);
end
$$;

comment on function points.move_default_rows(text, text, timestamptz) is
    'Moves a month''s rows from the default partition to the month''s own table, before that is attached. Step of points.make_partitions.';
