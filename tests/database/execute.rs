use crate::common::{Database, Request, execute, instant};

#[tokio::test]
async fn what_a_batch_grants_expired_cannot_be_spent_later_in_it() {
    let database = Database::new().await;
    let client = database.client().await;
    let granted = Request::earn("zoe", "ORDER", "late").amount("100").occurred_at(instant("2020-01-01 12:00:00Z"));
    let outcomes =
        execute(&client, &[granted, Request::spend("zoe", 50, "s")], Some(instant("2024-01-01 12:00:00Z"))).await;
    let refusals: Vec<_> = outcomes.iter().map(|outcome| outcome.refusal.as_deref()).collect();
    assert_eq!(refusals, [None, Some("INSUFFICIENT_POINTS")]);
}
