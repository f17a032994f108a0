//! Whether what clients saw of an account could have come of one operation after the other, in an order that agrees with real time:
//! linearizability, which the total order of an account's versions makes quick to decide.
//!
//! The order of writes is known: it is their versions. So it is enough that
//!
//! - versions are 1, 2, 3 ... without gaps, each of one write, and each brings what was asked for to the state before it;
//! - a write that was answered before another was sent has a lower version;
//! - whatever was read is the state of a version that is not older than anything that was answered before the read began,
//!   and not newer than what was sent before it ended. Refusals are reads of a state that refuses.
//!
//! The first two are a walk along the versions. Reads are looked at as they ended, each put at the earliest version that it can have
//! been, which leaves the most room for the others.

use std::collections::BTreeMap;

/// Nanoseconds since the history began.
pub type Time = u64;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub available: i64,
    pub held: i64,
}

/// What happened between a client's question and its answer.
#[derive(Clone, Debug)]
pub struct Event {
    pub begin: Time,
    pub end: Time,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    /// A write under a key was answered with its version, for the first time or again.
    Write { key: String, asked: State, version: usize, after: State },
    /// A debit of so many points was refused, for this many available ones.
    Refused { asked: i64, available: i64 },
    /// A version was read, 0: none, and its state.
    Read { version: usize, state: State },
}

/// One event of a subscription.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// When it was subscribed, if this came first after that.
    pub subscribed: Option<Time>,
    pub at: Time,
    pub version: usize,
    pub state: State,
}

/// What a subscriber was told, in order, over one connection after the other.
#[derive(Clone, Debug)]
pub struct Stream {
    pub told: Vec<Told>,
    /// Whether it is told every version, or may be told the last of several.
    pub every: bool,
}

/// All that was seen of an account. Every write was answered in the end.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub events: Vec<Event>,
    pub streams: Vec<Stream>,
}

struct Written<'a> {
    key: &'a str,
    begin: Time,
    end: Time,
    after: State,
}

impl History {
    /// What cannot have come of one operation after the other.
    pub fn check(&self) -> Result<(), String> {
        let writes = self.writes()?;
        // when the last of the writes up to a version was sent
        let mut sent = vec![0];
        for (place, write) in writes.iter().enumerate() {
            if write.end < sent[place] {
                return Err(format!("version {} was answered before a lower one was sent", place + 1));
            }
            sent.push(sent[place].max(write.begin));
        }
        let states: Vec<State> = [State::default()].into_iter().chain(writes.iter().map(|write| write.after)).collect();
        self.check_reads(&sent, &states)?;
        self.streams.iter().try_for_each(|stream| stream.check(&sent, &states))
    }

    /// Writes by version.
    fn writes(&self) -> Result<Vec<Written<'_>>, String> {
        let mut writes: BTreeMap<usize, Written> = BTreeMap::new();
        let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
        let mut asked_for: BTreeMap<usize, State> = BTreeMap::new();
        for event in &self.events {
            let What::Write { key, asked, version, after } = &event.what else { continue };
            if *versions.entry(key).or_insert(*version) != *version {
                return Err(format!("{key} has two versions, one of them {version}"));
            }
            asked_for.insert(*version, *asked);
            let (begin, end) = (event.begin, event.end);
            let write = writes.entry(*version).or_insert(Written { key, begin, end, after: *after });
            if write.key != key {
                return Err(format!("version {version} is both {}'s and {key}'s", write.key));
            }
            if write.after != *after {
                return Err(format!("{key} was answered differently again"));
            }
            // it was done between the first time it was sent and the first time it was answered
            (write.begin, write.end) = (write.begin.min(begin), write.end.min(end));
        }
        let mut before = State::default();
        for (place, (version, write)) in writes.iter().enumerate() {
            if *version != place + 1 {
                return Err(format!("version {} is missing", place + 1));
            }
            let asked = asked_for[version];
            let expected = State { available: before.available + asked.available, held: before.held + asked.held };
            if write.after != expected || expected.available < 0 || expected.held < 0 {
                return Err(format!("version {version} has {:?} instead of {expected:?}", write.after));
            }
            before = expected;
        }
        Ok(writes.into_values().collect())
    }

    fn check_reads(&self, sent: &[Time], states: &[State]) -> Result<(), String> {
        let mut events: Vec<&Event> = self.events.iter().collect();
        events.sort_by_key(|event| event.end);
        // the highest version that was answered or read by a time
        let mut known: Vec<(Time, usize)> = vec![(0, 0)];
        for event in events {
            let oldest = known[known.partition_point(|(end, _)| *end < event.begin).max(1) - 1].1;
            let newest = sent.partition_point(|begin| *begin <= event.end) - 1;
            let version = match &event.what {
                // the walk along the versions has looked at it
                What::Write { version, .. } => *version,
                What::Read { version, state } => {
                    if !(oldest..=newest).contains(version) {
                        return Err(format!(
                            "version {version} was read, which is not of {oldest} to {newest}: {event:?}"
                        ));
                    }
                    if states[*version] != *state {
                        return Err(format!("version {version} was read as {state:?} and is {:?}", states[*version]));
                    }
                    *version
                }
                What::Refused { asked, available } => {
                    let refuses = |version: &usize| states[*version].available == *available && available < asked;
                    (oldest..=newest)
                        .find(refuses)
                        .ok_or_else(|| format!("no version of {oldest} to {newest} refuses: {event:?}"))?
                }
            };
            known.push((event.end, version.max(known[known.len() - 1].1)));
        }
        Ok(())
    }
}

impl Stream {
    fn check(&self, sent: &[Time], states: &[State]) -> Result<(), String> {
        let mut last = None;
        for Told { at, version, state, .. } in &self.told {
            if *version >= states.len() || sent[*version] > *at {
                return Err(format!("version {version} was told before it was asked for"));
            }
            if states[*version] != *state {
                return Err(format!("version {version} was told as {state:?} and is {:?}", states[*version]));
            }
            match last {
                Some(last) if *version < last => return Err(format!("version {version} was told after {last}")),
                Some(last) if self.every && *version != last + 1 => {
                    return Err(format!("version {version} was told next to {last}"));
                }
                None if self.every && *version != 1 => return Err(format!("version {version} was told first")),
                _ => {}
            }
            last = Some(*version);
        }
        let (last, newest) = (last.unwrap_or(0), states.len() - 1);
        if last == newest { Ok(()) } else { Err(format!("the last that was told is {last} of {newest}")) }
    }
}

/// Where a subscriber is told the newest version, what comes first of each connection is a read, as old as the subscription at
/// least. One who is told every version is told first what it has missed.
pub fn firsts_of(stream: &Stream) -> impl Iterator<Item = Event> {
    stream.told.iter().filter(|_| !stream.every).filter_map(|Told { subscribed, at, version, state }| {
        let what = What::Read { version: *version, state: *state };
        Some(Event { begin: (*subscribed)?, end: *at, what })
    })
}

mod tests {
    use super::*;
    use crate::common::Random;

    /// A history as it should be, of clients who each wait for an answer before they ask for more. What happens, happens at an
    /// instant between question and answer.
    fn sound(seed: u64) -> History {
        let mut random = Random::new(seed);
        let (mut history, mut state, mut version) = (History::default(), State::default(), 0);
        let (mut free, mut now) = ([0; 6], 0);
        let mut told = Vec::new();
        for number in 0..400 {
            now += random.of(1..40) as Time;
            let client = random.of(0..6) as usize;
            if free[client] >= now {
                continue;
            }
            let begin = random.of(free[client] as i64 + 1..now as i64 + 1) as Time;
            let end = now + random.of(1..60) as Time;
            free[client] = end;
            let points = random.of(1..30);
            let asked = match random.of(0..5) {
                0 | 1 => State { available: points, held: 0 },
                2 => State { available: -points, held: 0 },
                3 => State { available: -points, held: points },
                _ => State::default(),
            };
            let what = if asked == State::default() {
                What::Read { version, state }
            } else if state.available + asked.available < 0 {
                What::Refused { asked: points, available: state.available }
            } else {
                version += 1;
                state = State { available: state.available + asked.available, held: state.held + asked.held };
                told.push(Told { subscribed: None, at: now, version, state });
                What::Write { key: format!("k{number}"), asked, version, after: state }
            };
            history.events.push(Event { begin, end, what });
        }
        // one is told all, and late; one now and then
        let late = told.iter().map(|told| Told { at: told.at + 100, ..*told }).collect();
        history.streams.push(Stream { told: late, every: true });
        let last = told.len() - 1;
        let some = told.into_iter().enumerate().filter(|(place, _)| place % 3 == 0 || *place == last);
        // over many connections, each just before something happens
        let some = some.map(|(place, told)| Told { subscribed: (place % 2 == 0).then_some(told.at - 1), ..told });
        let stream = Stream { told: some.collect(), every: false };
        history.events.extend(firsts_of(&stream));
        history.streams.push(stream);
        history
    }

    /// Whether each of these damages to a sound history is found, where it can be done.
    fn found(what: &str, damage: impl Fn(&mut History) -> bool) {
        let mut done = 0;
        for seed in 0..40 {
            let mut history = sound(seed);
            if damage(&mut history) {
                done += 1;
                assert!(history.check().is_err(), "{what} is not found, seed {seed}");
            }
        }
        assert!(done >= 20, "{what} was done {done} times");
    }

    fn write(history: &History, wanted: usize) -> usize {
        let is = |event: &Event| matches!(event.what, What::Write { version, .. } if version == wanted);
        history.events.iter().position(is).unwrap()
    }

    /// The version of a write, to change.
    fn version_of(event: &mut Event) -> &mut usize {
        match &mut event.what {
            What::Write { version, .. } => version,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_happens_one_by_one_is_sound() {
        for seed in 0..200 {
            sound(seed).check().unwrap();
        }
    }

    #[test]
    fn a_lost_update_is_found() {
        // both were done to the same state
        found("a lost update", |history| {
            let (one, other) = (write(history, 20), write(history, 21));
            let What::Write { asked: lost, .. } = history.events[one].what else { return false };
            let What::Write { after, .. } = &mut history.events[other].what else { return false };
            *after = State { available: after.available - lost.available, held: after.held - lost.held };
            true
        });
    }

    #[test]
    fn a_stale_read_is_found() {
        found("a stale read", |history| {
            let before = write(history, 40);
            let answered = history.events[before].end;
            let What::Write { after, .. } = history.events[write(history, 39)].what else { return false };
            let (begin, end) = (answered + 1, answered + 50);
            history.events.push(Event { begin, end, what: What::Read { version: 39, state: after } });
            true
        });
    }

    #[test]
    fn a_subscription_that_begins_with_what_is_old_is_found() {
        found("a stale subscription", |history| {
            let (older, newer) = (write(history, 39), write(history, 40));
            let What::Write { after: state, .. } = history.events[older].what else { return false };
            let subscribed = history.events[newer].end + 1;
            let first = Told { subscribed: Some(subscribed), at: subscribed + 50, version: 39, state };
            history.events.extend(firsts_of(&Stream { told: vec![first], every: false }));
            // one who is told every version may be told that
            assert_eq!(firsts_of(&Stream { told: vec![first], every: true }).count(), 0);
            true
        });
    }

    #[test]
    fn a_read_older_than_another_that_had_ended_is_found() {
        found("a read that goes back", |history| {
            let (older, newer) = (write(history, 30), write(history, 31));
            let What::Write { after: state, .. } = history.events[newer].what else { return false };
            let What::Write { after: stale, .. } = history.events[older].what else { return false };
            // while the newer one is not answered yet
            let (sent, answered) = (history.events[newer].begin, history.events[newer].end);
            if answered < sent + 5 {
                return false;
            }
            let read = |begin, version, state| Event { begin, end: begin + 1, what: What::Read { version, state } };
            history.events.extend([read(answered - 4, 31, state), read(answered - 2, 30, stale)]);
            true
        });
    }

    #[test]
    fn a_read_of_what_was_not_asked_for_yet_is_found() {
        found("a read of the future", |history| {
            let event = history.events[write(history, 50)].clone();
            let What::Write { after, .. } = event.what else { return false };
            let end = event.begin.saturating_sub(1);
            let what = What::Read { version: 50, state: after };
            history.events.push(Event { begin: end.saturating_sub(5), end, what });
            true
        });
    }

    #[test]
    fn a_read_of_a_state_that_never_was_is_found() {
        found("a wrong read", |history| {
            let reads = history.events.iter_mut().filter_map(|event| match &mut event.what {
                What::Read { state, .. } => Some(state),
                _ => None,
            });
            reads.last().map(|state| state.available += 1).is_some()
        });
    }

    #[test]
    fn versions_in_another_order_than_time_are_found() {
        found("reordered versions", |history| {
            // with states that agree: both take nothing but their order
            let (one, other) = (write(history, 10), write(history, 60));
            let (early, late) = (history.events[one].clone(), history.events[other].clone());
            if early.end >= late.begin {
                return false;
            }
            (history.events[one].begin, history.events[one].end) = (late.begin, late.end);
            (history.events[other].begin, history.events[other].end) = (early.begin, early.end);
            // nobody else looked
            history.events.retain(|event| matches!(event.what, What::Write { .. }));
            history.streams.clear();
            true
        });
    }

    #[test]
    fn a_doubled_version_is_found() {
        found("a doubled version", |history| {
            let place = write(history, 33);
            *version_of(&mut history.events[place]) = 32;
            true
        });
    }

    #[test]
    fn a_missing_version_is_found() {
        found("a missing version", |history| {
            let place = write(history, 33);
            history.events.remove(place);
            true
        });
    }

    #[test]
    fn a_key_that_was_done_twice_is_found() {
        found("a key done twice", |history| {
            let first = history.events[write(history, 12)].clone();
            let (What::Write { key: done, .. }, place) = (first.what, write(history, 50)) else { return false };
            let What::Write { key, .. } = &mut history.events[place].what else { return false };
            *key = done;
            true
        });
    }

    #[test]
    fn a_refusal_of_what_could_be_had_is_found() {
        found("a wrong refusal", |history| {
            let end = history.events.iter().map(|event| event.end).max().unwrap();
            if history.streams[0].told.last().unwrap().state.available == 0 {
                return false;
            }
            let what = What::Refused { asked: 1, available: 0 };
            history.events.push(Event { begin: end + 1, end: end + 2, what });
            true
        });
    }

    #[test]
    fn a_stream_with_a_hole_a_step_back_or_no_end_is_found() {
        found("a hole in a stream", |history| {
            history.streams[0].told.remove(20);
            true
        });
        found("a stream that goes back", |history| {
            let told = &mut history.streams[1].told;
            let (early, late) = (told[5], told[6]);
            (told[5], told[6]) = (Told { at: early.at, ..late }, Told { at: late.at, ..early });
            true
        });
        found("a stream without its end", |history| history.streams[1].told.pop().is_some());
        found("an event told twice", |history| {
            let told = &mut history.streams[0].told;
            told.insert(20, told[20]);
            true
        });
    }

    /// Where many answers cross, a read may be of any of them: nothing is found that is not there.
    #[test]
    fn what_crosses_may_have_come_in_any_order() {
        let asked = State { available: 5, held: 0 };
        let write = |number: usize| What::Write {
            key: format!("k{number}"),
            asked,
            version: number,
            after: State { available: 5 * number as i64, held: 0 },
        };
        let mut history = History::default();
        for number in 1..=5 {
            history.events.push(Event { begin: 10, end: 100, what: write(number) });
        }
        let read = |version: usize| What::Read { version, state: State { available: 5 * version as i64, held: 0 } };
        history.events.push(Event { begin: 20, end: 30, what: read(4) });
        history.events.push(Event { begin: 25, end: 35, what: read(0) });
        history.events.push(Event { begin: 31, end: 35, what: What::Refused { asked: 30, available: 25 } });
        history.check().unwrap();
        // one that begins when this has ended is not older
        history.events.push(Event { begin: 36, end: 37, what: read(4) });
        assert!(history.check().is_err());
    }
}
