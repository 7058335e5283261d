//! Expressions: what they may be.

use crate::facts::{BinaryOp, ComprehensionKind, DefId, ExprId, ExprKind, ScopeId, SequenceKind, SymbolId};

use super::super::language;
use super::super::values::{DefRef, ExprRef, ScopeRef, Site, Unresolved, Value, ValueSet};
use super::{Key, Solver, Variable};

impl Solver<'_> {
    /// Computes and keeps the values of an expression and of all expressions in it.
    pub(super) fn evaluate(&mut self, expr: ExprId) -> ValueSet {
        let file = self.current().file;
        if self.settled[file.index()][expr.index()] {
            return self.expressions[file.index()][expr.index()].clone();
        }
        let before = self.reads;
        let values = self.compute(expr);
        if self.expressions[file.index()][expr.index()].extend(&values) {
            self.tell_watchers(ExprRef { file, expr });
        }
        self.settled[file.index()][expr.index()] = self.reads == before;
        values
    }

    fn compute(&mut self, expr: ExprId) -> ValueSet {
        let file = self.file(self.current().file);
        match file.kind(expr) {
            ExprKind::Name { name, symbol, reaching } => self.name_read(name, *symbol, reaching),
            ExprKind::Store(def) => {
                let def = self.def_here(*def);
                self.read(Variable::Def(def))
            }
            ExprKind::Attribute { base, name, .. } => {
                let receivers = self.evaluate(*base);
                self.attribute_of(&receivers, name)
            }
            ExprKind::Subscript { base, index } => {
                let receivers = self.evaluate(*base);
                self.evaluate(*index);
                self.subscript_of(&receivers, *index)
            }
            ExprKind::Slice { lower, upper, step } => {
                for &part in lower.iter().chain(upper).chain(step) {
                    self.evaluate(part);
                }
                self.external_instance(language::SLICE, None)
            }
            ExprKind::Call { callee, arguments, .. } => self.call(expr, *callee, arguments),
            ExprKind::Str { value, .. } => {
                let name = self.universe.name(value);
                self.one(Value::Str(name))
            }
            ExprKind::Bytes { .. } => self.external_instance(language::BYTES, None),
            ExprKind::Int(Some(number)) => self.one(Value::Int(*number)),
            ExprKind::Int(None) => self.external_instance(language::INT, None),
            ExprKind::Float(_) => self.external_instance(language::FLOAT, None),
            ExprKind::Bool(truth) => self.one(Value::Bool(*truth)),
            ExprKind::None => self.one(Value::None),
            ExprKind::Ellipsis => ValueSet::empty(),
            ExprKind::FString(parts) => {
                for &part in parts {
                    self.evaluate(part);
                }
                self.external_instance(language::STR, None)
            }
            ExprKind::Sequence { kind, elements, .. } => self.display(expr, *kind, elements),
            ExprKind::Dict { entries, .. } => self.dict_display(expr, entries),
            ExprKind::Lambda(scope) => self.lambda(*scope),
            ExprKind::Comprehension { .. } => self.comprehension(expr),
            ExprKind::Binary { op, left, right } => self.binary(*op, *left, *right),
            ExprKind::Boolean { values, .. } => {
                let mut all = ValueSet::empty();
                for &value in values {
                    all.extend(&self.evaluate(value));
                }
                all
            }
            ExprKind::Compare { left, comparisons } => {
                self.evaluate(*left);
                for &(_, right) in comparisons {
                    self.evaluate(right);
                }
                self.external_instance(language::BOOL, None)
            }
            ExprKind::Unary { operand, .. } => {
                let values = self.evaluate(*operand);
                self.without_literals(&values)
            }
            ExprKind::Conditional { test, body, orelse } => {
                self.evaluate(*test);
                let mut values = self.evaluate(*body);
                values.extend(&self.evaluate(*orelse));
                values
            }
            ExprKind::Await(value) => {
                let values = self.evaluate(*value);
                self.awaited(&values)
            }
            ExprKind::Yield(value) => {
                if let Some(value) = value {
                    let values = self.evaluate(*value);
                    let unit = self.current();
                    self.write(Variable::Yield(unit), &values);
                }
                ValueSet::empty()
            }
            ExprKind::YieldFrom(value) => {
                let values = self.evaluate(*value);
                let elements = self.elements_of(&values);
                let unit = self.current();
                self.write(Variable::Yield(unit), &elements);
                ValueSet::empty()
            }
            ExprKind::Starred(inner) => self.evaluate(*inner),
            ExprKind::Named { def, value } => {
                let values = self.evaluate(*value);
                let def = self.def_here(*def);
                self.write(Variable::Def(def), &values);
                values
            }
            ExprKind::Opaque => self.unknown(Unresolved::Unreadable),
        }
    }

    fn name_read(&mut self, name: &str, symbol: Option<SymbolId>, reaching: &[DefId]) -> ValueSet {
        let Some(symbol) = symbol else {
            return self.unbound(name);
        };
        let file_id = self.current().file;
        let file = self.file(file_id);
        let mut values = ValueSet::empty();
        let all = &file.symbol(symbol).definitions;
        for &def in if reaching.is_empty() { all } else { reaching } {
            values.extend(&self.read(Variable::Def(DefRef { file: file_id, def })));
        }
        if file.symbol(symbol).scope == crate::facts::MODULE {
            let name = self.universe.name(name);
            values.extend(&self.read(Variable::ModuleAttribute(file_id, name)));
        }
        values
    }

    /// A name that the file does not bind: a built-in, or one from a star import.
    fn unbound(&mut self, name: &str) -> ValueSet {
        let from = self.current().file;
        for index in 0..self.star_imports[from.index()].len() {
            let (module, level) = self.star_imports[from.index()][index].clone();
            for absolute in self.modules.absolute(from, level, &module) {
                if let Some(file) = self.modules.find(from, &absolute) {
                    let values = self.module_attribute(file, name);
                    if !values.is_empty() {
                        return values;
                    }
                } else if self.knowledge.knows(&format!("{absolute}.{name}")) {
                    return self.external(&format!("{absolute}.{name}"));
                }
            }
        }
        self.builtin(name)
    }

    fn builtin(&mut self, name: &str) -> ValueSet {
        let key = self.universe.name(name);
        if let Some(&known) = self.builtins.get(&key) {
            return ValueSet::one(known);
        }
        let builtin = format!("builtins.{name}");
        let value = if self.knowledge.knows(&builtin) {
            let canonical = self.canonical_name(&builtin);
            self.value(Value::External(canonical))
        } else {
            self.value(Value::Unknown(Unresolved::UnboundName))
        };
        self.builtins.insert(key, value);
        ValueSet::one(value)
    }

    fn display(&mut self, expr: ExprId, kind: SequenceKind, elements: &[ExprId]) -> ValueSet {
        let site = Site::Expr(self.here(expr));
        let file = self.file(self.current().file);
        let mut after_star = false;
        for (index, &element) in elements.iter().enumerate() {
            let values = self.evaluate(element);
            if matches!(file.kind(element), ExprKind::Starred(_)) {
                after_star = true;
                let inner = self.elements_of(&values);
                self.write_element(site, Key::Any, &inner);
            } else if kind == SequenceKind::Set || after_star {
                self.write_element(site, Key::Any, &values);
            } else {
                self.write_element(site, Key::Index(super::unit_number(index)), &values);
            }
        }
        let name = match kind {
            SequenceKind::Tuple => language::TUPLE,
            SequenceKind::List => language::LIST,
            SequenceKind::Set => language::SET,
        };
        self.external_instance(name, Some(site))
    }

    fn dict_display(&mut self, expr: ExprId, entries: &[(Option<ExprId>, ExprId)]) -> ValueSet {
        let site = Site::Expr(self.here(expr));
        for &(key, value) in entries {
            let values = self.evaluate(value);
            match key {
                Some(key) => {
                    self.evaluate(key);
                    let key = self.literal_key(key).unwrap_or(Key::Any);
                    self.write_element(site, key, &values);
                }
                None => {
                    let inner = self.elements_of(&values);
                    self.write_element(site, Key::Any, &inner);
                }
            }
        }
        self.external_instance(language::DICT, Some(site))
    }

    /// The key that a literal index or key names.
    pub(super) fn literal_key(&mut self, index: ExprId) -> Option<Key> {
        match self.file(self.current().file).kind(index) {
            ExprKind::Int(Some(number)) => u32::try_from(*number).ok().map(Key::Index),
            ExprKind::Str { value, .. } => Some(Key::Text(self.universe.name(value))),
            _ => None,
        }
    }

    fn lambda(&mut self, scope: ScopeId) -> ValueSet {
        let unit = ScopeRef {
            file: self.current().file,
            scope,
        };
        let function = self.file(unit.file).scope(scope);
        for parameter in &function.parameters {
            if let Some(default) = parameter.default {
                let values = self.evaluate(default);
                self.write(
                    Variable::Def(DefRef {
                        file: unit.file,
                        def: parameter.def,
                    }),
                    &values,
                );
            }
        }
        self.one(Value::Function(unit))
    }

    fn comprehension(&mut self, expr: ExprId) -> ValueSet {
        let file = self.file(self.current().file);
        let ExprKind::Comprehension {
            kind,
            element,
            value,
            clauses,
        } = file.kind(expr)
        else {
            return ValueSet::empty();
        };
        for clause in clauses {
            let values = self.evaluate(clause.iterable);
            let elements = self.elements_of(&values);
            self.assign(clause.target, &elements, clause.iterable);
            for &condition in &clause.conditions {
                self.evaluate(condition);
            }
        }
        let site = Site::Expr(self.here(expr));
        let mut elements = self.evaluate(*element);
        if let Some(value) = value {
            elements = self.evaluate(*value);
        }
        self.write_element(site, Key::Any, &elements);
        let name = match kind {
            ComprehensionKind::List => language::LIST,
            ComprehensionKind::Set => language::SET,
            ComprehensionKind::Dict => language::DICT,
            ComprehensionKind::Generator => language::GENERATOR,
        };
        self.external_instance(name, Some(site))
    }

    /// `a + b` of containers holds the elements of both; literals lose their value.
    fn binary(&mut self, op: BinaryOp, left: ExprId, right: ExprId) -> ValueSet {
        let mut values = self.evaluate(left);
        values.extend(&self.evaluate(right));
        let file = self.file(self.current().file);
        if op == BinaryOp::Mod && matches!(file.kind(left), ExprKind::Str { .. } | ExprKind::FString(_)) {
            return self.external_instance(language::STR, None);
        }
        self.without_literals(&values)
    }

    /// The values with literals replaced by their types.
    pub(super) fn without_literals(&mut self, values: &ValueSet) -> ValueSet {
        let mut plain = ValueSet::empty();
        for value in values.iter() {
            let name = match self.universe.get(value) {
                Value::Int(_) => language::INT,
                Value::Str(_) => language::STR,
                Value::Bool(_) => language::BOOL,
                _ => {
                    plain.insert(value);
                    continue;
                }
            };
            plain.extend(&self.external_instance(name, None));
        }
        plain
    }

    pub(super) fn awaited(&mut self, values: &ValueSet) -> ValueSet {
        let mut results = ValueSet::empty();
        for value in values.iter() {
            match *self.universe.get(value) {
                Value::Coroutine(function) => {
                    results.extend(&self.read(Variable::Return(function)));
                }
                // Awaiting a future or a task gives what was put into it.
                Value::ExternalInstance { site: Some(site), .. } => {
                    results.extend(&self.read_element(site, Key::All));
                }
                Value::ExternalInstance { site: None, .. } => {
                    results.insert(value);
                }
                _ => {
                    let unknown = self.value(Value::Unknown(Unresolved::ExternalResult));
                    results.insert(unknown);
                }
            }
        }
        results
    }

    /// What an annotation says that a value is.
    pub(super) fn annotated(&mut self, annotation: ExprId) -> ValueSet {
        self.evaluate(annotation);
        self.instances_of(annotation, 0)
    }

    fn instances_of(&mut self, annotation: ExprId, depth: u32) -> ValueSet {
        let file = self.file(self.current().file);
        let mut instances = ValueSet::empty();
        match file.kind(annotation) {
            ExprKind::Name { .. } | ExprKind::Attribute { .. } => {
                let classes = self.expressions[self.current().file.index()][annotation.index()].clone();
                for class in classes.iter() {
                    let instance = match *self.universe.get(class) {
                        Value::Class(class) => Value::Instance { class, site: None },
                        Value::External(of) if self.knowledge.type_fact(self.universe.text(of)).is_some() => {
                            Value::ExternalInstance { of, site: None }
                        }
                        _ => continue,
                    };
                    instances.insert(self.value(instance));
                }
            }
            // `A | None`, `Optional[A]`, `Union[A, B]`, `list[A]`: containers keep their type, wrappers vanish.
            ExprKind::Binary { left, right, .. } if depth < 4 => {
                instances.extend(&self.instances_of(*left, depth + 1));
                instances.extend(&self.instances_of(*right, depth + 1));
            }
            ExprKind::Subscript { base, index } if depth < 4 => {
                let outer = self.instances_of(*base, depth + 1);
                if !outer.is_empty() {
                    return self.generic_instance(annotation, &outer, *index, depth);
                }
                match file.kind(*index) {
                    ExprKind::Sequence { elements, .. } => {
                        for &element in elements {
                            instances.extend(&self.instances_of(element, depth + 1));
                        }
                    }
                    _ => {
                        instances.extend(&self.instances_of(*index, depth + 1));
                    }
                }
            }
            _ => {}
        }
        instances
    }

    /// `list[A]`: an instance of the container whose elements are instances of the last argument.
    fn generic_instance(&mut self, annotation: ExprId, outer: &ValueSet, index: ExprId, depth: u32) -> ValueSet {
        let file = self.file(self.current().file);
        let last = match file.kind(index) {
            ExprKind::Sequence { elements, .. } => elements.last().copied().unwrap_or(index),
            _ => index,
        };
        let elements = self.instances_of(last, depth + 1);
        let site = Site::Expr(self.here(annotation));
        self.write_element(site, Key::Any, &elements);
        let mut instances = ValueSet::empty();
        for value in outer.iter() {
            let instance = match *self.universe.get(value) {
                Value::ExternalInstance { of, .. } => Value::ExternalInstance { of, site: Some(site) },
                ref other => other.clone(),
            };
            instances.insert(self.value(instance));
        }
        instances
    }
}
