//! Scalars of the GraphQL schema, and how they travel to PostgreSQL.

use std::net::IpAddr;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::NaiveDate;

/// Points fit JavaScript's safe integers.
pub const MAX_POINTS: i64 = (1 << 53) - 1;

/// A number of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points(pub i64);

/// A number of points: a JSON integer within 9007199254740991 either way, so that every client reads it exactly.
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

    // Asked before anything is carried out, which tells the path of the input at fault.
    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

/// A day of a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date(pub NaiveDate);

impl Date {
    /// As its text says; None: it is no such text.
    pub fn read(text: &str) -> Option<Self> {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        // The parser takes more than one way of writing it, and years that PostgreSQL does not know.
        (day.to_string() == text && text.len() == 10).then_some(Date(day))
    }
}

/// A day of a calendar, as in ISO 8601: a string like 2030-01-31.
#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => {
                Date::read(text).ok_or_else(|| InputValueError::custom("must be a day like 2030-01-31"))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    // Asked before anything is carried out, which tells the path of the input at fault.
    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.to_string())
    }
}

/// An exact decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal(pub rust_decimal::Decimal);

/// An exact decimal number of at most 28 digits, such as an amount of money: a JSON string in answers; a string or a
/// number in input.
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

    // Asked before anything is carried out, which tells the path of the input at fault.
    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.to_string())
    }
}

/// A network address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpAddress(pub IpAddr);

/// An IPv4 or IPv6 address: a string like 203.0.113.7 or 2001:db8::7.
#[Scalar]
impl ScalarType for IpAddress {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => {
                text.parse().map(IpAddress).map_err(|_| InputValueError::custom("must be an IPv4 or IPv6 address"))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    // Asked before anything is carried out, which tells the path of the input at fault.
    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.to_string())
    }
}
