//! Scalars of the GraphQL schema, and how they travel to PostgreSQL.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

/// Points fit JavaScript's safe integers.
pub const MAX_POINTS: i64 = (1 << 53) - 1;

/// A number of points: a JSON integer within ±(2^53 - 1), so that every client reads it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points(pub i64);

#[Scalar]
impl ScalarType for Points {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => match number.as_i64() {
                Some(points) if (-MAX_POINTS..=MAX_POINTS).contains(&points) => Ok(Points(points)),
                _ => Err(InputValueError::custom("points are whole numbers within 9007199254740991 either way")),
            },
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

/// An exact decimal number, such as an amount of money: a JSON string in answers; a string or a number in input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal(pub rust_decimal::Decimal);

#[Scalar]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = match &value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(InputValueError::expected_type(value)),
        };
        rust_decimal::Decimal::from_str_exact(&text)
            .or_else(|_| rust_decimal::Decimal::from_scientific(&text))
            .map(Decimal)
            .map_err(|_| InputValueError::custom("not a decimal number of at most 28 digits"))
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.to_string())
    }
}
