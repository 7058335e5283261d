//! CC301: import-time code starts processes.

use crate::facts::{Span, StmtKind};
use crate::finding::{FileId, Finding, Note, Place, Severity};
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

/// Further places of the same file that are named.
const OTHERS: usize = 3;

fn check(context: &Context<'_>, file: FileId, findings: &mut Vec<Finding>) {
    let program = context.program;
    let ways = context.startup().creations_on_import(program, file);
    let mut judged = Vec::new();
    for way in &ways {
        if let Some(breakage) = start_methods::breakage(context, file, way) {
            judged.push((way, breakage));
        }
    }
    // The child stops at the first one, so that the others are the same fault.
    let Some(best) = judged.iter().map(|(_, breakage)| breakage.confidence).max() else {
        return;
    };
    let Some(position) = judged.iter().position(|(_, breakage)| breakage.confidence == best) else {
        return;
    };
    let (way, breakage) = &judged[position];
    let message = format!(
        "{} outside a main guard: {} each child runs this module's top level again",
        subject(&way.creation),
        breakage.when
    );
    let others = judged
        .iter()
        .filter(|(other, _)| other.start() != way.start())
        .take(OTHERS)
        .map(|(other, _)| Note {
            place: program.place(other.start()),
            message: "processes are started here, too".to_owned(),
        });
    let draft = context
        .finding(&RULE, place(program, way), message)
        .confidence(best)
        .notes(start_methods::chain(program, way))
        .notes(others)
        .help("put what starts processes into a function and call it under `if __name__ == \"__main__\":`");
    findings.push(draft.fix(fixes::add_guard(program, way.start())).done());
}

fn subject(creation: &Creation) -> &'static str {
    match creation.started {
        Started::Process => "a process is started",
        Started::Pool => "a process pool is made",
        Started::Manager => "a manager process is started",
        Started::Executor | Started::StartMethod => "work is handed to processes",
    }
}

/// The first step; from the head of the `with` statement that makes the executor, where the step stands in one.
fn place(program: &Program<'_>, way: &Way) -> Place {
    let step = program.place(way.start());
    let made = way
        .creation
        .object
        .and_then(|object| program.site(object))
        .and_then(Site::expression);
    if way.creation.started != Started::Executor || way.steps.len() > 1 {
        return step;
    }
    match made.and_then(|made| with_around(program, way.start(), made)) {
        Some(start) => Place {
            file: step.file,
            span: Span {
                start,
                end: step.span.end,
            },
        },
        None => step,
    }
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
