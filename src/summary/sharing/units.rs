//! The pieces of code that run side by side: what each thread runs, and how often.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{BinaryOp, DefId, DefKind, ExprKind, ScopeKind, Span, SymbolId};
use crate::finding::FileId;
use crate::knowledge::{LifeStep, WorkerKind};
use crate::link::index::Loop;
use crate::link::submissions::targets_of;
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId};
use crate::link::{Callee, Intent, Program, Slot, Submission, Target};

use super::places::{same_text, single_site};

/// Who can see an object that a unit touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Share {
    /// Made by the run itself, or one for each run.
    Own,
    /// A different value for each run.
    PerTask,
    /// Not known.
    Unknown,
    /// The same for all runs.
    Shared,
}

impl Share {
    /// What holds whichever of two comes.
    pub(super) fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Unknown }
    }
}

/// What one thread runs, or each of several threads.
pub(super) struct Unit<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    /// The position of the submission in the program's list.
    pub(super) number: usize,
    /// The function that runs.
    pub(super) root: ScopeRef,
    /// The object whose method it is.
    pub(super) receiver: Option<ValueId>,
    /// The call that happens several times, once for each run; `None` where there is one run.
    pub(super) anchor: Option<ExprRef>,
    /// The functions that the unit reaches.
    pub(super) reached: BTreeSet<ScopeRef>,
    /// The functions that may be active when the threads are started.
    pub(super) outside: BTreeSet<ScopeRef>,
    /// It is what is called when the work is done, in the worker's own thread or another one.
    pub(super) is_callback: bool,
}

/// A call that may run more functions than this says nothing about which of them run side by side.
const POLYMORPHISM: usize = 4;
/// A thread that reaches more functions runs the whole program, and most of it by name only.
const WHOLE_PROGRAM: usize = 150;
/// Calls are followed this far outwards.
const OUTWARDS: usize = 400;

/// All units of a program, in the order of the submissions.
pub(super) fn units<'p, 'a>(program: &'p Program<'a>, calls: &BTreeMap<ScopeRef, Vec<ExprRef>>) -> Vec<Unit<'p, 'a>> {
    let submitting: BTreeSet<ExprRef> = program.submissions.iter().map(|submission| submission.call).collect();
    let mut found = Vec::new();
    for (number, submission) in program.submissions.iter().enumerate() {
        if submission.forwarded || !submission.is_always(WorkerKind::Thread) {
            continue;
        }
        for target in &submission.targets {
            let Some(root) = target.function() else { continue };
            if program.scope(root).is_async {
                continue;
            }
            let reached = reached(program, calls, &submitting, root);
            if reached.len() > WHOLE_PROGRAM {
                continue;
            }
            found.push(Unit {
                program,
                number,
                root,
                receiver: target.receiver(),
                anchor: anchor(program, submission),
                reached,
                outside: outside(program, program.function_around(submission.scope)),
                is_callback: false,
            });
        }
    }
    found.extend(callbacks(program, calls, &submitting));
    found
}

/// What is called in another thread when work is done.
fn callbacks<'p, 'a>(
    program: &'p Program<'a>,
    calls: &BTreeMap<ScopeRef, Vec<ExprRef>>,
    submitting: &BTreeSet<ExprRef>,
) -> Vec<Unit<'p, 'a>> {
    let mut given: Vec<(usize, ExprRef)> = Vec::new();
    let mut numbers = BTreeMap::new();
    for (number, submission) in program.submissions.iter().enumerate() {
        if submission.through.is_some() || submission.workers.iter().any(|worker| worker.kind.is_none()) {
            continue;
        }
        numbers.insert(submission.call, number);
        let positions = submission.shape.callbacks.iter();
        let arguments = positions.filter_map(|position| program.argument_at(submission.call, position));
        given.extend(arguments.map(|callback| (number, callback)));
    }
    for call in calls.values().flatten().copied() {
        given.extend(added_callback(program, &numbers, call));
    }
    let mut found = Vec::new();
    for (number, callback) in given {
        for target in targets_of(program, callback) {
            let Some(root) = target.function().filter(|&root| !program.scope(root).is_async) else {
                continue;
            };
            found.push(Unit {
                program,
                number,
                root,
                receiver: target.receiver(),
                anchor: None,
                reached: reached(program, calls, submitting, root),
                outside: outside(program, program.function_around(program.submissions[number].scope)),
                is_callback: true,
            });
        }
    }
    found
}

/// `future.add_done_callback(f)`: the submission that the future stands for, and `f`.
fn added_callback(
    program: &Program<'_>,
    numbers: &BTreeMap<ExprRef, usize>,
    call: ExprRef,
) -> Option<(usize, ExprRef)> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    let ExprKind::Attribute { base, .. } = program.kind(program.sibling(call, *callee)) else {
        return None;
    };
    let adds = program.callees(call).iter().any(|callee| match callee {
        Callee::External { name, .. } => {
            let fact = program.knowledge.call(name);
            fact.is_some_and(|fact| fact.step == Some(LifeStep::Callback))
        }
        _ => false,
    });
    if !adds {
        return None;
    }
    let future = single_site(program, program.sibling(call, *base))?.expression()?;
    Some((*numbers.get(&future)?, program.argument(call, Some(0), None)?))
}

/// The call that makes several runs of a submission.
fn anchor(program: &Program<'_>, submission: &Submission<'_>) -> Option<ExprRef> {
    if submission.intent.is_fan_out() {
        return Some(submission.call);
    }
    let submitter = program.function_around(submission.scope);
    let callers = program.solution.callers.get(&submitter)?;
    callers.iter().copied().find(|&call| {
        !program.index(call.file).loops_around(call.expr).is_empty() && calls_directly(program, call, submitter)
    })
}

fn calls_directly(program: &Program<'_>, call: ExprRef, function: ScopeRef) -> bool {
    match program.callees(call).as_slice() {
        [Callee::Function { function: called, .. }] => *called == function,
        [Callee::Class(class)] => program.methods(*class, "__init__", false).contains(&function),
        _ => false,
    }
}

/// The functions that a call may run in the caller's own thread.
pub(super) fn called(program: &Program<'_>, submitting: &BTreeSet<ExprRef>, call: ExprRef) -> Vec<Callee> {
    let mut found = program.callees(call);
    if is_ambiguous(program, &found) {
        return Vec::new();
    }
    if submitting.contains(&call) {
        found.retain(|callee| matches!(callee, Callee::Function { .. } | Callee::Class(_)));
        return found;
    }
    // Callables that a call outside the project is given may be run by it.
    if found.iter().any(|callee| matches!(callee, Callee::External { .. }))
        && let ExprKind::Call { arguments, .. } = program.kind(call)
    {
        for argument in arguments {
            for callee in program.callees_of(program.values(program.sibling(call, argument.value))) {
                if let Callee::Function { function, .. } = callee {
                    found.push(Callee::Function {
                        function,
                        receiver: None,
                    });
                }
            }
        }
    }
    found
}

/// Whether a call may run quite different functions, as one that runs whatever it was given does. Methods of one name
/// are not different.
fn is_ambiguous(program: &Program<'_>, callees: &[Callee]) -> bool {
    let functions: Vec<ScopeRef> = callees
        .iter()
        .filter_map(|callee| match callee {
            Callee::Function { function, .. } => Some(*function),
            _ => None,
        })
        .collect();
    let names: BTreeSet<&str> = functions
        .iter()
        .map(|&function| program.scope(function).name.as_str())
        .collect();
    let lambdas = functions
        .iter()
        .filter(|&&function| program.scope(function).kind == ScopeKind::Lambda);
    functions.len() > POLYMORPHISM || names.len() > 1 || lambdas.count() > 1
}

/// The functions that calling something of the project runs: constructors for classes.
pub(super) fn functions_of(program: &Program<'_>, callee: &Callee) -> Vec<ScopeRef> {
    match callee {
        Callee::Function { function, .. } => vec![*function],
        Callee::Class(class) => {
            let mut found = program.methods(*class, "__init__", false);
            found.extend(program.methods(*class, "__new__", false));
            found.extend(metaclass_calls(program, *class));
            found
        }
        _ => Vec::new(),
    }
}

/// The `__call__` of a metaclass, which makes the instances of a class.
pub(super) fn metaclass_calls(program: &Program<'_>, class: ScopeRef) -> Vec<ScopeRef> {
    let mut found = Vec::new();
    for &base in program.solution.classes.ancestry(class).iter() {
        let crate::link::solver::Base::Project(above) = base else {
            continue;
        };
        for (_, value) in &program.scope(above).keywords {
            let value = ExprRef {
                file: above.file,
                expr: *value,
            };
            for value in program.values(value).iter() {
                if let Value::Class(meta) = *program.value(value) {
                    found.extend(program.methods(meta, "__call__", false));
                }
            }
        }
    }
    found
}

fn reached(
    program: &Program<'_>,
    calls: &BTreeMap<ScopeRef, Vec<ExprRef>>,
    submitting: &BTreeSet<ExprRef>,
    root: ScopeRef,
) -> BTreeSet<ScopeRef> {
    let mut found = BTreeSet::from([root]);
    let mut open = vec![root];
    while let Some(function) = open.pop() {
        for &call in calls.get(&function).into_iter().flatten() {
            for callee in called(program, submitting, call) {
                for next in functions_of(program, &callee) {
                    if found.insert(next) {
                        open.push(next);
                    }
                }
            }
        }
    }
    found
}

/// A function and everything that may call it.
fn outside(program: &Program<'_>, submitter: ScopeRef) -> BTreeSet<ScopeRef> {
    let mut found = BTreeSet::from([submitter]);
    let mut open = vec![submitter];
    while let Some(function) = open.pop() {
        for &call in program.solution.callers.get(&function).into_iter().flatten() {
            let caller = program.function_around(program.scope_of(call));
            if found.len() < OUTWARDS && found.insert(caller) {
                open.push(caller);
            }
        }
    }
    found
}

impl<'a> Unit<'_, 'a> {
    pub(super) fn submission(&self) -> &Submission<'a> {
        &self.program.submissions[self.number]
    }

    /// What the parameters of the unit's function hold.
    pub(super) fn parameters(&self) -> Vec<Share> {
        let parameters = &self.program.scope(self.root).parameters;
        let mut found = vec![Share::Unknown; parameters.len()];
        if self.is_callback {
            return found;
        }
        let bound = self.receiver.is_some();
        if let (true, Some(first)) = (bound, found.first_mut()) {
            *first = self.receiver_share();
        }
        let submission = self.submission();
        if self.anchor.is_some_and(|anchor| anchor != submission.call) {
            return found;
        }
        for argument in &submission.arguments {
            let at = match &argument.slot {
                Some(Slot::Position(position)) => Some(position + usize::from(bound)),
                Some(Slot::Keyword(name)) => parameters.iter().position(|parameter| parameter.name == *name),
                None => None,
            };
            if let Some(slot) = at.and_then(|at| found.get_mut(at)) {
                *slot = self.argument_share(argument.expr, argument.elements);
            }
        }
        found
    }

    fn argument_share(&self, expr: ExprRef, elements: bool) -> Share {
        if !elements {
            return self.outside_share(expr);
        }
        if repeats(self.program, expr) {
            Share::Unknown
        } else {
            Share::PerTask
        }
    }

    fn receiver_share(&self) -> Share {
        let submission = self.submission();
        let site = self.receiver.and_then(|receiver| self.program.site(receiver));
        if site == Some(Site::Expr(submission.call)) {
            return Share::Own;
        }
        // An expression that may be one of several objects does not say whether two runs have the same.
        if !is_one_object(submission, self.root) && self.loop_span().is_none() {
            return Share::Unknown;
        }
        if submission.intent == Intent::Several && !self.same_receiver_elsewhere() {
            return Share::Unknown;
        }
        let base = submission
            .callable
            .and_then(|callable| self.receiver_expression(callable, 0));
        let direct = base.map_or(Share::Unknown, |base| self.outside_share(base));
        match (direct, site) {
            (Share::Unknown, Some(site)) => self.site_share(site),
            _ => direct,
        }
    }

    /// Whether another submission of the same function runs a method of the very same object.
    fn same_receiver_elsewhere(&self) -> bool {
        let scope = self.program.function_around(self.submission().scope);
        let others = self
            .program
            .submissions
            .iter()
            .enumerate()
            .filter(|(number, other)| *number != self.number && self.program.function_around(other.scope) == scope);
        let runs_same = |target: &Target| target.function() == Some(self.root) && target.receiver() == self.receiver;
        let own_text = self.receiver_text(self.submission());
        others
            .filter(|(_, other)| is_one_object(other, self.root) && other.targets.iter().any(runs_same))
            // An object that is known by its class only is the same where it is written the same.
            .any(|(_, other)| self.has_site() || own_text.is_some() && own_text == self.receiver_text(other))
    }

    fn has_site(&self) -> bool {
        self.receiver
            .is_some_and(|receiver| self.program.site(receiver).is_some())
    }

    fn receiver_text(&self, submission: &Submission<'_>) -> Option<String> {
        let base = self.receiver_expression(submission.callable?, 0)?;
        Some(self.program.text(base))
    }

    /// The `x` of a submitted `x.method`.
    fn receiver_expression(&self, callable: ExprRef, depth: u32) -> Option<ExprRef> {
        if depth > 3 {
            return None;
        }
        match self.program.kind(callable) {
            ExprKind::Attribute { base, .. } => Some(self.program.sibling(callable, *base)),
            ExprKind::Call { .. } => {
                let inner = self.program.argument(callable, Some(0), None)?;
                self.receiver_expression(inner, depth + 1)
            }
            ExprKind::Name { reaching, .. } => match reaching.as_slice() {
                [only] => match &self.program.file(callable.file).definition(*only).kind {
                    DefKind::Assign { value, path } if path.is_empty() => {
                        self.receiver_expression(self.program.sibling(callable, *value), depth + 1)
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// The innermost loop around the call that makes several runs; none for maps.
    fn loop_span(&self) -> Option<Span> {
        let anchor = self.anchor?;
        if anchor == self.submission().call && matches!(self.submission().intent, Intent::Map | Intent::Several) {
            return None;
        }
        let index = self.program.index(anchor.file);
        match index.loops_around(anchor.expr).first()? {
            Loop::Statement(id) => Some(index.statement(*id).stmt.span),
            Loop::Comprehension(expr) => Some(index.facts.span(*expr)),
        }
    }

    /// What an expression of the submitting function is to the runs.
    fn outside_share(&self, expr: ExprRef) -> Share {
        let Some(anchor) = self.anchor else {
            return Share::Shared;
        };
        if anchor != self.submission().call {
            return self.outside_share_at(expr, anchor);
        }
        self.direct_share(expr)
    }

    /// As above where the runs come from a loop around a call of the submitting function.
    fn outside_share_at(&self, expr: ExprRef, anchor: ExprRef) -> Share {
        let ExprKind::Name { reaching, .. } = self.program.kind(expr) else {
            return single_site(self.program, expr).map_or(Share::Unknown, |site| self.site_share(site));
        };
        let facts = self.program.file(expr.file);
        let is_self = |&def| matches!(facts.definition(def).kind, DefKind::Parameter { index: 0 });
        let submitter = self.program.function_around(self.submission().scope);
        if reaching.iter().any(is_self) && self.program.class_of_method(submitter).is_some() {
            let ExprKind::Call { callee, .. } = self.program.kind(anchor) else {
                return Share::Unknown;
            };
            return match self.program.kind(self.program.sibling(anchor, *callee)) {
                ExprKind::Attribute { base, .. } => self.direct_share(self.program.sibling(anchor, *base)),
                _ => Share::Unknown,
            };
        }
        single_site(self.program, expr).map_or(Share::Unknown, |site| self.site_share(site))
    }

    /// What an expression that stands beside the repeated call is to the runs.
    fn direct_share(&self, expr: ExprRef) -> Share {
        let facts = self.program.file(expr.file);
        match self.program.kind(expr) {
            ExprKind::Name {
                symbol: Some(symbol),
                reaching,
                ..
            } => {
                if reaching.is_empty() && facts.symbol(*symbol).scope == crate::facts::MODULE {
                    return Share::Shared;
                }
                let all = &facts.symbol(*symbol).definitions;
                let definitions = if reaching.is_empty() { all } else { reaching };
                let shares = definitions.iter().map(|&def| self.definition_share(expr.file, def));
                shares.reduce(Share::or).unwrap_or(Share::Unknown)
            }
            ExprKind::Attribute { base, .. } => match self.direct_share(self.program.sibling(expr, *base)) {
                Share::Shared => Share::Shared,
                Share::PerTask | Share::Own => {
                    single_site(self.program, expr).map_or(Share::Own, |site| self.site_share(site))
                }
                Share::Unknown => Share::Unknown,
            },
            ExprKind::Call { .. } | ExprKind::Sequence { .. } | ExprKind::Dict { .. } => {
                let inside = self.loop_span().is_some_and(|span| {
                    self.anchor.is_some_and(|anchor| anchor.file == expr.file) && span.contains(facts.span(expr.expr))
                });
                match (inside, single_site(self.program, expr)) {
                    (_, Some(site)) => self.site_share(site),
                    (true, None) => Share::Own,
                    (false, None) => Share::Unknown,
                }
            }
            ExprKind::Binary { .. } | ExprKind::Subscript { .. } | ExprKind::FString(_) => {
                if self.mentions_loop_variable(expr) {
                    Share::PerTask
                } else {
                    Share::Unknown
                }
            }
            _ => Share::Unknown,
        }
    }

    fn mentions_loop_variable(&self, expr: ExprRef) -> bool {
        let facts = self.program.file(expr.file);
        let mut found = false;
        crate::facts::visit_expressions(facts, expr.expr, &mut |inner| {
            if let ExprKind::Name { reaching, .. } = facts.kind(inner) {
                found |= reaching
                    .iter()
                    .any(|&def| self.definition_share(expr.file, def) == Share::PerTask);
            }
        });
        found
    }

    fn definition_share(&self, file: FileId, def: DefId) -> Share {
        let definition = self.program.file(file).definition(def);
        let in_loop =
            |span: Span| self.anchor.is_some_and(|anchor| anchor.file == file) && span.contains(definition.span);
        let inside = self.loop_span().is_some_and(in_loop);
        match &definition.kind {
            DefKind::Element { iterable, .. } if inside => {
                let iterable = ExprRef { file, expr: *iterable };
                if repeats(self.program, iterable) {
                    Share::Unknown
                } else {
                    Share::PerTask
                }
            }
            _ if inside => Share::PerTask,
            _ => Share::Shared,
        }
    }

    /// What the objects made at a place are to the runs.
    pub(super) fn site_share(&self, site: Site) -> Share {
        let Some(expr) = site.expression() else {
            return Share::Unknown;
        };
        let maker = self.program.function_around(self.program.scope_of(expr));
        if self.reached.contains(&maker) {
            return Share::Own;
        }
        let index = self.program.index(expr.file);
        let loops = index.loops_around(expr.expr);
        let anchor = self.anchor.unwrap_or(self.submission().call);
        if !loops.is_empty() {
            let same_scope = self.program.function_around(self.program.scope_of(anchor)) == maker;
            let around = if same_scope {
                index.loops_around(anchor.expr)
            } else {
                Vec::new()
            };
            let repeated = if self.loop_span().is_some() {
                around.first()
            } else {
                None
            };
            let outer = same_scope
                && loops
                    .iter()
                    .all(|inner| around.contains(inner) && Some(inner) != repeated);
            if !outer {
                return if same_scope && repeated.is_some_and(|inner| loops.contains(inner)) {
                    Share::Own
                } else {
                    Share::Unknown
                };
            }
        }
        let is_module = self.program.scope(maker).parent.is_none();
        let is_constructor = self.program.class_of_method(maker).is_some();
        if is_module || (self.outside.contains(&maker) && !is_constructor) {
            Share::Shared
        } else {
            Share::Unknown
        }
    }

    /// What a variable of an enclosing function is to the runs.
    pub(super) fn cell_share(&self, file: FileId, symbol: SymbolId) -> Share {
        let facts = self.program.file(file);
        let owner = ScopeRef {
            file,
            scope: facts.symbol(symbol).scope,
        };
        if self.reached.contains(&owner) {
            return Share::Own;
        }
        let mut around = Some(self.program.function_around(self.submission().scope));
        while let Some(scope) = around {
            if scope == owner {
                let definitions = &facts.symbol(symbol).definitions;
                let own = definitions
                    .iter()
                    .filter(|&&def| facts.definition(def).scope == owner.scope);
                let shares = own.map(|&def| self.definition_share(file, def));
                return shares.reduce(Share::or).unwrap_or(Share::Unknown);
            }
            around = self.program.parent_scope(scope);
        }
        Share::Unknown
    }
}

/// Whether an iterable gives the same thing several times.
fn repeats(program: &Program<'_>, iterable: ExprRef) -> bool {
    let facts = program.file(iterable.file);
    match program.kind(iterable) {
        ExprKind::Binary { op: BinaryOp::Mult, .. } => true,
        ExprKind::Sequence { elements, .. } => elements.iter().enumerate().any(|(number, &first)| {
            elements[number + 1..]
                .iter()
                .any(|&other| same_text(facts, first, other))
        }),
        ExprKind::Name { reaching, .. } => match reaching.as_slice() {
            [only] => match &facts.definition(*only).kind {
                DefKind::Assign { value, path } if path.is_empty() => {
                    matches!(facts.kind(*value), ExprKind::Binary { op: BinaryOp::Mult, .. })
                }
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

/// The same argument of all submissions of one target in one function.
pub(super) fn submitting_calls(program: &Program<'_>) -> BTreeSet<ExprRef> {
    program.submissions.iter().map(|submission| submission.call).collect()
}

/// Whether a submission runs a function for one receiver only.
fn is_one_object(submission: &Submission<'_>, root: ScopeRef) -> bool {
    let runs_root = |target: &&Target| target.function() == Some(root);
    submission.targets.iter().filter(runs_root).count() == 1
}
