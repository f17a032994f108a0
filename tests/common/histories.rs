//! Random histories. `JIFEN_HISTORIES` says how many a test checks, and `JIFEN_SEED` from which seed on.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Instant, SystemTime},
};

use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngSeed, TestCaseError, TestRunner},
};

/// What a long test checks unless `JIFEN_HISTORIES` says otherwise.
pub const MANY: u32 = 1_000;

/// As many as `JIFEN_HISTORIES` says, or else so many.
pub fn count(otherwise: u32) -> u32 {
    variable("JIFEN_HISTORIES").unwrap_or(otherwise)
}

/// The seed to begin with, and whether it was asked for.
fn first_seed() -> (u32, bool) {
    match variable("JIFEN_SEED") {
        Some(seed) => (seed, true),
        // half of all numbers, so that those that follow are numbers, too
        None => (SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos(), false),
    }
}

fn variable(name: &str) -> Option<u32> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Checks random histories, `cases` of them and more, at most twenty times as many, until each of `events` has come:
/// those in which nothing happens would prove nothing, and chance may keep an event out of few of them.
/// Each has a seed of its own, the one after the last one's. `check` gets a number to name its members by, which is the seed
/// until a history fails and is made small, or is none for this test, and returns the events of it.
pub fn check_histories<S: Strategy>(
    cases: u32,
    histories: &S,
    events: &[&str],
    check: impl Fn(u32, S::Value) -> Result<Vec<String>, TestCaseError>,
) {
    let (cases, (first, repeats), begun) = (count(cases), first_seed(), Instant::now());
    let seen = RefCell::new(BTreeMap::<String, u32>::new());
    let missing = || events.iter().filter(|event| !seen.borrow().contains_key(**event)).collect::<Vec<_>>();
    // Of all seeds: names are not to come twice.
    let others = Cell::new(0);
    let mut checked = 0;
    while checked < cases || !repeats && !missing().is_empty() {
        assert!(checked < 20 * cases, "{:?} never came: {:?}", missing(), seen.borrow());
        let seed = first + checked;
        let is_first = Cell::new(true);
        let config = Config {
            failure_persistence: None,
            max_shrink_iters: 400,
            cases: 1,
            rng_seed: RngSeed::Fixed(seed.into()),
            ..Config::default()
        };
        let result = TestRunner::new(config).run(histories, |history| {
            let number = if is_first.replace(false) {
                seed
            } else {
                others.set(others.get() + 1);
                u32::MAX - others.get()
            };
            for event in check(number, history)? {
                *seen.borrow_mut().entry(event).or_default() += 1;
            }
            Ok(())
        });
        if let Err(failure) = result {
            panic!("{failure}\nThe same again: JIFEN_SEED={seed} JIFEN_HISTORIES=1");
        }
        checked += 1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{checked} histories from seed {first} in {seconds:.1} s, {:.1} a second", f64::from(checked) / seconds);
}

/// So many histories share what [`Renewed`] makes.
const SHARED: u32 = 100;

/// A database for histories, and another one now and then, as all that the earlier ones have left makes a later one slower.
pub struct Renewed<T, Make, End> {
    make: Make,
    end: End,
    current: RefCell<Option<T>>,
    uses: Cell<u32>,
}

impl<T, Make: Fn() -> T, End: Fn(&T)> Renewed<T, Make, End> {
    /// What is made at the first use. `end` looks at each of them when no history uses it any more.
    pub fn new(make: Make, end: End) -> Self {
        Renewed { make, end, current: RefCell::default(), uses: Cell::new(0) }
    }

    pub fn with<R>(&self, history: impl FnOnce(&T) -> R) -> R {
        if self.uses.get() == SHARED && catch_unwind(AssertUnwindSafe(|| self.end())).is_err() {
            // The seed that is reported is this history's, which has no part in it.
            panic!(
                "what is printed above was left by one of the {SHARED} histories before this one: JIFEN_SEED is its seed less \
                 {SHARED}, with JIFEN_HISTORIES={SHARED}"
            );
        }
        self.uses.set(self.uses.get() + 1);
        history(self.current.borrow_mut().get_or_insert_with(&self.make))
    }

    pub fn end(&self) {
        self.uses.set(0);
        if let Some(last) = self.current.take() {
            (self.end)(&last);
        }
    }
}

/// Seeds from `JIFEN_SEED`, or 0, on: as many as `JIFEN_HISTORIES` says, or else so many. Each is printed, so that the last one of
/// a test that fails is known.
pub fn seeds(otherwise: u32) -> impl Iterator<Item = u64> {
    seeds_from(variable("JIFEN_SEED").unwrap_or(0), otherwise)
}

/// The same from `JIFEN_SEED` on, or from one that no run before had.
pub fn new_seeds(otherwise: u32) -> impl Iterator<Item = u64> {
    seeds_from(first_seed().0, otherwise)
}

/// Makes the values of strategies that belong to a seed.
pub fn runner(seed: u64) -> TestRunner {
    TestRunner::new(Config { failure_persistence: None, rng_seed: RngSeed::Fixed(seed), ..Config::default() })
}

fn seeds_from(first: u32, otherwise: u32) -> impl Iterator<Item = u64> {
    (first..first + count(otherwise)).map(|seed| {
        println!("JIFEN_SEED={seed} JIFEN_HISTORIES=1");
        seed.into()
    })
}
