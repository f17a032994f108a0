create or replace function points.arrange_batch(p_bucket smallint, p_drafts points.draft[], p_shared boolean, p_occasions boolean)
returns points.draft[]
language plpgsql stable as $$
begin
    return case
        when p_shared then points.arrange_redeems(p_bucket, p_drafts)
        when p_occasions then points.arrange_occasions(p_drafts)
        else points.arrange(p_bucket, p_drafts)
    end;
end
$$;

comment on function points.arrange_batch(smallint, points.draft[], boolean, boolean) is
    'Gives each operation of a batch its round. p_shared: accounts share stock or budgets, or awards may bind each other. p_occasions: some can be done once in a while only.';
