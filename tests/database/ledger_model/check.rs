//! What a request is worth by itself.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::{
    common::{Kind, Request, instant},
    database::history::{Basis, MOST, PARTNERS, Rounding, VERSIONS, Version},
};

/// Refusals that are not stored; otherwise the version of the rule.
pub fn check(request: &Request, now: DateTime<Utc>) -> Result<Option<&'static Version>, &'static str> {
    let kind = request.kind.ok_or("INVALID_INPUT")?;
    let (earn, adjust) = (kind == Kind::Earn, kind == Kind::Adjust);
    let order = matches!(kind, Kind::Earn | Kind::Spend | Kind::Hold | Kind::Return);
    let undoes = matches!(kind, Kind::Capture | Kind::Release | Kind::Reverse);
    let freezes = matches!(kind, Kind::Freeze | Kind::Unfreeze);
    let length = |text: &Option<String>| text.as_ref().map_or(0, |text| text.chars().count());
    let points_given = request.points.is_some_and(|points| points != 0);
    let valid = (earn || adjust || undoes || freezes || matches!(kind, Kind::Spend | Kind::Hold | Kind::Return))
        && (1..=64).contains(&length(&request.user_id))
        && (1..=128).contains(&length(&request.idempotency_key))
        && matches!(request.wallet.as_deref(), None | Some("points" | "coins"))
        && earn == request.rule.is_some()
        && undoes == request.original.is_some()
        && request.reward.is_none()
        && request.counterparty.is_none()
        && request.order_key.as_ref().is_none_or(|key| order && (1..=128).contains(&key.chars().count()))
        && (kind != Kind::Return || request.order_key.is_some())
        && (earn || request.amount.is_none() || request.order_key.is_some())
        && (kind != Kind::Return || request.amount != Some(Decimal::ZERO))
        && request.amount.is_none_or(|amount| {
            !amount.is_sign_negative() && amount.trunc().mantissa() < 1_000_000_000_000 && amount.scale() <= 8
        })
        && match kind {
            Kind::Spend | Kind::Adjust | Kind::Hold => points_given,
            Kind::Earn | Kind::Capture => true,
            _ => request.points.is_none(),
        }
        && request.points.is_none_or(|points| (adjust || points > 0) && (-MOST..=MOST).contains(&points))
        && request.occurred_at.is_none_or(|at| at <= now + TimeDelta::minutes(5) && at >= DateTime::UNIX_EPOCH)
        && request.expires_at.is_none_or(|at| (adjust && request.points > Some(0) || kind == Kind::Hold) && at > now)
        && (!(adjust || freezes) || length(&request.reason) > 0 && length(&request.actor) > 0)
        && request.metadata.as_ref().is_none_or(|metadata| metadata.is_object());
    if !valid {
        return Err("INVALID_INPUT");
    }
    let partner = PARTNERS.iter().find(|partner| Some(partner.id) == request.client_id).ok_or("FORBIDDEN")?;
    let scope = match kind {
        Kind::Earn => "earn",
        Kind::Reverse | Kind::Return => "reverse",
        Kind::Adjust | Kind::Freeze | Kind::Unfreeze => "adjust",
        _ => "spend",
    };
    let forbidden_rule = |rules: &[&str]| request.rule.as_deref().is_some_and(|rule| !rules.contains(&rule));
    if !partner.scopes.contains(&scope)
        || partner.rules.is_some_and(forbidden_rule)
        || partner.revoked_at.is_some_and(|at| instant(at) <= now)
    {
        return Err("FORBIDDEN");
    }
    if !earn {
        return Ok(None);
    }
    let version = VERSIONS
        .iter()
        .filter(|version| request.rule.as_deref() == Some(version.rule) && instant(version.starts_at) <= now)
        .max_by_key(|version| version.version)
        .ok_or("UNKNOWN_RULE")?;
    let fits = match version.basis {
        Basis::Fixed(_) => request.amount.is_none() && request.points.is_none(),
        Basis::Amount(..) => request.amount.is_some() && request.points.is_none(),
        Basis::Given(default) => request.amount.is_none() && request.points.or(default).is_some(),
    };
    if fits { Ok(Some(version)) } else { Err("INVALID_INPUT") }
}

pub fn award(request: &Request, version: &Version) -> i128 {
    let points = match version.basis {
        Basis::Fixed(points) => points.into(),
        Basis::Given(default) => request.points.or(default).unwrap().into(),
        Basis::Amount(millionths, rounding) => {
            let amount = request.amount.unwrap();
            let product = amount.mantissa() * i128::from(millionths);
            let unit = 10i128.pow(amount.scale() + 6);
            match rounding {
                Rounding::Down => product / unit,
                Rounding::HalfUp => (2 * product + unit) / (2 * unit),
                Rounding::Up => (product + unit - 1) / unit,
            }
        }
    };
    version.cap.map_or(points, |cap| points.min(cap.into()))
}
