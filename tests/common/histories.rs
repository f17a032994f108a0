use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestCaseError, TestRunner},
};

/// Checks random histories, `cases` of them and more, at most twenty times as many, until each of `events` has come:
/// those in which nothing happens would prove nothing, and chance may keep an event out of few of them.
/// `check` gets the number of the history and returns the events of it; one that fails is made small.
pub fn check_histories<S: Strategy>(
    cases: u32,
    histories: &S,
    events: &[&str],
    check: impl Fn(u32, S::Value) -> Result<Vec<String>, TestCaseError>,
) {
    let number = Cell::new(0);
    let seen = RefCell::new(BTreeMap::<String, u32>::new());
    for round in 0..20 {
        let config = Config { failure_persistence: None, max_shrink_iters: 400, cases, ..Config::default() };
        let result = TestRunner::new(config).run(histories, |history| {
            number.set(number.get() + 1);
            for event in check(number.get(), history)? {
                *seen.borrow_mut().entry(event).or_default() += 1;
            }
            Ok(())
        });
        if let Err(failure) = result {
            panic!("{failure}");
        }
        let seen = seen.borrow();
        let missing: Vec<_> = events.iter().filter(|event| !seen.contains_key(**event)).collect();
        if missing.is_empty() {
            return;
        }
        assert!(round < 19, "{missing:?} never came: {seen:?}");
    }
}
