//! Where units use what they share: queues, events, futures, locks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::facts::{ExprKind, StmtKind};
use crate::knowledge::{Operation, WorkerKind};
use crate::link::values::{ExprRef, ScopeRef, Site, Value};
use crate::link::{Program, Target};

use super::{operation, receiver_expression};

/// A call that does something to an object that units share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedUse {
    /// The call.
    pub call: ExprRef,
    /// What it does.
    pub operation: Operation,
    /// The function whose code it is.
    pub function: ScopeRef,
    /// The calls that may make the object; for a wait for several results those that make the elements.
    pub objects: Vec<ExprRef>,
    /// It may wait without an end.
    pub endless: bool,
}

impl SharedUse {
    /// Whether two uses may be of one object.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.objects.iter().any(|object| other.objects.contains(object))
    }
}

/// All uses, with who runs what.
#[derive(Debug, Default)]
pub struct Uses {
    all: Vec<SharedUse>,
    by_function: BTreeMap<ScopeRef, Vec<usize>>,
    callees: BTreeMap<ScopeRef, BTreeSet<ScopeRef>>,
    callers: BTreeMap<ScopeRef, BTreeSet<ScopeRef>>,
    /// Submissions of each function: number and whether it makes several runs.
    submitted: BTreeMap<ScopeRef, Vec<(usize, bool)>>,
}

impl Uses {
    /// Reads the program.
    #[must_use]
    pub fn compute(program: &Program<'_>) -> Self {
        let mut uses = Self::default();
        for call in program.calls() {
            if let Some(operation) = operation(program, call) {
                let found = shared_use(program, call, operation);
                uses.by_function.entry(found.function).or_default().push(uses.all.len());
                uses.all.push(found);
            }
        }
        let submissions: BTreeSet<ExprRef> = program.submissions.iter().map(|submission| submission.call).collect();
        let mut callers: Vec<_> = program.solution.callers.iter().collect();
        callers.sort_unstable_by_key(|(function, _)| **function);
        for (&function, calls) in callers {
            for &call in calls.iter().filter(|call| !submissions.contains(call)) {
                let caller = program.scope_of(call);
                uses.callees.entry(caller).or_default().insert(function);
                uses.callers.entry(function).or_default().insert(caller);
            }
        }
        for (number, submission) in program.submissions.iter().enumerate() {
            if submission
                .workers
                .iter()
                .all(|worker| worker.kind == Some(WorkerKind::EventLoop))
            {
                continue;
            }
            for target in submission.targets.iter().filter_map(Target::function) {
                let fan_out = submission.intent.is_fan_out();
                uses.submitted.entry(target).or_default().push((number, fan_out));
            }
        }
        uses
    }

    /// All uses in order.
    #[must_use]
    pub fn all(&self) -> &[SharedUse] {
        &self.all
    }

    /// The uses in one function's own code.
    pub fn of(&self, function: ScopeRef) -> impl Iterator<Item = &SharedUse> {
        self.by_function
            .get(&function)
            .into_iter()
            .flatten()
            .map(|&number| &self.all[number])
    }

    /// The functions that a function calls itself; what it hands over is not among them.
    #[must_use]
    pub fn called_by(&self, function: ScopeRef) -> &BTreeSet<ScopeRef> {
        static NONE: BTreeSet<ScopeRef> = BTreeSet::new();
        self.callees.get(&function).unwrap_or(&NONE)
    }

    /// The functions that call a function themselves.
    #[must_use]
    pub fn callers_of(&self, function: ScopeRef) -> &BTreeSet<ScopeRef> {
        static NONE: BTreeSet<ScopeRef> = BTreeSet::new();
        self.callers.get(&function).unwrap_or(&NONE)
    }

    /// The functions that a run of a function may call, itself included.
    #[must_use]
    pub fn reached(&self, function: ScopeRef) -> BTreeSet<ScopeRef> {
        reach(&self.callees, function)
    }

    /// The submissions whose workers may run a function, with whether they make several runs.
    #[must_use]
    pub fn submissions_of(&self, function: ScopeRef) -> BTreeSet<(usize, bool)> {
        reach(&self.callers, function)
            .into_iter()
            .flat_map(|caller| self.submitted.get(&caller).into_iter().flatten().copied())
            .collect()
    }
}

fn reach(graph: &BTreeMap<ScopeRef, BTreeSet<ScopeRef>>, start: ScopeRef) -> BTreeSet<ScopeRef> {
    let mut seen = BTreeSet::from([start]);
    let mut queue = VecDeque::from([start]);
    while let Some(current) = queue.pop_front() {
        for &next in graph.get(&current).into_iter().flatten() {
            if seen.insert(next) {
                queue.push_back(next);
            }
        }
    }
    seen
}

fn shared_use(program: &Program<'_>, call: ExprRef, operation: Operation) -> SharedUse {
    let mut objects = Vec::new();
    if operation == Operation::AwaitResults {
        if let Some(given) = program.argument(call, Some(0), None) {
            for site in sites(program, given) {
                let elements = crate::link::solver::Variable::Element(Site::Expr(site), crate::link::solver::Key::All);
                let elements = program.solution.variable(elements).iter();
                objects.extend(elements.filter_map(|element| program.site(element).and_then(Site::expression)));
            }
        }
    } else if let Some(receiver) = receiver_expression(program, call) {
        objects = sites(program, receiver);
    }
    objects.sort();
    objects.dedup();
    SharedUse {
        call,
        operation,
        function: program.scope_of(call),
        objects,
        endless: is_endless(program, call, operation),
    }
}

fn sites(program: &Program<'_>, expr: ExprRef) -> Vec<ExprRef> {
    let values = program.values(expr).iter();
    values
        .filter(|&value| {
            matches!(
                program.value(value),
                Value::ExternalInstance { .. } | Value::Instance { .. }
            )
        })
        .filter_map(|value| program.site(value).and_then(Site::expression))
        .collect()
}

/// No argument ends the wait early.
fn is_endless(program: &Program<'_>, call: ExprRef, operation: Operation) -> bool {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return false;
    };
    let own = usize::from(operation == Operation::AwaitResults);
    arguments.iter().skip(own).all(|argument| {
        matches!(
            program.kind(program.sibling(call, argument.value)),
            ExprKind::Bool(true) | ExprKind::None
        )
    })
}

/// Whether two calls stand under one `with` block that takes a lock.
#[must_use]
pub fn share_a_lock(program: &Program<'_>, first: ExprRef, second: ExprRef) -> bool {
    let index = program.index(first.file);
    let around = |call: ExprRef| -> BTreeSet<_> {
        let statement = index.statement_of(call.expr);
        let above = statement.into_iter().flat_map(|statement| index.ancestors(statement));
        above.map(|(statement, _)| statement).collect()
    };
    around(first)
        .intersection(&around(second))
        .any(|&statement| match &index.statement(statement).stmt.kind {
            StmtKind::With { items, .. } => items
                .iter()
                .any(|&(item, _)| super::lock_facts(program, program.sibling(first, item)).is_some()),
            _ => false,
        })
}
