//! Work that keeps the loop's thread busy between two `await`s.

use crate::facts::{ExprId, ExprKind, Stmt, StmtKind, child_blocks, child_expressions, statement_expressions};
use crate::finding::{Confidence, Note, Place};
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program};
use crate::summary::calls::CallCosts;
use crate::summary::classify::{Class, part_of, read};
use crate::summary::cost::Walk;
use crate::summary::{Profile, Summaries};

use super::graph::is_awaited;
use super::{Cause, Stall};

/// Work of at least this many typical seconds is felt by everything else on the loop.
const LONG: f64 = 2e-2;

/// All places where coroutines compute for long.
pub(super) fn stalls(program: &Program<'_>, summaries: &Summaries) -> Vec<Stall> {
    let mut found = Vec::new();
    for function in program.scopes().filter(|&scope| program.scope(scope).is_async) {
        let mut search = Search {
            walk: Walk {
                program,
                profiles: &summaries.profiles,
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
        if callees.iter().any(|callee| self.runs_elsewhere(callee)) {
            return;
        }
        let helper = callees.iter().find_map(|callee| match callee {
            Callee::Function { function, .. } => Some(*function),
            _ => None,
        });
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
                    || scope.decorators.iter().any(|&decorator| self.is_unknown_decorator(*function, decorator))
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
        let own = program.scope(self.walk.function).span;
        let inside = |note: &Note| note.place.file == self.walk.function.file && own.contains(note.place.span);
        // The dearest call inside a loop is the better place than the loop.
        let mut place = place;
        if chain.len() > 1 && inside(&chain[0]) {
            place = chain.remove(0).place;
        }
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
            confidence: reading.confidence.min(Confidence::Medium),
            linted: false,
        });
    }

    /// The function that a call at a place goes to.
    fn helper_at(&self, place: Place) -> Option<ScopeRef> {
        let program = self.walk.program;
        let index = program.index(place.file);
        let calls = index.calls();
        let first = calls.partition_point(|&call| program.file(place.file).span(call).start < place.span.start);
        let here = calls[first..]
            .iter()
            .map(|&expr| ExprRef { file: place.file, expr })
            .take_while(|&call| program.place(call).span.start == place.span.start)
            .find(|&call| program.place(call) == place)?;
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
