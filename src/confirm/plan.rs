//! What a run of `confirm` would measure: for each finding about speed the claim, the function, the inputs; or why not.
//!
//! In: the analysed program and the findings that a check shows. Out: a [`Plan`], plain data. Nothing is run here.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::advice::target_names;
use crate::finding::{FileId, Finding};
use crate::knowledge::{Role, SubmissionResult};
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program, Submission, Target};
use crate::rules::Context;
use crate::summary::child_memory::Payload;
use crate::summary::event_loop::Cause;
use crate::summary::{Estimate, Profile};

use super::effects::{self, Objection};
use super::inputs;
use super::render::Renderer;

/// The statement that is put to the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// CC101: processes do the work faster than threads.
    ProcessesBeatThreads,
    /// CC102: threads do the work as fast as processes.
    ThreadsDoAsWell,
    /// CC103: doing the work in a row is faster than handing it to processes.
    SerialBeatsProcesses,
    /// CC104: processes that keep the large object are faster than sending it with each task.
    KeepingBeatsSending,
    /// CC601: the work keeps the event loop from everything else, another worker does not.
    LoopIsBlocked,
}

impl Claim {
    /// The claim behind a finding, if it is one about speed.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        Some(match code {
            "CC101" => Self::ProcessesBeatThreads,
            "CC102" => Self::ThreadsDoAsWell,
            "CC103" => Self::SerialBeatsProcesses,
            "CC104" => Self::KeepingBeatsSending,
            "CC601" => Self::LoopIsBlocked,
            _ => return None,
        })
    }
}

/// Where the inputs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// `[tool.concheck.confirm.inputs]`.
    Configuration,
    /// A comment at the function.
    Comment,
    /// The hand-over itself.
    HandOver,
    /// Made up from annotations.
    MadeUp,
}

impl Origin {
    /// The origin as the end of "inputs ...".
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "from the configuration",
            Self::Comment => "from the comment at the function",
            Self::HandOver => "from the hand-over",
            Self::MadeUp => "made up from the annotations",
        }
    }
}

/// A module of the project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Module {
    /// The name that it is imported under.
    pub name: String,
    /// The file.
    pub path: String,
    /// The folder that the name starts from.
    pub root: String,
}

impl Module {
    pub(super) fn of(program: &Program<'_>, file: FileId) -> Self {
        let source = &program.sources[file.index()];
        let path = std::path::absolute(&source.path).unwrap_or_else(|_| source.path.clone().into());
        Self {
            name: source.modules.first().cloned().unwrap_or_default(),
            path: path.to_string_lossy().into_owned(),
            root: source.root.clone(),
        }
    }
}

/// An expression and the module that it is evaluated in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expression {
    /// The module.
    pub module: Module,
    /// Names that are bound first, one after the other, with the texts of their values.
    pub bindings: Vec<[String; 2]>,
    /// The Python text.
    pub text: String,
}

impl Expression {
    pub(super) fn plain(module: Module, text: String) -> Self {
        Self {
            module,
            bindings: Vec::new(),
            text,
        }
    }

    /// The text with what its names stand for.
    #[must_use]
    pub fn shown(&self) -> String {
        let bindings = self.bindings.iter().map(|[name, text]| format!("{name} = {text}"));
        let bindings: Vec<String> = bindings.collect();
        if bindings.is_empty() {
            self.text.clone()
        } else {
            format!("{} where {}", self.text, bindings.join(", "))
        }
    }
}

/// The arguments of the measured calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// Gives calls of `__arguments__`, one a task.
    pub expression: Expression,
    /// Where they come from.
    pub origin: Origin,
}

/// How the program hands tasks to processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HandOver {
    /// Through an executor.
    Executor,
    /// Through a pool of `multiprocessing`.
    Pool,
    /// A process is started for each task.
    Start,
}

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// Gives the callable.
    pub target: Expression,
    /// The arguments.
    pub inputs: Inputs,
    /// How tasks reach processes.
    pub hand_over: HandOver,
    /// Tasks that travel together; 0 where the pool decides.
    pub chunk: u32,
    /// The large object is the result.
    pub returns_much: bool,
}

/// Typical seconds of one run, with bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Predicted {
    /// Holding the GIL.
    pub interpreter: [f64; 3],
    /// Native code without the GIL.
    pub native: [f64; 3],
    /// Waiting.
    pub wait: [f64; 3],
}

/// Why something is not measured.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No arguments are known.
    #[error("no input for parameter `{parameter}`{why}; add `{line}` above `def` at {path}:{number}")]
    NoInput {
        /// The parameter.
        parameter: String,
        /// Why what is handed over cannot be used.
        why: String,
        /// The comment to add.
        line: String,
        /// The file of the function.
        path: String,
        /// The line of its `def`.
        number: u32,
    },
    /// Running it might do harm.
    #[error("{subject} {what} (`{call}` at {at}); --allow-effects or --allow {name} runs it all the same")]
    Effects {
        /// What is run.
        subject: String,
        /// What it does.
        what: &'static str,
        /// The call that does it.
        call: String,
        /// Where that stands.
        at: String,
        /// The name to allow.
        name: String,
    },
    /// It cannot be called on its own.
    #[error("{0}")]
    NotCallable(String),
}

/// One finding and what would be measured for it.
#[derive(Clone, Debug)]
pub struct Item {
    /// The finding.
    pub finding: Finding,
    /// The claim.
    pub claim: Claim,
    /// What runs, as people write it.
    pub target: String,
    /// The prediction.
    pub predicted: Predicted,
    /// A digest of the function's text: results do not outlive a change of it.
    pub digest: String,
    /// What is measured, or why nothing is.
    pub work: Result<Work, Refusal>,
}

/// What may be run although it has effects.
#[derive(Clone, Debug, Default)]
pub struct Permission {
    /// Everything.
    pub everything: bool,
    /// Functions by dotted name.
    pub names: Vec<String>,
}

impl Permission {
    fn covers(&self, name: &str) -> bool {
        self.everything || self.names.iter().any(|allowed| allowed == name)
    }
}

/// Plans the measurement of those findings that are about speed.
#[must_use]
pub fn plan(context: &Context<'_>, findings: &[Finding], permission: &Permission) -> Vec<Item> {
    let planner = Planner { context, permission };
    let items = findings.iter().filter_map(|finding| planner.item(finding));
    items.collect()
}

/// What a finding is about: a function or another callable, and the call that hands it over.
struct Subject<'s> {
    function: Option<ScopeRef>,
    bound: bool,
    callable: Option<ExprRef>,
    external: Option<String>,
    name: String,
    profile: Profile,
    submission: Option<&'s Submission<'s>>,
    call: ExprRef,
}

struct Planner<'c> {
    context: &'c Context<'c>,
    permission: &'c Permission,
}

impl<'c> Planner<'c> {
    fn item(&self, finding: &Finding) -> Option<Item> {
        let claim = Claim::of(finding.code)?;
        let subject = match claim {
            Claim::LoopIsBlocked => self.loop_subject(finding),
            _ => self.submission_subject(finding),
        };
        let program = self.context.program;
        let Some(subject) = subject else {
            let why = "the work stands in the coroutine itself; in a function of its own it could be called".to_owned();
            return Some(Item {
                finding: finding.clone(),
                claim,
                target: "?".to_owned(),
                predicted: Predicted::default(),
                digest: String::new(),
                work: Err(Refusal::NotCallable(why)),
            });
        };
        Some(Item {
            finding: finding.clone(),
            claim,
            target: subject.name.clone(),
            predicted: predicted(&subject.profile),
            digest: subject
                .function
                .map_or_else(String::new, |function| digest(program, function)),
            work: self.work(&subject, finding, claim),
        })
    }

    fn submission_subject(&self, finding: &Finding) -> Option<Subject<'c>> {
        let program = self.context.program;
        let mut candidates = program.submissions.iter().enumerate();
        let (number, submission) =
            candidates.find(|(_, submission)| program.place(submission.call) == finding.place)?;
        let target = submission.targets.iter().find(|target| target.function().is_some());
        let target = target.or(submission.targets.first());
        let function = target.and_then(Target::function);
        Some(Subject {
            function,
            bound: target.is_some_and(|target| target.receiver().is_some()),
            callable: submission.callable,
            external: target.and_then(|target| match &target.callee {
                Callee::External { name, .. } => Some(name.to_string()),
                _ => None,
            }),
            name: match function {
                Some(function) => program.full_name(function),
                None => target_names(program, submission)
                    .first()
                    .cloned()
                    .unwrap_or_else(|| "?".to_owned()),
            },
            profile: self.context.assessment(number).profile.clone(),
            submission: Some(submission),
            call: submission.call,
        })
    }

    /// The call in a coroutine that keeps the loop busy.
    fn loop_subject(&self, finding: &Finding) -> Option<Subject<'c>> {
        let program = self.context.program;
        let is_it = |cause: &Cause| matches!(cause, Cause::Computing { .. });
        let mut stalls = self.context.event_loop().stalls.iter();
        stalls.find(|stall| stall.place == finding.place && is_it(&stall.cause))?;
        let calls = program.index(finding.place.file).calls().iter();
        let mut calls = calls.map(|&expr| ExprRef {
            file: finding.place.file,
            expr,
        });
        let call = calls.find(|&call| program.place(call) == finding.place)?;
        let crate::facts::ExprKind::Call { callee, .. } = program.kind(call) else {
            return None;
        };
        let callees = program.callees(call);
        let function = callees.iter().find_map(|callee| match callee {
            Callee::Function { function, receiver } => Some((*function, receiver.is_some())),
            _ => None,
        });
        let external = callees.iter().find_map(|callee| match callee {
            Callee::External { name, .. } => Some(name.to_string()),
            _ => None,
        });
        let profile = function.and_then(|(function, _)| self.context.summaries.profile(function).cloned());
        Some(Subject {
            function: function.map(|(function, _)| function),
            bound: function.is_some_and(|(_, bound)| bound),
            callable: Some(program.sibling(call, *callee)),
            name: match function {
                Some((function, _)) => program.full_name(function),
                None => external.clone().unwrap_or_else(|| "?".to_owned()),
            },
            external,
            profile: profile.unwrap_or_default(),
            submission: None,
            call,
        })
    }

    fn work(&self, subject: &Subject<'_>, finding: &Finding, claim: Claim) -> Result<Work, Refusal> {
        let program = self.context.program;
        if let Some(function) = subject.function {
            inputs::is_measurable(program, function)?;
        }
        let target = self.target(subject)?;
        let inputs = self.inputs(subject)?;
        self.refuse_effects(subject, &target, &inputs)?;
        let payloads = || self.context.child_memory().payloads.iter();
        let returns_much = claim == Claim::KeepingBeatsSending
            && payloads().any(|payload| {
                program.place(program.submissions[payload.submission].call) == finding.place
                    && matches!(payload.payload, Payload::Result(_))
            });
        let hand_over = subject
            .submission
            .map_or(HandOver::Executor, |submission| hand_over(program, submission));
        Ok(Work {
            target,
            inputs,
            hand_over,
            chunk: subject.submission.map_or(1, |submission| chunk(program, submission)),
            returns_much,
        })
    }

    fn target(&self, subject: &Subject<'_>) -> Result<Expression, Refusal> {
        let program = self.context.program;
        let partial = subject
            .submission
            .is_some_and(|submission| submission.targets.iter().any(|target| !target.partials.is_empty()));
        if let Some(function) = subject.function
            && !subject.bound
            && !partial
        {
            let name = program.scope(function).qualname.clone();
            return Ok(Expression::plain(Module::of(program, function.file), name));
        }
        let blocked = match subject.callable {
            Some(callable) => {
                let mut renderer = Renderer::new(program, callable.file);
                match renderer.text(callable.expr) {
                    Ok(text) if renderer.clauses().is_empty() => {
                        return Ok(Expression {
                            module: Module::of(program, callable.file),
                            bindings: renderer.bindings(),
                            text,
                        });
                    }
                    Ok(_) => "it changes from round to round of a loop".to_owned(),
                    Err(blocked) => blocked.0,
                }
            }
            None => "it is not known which function runs".to_owned(),
        };
        match subject.function.filter(|_| subject.bound) {
            Some(method) => self.method_of_fresh_object(method, &blocked),
            None => Err(Refusal::NotCallable(format!(
                "what runs cannot be called from outside: {blocked}"
            ))),
        }
    }

    /// `Class().method` for classes that can be made without arguments.
    fn method_of_fresh_object(&self, method: ScopeRef, blocked: &str) -> Result<Expression, Refusal> {
        let program = self.context.program;
        let refused = || {
            Refusal::NotCallable(format!(
                "it is a method of an object that cannot be made here: {blocked}"
            ))
        };
        let class = program.class_of_method(method).ok_or_else(refused)?;
        let inits = program.methods(class, "__init__", false);
        let needs_arguments = inits.iter().any(|&init| {
            let parameters = program.parameters(init, true);
            parameters.iter().any(|parameter| parameter.default.is_none())
        });
        let objection = inits.iter().find_map(|&init| effects::of_function(program, init));
        let is_plain = program.solution.classes.external_ancestors(class).is_empty();
        if needs_arguments || objection.is_some() || program.is_local(class) || !is_plain {
            return Err(refused());
        }
        let (class_name, method_name) = (&program.scope(class).qualname, &program.scope(method).name);
        let text = format!("{class_name}().{method_name}");
        Ok(Expression::plain(Module::of(program, method.file), text))
    }

    fn inputs(&self, subject: &Subject<'_>) -> Result<Inputs, Refusal> {
        let program = self.context.program;
        let settings = &self.context.settings.confirm;
        if let Some(inputs) = subject
            .function
            .and_then(|function| inputs::written(program, settings, function))
        {
            return Ok(inputs);
        }
        let found = match subject.submission {
            Some(submission) => inputs::handed_over(program, submission),
            None => inputs::of_call(program, subject.call),
        };
        match (found, subject.function) {
            (Ok(inputs), _) => Ok(inputs),
            (Err(blocked), Some(function)) => inputs::made_up(program, function, subject.bound, Some(&blocked)),
            (Err(blocked), None) => Err(Refusal::NotCallable(format!("no input: {}", blocked.0))),
        }
    }

    fn refuse_effects(&self, subject: &Subject<'_>, target: &Expression, inputs: &Inputs) -> Result<(), Refusal> {
        if self.permission.covers(&subject.name) || self.context.settings.confirm.allow_effects.contains(&subject.name)
        {
            return Ok(());
        }
        let program = self.context.program;
        let of_work = match (subject.function, &subject.external, subject.callable) {
            (Some(function), _, _) => effects::of_function(program, function),
            (None, Some(name), Some(callable)) => effects::of_external(program, name, callable),
            _ => None,
        };
        let refusal = |subject_text: String, objection: Objection| {
            let source = &program.sources[objection.place.file.index()];
            Refusal::Effects {
                subject: subject_text,
                what: objection.what,
                call: objection.call,
                at: format!("{}:{}", source.path, source.position(objection.place.span.start).line),
                name: subject.name.clone(),
            }
        };
        if let Some(objection) = of_work {
            let short = subject.name.rsplit('.').next().unwrap_or(&subject.name);
            return Err(refusal(format!("`{short}`"), objection));
        }
        for module in [&target.module, &inputs.expression.module] {
            let file = program
                .file_ids()
                .find(|&file| Module::of(program, file).path == module.path);
            if let Some(objection) = file.and_then(|file| effects::of_import(program, file)) {
                return Err(refusal(format!("importing `{}`", module.name), objection));
            }
        }
        Ok(())
    }
}

fn hand_over(program: &Program<'_>, submission: &Submission<'_>) -> HandOver {
    if submission.shape.result == SubmissionResult::Worker {
        return HandOver::Start;
    }
    let executor = submission.workers.iter().find_map(|worker| worker.executor);
    match executor.and_then(|executor| program.role(executor)) {
        Some(Role::Pool) => HandOver::Pool,
        _ => HandOver::Executor,
    }
}

fn chunk(program: &Program<'_>, submission: &Submission<'_>) -> u32 {
    let given = submission.shape.chunksize.as_ref();
    let given = given.and_then(|position| program.argument_at(submission.call, position));
    match given {
        Some(given) => {
            let number = program
                .values(given)
                .iter()
                .find_map(|value| match *program.value(value) {
                    Value::Int(number) => u32::try_from(number).ok(),
                    _ => None,
                });
            number.unwrap_or(50).max(1)
        }
        None => submission
            .shape
            .default_chunksize
            .map_or(1, |size| u32::from(size != 0)),
    }
}

fn predicted(profile: &Profile) -> Predicted {
    let three = |estimate: Estimate| {
        let [least, most] = estimate.bounds();
        [least, estimate.typical, most]
    };
    Predicted {
        interpreter: three(profile.interpreter),
        native: three(profile.native),
        wait: three(profile.waiting()),
    }
}

fn digest(program: &Program<'_>, function: ScopeRef) -> String {
    let span = program.scope(function).span;
    let text = program.sources[function.file.index()]
        .text
        .get(span.start as usize..span.end as usize);
    format!("{:016x}", crate::finding::hash(&[text.unwrap_or("").as_bytes()]))
}
