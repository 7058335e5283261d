//! Where attributes of the project's instances are written, and what with.

use std::collections::BTreeMap;

use crate::facts::{ArgumentKind, DefKind, ExprId, ExprKind, ScopeKind, StmtKind};
use crate::finding::Place;
use crate::link::index::StmtId;
use crate::link::solver::Base;
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueSet};
use crate::link::{Callee, Program};

/// One write of an attribute.
#[derive(Clone, Debug)]
pub(super) struct Write {
    /// The function whose code it is.
    pub(super) function: ScopeRef,
    /// The statement.
    pub(super) statement: StmtId,
    /// The expression that names the attribute.
    pub(super) target: ExprRef,
    /// The end of the write: it has happened when the code behind it runs.
    pub(super) position: u32,
    /// What is written.
    pub(super) written: Written,
}

/// What a write puts into an attribute.
#[derive(Clone, Debug)]
pub(super) enum Written {
    /// The values of an expression.
    Expression(ExprRef),
    /// Values that stand behind no single expression.
    Values(ValueSet),
    /// Nothing: the attribute is deleted.
    Deleted,
}

/// All writes: class -> attribute -> writes, in order of file and position.
#[derive(Debug, Default)]
pub(super) struct Writes {
    by_class: BTreeMap<ScopeRef, BTreeMap<String, Vec<Write>>>,
}

impl Writes {
    /// Reads the program once.
    pub(super) fn new(program: &Program<'_>) -> Self {
        let mut writes = Self::default();
        for file in program.file_ids() {
            let statements = &program.index(file).statements;
            for (number, indexed) in statements.iter().enumerate() {
                let here = |expr: ExprId| ExprRef { file, expr };
                let id = StmtId(u32::try_from(number).expect("internal: fewer than 2^32 statements"));
                match &indexed.stmt.kind {
                    StmtKind::Assign { targets, value } => {
                        for &target in targets {
                            writes.target(program, id, here(target), Some(here(*value)));
                        }
                    }
                    StmtKind::Annotated {
                        target,
                        value: Some(value),
                        ..
                    } => writes.target(program, id, here(*target), Some(here(*value))),
                    StmtKind::With { items, .. } => {
                        for &(_, target) in items {
                            if let Some(target) = target {
                                writes.target(program, id, here(target), None);
                            }
                        }
                    }
                    StmtKind::Delete(parts) => {
                        for &part in parts {
                            writes.add(program, id, here(part), Written::Deleted);
                        }
                    }
                    _ => {}
                }
            }
        }
        writes
    }

    /// A target with the value that it is given, where one expression says it.
    fn target(&mut self, program: &Program<'_>, statement: StmtId, target: ExprRef, value: Option<ExprRef>) {
        match (program.kind(target), value.map(|value| program.kind(value))) {
            (ExprKind::Sequence { elements, .. }, Some(ExprKind::Sequence { elements: values, .. }))
                if elements.len() == values.len() =>
            {
                for (&element, &value) in elements.iter().zip(values) {
                    let value = program.sibling(target, value);
                    self.target(program, statement, program.sibling(target, element), Some(value));
                }
            }
            (ExprKind::Sequence { elements, .. }, _) => {
                for &element in elements {
                    self.target(program, statement, program.sibling(target, element), None);
                }
            }
            (ExprKind::Attribute { base, name, .. }, _) => {
                let written = match value {
                    Some(value) => Written::Expression(value),
                    None => {
                        let attribute = attribute_values(program, program.sibling(target, *base), name);
                        Written::Values(attribute)
                    }
                };
                self.add(program, statement, target, written);
            }
            _ => {}
        }
    }

    fn add(&mut self, program: &Program<'_>, statement: StmtId, target: ExprRef, written: Written) {
        let ExprKind::Attribute { base, name, .. } = program.kind(target) else {
            return;
        };
        for value in program.values(program.sibling(target, *base)).iter() {
            let Value::Instance { class, .. } = *program.value(value) else {
                continue;
            };
            let writes = self.by_class.entry(class).or_default().entry(name.clone()).or_default();
            if writes.last().is_some_and(|last| last.target == target) {
                continue;
            }
            writes.push(Write {
                function: program.function_around(program.scope_of(target)),
                statement,
                target,
                position: end_of_write(program, target, &written),
                written: written.clone(),
            });
        }
    }

    /// The writes of the attributes of a class itself, by attribute.
    pub(super) fn of(&self, class: ScopeRef) -> impl Iterator<Item = (&str, &[Write])> {
        let attributes = self.by_class.get(&class).into_iter().flatten();
        attributes.map(|(name, writes)| (name.as_str(), writes.as_slice()))
    }
}

fn end_of_write(program: &Program<'_>, target: ExprRef, written: &Written) -> u32 {
    let end = program.place(target).span.end;
    match written {
        Written::Expression(value) => end.max(program.place(*value).span.end),
        Written::Values(_) | Written::Deleted => end,
    }
}

fn attribute_values(program: &Program<'_>, base: ExprRef, name: &str) -> ValueSet {
    use crate::link::solver::Variable;
    let mut values = ValueSet::empty();
    let Some(name) = program.solution.universe.find_name(name) else {
        return values;
    };
    for receiver in program.values(base).iter() {
        if let Value::Instance { class, .. } = *program.value(receiver) {
            values.extend(program.solution.variable(Variable::Attribute(class, name)));
        }
    }
    values
}

/// What a write puts into the instance that a call makes: where the constructor stores a parameter, what that call
/// passes for it. With the expression that says it.
pub(super) fn values_for(
    program: &Program<'_>,
    class: ScopeRef,
    site: Option<Site>,
    write: &Write,
) -> (ValueSet, Option<ExprRef>) {
    let value = match &write.written {
        Written::Expression(value) => *value,
        Written::Values(values) => return (values.clone(), None),
        Written::Deleted => return (ValueSet::empty(), None),
    };
    let argument = match site {
        Some(Site::Expr(call)) => constructor_argument(program, class, call, write.function, value),
        _ => None,
    };
    let source = argument.unwrap_or(value);
    (program.values(source).clone(), Some(source))
}

/// Whether an expression is a parameter for which some call passes what is not known.
pub(super) fn rests_on_unknown_callers(program: &Program<'_>, expr: ExprRef) -> bool {
    let ExprKind::Name {
        symbol: Some(symbol),
        reaching,
        ..
    } = program.kind(expr)
    else {
        return false;
    };
    let [def] = reaching.as_slice() else { return false };
    let file = program.file(expr.file);
    let DefKind::Parameter { index } = file.definition(*def).kind else {
        return false;
    };
    let function = ScopeRef {
        file: expr.file,
        scope: file.symbol(*symbol).scope,
    };
    let Some(parameter) = program.scope(function).parameters.get(index as usize) else {
        return false;
    };
    let callers = program.solution.callers.get(&function).into_iter().flatten();
    callers.copied().any(|call| {
        let bound = program.callees(call).into_iter().find_map(|callee| match callee {
            Callee::Function {
                function: called,
                receiver,
            } if called == function => Some(receiver.is_some()),
            Callee::Class(class) if program.methods(class, "__init__", false).contains(&function) => Some(true),
            _ => None,
        });
        let Some(bound) = bound else { return false };
        let position = index.checked_sub(u32::from(bound));
        program
            .argument(call, position, Some(&parameter.name))
            .is_some_and(|argument| program.values(argument).is_empty())
    })
}

fn constructor_argument(
    program: &Program<'_>,
    class: ScopeRef,
    call: ExprRef,
    constructor: ScopeRef,
    value: ExprRef,
) -> Option<ExprRef> {
    let constructs = program.callees(call).contains(&Callee::Class(class));
    if !constructs || program.methods(class, "__init__", false).first() != Some(&constructor) {
        return None;
    }
    let ExprKind::Name { reaching, .. } = program.kind(value) else {
        return None;
    };
    let [def] = reaching.as_slice() else { return None };
    let DefKind::Parameter { index } = program.file(value.file).definition(*def).kind else {
        return None;
    };
    let parameter = program.scope(constructor).parameters.get(index as usize)?;
    if let Some(argument) = program.argument(call, index.checked_sub(1), Some(&parameter.name)) {
        return Some(argument);
    }
    let spread = matches!(program.kind(call), ExprKind::Call { arguments, .. } if arguments.iter().any(|argument| {
        matches!(argument.kind, ArgumentKind::Star | ArgumentKind::DoubleStar)
    }));
    let default = parameter.default.filter(|_| !spread)?;
    Some(ExprRef {
        file: constructor.file,
        expr: default,
    })
}

/// A field of a dataclass: its name, where it stands, and what a new instance holds.
pub(super) struct Field {
    /// The name.
    pub(super) name: String,
    /// The name in the class body.
    pub(super) target: ExprRef,
    /// The position of the constructor's parameter, where no base has fields before it.
    pub(super) position: Option<u32>,
    /// The callables that make the values of new instances (`field(default_factory=...)`).
    pub(super) factories: Vec<ExprRef>,
}

impl Field {
    /// Where the field is written.
    pub(super) fn place(&self, program: &Program<'_>) -> Place {
        program.place(self.target)
    }
}

/// The fields of a class whose decorator makes them constructor parameters.
pub(super) fn fields(program: &Program<'_>, class: ScopeRef) -> Vec<Field> {
    let scope = program.scope(class);
    let makes_fields = |semantic| semantic == crate::knowledge::Semantic::Dataclass;
    if scope.kind != ScopeKind::Class || !program.semantics_of_decorators(class).into_iter().any(makes_fields) {
        return Vec::new();
    }
    let file = program.file(class.file);
    let here = |expr| ExprRef { file: class.file, expr };
    let above = program.solution.classes.bases(class);
    let has_bases = above.iter().any(|base| !matches!(base, Base::External(_)));
    let mut found = Vec::new();
    for statement in &scope.body {
        let StmtKind::Annotated { target, value, .. } = &statement.kind else {
            continue;
        };
        let ExprKind::Store(def) = file.kind(*target) else {
            continue;
        };
        let factories = match value.map(|value| file.kind(value)) {
            Some(ExprKind::Call { arguments, .. }) => arguments
                .iter()
                .filter(|argument| matches!(argument.kind, ArgumentKind::Keyword(_)))
                .map(|argument| here(argument.value))
                .collect(),
            _ => Vec::new(),
        };
        let position = u32::try_from(found.len()).ok().filter(|_| !has_bases);
        found.push(Field {
            name: file.symbol(file.definition(*def).symbol).name.clone(),
            target: here(*target),
            position,
            factories,
        });
    }
    found
}
