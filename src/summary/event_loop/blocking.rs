//! Calls that wait, or run a loop, in the loop's own thread.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::facts::{DefKind, ExprKind, StmtKind};
use crate::finding::{Confidence, Note};
use crate::knowledge::LoopUse;
use crate::link::Program;
use crate::link::index::Branch;
use crate::link::values::{ExprRef, ScopeRef};
use crate::summary::platform::only_on_windows;

use super::graph::{Edge, Graph, Outside, is_awaited};
use super::{Cause, Stall, instant};

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
pub(super) struct Judge<'a, 'p> {
    pub(super) program: &'a Program<'p>,
    pub(super) graph: &'a Graph,
    /// Functions that go on without a loop where none runs.
    pub(super) probing: BTreeSet<ScopeRef>,
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
            probing: instant::probing(program, graph),
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
            Some(LoopUse::Linted | LoopUse::MayNotBlock) | None if self.would_raise(outside.call) => return None,
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
            let probes = kind != Kind::Running && self.probing.contains(scope);
            if *of == kind && !self.program.scope(*scope).is_async && !probes {
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
                    || kind != Kind::Running && self.probing.contains(caller)
                    || kind == Kind::Running && (self.asks_for_loop(*caller) || self.is_tried(edge.at));
                if !stops {
                    steps.insert(*caller, Step::Through(*edge));
                    queue.push_back((*caller, depth + 1));
                }
            }
        }
        steps
    }

    /// Whether the body of what is called runs at the call: not that of a generator, unless a loop iterates it here or a
    /// `with` block enters it.
    fn runs_at(&self, edge: &Edge) -> bool {
        let scope = self.program.scope(edge.function);
        if scope.is_async {
            return false;
        }
        if !scope.is_generator {
            return true;
        }
        let index = self.program.index(edge.at.file);
        index
            .statement_of(edge.at.expr)
            .is_some_and(|id| match &index.statement(id).stmt.kind {
                StmtKind::For { iterable, .. } => *iterable == edge.at.expr,
                StmtKind::With { items, .. } => items.iter().any(|&(context, _)| context == edge.at.expr),
                _ => false,
            })
    }

    fn direct(&self, scope: ScopeRef, block: &Block) -> Stall {
        Stall {
            place: self.program.place(block.call),
            function: scope,
            cause: block.cause,
            helper: None,
            api: shown(&block.name),
            chain: vec![self.runs_on_loop(scope)],
            confidence: if self.is_rare(block.call)
                || block.cause != Cause::Running && self.is_alone_on_loop(scope, block.call)
            {
                Confidence::Low
            } else {
                self.confidence(scope, block.sure)
            },
            linted: block.linted,
        }
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
        let harmless = self.is_fallback(edge) || kind != Kind::Running && self.is_alone_on_loop(scope, edge.at);
        let mut rare = self.is_rare(edge.at) || harmless;
        let mut last = edge;
        let mut step = steps.get(&edge.function)?;
        let block = loop {
            match step {
                Step::Here(block) => break block,
                Step::Through(next) => {
                    if self.is_ruled_out(last, next.at) {
                        return None;
                    }
                    last = next;
                    sure &= next.sure;
                    hops += 1;
                    conditions += usize::from(self.is_conditional(next.at) || self.is_behind_kept(next.at));
                    rare |= only_on_windows(program, next.at) || self.ends_program(next.at);
                    chain.push(Note {
                        place: program.place(next.at),
                        message: format!("calls `{}`", program.display_name(next.function)),
                    });
                    step = steps.get(&next.function)?;
                }
            }
        };
        conditions += usize::from(self.is_conditional(block.call) || self.is_behind_kept(block.call));
        rare |= only_on_windows(program, block.call) || self.ends_program(block.call);
        if self.counts_items(scope, block.call) || self.is_ruled_out(last, block.call) {
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
                _ if conditions > 1 || rare || self.is_for_one_user(scope) => Confidence::Low,
                Kind::Running => self.confidence(scope, sure),
                Kind::Waiting | Kind::Handover => self.confidence(scope, sure && block.sure),
            },
            linted: false,
        })
    }
}

/// The name as people know it.
pub(super) fn shown(name: &str) -> String {
    name.strip_prefix("builtins.").unwrap_or(name).to_owned()
}
