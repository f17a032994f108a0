//! Events of brokers: a row of a batch each, as JSON.

use async_graphql::{InputType, Value as Input};
use serde_json::{Value, json};

use super::OperationInput;
use crate::error::Error;

/// Bytes of an event: as of a row of a file.
const MAX_EVENT: usize = 1 << 16;
/// Letters of a reason; more would be of the event itself.
const MAX_FAULT: usize = 200;
/// Letters of a key.
const MAX_KEY: usize = 128;

/// What each must say: async-graphql does not tell what is missing.
const NEEDED: &[(&str, &[&str])] = &[
    ("earn", &["userId", "rule", "idempotencyKey"]),
    ("spend", &["userId", "points", "idempotencyKey"]),
    ("adjust", &["userId", "points", "reason", "actor", "idempotencyKey"]),
];

/// Understands an event: an object with one member, earn, spend or adjust, whose value is as in `submitOperations`. `id`
/// names the event, and is the idempotencyKey where the event has none. The row of the queue; one that cannot be understood
/// says why in `fault`.
pub fn row(body: &[u8], id: Option<&str>) -> Value {
    match read(body, id) {
        Ok(row) => row,
        Err(fault) => at_fault(id, &fault),
    }
}

/// A row that is set aside for this reason.
pub fn at_fault(id: Option<&str>, fault: &str) -> Value {
    // PostgreSQL has no text with NUL.
    let cut = |text: &str, most| text.chars().filter(|letter| *letter != '\0').take(most).collect::<String>();
    json!({ "idempotency_key": id.map(|id| cut(id, MAX_KEY)), "fault": cut(fault, MAX_FAULT) })
}

fn read(body: &[u8], id: Option<&str>) -> Result<Value, String> {
    if body.len() > MAX_EVENT {
        return Err("is longer than 64 KiB".to_owned());
    }
    let mut event: Value = serde_json::from_slice(body).map_err(|error| format!("is not JSON: {error}"))?;
    let inputs = event.as_object_mut().ok_or("must be an object with one member: earn, spend or adjust")?;
    if let Some(id) = id {
        for input in inputs.values_mut().filter_map(Value::as_object_mut) {
            input.entry("idempotencyKey").or_insert_with(|| id.into());
        }
    }
    for (kind, needed) in NEEDED {
        let missing = |input: &&Value| needed.iter().copied().find(|name| input.get(name).is_none_or(Value::is_null));
        if let Some(missing) = event.get(kind).filter(|input| input.is_object()).as_ref().and_then(missing) {
            return Err(format!("{kind}: {missing} is missing"));
        }
    }
    let input = Input::from_json(event).map_err(|error| error.to_string())?;
    let operation = <OperationInput as InputType>::parse(Some(input)).map_err(|error| {
        let message = error.into_server_error(Default::default()).message;
        // async-graphql goes on with the value, which may be anything.
        message.split(", found ").next().unwrap_or_default().to_owned()
    })?;
    let request = operation.into_request(0);
    request.check().map_err(|error| error.message)?;
    let mut row = serde_json::to_value(&request).map_err(|error| Error::internal(&error).message)?;
    if let Value::Object(fields) = &mut row {
        fields.retain(|_, value| !value.is_null());
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_row_or_says_what_is_wrong_with_it() {
        let said = row(
            br#"{"earn": {"userId": "u", "rule": "ORDER", "amount": 42.5, "wallet": null, "more": 1}}"#,
            Some("id"),
        );
        let expected =
            json!({ "kind": "earn", "user_id": "u", "rule": "ORDER", "amount": "42.5", "idempotency_key": "id" });
        assert_eq!(said, expected);
        let own = row(br#"{"spend": {"userId": "u", "points": 1, "idempotencyKey": "own"}}"#, Some("id"));
        assert_eq!((&own["idempotency_key"], &own["points"]), (&json!("own"), &json!(1)));
        for (body, fault) in [
            ("", "is not JSON"),
            ("[]", "must be an object with one member"),
            ("{}", "OperationInput"),
            (r#"{"earn": {"userId": "u"}}"#, "earn: rule is missing"),
            (r#"{"spend": {"userId": "u", "points": 1.5}}"#, "Points"),
            (r#"{"spend": {"userId": "u", "points": 1}, "earn": {"userId": "u", "rule": "R"}}"#, "OperationInput"),
            (r#"{"redeem": {"userId": "u"}}"#, "OperationInput"),
            (r#"{"earn": {"userId": "a\u0000b", "rule": "R"}}"#, "must not contain the character NUL"),
        ] {
            let told = row(body.as_bytes(), Some("i\0d"));
            assert_eq!(told["idempotency_key"], "id");
            assert!(told["fault"].as_str().is_some_and(|told| told.contains(fault)), "{told} for {body}");
        }
        let long = format!(r#"{{"earn": {{"userId": "u", "rule": "{}"}}}}"#, "R".repeat(MAX_EVENT));
        assert_eq!(row(long.as_bytes(), Some(&"i".repeat(500)))["fault"], "is longer than 64 KiB");
        // a reason is short, and tells nothing of the event
        for body in [r#"{"earn": {"userId": {"secret": 1}, "rule": "R"}}"#, r#"["secret"]"#, r#"{"earn": "secret"}"#] {
            let told = row(body.as_bytes(), Some(&"i".repeat(500)));
            let (key, fault) = (told["idempotency_key"].as_str().unwrap(), told["fault"].as_str().unwrap());
            assert!(key.len() == MAX_KEY && fault.len() <= MAX_FAULT && !fault.contains("secret"), "{told}");
        }
        let unnamed = row(br#"{"spend": {"userId": "u", "points": 1}}"#, None);
        assert_eq!(unnamed["fault"], "spend: idempotencyKey is missing");
    }
}
