set role jifen_owner;

create table points.deduction (
    wallet          text collate "C" primary key references points.wallet,
    points_per_unit int not null,
    max_share       numeric not null,
    max_amount      points.money,
    min_points      bigint not null,
    decimals        smallint not null,
    constraint deduction_points_per_unit_positive check (points_per_unit > 0),
    constraint deduction_share_is_of_the_order check (max_share > 0 and max_share <= 1),
    constraint deduction_min_points_in_range check (min_points between 1 and 9007199254740991),
    constraint deduction_decimals_in_range check (decimals between 0 and 4)
);
comment on table points.deduction is 'How the points of a wallet pay for part of an order at the checkout; no row: as the host decides.';
comment on column points.deduction.wallet is 'The wallet.';
comment on column points.deduction.points_per_unit is 'Points that pay for one unit of the program''s currency.';
comment on column points.deduction.max_share is 'Share of an order''s amount that points may pay for at most.';
comment on column points.deduction.max_amount is 'Amount of money that points may pay for at most in one order; null: no other cap.';
comment on column points.deduction.min_points is 'Points that may be used at least, if any are.';
comment on column points.deduction.decimals is 'Decimals of the currency: points pay for whole such parts.';

reset role;
