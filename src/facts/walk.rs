//! Walking over facts.

use super::{ExprId, ExprKind, FileFacts, Stmt, StmtKind};

/// The direct children of an expression, in the order in which they are evaluated as far as that is fixed. The body of
/// a lambda is not among them, the defaults of its parameters are.
#[must_use]
pub fn child_expressions(facts: &FileFacts, id: ExprId) -> Vec<ExprId> {
    let mut children = Vec::new();
    for_each_child(facts, id, &mut |child| children.push(child));
    children
}

/// Calls `visit` with `root` and all expressions below it, parents first. Bodies of lambdas are not entered.
pub fn visit_expressions(facts: &FileFacts, root: ExprId, visit: &mut dyn FnMut(ExprId)) {
    visit(root);
    for_each_child(facts, root, &mut |child| visit_expressions(facts, child, visit));
}

/// Calls `visit` with what [`child_expressions`] gives.
pub(crate) fn for_each_child(facts: &FileFacts, id: ExprId, visit: &mut dyn FnMut(ExprId)) {
    match facts.kind(id) {
        ExprKind::Attribute { base: child, .. }
        | ExprKind::Unary { operand: child, .. }
        | ExprKind::Await(child)
        | ExprKind::Yield(Some(child))
        | ExprKind::YieldFrom(child)
        | ExprKind::Starred(child)
        | ExprKind::Named { value: child, .. } => visit(*child),
        ExprKind::Subscript {
            base: first,
            index: second,
        }
        | ExprKind::Binary {
            left: first,
            right: second,
            ..
        } => {
            visit(*first);
            visit(*second);
        }
        ExprKind::Slice { lower, upper, step } => {
            [lower, upper, step].into_iter().flatten().for_each(|&part| visit(part))
        }
        ExprKind::Call { callee, arguments, .. } => {
            visit(*callee);
            arguments.iter().for_each(|argument| visit(argument.value));
        }
        ExprKind::FString(children)
        | ExprKind::Sequence { elements: children, .. }
        | ExprKind::Boolean { values: children, .. } => children.iter().for_each(|&child| visit(child)),
        ExprKind::Dict { entries, .. } => {
            for (key, value) in entries {
                key.iter().for_each(|&key| visit(key));
                visit(*value);
            }
        }
        ExprKind::Lambda(scope) => {
            let parameters = &facts.scope(*scope).parameters;
            parameters
                .iter()
                .filter_map(|parameter| parameter.default)
                .for_each(visit);
        }
        ExprKind::Comprehension {
            element,
            value,
            clauses,
            ..
        } => {
            for clause in clauses {
                visit(clause.iterable);
                visit(clause.target);
                clause.conditions.iter().for_each(|&condition| visit(condition));
            }
            visit(*element);
            value.iter().for_each(|&value| visit(value));
        }
        ExprKind::Compare { left, comparisons } => {
            visit(*left);
            comparisons.iter().for_each(|&(_, operand)| visit(operand));
        }
        ExprKind::Conditional { test, body, orelse } => [test, body, orelse].into_iter().for_each(|&part| visit(part)),
        ExprKind::Name { .. }
        | ExprKind::Store(_)
        | ExprKind::Str { .. }
        | ExprKind::Bytes { .. }
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Bool(_)
        | ExprKind::None
        | ExprKind::Ellipsis
        | ExprKind::Yield(None)
        | ExprKind::Opaque => {}
    }
}

/// The expressions that stand in the statement itself, not in its blocks, in the order in which they are evaluated.
/// Decorators, defaults, annotations and bases of a `def` or `class` are in its scope.
#[must_use]
pub fn statement_expressions(statement: &Stmt) -> Vec<ExprId> {
    match &statement.kind {
        StmtKind::Expr(value) => vec![*value],
        StmtKind::Assign { targets, value } => [*value].into_iter().chain(targets.iter().copied()).collect(),
        StmtKind::Annotated {
            target,
            annotation,
            value,
        } => value.iter().copied().chain([*target, *annotation]).collect(),
        StmtKind::Augmented { target, value, .. } => vec![*value, *target],
        StmtKind::Return(value) => value.iter().copied().collect(),
        StmtKind::Raise { exception, cause } => exception.iter().chain(cause).copied().collect(),
        StmtKind::If { test, .. } | StmtKind::While { test, .. } => vec![*test],
        StmtKind::For { target, iterable, .. } => vec![*iterable, *target],
        StmtKind::With { items, .. } => items
            .iter()
            .flat_map(|(context, target)| [Some(*context), *target])
            .flatten()
            .collect(),
        StmtKind::Try { handlers, .. } => handlers.iter().filter_map(|handler| handler.types).collect(),
        StmtKind::Match { subject, cases } => {
            let in_cases = cases.iter().flat_map(|case| case.pattern.iter().chain(&case.guard));
            [subject].into_iter().chain(in_cases).copied().collect()
        }
        StmtKind::Delete(targets) => targets.clone(),
        StmtKind::Assert { test, message } => [test].into_iter().chain(message).copied().collect(),
        StmtKind::Function(_)
        | StmtKind::Class(_)
        | StmtKind::Import(_)
        | StmtKind::ImportStar { .. }
        | StmtKind::Break
        | StmtKind::Continue
        | StmtKind::Pass => Vec::new(),
    }
}

/// The blocks of a statement. The body of a `def` or `class` is in its scope.
#[must_use]
pub fn child_blocks(statement: &Stmt) -> Vec<&[Stmt]> {
    match &statement.kind {
        StmtKind::If { body, orelse, .. }
        | StmtKind::For { body, orelse, .. }
        | StmtKind::While { body, orelse, .. } => vec![body, orelse],
        StmtKind::With { body, .. } => vec![body],
        StmtKind::Try {
            body,
            handlers,
            orelse,
            finally,
        } => {
            let mut blocks: Vec<&[Stmt]> = vec![body];
            blocks.extend(handlers.iter().map(|handler| handler.body.as_slice()));
            blocks.extend([orelse.as_slice(), finally.as_slice()]);
            blocks
        }
        StmtKind::Match { cases, .. } => cases.iter().map(|case| case.body.as_slice()).collect(),
        _ => Vec::new(),
    }
}
