//! Constructors of exceptions that keep only something made from an argument, and read the argument itself.
//!
//! An exception is made anew by a call of its class with what is in its `args`: then the constructor gets what it kept in
//! place of the argument.

use crate::facts::{BinaryOp, DefKind, ExprId, ExprKind};
use crate::link::Program;
use crate::link::language;
use crate::link::values::{ExprRef, ScopeRef, Value};

/// What a constructor reads of an argument that is not there when it runs again.
pub(super) struct LostPart {
    /// The read, as written.
    pub(super) read: String,
    /// What stands in the argument's place then.
    pub(super) kept: String,
    /// That is known not to have such a part.
    pub(super) certain: bool,
}

/// Finds one, given the arguments of the call of the constructor above.
pub(super) fn lost_part(program: &Program<'_>, constructor: ScopeRef, passed: &[ExprRef]) -> Option<LostPart> {
    let parameters = program.parameters(constructor, true);
    parameters.iter().zip(passed).find_map(|(parameter, &argument)| {
        let symbol = program.file(constructor.file).definition(parameter.def).symbol;
        let reads = program.index(constructor.file).reads(symbol);
        let string = makes_string(program, argument);
        let part = (!string)
            .then(|| part_of(program, constructor, reads, argument))
            .flatten();
        if !string && part.is_none() {
            return None;
        }
        let read = reads.iter().find_map(|&read| {
            let whole = unconditional_part(program, constructor, read)?;
            let other = Some(whole) != part && part.is_none_or(|part| differ(program, whole, part));
            (other && !strings_have(program, whole)).then_some(whole)
        })?;
        Some(LostPart {
            read: program.text(read),
            kept: part.map_or_else(
                || "a string made from it".to_owned(),
                |part| format!("`{}`", program.text(part)),
            ),
            certain: string,
        })
    })
}

/// Whether an expression makes a string, whatever it is made from.
fn makes_string(program: &Program<'_>, argument: ExprRef) -> bool {
    let computed = matches!(
        program.kind(argument),
        ExprKind::Binary { .. } | ExprKind::Call { .. } | ExprKind::Attribute { .. } | ExprKind::Subscript { .. }
    );
    let values = program.values(argument);
    let is_string = |value| {
        matches!(program.value(value), Value::Str(_)) || program.type_names(value).first() == Some(&language::STR)
    };
    matches!(program.kind(argument), ExprKind::FString(_) | ExprKind::Str { .. })
        || (computed && !values.is_empty() && values.iter().all(is_string))
        || is_formatting(program, argument)
}

/// `"..." % values`.
fn is_formatting(program: &Program<'_>, expr: ExprRef) -> bool {
    let ExprKind::Binary { op, left, .. } = program.kind(expr) else {
        return false;
    };
    let left = program.kind(program.sibling(expr, *left));
    matches!(op, BinaryOp::Mod | BinaryOp::Add) && matches!(left, ExprKind::Str { .. } | ExprKind::FString(_))
}

/// The argument itself, where it is a part of one of the reads of a parameter: `parameter.name`, `parameter["name"]`.
fn part_of(program: &Program<'_>, constructor: ScopeRef, reads: &[ExprId], argument: ExprRef) -> Option<ExprRef> {
    let is_part = reads.iter().any(|&read| {
        reaches_parameter(program, constructor, read) && part_around(program, constructor, read) == Some(argument)
    });
    // An object of the project may have the same parts as what it is a part of.
    let of_the_project = |value| matches!(program.value(value), Value::Instance { .. });
    (is_part && !program.values(argument).iter().any(of_the_project)).then_some(argument)
}

/// The attribute or the item under a constant key that a read is the base of.
fn part_around(program: &Program<'_>, constructor: ScopeRef, read: ExprId) -> Option<ExprRef> {
    let file = constructor.file;
    let whole = program.index(file).parent(read)?;
    let is_part = match program.file(file).kind(whole) {
        ExprKind::Attribute { base, .. } => *base == read,
        ExprKind::Subscript { base, index } => {
            *base == read && matches!(program.file(file).kind(*index), ExprKind::Str { .. })
        }
        _ => false,
    };
    is_part.then_some(ExprRef { file, expr: whole })
}

/// The part that a read takes whenever the constructor runs.
fn unconditional_part(program: &Program<'_>, constructor: ScopeRef, read: ExprId) -> Option<ExprRef> {
    let index = program.index(constructor.file);
    let statement = index.statement_of(read)?;
    let always = index.statement(statement).parent.is_none()
        && index.scope_of(read) == constructor.scope
        && reaches_parameter(program, constructor, read);
    if always {
        part_around(program, constructor, read)
    } else {
        None
    }
}

/// Whether a string has such a part, or every object has.
fn strings_have(program: &Program<'_>, part: ExprRef) -> bool {
    match program.kind(part) {
        ExprKind::Attribute { name, .. } => {
            name.starts_with("__") || program.knowledge.method(language::STR, name).is_some()
        }
        _ => false,
    }
}

/// Whether two parts of one object have different names.
fn differ(program: &Program<'_>, part: ExprRef, other: ExprRef) -> bool {
    let name = |part: ExprRef| match program.kind(part) {
        ExprKind::Attribute { name, .. } => Some(name.as_str()),
        ExprKind::Subscript { index, .. } => match program.kind(program.sibling(part, *index)) {
            ExprKind::Str { value, .. } => Some(value.as_str()),
            _ => None,
        },
        _ => None,
    };
    name(part) != name(other)
}

fn reaches_parameter(program: &Program<'_>, constructor: ScopeRef, read: ExprId) -> bool {
    let file = program.file(constructor.file);
    let ExprKind::Name { reaching, .. } = file.kind(read) else {
        return false;
    };
    reaching
        .iter()
        .all(|&def| matches!(file.definition(def).kind, DefKind::Parameter { .. }))
}
