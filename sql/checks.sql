-- Every check there is, with its law. A row that goes from here is deleted in retired.sql.
insert into points.reconciliation_check (name, law, incremental) values
    ('books_sum_to_zero', 'Entries, operations, lots, lot uses and balances of an account come to 0 together.', false),
    ('pockets_equal_entries', 'Pending, available, held and debt of an account are the sums of its entries.', true),
    ('balance_is_last_entry', 'A balance has the version and the pockets that its last entry says.', true),
    ('entries_gap_free', 'The entries of an account are numbered from 1 without gaps or repeats.', true),
    ('entries_chained', 'Each entry starts from the pockets that the one before it left.', true),
    ('counters_equal_entries', 'What an account has earned, spent, let expire, been adjusted by and been sent are the sums of its entries by contra account.', false),
    ('debt_leaves_nothing', 'No account has both a debt and available points.', true),
    ('pockets_equal_lots', 'Pending and available points of an account are those of its open lots.', true),
    ('lots_conserved', 'Of each lot, what was granted is used, expired, clawed back or still there.', true),
    ('lots_equal_entries', 'What an entry moves is what it took from lots, gave back to them or granted.', true),
    ('changes_come_in_time', 'No lot changes and no hold ends before the instant at which its account is looked at next.', true),
    ('entries_have_operations', 'Each entry has the operation that it names, with its kind, its points and its instant, and each operation that moved something has its entry.', true),
    ('keys_are_operations', 'An operation is its client''s key, hashed: so a key is used once for a client and account.', true),
    ('rows_have_accounts', 'Every row belongs to an account with a balance.', true),
    ('holds_equal_held', 'What an account holds is its open holds.', true),
    ('holds_are_operations', 'A hold took its points from lots, and one operation closed it and says how.', true),
    ('reversals_equal_operations', 'What is undone of an operation is the sum of what undid it.', true),
    ('transfers_have_two_sides', 'What one member sends another receives, and what is taken back comes back.', true),
    ('transfers_sum_to_zero', 'All that was sent in a wallet was received in it.', false),
    ('redemptions_are_operations', 'A redemption is the operation that paid its price, and is cancelled if all of that went back, unless it was fulfilled.', true),
    ('quotas_equal_redemptions', 'A quota counts the redemptions of its period that were not cancelled.', true),
    ('coupons_equal_redemptions', 'A code that was handed out belongs to the redemption that names it.', true),
    ('stock_equals_redemptions', 'What is left of a stock or budget is what was put into it, less what redemptions and awards have taken.', false),
    ('limits_equal_operations', 'What is used of a limit is the awards of its period.', true),
    ('levels_equal_measure', 'The level of an account is the one that its points give.', true),
    ('level_changes_lead_to_level', 'Changes of a level go on from one another, up to the level of now.', true),
    ('earned_days_equal_operations', 'What was earned on which day is what the operations say.', true),
    ('merges_leave_nothing', 'A merged account has nothing but holds, and its heir inherits what it earned.', true),
    ('reviews_wait_as_pending', 'An award in review is pending until its deadline.', true),
    ('invitations_pay_both', 'Both sides of an invitation were paid or neither, and clawed back or neither.', true),
    ('sign_ins_are_operations', 'A day signed or made up is the operation that did it.', true),
    ('tasks_are_paid_once', 'A task that was paid in a period is the operation that paid it.', true),
    ('once_is_once', 'A rule that awards once for ever has awarded an account once, and what it awarded is kept.', true),
    ('checkpoints_equal_archive', 'A checkpoint is the sum of an account''s archived entries, and what the last of them says.', false),
    ('archive_chained', 'Archived entries of an account go on from one another.', false),
    ('archive_is_whole', 'An archived month has as many rows as when it was archived, all of them before what is live.', false),
    ('partitions_are_there', 'There is a partition for this month and the next two, and nothing lies in a default one.', true),
    ('outbox_tells_what_is', 'Events that wait are about entries there are, in order, and of the deliveries of an account the first is due.', false),
    ('guards_are_in_place', 'The triggers on what is append-only, the primary keys and the constraints are in place.', true),
    ('program_knows_its_rules', 'The program knows which rules limits, campaigns and risk rules are about.', true)
on conflict (name) do update set law = excluded.law, incremental = excluded.incremental;

-- Functions are those of this version; a constraint is what it was when it was made.
insert into points.guard as g (of_table, name, definition)
select n.of_table, n.name, n.definition from points.guards() n
on conflict (of_table, name) do update set definition = excluded.definition where g.of_table = 'points';
