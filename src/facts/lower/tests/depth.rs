//! Sources that would overflow the stack of a careless recursion. Test threads have a stack of 2 MB.

use super::{body, definitions, lower, scope_named};
use crate::facts::lower::{MAX_BLOCK_DEPTH, MAX_EXPRESSION_DEPTH};
use crate::facts::{ExprId, ExprKind, FileFacts, Stmt, StmtKind, child_blocks, child_expressions};

fn expression_depth(facts: &FileFacts, id: ExprId) -> usize {
    let deepest = child_expressions(facts, id)
        .into_iter()
        .map(|child| expression_depth(facts, child))
        .max();
    deepest.unwrap_or(0) + 1
}

fn block_depth(facts: &FileFacts, block: &[Stmt]) -> usize {
    let inside = |statement: &Stmt| {
        let deepest = match &statement.kind {
            StmtKind::Function(scope) | StmtKind::Class(scope) => block_depth(facts, &facts.scope(*scope).body),
            _ => child_blocks(statement)
                .into_iter()
                .map(|block| block_depth(facts, block))
                .max()
                .unwrap_or(0),
        };
        deepest + 1
    };
    block.iter().map(inside).max().unwrap_or(0)
}

/// Lowers a source that ends with `survivor = 1`, and checks the bounds.
#[track_caller]
fn check(source: &str) -> FileFacts {
    let source = format!("{source}\nsurvivor = 1\n");
    let facts = lower(&source);
    assert_eq!(definitions(&facts, "survivor").len(), 1);
    for index in 0..facts.expressions.len() {
        let depth = expression_depth(&facts, ExprId(u32::try_from(index).unwrap()));
        assert!(depth <= MAX_EXPRESSION_DEPTH + 1, "{depth}");
    }
    let depth = block_depth(&facts, &facts.scopes[0].body);
    assert!(depth <= MAX_BLOCK_DEPTH, "{depth}");
    facts
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("x = {}1{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn nested_displays_and_operators_survive() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{1: ", "}"),
        ("f(", ")"),
        ("-", ""),
        ("not ", ""),
        ("lambda: ", ""),
    ] {
        check(&nested(open, close, 5000));
    }
    for (open, close) in [
        ("1 if a else ", ""),
        ("(yield ", ")"),
        ("[*", "]"),
        ("[a for a in ", "]"),
        ("a[", "]"),
    ] {
        check(&nested(open, close, 2000));
    }
}

#[test]
fn chains_to_the_left_survive() {
    for link in [" + a", ".a", "()", "[0]", ".a(b)", " and a or b", " < a", " @ f(a)"] {
        check(&format!("x = a{}", link.repeat(5000)));
    }
}

#[test]
fn deep_targets_patterns_and_strings_survive() {
    check(&format!("{}a{} = b", "[".repeat(5000), "]".repeat(5000)));
    check(&format!("for {}a{} in b: pass", "(".repeat(3000), ",)".repeat(3000)));
    check(&format!(
        "match a:\n    case {}b{}:\n        pass",
        "[".repeat(3000),
        "]".repeat(3000)
    ));
    check(&format!("a: \"{}b{}\" = 1", "list[".repeat(3000), "]".repeat(3000)));
    check(&format!("type A = {}b{}", "list[".repeat(3000), "]".repeat(3000)));
    check(&format!(
        "x = [{}{}a{}]",
        "1, ".repeat(600),
        "[".repeat(3000),
        "]".repeat(3000)
    ));
    check(&format!("x = f'{}a{}'", "{1:".repeat(300), "}".repeat(300)));
}

#[test]
fn nested_blocks_survive() {
    for header in ["if a:", "while a:", "def f():", "class C:", "with a:", "for a in b:"] {
        let lines: String = (0..1000)
            .map(|depth| format!("{}{header}\n", " ".repeat(depth)))
            .collect();
        check(&format!("{lines}{}pass", " ".repeat(1000)));
    }
    let lines: String = (0..1000).map(|depth| format!("{}try:\n", " ".repeat(depth))).collect();
    check(&format!("{lines}{}pass", " ".repeat(1000)));
}

#[test]
fn the_deepest_code_that_python_accepts_is_kept() {
    let lines: String = (0..99)
        .map(|depth| format!("{}def f{depth}():\n", " ".repeat(depth)))
        .collect();
    let deep = nested("[", "]", 190);
    let facts = check(&format!("{lines}{}{deep}\n", " ".repeat(99)));
    assert!(
        facts
            .expressions
            .iter()
            .all(|expression| !matches!(expression.kind, ExprKind::Opaque))
    );
    assert_eq!(definitions(&facts, "f98").len(), 1);
}

#[test]
fn a_long_elif_chain_keeps_all_branches() {
    let branches: String = (0..3000)
        .map(|index| format!("elif a == {index}:\n    b{index} = 1\n"))
        .collect();
    let facts = check(&format!(
        "def f(a):\n    pass\nif a:\n    b = 1\n{branches}else:\n    last = 1\n"
    ));
    for name in ["b", "b0", "b99", "b1500", "b2999", "last"] {
        assert_eq!(definitions(&facts, name).len(), 1, "{name}");
    }
    scope_named(&facts, "f");
    assert_eq!(body(&facts).len(), 3);
}

#[test]
fn a_megabyte_of_open_brackets_survives() {
    for open in ["(", "[", "{", "f(", "-", "a.", "lambda: "] {
        let facts = lower(&format!("before = 1\nx = {}", open.repeat(1_000_000 / open.len())));
        assert!(!facts.syntax_errors.is_empty(), "{open}");
        assert_eq!(definitions(&facts, "before").len(), 1);
    }
}
