//! `with Pool() as pool:` terminates the pool: work that is pending then is lost, results that are asked for later
//! never come.

use std::collections::BTreeMap;

use crate::facts::{ArgumentKind, ExprKind, Span, StmtKind};
use crate::knowledge::{LifeStep, Semantic, SubmissionResult, WaitOn};
use crate::link::index::{Branch, StmtId};
use crate::link::values::{ExprRef, ScopeRef, ValueId};
use crate::link::{Callee, Program, Submission};
use crate::summary::sequence::called;
use crate::summary::startup::Startup;

use super::{external_methods, has_timeout, holds, made_at, step};

/// Work that is thrown away when a `with` block ends.
#[derive(Clone, Debug)]
pub struct LostWork {
    /// The call that hands the work over.
    pub submission: ExprRef,
    /// The pool in the `with` statement.
    pub pool: ExprRef,
}

/// A result that is asked for after the pool has ended.
#[derive(Clone, Debug)]
pub struct LateResult {
    /// Where the result is asked for.
    pub read: ExprRef,
    /// The call that hands the work over.
    pub submission: ExprRef,
    /// The pool in the `with` statement.
    pub pool: ExprRef,
    /// The wait is bounded, so that it fails rather than hangs.
    pub bounded: bool,
    /// The results are iterated rather than fetched.
    pub iterated: bool,
}

/// What type facts call a context that throws pending work away.
const TERMINATES: &str = "terminates";

/// A place where a result is asked for.
#[derive(Clone, Copy, Debug)]
struct Read {
    at: ExprRef,
    bounded: bool,
    iterated: bool,
}

/// A `with` block of a pool.
struct Block {
    pool: ExprRef,
    scope: ScopeRef,
    span: Span,
}

pub(super) fn find(program: &Program<'_>, startup: &Startup) -> (Vec<LostWork>, Vec<LateResult>) {
    let pending: Vec<&Submission<'_>> = program.submissions.iter().filter(|one| is_pending(one)).collect();
    let calls: BTreeMap<ExprRef, SubmissionResult> = pending
        .iter()
        .map(|submission| (submission.call, submission.shape.result))
        .collect();
    let reads = reads(program, &calls);
    let (mut lost, mut late) = (Vec::new(), Vec::new());
    for submission in pending {
        let Some(block) = block_around(program, submission) else {
            continue;
        };
        let uses = Uses {
            program,
            submission,
            block: &block,
        };
        if uses.are_settled() {
            continue;
        }
        let reads = reads.get(&submission.call).map_or(&[][..], Vec::as_slice);
        let outside: Vec<&Read> = reads.iter().filter(|read| uses.comes_after(startup, read)).collect();
        if outside.is_empty() {
            // A read that may come from within the block keeps the work alive.
            if reads.is_empty() && !lost.iter().any(|other: &LostWork| other.submission == submission.call) {
                lost.push(LostWork {
                    submission: submission.call,
                    pool: block.pool,
                });
            }
            continue;
        }
        // Once one has been asked for, the others are the same fault.
        if let Some(read) = outside.into_iter().min_by_key(|read| program.place(read.at)) {
            late.push(LateResult {
                read: read.at,
                submission: submission.call,
                pool: block.pool,
                bounded: read.bounded,
                iterated: read.iterated,
            });
        }
    }
    late.sort_by_key(|result| (program.place(result.read), program.place(result.submission)));
    late.dedup_by_key(|result| result.read);
    (lost, late)
}

fn is_pending(submission: &Submission<'_>) -> bool {
    submission.through.is_none()
        && matches!(
            submission.shape.result,
            SubmissionResult::AsyncResult | SubmissionResult::Iterator
        )
}

/// The innermost `with` block of the pool that a submission stands in.
fn block_around(program: &Program<'_>, submission: &Submission<'_>) -> Option<Block> {
    let pools: Vec<ValueId> = submission.workers.iter().filter_map(|worker| worker.executor).collect();
    let terminates = |value: ValueId| {
        program
            .type_fact(value)
            .is_some_and(|fact| fact.on_exit.as_deref() == Some(TERMINATES))
    };
    if pools.is_empty() || !pools.iter().all(|&pool| terminates(pool)) {
        return None;
    }
    let file = submission.call.file;
    let index = program.index(file);
    let statement = index.statement_of(submission.call.expr)?;
    let parents = index.ancestors(statement).filter(|(_, branch)| *branch == Branch::Body);
    parents.map(|(above, _)| above).find_map(|above| {
        let pool = pool_of_with(program, file, above, &pools)?;
        Some(Block {
            pool,
            scope: program.scope_ref(file, index.statement(above).scope),
            span: index.statement(above).stmt.span,
        })
    })
}

fn pool_of_with(program: &Program<'_>, file: crate::finding::FileId, id: StmtId, pools: &[ValueId]) -> Option<ExprRef> {
    let StmtKind::With { items, .. } = &program.index(file).statement(id).stmt.kind else {
        return None;
    };
    items
        .iter()
        .map(|&(context, _)| ExprRef { file, expr: context })
        .find(|&context| {
            let values = program.values(context);
            pools.iter().all(|pool| values.iter().any(|value| value == *pool))
        })
}

/// What happens to a submission's result inside the block.
struct Uses<'u, 'a> {
    program: &'u Program<'a>,
    submission: &'u Submission<'a>,
    block: &'u Block,
}

impl Uses<'_, '_> {
    fn is_result(&self, value: ValueId) -> bool {
        made_at(self.program, value) == Some(self.submission.call)
    }

    fn is_pool(&self, value: ValueId) -> bool {
        self.submission
            .workers
            .iter()
            .any(|worker| worker.executor == Some(value))
    }

    /// Whether something in the block waits for the work, reads it, or hands it to code that may.
    fn are_settled(&self) -> bool {
        let calls = self.calls_inside();
        calls.iter().any(|&call| self.settles(call)) || self.is_iterated_or_yielded()
    }

    fn calls_inside(&self) -> Vec<ExprRef> {
        let file = self.submission.call.file;
        let all = self
            .program
            .index(file)
            .calls()
            .iter()
            .map(|&expr| ExprRef { file, expr });
        all.filter(|&call| {
            call != self.submission.call && call != self.block.pool && {
                self.block.span.contains(self.program.place(call).span)
            }
        })
        .collect()
    }

    fn settles(&self, call: ExprRef) -> bool {
        let program = self.program;
        for (method, receiver) in external_methods(program, call) {
            if self.is_result(receiver) || (step(program, &method) == Some(LifeStep::Join) && self.is_pool(receiver)) {
                return true;
            }
        }
        let after = program.place(call).span.end > program.place(self.submission.call).span.start;
        (after && self.waits(call)) || self.takes_it(call)
    }

    /// A call that waits for something else: the work may be done by then.
    fn waits(&self, call: ExprRef) -> bool {
        let contains = self
            .program
            .place(call)
            .span
            .contains(self.program.place(self.submission.call).span);
        !contains
            && self.program.callees(call).iter().any(|callee| {
                let Callee::External { name, .. } = callee else {
                    return false;
                };
                let fact = self.program.knowledge.call(name);
                fact.is_some_and(|fact| {
                    fact.wait.is_some()
                        && matches!(
                            fact.on,
                            Some(WaitOn::Lock | WaitOn::Queue | WaitOn::Process | WaitOn::Sleep | WaitOn::Device)
                        )
                })
            })
    }

    /// A call that is passed the pool, the result or a container of results, and does more than keep it.
    fn takes_it(&self, call: ExprRef) -> bool {
        let ExprKind::Call { arguments, .. } = self.program.kind(call) else {
            return false;
        };
        let keeps = self.program.callees(call).iter().all(|callee| {
            matches!(callee, Callee::External { name, .. } if matches!(
                self.program.knowledge.semantic(name),
                Some(Semantic::Adds | Semantic::AddsSecond | Semantic::AddsAll | Semantic::SetDefault)
            ))
        });
        !keeps
            && arguments.iter().any(|argument| {
                let values = self.program.values(self.program.sibling(call, argument.value));
                holds(self.program, values, &|value| {
                    self.is_result(value) || self.is_pool(value)
                })
            })
    }

    fn is_iterated_or_yielded(&self) -> bool {
        let program = self.program;
        let file = self.submission.call.file;
        let start = program.place(self.submission.call).span.start;
        let has_result = |expr| {
            holds(program, program.values(ExprRef { file, expr }), &|value| {
                self.is_result(value)
            })
        };
        let index = program.index(file);
        let statements = index
            .statements
            .iter()
            .filter(|indexed| self.block.span.contains(indexed.stmt.span) && indexed.stmt.span != self.block.span);
        for indexed in statements {
            let later = indexed.stmt.span.end > start;
            match &indexed.stmt.kind {
                StmtKind::For { iterable, .. } if has_result(*iterable) && self.is_iterator() => return true,
                StmtKind::While { .. } if later => return true,
                _ => {}
            }
        }
        let scopes = program.file(file).expressions.iter();
        scopes
            .filter(|expression| self.block.span.contains(expression.span))
            .any(|expression| {
                let later = expression.span.end > start;
                match &expression.kind {
                    ExprKind::Yield(_) | ExprKind::YieldFrom(_) | ExprKind::Await(_) => later,
                    ExprKind::Starred(value) => has_result(*value),
                    ExprKind::Comprehension { clauses, .. } => {
                        self.is_iterator() && clauses.iter().any(|clause| has_result(clause.iterable))
                    }
                    _ => false,
                }
            })
    }

    fn is_iterator(&self) -> bool {
        self.submission.shape.result == SubmissionResult::Iterator
    }

    /// Whether a read comes after the block has ended.
    fn comes_after(&self, startup: &Startup, read: &Read) -> bool {
        let program = self.program;
        let place = program.place(read.at);
        let scope = program.function_around(program.scope_of(read.at));
        if scope == program.function_around(self.block.scope) {
            return place.span.start > self.block.span.end;
        }
        // A function that the block calls may read it in time.
        let readers = startup.leading_to([scope]);
        !self
            .calls_inside()
            .iter()
            .any(|&call| called(program, call).iter().any(|function| readers.contains(function)))
    }
}

/// The places where results are asked for, by the call that hands the work over.
fn reads(program: &Program<'_>, submissions: &BTreeMap<ExprRef, SubmissionResult>) -> BTreeMap<ExprRef, Vec<Read>> {
    let mut found: BTreeMap<ExprRef, Vec<Read>> = BTreeMap::new();
    let submitted = |value| made_at(program, value).filter(|site| submissions.contains_key(site));
    for call in program.calls() {
        for (name, receiver) in external_methods(program, call) {
            let waits = program
                .knowledge
                .call(&name)
                .is_some_and(|fact| fact.wait.is_some() && fact.until.is_some());
            if let (Some(site), true) = (submitted(receiver), waits) {
                found.entry(site).or_default().push(Read {
                    at: call,
                    bounded: has_timeout(program, call, &name),
                    iterated: false,
                });
            }
        }
    }
    for (at, iterable) in iterations(program) {
        for value in program.values(iterable).iter() {
            if let Some(site) = submitted(value).filter(|site| submissions[site] == SubmissionResult::Iterator) {
                found.entry(site).or_default().push(Read {
                    at,
                    bounded: false,
                    iterated: true,
                });
            }
        }
    }
    found
}

/// What is iterated, with the place that a report names.
fn iterations(program: &Program<'_>) -> Vec<(ExprRef, ExprRef)> {
    let mut found = Vec::new();
    for file in program.file_ids() {
        let at = |expr| ExprRef { file, expr };
        for indexed in &program.index(file).statements {
            if let StmtKind::For { iterable, .. } = &indexed.stmt.kind {
                found.push((at(*iterable), at(*iterable)));
            }
        }
        for expression in &program.file(file).expressions {
            match &expression.kind {
                ExprKind::Comprehension { clauses, .. } => {
                    found.extend(clauses.iter().map(|clause| (at(clause.iterable), at(clause.iterable))));
                }
                ExprKind::Starred(value) | ExprKind::YieldFrom(value) => found.push((at(*value), at(*value))),
                ExprKind::Call { arguments, .. } => {
                    let plain = arguments
                        .iter()
                        .filter(|one| one.kind == ArgumentKind::Positional)
                        .take(1);
                    found.extend(plain.map(|one| (at(one.value), at(one.value))));
                }
                _ => {}
            }
        }
    }
    found
}
