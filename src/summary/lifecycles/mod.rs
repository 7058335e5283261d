//! The lives of futures, results, pools and workers: what happens to an object after it is made, wherever it flows.
//!
//! In: the linked program and its profiles. Out: [`Lifecycles`], which rules ask about one call or one submission.
//! Must not know: rules, findings.

mod awaited;
mod calls;
mod ends;
mod failure;
mod feeding;
mod helpers;
mod judged;
mod left_open;
mod life;
mod outcomes;
mod pools;
mod rounds;
mod serial;
mod silence;
mod starts;
mod straight;
mod workers;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::facts::{DefKind, ExprKind, StmtKind};
use crate::finding::{Confidence, Place};
use crate::knowledge::LifeStep;
use crate::link::values::{ExprRef, ScopeRef, Site, Value};
use crate::link::{Callee, Program, Submission, Target};

use super::Summaries;

pub use left_open::{LeftOpen, Way};
pub use life::{Event, Life};
pub use outcomes::Unasked;
pub use pools::{Again, PerRound, Unclosed};
pub use serial::Wait;
pub use silence::Silence;
pub use starts::{EarlyStart, Restart};
pub use workers::Unjoined;

/// Why a task may fail, and how surely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Where it fails.
    pub place: Place,
    /// What happens there, in lower case and without a full stop.
    pub message: String,
    /// How sure it is that this can happen.
    pub confidence: Confidence,
}

/// The lives of futures, results, pools and workers.
#[derive(Debug, Default)]
pub struct Lifecycles {
    /// Reads of attributes by the attribute's name.
    attribute_reads: HashMap<String, Vec<ExprRef>>,
    /// Functions of the project that are handed on as values.
    passed: BTreeSet<ScopeRef>,
    /// Names that some file imports from another.
    imported_names: BTreeSet<String>,
    /// Calls that are a step in something's life, in order.
    steps: BTreeMap<ExprRef, LifeStep>,
    /// The objects that are started somewhere, by where they are made.
    started_sites: BTreeSet<Site>,
    /// The classes whose instances are started through a value that is not known to be one instance.
    started_classes: BTreeSet<ScopeRef>,
    /// The objects that are joined somewhere, by where they are made.
    joined_sites: BTreeSet<Site>,
    /// The classes whose own code joins their instances.
    joined_classes: BTreeSet<ScopeRef>,
    /// The calls that join something of a class, by the class whose instance that is.
    joins_of_classes: BTreeMap<ScopeRef, Vec<ExprRef>>,
    /// Why functions that are handed over may fail.
    failures: HashMap<ScopeRef, Option<Evidence>>,
    /// Futures and results that are asked for in the loop that submits them, and workers that are joined in it.
    waits: Vec<Wait>,
}

impl Lifecycles {
    /// Reads the program.
    #[must_use]
    pub fn compute(program: &Program<'_>, summaries: &Summaries<'_>) -> Self {
        let mut lives = Self::default();
        lives.index_attributes(program);
        lives.passed = calls::passed_functions(program);
        lives.index_imports(program);
        lives.index_steps(program);
        lives.failures = failure::of_program(program);
        lives.waits = serial::find(program, summaries, &lives);
        lives
    }

    fn index_attributes(&mut self, program: &Program<'_>) {
        for file in program.file_ids() {
            let facts = program.file(file);
            for number in 0..facts.expressions.len() {
                let expr = crate::facts::ExprId(u32::try_from(number).expect("internal: fewer than 2^32 expressions"));
                if let ExprKind::Attribute { name, .. } = facts.kind(expr)
                    && program.index(file).statement_of(expr).is_some()
                {
                    let read = ExprRef { file, expr };
                    self.attribute_reads.entry(name.clone()).or_default().push(read);
                }
            }
        }
    }

    fn index_imports(&mut self, program: &Program<'_>) {
        for file in program.file_ids() {
            for definition in &program.file(file).definitions {
                if let DefKind::ImportFrom { name, .. } = &definition.kind {
                    self.imported_names.insert(name.clone());
                }
            }
        }
    }

    fn index_steps(&mut self, program: &Program<'_>) {
        for call in program.calls() {
            for callee in program.callees(call) {
                let Callee::External { name, receiver } = callee else {
                    continue;
                };
                let Some(step) = program.knowledge.call(&name).and_then(|fact| fact.step) else {
                    continue;
                };
                self.steps.insert(call, step);
                if let (LifeStep::Join, Some(Value::Instance { class, .. })) =
                    (step, receiver.map(|receiver| program.value(receiver)))
                {
                    self.joins_of_classes.entry(*class).or_default().push(call);
                }
                let (sites, classes) = match step {
                    LifeStep::Start => (&mut self.started_sites, &mut self.started_classes),
                    LifeStep::Join => (&mut self.joined_sites, &mut self.joined_classes),
                    _ => continue,
                };
                match receiver.map(|receiver| program.value(receiver)) {
                    Some(Value::Instance {
                        site: Some(site),
                        class,
                    }) => {
                        sites.insert(*site);
                        classes.extend(reached_by_itself(program, call, *class));
                    }
                    Some(Value::ExternalInstance { site: Some(site), .. }) => {
                        sites.insert(*site);
                    }
                    Some(Value::Instance { site: None, class }) => {
                        classes.insert(*class);
                    }
                    _ => {}
                }
            }
        }
    }

    /// What a call is in something's life.
    #[must_use]
    pub fn step(&self, call: ExprRef) -> Option<LifeStep> {
        self.steps.get(&call).copied()
    }

    /// All calls that are a step in something's life, in order.
    pub fn steps(&self) -> impl Iterator<Item = (ExprRef, LifeStep)> + '_ {
        self.steps.iter().map(|(&call, &step)| (call, step))
    }

    /// What happens to the object that an expression makes.
    #[must_use]
    pub fn life(&self, program: &Program<'_>, made: ExprRef) -> Life {
        life::trace(program, self, made, false)
    }

    /// As [`Self::life`], followed through functions that return the object to calls that are all in sight.
    #[must_use]
    pub fn life_through_calls(&self, program: &Program<'_>, made: ExprRef) -> Life {
        life::trace(program, self, made, true)
    }

    /// Waits that make a loop of submissions run one task at a time.
    #[must_use]
    pub fn waits(&self) -> &[Wait] {
        &self.waits
    }

    /// Why the task of a submission may fail; `None` where it cannot or where nothing says so.
    #[must_use]
    pub fn task_may_fail(&self, program: &Program<'_>, submission: &Submission<'_>) -> Option<Evidence> {
        failure::of_submission(program, &self.failures, submission)
    }

    /// Whether the task of a submission deals with its failures itself.
    #[must_use]
    pub fn handles_failures(&self, program: &Program<'_>, submission: &Submission<'_>) -> bool {
        let evidence = self.task_may_fail(program, submission);
        evidence.is_none_or(|evidence| evidence.confidence == Confidence::Low)
            && submission.targets.iter().filter_map(Target::function).any(|function| {
                program.scope(function).body.iter().any(|stmt| {
                    matches!(&stmt.kind, StmtKind::Try { handlers, .. } if handlers
                        .iter()
                        .any(|handler| failure::catches_all(program, function.file, handler)))
                })
            })
    }

    /// Whether an object made here is started somewhere.
    #[must_use]
    pub fn is_started(&self, program: &Program<'_>, made: ExprRef) -> bool {
        reached(program, made, &self.started_sites, &self.started_classes)
    }

    /// Whether an object made here is joined somewhere.
    #[must_use]
    pub fn is_joined(&self, program: &Program<'_>, made: ExprRef) -> bool {
        reached(program, made, &self.joined_sites, &self.joined_classes)
    }
}

/// Whether an object made here is among those that a call reaches, by itself or by its class.
fn reached(program: &Program<'_>, made: ExprRef, sites: &BTreeSet<Site>, classes: &BTreeSet<ScopeRef>) -> bool {
    if sites.contains(&Site::Expr(made)) {
        return true;
    }
    let known = &program.solution.classes;
    program.values(made).iter().any(|value| match *program.value(value) {
        Value::Instance { class, .. } => classes.iter().any(|&reached| {
            reached == class
                || known.descendants(reached).contains(&class)
                || known.descendants(class).contains(&reached)
        }),
        _ => false,
    })
}

/// The class whose code calls a step of its own instances (`self.start()` in `__init__`).
fn reached_by_itself(program: &Program<'_>, call: ExprRef, class: ScopeRef) -> Option<ScopeRef> {
    let owner = program.class_of_method(program.scope_of(call))?;
    let related = owner == class || program.solution.classes.descendants(owner).contains(&class);
    related.then_some(owner)
}
