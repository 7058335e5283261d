//! What each submission sends to another process and gets back.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::facts::{ExprKind, StmtKind};
use crate::finding::{Confidence, Note};
use crate::knowledge::{ArgumentsShape, PicklingMoment, Role, StartsWhen, SubmissionResult, WorkerKind};
use crate::link::initializers::{Initializer, initializer_of, initializer_of_server};
use crate::link::solver::{Key, Variable};
use crate::link::start_settings::start_of_executor;
use crate::link::submissions::{delayed_callable, delayed_calls};
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId, ValueSet};
use crate::link::{Callee, Program, Submission, Target};

use crate::summary::handed_over::run_in_place;

use super::attributes::Writes;
use super::instances::registered_classes;
use super::judge::{Cause, Judge, Obstacle};
use super::order::{Moment, Order, Started};
use super::sharing::Uses;
use super::{Carrier, Crossing, Kind, LostException, When};

/// Whether anything is handed to a process at all.
pub(super) fn any(program: &Program<'_>) -> bool {
    program
        .submissions
        .iter()
        .any(|submission| submission.may_be(WorkerKind::Process))
        || program.calls().any(|call| initializer(program, call).is_some())
}

/// Everything that cannot cross, by place and kind, and the exceptions that cannot come back.
pub(super) fn find(program: &Program<'_>) -> (Vec<Crossing>, Vec<LostException>) {
    let finder = Finder {
        program,
        writes: &Writes::new(program),
        order: &Order::new(program),
        registered: &registered_classes(program),
        uses: &Uses::new(program),
        never_started: &run_in_place(program),
    };
    let mut found = Vec::new();
    for submission in &program.submissions {
        let mut here = finder.submission(submission);
        here.sort_by_key(|crossing| (crossing.kind, std::cmp::Reverse(crossing.obstacle.confidence)));
        here.dedup_by_key(|crossing| crossing.kind);
        found.extend(here);
    }
    for call in program.calls() {
        found.extend(finder.initializer(call));
    }
    found.sort_by_key(|crossing| (program.place(crossing.call), crossing.kind));
    let exceptions = super::exceptions::find(program, &|moment| finder.judge(moment, false));
    (found, exceptions)
}

struct Finder<'s, 'p, 'a> {
    program: &'p Program<'a>,
    writes: &'s Writes,
    order: &'s Order<'p, 'a>,
    registered: &'s BTreeSet<ScopeRef>,
    uses: &'s Uses,
    never_started: &'s BTreeSet<ValueId>,
}

impl<'s, 'p, 'a> Finder<'s, 'p, 'a> {
    fn judge(&self, moment: Moment, starting: bool) -> Judge<'s, 'p, 'a> {
        Judge {
            program: self.program,
            writes: self.writes,
            order: self.order,
            registered: self.registered,
            moment,
            starting,
            seen: RefCell::default(),
        }
    }

    fn submission(&self, submission: &Submission<'_>) -> Vec<Crossing> {
        let Some((when, certain)) = when(submission) else {
            return Vec::new();
        };
        let starting = when != When::Always;
        let moment = self.moment(submission);
        let mut found = Vec::new();
        let mut report = |carrier, text: String, obstacle: Option<Obstacle>| {
            let Some(mut obstacle) = obstacle else { return };
            if !certain {
                obstacle.confidence = obstacle.confidence.min(Confidence::Medium);
            }
            found.push(self.crossing(submission, &when, carrier, text, obstacle));
        };
        for callable in callables(self.program, submission) {
            let judge = self.judge(moment, starting);
            let obstacle = judge.undecorated(callable);
            let obstacle = match obstacle {
                None if !submission.forwarded => judge.expression(callable),
                _ => obstacle,
            };
            report(Carrier::Callable, self.owner(callable), obstacle);
        }
        // A class that starts a process in its constructor is no process itself.
        if submission.through.is_none()
            && let Some((value, class, site)) = self.worker_object(submission)
        {
            if self.never_started.contains(&value) {
                return Vec::new();
            }
            let moment = self.moment_of_worker(class, moment);
            let obstacle = self.judge(moment, starting).instance(value, class, site, 0);
            report(Carrier::Worker, self.program.text(submission.call), obstacle);
        } else {
            for argument in &submission.arguments {
                let obstacle = if argument.elements {
                    self.judge(moment, starting)
                        .set(&elements(self.program, argument.expr), 0)
                } else {
                    let judge = self.judge(moment, starting);
                    judge
                        .undecorated(argument.expr)
                        .or_else(|| judge.expression(argument.expr))
                };
                report(Carrier::Argument, self.program.text(argument.expr), obstacle);
            }
        }
        if !submission.forwarded {
            found.extend(self.globals(submission, &when));
            if !starting {
                found.extend(self.results(submission));
            }
        }
        found
    }

    /// The expression before the method's name, where a bound method is handed over.
    fn owner(&self, callable: ExprRef) -> String {
        match self.program.kind(callable) {
            ExprKind::Attribute { base, .. } => self.program.text(self.program.sibling(callable, *base)),
            _ => self.program.text(callable),
        }
    }

    fn crossing(
        &self,
        submission: &Submission<'_>,
        when: &When,
        carrier: Carrier,
        text: String,
        obstacle: Obstacle,
    ) -> Crossing {
        let function = submission.targets.iter().find_map(Target::function);
        let kind = if obstacle.cause.is_nameless() {
            Kind::Callable
        } else if matches!(obstacle.cause, Cause::Primitive { .. }) {
            Kind::Primitive
        } else if *when != When::Always && self.is_shared(submission, &obstacle) {
            Kind::ThreadPrimitive
        } else if obstacle.in_instance {
            Kind::Instance
        } else {
            Kind::Argument
        };
        Crossing {
            kind,
            call: submission.call,
            api: submission.api.clone(),
            text,
            obstacle,
            when: when.clone(),
            function,
            carrier,
        }
    }

    /// Whether an object that connects threads is used by what the process runs and by the rest of the program.
    fn is_shared(&self, submission: &Submission<'_>, obstacle: &Obstacle) -> bool {
        let Cause::Type { role: Some(role), .. } = obstacle.cause else {
            return false;
        };
        let Some(value) = obstacle.value else { return false };
        connects_threads(role) && self.uses.on_both_sides(value, &self.child_functions(submission))
    }

    /// The functions that run in the process.
    fn child_functions(&self, submission: &Submission<'_>) -> BTreeSet<ScopeRef> {
        let mut found = BTreeSet::new();
        for function in submission.targets.iter().filter_map(Target::function) {
            found.extend(self.order.reached(function).iter().copied());
        }
        found
    }

    /// Global queues and events that the process uses to talk to its parent: each side has its own.
    fn globals(&self, submission: &Submission<'_>, when: &When) -> Vec<Crossing> {
        if submission.targets.iter().all(|target| target.function().is_none()) {
            return Vec::new();
        }
        let children = self.child_functions(submission);
        let targets = submission.targets.iter().filter_map(Target::function);
        let near = self.order.near(targets);
        self.uses
            .globals_on_both_sides(self.program, &children, &near)
            .into_iter()
            .map(|(obstacle, text)| Crossing {
                kind: Kind::ThreadPrimitive,
                call: submission.call,
                api: submission.api.clone(),
                text,
                obstacle,
                when: when.clone(),
                function: submission.targets.iter().find_map(Target::function),
                carrier: Carrier::Global,
            })
            .collect()
    }

    /// The instance that is the process, where the project's class makes the submission.
    fn worker_object(&self, submission: &Submission<'_>) -> Option<(ValueId, ScopeRef, Option<Site>)> {
        if submission.shape.result != SubmissionResult::Worker {
            return None;
        }
        let classes = self.program.callees(submission.call);
        self.program
            .values(submission.call)
            .iter()
            .find_map(|value| match *self.program.value(value) {
                Value::Instance { class, site } if classes.contains(&Callee::Class(class)) => {
                    Some((value, class, site))
                }
                _ => None,
            })
    }

    fn moment(&self, submission: &Submission<'_>) -> Moment {
        let function = self.program.function_around(submission.scope);
        let handed = self.program.place(submission.call).span.end;
        let started = match submission.shape.starts {
            StartsWhen::AtCall => Started::AtOnce,
            StartsWhen::AtStart => self.start_call(function, handed).map_or(Started::Later, Started::At),
        };
        Moment {
            function,
            handed,
            at: Some(submission.call),
            started,
        }
    }

    /// The end of the first call of a worker's `start` in a function after a position.
    fn start_call(&self, function: ScopeRef, after: u32) -> Option<u32> {
        let ends = self.order.calls_of(function).iter().filter_map(|&call| {
            let end = self.program.place(call).span.end;
            let starts = self.program.callees(call).iter().any(|callee| {
                matches!(callee, Callee::External { name, receiver: Some(receiver) }
                    if name.ends_with(".start") && self.program.role(*receiver) == Some(Role::Worker))
            });
            (starts && end > after).then_some(end)
        });
        ends.min()
    }

    /// A worker that starts itself in its constructor is pickled there.
    fn moment_of_worker(&self, class: ScopeRef, moment: Moment) -> Moment {
        let constructor = self.program.methods(class, "__init__", false).first().copied();
        let started = constructor.and_then(|constructor| Some((constructor, self.start_call(constructor, 0)?)));
        match started {
            Some((function, handed)) => Moment {
                function,
                handed,
                at: None,
                started: Started::AtOnce,
            },
            None => moment,
        }
    }

    /// What the submitted functions return.
    fn results(&self, submission: &Submission<'_>) -> Vec<Crossing> {
        if submission.shape.result == SubmissionResult::Worker
            || submission.shape.arguments == ArgumentsShape::Nothing
            || submission.wrapped
        {
            return Vec::new();
        }
        let mut found = Vec::new();
        for target in &submission.targets {
            let Some((function, obstacle)) = self.result_of(target) else {
                continue;
            };
            found.push(Crossing {
                kind: Kind::Result,
                call: submission.call,
                api: submission.api.clone(),
                text: self.program.text(submission.callable.unwrap_or(submission.call)),
                obstacle,
                when: When::Always,
                function,
                carrier: Carrier::Result,
            });
        }
        found
    }

    fn result_of(&self, target: &Target) -> Option<(Option<ScopeRef>, Obstacle)> {
        match &target.callee {
            Callee::Function { function, .. } => {
                let obstacle = self.returned_by(*function)?;
                Some((Some(*function), obstacle))
            }
            Callee::Class(class) => {
                let moment = Moment {
                    function: self.program.methods(*class, "__init__", false).first().copied()?,
                    handed: u32::MAX,
                    at: None,
                    started: Started::AtOnce,
                };
                let value = target.value?;
                let obstacle = self.judge(moment, false).instance(value, *class, None, 0)?;
                (!obstacle.cause.is_nameless()).then_some((None, obstacle))
            }
            Callee::External { name, receiver: None } => {
                let moment = Moment {
                    function: self.program.module_scope(crate::finding::FileId(0)),
                    handed: u32::MAX,
                    at: None,
                    started: Started::AtOnce,
                };
                let obstacle = self.judge(moment, false).made_by_call_of(name)?;
                Some((None, obstacle))
            }
            _ => None,
        }
    }

    fn returned_by(&self, function: ScopeRef) -> Option<Obstacle> {
        let scope = self.program.scope(function);
        if scope.is_async || self.program.solution.wrappers.contains_key(&function) {
            return None;
        }
        if !scope.decorators.is_empty() && !self.keeps_results(function) {
            return None;
        }
        if scope.is_generator {
            return Some(Obstacle {
                cause: Cause::Generator(Some(function)),
                value: None,
                path: String::new(),
                in_instance: false,
                confidence: Confidence::High,
                notes: vec![Note {
                    place: self.program.name_place(function),
                    message: format!(
                        "`{}` yields, so that calling it only makes a generator",
                        self.program.display_name(function)
                    ),
                }],
            });
        }
        let index = self.program.index(function.file);
        index.statements_of(function.scope).iter().find_map(|&id| {
            let StmtKind::Return(Some(value)) = index.statement(id).stmt.kind else {
                return None;
            };
            let value = ExprRef {
                file: function.file,
                expr: value,
            };
            let moment = Moment {
                function,
                handed: self.program.place(value).span.end.saturating_add(1),
                at: Some(value),
                started: Started::AtOnce,
            };
            let mut obstacle = self.judge(moment, false).expression(value)?;
            obstacle.notes.insert(
                0,
                Note {
                    place: self.program.place(value),
                    message: "returned here".to_owned(),
                },
            );
            Some(obstacle)
        })
    }

    /// Whether the decorators of a function leave its results as they are.
    fn keeps_results(&self, function: ScopeRef) -> bool {
        use crate::knowledge::Semantic;
        let known = self.program.semantics_of_decorators(function);
        known.len() == self.program.scope(function).decorators.len()
            && known.iter().all(|semantic| {
                matches!(
                    semantic,
                    Semantic::StaticMethod
                        | Semantic::ClassMethod
                        | Semantic::KeepsFunction
                        | Semantic::CachesFunction
                        | Semantic::RetriesFunction
                )
            })
    }

    /// What the constructor of a pool or executor hands to each of its workers.
    fn initializer(&self, call: ExprRef) -> Option<Crossing> {
        let Initializer {
            object,
            pool,
            callable,
            arguments,
            ..
        } = initializer(self.program, call)?;
        let moment = Moment {
            function: self.program.function_around(self.program.scope_of(call)),
            handed: self.program.place(call).span.end,
            at: Some(call),
            started: Started::AtOnce,
        };
        let callable = callable.and_then(|callable| Some((callable, self.judge(moment, true).expression(callable)?)));
        let argument =
            || arguments.and_then(|arguments| Some((arguments, self.judge(moment, true).expression(arguments)?)));
        let (expr, obstacle) = callable.or_else(argument)?;
        let kind = if obstacle.cause.is_nameless() {
            Kind::Callable
        } else if obstacle.in_instance {
            Kind::Instance
        } else {
            Kind::Argument
        };
        Some(Crossing {
            kind,
            call,
            api: pool.to_string(),
            text: self.owner(expr),
            obstacle,
            when: When::AtStart(vec![start_of_executor(self.program, object)]),
            function: None,
            carrier: Carrier::Initializer,
        })
    }
}

/// When a submission pickles what it sends, and whether it goes to a process for sure.
fn when(submission: &Submission<'_>) -> Option<(When, bool)> {
    let processes: Vec<_> = submission
        .workers
        .iter()
        .filter(|worker| worker.kind == Some(WorkerKind::Process) && !worker.cloudpickle)
        .collect();
    if processes.is_empty() {
        return None;
    }
    let certain = processes.len() == submission.workers.len();
    let when = match submission.shape.pickles {
        PicklingMoment::Never => return None,
        PicklingMoment::Always | PicklingMoment::Cloudpickle => When::Always,
        PicklingMoment::NotUnderFork => When::AtStart(processes.iter().map(|worker| worker.start).collect()),
    };
    Some((when, certain))
}

/// The expressions that name the work.
fn callables(program: &Program<'_>, submission: &Submission<'_>) -> Vec<ExprRef> {
    let Some(callable) = submission.callable else {
        return Vec::new();
    };
    if submission.shape.arguments != ArgumentsShape::DelayedCalls {
        return vec![callable];
    }
    delayed_calls(program, callable)
        .into_iter()
        .filter_map(|call| delayed_callable(program, call))
        .collect()
}

/// What iterating an expression gives.
fn elements(program: &Program<'_>, expr: ExprRef) -> ValueSet {
    let mut found = ValueSet::empty();
    for value in program.values(expr).iter() {
        match *program.value(value) {
            Value::ExternalInstance { site: Some(site), .. } => {
                found.extend(program.solution.variable(Variable::Element(site, Key::All)));
            }
            Value::Generator(function) => {
                found.extend(program.solution.variable(Variable::Yield(function)));
            }
            _ => {}
        }
    }
    found
}

/// The initializer that a call hands to a new pool of processes or a server process, which pickles it.
fn initializer<'a>(program: &Program<'a>, call: ExprRef) -> Option<Initializer<'a>> {
    initializer_of(program, call)
        .filter(|found| found.fact.worker == Some(WorkerKind::Process) && !found.fact.cloudpickle)
        .or_else(|| initializer_of_server(program, call))
}

/// Roles of objects that connect threads of one process.
pub(super) fn connects_threads(role: Role) -> bool {
    matches!(
        role,
        Role::Lock | Role::Rlock | Role::Condition | Role::Semaphore | Role::Event | Role::Barrier | Role::Queue
    )
}
