//! How often a function that calls itself runs for one call from outside.

use crate::facts::{BinaryOp, ExprKind, StmtKind};
use crate::link::index::{Branch, StmtId};
use crate::link::solver::Variable;
use crate::link::values::{DefRef, ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program};

use super::estimate::Estimate;
use super::sizes::{RECURSION, Rounds};

/// Runs of a function that calls itself several times with a number that is one or two less each time, where it is not
/// known where that starts: ten rounds give a hundred, thirty a million.
const UNKNOWN_GROWTH: Estimate = Estimate::new(1.0, 1e5, 1e9);
/// No more runs than this are predicted.
const MOST: f64 = 1e12;
/// How far a known number may be off: the base case need not be zero, and several parameters may be counted down.
const SPREAD: f64 = 30.0;

/// A call of a function in its own code that passes a parameter on with something subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CountingDown {
    /// The position of the parameter among those that callers fill.
    parameter: usize,
    /// What is subtracted.
    step: i64,
    /// The block that it stands in: the statement around it, and the part of that.
    block: Option<(StmtId, Branch)>,
}

/// The number of runs that one call makes.
pub(super) fn runs(program: &Program<'_>, function: ScopeRef) -> Rounds {
    let usual = Rounds {
        count: RECURSION,
        known: false,
    };
    if !program.scope(function).decorators.is_empty() || keeps_results(program, function) {
        return usual;
    }
    let calls = counting_down(program, function);
    let together = |one: &CountingDown| calls.iter().filter(|other| other.block == one.block).count();
    let Some(first) = calls.iter().find(|call| together(call) > 1) else {
        return usual;
    };
    let steps: Vec<i64> = calls
        .iter()
        .filter(|call| call.block == first.block)
        .map(|call| call.step)
        .collect();
    match start(program, function, first.parameter) {
        Some(start) => {
            let count = growth(&steps).powf(start).clamp(1.0, MOST);
            Rounds {
                count: Estimate::new(count / SPREAD, count, count * SPREAD),
                known: true,
            }
        }
        None => Rounds {
            count: UNKNOWN_GROWTH,
            known: false,
        },
    }
}

/// Whether a function stores under a key: most likely its result for an argument, so as to find it there the next time.
fn keeps_results(program: &Program<'_>, function: ScopeRef) -> bool {
    let index = program.index(function.file);
    let file = program.file(function.file);
    let mut own = index.statements_of(function.scope).iter();
    own.any(|&id| match &index.statement(id).stmt.kind {
        StmtKind::Assign { targets, .. } => {
            let stores = |&target: &_| matches!(file.kind(target), ExprKind::Subscript { .. });
            targets.iter().any(stores)
        }
        _ => false,
    })
}

fn counting_down(program: &Program<'_>, function: ScopeRef) -> Vec<CountingDown> {
    let index = program.index(function.file);
    let own = index
        .calls()
        .iter()
        .filter(|&&call| index.scope_of(call) == function.scope);
    own.filter_map(|&expr| {
        let call = ExprRef {
            file: function.file,
            expr,
        };
        let bound = program.callees(call).iter().find_map(|callee| match callee {
            Callee::Function {
                function: called,
                receiver,
            } if *called == function => Some(receiver.is_some()),
            _ => None,
        })?;
        let parameters = (0_u32..).zip(program.parameters(function, bound));
        let (parameter, step) = parameters.into_iter().find_map(|(position, parameter)| {
            let argument = program.argument(call, Some(position), Some(&parameter.name))?;
            Some((position as usize, subtracted(program, argument, &parameter.name)?))
        })?;
        let block = index.statement_of(expr).and_then(|id| index.statement(id).parent);
        Some(CountingDown { parameter, step, block })
    })
    .collect()
}

/// `name - 2` -> 2.
fn subtracted(program: &Program<'_>, expr: ExprRef, name: &str) -> Option<i64> {
    let ExprKind::Binary {
        op: BinaryOp::Sub,
        left,
        right,
    } = program.kind(expr)
    else {
        return None;
    };
    let of_parameter =
        matches!(program.kind(program.sibling(expr, *left)), ExprKind::Name { name: read, .. } if read == name);
    match program.kind(program.sibling(expr, *right)) {
        ExprKind::Int(Some(step)) if of_parameter && *step > 0 => Some(*step),
        _ => None,
    }
}

/// The largest number that anything is known to pass for a parameter.
fn start(program: &Program<'_>, function: ScopeRef, parameter: usize) -> Option<f64> {
    let bound = program.class_of_method(function).is_some();
    let parameter = program.parameters(function, bound).get(parameter)?;
    let values = program.solution.variable(Variable::Def(DefRef {
        file: function.file,
        def: parameter.def,
    }));
    let numbers = values.iter().filter_map(|value| match *program.value(value) {
        Value::Int(number) => Some(number),
        _ => None,
    });
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    numbers.max().map(|number| number as f64)
}

/// By how much the number of runs grows with each number more to count down from: the root of the sum of `x ** -step`
/// being one.
fn growth(steps: &[i64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let runs = |x: f64| steps.iter().map(|&step| x.powf(-(step as f64))).sum::<f64>();
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let (mut low, mut high) = (1.0, steps.len() as f64);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if runs(middle) > 1.0 {
            low = middle
        } else {
            high = middle
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::growth;

    #[test]
    fn growth_is_that_of_the_recurrence() {
        assert!((growth(&[1, 1]) - 2.0).abs() < 1e-6);
        assert!((growth(&[1, 2]) - 1.618_034).abs() < 1e-6);
        assert!((growth(&[1, 1, 1]) - 3.0).abs() < 1e-6);
        assert!((growth(&[2, 2]) - std::f64::consts::SQRT_2).abs() < 1e-6);
    }
}
