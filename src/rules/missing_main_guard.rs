//! CC301: import-time code starts processes.

use std::collections::BTreeSet;

use crate::facts::{Span, StmtKind};
use crate::finding::{FileId, Finding, Place, Severity};
use crate::link::Program;
use crate::link::values::{ExprRef, Site};
use crate::summary::startup::{Creation, Started, Way};

use super::{Check, Context, Rule, fixes, start_methods};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC301",
    name: "missing-main-guard",
    severity: Severity::Error,
    page: include_str!("../../rules/missing-main-guard.md"),
    check: Check::File(check),
};

/// An object that is made at most this many statements before it is started is shown with its start.
const NEAR: usize = 3;

fn check(context: &Context<'_>, file: FileId, findings: &mut Vec<Finding>) {
    let program = context.program;
    let ways = context.startup().creations_on_import(program, file);
    let mut judged = Vec::new();
    for way in &ways {
        if let Some(breakage) = start_methods::breakage(context, file, way) {
            judged.push((way, breakage));
        }
    }
    let Some(best) = judged.iter().map(|(_, breakage)| breakage.confidence).max() else {
        return;
    };
    judged.retain(|(_, breakage)| breakage.confidence == best);
    // What one object starts, or one call leads to, is one fault.
    let (mut objects, mut starts) = (BTreeSet::new(), BTreeSet::new());
    judged.retain(|(way, _)| {
        let is_new = way.creation.object.is_none_or(|object| objects.insert(object));
        starts.insert(way.start()) && is_new
    });
    for (number, (way, breakage)) in judged.iter().enumerate() {
        let message = format!(
            "{} outside a main guard: {} each child runs this module's top level again",
            subject(&way.creation),
            breakage.when
        );
        let draft = context
            .finding(&RULE, place(program, way), message)
            .confidence(best)
            .notes(start_methods::chain(program, way))
            .help("put what starts processes into a function and call it under `if __name__ == \"__main__\":`");
        // One guard holds all that follows.
        let fix = if number == 0 {
            fixes::add_guard(program, way.start())
        } else {
            None
        };
        findings.push(draft.fix(fix).done());
    }
}

fn subject(creation: &Creation) -> &'static str {
    match creation.started {
        Started::Process => "a process is started",
        Started::Pool => "a process pool is made",
        Started::Manager => "a manager process is started",
        Started::Library => "worker processes of a library are started",
        Started::Executor | Started::StartMethod => "work is handed to processes",
    }
}

/// The first step; from the head of the `with` statement that makes the executor, where the step stands in one, or from
/// the statement before that makes the process.
fn place(program: &Program<'_>, way: &Way) -> Place {
    let step = program.place(way.start());
    let made = way
        .creation
        .object
        .and_then(|object| program.site(object))
        .and_then(Site::expression);
    let start = match (way.creation.started, made) {
        (_, None) => None,
        _ if way.steps.len() > 1 => None,
        (Started::Executor, Some(made)) => with_around(program, way.start(), made),
        (Started::Process, Some(made)) => statement_before(program, way.start(), made),
        _ => None,
    };
    Place {
        file: step.file,
        span: Span {
            start: start.unwrap_or(step.span.start),
            end: step.span.end,
        },
    }
}

/// Where an object is made, if that is in the same block shortly before the step.
fn statement_before(program: &Program<'_>, step: ExprRef, made: ExprRef) -> Option<u32> {
    let index = program.index(step.file);
    if made.file != step.file {
        return None;
    }
    let (making, starting) = (index.statement_of(made.expr)?, index.statement_of(step.expr)?);
    let (making, starting) = (index.statement(making), index.statement(starting));
    let between = starting.position.checked_sub(making.position)?;
    let is_near = making.scope == starting.scope && making.parent == starting.parent && between <= NEAR;
    is_near.then(|| program.place(made).span.start)
}

fn with_around(program: &Program<'_>, step: ExprRef, made: ExprRef) -> Option<u32> {
    if made.file != step.file {
        return None;
    }
    let index = program.index(step.file);
    let statement = index.statement_of(step.expr)?;
    index
        .ancestors(statement)
        .find_map(|(above, _)| match &index.statement(above).stmt.kind {
            StmtKind::With { items, .. } if items.iter().any(|(context, _)| *context == made.expr) => {
                Some(program.place(made).span.start)
            }
            _ => None,
        })
}
