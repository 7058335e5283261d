//! The calls that a function makes in its own thread: those that are written, and the methods that properties,
//! subscripts and `in` run.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::facts::{
    CompareOp, ExprId, ExprKind, FileFacts, ScopeKind, StmtKind, statement_expressions, visit_expressions,
};
use crate::knowledge::{CallFact, Semantic};
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program};

/// A call that may run more functions than this says nothing about which of them run side by side.
const POLYMORPHISM: usize = 4;

/// What `base[key]`, `base[key] = value`, `del base[key]` and `key in base` run.
const GET_ITEM: &str = "__getitem__";
const SET_ITEM: &str = "__setitem__";
const DELETE_ITEM: &str = "__delitem__";
const CONTAINS: &str = "__contains__";
/// What `for item in base` runs.
pub(super) const ITER: &str = "__iter__";

/// A method that runs although no call of it is written.
#[derive(Clone, Debug)]
pub(super) struct Implied {
    /// The expression that runs it.
    pub(super) at: ExprRef,
    /// The method.
    pub(super) function: ScopeRef,
    /// Its object, and the key if it takes one.
    pub(super) arguments: Vec<ExprRef>,
}

/// The calls of every function.
pub(super) struct Calls<'p, 'a> {
    program: &'p Program<'a>,
    /// The calls that a function makes itself, in source order.
    written: BTreeMap<ScopeRef, Vec<ExprRef>>,
    /// The calls that hand work over.
    pub(super) submitting: BTreeSet<ExprRef>,
    implied: RefCell<BTreeMap<ScopeRef, Rc<[Implied]>>>,
}

impl<'p, 'a> Calls<'p, 'a> {
    pub(super) fn new(program: &'p Program<'a>) -> Self {
        let mut written: BTreeMap<ScopeRef, Vec<ExprRef>> = BTreeMap::new();
        for call in program.calls() {
            written.entry(program.scope_of(call)).or_default().push(call);
        }
        Self {
            program,
            written,
            submitting: program.submissions.iter().map(|submission| submission.call).collect(),
            implied: RefCell::default(),
        }
    }

    /// The calls that are written in a function.
    pub(super) fn written(&self, function: ScopeRef) -> &[ExprRef] {
        self.written.get(&function).map_or(&[], Vec::as_slice)
    }

    /// The methods that a function runs without a call.
    pub(super) fn implied(&self, function: ScopeRef) -> Rc<[Implied]> {
        let known = self.implied.borrow().get(&function).cloned();
        known.unwrap_or_else(|| {
            let found: Rc<[Implied]> = implied(self.program, function).into();
            self.implied.borrow_mut().insert(function, found.clone());
            found
        })
    }

    /// The functions that running some functions may run, themselves included.
    pub(super) fn reached(&self, roots: &[ScopeRef]) -> BTreeSet<ScopeRef> {
        let mut open = roots.to_vec();
        let mut found: BTreeSet<ScopeRef> = open.iter().copied().collect();
        while let Some(function) = open.pop() {
            let callees = self.written(function).iter().flat_map(|&call| self.called(call));
            let written = callees.flat_map(|callee| functions_of(self.program, &callee));
            let implied = self.implied(function);
            for next in written.chain(implied.iter().map(|implied| implied.function)) {
                if found.insert(next) {
                    open.push(next);
                }
            }
        }
        found
    }

    /// The functions that a call may run in the caller's own thread.
    pub(super) fn called(&self, call: ExprRef) -> Vec<Callee> {
        called(self.program, &self.submitting, call)
    }
}

fn implied(program: &Program<'_>, function: ScopeRef) -> Vec<Implied> {
    let index = program.index(function.file);
    let facts = index.facts;
    let mut found = Vec::new();
    for &id in index.statements_of(function.scope) {
        let stmt = index.statement(id).stmt;
        let (stored, also_read, method) = match &stmt.kind {
            StmtKind::Assign { targets, .. } => (written_to(facts, targets), false, SET_ITEM),
            StmtKind::Augmented { target, .. } => (vec![*target], true, SET_ITEM),
            StmtKind::Annotated {
                target, value: Some(_), ..
            } => (vec![*target], false, SET_ITEM),
            StmtKind::Delete(targets) => (targets.clone(), false, DELETE_ITEM),
            _ => (Vec::new(), false, SET_ITEM),
        };
        if let StmtKind::For { iterable, .. } = stmt.kind {
            found.extend(gone_over(program, function, iterable));
        }
        for &target in &stored {
            found.extend(method_run(program, function, target, Some(method)));
        }
        for root in statement_expressions(stmt) {
            visit_expressions(facts, root, &mut |expr| {
                if also_read || !stored.contains(&expr) {
                    found.extend(method_run(program, function, expr, None));
                }
                if let ExprKind::Comprehension { clauses, .. } = facts.kind(expr) {
                    let iterables = clauses.iter().map(|clause| clause.iterable);
                    found.extend(iterables.filter_map(|iterable| gone_over(program, function, iterable)));
                }
            });
        }
    }
    found
}

/// The method that going over an object of the project runs.
fn gone_over(program: &Program<'_>, function: ScopeRef, iterable: ExprId) -> Option<Implied> {
    let at = ExprRef {
        file: function.file,
        expr: iterable,
    };
    let method = *program.methods(class_of(program, at)?, ITER, false).first()?;
    Some(Implied {
        at,
        function: method,
        arguments: vec![at],
    })
}

/// The targets of an assignment, those in tuples taken apart.
fn written_to(facts: &FileFacts, targets: &[ExprId]) -> Vec<ExprId> {
    let mut found = Vec::new();
    for &target in targets {
        match facts.kind(target) {
            ExprKind::Sequence { elements, .. } => found.extend(written_to(facts, elements)),
            _ => found.push(target),
        }
    }
    found
}

/// The method that an expression runs, for stores the one that stores.
fn method_run(program: &Program<'_>, function: ScopeRef, expr: ExprId, stores: Option<&str>) -> Option<Implied> {
    let at = ExprRef {
        file: function.file,
        expr,
    };
    let (base, key, name) = match program.kind(at) {
        ExprKind::Subscript { base, index } => (*base, Some(*index), stores.unwrap_or(GET_ITEM)),
        ExprKind::Attribute { base, name, .. } => {
            let base = program.sibling(at, *base);
            let method =
                class_of(program, base).and_then(|class| program.property_function(class, name, stores.is_some()))?;
            return Some(Implied {
                at,
                function: method,
                arguments: vec![base],
            });
        }
        ExprKind::Compare { left, comparisons } => match comparisons.as_slice() {
            [(CompareOp::In | CompareOp::NotIn, right)] => (*right, Some(*left), CONTAINS),
            _ => return None,
        },
        _ => return None,
    };
    let base = program.sibling(at, base);
    let method = *program.methods(class_of(program, base)?, name, false).first()?;
    Some(Implied {
        at,
        function: method,
        arguments: [base]
            .into_iter()
            .chain(key.map(|key| program.sibling(at, key)))
            .collect(),
    })
}

/// The one class of the project that an expression is an instance of.
fn class_of(program: &Program<'_>, expr: ExprRef) -> Option<ScopeRef> {
    let mut found = None;
    for value in program.values(expr).iter() {
        match *program.value(value) {
            Value::Instance { class, .. } if found.is_none_or(|other| other == class) => found = Some(class),
            Value::None => {}
            _ => return None,
        }
    }
    found
}

/// The functions that a call may run in the caller's own thread.
fn called(program: &Program<'_>, submitting: &BTreeSet<ExprRef>, call: ExprRef) -> Vec<Callee> {
    let mut found = program.callees(call);
    if is_ambiguous(program, &found) {
        return Vec::new();
    }
    if submitting.contains(&call) {
        found.retain(|callee| matches!(callee, Callee::Function { .. } | Callee::Class(_)));
        return found;
    }
    // Callables that a call outside the project is given may be run by it.
    if found.iter().any(|callee| may_run_arguments(program, callee))
        && let ExprKind::Call { arguments, .. } = program.kind(call)
    {
        for argument in arguments {
            for value in program.values(program.sibling(call, argument.value)).iter() {
                // An object is mostly given for its data, even if it can be called.
                if let Value::Function(function) | Value::BoundMethod { function, .. } = *program.value(value) {
                    found.push(Callee::Function {
                        function,
                        receiver: None,
                    });
                }
            }
        }
    }
    found
}

/// Whether what is called lies outside the project and may run what it is given. What is known, and not known to run
/// anything, only keeps it: `atexit.register(close)`.
fn may_run_arguments(program: &Program<'_>, callee: &Callee) -> bool {
    let Callee::External { name, .. } = callee else {
        return false;
    };
    let knowledge = program.knowledge;
    let runs = |fact: &CallFact| !fact.invokes.is_empty();
    match knowledge.semantic(name) {
        Some(
            Semantic::KeepsFunction
            | Semantic::CachesFunction
            | Semantic::RetriesFunction
            | Semantic::Getattr
            | Semantic::Setattr
            | Semantic::TypeOf
            | Semantic::Length
            | Semantic::Element
            | Semantic::Adds
            | Semantic::AddsSecond
            | Semantic::SetDefault,
        ) => false,
        Some(_) => true,
        None => knowledge.call(name).is_none_or(runs),
    }
}

/// Whether a call may run quite different functions, as one that runs whatever it was given does. Methods of one name
/// are not different.
fn is_ambiguous(program: &Program<'_>, callees: &[Callee]) -> bool {
    let functions: Vec<ScopeRef> = callees
        .iter()
        .filter_map(|callee| match callee {
            Callee::Function { function, .. } => Some(*function),
            _ => None,
        })
        .collect();
    let names: BTreeSet<&str> = functions
        .iter()
        .map(|&function| program.scope(function).name.as_str())
        .collect();
    let lambdas = functions
        .iter()
        .filter(|&&function| program.scope(function).kind == ScopeKind::Lambda);
    functions.len() > POLYMORPHISM || names.len() > 1 || lambdas.count() > 1
}

/// The functions that calling something of the project runs: constructors for classes.
pub(super) fn functions_of(program: &Program<'_>, callee: &Callee) -> Vec<ScopeRef> {
    match callee {
        Callee::Function { function, .. } => vec![*function],
        Callee::Class(class) => {
            let mut found = program.methods(*class, "__init__", false);
            found.extend(program.methods(*class, "__new__", false));
            found.extend(metaclass_calls(program, *class));
            found
        }
        _ => Vec::new(),
    }
}

/// The `__call__` of a metaclass, which makes the instances of a class.
pub(super) fn metaclass_calls(program: &Program<'_>, class: ScopeRef) -> Vec<ScopeRef> {
    let mut found = Vec::new();
    for &base in program.solution.classes.ancestry(class).iter() {
        let crate::link::solver::Base::Project(above) = base else {
            continue;
        };
        for (_, value) in &program.scope(above).keywords {
            let value = ExprRef {
                file: above.file,
                expr: *value,
            };
            for value in program.values(value).iter() {
                if let Value::Class(meta) = *program.value(value) {
                    found.extend(program.methods(meta, "__call__", false));
                }
            }
        }
    }
    found
}
