//! A process ends only when what it has put on a queue is in the pipe, and the pipe holds about 64 KiB: to join it
//! before the queue is read waits for ever.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{ExprKind, SequenceKind, StmtKind};
use crate::finding::Confidence;
use crate::knowledge::{LifeStep, Role, Semantic, SubmissionResult, WorkerKind};
use crate::link::index::Loop;
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId};
use crate::link::{Callee, Program, Submission};
use crate::summary::Sizes;
use crate::summary::sequence::{Event, Sequences, called, exclusive};
use crate::summary::startup::{Started, Startup};

use super::{external_methods, has_timeout, holds, is_worker, made_at, step};

/// A process that is joined while its queue may be full.
#[derive(Clone, Debug)]
pub struct Undrained {
    /// The call that joins the process.
    pub join: ExprRef,
    /// The call that makes the process.
    pub process: ExprRef,
    /// The call in the process that puts items.
    pub put: ExprRef,
    /// The call that makes the queue.
    pub queue: ExprRef,
    /// A call that gets one item before the join.
    pub one_get: Option<ExprRef>,
    /// How sure it is that the items do not fit into the pipe.
    pub confidence: Confidence,
}

/// Items of a few bytes fit into the pipe up to this many.
const FEW_ITEMS: f64 = 150.0;

/// A call in a process that puts items on a queue.
#[derive(Clone, Copy, Debug)]
struct Put {
    queue: ExprRef,
    call: ExprRef,
    many: bool,
    confidence: Confidence,
}

pub(super) fn find(program: &Program<'_>, startup: &Startup, sequences: &Sequences) -> Vec<Undrained> {
    let calls = QueueCalls::compute(program);
    let putting = startup.leading_to(calls.puts.keys().map(|&call| scope_around(program, call)));
    let mut puts: BTreeMap<ExprRef, Vec<Put>> = BTreeMap::new();
    for submission in program.submissions.iter().filter(|submission| is_process(submission)) {
        let found = puts_of(program, sequences, &calls, &putting, submission);
        if !found.is_empty() {
            puts.insert(submission.call, found);
        }
    }
    if puts.is_empty() {
        return Vec::new();
    }
    let started = startup
        .creations()
        .iter()
        .filter(|(_, creation)| creation.started == Started::Process);
    let starting = startup.leading_to(started.map(|(&call, _)| scope_around(program, call)));
    let joining = startup.leading_to(calls.joins.keys().map(|&call| scope_around(program, call)));
    let getting = startup.leading_to(calls.gets.keys().map(|&call| scope_around(program, call)));
    let followed: BTreeSet<ScopeRef> = starting.iter().chain(&joining).chain(&getting).copied().collect();
    let (mut found, mut cleared) = (BTreeMap::new(), BTreeSet::new());
    for &root in starting.intersection(&joining) {
        let events = sequences.of(program, root, &followed);
        let walk = Walk {
            program,
            startup,
            calls: &calls,
            puts: &puts,
            events: &events,
        };
        walk.run(&mut found, &mut cleared);
    }
    found
        .into_iter()
        .filter(|(join, _)| !cleared.contains(join))
        .map(|(_, undrained)| undrained)
        .collect()
}

fn scope_around(program: &Program<'_>, call: ExprRef) -> ScopeRef {
    program.function_around(program.scope_of(call))
}

fn is_process(submission: &Submission<'_>) -> bool {
    submission.through.is_none()
        && submission.shape.result == SubmissionResult::Worker
        && submission.is_always(WorkerKind::Process)
}

/// The calls of queues and processes, by expression.
#[derive(Debug, Default)]
struct QueueCalls {
    puts: BTreeMap<ExprRef, Vec<ExprRef>>,
    /// The queues, and whether the call takes any number of items.
    gets: BTreeMap<ExprRef, (Vec<ExprRef>, bool)>,
    joins: BTreeMap<ExprRef, Vec<ExprRef>>,
    /// Queues whose items may be abandoned.
    abandoned: BTreeSet<ExprRef>,
}

impl QueueCalls {
    fn compute(program: &Program<'_>) -> Self {
        let mut found = Self::default();
        for call in program.calls() {
            for (name, receiver) in external_methods(program, call) {
                found.method(program, call, &name, receiver);
            }
            // `iter(queue.get, None)` and the like.
            let ExprKind::Call { arguments, .. } = program.kind(call) else {
                continue;
            };
            for argument in arguments {
                for value in program.values(program.sibling(call, argument.value)).iter() {
                    if let Value::ExternalMethod { receiver, of, name } = *program.value(value)
                        && let Some(queue) = queue_made_at(program, receiver)
                        && is_get(program, &program.method_name(program.name(of), program.name(name)))
                    {
                        let entry = found.gets.entry(call).or_default();
                        entry.0.push(queue);
                        entry.1 = true;
                    }
                }
            }
        }
        found
    }

    fn method(&mut self, program: &Program<'_>, call: ExprRef, name: &str, receiver: ValueId) {
        if is_worker(program, receiver, WorkerKind::Process) {
            if let (Some(LifeStep::Join), Some(process)) = (step(program, name), made_at(program, receiver))
                && !has_timeout(program, call, name)
            {
                self.joins.entry(call).or_default().push(process);
            }
            return;
        }
        let Some(queue) = queue_made_at(program, receiver) else {
            return;
        };
        match program.knowledge.semantic(name) {
            Some(Semantic::Adds) => self.puts.entry(call).or_default().push(queue),
            Some(Semantic::Element) => self.gets.entry(call).or_default().0.push(queue),
            Some(Semantic::AbandonsItems) => {
                self.abandoned.insert(queue);
            }
            _ => {}
        }
    }
}

fn is_get(program: &Program<'_>, name: &str) -> bool {
    program.knowledge.semantic(name) == Some(Semantic::Element)
}

/// Where a queue is made that hands its items to a thread of the putting process.
fn queue_made_at(program: &Program<'_>, value: ValueId) -> Option<ExprRef> {
    let fact = program.type_fact(value)?;
    if fact.fills_pipe { made_at(program, value) } else { None }
}

/// What a process puts on queues.
fn puts_of(
    program: &Program<'_>,
    sequences: &Sequences,
    calls: &QueueCalls,
    putting: &BTreeSet<ScopeRef>,
    submission: &Submission<'_>,
) -> Vec<Put> {
    let mut found = Vec::new();
    for target in &submission.targets {
        let Some(function) = target.function() else { continue };
        for event in sequences.of(program, function, putting) {
            for &queue in calls.puts.get(&event.call).into_iter().flatten() {
                if !calls.abandoned.contains(&queue) && travels(program, submission, queue) {
                    found.extend(judged(program, &event, queue));
                }
            }
        }
    }
    found
}

/// Whether a queue is handed to a process; always so where its arguments are not all in sight.
fn travels(program: &Program<'_>, submission: &Submission<'_>, queue: ExprRef) -> bool {
    let is_queue = |value| made_at(program, value) == Some(queue);
    let passed = submission
        .arguments
        .iter()
        .any(|argument| holds(program, program.values(argument.expr), &is_queue));
    let passes_queues = submission.arguments.iter().any(|argument| {
        holds(program, program.values(argument.expr), &|value| {
            program.role(value) == Some(Role::ProcessQueue)
        })
    });
    passed || !passes_queues
}

/// What one call puts, if that may not fit into the pipe.
fn judged(program: &Program<'_>, event: &Event, queue: ExprRef) -> Option<Put> {
    let item = program.argument(event.call, Some(0), None)?;
    let size = item_size(program, item);
    let put = |many, confidence| {
        Some(Put {
            queue,
            call: event.call,
            many,
            confidence,
        })
    };
    if event.in_loop {
        let rounds = rounds(program, event.call);
        return match (rounds, size) {
            (Some(rounds), Size::Small) if rounds <= FEW_ITEMS => None,
            (Some(rounds), Size::Unknown) if rounds <= FEW_ITEMS => None,
            (Some(_), Size::Small) => put(true, Confidence::High),
            (Some(_), _) => put(true, Confidence::Medium),
            (None, Size::Unknown) => put(true, Confidence::Medium),
            (None, _) => put(true, Confidence::High),
        };
    }
    match size {
        Size::Large => put(false, Confidence::Medium),
        Size::Small | Size::Unknown => None,
    }
}

/// How many rounds the loop around a call makes, where that is known.
fn rounds(program: &Program<'_>, call: ExprRef) -> Option<f64> {
    let index = program.index(call.file);
    let sizes = Sizes {
        program,
        file: call.file,
    };
    let mut total: Option<f64> = Some(1.0);
    for around in index.loops_around(call.expr) {
        let rounds = match around {
            Loop::Statement(id) => match &index.statement(id).stmt.kind {
                StmtKind::For { iterable, .. } => Some(sizes.rounds(*iterable)),
                _ => None,
            },
            Loop::Comprehension(expr) => Some(sizes.rounds(expr)),
        };
        total = match (total, rounds.filter(|rounds| rounds.known)) {
            (Some(total), Some(rounds)) => Some(total * rounds.count.most),
            _ => None,
        };
    }
    total
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Size {
    /// A number, a truth value, a short text, or a few of them.
    Small,
    Unknown,
    /// A container or text of any length.
    Large,
}

fn item_size(program: &Program<'_>, item: ExprRef) -> Size {
    match program.kind(item) {
        ExprKind::Bool(_) | ExprKind::None | ExprKind::Int(_) | ExprKind::Float(_) => Size::Small,
        ExprKind::Str { len, .. } | ExprKind::Bytes { len } => {
            if *len < 1000 {
                Size::Small
            } else {
                Size::Large
            }
        }
        ExprKind::FString(_) | ExprKind::Compare { .. } => Size::Small,
        ExprKind::Comprehension { .. } => Size::Large,
        ExprKind::Sequence { kind, elements, len } => {
            let parts = elements
                .iter()
                .map(|&element| item_size(program, program.sibling(item, element)));
            let largest = parts.max().unwrap_or(Size::Small);
            if *len > 500 && *kind != SequenceKind::Set {
                Size::Large
            } else {
                largest
            }
        }
        ExprKind::Dict { entries, len } if *len <= 500 => {
            let values = entries.iter().map(|&(_, value)| program.sibling(item, value));
            let sizes = values.map(|value| item_size(program, value));
            sizes.max().unwrap_or(Size::Small)
        }
        ExprKind::Binary { left, right, .. } => {
            let (left, right) = (program.sibling(item, *left), program.sibling(item, *right));
            let by_type = type_size(program, item);
            if by_type == Size::Unknown {
                item_size(program, left).max(item_size(program, right))
            } else {
                by_type
            }
        }
        _ => type_size(program, item),
    }
}

/// The size that the type of a value suggests; a display that is written out counts as what it holds.
fn type_size(program: &Program<'_>, item: ExprRef) -> Size {
    let mut size = None;
    for value in program.values(item).iter() {
        let this = match program.value(value) {
            Value::Int(_) | Value::Bool(_) | Value::None | Value::Str(_) => Size::Small,
            Value::ExternalInstance { of, site } => external_size(program, program.name(*of), *site),
            _ => Size::Unknown,
        };
        size = size.max(Some(this));
    }
    size.unwrap_or(Size::Unknown)
}

fn external_size(program: &Program<'_>, of: &str, site: Option<Site>) -> Size {
    use crate::link::language;
    if [language::INT, language::FLOAT, language::BOOL, language::NONE_TYPE].contains(&of) {
        return Size::Small;
    }
    if ![language::LIST, language::DICT, language::SET, language::BYTES].contains(&of) {
        return Size::Unknown;
    }
    match site {
        Some(Site::Expr(made)) => match program.kind(made) {
            ExprKind::Comprehension { .. } => Size::Large,
            // A display may be filled later.
            ExprKind::Sequence { len: 0, .. } | ExprKind::Dict { len: 0, .. } => Size::Large,
            ExprKind::Sequence { .. } | ExprKind::Dict { .. } => Size::Unknown,
            _ => Size::Large,
        },
        _ => Size::Unknown,
    }
}

/// One run of a function that starts and joins processes.
struct Walk<'w, 'a> {
    program: &'w Program<'a>,
    startup: &'w Startup,
    calls: &'w QueueCalls,
    puts: &'w BTreeMap<ExprRef, Vec<Put>>,
    events: &'w [Event],
}

impl Walk<'_, '_> {
    fn run(&self, found: &mut BTreeMap<ExprRef, Undrained>, cleared: &mut BTreeSet<ExprRef>) {
        let mut started: BTreeMap<ExprRef, usize> = BTreeMap::new();
        for (position, event) in self.events.iter().enumerate() {
            if let Some(creation) = self.startup.creations().get(&event.call) {
                for (_, receiver) in external_methods(self.program, event.call) {
                    started.extend(made_at(self.program, receiver).map(|site| (site, position)));
                }
                started.extend(
                    creation
                        .object
                        .and_then(|object| made_at(self.program, object))
                        .map(|site| (site, position)),
                );
            }
            for process in self.calls.joins.get(&event.call).into_iter().flatten() {
                let Some(&start) = started.get(process) else { continue };
                if exclusive(self.program, &self.events[start], event) {
                    continue;
                }
                for put in self.puts.get(process).into_iter().flatten() {
                    match self.before_join(put, position) {
                        Some(one_get) => {
                            found.entry(event.call).or_insert(Undrained {
                                join: event.call,
                                process: *process,
                                put: put.call,
                                queue: put.queue,
                                one_get,
                                confidence: put.confidence,
                            });
                        }
                        None => {
                            cleared.insert(event.call);
                        }
                    }
                }
            }
        }
    }

    /// The single item that is taken before the join, if any; `None` where the queue may be drained by then.
    fn before_join(&self, put: &Put, join: usize) -> Option<Option<ExprRef>> {
        let gets = |event: &Event| {
            self.calls
                .gets
                .get(&event.call)
                .filter(|(queues, _)| queues.contains(&put.queue))
                .map(|(_, any)| *any)
        };
        let mut one = None;
        for event in &self.events[..join] {
            if let Some(any) = gets(event) {
                if any || event.in_loop || one.is_some() || !put.many {
                    return None;
                }
                one = Some(event.call);
            } else if self.is_handed_on(event.call, put.queue) {
                return None;
            }
        }
        let here: BTreeSet<ExprRef> = self.events.iter().map(|event| event.call).collect();
        let elsewhere = self
            .calls
            .gets
            .iter()
            .any(|(call, (queues, _))| queues.contains(&put.queue) && !here.contains(call));
        (!elsewhere).then_some(one)
    }

    /// A call of something unknown, or a thread, that is given the queue may read it.
    fn is_handed_on(&self, call: ExprRef, queue: ExprRef) -> bool {
        let program = self.program;
        let ExprKind::Call { arguments, .. } = program.kind(call) else {
            return false;
        };
        let is_queue = |value| made_at(program, value) == Some(queue);
        let passed = arguments.iter().any(|argument| {
            holds(
                program,
                program.values(program.sibling(call, argument.value)),
                &is_queue,
            )
        });
        if !passed || self.puts.contains_key(&call) || !called(program, call).is_empty() {
            return false;
        }
        let processes = program
            .submissions
            .iter()
            .any(|one| one.call == call && one.is_always(WorkerKind::Process));
        let keeps = program.callees(call).iter().all(|callee| {
            matches!(callee, Callee::External { name, .. }
                if matches!(program.knowledge.semantic(name), Some(Semantic::Adds | Semantic::AddsSecond | Semantic::AddsAll)))
        });
        !processes && !keeps
    }
}
