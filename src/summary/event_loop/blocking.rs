//! Calls that wait, or run a loop, in the loop's own thread.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::facts::{DefKind, ExprId, ExprKind, StmtKind, statement_expressions, visit_expressions};
use crate::finding::{Confidence, Note};
use crate::knowledge::{CallFact, LoopUse, Operation, Role, Selector, SideEffect, SubmissionResult, WaitOn};
use crate::link::index::Branch;
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program, Target};
use crate::summary::Estimate;
use crate::summary::sizes::Sizes;

use super::graph::{Edge, Graph, Outside, is_awaited};
use super::{Cause, Stall};

/// Waits below this many typical seconds do not matter to a loop.
const SHORT: f64 = 2e-3;
/// Time-outs below this many seconds make a wait a poll.
const POLL: f64 = 0.05;
/// Calls between the coroutine and the cause.
const DEPTH: usize = 8;

/// Beyond so many calls in between, a way is most likely not the one that is taken.
const FAR: usize = 3;

/// What a call does to the loop, when a coroutine makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Waiting,
    Handover,
    Running,
}

/// A call that stops the thread.
#[derive(Clone, Debug)]
struct Block {
    call: ExprRef,
    name: String,
    cause: Cause,
    sure: bool,
    linted: bool,
}

/// The next step from a function towards a call that stops the thread.
#[derive(Clone, Debug)]
enum Step {
    Here(Block),
    Through(Edge),
}

/// Everything that is the same for the whole program.
struct Judge<'a, 'p> {
    program: &'a Program<'p>,
    graph: &'a Graph,
    non_blocking_sockets: bool,
    nesting_allowed: bool,
}

/// All places where coroutines wait or run another loop.
pub(super) fn stalls(program: &Program<'_>, graph: &Graph) -> Vec<Stall> {
    let judge = Judge::new(program, graph);
    let mut direct: BTreeMap<(Kind, ScopeRef), Vec<Block>> = BTreeMap::new();
    for (&scope, calls) in &graph.outside {
        for outside in calls {
            if let Some(block) = judge.block(scope, outside) {
                let blocks = direct.entry((kind_of(block.cause), scope)).or_default();
                if blocks.last().is_none_or(|last| last.call != block.call) {
                    blocks.push(block);
                }
            }
        }
    }
    let mut found = Vec::new();
    for kind in [Kind::Waiting, Kind::Handover, Kind::Running] {
        let steps = judge.steps(kind, &direct);
        for scope in program.scopes().filter(|&scope| program.scope(scope).is_async) {
            if kind == Kind::Running && judge.asks_for_loop(scope) {
                continue;
            }
            let here = direct.get(&(kind, scope)).into_iter().flatten();
            found.extend(here.map(|block| judge.direct(scope, block)));
            let mut seen = BTreeSet::new();
            for edge in graph.edges.get(&scope).into_iter().flatten() {
                if seen.insert(edge.at)
                    && judge.runs_at(edge)
                    && !is_awaited(program, edge.at)
                    && let Some(stall) = judge.through(scope, edge, kind, &steps)
                {
                    found.push(stall);
                }
            }
        }
    }
    found
}

const fn kind_of(cause: Cause) -> Kind {
    match cause {
        Cause::Waiting(_) | Cause::Computing { .. } => Kind::Waiting,
        Cause::Handover => Kind::Handover,
        Cause::Running => Kind::Running,
    }
}

impl<'a, 'p> Judge<'a, 'p> {
    fn new(program: &'a Program<'p>, graph: &'a Graph) -> Self {
        let mut judge = Self {
            program,
            graph,
            non_blocking_sockets: false,
            nesting_allowed: false,
        };
        for outside in graph.outside.values().flatten() {
            match program.knowledge.loop_use(&outside.name) {
                Some(LoopUse::TurnsNonBlocking) => judge.non_blocking_sockets = true,
                Some(LoopUse::AllowsNesting) => judge.nesting_allowed = true,
                _ => {}
            }
        }
        judge
    }

    /// Whether a call of the outside stops the thread.
    fn block(&self, scope: ScopeRef, outside: &Outside) -> Option<Block> {
        let program = self.program;
        if is_awaited(program, outside.call) || outside.receiver.is_some() && self.is_argument_of_awaited(outside.call)
        {
            return None;
        }
        let cause = match program.knowledge.loop_use(&outside.name) {
            Some(LoopUse::RunsLoop) => {
                if self.nesting_allowed || self.asks_for_loop(scope) || self.is_tried(outside.call) {
                    return None;
                }
                Cause::Running
            }
            Some(LoopUse::MayNotBlock) if self.non_blocking_sockets || outside.receiver.is_none() => return None,
            Some(LoopUse::Linted | LoopUse::MayNotBlock | LoopUse::Settles) | None => self.wait(scope, outside)?,
            Some(_) => return None,
        };
        Some(Block {
            call: outside.call,
            name: outside.name.to_string(),
            cause,
            sure: outside.sure,
            linted: self.is_linted(outside),
        })
    }

    fn wait(&self, scope: ScopeRef, outside: &Outside) -> Option<Cause> {
        let program = self.program;
        let fact = program.knowledge.call(&outside.name)?;
        let typical = self.seconds(outside, fact)?;
        let is_limited = fact.on != Some(WaitOn::Sleep) && self.is_limited(outside.call, fact);
        if typical < SHORT || is_limited || self.says_instant(outside.call, fact) {
            return None;
        }
        let role = outside.receiver.and_then(|receiver| program.role(receiver));
        let blocks_for_results = program
            .knowledge
            .submission(&outside.name)
            .is_some_and(|shape| matches!(shape.result, SubmissionResult::Results | SubmissionResult::Result));
        if let Some(shape) = program.knowledge.submission(&outside.name)
            && !blocks_for_results
            && shape.result != SubmissionResult::Worker
        {
            return None;
        }
        let inside = matches!(
            role,
            Some(Role::Worker | Role::Future | Role::AsyncResult | Role::Queue | Role::ProcessQueue | Role::Pool)
        );
        match fact.on? {
            // Leaving an executor is judged as such.
            WaitOn::Lock if role == Some(Role::Executor) => None,
            WaitOn::Lock | WaitOn::Queue => self.handover(scope, outside, fact),
            WaitOn::Process if inside || blocks_for_results => self.handover(scope, outside, fact),
            // A pipe is read and written at once most of the time, and a process that was asked is over.
            WaitOn::Process if fact.wait.is_some_and(|wait| wait[0] <= 0.0) || self.is_settled(scope, outside) => None,
            WaitOn::Disk if !fact.effects.contains(&SideEffect::UsesDatabase) && !waits_long(fact) => None,
            on => Some(Cause::Waiting(on)),
        }
    }

    /// Typical seconds of a wait; `None` where the code says that it does not wait.
    fn seconds(&self, outside: &Outside, fact: &CallFact) -> Option<f64> {
        let typical = Estimate::between(fact.wait?).typical;
        if fact.on != Some(WaitOn::Sleep) {
            return Some(typical);
        }
        let Some(argument) = self.selected(outside.call, fact.size.as_ref()) else {
            // An interval that is left out where none is needed: the call looks at the clock and returns.
            return fact.wait.is_some_and(|wait| wait[0] > 0.0).then_some(typical);
        };
        let number = Sizes {
            program: self.program,
            file: outside.call.file,
        }
        .number(argument.expr);
        Some(if number.known { number.count.typical } else { typical })
    }

    fn selected(&self, call: ExprRef, selector: Option<&Selector>) -> Option<ExprRef> {
        match selector? {
            Selector::Position(position) => self.program.argument(call, Some(*position), None),
            Selector::Keyword(keyword) => self.program.argument(call, None, Some(keyword)),
        }
    }

    /// A wait for another thread or future, unless the code polls or knows that it is over.
    fn handover(&self, scope: ScopeRef, outside: &Outside, fact: &CallFact) -> Option<Cause> {
        let has_limit = !self.limits(outside.call, fact)?.is_empty();
        let is_queue = fact.on == Some(WaitOn::Queue);
        if is_queue && (has_limit || self.has_put_before(outside.call)) || self.does_not_wait(outside) {
            return None;
        }
        (!self.is_settled(scope, outside) && !self.has_told_the_loop(scope, outside)).then_some(Cause::Handover)
    }

    /// The time-outs that a call is given; `None` where it takes none.
    fn limits(&self, call: ExprRef, fact: &CallFact) -> Option<Vec<ExprRef>> {
        let until = fact.until.as_ref()?;
        let given = until.iter().filter_map(|selector| self.selected(call, Some(selector)));
        Some(given.collect())
    }

    /// Whether a time-out makes the wait a poll, or may do so.
    fn is_limited(&self, call: ExprRef, fact: &CallFact) -> bool {
        self.limits(call, fact).into_iter().flatten().any(|limit| {
            let number = Sizes {
                program: self.program,
                file: limit.file,
            }
            .number(limit.expr);
            !number.known || number.count.typical < POLL
        })
    }

    /// Whether a flag among the arguments keeps the call from waiting.
    fn says_instant(&self, call: ExprRef, fact: &CallFact) -> bool {
        let ExprKind::Call { arguments, .. } = self.program.kind(call) else {
            return false;
        };
        !fact.instant_with.is_empty()
            && arguments
                .iter()
                .any(|argument| self.names_flag(call, argument.value, fact))
    }

    fn names_flag(&self, near: ExprRef, root: ExprId, fact: &CallFact) -> bool {
        let program = self.program;
        let file = program.file(near.file);
        let mut found = false;
        visit_expressions(file, root, &mut |expr| {
            let values = program.values(program.sibling(near, expr));
            found |= values.iter().any(|value| match program.value(value) {
                Value::External(name) => fact.instant_with.iter().any(|flag| flag == program.name(*name)),
                _ => false,
            });
            // `FLAGS = ONE | OTHER` at the top of the file.
            if let ExprKind::Name {
                symbol: Some(symbol),
                reaching,
                ..
            } = file.kind(expr)
                && reaching.is_empty()
                && let [def] = file.symbol(*symbol).definitions.as_slice()
                && let DefKind::Assign { value, .. } = file.definition(*def).kind
                && value != root
            {
                found |= self.names_flag(near, value, fact);
            }
        });
        found
    }

    /// `queue.put(item)` right before `queue.get()`: the item is there.
    fn has_put_before(&self, call: ExprRef) -> bool {
        let program = self.program;
        let index = program.index(call.file);
        let Some(here) = index.statement_of(call.expr).map(|id| index.statement(id)) else {
            return false;
        };
        let waited = receiver_text(program, call);
        let before = index.statements_of(here.scope).iter().map(|&id| index.statement(id));
        before
            .filter(|other| other.parent == here.parent && other.position + 1 == here.position)
            .any(|other| match other.stmt.kind {
                StmtKind::Expr(value) => {
                    let put = program.sibling(call, value);
                    receiver_text(program, put) == waited
                        && matches!(program.kind(put), ExprKind::Call { .. })
                        && program.callees(put).iter().any(|callee| {
                            matches!(callee, Callee::External { name, .. }
                                if program.knowledge.operation(name) == Some(Operation::Put))
                        })
                }
                _ => false,
            })
    }

    /// `get(False)`, `acquire(blocking=False)`: a false literal anywhere.
    fn does_not_wait(&self, outside: &Outside) -> bool {
        let ExprKind::Call { arguments, .. } = self.program.kind(outside.call) else {
            return false;
        };
        arguments.iter().any(|argument| {
            let values = self.program.values(self.program.sibling(outside.call, argument.value));
            values
                .iter()
                .any(|value| *self.program.value(value) == Value::Bool(false))
        })
    }

    /// Whether the same function asks if the wait is over, on the same object or on something that may hold it.
    fn is_settled(&self, scope: ScopeRef, outside: &Outside) -> bool {
        let program = self.program;
        let waited = receiver_text(program, outside.call);
        let called = self
            .graph
            .edges
            .get(&scope)
            .into_iter()
            .flatten()
            .map(|edge| edge.function);
        std::iter::once(scope)
            .chain(called)
            .filter_map(|scope| self.graph.outside.get(&scope))
            .flatten()
            .filter(|other| other.call != outside.call)
            .filter(|other| program.knowledge.loop_use(&other.name) == Some(LoopUse::Settles))
            .any(|other| match (receiver_text(program, other.call), &waited) {
                (Some(asked), Some(waited)) if other.receiver.is_some() => asked == *waited,
                _ => outside.receiver.is_none() == other.receiver.is_none() || other.receiver.is_none(),
            })
    }

    /// Whether the worker that is joined tells the loop of its progress, and the coroutine has awaited something since
    /// it was made: then it is most likely over.
    fn has_told_the_loop(&self, scope: ScopeRef, outside: &Outside) -> bool {
        let program = self.program;
        let receiver = outside
            .receiver
            .filter(|&receiver| program.role(receiver) == Some(Role::Worker));
        let Some(made) = receiver.and_then(|receiver| program.site(receiver)?.expression()) else {
            return false;
        };
        let wakes = |function: ScopeRef| {
            let calls = self.graph.outside.get(&function).into_iter().flatten();
            calls
                .into_iter()
                .any(|call| program.knowledge.loop_use(&call.name) == Some(LoopUse::WakesLoop))
        };
        let mut submissions = program.submissions.iter().filter(|submission| submission.call == made);
        let tells = submissions.any(|submission| submission.targets.iter().filter_map(Target::function).any(wakes));
        tells && made.file == scope.file && self.awaits_between(scope, made, outside.call)
    }

    fn awaits_between(&self, scope: ScopeRef, from: ExprRef, to: ExprRef) -> bool {
        let program = self.program;
        let facts = program.file(scope.file);
        let (from, to) = (program.place(from).span.end, program.place(to).span.start);
        let index = program.index(scope.file);
        index.statements_of(scope.scope).iter().any(|&statement| {
            let mut found = false;
            for root in statement_expressions(index.statement(statement).stmt) {
                visit_expressions(facts, root, &mut |expr| {
                    let start = facts.span(expr).start;
                    found |= matches!(facts.kind(expr), ExprKind::Await(_)) && start > from && start < to;
                });
            }
            found
        })
    }

    /// Whether the function, or one of those it stands in, asks for the loop before it runs one.
    fn asks_for_loop(&self, scope: ScopeRef) -> bool {
        let calls = self.graph.outside.get(&scope).into_iter().flatten();
        calls
            .filter(|call| !self.program.scope(scope).is_async || call.receiver.is_some())
            .any(|call| self.program.knowledge.loop_use(&call.name) == Some(LoopUse::AsksForLoop))
    }

    fn is_tried(&self, call: ExprRef) -> bool {
        let index = self.program.index(call.file);
        let Some(statement) = index.statement_of(call.expr) else {
            return false;
        };
        index.ancestors(statement).any(|(above, branch)| {
            branch == Branch::Body
                && matches!(&index.statement(above).stmt.kind, StmtKind::Try { handlers, .. } if !handlers.is_empty())
        })
    }

    /// Whether the result goes straight into something that is awaited, so that it is most likely awaitable itself.
    fn is_argument_of_awaited(&self, call: ExprRef) -> bool {
        let index = self.program.index(call.file);
        index
            .parent(call.expr)
            .map(|around| self.program.sibling(call, around))
            .is_some_and(|around| {
                matches!(self.program.kind(around), ExprKind::Call { .. }) && is_awaited(self.program, around)
            })
    }

    /// Whether other linters see the call: its name is spelled through imports, or is a built-in.
    fn is_linted(&self, outside: &Outside) -> bool {
        let program = self.program;
        if program.knowledge.loop_use(&outside.name) != Some(LoopUse::Linted) {
            return false;
        }
        let ExprKind::Call { callee, .. } = program.kind(outside.call) else {
            return false;
        };
        let mut root = *callee;
        let file = program.file(outside.call.file);
        while let ExprKind::Attribute { base, .. } = file.kind(root) {
            root = *base;
        }
        let ExprKind::Name { symbol, .. } = file.kind(root) else {
            return false;
        };
        let top = outside.name.split('.').next().unwrap_or_default();
        symbol.is_none_or(|symbol| {
            file.symbol(symbol)
                .definitions
                .iter()
                .all(|&def| match &file.definition(def).kind {
                    DefKind::Import { module, .. } => module.split('.').next() == Some(top),
                    DefKind::ImportFrom { module, level, .. } => *level == 0 && module.split('.').next() == Some(top),
                    _ => false,
                })
        })
    }

    /// Breadth first from the functions that block to those that call them: the shortest way for each.
    fn steps(&self, kind: Kind, direct: &BTreeMap<(Kind, ScopeRef), Vec<Block>>) -> BTreeMap<ScopeRef, Step> {
        let mut steps = BTreeMap::new();
        let mut queue = VecDeque::new();
        for ((of, scope), blocks) in direct {
            if *of == kind && !self.program.scope(*scope).is_async {
                steps.insert(*scope, Step::Here(blocks[0].clone()));
                queue.push_back((*scope, 0));
            }
        }
        while let Some((scope, depth)) = queue.pop_front() {
            if depth >= DEPTH {
                continue;
            }
            for (caller, edge) in self.graph.callers.get(&scope).into_iter().flatten() {
                let stops = self.program.scope(*caller).is_async
                    || steps.contains_key(caller)
                    || !self.runs_at(edge)
                    || kind == Kind::Running && (self.asks_for_loop(*caller) || self.is_tried(edge.at));
                if !stops {
                    steps.insert(*caller, Step::Through(*edge));
                    queue.push_back((*caller, depth + 1));
                }
            }
        }
        steps
    }

    /// Whether the body of what is called runs at the call: not that of a generator, unless a loop iterates it here.
    fn runs_at(&self, edge: &Edge) -> bool {
        let scope = self.program.scope(edge.function);
        if scope.is_async {
            return false;
        }
        if !scope.is_generator {
            return true;
        }
        let index = self.program.index(edge.at.file);
        index.statement_of(edge.at.expr).is_some_and(
            |id| matches!(index.statement(id).stmt.kind, StmtKind::For { iterable, .. } if iterable == edge.at.expr),
        )
    }

    fn direct(&self, scope: ScopeRef, block: &Block) -> Stall {
        Stall {
            place: self.program.place(block.call),
            function: scope,
            cause: block.cause,
            helper: None,
            api: shown(&block.name),
            chain: vec![self.runs_on_loop(scope)],
            confidence: if self.is_on_way_out(block.call) {
                Confidence::Low
            } else {
                self.confidence(scope, block.sure)
            },
            linted: block.linted,
        }
    }

    /// Whether a function looks whether there are items on the queue that a call takes one from.
    fn counts_items(&self, scope: ScopeRef, call: ExprRef) -> bool {
        let waited = receiver_text(self.program, call);
        let calls = self.graph.outside.get(&scope).into_iter().flatten();
        calls
            .filter(|other| self.program.knowledge.operation(&other.name) == Some(Operation::CountsItems))
            .any(|other| waited.is_some() && receiver_text(self.program, other.call) == waited)
    }

    /// Whether a call is made only under a condition, or when something has gone wrong.
    fn is_conditional(&self, call: ExprRef) -> bool {
        let index = self.program.index(call.file);
        index.statement_of(call.expr).is_some_and(|statement| {
            index.ancestors(statement).any(|(above, branch)| {
                matches!(branch, Branch::Handler(_))
                    || matches!(
                        index.statement(above).stmt.kind,
                        StmtKind::If { .. } | StmtKind::Match { .. }
                    )
            })
        })
    }

    /// Whether a call belongs to the end of what the coroutine does: something has gone wrong already.
    fn is_on_way_out(&self, call: ExprRef) -> bool {
        let index = self.program.index(call.file);
        index.statement_of(call.expr).is_some_and(|statement| {
            matches!(index.statement(statement).stmt.kind, StmtKind::Raise { .. })
                || index.ancestors(statement).any(|(above, branch)| {
                    let (StmtKind::Try { handlers, .. }, Branch::Handler(position)) =
                        (&index.statement(above).stmt.kind, branch)
                    else {
                        return false;
                    };
                    let last = handlers[position].body.last();
                    last.is_some_and(|last| matches!(last.kind, StmtKind::Raise { .. } | StmtKind::Return(_)))
                })
        })
    }

    /// Whether the coroutine is part of a command-line tool, whose loop has nobody else to serve.
    fn is_for_one_user(&self, scope: ScopeRef) -> bool {
        self.program.sources[scope.file.index()].is_command_line()
    }

    fn runs_on_loop(&self, scope: ScopeRef) -> Note {
        Note {
            place: self.program.name_place(scope),
            message: format!(
                "`{}` is a coroutine function and runs on the event loop",
                self.program.display_name(scope)
            ),
        }
    }

    fn through(&self, scope: ScopeRef, edge: &Edge, kind: Kind, steps: &BTreeMap<ScopeRef, Step>) -> Option<Stall> {
        let program = self.program;
        let mut chain = vec![self.runs_on_loop(scope)];
        let mut sure = edge.sure;
        let mut hops = 0;
        let mut conditions = 0;
        let mut step = steps.get(&edge.function)?;
        let block = loop {
            match step {
                Step::Here(block) => break block,
                Step::Through(next) => {
                    sure &= next.sure;
                    hops += 1;
                    conditions += usize::from(self.is_conditional(next.at));
                    chain.push(Note {
                        place: program.place(next.at),
                        message: format!("calls `{}`", program.display_name(next.function)),
                    });
                    step = steps.get(&next.function)?;
                }
            }
        };
        conditions += usize::from(self.is_conditional(block.call));
        if self.counts_items(scope, block.call) {
            return None;
        }
        let api = shown(&block.name);
        chain.push(Note {
            place: program.place(block.call),
            message: match block.cause {
                Cause::Waiting(on) => format!("`{api}` waits for {}, here", on.as_str()),
                Cause::Running => format!("`{api}` runs an event loop, here"),
                Cause::Handover | Cause::Computing { .. } => format!("`{api}` waits, here"),
            },
        });
        Some(Stall {
            place: program.place(edge.at),
            function: scope,
            cause: block.cause,
            helper: Some(edge.function),
            api,
            chain,
            confidence: match kind {
                // A long way with a choice in it is most likely not the way that is taken.
                _ if hops > FAR || !(sure && block.sure) && hops > 1 => Confidence::Low,
                _ if conditions > 1 || self.is_on_way_out(edge.at) || self.is_for_one_user(scope) => Confidence::Low,
                Kind::Running => self.confidence(scope, sure),
                Kind::Waiting | Kind::Handover => self.confidence(scope, sure && block.sure),
            },
            linted: false,
        })
    }

    /// A script with one coroutine has nothing else that could wait for it.
    fn confidence(&self, scope: ScopeRef, sure: bool) -> Confidence {
        let coroutines = self
            .program
            .file(scope.file)
            .scopes
            .iter()
            .filter(|other| other.is_async)
            .count();
        let is_script = self.graph.outside.iter().any(|(other, calls)| {
            other.file == scope.file
                && calls
                    .iter()
                    .any(|call| self.program.knowledge.loop_use(&call.name) == Some(LoopUse::RunsLoop))
        });
        if sure && !(is_script && coroutines <= 1) {
            Confidence::High
        } else {
            Confidence::Medium
        }
    }
}

/// A wait for a disk that surely takes milliseconds.
fn waits_long(fact: &CallFact) -> bool {
    fact.wait.is_some_and(|wait| wait[0] >= 1e-3)
}

/// The name as people know it.
pub(super) fn shown(name: &str) -> String {
    name.strip_prefix("builtins.").unwrap_or(name).to_owned()
}

/// The text of what a method is called on.
fn receiver_text(program: &Program<'_>, call: ExprRef) -> Option<String> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    match program.kind(program.sibling(call, *callee)) {
        ExprKind::Attribute { base, .. } => Some(program.text(program.sibling(call, *base))),
        _ => None,
    }
}
