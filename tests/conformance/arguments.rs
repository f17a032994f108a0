//! Values of arguments: mostly what one would send, and now and then what one would not.

use crate::common::Random;

/// Texts that somebody sends some day.
pub fn nasty_text(random: &mut Random) -> String {
    let long = |text: &str, count: usize| text.repeat(count);
    match random.of(0..24) {
        0 => String::new(),
        1 => " ".to_owned(),
        2 => long("x", 10_000),
        3 => long("界", 64),
        4 => long("界", 129),
        5 => "\u{200b}".to_owned(),
        6 => "a\u{200d}b\u{feff}".to_owned(),
        7 => "\u{1}\u{2}\t\r\n".to_owned(),
        8 => "\u{202e}drowssap".to_owned(),
        9 => "'; drop table points.entry; --".to_owned(),
        10 => "%s%n%1$s\\".to_owned(),
        11 => "{\"a\":1}".to_owned(),
        12 => "{null,\"}".to_owned(),
        13 => "null".to_owned(),
        14 => "NaN".to_owned(),
        15 => "-1".to_owned(),
        16 => "9223372036854775808".to_owned(),
        17 => "infinity".to_owned(),
        18 => "0_0".to_owned(),
        19 => "99999999999_99999999999".to_owned(),
        20 => "2024-02-30".to_owned(),
        21 => "00000000-0000-0000-0000-000000000000".to_owned(),
        22 => "\u{1f9d1}\u{1f3fd}\u{200d}\u{1f680}".to_owned(),
        _ => "e\u{301}".repeat(40),
    }
}

/// Texts that an argument of this name, in snake case, may well have, where it names no row.
pub fn good_text(argument: &str, random: &mut Random) -> &'static str {
    let texts: &[&str] = match argument {
        _ if argument.contains("zone") => &["UTC", "Europe/Berlin", "Asia/Kathmandu"],
        _ if argument.contains("unit") => &["hour", "day", "month"],
        _ if argument.contains("schedule") => &["*/5 * * * *", "0 3 * * *"],
        _ if argument.contains("url") => &["https://hooks.example/points"],
        _ if argument.contains("mode") => &["full", "incremental"],
        _ if argument.contains("currency") => &["USD", "EUR"],
        _ if argument.contains("policy") => &["debt", "clamp"],
        _ if argument.contains("scope") => &["earn", "read", "spend"],
        _ if argument.contains("after") || argument.contains("before") => &["0", "0_0", "2"],
        _ if argument.contains("subject") => &["PROFILE", "UTC", "2026-01-01"],
        _ => &["a reason", "clerk", "A", "B7"],
    };
    random.pick(texts)
}

/// JSON in the shapes that some arguments want, or in none.
pub fn json(argument: &str, nasty: bool, random: &mut Random) -> String {
    if !nasty {
        let shapes: &[&str] = match argument {
            "levels" | "p_levels" => &[
                r#"[{"code": "SILVER", "name": "Silver", "threshold": 100}, {"code": "GOLD", "name": "Gold", "threshold": 900}]"#,
                "[]",
            ],
            "prizes" | "p_prizes" => &[r#"[{"name": "TV", "weight": 5, "stock": 2}, {"name": "Sweet", "weight": 95}]"#],
            "p_rows" => &[
                r#"[{"kind": "earn", "user_id": "amy", "rule": "REGISTER", "idempotency_key": "r1"}]"#,
                r#"[{"kind": "spend", "user_id": "ben", "points": 3, "idempotency_key": "r2"}, {"kind": "earn"}]"#,
            ],
            "p_answers" => &[r#"[{"refusal": null, "points": 5}]"#],
            _ => &["{}", r#"{"shop": "north", "tags": ["a", "b"]}"#],
        };
        return random.pick(shapes).to_owned();
    }
    match random.of(0..16) {
        0 => "null".to_owned(),
        1 => "[]".to_owned(),
        2 => "{}".to_owned(),
        3 => "0".to_owned(),
        4 => "\"text\"".to_owned(),
        5 => "true".to_owned(),
        6 => "[null]".to_owned(),
        7 => "[[], {}, 1, \"a\", null, true]".to_owned(),
        8 => format!("{}{}", "[".repeat(300), "]".repeat(300)),
        9 => format!("{{\"a\": \"{}\"}}", "x".repeat(10_000)),
        10 => "{\"a\": 1e308, \"b\": -1e-300, \"c\": 123456789012345678901234567890}".to_owned(),
        11 => r#"[{"code": null, "name": {}, "threshold": "x"}]"#.to_owned(),
        12 => r#"[{"code": "A", "name": "A", "threshold": 1e30}, {"code": "A", "name": "A", "threshold": 1.5}]"#
            .to_owned(),
        13 => r#"[{"name": "", "weight": -1, "stock": 1e30}, {"name": null, "weight": null}]"#.to_owned(),
        14 => r#"[{"kind": "earn", "points": 1e400, "amount": "NaN", "occurred_at": "infinity", "user_id": ["a"]}]"#
            .to_owned(),
        _ => r#"{"": {"\u0001": "\u200b", "é": {"é": {}}}}"#.to_owned(),
    }
}
