//! What a worker process runs, function by function, and which of its parameters hold copies of the parent's objects.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::facts::{ArgumentKind, ExprKind};
use crate::finding::Note;
use crate::knowledge::SubmissionResult;
use crate::link::submissions::Slot;
use crate::link::values::{ExprRef, ScopeRef, Site};
use crate::link::{Callee, Program, Submission, Target};

use super::graph::{CallGraph, Edge, Nature};
use super::held::is_held;
use super::origin::{Origin, Origins, Parameters, Root, Spot};

/// What is known of a function that a worker runs.
#[derive(Clone, Debug)]
pub(super) struct Entered {
    /// Parameters that hold objects of the parent.
    pub(super) parameters: Parameters,
    /// The call that leads here; `None` for the function that was handed over.
    pub(super) from: Option<ExprRef>,
    /// There is a way here on which no lock is held.
    pub(super) unlocked: bool,
    /// There is a way here on which it is known well what each call runs.
    pub(super) certain: bool,
    /// There is a way here that is not run for looking at an object, whose own business its caches are.
    pub(super) acts: bool,
}

/// Everything that the workers of one submission run.
#[derive(Clone, Debug, Default)]
pub(super) struct ChildRun {
    /// The number of the submission.
    pub(super) submission: usize,
    /// The functions, in order.
    pub(super) functions: BTreeMap<ScopeRef, Entered>,
    /// What the workers run before their first task.
    initializers: BTreeSet<ScopeRef>,
}

/// Functions of a worker that are looked at.
const FUNCTIONS: usize = 4000;

impl ChildRun {
    pub(super) fn new(
        program: &Program<'_>,
        graph: &CallGraph,
        held: &mut HashMap<ExprRef, bool>,
        number: usize,
        submission: &Submission<'_>,
    ) -> Self {
        let mut targets: BTreeSet<ScopeRef> = submission.targets.iter().filter_map(Target::function).collect();
        let wrapped: Vec<ScopeRef> = targets.iter().copied().collect();
        for function in wrapped {
            targets.extend(program.solution.wrappers.get(&function).into_iter().flatten());
        }
        let mut all = targets.clone();
        graph.close(&mut all, &|_| false);
        let initializers = initializers_of(program, graph, submission);
        all.extend(&initializers);
        let mut run = Self {
            submission: number,
            functions: BTreeMap::new(),
            initializers,
        };
        let mut work = Vec::new();
        for target in &submission.targets {
            if let Some(function) = target.function() {
                run.enter_target(program, function, target, submission);
                work.push(function);
            }
        }
        for function in targets {
            if run.enter(function, &Parameters::new(), None, Way::CLEAR) {
                work.push(function);
            }
        }
        let in_child = |scope: ScopeRef| all.contains(&scope);
        while let Some(function) = work.pop() {
            if run.functions.len() > FUNCTIONS {
                break;
            }
            for edge in graph.edges(function) {
                if run.follow(program, graph, held, function, *edge, &in_child) {
                    work.push(edge.to);
                }
            }
        }
        run
    }

    fn enter_target(
        &mut self,
        program: &Program<'_>,
        function: ScopeRef,
        target: &Target,
        submission: &Submission<'_>,
    ) {
        let mut parameters = Parameters::new();
        let bound = target.receiver().is_some();
        let scope = program.scope(function);
        let count = u32::try_from(scope.parameters.len()).expect("internal: fewer than 2^32 parameters");
        for number in 0..count {
            if has_its_default(program, function, target, submission, number) {
                continue;
            }
            let root = if bound && number == 0 {
                Root::Receiver
            } else {
                Root::Argument
            };
            let at = first_expression(program, function);
            if let Some(at) = at {
                let spot = Spot::Whole;
                parameters.insert(number, Origin { root, spot, at });
            }
        }
        self.enter(function, &parameters, None, Way::CLEAR);
    }

    fn enter(&mut self, function: ScopeRef, parameters: &Parameters, from: Option<ExprRef>, way: Way) -> bool {
        let Some(entered) = self.functions.get_mut(&function) else {
            let entered = Entered {
                parameters: parameters.clone(),
                from,
                unlocked: way.unlocked,
                certain: way.certain,
                acts: way.acts,
            };
            self.functions.insert(function, entered);
            return true;
        };
        let mut grown = (way.unlocked && !entered.unlocked) || (way.certain && !entered.certain);
        grown |= way.acts && !entered.acts;
        if (way.certain && !entered.certain) || (way.acts && !entered.acts && from.is_some()) {
            entered.from = from;
        }
        entered.unlocked |= way.unlocked;
        entered.certain |= way.certain;
        entered.acts |= way.acts;
        for (&number, &origin) in parameters {
            if let std::collections::btree_map::Entry::Vacant(vacant) = entered.parameters.entry(number) {
                vacant.insert(origin);
                grown = true;
            }
        }
        grown
    }

    fn follow(
        &mut self,
        program: &Program<'_>,
        graph: &CallGraph,
        held: &mut HashMap<ExprRef, bool>,
        function: ScopeRef,
        edge: Edge,
        in_child: &dyn Fn(ScopeRef) -> bool,
    ) -> bool {
        let Some(entered) = self.functions.get(&function) else {
            return false;
        };
        let locked = *held.entry(edge.at).or_insert_with(|| is_held(program, edge.at));
        let way = Way {
            unlocked: entered.unlocked && !locked,
            certain: entered.certain && !graph.is_vague(edge.at) && edge.nature != Nature::Mentions,
            acts: entered.acts && edge.nature != Nature::Looks,
        };
        let origins = Origins {
            program,
            function,
            parameters: &entered.parameters,
            in_child,
        };
        let parameters = if way.certain {
            bind(program, &origins, edge)
        } else {
            Parameters::new()
        };
        self.enter(edge.to, &parameters, Some(edge.at), way)
    }

    /// Whether a function runs in the worker, with a task or before the first one.
    pub(super) fn owns(&self, function: ScopeRef) -> bool {
        self.runs(function) || self.initializers.contains(&function)
    }

    /// The functions that the workers run before their first task.
    pub(super) fn initializers(&self) -> &BTreeSet<ScopeRef> {
        &self.initializers
    }

    /// Everything that the workers run.
    pub(super) fn all(&self) -> BTreeSet<ScopeRef> {
        self.functions.keys().chain(&self.initializers).copied().collect()
    }

    /// Whether a function runs in the worker.
    pub(super) fn runs(&self, function: ScopeRef) -> bool {
        self.functions.contains_key(&function)
    }

    /// The calls that lead from the handed-over function to another one.
    pub(super) fn path(&self, program: &Program<'_>, function: ScopeRef) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut current = function;
        let mut seen = BTreeSet::new();
        while seen.insert(current) && notes.len() < 6 {
            let Some(from) = self.functions.get(&current).and_then(|entered| entered.from) else {
                break;
            };
            let message = format!("the worker calls `{}` here", program.display_name(current));
            notes.insert(
                0,
                Note {
                    place: program.place(from),
                    message,
                },
            );
            current = program.function_around(program.scope_of(from));
        }
        notes
    }
}

/// Whether a hand-over is known to pass nothing for a parameter of its target, which makes the default in the worker.
fn has_its_default(
    program: &Program<'_>,
    function: ScopeRef,
    target: &Target,
    submission: &Submission<'_>,
    number: u32,
) -> bool {
    let parameter = &program.scope(function).parameters[number as usize];
    let bound = usize::from(target.receiver().is_some());
    let passes = |slot: &Slot| match slot {
        Slot::Position(position) => position + bound == number as usize,
        Slot::Keyword(name) => *name == parameter.name,
    };
    let mut slots = submission.arguments.iter().map(|argument| argument.slot.as_ref());
    parameter.default.is_some()
        && submission.arguments_complete
        && target.partials.is_empty()
        && !slots.any(|slot| slot.is_none_or(passes))
}

/// How a function is reached.
#[derive(Clone, Copy, Debug)]
struct Way {
    unlocked: bool,
    certain: bool,
    acts: bool,
}

impl Way {
    const CLEAR: Self = Self {
        unlocked: true,
        certain: true,
        acts: true,
    };
}

/// What the workers of a submission run before their first task: what their pool says, or what any pool says where it
/// is not known.
fn initializers_of(program: &Program<'_>, graph: &CallGraph, submission: &Submission<'_>) -> BTreeSet<ScopeRef> {
    let mut functions: BTreeSet<ScopeRef> = BTreeSet::new();
    // A process of its own belongs to no pool.
    if submission.shape.result == SubmissionResult::Worker {
        return functions;
    }
    for worker in &submission.workers {
        match worker.executor.and_then(|executor| program.site(executor)) {
            Some(Site::Expr(site)) => functions.extend(graph.initializers.get(&site).into_iter().flatten()),
            _ => functions.extend(graph.initializers.values().flatten()),
        }
    }
    graph.close(&mut functions, &|_| false);
    functions
}

/// Any expression of a function: what parameters of the handed-over function are reached through.
fn first_expression(program: &Program<'_>, function: ScopeRef) -> Option<ExprRef> {
    let index = program.index(function.file);
    index.statements_of(function.scope).iter().find_map(|&id| {
        crate::facts::statement_expressions(index.statement(id).stmt)
            .into_iter()
            .next()
            .map(|expr| ExprRef {
                file: function.file,
                expr,
            })
    })
}

/// The parameters of the called function that get objects of the parent.
fn bind(program: &Program<'_>, origins: &Origins<'_, '_>, edge: Edge) -> Parameters {
    let mut found = Parameters::new();
    match program.kind(edge.at) {
        ExprKind::Call { callee, arguments, .. } => {
            let shift = match called_as(program, edge) {
                Some(Called::Bound) => {
                    let receiver = match program.kind(program.sibling(edge.at, *callee)) {
                        ExprKind::Attribute { base, .. } => origins.of(*base),
                        _ => origins.of(*callee),
                    };
                    found.extend(receiver.map(|origin| (0, origin)));
                    1
                }
                Some(Called::Constructed) => 1,
                Some(Called::Plain) => 0,
                None => return found,
            };
            let parameters = &program.scope(edge.to).parameters;
            let mut position = shift;
            for argument in arguments {
                let number = match &argument.kind {
                    ArgumentKind::Positional => {
                        position += 1;
                        Some(position - 1)
                    }
                    ArgumentKind::Keyword(name) => parameters
                        .iter()
                        .position(|parameter| parameter.name == *name)
                        .and_then(|number| u32::try_from(number).ok()),
                    ArgumentKind::Star | ArgumentKind::DoubleStar => None,
                };
                if let (Some(number), Some(origin)) = (number, origins.of(argument.value)) {
                    found.insert(number, origin);
                }
            }
        }
        // A property, or what a `for`, a `with` or a subscript runs on its object.
        ExprKind::Attribute { base, .. } if program.class_of_method(edge.to).is_some() => {
            let owner = origins.of(*base).or_else(|| origins.of(edge.at.expr));
            found.extend(owner.map(|origin| (0, origin)));
        }
        ExprKind::Name { .. } if program.class_of_method(edge.to).is_some() => {
            found.extend(origins.of(edge.at.expr).map(|origin| (0, origin)));
        }
        _ => {}
    }
    found
}

enum Called {
    Bound,
    Constructed,
    Plain,
}

fn called_as(program: &Program<'_>, edge: Edge) -> Option<Called> {
    program.callees(edge.at).into_iter().find_map(|callee| match callee {
        Callee::Function { function, receiver } if function == edge.to => Some(if receiver.is_some() {
            Called::Bound
        } else {
            Called::Plain
        }),
        Callee::Class(class) if program.methods(class, "__init__", false).contains(&edge.to) => {
            Some(Called::Constructed)
        }
        _ => None,
    })
}
