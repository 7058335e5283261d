//! What has run before something is pickled.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::facts::StmtKind;
use crate::link::index::Branch;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program};
use crate::summary::sequence::stand_apart;

/// The moment at which something is pickled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// The function whose code does it.
    pub(super) function: ScopeRef,
    /// The end of the submitting call.
    pub(super) handed: u32,
    /// That call, or the expression that is sent back.
    pub(super) at: Option<ExprRef>,
    /// The end of the call that pickles, where the worker starts later than it is made and that call is in sight.
    pub(super) started: Started,
}

/// When a worker starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Started {
    /// With the submitting call.
    AtOnce,
    /// With a later call of the same function.
    At(u32),
    /// Later, in a place that is not in sight.
    Later,
}

/// Whether something has happened by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timing {
    /// Only afterwards.
    After,
    /// Not known.
    Unknown,
    /// On some path that leads there.
    Likely,
    /// Before.
    Before,
}

/// Functions that are followed from one call.
const REACH: usize = 1500;
/// Callers that are looked at, and how far up.
const CALLERS: usize = 40;
const DEPTH: usize = 3;
/// Calls that lead to what is near.
const NEAR: usize = 4;

/// The functions that a function calls, directly or not.
type Reached = Rc<BTreeSet<ScopeRef>>;

/// The calls of the program in order, by function.
pub(super) struct Order<'p, 'a> {
    program: &'p Program<'a>,
    calls: HashMap<ScopeRef, Vec<ExprRef>>,
    reached: RefCell<HashMap<ScopeRef, Reached>>,
}

impl<'p, 'a> Order<'p, 'a> {
    /// Reads the program once.
    pub(super) fn new(program: &'p Program<'a>) -> Self {
        let mut calls: HashMap<ScopeRef, Vec<ExprRef>> = HashMap::new();
        for call in program.calls() {
            let function = program.function_around(program.scope_of(call));
            calls.entry(function).or_default().push(call);
        }
        Self {
            program,
            calls,
            reached: RefCell::default(),
        }
    }

    /// The calls of a function in source order.
    pub(super) fn calls_of(&self, function: ScopeRef) -> &[ExprRef] {
        self.calls.get(&function).map_or(&[], Vec::as_slice)
    }

    fn end(&self, call: ExprRef) -> u32 {
        self.program.place(call).span.end
    }

    /// The functions of the project that a call runs itself.
    pub(super) fn called_by(&self, call: ExprRef) -> Vec<ScopeRef> {
        let mut found = Vec::new();
        for callee in self.program.callees(call) {
            match callee {
                Callee::Function { function, .. } => {
                    let scope = self.program.scope(function);
                    if !scope.is_generator {
                        found.push(function);
                    }
                }
                Callee::Class(class) => {
                    for name in CONSTRUCTORS {
                        found.extend(self.program.methods(class, name, false));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The functions that run when a function runs, itself included.
    pub(super) fn reached(&self, function: ScopeRef) -> Reached {
        if let Some(known) = self.reached.borrow().get(&function) {
            return Rc::clone(known);
        }
        let mut found = BTreeSet::from([function]);
        let mut open = vec![function];
        while let Some(next) = open.pop() {
            for &call in self.calls_of(next) {
                for callee in self.called_by(call) {
                    if found.len() < REACH && found.insert(callee) {
                        open.push(callee);
                    }
                }
            }
        }
        let found = Rc::new(found);
        self.reached.borrow_mut().insert(function, Rc::clone(&found));
        found
    }

    /// The functions that a few calls lead to: over many calls the question which of them are made in earnest adds up.
    pub(super) fn near(&self, functions: impl Iterator<Item = ScopeRef>) -> BTreeSet<ScopeRef> {
        let mut found: BTreeSet<ScopeRef> = functions.collect();
        let mut frontier: Vec<ScopeRef> = found.iter().copied().collect();
        for _ in 0..NEAR {
            let calls = frontier.iter().flat_map(|&function| self.calls_of(function));
            let called: Vec<ScopeRef> = calls.flat_map(|&call| self.called_by(call)).collect();
            frontier = called.into_iter().filter(|&callee| found.insert(callee)).collect();
        }
        found
    }

    fn call_reaches(&self, call: ExprRef, function: ScopeRef) -> bool {
        self.called_by(call)
            .into_iter()
            .any(|callee| callee == function || self.reached(callee).contains(&function))
    }

    /// The end of the first call of `from` that leads to `function`.
    fn first_call_to(&self, from: ScopeRef, function: ScopeRef) -> Option<u32> {
        let mut calls = self.calls_of(from).iter();
        calls
            .find(|&&call| self.call_reaches(call, function))
            .map(|&call| self.end(call))
    }

    /// The calls that run a function, without those that only hand it over.
    pub(super) fn callers(&self, function: ScopeRef) -> Vec<ExprRef> {
        let calls = self.program.solution.callers.get(&function).into_iter().flatten();
        calls
            .copied()
            .filter(|&call| self.called_by(call).contains(&function))
            .take(CALLERS)
            .collect()
    }

    /// Whether code of `function` that ends at `position` has run by then.
    pub(super) fn timing(&self, function: ScopeRef, position: u32, moment: Moment) -> Timing {
        if function == moment.function {
            return in_line(position, moment);
        }
        let earlier = |end: u32| end < moment.handed;
        let leads = |call: &&ExprRef| earlier(self.end(**call)) && self.call_reaches(**call, function);
        if self.calls_of(moment.function).iter().any(|call| leads(&call)) {
            return Timing::Before;
        }
        if self.runs_before_callers(function, position, moment.function) {
            return Timing::Likely;
        }
        Timing::Unknown
    }

    /// Whether the functions that call `callee`, or those that call them, run the code before.
    fn runs_before_callers(&self, function: ScopeRef, position: u32, callee: ScopeRef) -> bool {
        let mut frontier = vec![callee];
        let mut seen = BTreeSet::from([callee]);
        for _ in 0..DEPTH {
            let mut next = Vec::new();
            for callee in frontier {
                for (caller, end) in self.entries(callee) {
                    let before = if caller == function {
                        position < end
                    } else {
                        let mut calls = self.calls_of(caller).iter();
                        calls.any(|&call| self.end(call) < end && self.call_reaches(call, function))
                    };
                    if before {
                        return true;
                    }
                    if seen.insert(caller) {
                        next.push(caller);
                    }
                }
            }
            frontier = next;
        }
        false
    }

    /// Where a function is entered from: its callers, and for nested functions the function around them.
    fn entries(&self, function: ScopeRef) -> Vec<(ScopeRef, u32)> {
        let mut entries: Vec<(ScopeRef, u32)> = self
            .callers(function)
            .into_iter()
            .map(|call| {
                (
                    self.program.function_around(self.program.scope_of(call)),
                    self.end(call),
                )
            })
            .collect();
        if let Some(parent) = self.program.parent_scope(function) {
            let around = self.program.function_around(parent);
            entries.push((around, self.program.scope(function).span.start));
        }
        entries
    }

    /// Whether a run of the function that hands over which writes an attribute takes another branch then.
    pub(super) fn is_elsewhere(&self, write: &super::attributes::Write, moment: Moment) -> bool {
        let apart = |at| stand_apart(self.program, write.target, at);
        write.function == moment.function && moment.at.is_some_and(apart)
    }

    /// As [`Self::timing`] for code that gives an instance an attribute: its constructors have run when it is handed
    /// over, unless that happens while they run.
    pub(super) fn timing_in(&self, class: ScopeRef, function: ScopeRef, position: u32, moment: Moment) -> Timing {
        for name in CONSTRUCTORS {
            for root in self.program.methods(class, name, false) {
                if self.reached(root).contains(&function) {
                    return self.timing_in_constructor(root, function, position, moment);
                }
            }
        }
        let timing = self.timing(function, position, moment);
        if self.program.scope(function).name == "__enter__" {
            return timing.max(Timing::Likely);
        }
        timing
    }

    fn timing_in_constructor(&self, root: ScopeRef, function: ScopeRef, position: u32, moment: Moment) -> Timing {
        if !self.reached(root).contains(&moment.function) {
            return Timing::Before;
        }
        if function == moment.function {
            return in_line(position, moment);
        }
        let written = if function == root {
            Some(position)
        } else {
            self.first_call_to(root, function)
        };
        if moment.function == root {
            return written.map_or(Timing::Unknown, |written| in_line(written, moment));
        }
        match (written, self.first_call_to(root, moment.function)) {
            (Some(written), Some(handed)) if written < handed => Timing::Before,
            (Some(_), Some(_)) => Timing::After,
            _ => Timing::Unknown,
        }
    }

    /// Whether a later statement of the same function runs whenever an earlier one has run and goes on.
    pub(super) fn follows(&self, earlier: &super::attributes::Write, later: &super::attributes::Write) -> bool {
        if earlier.function != later.function || later.position <= earlier.position {
            return false;
        }
        let index = self.program.index(earlier.target.file);
        let blocks = |id| {
            let above = index.ancestors(id);
            above
                .filter(|&(above, branch)| {
                    // The body of `with` and `try` and their `finally` run in line.
                    !matches!(
                        (&index.statement(above).stmt.kind, branch),
                        (StmtKind::With { .. }, _) | (StmtKind::Try { .. }, Branch::Body | Branch::Finally)
                    )
                })
                .map(|(id, branch)| (id, format!("{branch:?}")))
                .collect::<Vec<_>>()
        };
        let around_earlier = blocks(earlier.statement);
        blocks(later.statement)
            .iter()
            .all(|block| around_earlier.contains(block))
    }
}

/// Whether code of the function that hands over comes first.
fn in_line(position: u32, moment: Moment) -> Timing {
    if position < moment.handed {
        return Timing::Before;
    }
    match moment.started {
        Started::AtOnce => Timing::After,
        Started::At(started) if position < started => Timing::Before,
        Started::At(_) => Timing::After,
        Started::Later => Timing::Likely,
    }
}

/// What runs when an instance is made.
pub(super) const CONSTRUCTORS: [&str; 4] = ["__init__", "__new__", "__post_init__", "__attrs_post_init__"];
