//! CC806: a worker is made for each of many items.

use crate::facts::{ExprKind, MODULE, StmtKind};
use crate::finding::{Confidence, Finding, Note, Severity};
use crate::knowledge::{SubmissionResult, WaitOn};
use crate::link::index::Loop;
use crate::link::values::{ExprRef, ScopeRef, Site};
use crate::link::{Callee, Intent, Program, Submission, Target};
use crate::summary::Sizes;
use crate::summary::lifecycles::Event;

use super::{Check, Context, Rule, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC806",
    name: "worker-per-item",
    severity: Severity::Advice,
    page: include_str!("../../rules/worker-per-item.md"),
    check: Check::Submission(check),
};

/// Loops of more rounds than this make more workers than help.
const MANY: f64 = 200.0;

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    if !matches!(
        submission.shape.result,
        SubmissionResult::Worker | SubmissionResult::Nothing
    ) || submission.forwarded
    {
        return;
    }
    let target = wording::target(program, submission);
    let around = program.function_around(submission.scope);
    let recursive = submission
        .targets
        .iter()
        .filter_map(Target::function)
        .any(|function| function == around);
    let looped = matches!(submission.intent, Intent::Loop(_));
    let rounds = wording::task_count(program, submission);
    let nested = called_in_nested_loops(context, submission, around);
    let (message, confidence) = if recursive && looped {
        let message =
            format!("{target} makes a worker for each item, each of which does the same: nothing bounds their number");
        (message, Confidence::Medium)
    } else if let Some(rounds) = rounds.filter(|rounds| looped && rounds.count.least >= MANY) {
        let message = format!("one worker for each of {:.0} items runs {target}", rounds.count.least);
        (message, Confidence::Medium)
    } else if let Some(source) = outside_source(program, submission) {
        let message = format!("one worker for each element of `{source}`, however many there are, runs {target}");
        (message, Confidence::Medium)
    } else if nested.is_some() {
        let name = program.display_name(around);
        let message =
            format!("`{name}` makes a worker that runs {target} each time that nested loops over data call it");
        (message, Confidence::Medium)
    } else {
        return;
    };
    let draft = context
        .finding(&RULE, program.place(submission.call), message)
        .confidence(confidence)
        .notes(wording::target_note(program, submission))
        .notes(nested.map(|call| Note {
            place: program.place(call),
            message: "called here for each element of each element, however many there are".to_owned(),
        }));
    let help = "use an executor with a bounded number of workers";
    findings.push(draft.help(help).done());
}

/// A call, in a loop inside a loop over data, of the function that makes a worker and lets go of it.
fn called_in_nested_loops(context: &Context<'_>, submission: &Submission<'_>, around: ScopeRef) -> Option<ExprRef> {
    let program = context.program;
    let lives = context.lifecycles();
    let held = |event: &Event| matches!(event, Event::Escapes(_) | Event::Kept(_));
    if around.scope == MODULE
        || lives.is_joined(program, submission.call)
        || lives.life(program, submission.call).any(held)
    {
        return None;
    }
    let calls = program.solution.callers.get(&around).into_iter().flatten().copied();
    calls.filter(|call| !program.is_test(call.file)).find(|&call| {
        let is_call = |callee: &Callee| matches!(callee, Callee::Function { function, .. } if *function == around);
        let loops = program.index(call.file).loops_around(call.expr);
        program.callees(call).iter().any(is_call)
            && loops.iter().filter(|&&one| goes_over_data(program, call, one)).count() > 1
    })
}

/// Whether a loop goes over what is not known to be few things.
fn goes_over_data(program: &Program<'_>, near: ExprRef, around: Loop) -> bool {
    let Loop::Statement(id) = around else { return false };
    let StmtKind::For { iterable, .. } = program.index(near.file).statement(id).stmt.kind else {
        return false;
    };
    let sizes = Sizes {
        program,
        file: near.file,
    };
    let rounds = sizes.rounds(iterable);
    !rounds.known || rounds.count.least >= MANY
}

/// The iterable of the loop around a submission, where it comes from a file, a folder, a database or the network.
fn outside_source(program: &Program<'_>, submission: &Submission<'_>) -> Option<String> {
    let index = program.index(submission.call.file);
    let iterable = match *index.loops_around(submission.call.expr).first()? {
        Loop::Statement(id) => match index.statement(id).stmt.kind {
            StmtKind::For { iterable, .. } => iterable,
            _ => return None,
        },
        Loop::Comprehension(expr) => match program.kind(program.sibling(submission.call, expr)) {
            ExprKind::Comprehension { clauses, .. } => clauses.first()?.iterable,
            _ => return None,
        },
    };
    let iterable = program.sibling(submission.call, iterable);
    let from_outside = program.values(iterable).iter().any(|value| {
        let made = program.site(value).and_then(Site::expression);
        made.is_some_and(|made| {
            program.callees(made).iter().any(|callee| {
                matches!(callee, Callee::External { name, .. } if program.knowledge.call(name).is_some_and(|fact| {
                    matches!(fact.on, Some(WaitOn::Disk | WaitOn::Network))
                }))
            })
        })
    });
    from_outside.then(|| program.text(iterable))
}
