//! What runs: the functions behind a callable, through partials, mappings, delayed calls and parameters.

use crate::facts::{DefKind, ExprKind};
use crate::knowledge::{ArgumentsShape, SubmissionShape};
use crate::link::program::{Callee, Program};
use crate::link::solver::{Key, Variable};
use crate::link::values::{ExprRef, ScopeRef, Unresolved, Value, ValueId, ValueSet};

use super::Target;
use super::arguments::{in_mapping, mappings_of};

/// What a callable expression may run.
#[must_use]
pub fn targets_of(program: &Program<'_>, callable: ExprRef) -> Vec<Target> {
    let mut targets = Vec::new();
    for value in program.values(callable).iter() {
        collect_targets(program, value, value, &mut Vec::new(), &mut targets);
    }
    if targets.is_empty() {
        let reason = if is_parameter(program, callable) {
            Unresolved::Parameter
        } else {
            Unresolved::DynamicAttribute
        };
        targets.push(Target {
            callee: Callee::Unknown(reason),
            partials: Vec::new(),
            value: None,
        });
    }
    targets
}

fn collect_targets(
    program: &Program<'_>,
    value: ValueId,
    whole: ValueId,
    partials: &mut Vec<ExprRef>,
    targets: &mut Vec<Target>,
) {
    if let Value::Partial(site) = *program.value(value) {
        let inner = program.argument(site, Some(0), None);
        if let (Some(inner), true) = (inner, partials.len() < 4) {
            partials.push(site);
            for value in program.values(inner).iter() {
                collect_targets(program, value, whole, partials, targets);
            }
            partials.pop();
        }
        return;
    }
    if matches!(program.value(value), Value::None) {
        return;
    }
    let set = ValueSet::one(value);
    for callee in program.callees_of(&set) {
        // A wrapped function (`sync_to_async(f)`) is what runs.
        let target = Target {
            callee,
            partials: partials.clone(),
            value: Some(whole),
        };
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
}

pub(super) fn is_parameter(program: &Program<'_>, expr: ExprRef) -> bool {
    !parameters_behind(program, expr).is_empty()
}

/// What the mappings in `Thread(**options)` name as the work.
pub(super) fn mapped_targets(program: &Program<'_>, shape: &SubmissionShape, call: ExprRef) -> Vec<Target> {
    let keyword = shape.callable.as_ref().and_then(|position| position.keyword.as_deref());
    let mut targets: Vec<Target> = Vec::new();
    for mapping in mappings_of(program, call) {
        if let Some(callable) = keyword.and_then(|keyword| in_mapping(program, mapping, keyword)) {
            targets.extend(targets_of(program, callable));
        }
    }
    targets.dedup();
    targets
}

/// What runs where an expression stands in the place of the work.
pub(super) fn targets_in_shape(program: &Program<'_>, shape: &SubmissionShape, work: ExprRef) -> Vec<Target> {
    match shape.arguments {
        ArgumentsShape::DelayedCalls => delayed_targets(program, work),
        _ => targets_of(program, work),
    }
}

/// The functions behind `delayed(f)(x)` calls that an iterable holds.
fn delayed_targets(program: &Program<'_>, iterable: ExprRef) -> Vec<Target> {
    let mut targets = Vec::new();
    for call in delayed_calls(program, iterable) {
        if let Some(callable) = delayed_callable(program, call) {
            for target in targets_of(program, callable) {
                if !targets.contains(&target) {
                    targets.push(target);
                }
            }
        }
    }
    if targets.is_empty() {
        targets.push(Target {
            callee: Callee::Unknown(Unresolved::Element),
            partials: Vec::new(),
            value: None,
        });
    }
    targets
}

/// The `delayed(f)(x)` calls that an iterable holds.
#[must_use]
pub fn delayed_calls(program: &Program<'_>, iterable: ExprRef) -> Vec<ExprRef> {
    let mut calls = Vec::new();
    for value in program.values(iterable).iter() {
        let Value::ExternalInstance { site: Some(site), .. } = *program.value(value) else {
            continue;
        };
        let elements = program.solution.variable(Variable::Element(site, Key::All));
        for element in elements.iter() {
            if let Value::Delayed(call) = *program.value(element) {
                calls.push(call);
            }
        }
    }
    calls
}

/// The callable in `delayed(f)(x)`.
#[must_use]
pub fn delayed_callable(program: &Program<'_>, call: ExprRef) -> Option<ExprRef> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    for value in program.values(program.sibling(call, *callee)).iter() {
        if let Value::Delayed(site) = *program.value(value) {
            return program.argument(site, Some(0), None);
        }
    }
    None
}

/// The parameters of the enclosing function that an expression reads.
pub(super) fn parameters_behind(program: &Program<'_>, expr: ExprRef) -> Vec<(ScopeRef, u32)> {
    let mut found = Vec::new();
    let file = program.file(expr.file);
    if let Some(inner) = filled_in(program, expr) {
        return parameters_behind(program, inner);
    }
    if let ExprKind::Name {
        symbol: Some(symbol),
        reaching,
        ..
    } = program.kind(expr)
    {
        let all = &file.symbol(*symbol).definitions;
        for &def in if reaching.is_empty() { all } else { reaching } {
            match file.definition(def).kind {
                DefKind::Parameter { index } => {
                    let scope = file.symbol(*symbol).scope;
                    found.push((ScopeRef { file: expr.file, scope }, index));
                }
                _ => return Vec::new(),
            }
        }
    }
    found
}

/// The callable in a `partial(...)` call.
fn filled_in(program: &Program<'_>, expr: ExprRef) -> Option<ExprRef> {
    let makes_partial = matches!(program.kind(expr), ExprKind::Call { .. })
        && program
            .values(expr)
            .iter()
            .any(|value| *program.value(value) == Value::Partial(expr));
    if makes_partial {
        program.argument(expr, Some(0), None)
    } else {
        None
    }
}
