//! What runs on the starting side while a unit's thread lives: from the start to the join, in the starting function
//! and in those that call it.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{ExprId, ExprKind, Span, StmtKind};
use crate::knowledge::{Semantic, StartsWhen, SubmissionResult};
use crate::link::index::{Branch, StmtId};
use crate::link::values::{ExprRef, ScopeRef, Site};
use crate::link::{Callee, Intent, Program, Submission};

use super::super::sequence::stand_apart;
use super::calls::functions_of;
use super::requests;
use super::units::Unit;

/// The vocabulary of worker objects.
const START: &str = "start";
const JOIN: &str = "join";
/// Callers are followed this far.
const DEPTH: usize = 4;
/// More regions than this are not looked at for one unit.
const LIMIT: usize = 40;

/// A call of a method of a worker, future or executor.
#[derive(Clone, Debug)]
struct Use {
    call: ExprRef,
    method: String,
}

/// The method calls on what submissions and executors give, by the place where it is made.
#[derive(Debug, Default)]
pub(super) struct Uses {
    by_site: BTreeMap<ExprRef, Vec<Use>>,
}

impl Uses {
    pub(super) fn new(program: &Program<'_>, submitting: &BTreeSet<ExprRef>) -> Self {
        let mut wanted = submitting.clone();
        for submission in &program.submissions {
            let executors = submission.workers.iter().filter_map(|worker| worker.executor);
            wanted.extend(executors.filter_map(|executor| program.site(executor).and_then(Site::expression)));
        }
        let mut by_site: BTreeMap<ExprRef, Vec<Use>> = BTreeMap::new();
        for call in program.calls() {
            let ExprKind::Call { callee, .. } = program.kind(call) else {
                continue;
            };
            let ExprKind::Attribute { base, name, .. } = program.kind(program.sibling(call, *callee)) else {
                continue;
            };
            for value in program.values(program.sibling(call, *base)).iter() {
                if let Some(site) = program.site(value).and_then(Site::expression)
                    && wanted.contains(&site)
                {
                    by_site.entry(site).or_default().push(Use {
                        call,
                        method: name.clone(),
                    });
                }
            }
        }
        Self { by_site }
    }

    fn of(&self, site: ExprRef) -> &[Use] {
        self.by_site.get(&site).map_or(&[], Vec::as_slice)
    }
}

/// A part of a function that runs while the unit's thread lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Region {
    pub(super) function: ScopeRef,
    pub(super) span: Span,
    /// The call that starts the thread, or that leads there.
    start: ExprRef,
}

impl Region {
    /// Whether an expression of the function is evaluated in this part, in a run that has come by the start.
    pub(super) fn contains(&self, program: &Program<'_>, expr: ExprRef) -> bool {
        self.span.contains(program.place(expr).span)
            && (self.is_repeated(program, expr) || !self.excludes(program, expr))
    }

    fn excludes(&self, program: &Program<'_>, expr: ExprRef) -> bool {
        stand_apart(program, self.start, expr)
    }

    /// Whether one loop goes round both: what one round leaves out the next may do.
    fn is_repeated(&self, program: &Program<'_>, expr: ExprRef) -> bool {
        let index = program.index(expr.file);
        let around = index.loops_around(expr.expr);
        index
            .loops_around(self.start.expr)
            .iter()
            .any(|own| around.contains(own))
    }

    /// Whether a condition decides about the start, and another one about the expression: they may be two ways.
    pub(super) fn may_be_other_way(&self, program: &Program<'_>, expr: ExprRef) -> bool {
        let conditions = |expr: ExprRef| -> BTreeSet<StmtId> {
            let index = program.index(expr.file);
            let statement = index.statement_of(expr.expr);
            let above = statement.into_iter().flat_map(|statement| index.ancestors(statement));
            above
                .map(|(above, _)| above)
                .filter(|&above| {
                    matches!(
                        index.statement(above).stmt.kind,
                        StmtKind::If { .. } | StmtKind::Match { .. }
                    )
                })
                .collect()
        };
        let (own, others) = (conditions(self.start), conditions(expr));
        own.difference(&others).next().is_some() && others.difference(&own).next().is_some()
    }
}

/// The parts of functions that run while the unit's thread lives.
pub(super) fn regions(program: &Program<'_>, uses: &Uses, unit: &Unit<'_, '_>) -> Vec<Region> {
    let Some(submission) = unit.submission() else {
        return served_beside(program, uses, unit);
    };
    regions_of(program, uses, submission, &[])
}

/// The same for requests: what runs while another thread serves.
fn served_beside(program: &Program<'_>, uses: &Uses, unit: &Unit<'_, '_>) -> Vec<Region> {
    let servers = requests::servers_of(unit);
    let serves = |submission: &&Submission<'_>| {
        let targets = submission.targets.iter();
        let mut receivers = targets.filter_map(|target| match target.callee {
            Callee::External { receiver, .. } => receiver,
            _ => None,
        });
        receivers.any(|receiver| servers.contains(&receiver))
    };
    let is_stop = |call: &ExprRef| {
        program.callees(*call).iter().any(|callee| match callee {
            Callee::External { name, .. } => unit
                .served
                .is_some_and(|served| served.stopped_by.iter().any(|stop| **stop == **name)),
            _ => false,
        })
    };
    let stops: Vec<ExprRef> = program.calls().filter(is_stop).collect();
    let serving = program.submissions.iter().filter(serves);
    serving
        .flat_map(|submission| regions_of(program, uses, submission, &stops))
        .collect()
}

/// The calls at which what is handed over starts to run.
pub(super) fn starts_of(uses: &Uses, submission: &Submission<'_>) -> Vec<ExprRef> {
    match submission.shape.starts {
        StartsWhen::AtStart if submission.through.is_none() => calls_named(uses.of(submission.call), START),
        StartsWhen::AtStart => Vec::new(),
        StartsWhen::AtCall => vec![submission.call],
    }
}

fn regions_of(program: &Program<'_>, uses: &Uses, submission: &Submission<'_>, stops: &[ExprRef]) -> Vec<Region> {
    if matches!(
        submission.shape.result,
        SubmissionResult::Results | SubmissionResult::Result | SubmissionResult::Awaitable
    ) {
        return Vec::new();
    }
    if is_consumed_at_once(program, submission) {
        return Vec::new();
    }
    let starts = starts_of(uses, submission);
    let mut ends = match submission.shape.starts {
        StartsWhen::AtStart => calls_named(uses.of(submission.call), JOIN),
        StartsWhen::AtCall => waits(program, uses, submission),
    };
    ends.extend_from_slice(stops);
    let joiners = callers_of(program, &ends);
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open: Vec<(ExprRef, usize)> = starts.into_iter().map(|start| (start, 0)).collect();
    while let Some((start, depth)) = open.pop() {
        if !seen.insert(start) || found.len() > LIMIT {
            continue;
        }
        let function = program.function_around(program.scope_of(start));
        let (span, ended) = region(program, submission, start, &ends, &joiners);
        found.push(Region { function, span, start });
        if ended || depth >= DEPTH {
            continue;
        }
        for &call in program.solution.callers.get(&function).into_iter().flatten() {
            if is_only_tested(program, submission.call, call) {
                continue;
            }
            let direct = program
                .callees(call)
                .iter()
                .any(|callee| functions_of(program, callee).contains(&function));
            if direct {
                open.push((call, depth + 1));
            }
        }
    }
    found.sort();
    found
}

/// `list(pool.map(...))`: all is done when the call is.
fn is_consumed_at_once(program: &Program<'_>, submission: &Submission<'_>) -> bool {
    let index = program.index(submission.call.file);
    let span = index.facts.span(submission.call.expr);
    let consumes = |&call: &ExprId| {
        let call_span = index.facts.span(call);
        call_span != span && call_span.contains(span) && index.scope_of(call) == index.scope_of(submission.call.expr)
    };
    let mut around = index.calls().iter().filter(|call| consumes(call));
    submission.intent == Intent::Map
        && around.any(|&call| {
            let callees = program.callees(program.sibling(submission.call, call));
            let mut names = callees.iter().filter_map(|callee| match callee {
                Callee::External { name, receiver: None } => Some(name),
                _ => None,
            });
            names.any(|name| program.knowledge.semantic(name) == Some(Semantic::CopiesElements))
        })
}

/// What tests do after the program under test has started a thread says nothing about the program.
fn is_only_tested(program: &Program<'_>, started: ExprRef, call: ExprRef) -> bool {
    program.is_test(call.file) && !program.is_test(started.file)
}

fn calls_named(uses: &[Use], method: &str) -> Vec<ExprRef> {
    uses.iter()
        .filter(|used| used.method == method)
        .map(|used| used.call)
        .collect()
}

/// The calls that wait for a submitted task: on its future, on the executor, or on anything at all.
fn waits(program: &Program<'_>, uses: &Uses, submission: &Submission<'_>) -> Vec<ExprRef> {
    let mut found: Vec<ExprRef> = uses.of(submission.call).iter().map(|used| used.call).collect();
    for executor in submission.workers.iter().filter_map(|worker| worker.executor) {
        if let Some(site) = program.site(executor).and_then(Site::expression) {
            found.extend(
                uses.of(site)
                    .iter()
                    .map(|used| used.call)
                    .filter(|&call| is_wait(program, call)),
            );
        }
    }
    let index = program.index(submission.call.file);
    let here = index.calls().iter().map(|&expr| program.sibling(submission.call, expr));
    found.extend(here.filter(|&call| is_wait(program, call)));
    found
}

fn is_wait(program: &Program<'_>, call: ExprRef) -> bool {
    program.callees(call).iter().any(|callee| match callee {
        Callee::External { name, .. } => {
            let fact = program.knowledge.call(name);
            fact.is_some_and(|fact| fact.until.is_some())
        }
        _ => false,
    })
}

/// The functions that wait for the thread, directly or through another.
fn callers_of(program: &Program<'_>, ends: &[ExprRef]) -> BTreeSet<ScopeRef> {
    let direct: BTreeSet<ScopeRef> = ends
        .iter()
        .map(|&end| program.function_around(program.scope_of(end)))
        .collect();
    let mut all = direct.clone();
    for function in direct {
        for &call in program.solution.callers.get(&function).into_iter().flatten() {
            all.insert(program.function_around(program.scope_of(call)));
        }
    }
    all
}

/// The part of a function after a start, and whether the thread is over at its end.
fn region(
    program: &Program<'_>,
    submission: &Submission<'_>,
    start: ExprRef,
    ends: &[ExprRef],
    joiners: &BTreeSet<ScopeRef>,
) -> (Span, bool) {
    let function = program.function_around(program.scope_of(start));
    let index = program.index(start.file);
    let from = index.facts.span(start.expr).end;
    let mut end = u32::MAX;
    for &call in index.calls() {
        let span = index.facts.span(call);
        let call = program.sibling(start, call);
        if span.start < from || program.function_around(program.scope_of(call)) != function {
            continue;
        }
        let joins = ends.contains(&call)
            || program.callees(call).iter().any(|callee| {
                let called = functions_of(program, callee);
                called
                    .iter()
                    .any(|called| *called != function && joiners.contains(called))
            });
        if joins {
            end = end.min(span.start);
        }
    }
    if let Some(statement) = index.statement_of(start.expr) {
        for (above, branch) in index.ancestors(statement) {
            let above = index.statement(above).stmt;
            if branch == Branch::Body && is_executors_block(program, submission, start, &above.kind) {
                end = end.min(above.span.end);
            }
        }
    }
    let ended = end != u32::MAX;
    (Span { start: from, end }, ended)
}

/// `with ThreadPoolExecutor() as executor:` around the submission.
fn is_executors_block(program: &Program<'_>, submission: &Submission<'_>, start: ExprRef, kind: &StmtKind) -> bool {
    let StmtKind::With { items, .. } = kind else {
        return false;
    };
    let executors = submission.workers.iter().filter_map(|worker| worker.executor);
    let sites: Vec<ExprRef> = executors
        .filter_map(|executor| program.site(executor).and_then(Site::expression))
        .collect();
    items.iter().any(|&(context, _)| {
        let values = program.values(program.sibling(start, context));
        values.iter().any(|value| {
            let site = program.site(value).and_then(Site::expression);
            site.is_some_and(|site| sites.contains(&site))
        })
    })
}
