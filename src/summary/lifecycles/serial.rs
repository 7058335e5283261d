//! Loops that hand work over and wait for it in the same round, so that one task runs at a time.

use crate::facts::{ArgumentKind, DefId, DefKind, ExprId, ExprKind, Stmt, StmtKind, SymbolId};
use crate::finding::FileId;
use crate::knowledge::{LifeStep, Role, Semantic, SubmissionResult};
use crate::link::index::{Branch, FileIndex, Loop, StmtId};
use crate::link::values::{ExprRef, Value};
use crate::link::{Callee, Intent, Program};

use crate::summary::Summaries;

use super::Lifecycles;

/// A wait in the loop that hands the work over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The call that waits.
    pub wait: ExprRef,
    /// The call that hands over or starts what is waited for.
    pub handed: ExprRef,
    /// A worker is joined, rather than an outcome asked for.
    pub joins: bool,
    /// The loop has no end of its own (`while True`).
    pub endless: bool,
    /// The tasks are so small that nothing is gained by running them side by side.
    pub tiny: bool,
    /// Without a loop: the call that starts the next worker.
    pub next: Option<ExprRef>,
    /// The call in a loop that makes the function hand over and wait, where the loop stands in another function.
    pub called: Option<ExprRef>,
}

/// Finds the waits of all loops.
pub(super) fn find(program: &Program<'_>, summaries: &Summaries<'_>, lives: &Lifecycles) -> Vec<Wait> {
    let finder = Finder {
        program,
        summaries,
        lives,
    };
    let mut waits: Vec<Wait> = Vec::new();
    for submission in &program.submissions {
        let future = matches!(
            submission.shape.result,
            SubmissionResult::Future | SubmissionResult::AsyncResult
        );
        if future && submission.through.is_none() && matches!(submission.intent, Intent::Loop(_)) {
            waits.extend(finder.outcome_of(submission.call));
        }
    }
    for call in program.calls().filter(|&call| gives_fresh_future(program, call)) {
        waits.extend(finder.outcome_of(call));
    }
    for (call, step) in lives.steps() {
        if step == LifeStep::Join {
            waits.extend(finder.join(call).or_else(|| finder.join_before_next(call)));
        }
    }
    waits.extend(super::helpers::find(&finder));
    waits.sort_by_key(|wait| (wait.wait, wait.called));
    waits.dedup_by_key(|wait| wait.wait);
    waits
}

impl Lifecycles {
    /// Whether what a call in a loop gives decides what the next round hands over, or whether there is one.
    #[must_use]
    pub fn feeds_next_round(&self, program: &Program<'_>, summaries: &Summaries<'_>, call: ExprRef) -> bool {
        let finder = Finder {
            program,
            summaries,
            lives: self,
        };
        let loops = finder.loops(call);
        loops
            .first()
            .is_some_and(|&around| finder.is_conditional(call, call, around) || finder.feeds_next(call, call, around))
    }
}

/// A call in a loop of a function of the project that hands work over and gives back its future.
fn gives_fresh_future(program: &Program<'_>, call: ExprRef) -> bool {
    let through = program
        .callees(call)
        .iter()
        .all(|callee| matches!(callee, Callee::Function { .. }));
    let is_future =
        |value| matches!(program.role(value), Some(Role::Future | Role::AsyncResult)) && program.site(value).is_some();
    let values = program.values(call);
    through
        && values.iter().any(is_future)
        && values
            .iter()
            .all(|value| is_future(value) || matches!(program.value(value), Value::Unknown(_)))
        && !program.index(call.file).loops_around(call.expr).is_empty()
}

pub(super) struct Finder<'a, 'p> {
    pub(super) program: &'a Program<'p>,
    pub(super) summaries: &'a Summaries<'a>,
    pub(super) lives: &'a Lifecycles,
}

impl<'p> Finder<'_, 'p> {
    pub(super) fn index(&self, file: FileId) -> &FileIndex<'p> {
        self.program.index(file)
    }

    /// The wait for the outcome of a submission in its own loop.
    fn outcome_of(&self, submitted: ExprRef) -> Option<Wait> {
        let wait = self.asked_at(submitted).or_else(|| self.through_list(submitted))?;
        if self.gives_up(wait) {
            return None;
        }
        self.judged(submitted, wait, false)
    }

    /// Whether a wait has a time-out that the code around it expects: then the worker is there for that.
    fn gives_up(&self, wait: ExprRef) -> bool {
        let index = self.index(wait.file);
        let ExprKind::Call { arguments, .. } = self.program.kind(wait) else {
            return false;
        };
        let limited = !arguments.is_empty() && self.lives.step(wait) == Some(LifeStep::Outcome);
        limited
            && index.statement_of(wait.expr).is_some_and(|statement| {
                index.ancestors(statement).any(|(above, branch)| {
                    branch == Branch::Body
                        && matches!(&index.statement(above).stmt.kind, StmtKind::Try { handlers, .. } if !handlers.is_empty())
                })
            })
    }

    /// The call that asks for the outcome of a submission, through at most one name.
    pub(super) fn asked_at(&self, submitted: ExprRef) -> Option<ExprRef> {
        self.chained(submitted)
            .or_else(|| self.waited_in_display(submitted))
            .or_else(|| self.through_name(submitted))
    }

    /// `submit(...).result()`.
    fn chained(&self, submitted: ExprRef) -> Option<ExprRef> {
        let call = self.method_call_on(submitted)?;
        (self.lives.step(call) == Some(LifeStep::Outcome)).then_some(call)
    }

    /// The call of a method of what an expression gives.
    fn method_call_on(&self, base: ExprRef) -> Option<ExprRef> {
        let index = self.index(base.file);
        let attribute = index.parent(base.expr)?;
        let call = index.parent(attribute)?;
        match (self.at(base, attribute), self.at(base, call)) {
            (ExprKind::Attribute { base: inner, .. }, ExprKind::Call { callee, .. })
                if *inner == base.expr && *callee == attribute =>
            {
                Some(self.program.sibling(base, call))
            }
            _ => None,
        }
    }

    fn at(&self, near: ExprRef, expr: ExprId) -> &'p ExprKind {
        self.program.kind(self.program.sibling(near, expr))
    }

    /// The only name that an expression's value is bound to by its statement.
    fn bound_name(&self, value: ExprRef) -> Option<DefId> {
        let index = self.index(value.file);
        let statement = index.statement_of(value.expr)?;
        let (
            StmtKind::Assign {
                targets,
                value: assigned,
            },
            None,
        ) = (&index.statement(statement).stmt.kind, index.parent(value.expr))
        else {
            return None;
        };
        match (targets.as_slice(), *assigned == value.expr) {
            ([target], true) => match self.at(value, *target) {
                ExprKind::Store(def) => Some(*def),
                _ => None,
            },
            _ => None,
        }
    }

    /// `future = submit(...)`, then `future.result()` or `wait([future])`.
    fn through_name(&self, submitted: ExprRef) -> Option<ExprRef> {
        let def = self.bound_name(submitted)?;
        let file = self.program.file(submitted.file);
        let reads = self.index(submitted.file).reads(file.definition(def).symbol);
        reads.iter().find_map(|&read| {
            let only = matches!(file.kind(read), ExprKind::Name { reaching, .. } if reaching.as_slice() == [def]);
            if !only || file.span(read).start < file.span(submitted.expr).end {
                return None;
            }
            let read = self.program.sibling(submitted, read);
            self.chained(read).or_else(|| self.waited_in_display(read))
        })
    }

    /// `wait([future])`.
    fn waited_in_display(&self, element: ExprRef) -> Option<ExprRef> {
        let index = self.index(element.file);
        let display = index.parent(element.expr)?;
        let ExprKind::Sequence { len: 1, .. } = self.at(element, display) else {
            return None;
        };
        let call = self.program.sibling(element, index.parent(display)?);
        self.waits_for_all(call).then_some(call)
    }

    /// A call that waits until all futures are done, without a way to give up early.
    fn waits_for_all(&self, call: ExprRef) -> bool {
        let ExprKind::Call { arguments, .. } = self.program.kind(call) else {
            return false;
        };
        let plain = arguments.len() == 1 && arguments[0].kind == ArgumentKind::Positional;
        // A call that only gives an iterator has not waited for anything yet.
        let statement = self.index(call.file).statement_of(call.expr);
        let alone = self.index(call.file).parent(call.expr).is_none()
            && statement.is_some_and(|statement| {
                matches!(
                    self.index(call.file).statement(statement).stmt.kind,
                    StmtKind::Expr(_) | StmtKind::Assign { .. } | StmtKind::For { .. }
                )
            });
        plain && alone && self.lives.step(call) == Some(LifeStep::Waits)
    }

    /// `jobs.append(submit(...))`, then `wait(jobs)` in the same round.
    fn through_list(&self, submitted: ExprRef) -> Option<ExprRef> {
        let list = self.list_that_takes(submitted)?;
        let loops = self.loops(submitted);
        let start = self.program.place(submitted).span.end;
        let index = self.index(submitted.file);
        index
            .calls()
            .iter()
            .map(|&call| self.program.sibling(submitted, call))
            .find(|&call| {
                self.program.place(call).span.start >= start
                    && self.loops(call).first() == loops.first()
                    && self.waits_for_all(call)
                    && self
                        .program
                        .argument(call, Some(0), None)
                        .is_some_and(|argument| self.same_place(argument, list))
            })
    }

    /// The list in `list.append(value)` or `list.append(name)` where the name is bound to the value.
    fn list_that_takes(&self, value: ExprRef) -> Option<ExprRef> {
        if let Some(list) = self.appended_to(value) {
            return Some(list);
        }
        let def = self.bound_name(value)?;
        let file = self.program.file(value.file);
        let reads = self.index(value.file).reads(file.definition(def).symbol);
        reads.iter().find_map(|&read| {
            let only = matches!(file.kind(read), ExprKind::Name { reaching, .. } if reaching.as_slice() == [def]);
            if only {
                self.appended_to(self.program.sibling(value, read))
            } else {
                None
            }
        })
    }

    fn appended_to(&self, value: ExprRef) -> Option<ExprRef> {
        let call = self.program.sibling(value, self.index(value.file).parent(value.expr)?);
        let ExprKind::Call { callee, .. } = self.program.kind(call) else {
            return None;
        };
        let ExprKind::Attribute { base, .. } = self.at(call, *callee) else {
            return None;
        };
        self.program
            .has_semantic(call, Semantic::Adds)
            .then(|| self.program.sibling(value, *base))
    }

    /// Whether two expressions are written alike and read the same names.
    fn same_place(&self, one: ExprRef, other: ExprRef) -> bool {
        match (self.program.kind(one), self.program.kind(other)) {
            (ExprKind::Name { symbol: a, .. }, ExprKind::Name { symbol: b, .. }) => a.is_some() && a == b,
            (ExprKind::Attribute { base: a, name: x, .. }, ExprKind::Attribute { base: b, name: y, .. }) => {
                x == y && self.same_place(self.program.sibling(one, *a), self.program.sibling(other, *b))
            }
            _ => false,
        }
    }

    /// The loops around an expression. One that only waits until a worker has ended is none.
    pub(super) fn loops(&self, expr: ExprRef) -> Vec<Loop> {
        let mut loops = self.index(expr.file).loops_around(expr.expr);
        if let Some(&Loop::Statement(around)) = loops.first()
            && self.is_patient_join(around, expr)
        {
            loops.remove(0);
        }
        loops
    }

    /// `while worker.is_alive(): worker.join(1)`.
    pub(super) fn is_patient_join(&self, around: StmtId, join: ExprRef) -> bool {
        let StmtKind::While { test, body, .. } = &self.index(join.file).statement(around).stmt.kind else {
            return false;
        };
        let test = self.program.sibling(join, *test);
        let only = matches!(body.as_slice(), [Stmt { kind: StmtKind::Expr(only), .. }] if *only == join.expr);
        let same = match (self.receiver(test), self.receiver(join)) {
            (Some(one), Some(other)) => self.same_object(one, other),
            _ => false,
        };
        only && same && self.lives.step(test) == Some(LifeStep::Peek) && self.lives.step(join) == Some(LifeStep::Join)
    }

    /// A join of a worker that was started in the same round.
    fn join(&self, join: ExprRef) -> Option<Wait> {
        let worker = self.receiver(join)?;
        let is_worker = self
            .program
            .values(worker)
            .iter()
            .any(|value| self.program.role(value) == Some(Role::Worker));
        if !is_worker {
            return None;
        }
        let loops = self.loops(join);
        let start = self.start_in_round(worker, join, loops.first()?);
        if let Some(start) = start {
            return self.judged(start, join, true);
        }
        self.list_of_one(worker, join, &loops)
    }

    pub(super) fn receiver(&self, call: ExprRef) -> Option<ExprRef> {
        let ExprKind::Call { callee, .. } = self.program.kind(call) else {
            return None;
        };
        match self.at(call, *callee) {
            ExprKind::Attribute { base, .. } => Some(self.program.sibling(call, *base)),
            _ => None,
        }
    }

    /// The call that starts a worker in the innermost loop around its join.
    fn start_in_round(&self, worker: ExprRef, join: ExprRef, around: &Loop) -> Option<ExprRef> {
        self.started_before(worker, join)
            .take_while(|call| self.is_within(*call, join, around))
            .find(|&call| self.loops(call).first() == Some(around))
    }

    /// The calls before a join that start its worker, the last one first.
    pub(super) fn started_before(&self, worker: ExprRef, join: ExprRef) -> impl Iterator<Item = ExprRef> {
        let file = self.program.file(join.file);
        let before = file.span(join.expr).start;
        let index = self.index(join.file);
        let scope = index.scope_of(join.expr);
        let starts = index.calls().iter().rev();
        let starts = starts.map(move |&call| self.program.sibling(join, call));
        starts
            .skip_while(move |call| file.span(call.expr).start >= before)
            .filter(move |&call| {
                self.lives.step(call) == Some(LifeStep::Start)
                    && index.scope_of(call.expr) == scope
                    && self
                        .receiver(call)
                        .is_some_and(|started| self.same_object(started, worker))
            })
    }

    fn is_within(&self, expr: ExprRef, near: ExprRef, around: &Loop) -> bool {
        let file = self.program.file(near.file);
        let span = match around {
            Loop::Statement(id) => self.index(near.file).statement(*id).stmt.span,
            Loop::Comprehension(expr) => file.span(*expr),
        };
        span.contains(file.span(expr.expr))
    }

    pub(super) fn same_object(&self, one: ExprRef, other: ExprRef) -> bool {
        match (self.program.kind(one), self.program.kind(other)) {
            (
                ExprKind::Name {
                    symbol: a, reaching: x, ..
                },
                ExprKind::Name {
                    symbol: b, reaching: y, ..
                },
            ) => a.is_some() && a == b && x == y,
            _ => self.same_place(one, other),
        }
    }

    /// `for t in threads: t.join()` in a round that makes the list anew and puts at most one worker into it.
    fn list_of_one(&self, worker: ExprRef, join: ExprRef, loops: &[Loop]) -> Option<Wait> {
        let outer = loops.get(1)?;
        let list = self.iterated(worker)?;
        let (symbol, made) = self.list_made(list)?;
        if self.loops(made).first() != Some(outer) || self.loops(list).first() != Some(outer) {
            return None;
        }
        let ExprKind::Sequence { len, .. } = self.program.kind(made) else {
            return None;
        };
        let mut put_in = *len;
        let mut start = None;
        for &read in self.index(join.file).reads(symbol) {
            let read = self.program.sibling(join, read);
            let Some(call) = self.method_call_on(read) else {
                start = start.or_else(|| self.started_by_iterating(read));
                continue;
            };
            if !self.program.has_semantic(call, Semantic::Adds) || self.loops(call).first() != Some(outer) {
                return None;
            }
            put_in += 1;
        }
        if put_in == 1 {
            self.judged(start?, join, true)
        } else {
            None
        }
    }

    /// The iterable behind a loop variable.
    fn iterated(&self, variable: ExprRef) -> Option<ExprRef> {
        let ExprKind::Name { reaching, .. } = self.program.kind(variable) else {
            return None;
        };
        let [def] = reaching.as_slice() else { return None };
        match &self.program.file(variable.file).definition(*def).kind {
            DefKind::Element { iterable, path, .. } if path.is_empty() => {
                Some(self.program.sibling(variable, *iterable))
            }
            _ => None,
        }
    }

    fn list_made(&self, list: ExprRef) -> Option<(SymbolId, ExprRef)> {
        let ExprKind::Name {
            symbol: Some(symbol),
            reaching,
            ..
        } = self.program.kind(list)
        else {
            return None;
        };
        let [def] = reaching.as_slice() else { return None };
        match &self.program.file(list.file).definition(*def).kind {
            DefKind::Assign { value, path } if path.is_empty() => Some((*symbol, self.program.sibling(list, *value))),
            _ => None,
        }
    }

    /// The call that starts each element where a list is iterated.
    fn started_by_iterating(&self, list: ExprRef) -> Option<ExprRef> {
        let index = self.index(list.file);
        let file = self.program.file(list.file);
        let is_this = |def: &DefId| matches!(&file.definition(*def).kind, DefKind::Element { iterable, .. } if *iterable == list.expr);
        index
            .calls()
            .iter()
            .map(|&call| self.program.sibling(list, call))
            .find(|&call| {
                self.lives.step(call) == Some(LifeStep::Start)
                && self.receiver(call).is_some_and(|worker| {
                    matches!(self.program.kind(worker), ExprKind::Name { reaching, .. } if reaching.iter().any(is_this))
                })
            })
    }

    /// Where the worker that a call starts is made.
    pub(super) fn made(&self, start: ExprRef) -> Option<ExprRef> {
        if self.lives.step(start) != Some(LifeStep::Start) {
            return None;
        }
        let worker = self.receiver(start)?;
        let mut sites = self
            .program
            .values(worker)
            .iter()
            .filter_map(|value| self.program.site(value)?.expression());
        sites.next().filter(|site| site.file == start.file)
    }
}
