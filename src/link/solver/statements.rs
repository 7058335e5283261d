//! Units and statements.

use crate::facts::{
    DefId, DefKind, ExprId, ExprKind, FileFacts, Handler, ParameterKind, ScopeId, ScopeKind, Step, Stmt, StmtKind,
};

use crate::knowledge::Semantic;

use super::super::language;
use super::super::modules::join;
use super::super::values::{DefRef, ScopeRef, Site, Unresolved, Value, ValueSet};
use super::{Key, Solver, Variable};

/// The star imports of a file, wherever they stand.
pub(in crate::link) fn star_imports(file: &FileFacts) -> Vec<(String, u32)> {
    fn collect(block: &[Stmt], found: &mut Vec<(String, u32)>) {
        for statement in block {
            if let StmtKind::ImportStar { module, level } = &statement.kind {
                found.push((module.clone(), *level));
            }
            for inner in crate::facts::child_blocks(statement) {
                collect(inner, found);
            }
        }
    }
    let mut found = Vec::new();
    for scope in &file.scopes {
        collect(&scope.body, &mut found);
    }
    found
}

/// The definition that binds the name of each function and class of a file.
pub(super) fn scope_definitions(file: &FileFacts) -> Vec<Option<DefId>> {
    let mut found = vec![None; file.scopes.len()];
    for (index, definition) in file.definitions.iter().enumerate() {
        if let DefKind::Function(scope) | DefKind::Class(scope) = definition.kind {
            found[scope.index()] = Some(DefId(super::unit_number(index)));
        }
    }
    found
}

impl Solver<'_> {
    pub(super) fn evaluate_unit(&mut self, unit: ScopeRef) {
        let scope = self.file(unit.file).scope(unit.scope);
        if matches!(scope.kind, ScopeKind::Function | ScopeKind::Lambda) {
            self.seed_parameters(unit);
        }
        self.evaluate_block(&scope.body);
    }

    /// The receiver of a method, what annotations say, and the values of defaults.
    fn seed_parameters(&mut self, unit: ScopeRef) {
        let scope = self.file(unit.file).scope(unit.scope);
        let class = self.class_of_method(unit);
        for (index, parameter) in scope.parameters.iter().enumerate() {
            let variable = Variable::Def(DefRef {
                file: unit.file,
                def: parameter.def,
            });
            if let (0, Some(class)) = (index, class) {
                let receiver = self.method_receiver(unit, class);
                self.write(variable, &receiver);
                continue;
            }
            if let Some(annotation) = parameter.annotation {
                let values = self.annotated(annotation);
                if parameter.kind == ParameterKind::Star || parameter.kind == ParameterKind::DoubleStar {
                    let site = Site::Parameter(DefRef {
                        file: unit.file,
                        def: parameter.def,
                    });
                    self.write_element(site, Key::Any, &values);
                } else {
                    self.write(variable, &values);
                }
            }
            let container = match parameter.kind {
                ParameterKind::Star => language::TUPLE,
                ParameterKind::DoubleStar => language::DICT,
                _ => continue,
            };
            let site = Site::Parameter(DefRef {
                file: unit.file,
                def: parameter.def,
            });
            let values = self.external_instance(container, Some(site));
            self.write(variable, &values);
        }
    }

    fn evaluate_block(&mut self, block: &[Stmt]) {
        for statement in block {
            self.evaluate_statement(statement);
        }
    }

    fn evaluate_statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Expr(value) => {
                self.evaluate(*value);
            }
            StmtKind::Assign { targets, value } => {
                let values = self.evaluate(*value);
                for &target in targets {
                    self.assign(target, &values, *value);
                }
            }
            StmtKind::Annotated {
                target,
                annotation,
                value,
            } => {
                let mut values = self.annotated(*annotation);
                if let Some(value) = value {
                    let given = self.evaluate(*value);
                    values.extend(&given);
                }
                self.assign(*target, &values, *annotation);
            }
            StmtKind::Augmented { target, value, .. } => self.augment(*target, *value),
            StmtKind::Return(Some(value)) => {
                let values = self.evaluate(*value);
                let unit = self.current();
                self.write(Variable::Return(unit), &values);
            }
            StmtKind::Raise { exception, cause } => {
                for &part in exception.iter().chain(cause) {
                    self.evaluate(part);
                }
            }
            StmtKind::For {
                target,
                iterable,
                body,
                orelse,
                ..
            } => {
                let values = self.evaluate(*iterable);
                let elements = self.elements_of(&values);
                self.assign(*target, &elements, *iterable);
                self.evaluate_block(body);
                self.evaluate_block(orelse);
            }
            StmtKind::If { test, body, orelse } | StmtKind::While { test, body, orelse } => {
                self.evaluate(*test);
                self.evaluate_block(body);
                self.evaluate_block(orelse);
            }
            StmtKind::With { items, body, .. } => {
                for &(context, target) in items {
                    let values = self.evaluate(context);
                    let entered = self.entered(&values);
                    if let Some(target) = target {
                        self.assign(target, &entered, context);
                    }
                }
                self.evaluate_block(body);
            }
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => {
                self.evaluate_block(body);
                for handler in handlers {
                    self.evaluate_handler(handler);
                }
                self.evaluate_block(orelse);
                self.evaluate_block(finally);
            }
            StmtKind::Match { subject, cases } => {
                self.evaluate(*subject);
                for case in cases {
                    for &part in case.pattern.iter().chain(&case.guard) {
                        self.evaluate(part);
                    }
                    self.evaluate_block(&case.body);
                }
            }
            StmtKind::Function(scope) => self.define_function(*scope),
            StmtKind::Class(scope) => self.define_class(*scope),
            StmtKind::Import(definitions) => {
                for &def in definitions {
                    let values = self.imported(def);
                    let def = self.def_here(def);
                    self.write(Variable::Def(def), &values);
                }
            }
            StmtKind::Delete(parts) => {
                for &part in parts {
                    self.evaluate(part);
                }
            }
            StmtKind::Assert { test, message } => {
                for &part in std::iter::once(test).chain(message) {
                    self.evaluate(part);
                }
            }
            StmtKind::Return(None)
            | StmtKind::ImportStar { .. }
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Pass => {}
        }
    }

    fn evaluate_handler(&mut self, handler: &Handler) {
        let types = handler.types.map(|types| self.evaluate(types)).unwrap_or_default();
        if let Some(def) = handler.def {
            let mut raised = ValueSet::empty();
            for class in self.flattened(&types) {
                let instance = match *self.universe.get(class) {
                    Value::Class(class) => Value::Instance { class, site: None },
                    Value::External(of) => Value::ExternalInstance { of, site: None },
                    _ => continue,
                };
                raised.insert(self.value(instance));
            }
            let def = self.def_here(def);
            self.write(Variable::Def(def), &raised);
        }
        self.evaluate_block(&handler.body);
    }

    /// The values themselves, with the elements of tuples in their place.
    fn flattened(&mut self, values: &ValueSet) -> Vec<super::ValueId> {
        let mut flat = Vec::new();
        for value in values.iter() {
            match *self.universe.get(value) {
                Value::ExternalInstance { site: Some(site), .. } => {
                    flat.extend(self.read_element(site, Key::All).iter());
                }
                _ => flat.push(value),
            }
        }
        flat
    }

    /// Binds `values` to a target; `source` is the expression that they come from.
    pub(super) fn assign(&mut self, target: ExprId, values: &ValueSet, source: ExprId) {
        let file = self.file(self.current().file);
        match file.kind(target) {
            ExprKind::Store(def) => {
                let def = self.def_here(*def);
                self.write(Variable::Def(def), values);
            }
            ExprKind::Attribute { base, name, .. } => {
                let receivers = self.evaluate(*base);
                self.write_attribute(&receivers, name, values);
            }
            ExprKind::Subscript { base, index } => {
                let receivers = self.evaluate(*base);
                self.evaluate(*index);
                self.write_item(&receivers, *index, values);
            }
            ExprKind::Sequence { elements, .. } => {
                let steps = steps(file, elements);
                for (&element, step) in elements.iter().zip(steps) {
                    let part = self.part(values, step, source);
                    let element = match file.kind(element) {
                        ExprKind::Starred(inner) => *inner,
                        _ => element,
                    };
                    self.assign(element, &part, source);
                }
            }
            ExprKind::Starred(inner) => self.assign(*inner, values, source),
            _ => {}
        }
    }

    fn part(&mut self, values: &ValueSet, step: Step, source: ExprId) -> ValueSet {
        match step {
            Step::Item(index) => self.item_of(values, Key::Index(index)),
            Step::FromEnd(_) => self.elements_of(values),
            Step::Rest(_) => {
                let elements = self.elements_of(values);
                let site = Site::Inner(self.here(source));
                self.write_element(site, Key::Any, &elements);
                self.external_instance(language::LIST, Some(site))
            }
        }
    }

    fn augment(&mut self, target: ExprId, value: ExprId) {
        let file = self.file(self.current().file);
        let operand = self.evaluate(value);
        let mut values = match file.kind(target) {
            ExprKind::Store(def) => {
                let mut previous = ValueSet::empty();
                if let DefKind::Augmented {
                    previous: definitions, ..
                } = &file.definition(*def).kind
                {
                    let symbol = file.definition(*def).symbol;
                    let all = &file.symbol(symbol).definitions;
                    let reaching = if definitions.is_empty() { all } else { definitions };
                    for &before in reaching {
                        let before = self.def_here(before);
                        previous.extend(&self.read(Variable::Def(before)));
                    }
                }
                previous
            }
            _ => self.evaluate(target),
        };
        // `a += b` keeps a container and takes the elements of `b` in; a number stays a number.
        let receivers = values.clone();
        self.add_all(&receivers, &operand);
        values = self.without_literals(&values);
        self.assign(target, &values, value);
    }

    fn define_function(&mut self, scope: ScopeId) {
        let file = self.file(self.current().file);
        let unit = ScopeRef {
            file: self.current().file,
            scope,
        };
        let function = file.scope(scope);
        for parameter in &function.parameters {
            for part in parameter.default.into_iter().chain(parameter.annotation) {
                self.evaluate(part);
            }
        }
        if let Some(returns) = function.returns {
            let values = self.annotated(returns);
            if !function.is_generator {
                self.write(Variable::Return(unit), &values);
            }
        }
        let mut values = self.one(Value::Function(unit));
        for &decorator in function.decorators.iter().rev() {
            let decorators = self.evaluate(decorator);
            if self.keeps_what_it_decorates(decorator) {
                continue;
            }
            values = self.decorate(&decorators, &values, unit, self.here(decorator));
        }
        self.write_defaults(unit);
        self.bind_definition(scope, &values);
    }

    /// Whether a decorator is a call that makes one which gives back what it decorates (`wraps(f)`, where the argument
    /// is another function).
    fn keeps_what_it_decorates(&self, decorator: ExprId) -> bool {
        let ExprKind::Call { callee, .. } = self.file(self.current().file).kind(decorator) else {
            return false;
        };
        let callees = &self.expressions[self.current().file.index()][callee.index()];
        callees.iter().any(|callee| match *self.universe.get(callee) {
            Value::External(name) => matches!(
                self.knowledge.semantic(self.universe.text(name)),
                Some(Semantic::KeepsFunction | Semantic::CachesFunction | Semantic::RetriesFunction)
            ),
            _ => false,
        })
    }

    /// The scope around a function evaluates the defaults of its parameters.
    fn write_defaults(&mut self, unit: ScopeRef) {
        let function = self.file(unit.file).scope(unit.scope);
        for parameter in &function.parameters {
            if let Some(default) = parameter.default {
                let values = self.expressions[unit.file.index()][default.index()].clone();
                self.write(
                    Variable::Def(DefRef {
                        file: unit.file,
                        def: parameter.def,
                    }),
                    &values,
                );
            }
        }
    }

    /// Binds the name of a `def` or `class` statement.
    pub(super) fn bind_definition(&mut self, scope: ScopeId, values: &ValueSet) {
        if let Some(def) = self.scope_definitions[self.current().file.index()][scope.index()] {
            let def = self.def_here(def);
            self.write(Variable::Def(def), values);
        }
    }

    fn imported(&mut self, def: crate::facts::DefId) -> ValueSet {
        let from = self.current().file;
        match &self.file(from).definition(def).kind {
            DefKind::Import { module, imported } => {
                if let Some(file) = self.modules.find(from, module) {
                    return self.one(Value::Module(file));
                }
                // `import a.b` where only `a.b` is a file of the project: `a` is a namespace package.
                if self.modules.find(from, imported).is_some() {
                    return self.one_namespace(module);
                }
                self.external(module)
            }
            DefKind::ImportFrom { module, level, name } => self.imported_name(from, *level, module, name),
            _ => ValueSet::empty(),
        }
    }

    fn one_namespace(&mut self, module: &str) -> ValueSet {
        let name = self.universe.name(module);
        self.one(Value::External(name))
    }

    /// Whether a name lies in a part of the project that is no Python file.
    fn is_extension(&self, name: &str) -> bool {
        self.modules.compiled(name).is_some() || self.modules.is_missing(name)
    }

    fn imported_name(&mut self, from: crate::finding::FileId, level: u32, module: &str, name: &str) -> ValueSet {
        let candidates = self.modules.absolute(from, level, module);
        for absolute in &candidates {
            // In a library's own repository its public names mean what they mean to everybody.
            let public = join(absolute, name);
            if level == 0 && (self.knowledge.submission(&public).is_some() || self.knowledge.is_worker_part(&public)) {
                return self.external(&public);
            }
            if let Some(file) = self.modules.find(from, absolute) {
                let values = self.module_attribute(file, name);
                if !values.is_empty() {
                    return values;
                }
            }
            if let Some(file) = self.modules.find(from, &join(absolute, name)) {
                return self.one(Value::Module(file));
            }
            if let Some(file) = self.modules.find(from, absolute) {
                // What the module binds but has not been solved yet comes later.
                if self.file(file).symbol_in(crate::facts::MODULE, name).is_some() {
                    return ValueSet::empty();
                }
                return self.unknown(Unresolved::DynamicAttribute);
            }
        }
        match candidates.first() {
            Some(absolute) if level == 0 || self.is_extension(&join(absolute, name)) => {
                self.external(&join(absolute, name))
            }
            _ => self.unknown(Unresolved::UnboundName),
        }
    }
}

/// How each element of a target list reaches its part.
fn steps(file: &FileFacts, elements: &[ExprId]) -> Vec<Step> {
    let starred = elements
        .iter()
        .position(|&element| matches!(file.kind(element), ExprKind::Starred(_)));
    let number = |index: usize| super::unit_number(index);
    (0..elements.len())
        .map(|index| match starred {
            Some(star) if index == star => Step::Rest(number(star)),
            Some(star) if index > star => Step::FromEnd(number(elements.len() - index)),
            _ => Step::Item(number(index)),
        })
        .collect()
}
