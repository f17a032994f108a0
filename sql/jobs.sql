-- Every job there is: job NAME is the function points.NAME_step(limit, now), which does one bounded step and says how much it
-- has done, since when the oldest of what is left has been due (null: nothing is), and what failed without stopping it. One that
-- has done nothing leaves the rest to its next run; null: others are about it, so it is looked at again in a second. What
-- operators have set since, schedule and enabled, stays. Those whose steps may take long are slow: see points.job.slow.
insert into points.job (name, schedule, step_limit, timeout_seconds, slow, description) values
    ('alerts',             'PT10S', 10000, 10, false, 'Measures what the alert rules are about, and raises and resolves alerts.'),
    ('archive',            '0 3 * * *', 1, 3600, true,  'Moves closed months of entries and lot uses to the archive.'),
    ('check_totals',       'PT1H',  1000, 60, true,  'Compares the total of each wallet by its flows with that by its balances.'),
    ('count_flows',        'PT5S',  20000, 30, false, 'Adds new entries to the flows of their hours.'),
    ('create_partitions',  'PT1H',  3,   60, false, 'Makes the monthly partitions of entries and lot uses ahead of time.'),
    ('evaluate_levels',    'PT10S', 150, 10, false, 'Books what changed levels make of members.'),
    ('forget_batches',     'PT10M', 1000, 30, false, 'Deletes batches some days after they were carried out, and uploads that were abandoned.'),
    ('forget_deliveries',  'PT10M', 1000, 30, false, 'Deletes deliveries of webhooks some days after they were made, and gives up those that nobody takes.'),
    ('forget_origins',     'PT1H',  1000, 30, false, 'Deletes what is no longer needed of addresses and devices.'),
    ('mend_indexes',       'PT5M',  1024, 600, true,  'Has the indexes by time say what is on pages of which they have nothing.'),
    ('reconcile',          'PT5M',  100000, 60, true,  'Proves what was booked since it did so before, and that the house is in order.'),
    ('reconcile_full',     '30 3 * * *', 100000, 600, true,  'Proves all accounts, entry by entry.'),
    ('seal',               'PT1M',  55,  60, true,  'Seals new entries: hash chains of accounts, under one root a bucket.'),
    ('settle_invitations', 'PT1S',  1,   5, false, 'Pays both sides of invitations, or claws back from both.'),
    ('sweep',              'PT10S', 15,  5, false, 'Books expiry, activation and the end of holds and levels on accounts that nobody touches.'),
    ('write_notices',      '0 8 * * *', 1000, 5, false, 'Writes the notices of points that expire soon, for all accounts.')
on conflict (name) do update
set description = excluded.description, step_limit = excluded.step_limit, timeout_seconds = excluded.timeout_seconds,
    slow = excluded.slow;
