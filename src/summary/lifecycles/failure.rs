//! Whether a task may fail: what it raises, and what it calls that may.

use std::collections::{BTreeSet, HashMap};

use crate::facts::{
    BinaryOp, ExprId, ExprKind, Handler, Stmt, StmtKind, child_blocks, statement_expressions, visit_expressions,
};
use crate::finding::{Confidence, FileId, Place};
use crate::knowledge::{CallFact, Operation, Role, Semantic, WaitOn};
use crate::link::language;
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program, Submission, Target};

use super::Evidence;

/// Calls are followed this deep.
const DEPTH: u32 = 12;

/// Why each function that is handed over may fail, and each that those call.
pub(super) fn of_program(program: &Program<'_>) -> HashMap<ScopeRef, Option<Evidence>> {
    let mut failures = Failures {
        program,
        known: HashMap::new(),
        open: BTreeSet::new(),
    };
    for submission in &program.submissions {
        for function in submission
            .targets
            .iter()
            .flat_map(|target| functions_of(program, submission, target))
        {
            failures.function(function, 0);
        }
    }
    for call in program.calls() {
        for function in coroutines_of(program, call) {
            failures.function(function, 0);
        }
    }
    failures.known
}

/// The coroutine functions whose coroutine a call has a loop run.
pub(super) fn coroutines_of(program: &Program<'_>, call: ExprRef) -> Vec<ScopeRef> {
    if !program.has_semantic(call, Semantic::RunsCoroutine) {
        return Vec::new();
    }
    let coroutine = program.argument(call, Some(0), None);
    let values = coroutine
        .into_iter()
        .flat_map(|coroutine| program.values(coroutine).iter());
    values
        .filter_map(|value| match *program.value(value) {
            Value::Coroutine(function) => Some(function),
            _ => None,
        })
        .collect()
}

/// Why the task of a submission may fail.
pub(super) fn of_submission(
    program: &Program<'_>,
    known: &HashMap<ScopeRef, Option<Evidence>>,
    submission: &Submission<'_>,
) -> Option<Evidence> {
    let mut best: Option<Evidence> = None;
    for target in &submission.targets {
        for function in functions_of(program, submission, target) {
            best = stronger(best, known.get(&function).cloned().flatten());
        }
        if let Callee::External { name, .. } = &target.callee
            && may_raise(program, name)
        {
            let evidence = Evidence {
                place: program.place(submission.callable.unwrap_or(submission.call)),
                message: format!("`{name}` may raise"),
                confidence: Confidence::Medium,
            };
            best = stronger(best, Some(evidence));
        }
    }
    best
}

/// The functions that run for a target, as code of the submitting function names it.
fn functions_of(program: &Program<'_>, submission: &Submission<'_>, target: &Target) -> Vec<ScopeRef> {
    match &target.callee {
        Callee::Function { function, .. } => what_runs(program, *function, program.function_around(submission.scope)),
        Callee::Class(class) => program.methods(*class, "__init__", false),
        _ => Vec::new(),
    }
}

/// A function, or what decorators of the project put in its place: that decides what becomes of a failure inside. For
/// the code of such a wrapper itself it is the function.
fn what_runs(program: &Program<'_>, function: ScopeRef, around: ScopeRef) -> Vec<ScopeRef> {
    match program.solution.wrappers.get(&function) {
        Some(wrappers) if !wrappers.is_empty() && !wrappers.contains(&around) => wrappers.iter().copied().collect(),
        _ => vec![function],
    }
}

pub(super) fn stronger(one: Option<Evidence>, other: Option<Evidence>) -> Option<Evidence> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.confidence > one.confidence { other } else { one }),
        (one, other) => one.or(other),
    }
}

/// Whether a call outside the project may raise in a correct program. Waits on the clock, a lock or a queue do not.
fn may_raise(program: &Program<'_>, name: &str) -> bool {
    let Some(fact) = program.knowledge.call(name) else {
        return false;
    };
    let hands_over = program.knowledge.submission(name).is_some();
    !fact.cannot_raise && !hands_over && !waits_quietly(fact) && !is_plain_constructor(program, name)
}

fn waits_quietly(fact: &CallFact) -> bool {
    matches!(fact.on, Some(WaitOn::Sleep | WaitOn::Lock | WaitOn::Queue)) || fact.step.is_some()
}

/// Making a lock, queue, event or the like, or an exception.
fn is_plain_constructor(program: &Program<'_>, name: &str) -> bool {
    let role = program.knowledge.type_fact(name).and_then(|fact| fact.role);
    matches!(role, Some(role) if role != Role::Proxy) || program.knowledge.is_subtype(name, language::BASE_EXCEPTION)
}

struct Failures<'a, 'p> {
    program: &'a Program<'p>,
    known: HashMap<ScopeRef, Option<Evidence>>,
    open: BTreeSet<ScopeRef>,
}

impl Failures<'_, '_> {
    fn function(&mut self, function: ScopeRef, depth: u32) -> Option<Evidence> {
        if let Some(known) = self.known.get(&function) {
            return known.clone();
        }
        let scope = self.program.scope(function);
        // Calling a generator or coroutine function runs none of its body.
        if depth > DEPTH || scope.is_generator || !self.open.insert(function) {
            return None;
        }
        let evidence = self.block(function, &scope.body, depth);
        self.open.remove(&function);
        self.known.insert(function, evidence.clone());
        evidence
    }

    fn block(&mut self, function: ScopeRef, block: &[Stmt], depth: u32) -> Option<Evidence> {
        let mut best = None;
        for stmt in block {
            best = stronger(best, self.statement(function, stmt, depth));
            if matches!(
                &best,
                Some(Evidence {
                    confidence: Confidence::High,
                    ..
                })
            ) {
                break;
            }
        }
        best
    }

    fn statement(&mut self, function: ScopeRef, stmt: &Stmt, depth: u32) -> Option<Evidence> {
        let place = Place {
            file: function.file,
            span: stmt.span,
        };
        match &stmt.kind {
            StmtKind::Function(_) | StmtKind::Class(_) | StmtKind::Import(_) | StmtKind::ImportStar { .. } => None,
            StmtKind::Raise { exception, .. } => {
                // What is raised again has its own evidence, in the block that raised it first.
                if exception.is_none_or(|exception| self.ends_quietly(function, exception)) {
                    return None;
                }
                Some(Evidence {
                    place,
                    message: "raised here".to_owned(),
                    confidence: Confidence::High,
                })
            }
            StmtKind::Assert { .. } => Some(Evidence {
                place,
                message: "the assertion may fail".to_owned(),
                confidence: Confidence::Medium,
            }),
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => {
                let keeps = |handler: &&Handler| swallows(handler) || reports(self.program, function.file, handler);
                let mut kept = handlers.iter().filter(keeps).peekable();
                let mut best = if kept.peek().is_none() {
                    self.block(function, body, depth)
                } else if kept.any(|handler| catches_all(self.program, function.file, handler)) {
                    None
                } else {
                    self.block(function, body, depth).map(|evidence| Evidence {
                        confidence: Confidence::Low,
                        ..evidence
                    })
                };
                for handler in handlers {
                    best = stronger(best, explicit(self.block(function, &handler.body, depth)));
                }
                best = stronger(best, self.block(function, orelse, depth));
                stronger(best, explicit(self.block(function, finally, depth)))
            }
            _ => {
                let mut best = None;
                for expr in statement_expressions(stmt) {
                    best = stronger(best, self.expression(function, expr, depth));
                }
                for inner in child_blocks(stmt) {
                    best = stronger(best, self.block(function, inner, depth));
                }
                best
            }
        }
    }

    /// `raise SystemExit`: the way out of a thread, not a failure.
    fn ends_quietly(&self, function: ScopeRef, exception: ExprId) -> bool {
        let expr = ExprRef {
            file: function.file,
            expr: exception,
        };
        let name = match self.program.kind(expr) {
            ExprKind::Call { callee, .. } => self.program.sibling(expr, *callee),
            _ => expr,
        };
        external_names(self.program, name)
            .iter()
            .any(|name| language::NO_FAILURES.contains(&name.as_str()))
    }

    fn expression(&mut self, function: ScopeRef, root: ExprId, depth: u32) -> Option<Evidence> {
        let facts = self.program.file(function.file);
        let mut parts = Vec::new();
        visit_expressions(facts, root, &mut |expr| parts.push(expr));
        let mut best = None;
        for expr in parts {
            let expr = ExprRef {
                file: function.file,
                expr,
            };
            best = stronger(best, self.one(expr, depth));
        }
        best
    }

    fn one(&mut self, expr: ExprRef, depth: u32) -> Option<Evidence> {
        let evidence = |message: String, confidence| {
            Some(Evidence {
                place: self.program.place(expr),
                message,
                confidence,
            })
        };
        match self.program.kind(expr) {
            ExprKind::Call { .. } => self.call(expr, depth),
            ExprKind::Binary {
                op: BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Mod,
                left,
                right,
            } => {
                let divisor = self.program.kind(self.program.sibling(expr, *right));
                let dividend = self.program.kind(self.program.sibling(expr, *left));
                // A percent sign after a string is formatting.
                if matches!(divisor, ExprKind::Int(Some(number)) if *number != 0)
                    || matches!(divisor, ExprKind::Float(_))
                    || matches!(dividend, ExprKind::Str { .. } | ExprKind::FString(_))
                {
                    return None;
                }
                evidence(
                    "the division fails where the divisor is 0".to_owned(),
                    Confidence::Medium,
                )
            }
            ExprKind::Subscript { index, .. } => {
                let index = self.program.sibling(expr, *index);
                if matches!(self.program.kind(index), ExprKind::Slice { .. }) || self.is_stored(expr) {
                    return None;
                }
                evidence(
                    format!("`{}` may not be there", self.program.text(expr)),
                    Confidence::Medium,
                )
            }
            _ => None,
        }
    }

    fn is_stored(&self, expr: ExprRef) -> bool {
        let index = self.program.index(expr.file);
        let Some(statement) = index.statement_of(expr.expr) else {
            return true;
        };
        match &index.statement(statement).stmt.kind {
            StmtKind::Assign { targets, .. } => targets.contains(&expr.expr),
            StmtKind::Annotated { .. } => true,
            _ => false,
        }
    }

    fn call(&mut self, call: ExprRef, depth: u32) -> Option<Evidence> {
        let mut best = None;
        let around = self.program.function_around(self.program.scope_of(call));
        for callee in self.program.callees(call) {
            let found = match callee {
                Callee::Function { function, .. } => what_runs(self.program, function, around)
                    .into_iter()
                    .map(|function| self.function(function, depth + 1))
                    .fold(None, stronger),
                Callee::Class(class) => {
                    let init = self.program.methods(class, "__init__", false).first().copied();
                    init.and_then(|init| self.function(init, depth + 1))
                }
                Callee::External { name, .. } => match self.invoked(call, &name) {
                    Some(invoked) => self.run_in_place(invoked, depth),
                    None => self.external(call, &name),
                },
                Callee::Unknown(_) => Some(self.unknown(call)),
                Callee::Partial(_) => None,
            };
            best = stronger(best, found);
        }
        best
    }

    fn external(&self, call: ExprRef, name: &str) -> Option<Evidence> {
        may_raise(self.program, name).then(|| Evidence {
            place: self.program.place(call),
            message: format!("`{}` may raise", self.program.text(call)),
            confidence: Confidence::Medium,
        })
    }

    fn unknown(&self, call: ExprRef) -> Evidence {
        Evidence {
            place: self.program.place(call),
            message: format!("`{}` is not known and may raise", self.program.text(call)),
            confidence: Confidence::Low,
        }
    }

    /// The argument that a call of the outside runs in place, and that decides whether the call fails.
    fn invoked(&self, call: ExprRef, name: &str) -> Option<ExprRef> {
        let fact = self.program.knowledge.call(name)?;
        fact.invokes.iter().find_map(|invocation| {
            self.program
                .argument(call, invocation.position, invocation.keyword.as_deref())
        })
    }

    fn run_in_place(&mut self, callable: ExprRef, depth: u32) -> Option<Evidence> {
        let callees = self.program.callees_of(self.program.values(callable));
        if callees.is_empty() {
            return Some(self.unknown(callable));
        }
        callees
            .into_iter()
            .map(|callee| match callee {
                Callee::Function { function, .. } => self.function(function, depth + 1),
                Callee::External { name, .. } => self.external(callable, &name),
                Callee::Unknown(_) => Some(self.unknown(callable)),
                Callee::Class(_) | Callee::Partial(_) => None,
            })
            .fold(None, stronger)
    }
}

/// Only what a handler or `finally` raises itself counts: reporting an error is not taken to fail.
fn explicit(evidence: Option<Evidence>) -> Option<Evidence> {
    evidence.filter(|evidence| evidence.confidence == Confidence::High)
}

/// Whether a handler keeps the exception to itself.
fn swallows(handler: &Handler) -> bool {
    fn raises(block: &[Stmt]) -> bool {
        block
            .iter()
            .any(|stmt| matches!(stmt.kind, StmtKind::Raise { .. }) || child_blocks(stmt).into_iter().any(raises))
    }
    !raises(&handler.body)
}

/// Whether a handler tells of the exception and raises it again: then it is not lost where nobody else looks at it.
fn reports(program: &Program<'_>, file: FileId, handler: &Handler) -> bool {
    let raises_again = |stmt: &Stmt| matches!(stmt.kind, StmtKind::Raise { exception: None, .. });
    let tells = |stmt: &Stmt| match stmt.kind {
        StmtKind::Expr(value) => program.callees(ExprRef { file, expr: value }).iter().any(|callee| {
            matches!(callee, Callee::External { name, .. }
                if program.knowledge.operation(name) == Some(Operation::Reports))
        }),
        _ => false,
    };
    handler.body.last().is_some_and(raises_again) && handler.body.iter().any(tells)
}

fn external_names(program: &Program<'_>, expr: ExprRef) -> Vec<String> {
    let values = program.values(expr).iter();
    values
        .filter_map(|value| match program.value(value) {
            Value::External(name) => Some(program.name(*name).to_owned()),
            _ => None,
        })
        .collect()
}

/// Whether a handler catches whatever is a failure.
pub(super) fn catches_all(program: &Program<'_>, file: FileId, handler: &Handler) -> bool {
    let Some(types) = handler.types else { return true };
    let types = ExprRef { file, expr: types };
    let each = match program.kind(types) {
        ExprKind::Sequence { elements, .. } => elements.clone(),
        _ => vec![types.expr],
    };
    each.into_iter().any(|one| {
        let names = external_names(program, program.sibling(types, one));
        names
            .iter()
            .any(|name| program.knowledge.is_subtype(language::EXCEPTION, name))
    })
}
