create or replace function points.month_table(p_parent text, p_month date) returns text
language sql immutable return format('%s_%s_%s', p_parent, to_char(extract(year from p_month), 'FM0000'), to_char(extract(month from p_month), 'FM00'));

comment on function points.month_table(text, date) is
    'Name of the table, in schema points, of a month of entries or lot uses. It stays the same in the archive.';
