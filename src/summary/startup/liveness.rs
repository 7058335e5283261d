//! Which code runs where the main guard does not hold: on import, and in a child that reads the main module again.

use std::collections::BTreeMap;

use crate::facts::{CompareOp, DefId, DefKind, ExprKind, ScopeKind, Stmt, StmtKind, UnaryOp};
use crate::finding::FileId;
use crate::knowledge::Semantic;
use crate::link::index::{Branch, StmtId};
use crate::link::language;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program};
use crate::summary::child_memory::home;

use super::conditions::{Condition, condition, only_definition};

/// Whether code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runs {
    /// It does not: the guard keeps it out.
    Never,
    /// Only on the way to an exception: its block ends by raising one.
    Rarely,
    /// It depends on something that is not known.
    Perhaps,
    /// It does.
    Always,
}

/// A test that leaves its block one way.
#[derive(Debug)]
struct LeavingTest {
    position: usize,
    test: ExprRef,
    /// What it must come to for what stands after it.
    wanted: bool,
}

type Block = (Option<(StmtId, u32)>, u32);

/// Guards that leave the block: what stands after them is kept out, by file, block and position.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    exits: BTreeMap<(FileId, Block), usize>,
    /// Tests that may leave the block.
    tests: BTreeMap<(FileId, Block), Vec<LeavingTest>>,
}

/// How far tests are followed through names and functions.
pub(super) const DEPTH: u32 = 6;

impl Liveness {
    pub(super) fn compute(program: &Program<'_>) -> Self {
        let mut liveness = Self::default();
        for file in program.file_ids() {
            let index = program.index(file);
            for number in 0..index.statements.len() {
                let id = StmtId(u32::try_from(number).expect("internal: fewer than 2^32 statements"));
                let indexed = index.statement(id);
                let StmtKind::If { test, body, orelse } = &indexed.stmt.kind else {
                    continue;
                };
                let block = (
                    indexed.parent.map(|(id, branch)| (id, branch_number(branch))),
                    indexed.scope.0,
                );
                let test = ExprRef { file, expr: *test };
                let (if_true, if_false) = (exits(program, file, body), exits(program, file, orelse));
                match truth(program, test, 0) {
                    Some(true) if !if_true => {}
                    Some(false) if !if_false => {}
                    Some(_) => {
                        let first = liveness.exits.entry((file, block)).or_insert(indexed.position);
                        *first = (*first).min(indexed.position);
                    }
                    None if if_true != if_false => {
                        let tests = liveness.tests.entry((file, block)).or_default();
                        tests.push(LeavingTest {
                            position: indexed.position,
                            test,
                            wanted: if_false,
                        });
                    }
                    None => {}
                }
            }
        }
        liveness
    }

    /// Whether an expression runs once its own function or module does, and the tests of parameters around it.
    pub(super) fn of(&self, program: &Program<'_>, expr: ExprRef) -> (Runs, Vec<Condition>) {
        let (mut runs, mut conditions) = (Runs::Always, Vec::new());
        expression_tests(program, expr, &mut runs, &mut conditions);
        if let Some(statement) = program.index(expr.file).statement_of(expr.expr) {
            self.statement_tests(program, expr.file, statement, &mut runs, &mut conditions);
        }
        // A class body runs where its statement stands.
        let scope = program.scope_of(expr);
        if program.scope(scope).kind == ScopeKind::Class
            && let Some(statement) = class_statement(program, scope)
        {
            self.statement_tests(program, expr.file, statement, &mut runs, &mut conditions);
        }
        (runs, conditions)
    }

    /// Whether a statement runs once its own function or module does.
    pub(super) fn of_statement(&self, program: &Program<'_>, file: FileId, statement: StmtId) -> Runs {
        let (mut runs, mut conditions) = (Runs::Always, Vec::new());
        self.statement_tests(program, file, statement, &mut runs, &mut conditions);
        where_parameters_are_unknown(runs, &conditions)
    }

    fn statement_tests(
        &self,
        program: &Program<'_>,
        file: FileId,
        statement: StmtId,
        runs: &mut Runs,
        conditions: &mut Vec<Condition>,
    ) {
        let index = program.index(file);
        let mut current = statement;
        loop {
            let indexed = index.statement(current);
            let block = (
                indexed.parent.map(|(id, branch)| (id, branch_number(branch))),
                indexed.scope.0,
            );
            if self
                .exits
                .get(&(file, block))
                .is_some_and(|&position| position < indexed.position)
            {
                *runs = Runs::Never;
            }
            for &LeavingTest { position, test, wanted } in self.tests.get(&(file, block)).into_iter().flatten() {
                if position < indexed.position {
                    let mut early = Vec::new();
                    apply_test(program, test, wanted, &mut Runs::Always, &mut early);
                    conditions.extend(early.into_iter().map(|condition| Condition {
                        early: true,
                        ..condition
                    }));
                }
            }
            let Some((above, branch)) = indexed.parent else { break };
            match &index.statement(above).stmt.kind {
                StmtKind::If { test, body, orelse } => {
                    let block = if branch == Branch::Body { body } else { orelse };
                    if matches!(block.last().map(|last| &last.kind), Some(StmtKind::Raise { .. })) {
                        *runs = (*runs).min(Runs::Rarely);
                    }
                    apply_test(
                        program,
                        ExprRef { file, expr: *test },
                        branch == Branch::Body,
                        runs,
                        conditions,
                    );
                }
                StmtKind::Try { .. } if matches!(branch, Branch::Handler(_)) => *runs = (*runs).min(Runs::Perhaps),
                _ => {}
            }
            current = above;
        }
    }
}

/// Whether code runs in a function whose parameters are not known.
pub(super) fn where_parameters_are_unknown(runs: Runs, conditions: &[Condition]) -> Runs {
    if conditions.iter().all(|condition| condition.early) {
        runs
    } else {
        runs.min(Runs::Perhaps)
    }
}

/// The statement of a class: the outermost class statement stands in a function or module.
fn class_statement(program: &Program<'_>, class: ScopeRef) -> Option<StmtId> {
    let mut outermost = class;
    while let Some(parent) = program.parent_scope(outermost) {
        if program.scope(parent).kind != ScopeKind::Class {
            break;
        }
        outermost = parent;
    }
    definition_statement(program, outermost)
}

/// The statement that defines a function or class.
pub(super) fn definition_statement(program: &Program<'_>, scope: ScopeRef) -> Option<StmtId> {
    let index = program.index(scope.file);
    let parent = program.scope(scope).parent?;
    index.statements_of(parent).iter().copied().find(|&id| {
        matches!(index.statement(id).stmt.kind, StmtKind::Function(inner) | StmtKind::Class(inner) if inner == scope.scope)
    })
}

fn branch_number(branch: Branch) -> u32 {
    let number = |position: usize| u32::try_from(position).unwrap_or(u32::MAX / 8) * 8;
    match branch {
        Branch::Body => 0,
        Branch::Orelse => 1,
        Branch::Finally => 2,
        Branch::Handler(position) => number(position) + 3,
        Branch::Case(position) => number(position) + 4,
    }
}

/// Whether a block ends by leaving: `return`, `raise`, `continue`, `sys.exit()`.
fn exits(program: &Program<'_>, file: FileId, block: &[Stmt]) -> bool {
    match block.last().map(|statement| &statement.kind) {
        Some(StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Continue | StmtKind::Break) => true,
        Some(StmtKind::Expr(call)) => program.has_semantic(ExprRef { file, expr: *call }, Semantic::Exits),
        _ => false,
    }
}

fn apply_test(program: &Program<'_>, test: ExprRef, wanted: bool, runs: &mut Runs, conditions: &mut Vec<Condition>) {
    match truth(program, test, 0) {
        Some(value) if value == wanted => return,
        Some(_) => {
            *runs = Runs::Never;
            return;
        }
        None => {}
    }
    match program.kind(test) {
        ExprKind::Unary {
            op: UnaryOp::Not,
            operand,
        } => apply_test(program, program.sibling(test, *operand), !wanted, runs, conditions),
        // All parts of `a and b` hold where it does, none of `a or b` where that does not.
        ExprKind::Boolean { is_and, values } if *is_and == wanted => {
            for &value in values {
                apply_test(program, program.sibling(test, value), wanted, runs, conditions);
            }
        }
        _ => match condition(program, test, wanted) {
            Some(condition) => conditions.push(condition),
            None if is_about_arguments(program, test) => {}
            None => *runs = (*runs).min(Runs::Perhaps),
        },
    }
}

/// The command line's arguments are the same in the child.
fn is_about_arguments(program: &Program<'_>, test: ExprRef) -> bool {
    let mut about = false;
    crate::facts::visit_expressions(program.file(test.file), test.expr, &mut |expr| {
        if let ExprKind::Attribute { name, .. } = program.kind(program.sibling(test, expr)) {
            about |= name == language::ARGUMENT_VECTOR;
        }
    });
    about
}

/// The tests in the same statement: `guard and call()`, `call() if guard else None`.
fn expression_tests(program: &Program<'_>, expr: ExprRef, runs: &mut Runs, conditions: &mut Vec<Condition>) {
    let index = program.index(expr.file);
    let mut inner = expr.expr;
    for around in index.expressions_around(expr.expr) {
        match program.kind(program.sibling(expr, around)) {
            ExprKind::Boolean { is_and, values } => {
                for &value in values.iter().take_while(|&&value| value != inner) {
                    apply_test(program, program.sibling(expr, value), *is_and, runs, conditions);
                }
            }
            ExprKind::Conditional { test, body, orelse } if inner == *body || inner == *orelse => {
                apply_test(program, program.sibling(expr, *test), inner == *body, runs, conditions);
            }
            _ => {}
        }
        inner = around;
    }
}

/// What a test comes to where `__name__` is not `"__main__"` and the process is not the first one.
pub(super) fn truth(program: &Program<'_>, test: ExprRef, depth: u32) -> Option<bool> {
    decide_within(program, test, depth, &|part| match program.kind(part) {
        ExprKind::Compare { left, comparisons } => match comparisons.as_slice() {
            [(op, right)] => {
                let (left, right) = (program.sibling(part, *left), program.sibling(part, *right));
                comparison(program, left, *op, right)
            }
            _ => None,
        },
        _ => None,
    })
}

/// What a test comes to, where `known` tells what its parts do.
pub(in crate::summary) fn decide(
    program: &Program<'_>,
    test: ExprRef,
    known: &dyn Fn(ExprRef) -> Option<bool>,
) -> Option<bool> {
    decide_within(program, test, 0, known)
}

fn decide_within(
    program: &Program<'_>,
    test: ExprRef,
    depth: u32,
    known: &dyn Fn(ExprRef) -> Option<bool>,
) -> Option<bool> {
    if depth > DEPTH {
        return None;
    }
    if let Some(value) = known(test) {
        return Some(value);
    }
    let inner = |part: ExprRef| decide_within(program, part, depth + 1, known);
    match program.kind(test) {
        ExprKind::Bool(value) => Some(*value),
        ExprKind::Int(Some(value)) => Some(*value != 0),
        ExprKind::None => Some(false),
        ExprKind::Unary {
            op: UnaryOp::Not,
            operand,
        } => inner(program.sibling(test, *operand)).map(|value| !value),
        ExprKind::Boolean { is_and, values } => {
            let parts = values.iter().map(|&value| inner(program.sibling(test, value)));
            let mut all_known = true;
            for part in parts {
                match part {
                    Some(value) if value != *is_and => return Some(value),
                    Some(_) => {}
                    None => all_known = false,
                }
            }
            all_known.then_some(*is_and)
        }
        ExprKind::Name { name, .. } | ExprKind::Attribute { name, .. } if name == language::TYPE_CHECKING => {
            Some(false)
        }
        ExprKind::Name { .. } => inner(only_assignment(program, test)?),
        ExprKind::Call { .. } => inner(only_result(program, test)?),
        _ => None,
    }
}

fn comparison(program: &Program<'_>, left: ExprRef, op: CompareOp, right: ExprRef) -> Option<bool> {
    if names_main(program, left, right) {
        return match op {
            CompareOp::Eq | CompareOp::Is | CompareOp::In => Some(false),
            CompareOp::NotEq | CompareOp::IsNot | CompareOp::NotIn => Some(true),
            _ => None,
        };
    }
    if names_child(program, left, right) {
        return match op {
            CompareOp::Eq | CompareOp::Is => Some(true),
            CompareOp::NotEq | CompareOp::IsNot => Some(false),
            _ => None,
        };
    }
    // `current_process().name == "MainProcess"`, `parent_process() is None`.
    if identifies_process(program, left) || identifies_process(program, right) {
        return match op {
            CompareOp::Eq | CompareOp::Is => Some(false),
            CompareOp::NotEq | CompareOp::IsNot => Some(true),
            _ => None,
        };
    }
    None
}

/// `__name__` on one side and the name that a child gives the main module on the other.
fn names_child(program: &Program<'_>, left: ExprRef, right: ExprRef) -> bool {
    let is_name = |expr| matches!(program.kind(expr), ExprKind::Name { name, .. } if name == language::MODULE_NAME);
    let is_child = |expr| matches!(program.kind(expr), ExprKind::Str { value, .. } if value == language::CHILD_MAIN);
    (is_name(left) && is_child(right)) || (is_child(left) && is_name(right))
}

/// `__name__` on one side and `"__main__"` on the other, in either order; a display of names on the right of `in`.
fn names_main(program: &Program<'_>, left: ExprRef, right: ExprRef) -> bool {
    let is_name = |expr| matches!(program.kind(expr), ExprKind::Name { name, .. } if name == language::MODULE_NAME);
    let is_main = |expr: ExprRef| {
        match program.kind(expr) {
        ExprKind::Str { value, .. } => value == language::MAIN,
        ExprKind::Sequence { elements, .. } => elements.iter().all(|&element| {
            matches!(program.kind(program.sibling(expr, element)), ExprKind::Str { value, .. } if value == language::MAIN)
        }),
        _ => false,
    }
    };
    (is_name(left) && is_main(right)) || (is_main(left) && is_name(right))
}

fn identifies_process(program: &Program<'_>, expr: ExprRef) -> bool {
    let mut inner = expr;
    while let ExprKind::Attribute { base, .. } = program.kind(inner) {
        inner = program.sibling(expr, *base);
    }
    program.has_semantic(inner, Semantic::IdentifiesProcess)
}

/// The value of a name that is assigned once.
pub(in crate::summary) fn only_assignment(program: &Program<'_>, name: ExprRef) -> Option<ExprRef> {
    let (symbol, def) = only_definition(program, name)?;
    let file = program.file(name.file);
    let assigned = |file: FileId, def: DefId| match &program.file(file).definition(def).kind {
        DefKind::Assign { value, path } if path.is_empty() => Some(ExprRef { file, expr: *value }),
        _ => None,
    };
    if !matches!(file.definition(def).kind, DefKind::ImportFrom { .. }) {
        return assigned(name.file, def);
    }
    let (home, symbol) = home(program, name.file, symbol, 0)?;
    match program.file(home).symbol(symbol).definitions.as_slice() {
        [def] => assigned(home, *def),
        _ => None,
    }
}

/// What a function of one `return` statement gives.
fn only_result(program: &Program<'_>, call: ExprRef) -> Option<ExprRef> {
    let callees = program.callees(call);
    let [Callee::Function { function, .. }] = callees.as_slice() else {
        return None;
    };
    match program.scope(*function).body.last().map(|statement| &statement.kind) {
        Some(StmtKind::Return(Some(value))) if program.scope(*function).body.len() <= 2 => Some(ExprRef {
            file: function.file,
            expr: *value,
        }),
        _ => None,
    }
}
