//! Work that keeps the loop's thread busy between two `await`s.

use crate::facts::{ExprId, ExprKind, Stmt, StmtKind, child_blocks, child_expressions, statement_expressions};
use crate::finding::{Confidence, Note, Place};
use crate::knowledge::CallFact;
use crate::link::solver::Variable;
use crate::link::values::{DefRef, ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program};
use crate::summary::calls::CallCosts;
use crate::summary::classify::{Class, part_of, read};
use crate::summary::cost::Walk;
use crate::summary::{Part, Profile, Sizes, Summaries};

use super::graph::is_awaited;
use super::{Cause, Stall};

/// Work of at least this many typical seconds is felt by everything else on the loop.
const LONG: f64 = 2e-2;

/// All places where coroutines compute for long.
pub(super) fn stalls(program: &Program<'_>, summaries: &Summaries<'_>) -> Vec<Stall> {
    let mut found = Vec::new();
    for function in program.scopes().filter(|&scope| program.scope(scope).is_async) {
        let profiles = summaries.profiles_for(function);
        let mut search = Search {
            walk: Walk {
                program,
                profiles: &profiles,
                function,
            },
            found: Vec::new(),
        };
        search.block(&program.scope(function).body);
        found.append(&mut search.found);
    }
    found
}

/// The search through one coroutine function.
struct Search<'a, 'p> {
    walk: Walk<'a, 'p>,
    found: Vec<Stall>,
}

impl Search<'_, '_> {
    fn block(&mut self, block: &[Stmt]) {
        for statement in block {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        let is_loop = matches!(statement.kind, StmtKind::For { .. } | StmtKind::While { .. });
        if is_loop && !self.awaits(statement) {
            let profile = self.walk.statement(statement);
            self.judge(&profile, self.head(statement), None);
            return;
        }
        if matches!(statement.kind, StmtKind::Function(_) | StmtKind::Class(_)) {
            return;
        }
        for expr in statement_expressions(statement) {
            self.expression(expr);
        }
        for inner in child_blocks(statement) {
            self.block(inner);
        }
    }

    fn expression(&mut self, expr: ExprId) {
        let program = self.walk.program;
        match program.kind(self.walk.at(expr)) {
            ExprKind::Comprehension { .. } if !self.expression_awaits(expr) => {
                let profile = self.walk.expression(expr);
                self.judge(&profile, self.walk.place(expr), None);
                return;
            }
            ExprKind::Call { .. } => self.call(expr),
            ExprKind::Lambda(_) => return,
            _ => {}
        }
        for child in child_expressions(program.file(self.walk.function.file), expr) {
            self.expression(child);
        }
    }

    fn call(&mut self, call: ExprId) {
        let program = self.walk.program;
        let at = self.walk.at(call);
        if is_awaited(program, at) {
            return;
        }
        let callees = program.callees(at);
        let is_known = !callees.is_empty() && !callees.iter().any(|callee| matches!(callee, Callee::Unknown(_)));
        // What may be one of several things is most likely the cheap one.
        if !is_known || callees.len() > 2 || callees.iter().any(|callee| self.runs_elsewhere(callee)) {
            return;
        }
        let called = callees.iter().find_map(|callee| match callee {
            Callee::Function { function, receiver } => Some((*function, receiver.is_some())),
            _ => None,
        });
        if called.is_some_and(|(function, bound)| self.is_small_among_calls(at, function, bound)) {
            return;
        }
        let helper = called.map(|(function, _)| function);
        let profile = CallCosts { walk: &self.walk, call }.cost();
        self.judge(&profile, self.walk.place(call), helper);
    }

    /// Whether the body of what is called does not run at the call.
    fn runs_elsewhere(&self, callee: &Callee) -> bool {
        let program = self.walk.program;
        match callee {
            Callee::Function { function, .. } => {
                let scope = program.scope(*function);
                let wrapped = program.solution.wrappers.get(function).into_iter().flatten();
                scope.is_async
                    || scope.is_generator
                    || wrapped.into_iter().any(|wrapper| program.scope(*wrapper).is_async)
                    || scope
                        .decorators
                        .iter()
                        .any(|&decorator| self.is_unknown_decorator(*function, decorator))
            }
            Callee::External { name, .. } => {
                program.knowledge.submission(name).is_some()
                    || program.knowledge.loop_use(name) == Some(crate::knowledge::LoopUse::Awaitable)
            }
            _ => false,
        }
    }

    fn is_unknown_decorator(&self, function: ScopeRef, decorator: ExprId) -> bool {
        let program = self.walk.program;
        let decorator = ExprRef {
            file: function.file,
            expr: decorator,
        };
        program.semantic_of_decorator(decorator).is_none() && !program.solution.wrappers.contains_key(&function)
    }

    fn judge(&mut self, profile: &Profile, place: Place, helper: Option<ScopeRef>) {
        let reading = read(profile);
        let (seconds, native) = match reading.class {
            Class::CpuBound => (profile.interpreter.typical, false),
            Class::Native => (profile.native.typical, true),
            _ => return,
        };
        if seconds < LONG {
            return;
        }
        let program = self.walk.program;
        let part = part_of(reading.class, profile);
        let mut chain: Vec<Note> = profile
            .evidence
            .iter()
            .find(|evidence| evidence.part == part)
            .map(|evidence| evidence.chain.clone())
            .unwrap_or_default();
        if !self.is_solid(profile, part, &chain) {
            return;
        }
        let own = program.scope(self.walk.function).span;
        let inside = |note: &Note| note.place.file == self.walk.function.file && own.contains(note.place.span);
        // The dearest call inside a loop is the better place than the loop.
        let mut place = place;
        if chain.len() > 1 && inside(&chain[0]) {
            place = chain.remove(0).place;
        }
        // Loops over data of unknown size, in the coroutine itself, far away or not long at that, say too little; so do
        // such loops inside each other.
        let is_guess = profile.data_loops.typical * 2.0 >= profile.interpreter.typical
            && !native
            && (seconds < LONG * 5.0
                || chain.len() > 1
                || helper.is_none()
                || chain.last().is_some_and(|last| self.is_loop_over_data(last.place)));
        let helper = helper.or_else(|| self.helper_at(place));
        if self.found.iter().any(|stall| stall.place == place) {
            return;
        }
        let mut notes = vec![Note {
            place: program.name_place(self.walk.function),
            message: format!(
                "`{}` is a coroutine function and runs on the event loop",
                program.display_name(self.walk.function)
            ),
        }];
        notes.append(&mut chain);
        self.found.push(Stall {
            place,
            function: self.walk.function,
            cause: Cause::Computing { seconds, native },
            helper,
            api: String::new(),
            chain: notes,
            confidence: if is_guess {
                Confidence::Low
            } else {
                reading.confidence.min(Confidence::Medium)
            },
            linted: false,
        });
    }

    /// Whether the dearest reason carries most of the estimate and is more than a guess: a loop of the project that no
    /// recursion inflates, or a known call that is dear whatever it is given.
    fn is_solid(&self, profile: &Profile, part: Part, chain: &[Note]) -> bool {
        let dearest = profile.evidence.iter().find(|evidence| evidence.part == part);
        let Some(weight) = dearest.map(|evidence| evidence.weight) else {
            return false;
        };
        let Some(last) = chain.last() else {
            return false;
        };
        if weight * 2.0 < profile.part(part).typical || chain.iter().any(|note| self.is_recursive(note)) {
            return false;
        }
        let Some(call) = self.call_at(last.place) else {
            return !self.is_definition(last.place);
        };
        let program = self.walk.program;
        let facts: Option<Vec<bool>> = program
            .callees(call)
            .iter()
            .map(|callee| match callee {
                Callee::External { name, .. } => program.knowledge.call(name).map(is_dear),
                Callee::Unknown(_) => None,
                _ => Some(false),
            })
            .collect();
        facts.is_some_and(|dear| dear.into_iter().all(|dear| dear) || profile.part(part).least >= LONG / 2.0)
    }

    /// Whether a place is a loop or comprehension whose number of rounds depends on data.
    fn is_loop_over_data(&self, place: Place) -> bool {
        let program = self.walk.program;
        let file = place.file;
        let over_data = |iterable| !Sizes { program, file }.rounds(iterable).known;
        let mut statements = program.index(file).statements.iter().map(|indexed| indexed.stmt);
        let mut expressions = program.file(file).expressions.iter();
        statements.any(|statement| match statement.kind {
            StmtKind::For { iterable, .. } => statement.span.start == place.span.start && over_data(iterable),
            _ => false,
        }) || expressions.any(|expr| match &expr.kind {
            ExprKind::Comprehension { clauses, .. } => {
                let innermost = clauses.last().map(|clause| clause.iterable);
                expr.span == place.span && innermost.is_some_and(over_data)
            }
            _ => false,
        })
    }

    /// Whether a place is the name in a definition: the evidence is that a function calls itself.
    fn is_definition(&self, place: Place) -> bool {
        let mut scopes = self.walk.program.file(place.file).scopes.iter();
        scopes.any(|scope| scope.name_span == place.span)
    }

    /// Whether a link of a chain is a call of the function that it stands in.
    fn is_recursive(&self, note: &Note) -> bool {
        self.helper_at(note.place).is_some_and(|function| {
            function.file == note.place.file && self.walk.program.scope(function).span.contains(note.place.span)
        })
    }

    /// Whether a call passes a small number where other calls of the same function pass far larger ones: its estimate
    /// is about those.
    fn is_small_among_calls(&self, call: ExprRef, function: ScopeRef, bound: bool) -> bool {
        let program = self.walk.program;
        let parameters = program.parameters(function, bound);
        (0_u32..).zip(parameters).any(|(position, parameter)| {
            let Some(argument) = program.argument(call, Some(position), Some(&parameter.name)) else {
                return false;
            };
            let (own, other) = program.literal_integers(argument);
            let all = program.solution.variable(Variable::Def(DefRef {
                file: function.file,
                def: parameter.def,
            }));
            let largest = all.iter().filter_map(|value| match *program.value(value) {
                Value::Int(number) => Some(number),
                _ => None,
            });
            match (own.iter().max(), largest.max()) {
                (Some(&own), Some(largest)) => !other && own.saturating_mul(4) < largest,
                _ => false,
            }
        })
    }

    /// The call that stands exactly at a place.
    fn call_at(&self, place: Place) -> Option<ExprRef> {
        let program = self.walk.program;
        let calls = program.index(place.file).calls();
        let first = calls.partition_point(|&call| program.file(place.file).span(call).start < place.span.start);
        calls[first..]
            .iter()
            .map(|&expr| ExprRef { file: place.file, expr })
            .take_while(|&call| program.place(call).span.start == place.span.start)
            .find(|&call| program.place(call) == place)
    }

    /// The function that a call at a place goes to.
    fn helper_at(&self, place: Place) -> Option<ScopeRef> {
        let program = self.walk.program;
        let here = self.call_at(place)?;
        program.callees(here).iter().find_map(|callee| match callee {
            Callee::Function { function, .. } => Some(*function),
            _ => None,
        })
    }

    fn head(&self, statement: &Stmt) -> Place {
        Place {
            file: self.walk.function.file,
            span: crate::summary::cost::statement_head(self.walk.program, self.walk.function, statement),
        }
    }

    /// Whether other code of the loop may run in between.
    fn awaits(&self, statement: &Stmt) -> bool {
        if let StmtKind::For { is_async: true, .. } | StmtKind::With { is_async: true, .. } = statement.kind {
            return true;
        }
        statement_expressions(statement)
            .into_iter()
            .any(|expr| self.expression_awaits(expr))
            || child_blocks(statement)
                .into_iter()
                .flatten()
                .any(|inner| self.awaits(inner))
    }

    fn expression_awaits(&self, expr: ExprId) -> bool {
        let file = self.walk.program.file(self.walk.function.file);
        match file.kind(expr) {
            ExprKind::Await(_) | ExprKind::Yield(_) => true,
            ExprKind::Comprehension { clauses, .. } if clauses.iter().any(|clause| clause.is_async) => true,
            _ => child_expressions(file, expr)
                .into_iter()
                .any(|child| self.expression_awaits(child)),
        }
    }
}

/// Whether a call takes a while whatever it is given.
fn is_dear(fact: &CallFact) -> bool {
    let least = |range: Option<[f64; 2]>| range.map_or(0.0, |range| range[0]);
    fact.grows.is_none() && least(fact.interpreter) + least(fact.native) >= LONG / 4.0
}
