//! The GraphQL schema: the roots of all domains in one.

use async_graphql::{EmptySubscription, MergedObject, Schema, dataloader::DataLoader};

use crate::{account::AccountQuery, lanes::Lanes, ledger::LedgerMutation, reads::Reads};

/// Questions about members' points.
#[derive(Default, MergedObject)]
pub struct Query(AccountQuery);

/// Operations on members' points.
#[derive(Default, MergedObject)]
pub struct Mutation(LedgerMutation);

/// The schema, ready to execute.
pub type JifenSchema = Schema<Query, Mutation, EmptySubscription>;

/// Levels of fields. Introspection as GraphiQL does it needs 13.
const MAX_DEPTH: usize = 16;
/// Fields, with lists counted by their length: 500 awards of 40 fields each.
const MAX_COMPLEXITY: usize = 20_000;
const MAX_RECURSION: usize = 32;
const MAX_DIRECTIVES: usize = 16;

/// The schema over these lanes and reads.
pub fn build(lanes: Lanes, reads: Reads) -> JifenSchema {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription)
        .data(lanes)
        // What requests of one moment ask for alike is read by one statement; no timer holds a lone one back.
        .data(DataLoader::new(reads, tokio::spawn).delay(std::time::Duration::ZERO).max_batch_size(256))
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        .limit_recursive_depth(MAX_RECURSION)
        .limit_directives(MAX_DIRECTIVES)
        .finish()
}

/// The schema in GraphQL's own language. Needs no database.
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    Schema::build(Query::default(), Mutation::default(), EmptySubscription).finish().sdl_with_options(options)
}
