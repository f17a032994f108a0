//! Documents: clients send the same few again and again, so what is found out about one is kept.
//!
//! Before anything walks a document, some are refused: fragments that spread without end, and introspection that is more
//! than the schema once. The schema counts fields, and each list of introspection as one.

use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::{
    Name, Positioned,
    parser::types::{ExecutableDocument, Field, FragmentDefinition, Selection, SelectionSet},
};

use crate::error::Error;

/// Selections with fragments in their places: what complexity allows, and fragments beside it.
const MAX_SELECTIONS: usize = 50_000;
/// Beyond what the schema allows, which then says what is wrong.
const MAX_LEVELS: usize = 100;

/// Fields of introspection that are lists. One within itself multiplies.
const LISTS: &[&str] =
    &["types", "directives", "fields", "args", "inputFields", "enumValues", "interfaces", "possibleTypes"];

/// A document that may be asked for.
pub struct Document {
    /// Parsed.
    pub parsed: ExecutableDocument,
    valid: AtomicBool,
}

impl Document {
    /// Refuses what no document may ask for.
    pub fn new(parsed: ExecutableDocument) -> Result<Self, Error> {
        check(&parsed)?;
        Ok(Document { parsed, valid: AtomicBool::new(false) })
    }

    /// Whether the schema has found it valid before.
    pub fn is_valid(&self) -> bool {
        self.valid.load(Ordering::Relaxed)
    }

    /// The schema has found it valid.
    pub fn set_valid(&self) {
        self.valid.store(true, Ordering::Relaxed);
    }
}

/// Refuses a document that would cost more than it is long.
fn check(document: &ExecutableDocument) -> Result<(), Error> {
    let mut walk = Walk { document, left: MAX_SELECTIONS };
    for (_, operation) in document.operations.iter() {
        let mut asked = 0;
        for field in walk.fields(&operation.node.selection_set.node, 0)? {
            if ["__schema", "__type"].contains(&field.name.node.as_str()) {
                asked += 1;
                if asked > 1 {
                    return Err(refused("asks for __schema or __type more than once"));
                }
                walk.introspection(&field.selection_set.node, 1, &mut Vec::new())?;
            } else {
                walk.count(&field.selection_set.node, 1)?;
            }
        }
    }
    Ok(())
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    left: usize,
}

impl<'a> Walk<'a> {
    fn count(&mut self, set: &'a SelectionSet, level: usize) -> Result<(), Error> {
        if set.items.is_empty() {
            return Ok(());
        }
        for field in self.fields(set, level)? {
            self.count(&field.selection_set.node, level + 1)?;
        }
        Ok(())
    }

    /// A set within introspection, below these lists.
    fn introspection(&mut self, set: &'a SelectionSet, level: usize, lists: &mut Vec<&'a str>) -> Result<(), Error> {
        let fields = self.fields(set, level)?;
        let mut names: Vec<&str> = fields.iter().map(|field| field.name.node.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(refused("asks for a field of introspection twice, in one place"));
        }
        for field in fields {
            let name = field.name.node.as_str();
            let list = LISTS.contains(&name);
            if list && lists.contains(&name) {
                return Err(refused("asks for a list of introspection within itself"));
            }
            if list {
                lists.push(name);
            }
            self.introspection(&field.selection_set.node, level + 1, lists)?;
            if list {
                lists.pop();
            }
        }
        Ok(())
    }

    /// The fields of a set, those of its fragments among them.
    fn fields(&mut self, set: &'a SelectionSet, level: usize) -> Result<Vec<&'a Field>, Error> {
        let mut fields = Vec::new();
        self.gather(set, level, &mut fields)?;
        Ok(fields)
    }

    fn gather(&mut self, set: &'a SelectionSet, level: usize, fields: &mut Vec<&'a Field>) -> Result<(), Error> {
        if level > MAX_LEVELS {
            return Err(refused("is nested too deep"));
        }
        for selection in &set.items {
            self.left = self.left.checked_sub(1).ok_or_else(|| refused("is too complex"))?;
            match &selection.node {
                Selection::Field(field) => fields.push(&field.node),
                Selection::InlineFragment(inline) => {
                    self.gather(&inline.node.selection_set.node, level + 1, fields)?;
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragment(&spread.node.fragment_name.node) {
                        self.gather(&fragment.node.selection_set.node, level + 1, fields)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// None: there is no such fragment, which the schema says.
    fn fragment(&self, name: &Name) -> Option<&'a Positioned<FragmentDefinition>> {
        self.document.fragments.get(name)
    }
}

fn refused(what: &str) -> Error {
    Error::malformed(format!("The document {what}."))
}
