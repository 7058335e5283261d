//! Tests of parameters: what they come to in one call.

use crate::facts::{CompareOp, DefId, DefKind, ExprKind, StmtKind, SymbolId, UnaryOp};
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program};

use super::liveness::{DEPTH, only_assignment};

/// A test around an expression that reads a parameter of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// The test.
    pub(super) test: ExprRef,
    /// What it must come to.
    pub(super) wanted: bool,
    /// The parameter that it reads.
    pub(super) parameter: u32,
    /// The parameter has gone through a function that gives ordinary values back as they are.
    pub(super) adjusted: bool,
    /// The test stands before and leaves the function: where its outcome is not known, most calls get past it.
    pub(super) early: bool,
}

/// What a parameter holds in one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::summary) enum Literal {
    Bool(bool),
    Int(i64),
    Str(String),
    None,
}

impl Literal {
    /// Whether a function that puts odd values right leaves this one alone.
    pub(super) fn is_ordinary(&self) -> bool {
        match self {
            Self::Int(value) => *value > 0,
            Self::Str(value) => !value.is_empty(),
            Self::Bool(_) | Self::None => false,
        }
    }
}

/// A test that a parameter of the function around it decides.
pub(super) fn condition(program: &Program<'_>, test: ExprRef, wanted: bool) -> Option<Condition> {
    let plain = tested_parameter(program, test);
    let parameter = plain.or_else(|| tested(program, test, &|name| adjusted_parameter(program, name)))?;
    Some(Condition {
        test,
        wanted,
        parameter,
        adjusted: plain.is_none(),
        early: false,
    })
}

/// The parameter in `workers = checked(workers)`, where the function may give back what it is passed.
fn adjusted_parameter(program: &Program<'_>, name: ExprRef) -> Option<u32> {
    let ExprKind::Name { .. } = program.kind(name) else {
        return None;
    };
    let call = only_assignment(program, name)?;
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return None;
    };
    let (callees, [argument]) = (program.callees(call), arguments.as_slice()) else {
        return None;
    };
    let [Callee::Function { function, .. }] = callees.as_slice() else {
        return None;
    };
    let index = program.index(function.file);
    let gives_back = index.statements_of(function.scope).iter().any(|&id| {
        let StmtKind::Return(Some(value)) = index.statement(id).stmt.kind else {
            return false;
        };
        let value = ExprRef {
            file: function.file,
            expr: value,
        };
        parameter_read(program, value).is_some_and(|(scope, _)| scope == *function)
    });
    let passed = program.sibling(call, argument.value);
    parameter_read(program, passed)
        .filter(|_| gives_back)
        .map(|(_, index)| index)
}

/// The parameter of the function around a test that decides it, if there is just one name in it.
pub(in crate::summary) fn tested_parameter(program: &Program<'_>, test: ExprRef) -> Option<u32> {
    tested(program, test, &|name| {
        parameter_read(program, name).map(|(_, index)| index)
    })
}

/// The parameter that decides a test, if all names in it stand for that one.
fn tested(program: &Program<'_>, test: ExprRef, meant: &dyn Fn(ExprRef) -> Option<u32>) -> Option<u32> {
    let (mut parameter, mut others) = (None, false);
    crate::facts::visit_expressions(program.file(test.file), test.expr, &mut |expr| match program
        .kind(program.sibling(test, expr))
    {
        ExprKind::Name { .. } => match meant(program.sibling(test, expr)) {
            Some(index) if parameter.is_none_or(|known| known == index) => parameter = Some(index),
            _ => others = true,
        },
        ExprKind::Call { .. } | ExprKind::Attribute { .. } | ExprKind::Subscript { .. } => others = true,
        _ => {}
    });
    parameter.filter(|_| !others)
}

/// The symbol of a name, and the only definition that it can have here.
pub(super) fn only_definition(program: &Program<'_>, name: ExprRef) -> Option<(SymbolId, DefId)> {
    let ExprKind::Name {
        symbol: Some(symbol),
        reaching,
        ..
    } = program.kind(name)
    else {
        return None;
    };
    let all = &program.file(name.file).symbol(*symbol).definitions;
    match (if reaching.is_empty() { all } else { reaching }).as_slice() {
        [def] => Some((*symbol, *def)),
        _ => None,
    }
}

/// The parameter that a name always is, with its function.
pub(super) fn parameter_read(program: &Program<'_>, name: ExprRef) -> Option<(ScopeRef, u32)> {
    let (symbol, def) = only_definition(program, name)?;
    let file = program.file(name.file);
    match file.definition(def).kind {
        DefKind::Parameter { index } => Some((program.scope_ref(name.file, file.symbol(symbol).scope), index)),
        _ => None,
    }
}

/// The literal that an expression is.
pub(in crate::summary) fn literal(program: &Program<'_>, expr: ExprRef) -> Option<Literal> {
    literal_within(program, expr, 0)
}

fn literal_within(program: &Program<'_>, expr: ExprRef, depth: u32) -> Option<Literal> {
    Some(match program.kind(expr) {
        ExprKind::Bool(value) => Literal::Bool(*value),
        ExprKind::Int(Some(value)) => Literal::Int(*value),
        ExprKind::Str { value, .. } => Literal::Str(value.clone()),
        ExprKind::None => Literal::None,
        ExprKind::Name { .. } if depth < DEPTH => {
            return literal_within(program, only_assignment(program, expr)?, depth + 1);
        }
        _ => return None,
    })
}

/// What a test of one parameter comes to when the parameter holds a literal.
pub(in crate::summary) fn holds(program: &Program<'_>, test: ExprRef, parameter: &Literal) -> Option<bool> {
    let inner = |expr| holds(program, program.sibling(test, expr), parameter);
    match program.kind(test) {
        ExprKind::Name { .. } => Some(match parameter {
            Literal::Bool(value) => *value,
            Literal::Int(value) => *value != 0,
            Literal::Str(value) => !value.is_empty(),
            Literal::None => false,
        }),
        ExprKind::Unary {
            op: UnaryOp::Not,
            operand,
        } => inner(*operand).map(|value| !value),
        ExprKind::Boolean { is_and, values } => {
            let parts: Vec<Option<bool>> = values.iter().map(|&value| inner(value)).collect();
            if parts.contains(&Some(!is_and)) {
                Some(!is_and)
            } else {
                (!parts.contains(&None)).then_some(*is_and)
            }
        }
        ExprKind::Compare { left, comparisons } => {
            let [(op, right)] = comparisons.as_slice() else {
                return None;
            };
            let value = |expr| match program.kind(program.sibling(test, expr)) {
                ExprKind::Name { .. } => Some(parameter.clone()),
                _ => literal(program, program.sibling(test, expr)),
            };
            compare(&value(*left)?, *op, &value(*right)?)
        }
        _ => None,
    }
}

fn compare(left: &Literal, op: CompareOp, right: &Literal) -> Option<bool> {
    let numbers = match (left, right) {
        (Literal::Int(left), Literal::Int(right)) => Some((*left, *right)),
        _ => None,
    };
    match op {
        CompareOp::Eq | CompareOp::Is => Some(left == right),
        CompareOp::NotEq | CompareOp::IsNot => Some(left != right),
        CompareOp::Lt => numbers.map(|(left, right)| left < right),
        CompareOp::LtE => numbers.map(|(left, right)| left <= right),
        CompareOp::Gt => numbers.map(|(left, right)| left > right),
        CompareOp::GtE => numbers.map(|(left, right)| left >= right),
        CompareOp::In | CompareOp::NotIn => None,
    }
}
