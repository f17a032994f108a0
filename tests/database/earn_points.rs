use crate::common::{Database, Entry, Request, execute};

#[tokio::test]
async fn an_earn_grants_the_points_of_its_rule() {
    let database = Database::new().await;
    let client = database.client().await;
    let outcomes = execute(&client, &[Request::earn("zoe", "ORDER", "o1").amount("129.99")], None).await;
    let [outcome] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!((outcome.refusal.as_deref(), outcome.replayed, outcome.points), (None, false, Some(129)));
    assert_eq!(
        outcome.entry,
        Some(Entry {
            seq: 1,
            pending_delta: 0,
            available_delta: 129,
            pending_after: 0,
            available_after: 129,
            held_after: 0
        })
    );
}
