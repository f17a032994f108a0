//! Whether variables are of their types. A document that was valid once is valid again with any variables that are: so it
//! takes the schema's whole validation once, as in the reference implementation of GraphQL, and not with each request.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    ID, Name, ScalarType, Value, Variables,
    parser::{
        parse_schema,
        types::{
            BaseType, ExecutableDocument, InputObjectType, InputValueDefinition, Type, TypeDefinition, TypeKind,
            TypeSystemDefinition, VariableDefinition,
        },
    },
};
use chrono::{DateTime, NaiveDate, Utc};

use crate::scalars::{Date, Decimal, IpAddress, Points};

type IsValid = fn(&Value) -> bool;

/// The scalars of the schema. A variable of another one is looked at by the schema each time.
const SCALARS: &[(&str, IsValid)] = &[
    ("Boolean", <bool as ScalarType>::is_valid),
    ("Date", Date::is_valid),
    ("DateTime", <DateTime<Utc> as ScalarType>::is_valid),
    ("Decimal", Decimal::is_valid),
    ("Float", <f64 as ScalarType>::is_valid),
    ("ID", ID::is_valid),
    ("Int", <i32 as ScalarType>::is_valid),
    ("IpAddress", IpAddress::is_valid),
    ("JSON", |_| true),
    ("NaiveDate", <NaiveDate as ScalarType>::is_valid),
    ("Points", Points::is_valid),
    ("String", <String as ScalarType>::is_valid),
];

enum InputType {
    Scalar(IsValid),
    Enum(HashSet<Name>),
    Object(HashMap<Name, Field>),
}

struct Field {
    of: Type,
    required: bool,
}

/// The types that variables may have.
pub struct InputTypes(HashMap<Name, InputType>);

impl InputTypes {
    /// Of a schema in GraphQL's own language. One that does not parse has none.
    pub fn of(sdl: &str) -> Self {
        let mut types: HashMap<_, _> =
            SCALARS.iter().map(|(name, is_valid)| (Name::new(name), InputType::Scalar(*is_valid))).collect();
        for definition in parse_schema(sdl).map(|schema| schema.definitions).unwrap_or_default() {
            if let TypeSystemDefinition::Type(definition) = definition
                && let Some((name, input)) = input_type(definition.node)
            {
                types.insert(name, input);
            }
        }
        InputTypes(types)
    }

    /// Whether all that the document's one operation is given is of the types that it declares. False may only mean that it
    /// is for the schema to say: of a null, which may not stand everywhere, and of one operation of several, as those that are
    /// not asked for are not looked at whole.
    pub fn hold(&self, document: &ExecutableDocument, operation: Option<&str>, variables: &Variables) -> bool {
        declared(document, operation).is_some_and(|mut declared| {
            declared.all(|variable| match variables.get(&variable.name.node) {
                None => variable.var_type.node.nullable || variable.default_value.is_some(),
                Some(Value::Null) => false,
                Some(value) => self.is_of(value, &variable.var_type.node),
            })
        })
    }

    fn is_of(&self, value: &Value, of: &Type) -> bool {
        match (&of.base, value) {
            (_, Value::Null) => of.nullable,
            (BaseType::List(of), Value::List(values)) => values.iter().all(|value| self.is_of(value, of)),
            (BaseType::List(of), value) => self.is_of(value, of),
            (BaseType::Named(name), value) => match (self.0.get(name), value) {
                (Some(InputType::Scalar(is_valid)), value) => is_valid(value),
                (Some(InputType::Enum(names)), Value::String(name)) => names.contains(name.as_str()),
                (Some(InputType::Object(fields)), Value::Object(values)) => {
                    let known =
                        |(name, value)| fields.get::<Name>(name).is_some_and(|field| self.is_of(value, &field.of));
                    values.iter().all(known)
                        && fields.iter().all(|(name, field)| !field.required || values.contains_key(name))
                }
                _ => false,
            },
        }
    }
}

/// Whether the one operation of a document is given all that it declares. Without, the schema does not look at an argument
/// that the missing one is part of.
pub fn all_given(document: &ExecutableDocument, operation: Option<&str>, variables: &Variables) -> bool {
    declared(document, operation)
        .is_some_and(|mut declared| declared.all(|variable| variables.contains_key(&variable.name.node)))
}

/// What the one operation of a document declares. None: there are several, or another one is asked for.
fn declared<'a>(
    document: &'a ExecutableDocument,
    operation: Option<&str>,
) -> Option<impl Iterator<Item = &'a VariableDefinition>> {
    let mut operations = document.operations.iter();
    let (name, only) = operations.next()?;
    let asked = operations.next().is_none() && operation.is_none_or(|asked| name.is_some_and(|name| name == asked));
    asked.then(|| only.node.variable_definitions.iter().map(|variable| &variable.node))
}

/// None: no variable is of such a type, or it is one that the schema looks at.
fn input_type(TypeDefinition { name, kind, directives, .. }: TypeDefinition) -> Option<(Name, InputType)> {
    let one_of = directives.iter().any(|directive| directive.node.name.node == "oneOf");
    let input = match kind {
        TypeKind::Enum(kind) => InputType::Enum(kind.values.into_iter().map(|value| value.node.value.node).collect()),
        TypeKind::InputObject(InputObjectType { fields }) if !one_of => {
            let field = |field: InputValueDefinition| {
                let required = !field.ty.node.nullable && field.default_value.is_none();
                (field.name.node, Field { of: field.ty.node, required })
            };
            InputType::Object(fields.into_iter().map(|positioned| field(positioned.node)).collect())
        }
        _ => return None,
    };
    Some((name.node, input))
}

#[cfg(test)]
mod tests {
    use async_graphql::{
        Number, Request,
        indexmap::IndexMap,
        parser::{parse_query, types::DocumentOperations},
    };
    use proptest::{prelude::*, test_runner::TestRng};

    use super::*;
    use crate::schema;

    /// Of each field of the roots, a document that has all its arguments from variables.
    fn documents(sdl: &str) -> Vec<String> {
        let mut documents = Vec::new();
        for definition in parse_schema(sdl).unwrap().definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let keyword = match definition.node.name.node.as_str() {
                "Query" => "query",
                "Mutation" => "mutation",
                "Subscription" => "subscription",
                _ => continue,
            };
            let TypeKind::Object(object) = definition.node.kind else { panic!("{keyword}") };
            for field in object.fields.into_iter().map(|field| field.node).filter(|field| !field.arguments.is_empty()) {
                let arguments: Vec<_> = field.arguments.into_iter().map(|argument| argument.node).collect();
                let each = |write: &dyn Fn(&str, &Type) -> String| {
                    let parts = arguments.iter().map(|argument| write(&argument.name.node, &argument.ty.node));
                    parts.collect::<Vec<_>>().join(", ")
                };
                let (declared, given) =
                    (each(&|name, of| format!("${name}: {of}")), each(&|name, _| format!("{name}: ${name}")));
                for selection in [" { __typename }", ""] {
                    documents.push(format!("{keyword}({declared}) {{ {}({given}){selection} }}", field.name.node));
                }
            }
        }
        documents
    }

    /// A value of this type, but for a fault now and then.
    fn value(types: &InputTypes, of: &Type, odds: u32, rng: &mut TestRng) -> Value {
        if rng.random_ratio(1, odds) {
            let object = IndexMap::from([(Name::new("userId"), Value::from("member"))]);
            return [
                Value::Null,
                Value::from(true),
                Value::from(7),
                Value::from(-1),
                Value::from(i64::MAX),
                Value::from(u64::MAX),
                Value::Number(Number::from_f64(0.5).unwrap()),
                Value::from(""),
                Value::from("nonsense"),
                Value::List(vec![]),
                Value::List(vec![Value::from(1), Value::Null]),
                Value::Object(object),
                Value::Object(IndexMap::new()),
            ][rng.random_range(0..13)]
            .clone();
        }
        if of.nullable && rng.random_ratio(1, 4) {
            return Value::Null;
        }
        let name = match &of.base {
            BaseType::List(of) => {
                return Value::List((0..rng.random_range(0..3)).map(|_| value(types, of, odds, rng)).collect());
            }
            BaseType::Named(name) => name,
        };
        match types.0.get(name) {
            Some(InputType::Enum(names)) => Value::from(names.iter().next().unwrap().as_str()),
            Some(InputType::Object(fields)) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| name.to_string());
                fields.retain(|(_, field)| !rng.random_ratio(1, if field.required { 4 * odds } else { 2 }));
                let unknown = rng.random_ratio(1, 4 * odds).then(|| (Name::new("unknown"), Value::Null));
                let object = fields.into_iter().map(|(name, field)| (name.clone(), value(types, &field.of, odds, rng)));
                Value::Object(object.chain(unknown).collect())
            }
            _ => match name.as_str() {
                "Boolean" => Value::from(true),
                "Int" | "Points" => Value::from(12),
                "Float" => Value::Number(Number::from_f64(0.5).unwrap()),
                "Date" | "NaiveDate" => Value::from("2030-01-31"),
                "DateTime" => Value::from("2030-01-31T00:00:00Z"),
                "Decimal" => Value::from("12.50"),
                "IpAddress" => Value::from("203.0.113.7"),
                _ => Value::from("text"),
            },
        }
    }

    #[test]
    fn all_scalars_are_known() {
        for definition in parse_schema(schema::sdl()).unwrap().definitions {
            if let TypeSystemDefinition::Type(definition) = definition
                && matches!(definition.node.kind, TypeKind::Scalar)
            {
                let name = definition.node.name.node.as_str();
                assert!(SCALARS.iter().any(|(known, _)| *known == name), "{name}");
            }
        }
    }

    #[test]
    fn only_the_one_operation_of_a_document_holds() {
        let types = InputTypes::of(&schema::sdl());
        let variables = Variables::from_value(Value::Object(IndexMap::from([(Name::new("id"), Value::from("a"))])));
        let named = "query A($id: ID!) { a(id: $id) }";
        for (text, operation, holds) in [
            ("query($id: ID!) { a(id: $id) }", None, true),
            (named, None, true),
            (named, Some("A"), true),
            (named, Some("B"), false),
            ("query A($id: ID!) { a(id: $id) } query B { b }", Some("A"), false),
            ("query($id: ID!, $more: ID!) { a(id: $id, more: $more) }", None, false),
        ] {
            let document = parse_query(text).unwrap();
            assert_eq!(types.hold(&document, operation, &variables), holds, "{text}");
            assert_eq!(all_given(&document, operation, &variables), holds, "{text}");
        }
        let optional = parse_query("query($id: ID!, $more: ID) { a(id: $id, more: $more) }").unwrap();
        assert!(types.hold(&optional, None, &variables) && !all_given(&optional, None, &variables));
    }

    /// In a document that was found valid with other variables.
    #[test]
    fn with_what_holds_the_fast_validation_finds_what_the_whole_one_does() {
        let (whole, fast) = (schema::validator(true), schema::fast_validator());
        let types = InputTypes::of(&whole.sdl());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let is_valid = |validator: &schema::Root, text: &str, variables: &Variables| {
            runtime.block_on(validator.execute(Request::new(text).variables(variables.clone()))).is_ok()
        };
        let mut rng = TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
        let (mut held, mut refused) = (0, 0);
        for text in documents(&schema::sdl()) {
            let document = parse_query(&text).unwrap();
            let DocumentOperations::Single(operation) = &document.operations else { panic!("{text}") };
            let definitions = &operation.node.variable_definitions;
            let mut given = |odds| {
                let values = definitions.iter().map(|definition| {
                    let (name, of) = (&definition.node.name.node, &definition.node.var_type.node);
                    (name.clone(), value(&types, of, odds, &mut rng))
                });
                Variables::from_value(Value::Object(values.collect()))
            };
            let sound = given(u32::MAX / 4);
            // One of the two selections does.
            if !is_valid(&whole, &text, &sound) {
                continue;
            }
            // Of nulls, and where one of several is to be given, the schema is asked each time.
            let asks = text.contains("submitOperations") || sound.values().any(|value| *value == Value::Null);
            assert!(types.hold(&document, None, &sound) != asks, "{text}\n{sound:?}");
            for _ in 0..50 {
                let variables = given(20);
                let holds = types.hold(&document, None, &variables);
                // The fast one has a look of its own at what makes a request complex.
                let same = is_valid(&whole, &text, &variables) == is_valid(&fast, &text, &variables);
                assert!(!holds || same, "{text}\n{variables:?}");
                held += u32::from(holds);
                refused += u32::from(!holds);
            }
        }
        assert!(held > 1_500 && refused > 500, "{held} {refused}");
    }
}
