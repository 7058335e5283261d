//! Which symbol a name means, by Python's rules.
//!
//! A name belongs to the scope that binds it anywhere in its code, so reads are bound to symbols once the file is
//! lowered. Comprehension variables and type parameters are the exception: they are known before they can be read.

use std::collections::HashMap;

use super::{Lowerer, position};
use crate::facts::{DefId, DefKind, Definition, ExprId, ExprKind, MODULE, ScopeId, ScopeKind, Span, Symbol, SymbolId};

/// What a scope says about a name.
#[derive(Clone, Copy)]
pub(super) enum Binding {
    /// It is bound here.
    Local(SymbolId),
    /// It is declared `global`.
    Global,
    /// It is declared `nonlocal`.
    Nonlocal,
}

/// What a scope says about names.
#[derive(Default)]
pub(super) struct ScopeNames {
    bindings: HashMap<String, Binding>,
    type_parameters: Vec<(String, SymbolId)>,
}

/// Something around the code that is being lowered in which names are looked up.
pub(super) enum Environment {
    /// A scope.
    Scope(ScopeId),
    /// A comprehension with the variables that its clauses have bound so far.
    Comprehension(Vec<(String, SymbolId)>),
    /// The header of a generic function or class with its type parameters.
    TypeParameters(Vec<(String, SymbolId)>),
}

/// A read that is bound once all names are known.
pub(super) struct PendingRead {
    /// The expression.
    pub(super) expression: ExprId,
    /// The scope that reads.
    pub(super) scope: ScopeId,
    /// The read stands in a comprehension in a class body, which does not see the names of the class.
    pub(super) past_class: bool,
    /// The symbol of a comprehension variable or type parameter.
    known: Option<SymbolId>,
}

/// The symbol bound to `name` in a list of variables, the latest first.
fn last_of(variables: &[(String, SymbolId)], name: &str) -> Option<SymbolId> {
    variables
        .iter()
        .rev()
        .find(|(variable, _)| variable == name)
        .map(|&(_, symbol)| symbol)
}

impl Lowerer<'_> {
    /// A read of a name.
    pub(super) fn read_name(&mut self, name: &str, span: Span) -> ExprId {
        let kind = ExprKind::Name {
            name: name.to_owned(),
            symbol: None,
            reaching: Vec::new(),
        };
        let expression = self.push_expression(span, kind);
        let scope = self.current;
        let past_class = self.facts.scope(scope).kind == ScopeKind::Class && self.inside_comprehension();
        let known = self.known_symbol(name);
        self.reads.push(PendingRead {
            expression,
            scope,
            past_class,
            known,
        });
        expression
    }

    fn inside_comprehension(&self) -> bool {
        let inner = self
            .environments
            .iter()
            .rev()
            .take_while(|outer| !matches!(outer, Environment::Scope(_)));
        inner
            .into_iter()
            .any(|environment| matches!(environment, Environment::Comprehension(_)))
    }

    fn known_symbol(&self, name: &str) -> Option<SymbolId> {
        for environment in self.environments.iter().rev() {
            match environment {
                Environment::Comprehension(variables) | Environment::TypeParameters(variables) => {
                    if let Some(symbol) = last_of(variables, name) {
                        return Some(symbol);
                    }
                }
                // A lambda's parameters are bound before its body is lowered.
                Environment::Scope(scope) if self.facts.scope(*scope).kind == ScopeKind::Lambda => {
                    if self.names[scope.index()].bindings.contains_key(name) {
                        return None;
                    }
                }
                Environment::Scope(_) => return None,
            }
        }
        None
    }

    /// A binding of a name by the code that is being lowered.
    pub(super) fn define(&mut self, name: &str, span: Span, kind: DefKind) -> DefId {
        self.define_in(self.current, name, span, kind)
    }

    /// A binding of a name by the code of `scope`.
    pub(super) fn define_in(&mut self, scope: ScopeId, name: &str, span: Span, kind: DefKind) -> DefId {
        let symbol = match self.names[scope.index()].bindings.get(name).copied() {
            Some(Binding::Local(symbol)) => symbol,
            Some(Binding::Nonlocal) => {
                let definition = self.push_definition(SymbolId(u32::MAX), scope, span, kind);
                self.nonlocals.push((definition, name.to_owned()));
                return definition;
            }
            Some(Binding::Global) => self.local_symbol(MODULE, name),
            None => self.local_symbol(scope, name),
        };
        self.push_definition_of(symbol, scope, span, kind)
    }

    /// A binding of a comprehension variable.
    pub(super) fn define_in_comprehension(&mut self, name: &str, span: Span, kind: DefKind) -> DefId {
        let scope = self.current;
        let known = match self.environments.last() {
            Some(Environment::Comprehension(variables)) => last_of(variables, name),
            _ => None,
        };
        let symbol = known.unwrap_or_else(|| {
            let symbol = self.push_symbol(scope, name, true);
            self.facts.scopes[scope.index()].symbols.push(symbol);
            if let Some(Environment::Comprehension(variables)) = self.environments.last_mut() {
                variables.push((name.to_owned(), symbol));
            }
            symbol
        });
        self.push_definition_of(symbol, scope, span, kind)
    }

    /// Binds the type parameters of a generic function or class: seen in its header, its body and all that is nested
    /// in it.
    pub(super) fn define_type_parameter(&mut self, scope: ScopeId, name: &str, span: Span) -> SymbolId {
        let symbol = self.push_symbol(scope, name, false);
        self.push_definition_of(symbol, scope, span, DefKind::Opaque);
        self.names[scope.index()]
            .type_parameters
            .push((name.to_owned(), symbol));
        symbol
    }

    /// `global` and `nonlocal`. One that follows a binding of the same name is an error, and is passed over.
    pub(super) fn declare(&mut self, name: &str, binding: Binding) {
        if self.current != MODULE {
            self.names[self.current.index()]
                .bindings
                .entry(name.to_owned())
                .or_insert(binding);
        }
    }

    /// Whether the current scope declares the name `global`.
    pub(super) fn is_global_here(&self, name: &str) -> bool {
        matches!(
            self.names[self.current.index()].bindings.get(name),
            Some(Binding::Global)
        )
    }

    fn local_symbol(&mut self, scope: ScopeId, name: &str) -> SymbolId {
        if let Some(Binding::Local(symbol)) = self.names[scope.index()].bindings.get(name) {
            return *symbol;
        }
        let symbol = self.push_symbol(scope, name, false);
        self.facts.scopes[scope.index()].symbols.push(symbol);
        self.names[scope.index()]
            .bindings
            .insert(name.to_owned(), Binding::Local(symbol));
        symbol
    }

    fn push_symbol(&mut self, scope: ScopeId, name: &str, in_comprehension: bool) -> SymbolId {
        let id = SymbolId(position(self.facts.symbols.len()));
        self.facts.symbols.push(Symbol {
            name: name.to_owned(),
            scope,
            definitions: Vec::new(),
            in_comprehension,
        });
        id
    }

    fn push_definition(&mut self, symbol: SymbolId, scope: ScopeId, span: Span, kind: DefKind) -> DefId {
        let id = DefId(position(self.facts.definitions.len()));
        self.facts.definitions.push(Definition {
            symbol,
            scope,
            span,
            kind,
        });
        id
    }

    fn push_definition_of(&mut self, symbol: SymbolId, scope: ScopeId, span: Span, kind: DefKind) -> DefId {
        let id = self.push_definition(symbol, scope, span, kind);
        self.facts.symbols[symbol.index()].definitions.push(id);
        id
    }

    /// Binds definitions under `nonlocal`, then all reads.
    pub(super) fn resolve_names(&mut self) {
        for (definition, name) in std::mem::take(&mut self.nonlocals) {
            let scope = self.facts.definition(definition).scope;
            let symbol = self.nonlocal_symbol(scope, &name);
            self.facts.definitions[definition.index()].symbol = symbol;
            self.facts.symbols[symbol.index()].definitions.push(definition);
        }
        let definitions = &self.facts.definitions;
        for symbol in &mut self.facts.symbols {
            symbol.definitions.sort_by_key(|id| definitions[id.index()].span);
        }
        let reads = std::mem::take(&mut self.reads);
        for read in &reads {
            let resolved = read
                .known
                .or_else(|| self.resolve(read.scope, read.expression, read.past_class));
            self.set_symbol(read.expression, resolved);
        }
        self.reads = reads;
    }

    /// Binds a read in a class body, which no binding of the class reaches, to the name that the class hides.
    pub(super) fn resolve_past_class(&mut self, scope: ScopeId, expression: ExprId) {
        let resolved = self.resolve(scope, expression, true);
        self.set_symbol(expression, resolved);
    }

    /// Sets the symbol of a read.
    pub(super) fn set_symbol(&mut self, expression: ExprId, resolved: Option<SymbolId>) {
        if let ExprKind::Name { symbol, .. } = &mut self.facts.expressions[expression.index()].kind {
            *symbol = resolved;
        }
    }

    fn resolve(&self, scope: ScopeId, expression: ExprId, past_class: bool) -> Option<SymbolId> {
        match self.facts.kind(expression) {
            ExprKind::Name { name, .. } => self.lookup(scope, name, past_class),
            _ => None,
        }
    }

    fn lookup(&self, scope: ScopeId, name: &str, past_class: bool) -> Option<SymbolId> {
        let mut next = Some(scope);
        while let Some(here) = next {
            let visible = self.facts.scope(here).kind != ScopeKind::Class || (here == scope && !past_class);
            let names = &self.names[here.index()];
            if visible {
                match names.bindings.get(name) {
                    Some(Binding::Local(symbol)) => return Some(*symbol),
                    Some(Binding::Global) => return self.module_symbol(name),
                    Some(Binding::Nonlocal) | None => {}
                }
            }
            if let Some(symbol) = last_of(&names.type_parameters, name) {
                return Some(symbol);
            }
            next = self.facts.scope(here).parent;
        }
        None
    }

    fn module_symbol(&self, name: &str) -> Option<SymbolId> {
        match self.names[MODULE.index()].bindings.get(name) {
            Some(Binding::Local(symbol)) => Some(*symbol),
            _ => None,
        }
    }

    /// The symbol that `nonlocal` in `scope` refers to. Where no function around binds the name, which is an error, the
    /// scope gets a symbol of its own.
    fn nonlocal_symbol(&mut self, scope: ScopeId, name: &str) -> SymbolId {
        let mut next = self.facts.scope(scope).parent;
        while let Some(here) = next {
            let is_function = matches!(self.facts.scope(here).kind, ScopeKind::Function | ScopeKind::Lambda);
            if let (true, Some(Binding::Local(symbol))) = (is_function, self.names[here.index()].bindings.get(name)) {
                return *symbol;
            }
            next = self.facts.scope(here).parent;
        }
        self.local_symbol(scope, name)
    }
}
