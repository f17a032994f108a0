create or replace view api.invitation_terms as
select t.wallet, t.qualifying_rule, t.inviter_rule, t.invited_rule, t.cap
from points.invitation_terms t;

comment on view api.invitation_terms is 'What invitations give, by wallet.';
comment on column api.invitation_terms.wallet is 'The wallet.';
comment on column api.invitation_terms.qualifying_rule is 'Rule by whose first award an invited member qualifies.';
comment on column api.invitation_terms.inviter_rule is 'Rule that prices what the inviter gets.';
comment on column api.invitation_terms.invited_rule is 'Rule that prices what the invited member gets.';
comment on column api.invitation_terms.cap is 'Invitations for which an inviter is paid at most; null: any number.';
