use super::{definitions, line_of, lower, reaching_lines};
use crate::facts::DefKind;

/// Wraps the lines in a function (they start on line 2) and compares the lines that reach each read of `x`.
#[track_caller]
fn check(lines: &str, expected: &[&[usize]]) {
    let source = format!("def f(c, d):\n    {}\n", lines.replace('\n', "\n    "));
    assert_eq!(reaching_lines(&source, "x"), expected, "in:\n{source}");
}

#[test]
fn the_last_definition_wins_in_straight_code() {
    check("x = 1\nx = 2\nx", &[&[3]]);
    check("x = 1\nx = x\nx", &[&[2], &[3]]);
    check("x = 1\nx", &[&[2]]);
    check("x = c\nx: int\nx", &[&[2]]);
    check("x = 1\ndel x\nx = 2\nx", &[&[4]]);
    check("import x\nfrom c import x\nx", &[&[3]]);
    check("x = 1\nreturn x\nx = 2\nx", &[&[2], &[]]);
}

#[test]
fn branches_are_merged() {
    check("x = 1\nif c:\n    x = 2\nx", &[&[2, 4]]);
    check(
        "if c:\n    x = 1\nelif d:\n    x = 2\nelse:\n    x = 3\nx",
        &[&[3, 5, 7]],
    );
    check("x = 1\nif c:\n    x = 2\n    return\nx", &[&[2]]);
    check("x = 1\nif c:\n    x = 2\nelse:\n    raise c\nx", &[&[4]]);
    check("x = 1\nif True:\n    x = 2\nx", &[&[4]]);
    check("x = 1\nwith c as x:\n    x\nx", &[&[3], &[3]]);
}

#[test]
fn loops_give_their_end_to_their_head() {
    check("x = 1\nfor y in c:\n    x\n    x = 2\nx", &[&[2, 5], &[2, 5]]);
    check("x = 1\nwhile x:\n    x = 2\n    x = 3\nx", &[&[2, 5], &[2, 5]]);
    check(
        "x = 1\nwhile True:\n    x\n    if c:\n        break\n    x = 2\nx",
        &[&[2, 7], &[2, 7]],
    );
    check(
        "x = 1\nwhile True:\n    x = 2\n    if c:\n        break\n    x = 3\nx",
        &[&[4]],
    );
    check(
        "x = 1\nfor y in c:\n    if d:\n        x = 2\n        continue\n    x = 3\nx",
        &[&[2, 5, 7]],
    );
    check("for x in c:\n    x\nelse:\n    x = 2\nx", &[&[2], &[5]]);
    check("for y in c:\n    x = 1\n    break\nelse:\n    x = 2\nx", &[&[3, 6]]);
    check(
        "x = 1\nfor y in c:\n    for z in d:\n        x\n        x = 2\n    x\n    x = 3\n",
        &[&[2, 6, 8], &[2, 6, 8]],
    );
}

#[test]
fn exceptions_may_come_after_any_definition() {
    check(
        "x = 1\ntry:\n    x = 2\n    x = 3\nexcept c:\n    x\nx",
        &[&[2, 4, 5], &[2, 4, 5]],
    );
    check(
        "x = 1\ntry:\n    x = 2\nexcept c:\n    x = 3\nelse:\n    x\nx",
        &[&[4], &[4, 6]],
    );
    check("x = None\ntry:\n    x = 2\nfinally:\n    x\nx", &[&[2, 4], &[4]]);
    check("try:\n    x = 1\nexcept c:\n    return\nx = x\n", &[&[3]]);
    check("x = 0\nx = 1\ntry:\n    return\nfinally:\n    x\nx", &[&[3], &[]]);
    check(
        "x = 1\ntry:\n    x = 2\nexcept c:\n    x = 3\n    raise\nfinally:\n    x\nx",
        &[&[2, 4, 6], &[4]],
    );
    check(
        "x = 1\nfor y in c:\n    try:\n        break\n    finally:\n        x = 2\nx",
        &[&[2, 7]],
    );
    check(
        "x = 1\ntry:\n    try:\n        x = 2\n    except d:\n        x = 3\nexcept c:\n    x",
        &[&[2, 5, 7]],
    );
    check("x = 1\ntry:\n    c()\nexcept c as x:\n    x\nx = 3\nx", &[&[5], &[7]]);
}

#[test]
fn matches_bind_their_captures() {
    check(
        "x = 1\nmatch c:\n    case [x, 1]:\n        x\n    case d.y:\n        x\nx",
        &[&[4], &[2], &[2, 4]],
    );
    check(
        "x = 1\nmatch c:\n    case 1:\n        x = 2\n    case _:\n        x = 3\nx",
        &[&[5, 7]],
    );
    check(
        "x = 1\nmatch c:\n    case {'a': 1, **x}:\n        pass\n    case _ if d:\n        x = 2\nx",
        &[&[2, 4, 7]],
    );
}

#[test]
fn a_walrus_binds_where_it_is_evaluated() {
    check("x = 1\nif (x := c):\n    x\n", &[&[3]]);
    check("x = 1\nif d and (x := c):\n    x\n", &[&[2, 3]]);
    check("x = 1\nwhile (x := c()):\n    x\nx", &[&[3], &[3]]);
    check("x = 1\ny = c if d else (x := 2)\nx", &[&[2, 3]]);
}

#[test]
fn functions_and_classes_are_definitions() {
    check("def x(): ...\nx = c(x)\nx", &[&[2], &[3]]);
    check("x = 1\n@x\nclass x(x): ...\nx", &[&[2], &[2], &[4]]);
}

#[test]
fn a_parameter_reaches_until_it_is_rebound() {
    assert_eq!(
        reaching_lines("def f(x):\n    x\n    x = 1\n    x\n", "x"),
        [vec![1], vec![3]]
    );
    assert_eq!(
        reaching_lines("def f(x=None):\n    if x is None:\n        x = 1\n    x\n", "x"),
        [vec![1], vec![1, 3]]
    );
}

#[test]
fn reads_from_other_scopes_say_nothing() {
    assert_eq!(
        reaching_lines("x = 1\ndef f():\n    return x\nx\n", "x"),
        [vec![], vec![1]]
    );
    assert_eq!(
        reaching_lines("def f():\n    x = 1\n    g = lambda: x\n    x = 2\n", "x"),
        [Vec::<usize>::new()]
    );
}

#[test]
fn what_others_assign_is_not_followed() {
    assert_eq!(
        reaching_lines("x = 1\nx\ndef f():\n    global x\n    x = 2\n", "x"),
        [Vec::<usize>::new()]
    );
    let nonlocal = "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    g()\n    x\n";
    assert_eq!(reaching_lines(nonlocal, "x"), [Vec::<usize>::new()]);
}

#[test]
fn modules_and_classes_are_followed_too() {
    assert_eq!(reaching_lines("x = 1\nx\nx = 2\nx\n", "x"), [vec![1], vec![3]]);
    assert_eq!(
        reaching_lines("class C:\n    x = 1\n    x = 2\n    y = x\n", "x"),
        [vec![3]]
    );
    assert_eq!(
        reaching_lines("try:\n    import a as x\nexcept ImportError:\n    x = None\nx\n", "x"),
        [vec![2, 4]]
    );
}

#[test]
fn comprehension_variables_have_their_clause() {
    assert_eq!(
        reaching_lines("x = 1\nx = 2\ny = [x for\n  x in c]\nx\n", "x"),
        [vec![4], vec![2]]
    );
}

#[test]
fn an_augmented_assignment_knows_what_was_there() {
    let source = "def f(c):\n    x = 0\n    for y in c:\n        x += y\n    return x\n";
    let facts = lower(source);
    let DefKind::Augmented { previous, .. } = definitions(&facts, "x")[1] else {
        panic!("not augmented")
    };
    let mut lines: Vec<_> = previous
        .iter()
        .map(|&id| line_of(source, facts.definition(id).span.start))
        .collect();
    lines.sort_unstable();
    assert_eq!(lines, [2, 4]);
    assert_eq!(reaching_lines(source, "x"), [vec![2, 4]]);
}

#[test]
fn more_definitions_than_a_set_holds_mean_any() {
    let branches: String = (0..100)
        .map(|index| format!("    if c == {index}:\n        x = {index}\n"))
        .collect();
    let source = format!("def f(c):\n    x = -1\n{branches}    x\n    x = 0\n    x\n");
    assert_eq!(reaching_lines(&source, "x"), [vec![], vec![204]]);
}

#[test]
fn finally_blocks_nested_in_finally_blocks_stay_cheap() {
    let mut source = "def f(c):\n x = 0\n".to_owned();
    for depth in 1..60 {
        let indent = " ".repeat(depth);
        source += &format!("{indent}try:\n{indent} x = {depth}\n{indent}finally:\n");
    }
    source += &format!("{}x\n", " ".repeat(60));
    let reaching = reaching_lines(&source, "x");
    assert!(reaching[0].contains(&(3 * 59 + 1)), "{reaching:?}");
}

#[test]
fn loops_nested_in_loops_stay_cheap() {
    let mut source = "def f(c):\n x = 0\n".to_owned();
    for depth in 1..90 {
        source += &format!("{}while c:\n", " ".repeat(depth));
    }
    let indent = " ".repeat(90);
    source += &format!("{indent}x\n{indent}x = 1\n");
    assert_eq!(reaching_lines(&source, "x"), [vec![2, 93]]);
}
