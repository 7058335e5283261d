//! The walk over one function that collects what may leave it.

use std::collections::BTreeSet;

use crate::facts::{DefKind, ExprId, ExprKind, ParameterKind, Stmt, StmtKind, child_expressions};
use crate::finding::{Note, Place};
use crate::knowledge::{CallFact, Operation, Semantic, SideEffect, WaitOn};
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program, language};

use super::catching::{Catcher, classes_of, is_abstract, is_caught_exception};
use super::lookups::{Guards, division, subscript};
use super::{CHAIN, ExplicitRaise, FunctionRaises, RaiseEvidence, RaiseKind, RaisedClass, Strength};
use crate::summary::Known;

/// Partials around partials are followed this far.
const DEPTH: u32 = 4;

/// What may leave a function.
pub(super) fn read(program: &Program<'_>, known: &Known<'_, FunctionRaises>, function: ScopeRef) -> FunctionRaises {
    let scope = program.scope(function);
    let mut walk = Walk {
        program,
        known,
        function,
        guards: Guards::of(program, function),
        catchers: Vec::new(),
        found: FunctionRaises::default(),
        looked_up: BTreeSet::new(),
        is_abstract: is_abstract(&scope.body, |value| {
            matches!(program.file(function.file).kind(value), ExprKind::Str { .. })
        }),
    };
    walk.block(&scope.body);
    walk.found.finish()
}

struct Walk<'w, 'p> {
    program: &'w Program<'p>,
    known: &'w Known<'w, FunctionRaises>,
    function: ScopeRef,
    guards: Guards,
    catchers: Vec<Catcher>,
    found: FunctionRaises,
    looked_up: BTreeSet<(String, String)>,
    is_abstract: bool,
}

impl Walk<'_, '_> {
    fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef {
            file: self.function.file,
            expr,
        }
    }

    fn escapes(&self, class: &RaisedClass) -> bool {
        !self.catchers.iter().any(|catcher| catcher.catches(self.program, class))
    }

    fn event(&mut self, strength: Strength, kind: RaiseKind, class: RaisedClass, place: Place, message: String) {
        if self.escapes(&class) {
            self.found.escapes.push(RaiseEvidence {
                strength,
                kind,
                class,
                chain: vec![Note { place, message }],
            });
        }
    }

    fn block(&mut self, block: &[Stmt]) {
        for statement in block {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => {
                self.catchers
                    .push(Catcher::of_handlers(self.program, self.function.file, handlers));
                self.block(body);
                self.catchers.pop();
                for handler in handlers {
                    self.block(&handler.body);
                }
                self.block(orelse);
                self.block(finally);
            }
            StmtKind::With { items, body, .. } => {
                let depth = self.catchers.len();
                for &(context, _) in items {
                    self.expression(context);
                    let catcher = Catcher::of_context(self.program, self.at(context));
                    self.catchers.push(catcher);
                }
                self.block(body);
                self.catchers.truncate(depth);
            }
            StmtKind::Raise { exception, .. } => self.raise(statement, *exception),
            StmtKind::Assert { test, .. } => {
                self.expression(*test);
                let place = self.place(statement);
                let class = RaisedClass::External(language::ASSERTION_ERROR.to_owned());
                let message = "an `assert` that may fail, here".to_owned();
                self.event(Strength::Possible, RaiseKind::Assertion, class, place, message);
            }
            StmtKind::Augmented { target, op, value } => {
                self.expression(*value);
                self.expression(*target);
                let divides = division(self.program, &self.guards, self.function, *op, *target, *value);
                if let Some((strength, kind)) = divides {
                    self.operator(strength, kind, *value, "a division by what may be zero, here");
                }
            }
            StmtKind::Assign { targets, value } => {
                self.expression(*value);
                for &target in targets {
                    self.target(target, *value);
                }
            }
            StmtKind::For { iterable, .. } => {
                self.iterated(*iterable);
                self.expression(*iterable);
                for block in crate::facts::child_blocks(statement) {
                    self.block(block);
                }
            }
            StmtKind::Class(scope) => {
                let body = &self.program.file(self.function.file).scope(*scope).body;
                self.block(body);
            }
            _ => {
                for root in crate::facts::statement_expressions(statement) {
                    self.expression(root);
                }
                for block in crate::facts::child_blocks(statement) {
                    self.block(block);
                }
            }
        }
    }

    fn place(&self, statement: &Stmt) -> Place {
        Place {
            file: self.function.file,
            span: statement.span,
        }
    }

    fn raise(&mut self, statement: &Stmt, exception: Option<ExprId>) {
        let Some(exception) = exception else { return };
        if is_caught_exception(self.program, self.at(exception)) {
            return;
        }
        if let ExprKind::Call { arguments, .. } = self.program.kind(self.at(exception)) {
            for argument in arguments {
                self.expression(argument.value);
            }
        }
        let place = self.place(statement);
        for class in classes_of(self.program, self.at(exception)) {
            if !self.escapes(&class) {
                continue;
            }
            let name = self.class_name(&class, exception);
            let chain = vec![Note {
                place,
                message: format!("raises `{name}`, here"),
            }];
            // A method that only says so is there to be overridden.
            let strength = if self.is_abstract {
                Strength::Possible
            } else {
                Strength::Explicit
            };
            if strength == Strength::Explicit {
                self.found.explicit.push(ExplicitRaise {
                    class: class.clone(),
                    exception: self.at(exception),
                    chain: chain.clone(),
                });
            }
            self.found.escapes.push(RaiseEvidence {
                strength,
                kind: RaiseKind::Raise,
                class,
                chain,
            });
        }
    }

    fn class_name(&self, class: &RaisedClass, exception: ExprId) -> String {
        match class {
            RaisedClass::Project(class) => self.program.display_name(*class),
            RaisedClass::External(name) => name.strip_prefix("builtins.").unwrap_or(name).to_owned(),
            RaisedClass::Unknown => self.program.text(self.at(exception)),
        }
    }

    /// Going over what callers hand in runs their generators and iterators.
    fn iterated(&mut self, iterable: ExprId) {
        let expr = self.at(iterable);
        if let ExprKind::Call { .. } = self.program.kind(expr) {
            let passes_on = self.program.callees(expr).iter().any(|callee| match callee {
                Callee::External { name, .. } => matches!(
                    self.program.knowledge.semantic(name),
                    Some(Semantic::CopiesElements | Semantic::Enumerate)
                ),
                _ => false,
            });
            if let Some(given) = self.program.argument(expr, Some(0), None).filter(|_| passes_on) {
                self.iterated(given.expr);
            }
            return;
        }
        if is_handed_in(self.program, expr, 0) {
            let text = self.program.text(expr);
            let message = format!("what goes over `{text}` may raise, here");
            self.operator(Strength::Foreign, RaiseKind::Iteration, iterable, &message);
        }
    }

    fn operator(&mut self, strength: Strength, kind: RaiseKind, expr: ExprId, message: &str) {
        let place = self.program.place(self.at(expr));
        self.event(strength, kind, RaisedClass::Unknown, place, message.to_owned());
    }

    /// A target: subscripts that are stored do not look anything up, what they are made of does.
    fn target(&mut self, target: ExprId, value: ExprId) {
        match self.program.kind(self.at(target)) {
            ExprKind::Subscript { base, index } => {
                self.expression(*base);
                self.expression(*index);
            }
            ExprKind::Attribute { base, .. } => self.expression(*base),
            ExprKind::Sequence { elements, .. } => {
                let fits = match self.program.kind(self.at(value)) {
                    ExprKind::Sequence { elements: given, .. } => given.len() == elements.len(),
                    _ => false,
                };
                if !fits {
                    let message = "unpacks what may have another length, here";
                    self.operator(Strength::Possible, RaiseKind::Unpacking, target, message);
                }
            }
            _ => {}
        }
    }

    fn expression(&mut self, expr: ExprId) {
        match self.program.kind(self.at(expr)) {
            ExprKind::Call { .. } => {
                self.iterated(expr);
                self.call(expr);
            }
            ExprKind::Subscript { base, index } => {
                let key = (self.program.text(self.at(*base)), self.program.text(self.at(*index)));
                // What has been found once is there.
                let first = self.looked_up.insert(key);
                let found = subscript(self.program, &self.guards, self.function, *base, *index).filter(|_| first);
                if let Some((strength, kind)) = found {
                    let text = self.program.text(self.at(*base));
                    let message = if strength == Strength::Likely {
                        format!("a key that `{text}` does not have yet raises `KeyError`, here")
                    } else {
                        format!("a key or position that `{text}` does not have raises, here")
                    };
                    self.operator(strength, kind, expr, &message);
                }
            }
            ExprKind::Binary { op, left, right } => {
                let found = division(self.program, &self.guards, self.function, *op, *left, *right);
                if let Some((strength, kind)) = found {
                    self.operator(strength, kind, expr, "a division by what may be zero, here");
                }
            }
            _ => {}
        }
        for child in child_expressions(self.program.file(self.function.file), expr) {
            self.expression(child);
        }
    }

    fn call(&mut self, call: ExprId) {
        let callees = self.program.callees(self.at(call));
        for callee in &callees {
            self.callee(call, callee, 0);
        }
    }

    fn callee(&mut self, call: ExprId, callee: &Callee, depth: u32) {
        match callee {
            Callee::Function { function, .. } => self.function(call, *function),
            Callee::Class(class) => {
                for init in self.program.methods(*class, language::INIT, false) {
                    self.function(call, init);
                }
            }
            Callee::Partial(site) if depth < DEPTH => {
                if let Some(inner) = self.program.argument(*site, Some(0), None) {
                    for callee in self.program.callees_of(self.program.values(inner)) {
                        self.callee(call, &callee, depth + 1);
                    }
                }
            }
            Callee::External { name, .. } => self.external(call, name),
            Callee::Partial(_) | Callee::Unknown(_) => self.unknown(call),
        }
    }

    fn function(&mut self, call: ExprId, function: ScopeRef) {
        let program = self.program;
        let scope = program.scope(function);
        if scope.is_generator || scope.is_async && !self.is_awaited(call) {
            return;
        }
        let place = program.place(self.at(call));
        let note = Note {
            place,
            message: format!("calls `{}`", program.display_name(function)),
        };
        let wrappers = program.solution.wrappers.get(&function).into_iter().flatten();
        let wrappers = wrappers.filter(|_| !is_wrapper_of(program, self.function, function));
        let known = self.known;
        for inner in std::iter::once(&function).chain(wrappers) {
            let Some(raises) = known.get(inner) else {
                continue;
            };
            let mut best: Option<&RaiseEvidence> = None;
            for evidence in raises.escapes.iter().filter(|evidence| self.escapes(&evidence.class)) {
                // What is near says more than what is far.
                let rank = |evidence: &RaiseEvidence| (evidence.strength, std::cmp::Reverse(evidence.chain.len()));
                if best.is_none_or(|other| rank(other) < rank(evidence)) {
                    best = Some(evidence);
                }
            }
            if let Some(evidence) = best {
                self.found.escapes.push(RaiseEvidence {
                    chain: longer(&note, &evidence.chain),
                    ..evidence.clone()
                });
            }
            for raised in &raises.explicit {
                if self.escapes(&raised.class) && self.found.explicit.len() < 4 * super::EXPLICIT {
                    self.found.explicit.push(ExplicitRaise {
                        chain: longer(&note, &raised.chain),
                        ..raised.clone()
                    });
                }
            }
        }
    }

    fn is_awaited(&self, call: ExprId) -> bool {
        let index = self.program.index(self.function.file);
        let parent = index.parent(call);
        parent.is_some_and(|parent| matches!(self.program.kind(self.at(parent)), ExprKind::Await(_)))
    }

    fn external(&mut self, call: ExprId, name: &str) {
        let knowledge = self.program.knowledge;
        let strength = match knowledge.operation(name) {
            Some(Operation::Parse) if self.parses_text(call) => Strength::Likely,
            Some(Operation::Parse) => Strength::Possible,
            Some(
                Operation::ChecksPath
                | Operation::MakesPath
                | Operation::RemovesPath
                | Operation::ChangesProcess
                | Operation::MainThreadOnly,
            )
            | None => match self.external_strength(call, name) {
                Some(strength) => strength,
                None => return,
            },
            Some(_) => return,
        };
        let short = name.strip_prefix("builtins.").unwrap_or(name);
        let place = self.program.place(self.at(call));
        let message = format!("`{short}` may raise, here");
        self.event(strength, RaiseKind::Call, RaisedClass::Unknown, place, message);
    }

    /// How likely a call outside the project raises; nothing where it does not.
    fn external_strength(&self, call: ExprId, name: &str) -> Option<Strength> {
        let knowledge = self.program.knowledge;
        match knowledge.call(name) {
            Some(fact) if fact.cannot_raise => None,
            Some(fact) if self.writes(call, fact) => Some(Strength::Possible),
            Some(fact) => match fact.on {
                Some(WaitOn::Network | WaitOn::Disk | WaitOn::Process | WaitOn::Device) => Some(Strength::Likely),
                // What waits for nothing binds an address, which may be taken.
                None if fact.effects.contains(&SideEffect::UsesNetwork) => Some(Strength::Likely),
                _ => Some(Strength::Possible),
            },
            // Constructors of described types, and of exceptions.
            None if knowledge.type_fact(name).is_some() || knowledge.semantic(name).is_some() => None,
            None if self.is_own_extension(name) => Some(Strength::Foreign),
            None => Some(Strength::Possible),
        }
    }

    /// Whether a name lies in the project's own package without being among its files: compiled code.
    fn is_own_extension(&self, name: &str) -> bool {
        let module = self.program.full_name(self.program.module_scope(self.function.file));
        let (own, other) = (module.split('.').next(), name.split('.').next());
        module.contains('.') && own == other
    }

    /// Whether a call only writes files, which rarely fails where the program has chosen the place.
    fn writes(&self, call: ExprId, fact: &CallFact) -> bool {
        let mode = self.program.argument(self.at(call), Some(1), Some("mode"));
        let mode = mode.and_then(|mode| self.program.literal_string(mode));
        fact.on == Some(WaitOn::Disk)
            && (fact.effects.contains(&SideEffect::WritesFiles)
                || mode.is_some_and(|mode| mode.starts_with(['w', 'a', 'x'])))
    }

    /// Whether what is parsed is text from somewhere, as far as that is known.
    fn parses_text(&self, call: ExprId) -> bool {
        let Some(argument) = self.program.argument(self.at(call), Some(0), None) else {
            return false;
        };
        if matches!(
            self.program.kind(argument),
            ExprKind::Binary { .. } | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Compare { .. }
        ) {
            return false;
        }
        let values = self.program.values(argument);
        values.iter().any(|value| match self.program.value(value) {
            Value::ExternalInstance { of, .. } => {
                let name = self.program.name(*of);
                name == language::STR || name == language::BYTES
            }
            _ => false,
        })
    }

    fn unknown(&mut self, call: ExprId) {
        let ExprKind::Call { callee, .. } = self.program.kind(self.at(call)) else {
            return;
        };
        let mut strength = Strength::Possible;
        if let ExprKind::Attribute { name, .. } = self.program.kind(self.at(*callee))
            && let Some(fact) = self.program.knowledge.common_method(name)
        {
            if fact.cannot_raise {
                return;
            }
            if matches!(fact.on, Some(WaitOn::Network | WaitOn::Process | WaitOn::Device)) {
                strength = Strength::Likely;
            }
        }
        if is_handed_in(self.program, self.at(*callee), 0) {
            strength = strength.max(Strength::Foreign);
        }
        let text = self.program.text(self.at(*callee));
        let place = self.program.place(self.at(call));
        let message = format!("`{text}` may raise, here");
        self.event(strength, RaiseKind::Call, RaisedClass::Unknown, place, message);
    }
}

/// Whether an expression is a parameter that may be anything, or what a method keeps of one.
fn is_handed_in(program: &Program<'_>, expr: ExprRef, depth: u32) -> bool {
    let values = program.values(expr);
    let mut known = values.iter().map(|value| program.value(value));
    let unknown = known.any(|value| match value {
        Value::Unknown(_) | Value::Generator(_) => true,
        Value::ExternalInstance { of, .. } => program.name(*of) == language::GENERATOR,
        _ => false,
    });
    if !unknown && values.iter().any(|value| !matches!(program.value(value), Value::None)) || depth > 1 {
        return false;
    }
    let facts = program.file(expr.file);
    match program.kind(expr) {
        ExprKind::Name { reaching, .. } => reaching.iter().any(|&def| match &facts.definition(def).kind {
            // The receiver, and what the stars collect, are made by the interpreter.
            DefKind::Parameter { index } => {
                let scope = facts.scope(facts.definition(def).scope);
                let kind = scope.parameters[*index as usize].kind;
                let is_receiver = *index == 0 && program.class_of_method(program.scope_of(expr)).is_some();
                !is_receiver && !matches!(kind, ParameterKind::Star | ParameterKind::DoubleStar)
            }
            _ => false,
        }),
        ExprKind::Attribute { base, name, .. } => {
            let receiver = program.sibling(expr, *base);
            let class = program.class_of_method(program.scope_of(expr));
            let is_own = matches!(program.kind(receiver), ExprKind::Name { reaching, .. } if reaching
                .iter()
                .any(|&def| matches!(facts.definition(def).kind, DefKind::Parameter { index: 0 })));
            class.is_some_and(|class| is_own && is_kept(program, class, name, depth))
        }
        _ => false,
    }
}

/// Whether the constructor of a class keeps what it is handed under a name.
fn is_kept(program: &Program<'_>, class: ScopeRef, name: &str, depth: u32) -> bool {
    program.methods(class, language::INIT, false).into_iter().any(|init| {
        let index = program.index(init.file);
        index.statements_of(init.scope).iter().any(|&id| {
            let StmtKind::Assign { targets, value } = &index.statement(id).stmt.kind else {
                return false;
            };
            let stores = targets.iter().any(|&target| {
                matches!(index.facts.kind(target), ExprKind::Attribute { name: stored, .. } if stored == name)
            });
            let value = ExprRef {
                file: init.file,
                expr: *value,
            };
            stores && is_handed_in(program, value, depth + 1)
        })
    })
}

/// Whether a function stands in the place of another, so that it calls the other itself rather than what stands there.
fn is_wrapper_of(program: &Program<'_>, wrapper: ScopeRef, function: ScopeRef) -> bool {
    program
        .solution
        .wrappers
        .get(&function)
        .is_some_and(|wrappers| wrappers.contains(&wrapper))
}

fn longer(note: &Note, chain: &[Note]) -> Vec<Note> {
    let kept = chain.len().min(CHAIN - 1);
    // The end of the chain says most.
    std::iter::once(note)
        .chain(&chain[chain.len() - kept..])
        .cloned()
        .collect()
}
