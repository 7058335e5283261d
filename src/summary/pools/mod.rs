//! Pools and processes that end too early or never: pending work at the end of a `with` block, children of daemonic
//! processes, queues that are joined before they are read, forks beside running threads.

mod children;
mod daemons;
mod drain;
mod exits;
mod forks;

use crate::facts::ArgumentKind;
use crate::facts::ExprKind;
use crate::knowledge::{LifeStep, Role, WorkerKind};
use crate::link::values::{ExprRef, Site, ValueId};
use crate::link::{Callee, Program};

use super::sequence::Sequences;
use super::startup::Startup;

pub use daemons::DaemonicChild;
pub use drain::Undrained;
pub use exits::{LateResult, LostWork};
pub use forks::ForkedThread;

/// What is found of them.
#[derive(Debug, Default)]
pub struct Pools {
    /// Work that is thrown away when a `with` block ends.
    pub lost: Vec<LostWork>,
    /// Results that are asked for after the pool has ended.
    pub late: Vec<LateResult>,
    /// Processes that daemonic processes try to start.
    pub daemonic: Vec<DaemonicChild>,
    /// Processes that are joined while their queue is full.
    pub undrained: Vec<Undrained>,
    /// Forks while threads run.
    pub forked: Vec<ForkedThread>,
}

impl Pools {
    /// Reads the program.
    #[must_use]
    pub fn compute(program: &Program<'_>, startup: &Startup) -> Self {
        let sequences = Sequences::compute(program);
        let (lost, late) = exits::find(program, startup);
        Self {
            lost,
            late,
            daemonic: daemons::find(program, startup),
            undrained: drain::find(program, startup, &sequences),
            forked: forks::find(program, startup, &sequences),
        }
    }
}

/// A method of something outside the project that a call calls: its name without the type, its full name, its receiver.
fn external_methods(program: &Program<'_>, call: ExprRef) -> Vec<(String, ValueId)> {
    let mut found = Vec::new();
    for callee in program.callees(call) {
        if let Callee::External {
            name,
            receiver: Some(receiver),
        } = callee
        {
            found.push((name.to_string(), receiver));
        }
    }
    found
}

/// What a method does to the life of its worker or pool.
fn step(program: &Program<'_>, method: &str) -> Option<LifeStep> {
    program.knowledge.call(method)?.step
}

/// Whether a value is a thread or process object of this kind.
fn is_worker(program: &Program<'_>, value: ValueId, kind: WorkerKind) -> bool {
    program
        .type_fact(value)
        .is_some_and(|fact| fact.role == Some(Role::Worker) && fact.worker == Some(kind))
}

/// The call that makes a value.
fn made_at(program: &Program<'_>, value: ValueId) -> Option<ExprRef> {
    program.site(value).and_then(Site::expression)
}

/// Whether a call that waits has a bound on its waiting.
fn has_timeout(program: &Program<'_>, call: ExprRef, name: &str) -> bool {
    use crate::knowledge::Selector;
    let until = program.knowledge.call(name).and_then(|fact| fact.until.as_ref());
    let starred = matches!(program.kind(call), ExprKind::Call { arguments, .. }
        if arguments.iter().any(|argument| matches!(argument.kind, ArgumentKind::Star | ArgumentKind::DoubleStar)));
    starred
        || until.into_iter().flatten().any(|selector| {
            let given = match selector {
                Selector::Position(position) => program.argument(call, Some(*position), None),
                Selector::Keyword(keyword) => program.argument(call, None, Some(keyword)),
            };
            given.is_some_and(|given| !matches!(program.kind(given), ExprKind::None))
        })
}

/// Whether some of the values, or of the elements of a container among them, is one that is looked for.
fn holds(program: &Program<'_>, values: &crate::link::values::ValueSet, wanted: &dyn Fn(ValueId) -> bool) -> bool {
    use crate::link::solver::{Key, Variable};
    values.iter().any(|value| {
        wanted(value)
            || program.site(value).is_some_and(|site| {
                program
                    .solution
                    .variable(Variable::Element(site, Key::All))
                    .iter()
                    .any(wanted)
            })
    })
}
