//! Offloads of coroutines that are awaited one by one although nothing ties them together.

use crate::facts::{DefKind, ExprId, ExprKind, Stmt, StmtKind, child_blocks, statement_expressions, visit_expressions};
use crate::finding::Place;
use crate::knowledge::{SubmissionResult, WaitOn};
use crate::link::index::Loop;
use crate::link::values::ExprRef;
use crate::link::{Callee, Program, Submission, Target};
use crate::summary::{Sizes, Summaries};

use super::Lifecycles;

/// Loops of at most this many rounds are not worth a word.
const FEW_ROUNDS: f64 = 3.0;
/// Tasks that take less than this many seconds gain nothing from running side by side.
const LIGHT: f64 = 1e-3;

impl Lifecycles {
    /// The loop that awaits what a submission hands over before it hands over the next.
    #[must_use]
    pub fn awaited_one_by_one(
        &self,
        program: &Program<'_>,
        summaries: &Summaries<'_>,
        submission: &Submission<'_>,
    ) -> Option<Place> {
        let call = submission.call;
        if submission.shape.result != SubmissionResult::Awaitable || submission.through.is_some() {
            return None;
        }
        let index = program.index(call.file);
        let awaited = index.parent(call.expr)?;
        let Loop::Statement(around) = *index.loops_around(call.expr).first()? else {
            return None;
        };
        let stmt = index.statement(around).stmt;
        let StmtKind::For {
            iterable,
            body,
            is_async: false,
            ..
        } = &stmt.kind
        else {
            return None;
        };
        let is_await = matches!(program.kind(program.sibling(call, awaited)), ExprKind::Await(_));
        let sizes = Sizes {
            program,
            file: call.file,
        };
        let rounds = sizes.rounds(*iterable);
        let few = rounds.known && rounds.count.most <= FEW_ROUNDS;
        if !is_await
            || few
            || !takes_a_while(program, summaries, submission)
            || !takes_element(program, submission, stmt)
        {
            return None;
        }
        let tied = self.feeds_next_round(program, summaries, call) || has_an_order(program, call, body);
        (!tied).then_some(Place {
            file: call.file,
            span: stmt.span,
        })
    }
}

/// Whether every target is a function of the project that is not known to be over at once.
fn takes_a_while(program: &Program<'_>, summaries: &Summaries<'_>, submission: &Submission<'_>) -> bool {
    let functions: Vec<_> = submission.targets.iter().filter_map(Target::function).collect();
    !functions.is_empty()
        && functions.len() == submission.targets.len()
        && functions.into_iter().all(|function| {
            !program.scope(function).is_generator
                && summaries
                    .profile(function)
                    .is_some_and(|profile| profile.total().typical >= LIGHT)
        })
}

/// Whether an argument is the loop's element, or made of it.
fn takes_element(program: &Program<'_>, submission: &Submission<'_>, around: &Stmt) -> bool {
    let facts = program.file(submission.call.file);
    submission.arguments.iter().any(|argument| {
        let mut found = false;
        visit_expressions(facts, argument.expr.expr, &mut |expr| {
            if let ExprKind::Name { reaching, .. } = facts.kind(expr) {
                found |= reaching.iter().any(|&def| {
                    let definition = facts.definition(def);
                    let in_loop = around.span.contains(definition.span);
                    in_loop && matches!(definition.kind, DefKind::Element { .. } | DefKind::Assign { .. })
                });
            }
        });
        found
    })
}

/// Whether a round does something whose order may matter: it awaits or yields something else, sleeps, takes a lock,
/// leaves the loop or tries again.
fn has_an_order(program: &Program<'_>, call: ExprRef, block: &[Stmt]) -> bool {
    block.iter().any(|stmt| {
        let leaves = matches!(
            stmt.kind,
            StmtKind::Break
                | StmtKind::Return(_)
                | StmtKind::Raise { .. }
                | StmtKind::With { .. }
                | StmtKind::While { .. }
                | StmtKind::For { .. }
        );
        let other = statement_expressions(stmt)
            .into_iter()
            .any(|root| gives_way(program, call, root));
        leaves
            || other
            || child_blocks(stmt)
                .into_iter()
                .any(|inner| has_an_order(program, call, inner))
    })
}

/// Whether an expression awaits something else than the call, yields, or sleeps.
fn gives_way(program: &Program<'_>, call: ExprRef, root: ExprId) -> bool {
    let facts = program.file(call.file);
    let mut found = false;
    visit_expressions(facts, root, &mut |expr| {
        found |= match facts.kind(expr) {
            ExprKind::Await(value) => *value != call.expr,
            ExprKind::Yield(_) | ExprKind::YieldFrom(_) => true,
            ExprKind::Call { .. } => program.callees(program.sibling(call, expr)).iter().any(|callee| {
                matches!(callee, Callee::External { name, .. }
                    if program.knowledge.call(name).is_some_and(|fact| fact.on == Some(WaitOn::Sleep)))
            }),
            _ => false,
        };
    });
    found
}
