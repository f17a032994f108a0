create or replace function points.close_findings(p_run bigint, p_of_bucket smallint, p_checks text[], p_counts jsonb) returns void
language plpgsql volatile as $$
begin
    update points.discrepancy d
    set state = 'closed', closed_at = clock_timestamp()
    where d.closed_at is null and d.account_bucket is not distinct from p_of_bucket and d.last_run < p_run
        and (p_checks is null or d.check_name = any (p_checks)) and coalesce((p_counts ->> d.check_name)::bigint, 0) <= 1000;
end
$$;

comment on function points.close_findings(bigint, smallint, text[], jsonb) is
    'Closes what a full run, which has looked at all of a bucket or of what is in none by these checks (null: by all), has not found again; but for checks that found more than points.note_findings keeps, by p_counts.';
