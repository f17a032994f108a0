//! Two gateways on one database.

use serde_json::json;
use tokio::task::JoinSet;

use super::{Gateway, code};
use crate::{common::Database, database::assert_laws};

async fn two_gateways() -> ([Gateway; 2], Database) {
    let (first, database) = Gateway::new().await;
    let second = Gateway::over(&database.url(), &first.key).await;
    ([first, second], database)
}

#[tokio::test]
async fn the_same_key_sent_to_both_at_once_takes_effect_once() {
    let (gateways, database) = two_gateways().await;
    let mut sending = JoinSet::new();
    for number in 0..60 {
        for gateway in &gateways {
            let gateway = gateway.clone();
            sending.spawn(async move {
                let user = format!("m{}", number % 4);
                (number, gateway.sign_in(&user, &number.to_string()).await.unwrap())
            });
        }
    }
    let mut answers = sending.join_all().await;
    answers.sort_by_key(|(number, payload)| (*number, payload["replayed"] == true));
    for pair in answers.chunks(2) {
        let [(_, first), (_, second)] = pair else { panic!("{pair:?}") };
        assert_eq!((&first["replayed"], &second["replayed"]), (&json!(false), &json!(true)));
        assert_eq!(first["entry"], second["entry"]);
        assert_eq!(first["operation"], second["operation"]);
    }
    assert_eq!(answers.len(), 120);
    for user in ["m0", "m1", "m2", "m3"] {
        assert_eq!(gateways[0].available(user).await, 75);
    }
    assert_laws(&database.client().await).await;
}

#[tokio::test]
async fn what_both_are_asked_for_at_once_adds_up() {
    let (gateways, database) = two_gateways().await;
    let mut sending = JoinSet::new();
    for number in 0..240 {
        let gateway = gateways[number % 2].clone();
        sending.spawn(async move {
            let user = format!("m{}", number / 2 % 3);
            let key = number.to_string();
            let answer = match number % 3 {
                0 => gateway.spend(&user, 4, &key).await,
                _ => gateway.sign_in(&user, &key).await,
            };
            match answer {
                Ok(payload) => payload["entry"]["availableDelta"].as_i64().unwrap(),
                Err(error) => {
                    assert_eq!(code(&error), "INSUFFICIENT_POINTS");
                    0
                }
            }
        });
    }
    let moved: i64 = sending.join_all().await.into_iter().sum();
    let mut available = 0;
    for user in ["m0", "m1", "m2"] {
        let shown = gateways[0].available(user).await;
        assert_eq!(shown, gateways[1].available(user).await);
        available += shown;
    }
    assert_eq!(available, moved);
    assert_laws(&database.client().await).await;
}
