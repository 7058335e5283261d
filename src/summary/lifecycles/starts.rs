//! Workers that are started again, and workers that are started before what they read is there.

use crate::facts::{DefId, ExprId, ExprKind, Stmt, StmtKind, child_blocks, statement_expressions, visit_expressions};
use crate::finding::Place;
use crate::knowledge::{LifeStep, Role};
use crate::link::index::{Loop, StmtId};
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Program, Target, language};
use crate::summary::Sizes;

use super::Lifecycles;

/// A worker that is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// The call that starts it again.
    pub again: ExprRef,
    /// The call that starts it first, or the loop around.
    pub first: Place,
    /// A loop comes by again.
    pub looped: bool,
}

/// A worker that its object's constructor starts too early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyStart {
    /// The call that starts it.
    pub start: ExprRef,
    /// The attribute.
    pub attribute: String,
    /// Where it is set.
    pub set: Place,
    /// Where the worker reads it.
    pub read: Place,
    /// The function that reads it.
    pub reader: ScopeRef,
}

impl Lifecycles {
    /// The workers that are started twice on one path.
    #[must_use]
    pub fn restarts(&self, program: &Program<'_>) -> Vec<Restart> {
        let starts: Vec<(ExprRef, DefId, StmtId)> = self
            .steps()
            .filter(|(_, step)| *step == LifeStep::Start)
            .filter_map(|(call, _)| {
                let (def, statement) = plain_start(program, call)?;
                Some((call, def, statement))
            })
            .collect();
        let mut found = Vec::new();
        for &(call, def, statement) in &starts {
            let index = program.index(call.file);
            let here = index.statement(statement);
            let before = starts
                .iter()
                .filter(|(other, other_def, _)| other.file == call.file && *other_def == def);
            let first = before
                .filter(|(_, _, other)| {
                    let other = index.statement(*other);
                    other.parent == here.parent && other.scope == here.scope && other.position < here.position
                })
                .map(|(other, _, _)| program.place(*other))
                .next();
            let restart = match first {
                Some(first) => Some((first, false)),
                None => loop_around(program, call, def, statement).map(|place| (place, true)),
            };
            found.extend(restart.map(|(first, looped)| Restart {
                again: call,
                first,
                looped,
            }));
        }
        found
    }

    /// The workers that a constructor starts before it sets what they read.
    #[must_use]
    pub fn early_starts(&self, program: &Program<'_>) -> Vec<EarlyStart> {
        let starts = self.steps().filter(|(_, step)| *step == LifeStep::Start);
        starts.filter_map(|(call, _)| early_start(program, call)).collect()
    }
}

/// `name.start()` as a statement, where one binding of the name is meant, which is a worker that is not started anew.
fn plain_start(program: &Program<'_>, call: ExprRef) -> Option<(DefId, StmtId)> {
    let worker = receiver(program, call)?;
    let ExprKind::Name { reaching, .. } = program.kind(worker) else {
        return None;
    };
    let [def] = reaching.as_slice() else { return None };
    let mut values = program.values(worker).iter().peekable();
    let is_worker = values.peek().is_some() && values.all(|value| program.role(value) == Some(Role::Worker));
    let index = program.index(call.file);
    let statement = index.statement_of(call.expr)?;
    let alone = matches!(index.statement(statement).stmt.kind, StmtKind::Expr(value) if value == call.expr);
    (is_worker && alone).then_some((*def, statement))
}

fn receiver(program: &Program<'_>, call: ExprRef) -> Option<ExprRef> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    match program.kind(program.sibling(call, *callee)) {
        ExprKind::Attribute { base, .. } => Some(program.sibling(call, *base)),
        _ => None,
    }
}

/// The loop that comes by a start again with the same worker.
fn loop_around(program: &Program<'_>, call: ExprRef, def: DefId, statement: StmtId) -> Option<Place> {
    let index = program.index(call.file);
    let Loop::Statement(around) = *index.loops_around(call.expr).first()? else {
        return None;
    };
    let stmt = index.statement(around).stmt;
    let made_outside = !stmt.span.contains(program.file(call.file).definition(def).span);
    let directly_inside = index
        .statement(statement)
        .parent
        .is_some_and(|(parent, _)| parent == around);
    let (body, comes_again) = match &stmt.kind {
        StmtKind::For { iterable, body, .. } => {
            let sizes = Sizes {
                program,
                file: call.file,
            };
            let rounds = sizes.rounds(*iterable);
            (body, rounds.known && rounds.count.least >= 2.0)
        }
        StmtKind::While { test, body, .. } => (
            body,
            matches!(program.file(call.file).kind(*test), ExprKind::Bool(true)),
        ),
        _ => return None,
    };
    (made_outside && directly_inside && comes_again && !leaves(body)).then_some(Place {
        file: call.file,
        span: stmt.span,
    })
}

fn leaves(block: &[Stmt]) -> bool {
    block.iter().any(|stmt| {
        matches!(
            stmt.kind,
            StmtKind::Break | StmtKind::Return(_) | StmtKind::Raise { .. }
        ) || child_blocks(stmt).into_iter().any(leaves)
    })
}

fn early_start(program: &Program<'_>, call: ExprRef) -> Option<EarlyStart> {
    let init = program.scope_of(call);
    let scope = program.scope(init);
    let class = program.class_of_method(init).filter(|_| scope.name == language::INIT)?;
    let own = &scope.parameters.first()?.name;
    let index = program.index(call.file);
    let started = index.statement(index.statement_of(call.expr)?);
    if started.parent.is_some() {
        return None;
    }
    let assigned: Vec<(String, Place, bool)> = index
        .statements_of(init.scope)
        .iter()
        .map(|&id| index.statement(id))
        .flat_map(|statement| {
            let later = statement.parent.is_none() && statement.position > started.position;
            let names = assigned_attributes(program, init, statement.stmt, own);
            names.into_iter().map(move |(name, place)| (name, place, later))
        })
        .collect();
    let reads = readers(program, call, class).into_iter().flat_map(|reader| {
        attributes_read(program, reader)
            .into_iter()
            .map(move |(name, place)| (reader, name, place))
    });
    reads
        .filter(|(_, name, _)| program.index(class.file).symbol_in(class.scope, name).is_none())
        .find_map(|(reader, attribute, read)| {
            let mut of_name = assigned.iter().filter(|(name, _, _)| *name == attribute).peekable();
            let set = of_name.peek().map(|(_, place, _)| *place)?;
            of_name.all(|(_, _, later)| *later).then_some(EarlyStart {
                start: call,
                attribute,
                set,
                read,
                reader,
            })
        })
}

/// The methods of the class that the started worker runs.
fn readers(program: &Program<'_>, start: ExprRef, class: ScopeRef) -> Vec<ScopeRef> {
    let Some(worker) = receiver(program, start) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for value in program.values(worker).iter() {
        if matches!(program.value(value), Value::Instance { class: of, .. } if *of == class) {
            found.extend(program.method_in_body(class, language::RUN));
            continue;
        }
        let Some(made) = program.site(value).and_then(|site| site.expression()) else {
            continue;
        };
        let submissions = program.submissions.iter().filter(|submission| submission.call == made);
        let functions = submissions.flat_map(|submission| submission.targets.iter().filter_map(Target::function));
        found.extend(functions.filter(|&function| program.class_of_method(function) == Some(class)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn assigned_attributes(program: &Program<'_>, init: ScopeRef, stmt: &Stmt, own: &str) -> Vec<(String, Place)> {
    let targets: Vec<ExprId> = match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.clone(),
        StmtKind::Annotated {
            target, value: Some(_), ..
        } => vec![*target],
        _ => return Vec::new(),
    };
    let facts = program.file(init.file);
    let mut found = Vec::new();
    for target in targets {
        visit_expressions(facts, target, &mut |expr| {
            if let ExprKind::Attribute { base, name, .. } = facts.kind(expr)
                && matches!(facts.kind(*base), ExprKind::Name { name, .. } if name == own)
            {
                let place = Place {
                    file: init.file,
                    span: facts.span(expr),
                };
                found.push((name.clone(), place));
            }
        });
    }
    found
}

/// The attributes of its object that a method reads without having set them.
fn attributes_read(program: &Program<'_>, method: ScopeRef) -> Vec<(String, Place)> {
    let scope = program.scope(method);
    let Some(own) = scope.parameters.first().map(|parameter| parameter.name.as_str()) else {
        return Vec::new();
    };
    let facts = program.file(method.file);
    let index = program.index(method.file);
    let mut found = Vec::new();
    let mut set: Vec<String> = Vec::new();
    for &id in index.statements_of(method.scope) {
        let stmt = index.statement(id).stmt;
        set.extend(
            assigned_attributes(program, method, stmt, own)
                .into_iter()
                .map(|(name, _)| name),
        );
        for root in statement_expressions(stmt) {
            visit_expressions(facts, root, &mut |expr| {
                if let ExprKind::Attribute { base, name, .. } = facts.kind(expr)
                    && matches!(facts.kind(*base), ExprKind::Name { name, .. } if name == own)
                    && !set.contains(name)
                {
                    let place = Place {
                        file: method.file,
                        span: facts.span(expr),
                    };
                    found.push((name.clone(), place));
                }
            });
        }
    }
    found
}
