//! Whether what is promised holds whatever is sent, and however many send it at once.
//!
//! Each test here has a short run, and a long one, whose histories `JIFEN_HISTORIES` counts, as in all tests of random histories.

mod arguments;
mod checker;
mod clients;
mod fields;
mod functions;
mod world;

use std::{collections::BTreeMap, time::Duration};

use tokio_postgres::Client;

/// What did something, by name: how often, and the longest time that it took.
#[derive(Default)]
struct Done(BTreeMap<String, (usize, Duration)>);

impl Done {
    fn note(&mut self, name: &str, time: Duration) {
        let (count, longest) = self.0.entry(name.to_owned()).or_default();
        (*count, *longest) = (*count + 1, time.max(*longest));
    }

    fn add(&mut self, other: Done) {
        for (name, (count, time)) in other.0 {
            let (known, longest) = self.0.entry(name).or_default();
            (*known, *longest) = (*known + count, time.max(*longest));
        }
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn report(&self, what: &str) {
        let calls: usize = self.0.values().map(|(count, _)| count).sum();
        println!("{} {what}, {calls} times: {:?}", self.len(), self.0);
    }
}

/// Runs every job, as what was accepted may break what works with it later; those that fail, and why.
async fn failing_jobs(client: &Client) -> Vec<(String, String)> {
    let mut failing = Vec::new();
    for row in client.query("select name from points.job order by name", &[]).await.unwrap() {
        let name: String = row.get(0);
        let run = client.query_one("select failure from api.run_job($1, 1000)", &[&name]).await.unwrap();
        failing.extend(run.get::<_, Option<String>>(0).map(|failure| (name, failure)));
    }
    failing
}
