-- Every right there is, on one screen. Nobody but the owner has any in schema points; the owner may not
-- change what is append-only.
revoke all on all tables in schema points, api from public, jifen_gateway, jifen_reader, jifen_operator;
revoke execute on all functions in schema points, api from public, jifen_gateway, jifen_reader, jifen_operator;
revoke update, delete, truncate on
    points.operation, points.entry, points.entry_default, points.lot_use, points.lot_use_default,
    points.level_change, points.rule_version, points.erasure, points.prize, points.catalogue_change, points.former_time_zone,
    points.once_award, points.sign_in, points.zone_change, points.invitation_code
from jifen_owner;

grant usage on schema api to jifen_gateway, jifen_reader, jifen_operator;

-- Readers: views.
grant select on all tables in schema api to jifen_gateway, jifen_reader, jifen_operator;
grant execute on function
    api.bucket(text, text), points.bucket(text, text), points.bucket_count(),
    api.operation_id(int, text), points.due(smallint, bigint, timestamptz), points.user_id_of(smallint, bigint),
    points.contra_of(points.entry_kind),
    points.counted(numeric, text), points.describe_tiers(numeric[], numeric[], text), points.describe_version(points.rule_version, text),
    points.current_level(smallint, bigint), points.level_now(smallint, bigint, timestamptz),
    points.stock_left(text, smallint), points.draw_prize(bytea, int[]),
    points.period_start(points.quota_period, timestamptz, text), points.period_end(points.quota_period, timestamptz, text),
    api.quote_deduction(text, numeric, text), api.explain_operation(text, uuid, text), api.sign_in_calendar(text, date, text),
    api.task_progress(text, text, int, text), api.invitations(text, text)
to jifen_gateway, jifen_reader, jifen_operator;

-- The gateway: the engine, and what keeps it running.
grant execute on function
    api.execute(smallint, api.request[]),
    api.execute_pair(api.request),
    api.execute_erase(api.request),
    api.execute_preview(api.request),
    api.authenticate(bytea),
    api.import_client(),
    api.create_reward(text, text, points.reward_kind, bigint, text, bigint, text, numeric, timestamptz, timestamptz, int, points.quota_period, jsonb, text),
    api.change_reward(text, text, bigint, points.reward_status, text, timestamptz, timestamptz, int, points.quota_period, text),
    api.add_stock(text, bigint, text, smallint, text),
    api.add_coupons(text, text[], text, text),
    api.create_task(text, text, text, points.quota_period, text, bigint, int, timestamptz, timestamptz, text, text),
    api.change_task(text, text, text, points.task_status, text, bigint, int, timestamptz, timestamptz, text),
    api.create_rule(text, text, text, text, boolean),
    api.draft_rule_version(text, points.rule_basis, text, bigint, numeric, numeric[], numeric[], points.rounding, bigint, int, int, int, points.calendar_unit, date, text, int, text),
    api.publish_rule_version(text, int, text, timestamptz, int, text),
    api.discard_rule_draft(text, int, text, text),
    api.retire_rule(text, text, timestamptz, text),
    api.create_limit(text, text, text[], points.quota_period, text, int, bigint, points.limit_excess, boolean, text),
    api.change_limit(text, text, text[], boolean, text, int, bigint, points.limit_excess, boolean, text),
    api.create_campaign(text, text, points.campaign_basis, text[], text, numeric, bigint, text[], int, boolean, bigint, bigint, timestamptz, timestamptz, text),
    api.change_campaign(text, text, points.campaign_status, text, int, boolean, bigint, timestamptz, text),
    api.add_budget(text, bigint, text, text),
    api.backtest_rule(text, int, timestamptz, timestamptz),
    api.settle_invitation(),
    api.set_risk_rule(text, text, text[], points.risk_measure, points.risk_decision, points.risk_mode, text, bigint, int, int, int, int, int, text),
    api.test_risk_rule(text, timestamptz, timestamptz),
    api.set_levels(text, jsonb, text, points.level_measure, points.level_downgrade, int, int, text[], text, text),
    api.preview_levels(text, jsonb, points.level_measure, points.level_downgrade, int, int, text[], text),
    api.evaluate_levels(int, smallint),
    api.create_partitions()
to jifen_gateway;

-- Operators: one operation at a time, rules and clients.
grant execute on function
    api.earn_points(text, text, text, numeric, bigint, timestamptz, text, text, jsonb, text),
    api.spend_points(text, bigint, text, text, text, numeric, text, jsonb, text),
    api.adjust_points(text, bigint, text, text, text, timestamptz, text, jsonb, text),
    api.hold_points(text, bigint, text, timestamptz, text, text, numeric, text, jsonb, text),
    api.capture_hold(text, uuid, text, bigint, text, text, jsonb, text),
    api.release_hold(text, uuid, text, text, text, jsonb, text),
    api.freeze_account(text, text, text, text, text, jsonb, text),
    api.unfreeze_account(text, text, text, text, text, jsonb, text),
    api.reverse_operation(text, uuid, text, text, text, text, jsonb, text),
    api.return_order(text, text, text, numeric, text, text, jsonb, text),
    api.preview_earn(text, text, numeric, bigint, timestamptz, text, text, text),
    api.preview_spend(text, bigint, text, numeric, text, text),
    api.preview_return(text, text, numeric, text, text),
    api.transfer_points(text, text, bigint, text, text, boolean, timestamptz, text, jsonb, text),
    api.accept_transfer(text, text, uuid, text, text, text, jsonb, text),
    api.decline_transfer(text, text, uuid, text, text, text, jsonb, text),
    api.cancel_transfer(text, uuid, text, text, text, jsonb, text),
    api.reverse_transfer(text, uuid, text, text, text, text, jsonb, text),
    api.erase_member(text, text, text, text, text),
    api.merge_accounts(text, text, text, text, text, text, jsonb, text),
    api.unmerge_accounts(text, text, text, text, text, jsonb, text),
    api.set_transfer_limits(bigint, bigint, int, bigint),
    api.redeem_reward(text, text, text, bigint, text, numeric, text, jsonb, text),
    api.fulfil_redemption(text, uuid, text, text, text, text, jsonb, text),
    api.cancel_redemption(text, uuid, text, text, text, text, jsonb, text),
    api.create_reward(text, text, points.reward_kind, bigint, text, bigint, text, numeric, timestamptz, timestamptz, int, points.quota_period, jsonb, text),
    api.change_reward(text, text, bigint, points.reward_status, text, timestamptz, timestamptz, int, points.quota_period, text),
    api.add_stock(text, bigint, text, smallint, text),
    api.add_coupons(text, text[], text, text),
    api.sign_in(text, text, text, jsonb, text),
    api.make_up_sign_in(text, date, text, text, jsonb, text),
    api.set_time_zone(text, text, text, text, jsonb, text),
    api.set_sign_in(text, int, bigint, int, int, bigint, text),
    api.progress_task(text, text, text, int, text, jsonb, text),
    api.claim_task(text, text, text, text, jsonb, text),
    api.create_task(text, text, text, points.quota_period, text, bigint, int, timestamptz, timestamptz, text, text),
    api.change_task(text, text, text, points.task_status, text, bigint, int, timestamptz, timestamptz, text),
    api.create_invitation_code(text, text, text, jsonb, text),
    api.join_by_invitation(text, text, text, text, jsonb, text),
    api.set_invitations(text, text, text, int, text),
    api.settle_invitation(),
    api.set_deduction(int, numeric, numeric, bigint, smallint, text),
    api.set_program(text, text, text, text, boolean),
    api.create_rule(text, text, text, text, boolean),
    api.draft_rule_version(text, points.rule_basis, text, bigint, numeric, numeric[], numeric[], points.rounding, bigint, int, int, int, points.calendar_unit, date, text, int, text),
    api.publish_rule_version(text, int, text, timestamptz, int, text),
    api.discard_rule_draft(text, int, text, text),
    api.retire_rule(text, text, timestamptz, text),
    api.create_rule_version(text, points.rule_basis, bigint, numeric, points.rounding, bigint, int, int, timestamptz, numeric[], numeric[], int, points.calendar_unit, date, text),
    api.backtest_rule(text, int, timestamptz, timestamptz),
    api.create_client(text, bytea, text[], text[]),
    api.revoke_client(text),
    api.create_limit(text, text, text[], points.quota_period, text, int, bigint, points.limit_excess, boolean, text),
    api.change_limit(text, text, text[], boolean, text, int, bigint, points.limit_excess, boolean, text),
    api.create_campaign(text, text, points.campaign_basis, text[], text, numeric, bigint, text[], int, boolean, bigint, bigint, timestamptz, timestamptz, text),
    api.change_campaign(text, text, points.campaign_status, text, int, boolean, bigint, timestamptz, text),
    api.add_budget(text, bigint, text, text),
    api.set_risk_rule(text, text, text[], points.risk_measure, points.risk_decision, points.risk_mode, text, bigint, int, int, int, int, int, text),
    api.test_risk_rule(text, timestamptz, timestamptz),
    api.set_levels(text, jsonb, text, points.level_measure, points.level_downgrade, int, int, text[], text, text),
    api.preview_levels(text, jsonb, points.level_measure, points.level_downgrade, int, int, text[], text),
    api.evaluate_levels(int, smallint),
    api.approve_award(text, uuid, text, text, text, text, jsonb, text),
    api.reject_award(text, uuid, text, text, text, text, jsonb, text),
    api.create_partitions()
to jifen_operator;
