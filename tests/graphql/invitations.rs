use serde_json::{Value, json};

use super::{Gateway, code, make_key, only_error, until};

impl Gateway {
    async fn invitation(&self, field: &str, answer: &str, input: Value) -> Result<Value, Value> {
        let capital = field[..1].to_uppercase();
        let query =
            format!("mutation($input: {capital}{}Input!) {{ {field}(input: $input) {{ {answer} }} }}", &field[1..]);
        match only_error(self.send(&query, json!({ "input": input })).await) {
            Ok(error) => Err(error),
            Err(mut data) => Ok(data[field].take()),
        }
    }

    async fn invitations(&self, user: &str) -> Value {
        let query = "query($user: ID!) { invitations(userId: $user) { code paid revoked inviter status } }";
        self.ask(query, json!({ "user": user })).await["invitations"].take()
    }
}

#[tokio::test]
async fn a_member_invites_another_and_both_are_paid() {
    let (gateway, database) = Gateway::new().await;
    let input = json!({ "userId": "ann", "idempotencyKey": "1" });
    let made =
        gateway.invitation("createInvitationCode", "code replayed operation { kind points }", input).await.unwrap();
    assert_eq!(made["operation"], json!({ "kind": "INVITE", "points": 0 }));
    let anns = made["code"].as_str().unwrap();
    assert_eq!(
        gateway.invitations("ann").await,
        json!({ "code": anns, "paid": 0, "revoked": 0, "inviter": null, "status": null })
    );
    assert_eq!(gateway.invitations("ben").await, Value::Null);

    let own = json!({ "userId": "ann", "code": anns, "idempotencyKey": "2" });
    let refused = gateway.invitation("joinByInvitation", "replayed", own).await.unwrap_err();
    assert_eq!((code(&refused), &refused["extensions"]["details"]), ("NOT_INVITABLE", &json!({ "because": "self" })));
    let unknown = json!({ "userId": "ben", "code": "nobody's", "idempotencyKey": "1" });
    let refused = gateway.invitation("joinByInvitation", "replayed", unknown).await.unwrap_err();
    assert_eq!(code(&refused), "UNKNOWN_INVITATION");
    let input = json!({ "userId": "ben", "code": anns, "idempotencyKey": "1" });
    let joined = gateway.invitation("joinByInvitation", "replayed operation { kind subject }", input).await.unwrap();
    assert_eq!(joined, json!({ "replayed": false, "operation": { "kind": "JOIN", "subject": anns } }));
    let again = json!({ "userId": "ben", "code": anns, "idempotencyKey": "2" });
    assert_eq!(code(&gateway.invitation("joinByInvitation", "replayed", again).await.unwrap_err()), "ALREADY_INVITED");

    let register = json!({ "userId": "ben", "rule": "REGISTER", "idempotencyKey": "3" });
    gateway.mutate("earnPoints", register).await.unwrap();
    until("both are paid", async || gateway.invitations("ben").await["status"] == "PAID").await;
    assert_eq!((gateway.available("ann").await, gateway.available("ben").await), (50, 150));
    assert_eq!(gateway.invitations("ann").await["paid"], 1);
    assert_eq!(gateway.invitations("ben").await["inviter"], "ann");

    let reader = gateway.with_key(&make_key(&database, "reader", &["read", "spend"], None).await);
    for (field, input) in [
        ("createInvitationCode", json!({ "userId": "cat", "idempotencyKey": "1" })),
        ("joinByInvitation", json!({ "userId": "cat", "code": anns, "idempotencyKey": "1" })),
    ] {
        assert_eq!(code(&reader.invitation(field, "replayed", input).await.unwrap_err()), "FORBIDDEN", "{field}");
    }
}
