//! The walk over one function that adds up what a run of it costs.
//!
//! Statements in a row add, branches give the hull, loops multiply. Calls cost what their summaries say; a call that is
//! not known is remembered with the reason. The constants are seconds on a typical core, from `facts/costs.md` and the
//! first rows of `facts/gil_facts.csv`.

use crate::facts::{ComprehensionKind, ExprId, ExprKind, Handler, Stmt, StmtKind, child_expressions};
use crate::finding::Place;
use crate::knowledge::Role;
use crate::link::index::Loop;
use crate::link::solver::Variable;
use crate::link::values::{DefRef, ExprRef, ScopeRef, Site, Value};
use crate::link::{Program, language};

use super::Known;
use super::calls::CallCosts;
use super::estimate::Estimate;
use super::memo;
use super::order::{handed_generators, is_parameter};
use super::platform;
use super::profile::{Part, Profile};
use super::sizes::{
    CALLABLE_ROUNDS, ENDLESS_ROUNDS, Rounds, SEARCH_ROUNDS, SPINNING_ROUNDS, Sizes, UNKNOWN_ROUNDS, WHILE_ROUNDS,
};

/// One step of the interpreter: an operator, a lookup, a store.
pub(super) const STEP: f64 = 2.5e-8;
/// A call of a function of the project.
pub(super) const CALL: f64 = 6e-8;
/// Entering and leaving a `with` block, a `try`, a comprehension.
const BLOCK: f64 = 1e-7;
/// Raising and catching.
const RAISE: f64 = 5e-7;
/// A branch that only handles an error is taken this often.
const RARE: f64 = 0.05;
/// What is made once and kept is missed this often.
pub(super) const MISSED: f64 = 0.05;

/// The walk over one function.
pub(super) struct Walk<'a, 'p> {
    pub(super) program: &'a Program<'p>,
    pub(super) profiles: &'a Known<'a, Profile>,
    pub(super) function: ScopeRef,
}

impl Walk<'_, '_> {
    /// What one run of the function costs.
    pub(super) fn run(&self) -> Profile {
        self.block(&self.program.scope(self.function).body)
    }

    pub(super) fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef {
            file: self.function.file,
            expr,
        }
    }

    pub(super) fn place(&self, expr: ExprId) -> Place {
        self.program.place(self.at(expr))
    }

    pub(super) fn sizes(&self) -> Sizes<'_, '_> {
        Sizes {
            program: self.program,
            file: self.function.file,
        }
    }

    fn block(&self, block: &[Stmt]) -> Profile {
        let mut profile = Profile::default();
        for statement in block {
            profile.add(&self.statement(statement));
        }
        profile
    }

    pub(super) fn statement(&self, statement: &Stmt) -> Profile {
        let mut profile = Profile::steps(STEP);
        match &statement.kind {
            StmtKind::If { test, body, orelse } => {
                profile.add(&self.expression(*test));
                profile.add(
                    &if orelse.is_empty() && memo::fills_once(self.program, self.at(*test), body) {
                        let for_windows = platform::usual(self.program, self.at(*test)) == Some(false);
                        self.block(body).perhaps(if for_windows { 0.0 } else { MISSED })
                    } else {
                        self.branches(*test, body, orelse)
                    },
                );
            }
            StmtKind::For {
                iterable, body, orelse, ..
            } => {
                profile.add(&self.expression(*iterable));
                profile.add(&self.for_loop(statement, *iterable, body));
                profile.add(&self.block(orelse));
            }
            StmtKind::While { test, body, orelse } => {
                profile.add(&self.while_loop(statement, *test, body));
                profile.add(&self.block(orelse));
            }
            StmtKind::With { items, body, .. } => {
                for &(context, _) in items {
                    profile.add(&self.expression(context));
                    profile.add(&self.context(context));
                }
                profile.add(&self.block(body));
            }
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => {
                profile.add(&Profile::steps(BLOCK / 10.0));
                profile.add(&self.block(body));
                for handler in handlers {
                    profile.add(&self.handler(handler));
                }
                profile.add(&self.block(orelse));
                profile.add(&self.block(finally));
            }
            StmtKind::Match { subject, cases } => {
                profile.add(&self.expression(*subject));
                let mut hull: Option<Profile> = None;
                for case in cases {
                    let mut this = self.block(&case.body);
                    for &part in case.pattern.iter().chain(&case.guard) {
                        this.add(&self.expression(part));
                    }
                    hull = Some(hull.map_or_else(|| this.clone(), |other| other.or(&this)));
                }
                profile.add(&hull.unwrap_or_default());
            }
            StmtKind::Raise { .. } => {
                profile.add(&Profile::steps(RAISE));
                profile.add(&self.parts(statement));
            }
            StmtKind::Class(scope) => {
                let body = &self.program.file(self.function.file).scope(*scope).body;
                profile.add(&self.block(body));
            }
            StmtKind::Function(_) => profile.add(&Profile::steps(CALL)),
            _ => profile.add(&self.parts(statement)),
        }
        profile
    }

    fn parts(&self, statement: &Stmt) -> Profile {
        let mut profile = Profile::default();
        for expr in crate::facts::statement_expressions(statement) {
            profile.add(&self.expression(expr));
        }
        profile
    }

    /// Both branches, weighted: a branch that ends in `raise` is rare, so is one for Windows, and a loop is left once at
    /// most.
    fn branches(&self, test: ExprId, body: &[Stmt], orelse: &[Stmt]) -> Profile {
        let loops = self.program.index(self.function.file).loops_around(test);
        let is_repeated = loops.iter().any(|around| matches!(around, Loop::Statement(_)));
        let is_rare = |block: &[Stmt]| {
            block.last().is_some_and(|last| match last.kind {
                StmtKind::Raise { .. } => true,
                StmtKind::Return(_) | StmtKind::Break => is_repeated,
                _ => false,
            })
        };
        let usual = platform::usual(self.program, self.at(test));
        match (
            is_rare(body) || usual == Some(false),
            is_rare(orelse) || usual == Some(true),
        ) {
            (true, false) => {
                let mut profile = self.block(body).perhaps(RARE);
                profile.add(&self.block(orelse));
                profile
            }
            (false, true) => {
                let mut profile = self.block(orelse).perhaps(RARE);
                profile.add(&self.block(body));
                profile
            }
            _ => self.block(body).or(&self.block(orelse)),
        }
    }

    fn handler(&self, handler: &Handler) -> Profile {
        self.block(&handler.body).perhaps(RARE)
    }

    fn for_loop(&self, statement: &Stmt, iterable: ExprId, body: &[Stmt]) -> Profile {
        let elements = CallCosts {
            walk: self,
            call: iterable,
        };
        if let Some(mut round) = elements.element_by_call() {
            round.add(&self.block(body));
            return self.unbounded(statement, round, WHILE_ROUNDS);
        }
        let mut rounds = self.rounds(iterable);
        if !rounds.known && self.goes_over_callables(statement) {
            rounds.count = CALLABLE_ROUNDS;
        }
        if leaves_early(body) {
            rounds = Rounds {
                count: Estimate::new(
                    rounds.count.least.min(1.0),
                    rounds.count.typical / 2.0,
                    rounds.count.most,
                ),
                ..rounds
            };
        }
        let mut round = self.block(body);
        round.add(&Profile::steps(STEP));
        let waits = round.clone();
        round.add(&self.iteration(iterable));
        let mut profile = self.looped(statement, round, rounds);
        for generator in handed_generators(self.program, self.at(iterable)) {
            if let Some(inner) = self.profiles.get(&generator) {
                profile.add(&inner.clone().perhaps(1.0));
            }
        }
        self.doubt_stream(iterable, &mut profile);
        if !rounds.known && waits.handover.typical + waits.wait.typical > 0.0 && rounds.count == ENDLESS_ROUNDS {
            profile.round = Some(Box::new(waits));
        }
        profile
    }

    /// `for listener in listeners`: functions and methods that were put there one by one.
    fn goes_over_callables(&self, statement: &Stmt) -> bool {
        let StmtKind::For { target, .. } = &statement.kind else {
            return false;
        };
        let ExprKind::Store(def) = self.program.kind(self.at(*target)) else {
            return false;
        };
        let values = self.program.solution.variable(Variable::Def(DefRef {
            file: self.function.file,
            def: *def,
        }));
        let is_function = |value| {
            matches!(
                self.program.value(value),
                Value::Function(_) | Value::BoundMethod { .. }
            )
        };
        !values.is_empty() && values.iter().all(is_function)
    }

    /// A number of rounds that a `for` over a project's iterator or a queue gives.
    fn rounds(&self, iterable: ExprId) -> Rounds {
        self.sizes().rounds(iterable)
    }

    /// What getting the next element costs, for iterators of the project.
    fn iteration(&self, iterable: ExprId) -> Profile {
        let mut profile = Profile::default();
        for value in self.program.values(self.at(iterable)).iter() {
            if let Value::Instance { class, .. } = *self.program.value(value) {
                for method in ["__next__", "__getitem__"] {
                    for function in self.program.methods(class, method, false) {
                        if let Some(inner) = self.profiles.get(&function) {
                            profile.add(&inner.clone().perhaps(1.0));
                        }
                    }
                }
            }
        }
        profile
    }

    /// Who goes through a parameter that may be anything that gives elements may as well wait for each of them.
    fn doubt_stream(&self, iterable: ExprId, profile: &mut Profile) {
        let program = self.program;
        let values = program.values(self.at(iterable));
        let is_made_here = |value| {
            let made = program.site(value).and_then(Site::expression);
            made.is_some_and(|made| matches!(program.kind(made), ExprKind::Call { .. }))
        };
        let is_abstract = |value| match *program.value(value) {
            Value::ExternalInstance { of, .. } => program.name(of) == language::ITERATOR && !is_made_here(value),
            _ => false,
        };
        let is_known = |value| !is_abstract(value) && !matches!(program.value(value), Value::Unknown(_));
        if is_parameter(program, self.at(iterable)) && values.iter().any(is_abstract) && !values.iter().any(is_known) {
            profile.either = profile.total();
        }
    }

    fn while_loop(&self, statement: &Stmt, test: ExprId, body: &[Stmt]) -> Profile {
        let mut round = self.expression(test);
        round.add(&self.block(body));
        let endless = matches!(
            self.program.kind(self.at(test)),
            ExprKind::Bool(true) | ExprKind::Int(Some(1))
        );
        if leaves_early(body) && self.gives_one_element() {
            return self.looped(
                statement,
                round,
                Rounds {
                    count: SEARCH_ROUNDS,
                    known: false,
                },
            );
        }
        let waits = round.wait.typical + round.handover.typical > 0.0;
        let spins = endless && !waits && round.unknown.is_empty() && !leaves_early(body);
        let count = if spins {
            SPINNING_ROUNDS
        } else if endless {
            ENDLESS_ROUNDS
        } else {
            WHILE_ROUNDS
        };
        self.unbounded(statement, round, count)
    }

    /// A method that stands for one element of its object looks for that, and leaves.
    fn gives_one_element(&self) -> bool {
        let name = self.program.scope(self.function).name.as_str();
        language::ELEMENT_METHODS.contains(&name) && self.program.class_of_method(self.function).is_some()
    }

    /// A loop that goes on for as long as something else wants: for ever, where its rounds wait.
    fn unbounded(&self, statement: &Stmt, round: Profile, count: Estimate) -> Profile {
        let waits = round.wait.typical + round.handover.typical > 0.0;
        let count = if waits { ENDLESS_ROUNDS } else { count };
        let once = round.clone();
        let mut profile = self.looped(statement, round, Rounds { count, known: false });
        if waits {
            profile.round = Some(Box::new(once));
        }
        profile
    }

    fn looped(&self, statement: &Stmt, round: Profile, rounds: Rounds) -> Profile {
        let mut profile = rounds.of(round);
        profile.round = None;
        let span = statement_head(self.program, self.function, statement);
        let message = format!("{}, here", describe_loop(rounds));
        profile.explain(
            Place {
                file: self.function.file,
                span,
            },
            &message,
        );
        profile
    }

    /// Entering and leaving a context manager.
    fn context(&self, context: ExprId) -> Profile {
        let mut profile = Profile::steps(BLOCK);
        for value in self.program.values(self.at(context)).iter() {
            match *self.program.value(value) {
                Value::Instance { class, site } => {
                    for method in ["__enter__", "__exit__", "__aenter__", "__aexit__"] {
                        for function in self.program.methods(class, method, site.is_none()).into_iter().take(1) {
                            if let Some(inner) = self.profiles.get(&function) {
                                profile.add(inner);
                            }
                        }
                    }
                }
                Value::ExternalInstance { .. } => profile.add(&self.entering(value, context)),
                _ => {}
            }
        }
        profile
    }

    fn entering(&self, value: crate::link::values::ValueId, context: ExprId) -> Profile {
        let waits = match self.program.role(value) {
            Some(Role::Lock | Role::Rlock | Role::Condition | Role::Semaphore | Role::ProcessPrimitive) => {
                Estimate::new(0.0, 1e-6, 1e-1)
            }
            Some(Role::Executor | Role::Pool) => Estimate::new(1e-5, 1e-2, 60.0),
            _ => return Profile::default(),
        };
        let mut profile = Profile::of(Part::Handover, waits);
        profile.explain(self.place(context), "waits for other threads, here");
        profile
    }

    /// What evaluating an expression costs.
    pub(super) fn expression(&self, expr: ExprId) -> Profile {
        match self.program.kind(self.at(expr)) {
            ExprKind::Call { arguments, .. } => {
                let mut profile = Profile::default();
                for argument in arguments {
                    profile.add(&self.expression(argument.value));
                }
                profile.add(&CallCosts { walk: self, call: expr }.cost());
                profile
            }
            ExprKind::Comprehension { .. } => self.comprehension(expr),
            ExprKind::Lambda(_) => Profile::steps(CALL),
            ExprKind::Store(_)
            | ExprKind::Str { .. }
            | ExprKind::Bytes { .. }
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::None
            | ExprKind::Ellipsis
            | ExprKind::Opaque => Profile::steps(STEP / 3.0),
            ExprKind::Conditional { test, body, orelse } => {
                let mut profile = self.expression(*test);
                profile.add(&self.expression(*body).or(&self.expression(*orelse)));
                profile
            }
            ExprKind::Boolean { values, .. } => {
                let mut profile = Profile::default();
                for (index, &value) in values.iter().enumerate() {
                    let part = self.expression(value);
                    profile.add(&if index == 0 { part } else { part.perhaps(0.5) });
                }
                profile
            }
            kind => {
                let mut profile = Profile::steps(STEP);
                for child in child_expressions(self.program.file(self.function.file), expr) {
                    profile.add(&self.expression(child));
                }
                profile.add(&CallCosts { walk: self, call: expr }.operator(kind));
                profile
            }
        }
    }

    fn comprehension(&self, expr: ExprId) -> Profile {
        let ExprKind::Comprehension {
            kind,
            element,
            value,
            clauses,
        } = self.program.kind(self.at(expr))
        else {
            return Profile::default();
        };
        let mut inner = Profile::steps(STEP);
        for &part in std::iter::once(element).chain(value) {
            inner.add(&self.expression(part));
        }
        for clause in clauses.iter().rev() {
            for &condition in &clause.conditions {
                inner = inner.perhaps(0.7);
                inner.add(&self.expression(condition));
            }
            inner.add(&Profile::steps(STEP));
            inner = self.rounds(clause.iterable).of(inner);
            self.doubt_stream(clause.iterable, &mut inner);
            inner.add(&self.expression(clause.iterable));
        }
        inner.add(&Profile::steps(BLOCK));
        let what = if *kind == ComprehensionKind::Generator {
            "generator expression"
        } else {
            "comprehension"
        };
        inner.explain(self.place(expr), &format!("a {what} over data, here"));
        inner
    }
}

fn describe_loop(rounds: Rounds) -> String {
    if rounds.known {
        format!("a loop of {:.0} rounds", rounds.count.typical)
    } else if rounds.count == ENDLESS_ROUNDS || rounds.count == SPINNING_ROUNDS {
        "a loop without end".to_owned()
    } else if rounds.count == UNKNOWN_ROUNDS {
        "a loop over data".to_owned()
    } else {
        "a loop".to_owned()
    }
}

/// The line that a compound statement starts with.
pub(super) fn statement_head(program: &Program<'_>, function: ScopeRef, statement: &Stmt) -> crate::facts::Span {
    let text = &program.sources[function.file.index()].text;
    let start = statement.span.start as usize;
    let end = text[start..].find('\n').map_or(text.len(), |offset| start + offset);
    let end = end.min(statement.span.end as usize);
    crate::facts::Span {
        start: statement.span.start,
        end: u32::try_from(end).unwrap_or(statement.span.end),
    }
}

/// Whether a loop body may leave the loop before its end (not counting loops inside).
fn leaves_early(body: &[Stmt]) -> bool {
    body.iter().any(|statement| match &statement.kind {
        StmtKind::Break | StmtKind::Return(_) => true,
        StmtKind::For { .. } | StmtKind::While { .. } => false,
        _ => crate::facts::child_blocks(statement).into_iter().any(leaves_early),
    })
}
