//! Whether anybody learns how a task has ended: through its future or result, by a callback, in the code of a caller.

use crate::facts::{ExprKind, ParameterKind, StmtKind};
use crate::knowledge::{LifeStep, Role, Semantic};
use crate::link::submissions::targets_of;
use crate::link::values::{DefRef, ExprRef, ScopeRef, Site};
use crate::link::{Callee, Program, Submission, Target};

use super::failure::coroutines_of;
use super::life::{Event, Life, trace_definition};
use super::{Evidence, Lifecycles};

/// Nobody learns how a task ends.
#[derive(Clone, Debug, Default)]
pub struct Unasked {
    /// The calls that add a callback which does not look at the outcome.
    pub blind_callbacks: Vec<ExprRef>,
}

impl Lifecycles {
    /// Whether the future or result of a submission is dropped by all that it goes to: by the code that gets it back
    /// from a function of the project, where the call is one of such a function.
    #[must_use]
    pub fn unasked(&self, program: &Program<'_>, submission: &Submission<'_>) -> Option<Unasked> {
        let life = match submission.through {
            Some(inner) if self.hands_back(program, submission.call, inner) => self.life(program, submission.call),
            Some(_) => return None,
            // Each call of the function around a forwarded task is judged by itself.
            None if submission.forwarded => self.life(program, submission.call),
            None => self.life_through_calls(program, submission.call),
        };
        if life.may_be_asked() {
            return None;
        }
        let callbacks = life.events.iter().filter_map(|event| match event {
            Event::Step(LifeStep::Callback, at) => Some(*at),
            _ => None,
        });
        let blind_callbacks: Vec<ExprRef> = callbacks.collect();
        let blind = |&at: &ExprRef| self.is_blind(program, at);
        blind_callbacks.iter().all(blind).then_some(Unasked { blind_callbacks })
    }

    /// The coroutine function whose coroutine a call hands to the loop of another thread, and why that may fail, where
    /// nobody asks for the future.
    #[must_use]
    pub fn unasked_coroutine(&self, program: &Program<'_>, call: ExprRef) -> Option<(ScopeRef, Evidence)> {
        let coroutines = coroutines_of(program, call);
        let mut failing = coroutines
            .into_iter()
            .filter_map(|function| Some((function, self.failures.get(&function)?.clone()?)));
        let mut worst = failing.next()?;
        for other in failing {
            if other.1.confidence > worst.1.confidence {
                worst = other;
            }
        }
        let gives_future = program
            .values(call)
            .iter()
            .any(|value| program.role(value) == Some(Role::Future) && program.site(value) == Some(Site::Expr(call)));
        if !gives_future {
            return None;
        }
        let life = self.life_through_calls(program, call);
        let has_callback = life.any(|event| matches!(event, Event::Step(LifeStep::Callback, _)));
        (!life.may_be_asked() && !has_callback).then_some(worst)
    }

    /// Whether the call of a function gives the very future that the submission inside gets, which the function only
    /// returns.
    fn hands_back(&self, program: &Program<'_>, call: ExprRef, inner: ExprRef) -> bool {
        let mut made = program.values(call).iter().filter_map(|value| {
            let is_future = matches!(program.role(value), Some(Role::Future | Role::AsyncResult));
            program.site(value).and_then(Site::expression).filter(|_| is_future)
        });
        let is_handed_on = |at: ExprRef| is_only_returned(program, &self.life(program, at));
        is_handed_on(inner) && made.any(is_handed_on)
    }

    /// Whether a call adds a callback that is known and does not look at the future that it is given.
    fn is_blind(&self, program: &Program<'_>, call: ExprRef) -> bool {
        let ExprKind::Call { arguments, .. } = program.kind(call) else {
            return false;
        };
        let [callback] = arguments.as_slice() else { return false };
        let targets = targets_of(program, program.sibling(call, callback.value));
        !targets.is_empty() && targets.iter().all(|target| self.ignores_argument(program, target))
    }

    fn ignores_argument(&self, program: &Program<'_>, target: &Target) -> bool {
        match &target.callee {
            Callee::Function { function, receiver } => {
                let parameters = program.parameters(*function, receiver.is_some());
                let plain = program.scope(*function).decorators.is_empty() && target.partials.is_empty();
                let [given] = parameters else { return false };
                let given = DefRef {
                    file: function.file,
                    def: given.def,
                };
                plain && !self.is_looked_at(program, *function, given)
            }
            // `future.add_done_callback(pending.discard)`
            Callee::External { name, .. } => program.knowledge.semantic(name) == Some(Semantic::Changes),
            _ => false,
        }
    }

    /// Whether a callback asks the future that it is given, or code around it reads what it is given.
    fn is_looked_at(&self, program: &Program<'_>, callback: ScopeRef, given: DefRef) -> bool {
        let mut parameters = program.scope(callback).parameters.iter();
        let starred = parameters.any(|parameter| {
            parameter.def == given.def && matches!(parameter.kind, ParameterKind::Star | ParameterKind::DoubleStar)
        });
        let life = trace_definition(program, self, given);
        starred || life.may_be_asked() || life.any(|event| matches!(event, Event::Kept(_) | Event::Global(_)))
    }
}

/// Nothing happens to an object but that its function returns it.
fn is_only_returned(program: &Program<'_>, life: &Life) -> bool {
    let returned = |event: &Event| match event {
        Event::Escapes(at) => {
            let index = program.index(at.file);
            let statement = index.statement_of(at.expr).map(|id| &index.statement(id).stmt.kind);
            matches!(statement, Some(StmtKind::Return(Some(value))) if *value == at.expr)
        }
        _ => false,
    };
    !life.events.is_empty() && life.events.iter().all(returned)
}
