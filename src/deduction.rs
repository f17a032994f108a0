//! Points that pay for part of an order at the checkout: the quote. The points are then held by holdPoints.

use async_graphql::{Context, ID, Object, SimpleObject, dataloader::DataLoader};

use crate::{
    access::reader,
    account::AccountKey,
    reads::Reads,
    scalars::{Decimal, Points},
};

/// What a member may use for an order.
#[derive(SimpleObject)]
pub struct DeductionQuote {
    /// Points that the member may use now; 0: fewer than the minimum.
    points: Points,
    /// Money that they stand for, in the program's currency.
    money: Decimal,
    /// Points that the order allows, whatever the member has.
    most_points: Points,
    /// Points that must be used at least, if any are.
    least_points: Points,
    /// Points for one unit of currency.
    points_per_unit: i32,
}

/// Queries about deductions.
#[derive(Default)]
pub struct DeductionQuery;

#[Object]
impl DeductionQuery {
    /// What a member may use for an order of this amount, in the program's currency. Hold as many, or fewer, by
    /// holdPoints with the order's orderKey and orderAmount, which checks the same; captureHold on payment, releaseHold
    /// on cancellation. Needs the scope read or audit, or the member's own token. INVALID_INPUT: points of this wallet
    /// pay for no orders, or orderAmount is out of range.
    async fn quote_deduction(
        &self,
        context: &Context<'_>,
        user_id: ID,
        order_amount: Decimal,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<DeductionQuote> {
        reader(context, &user_id, &wallet)?;
        let key = AccountKey::new(user_id, wallet)?;
        let quote = "select * from api.quote_deduction($1, $2, $3)";
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        let row = reads.call(quote, &[&key.user_id, &order_amount.0, &key.wallet]).await?;
        Ok(DeductionQuote {
            points: Points(row.get("points")),
            money: Decimal(row.get("money")),
            most_points: Points(row.get("most_points")),
            least_points: Points(row.get("least_points")),
            points_per_unit: row.get("points_per_unit"),
        })
    }
}
