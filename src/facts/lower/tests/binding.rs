use super::{definitions, line_of, lower, owners, reads, scope_ids, scope_named, text_of};
use crate::facts::{DefKind, ExprKind, MODULE, ParameterKind, Step};

#[track_caller]
fn check(source: &str, name: &str, expected: &[&str]) {
    assert_eq!(owners(source, name), expected, "{name} in:\n{source}");
}

#[test]
fn names_belong_to_the_scope_that_binds_them_anywhere() {
    check("x = 1\ndef f():\n    return x\n", "x", &["module"]);
    check("x = 1\ndef f():\n    print(x)\n    x = 2\n", "x", &["f"]);
    check("def f():\n    def g():\n        return x\n    x = 1\n", "x", &["f"]);
    check("def f():\n    return later\nlater = 1\n", "later", &["module"]);
    check("print(nowhere)\n", "nowhere", &["-"]);
    check("from os import *\npath\n", "path", &["-"]);
}

#[test]
fn class_scopes_are_invisible_to_what_is_nested_in_them() {
    check(
        "x = 1\nclass C:\n    x = 2\n    def m(self):\n        return x\n",
        "x",
        &["module"],
    );
    check("class C:\n    x = 2\n    y = x\n", "x", &["C"]);
    check("class C:\n    x = 2\n    f = lambda: x\n", "x", &["-"]);
    check("class C:\n    x = 2\n    def m(self, a=x): ...\n", "x", &["C"]);
    check("class C:\n    xs = []\n    ys = [xs for _ in xs]\n", "xs", &["-", "C"]);
}

#[test]
fn a_class_name_read_before_its_binding_is_the_outer_one() {
    check(
        "Pool = 1\nclass C:\n    Pool = Pool\n    again = Pool\n",
        "Pool",
        &["module", "C"],
    );
    check("print = wrap(print)\nprint()\n", "print", &["-", "module"]);
}

#[test]
fn global_and_nonlocal_move_bindings_outwards() {
    check(
        "def f():\n    global x\n    x = 1\n    return x\ndef g():\n    return x\n",
        "x",
        &["module", "module"],
    );
    check(
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x += 1\n        return x\n",
        "x",
        &["f"],
    );
    check(
        "def f():\n    def g():\n        nonlocal x\n        x = 2\n    x = 1\n    return x\n",
        "x",
        &["f"],
    );
    let facts = lower("def f():\n    global x\n    x = 1\nx = 0\n");
    let symbol = facts.symbol_in(MODULE, "x").expect("x is bound by the module");
    let scopes: Vec<_> = facts
        .symbol(symbol)
        .definitions
        .iter()
        .map(|&id| facts.definition(id).scope.0)
        .collect();
    assert_eq!(scopes, [1, 0]);
    assert!(scope_named(&facts, "f").symbols.is_empty());
}

#[test]
fn nonlocal_skips_classes() {
    let source = "def f():\n    x = 1\n    class C:\n        x = 2\n        def m(self):\n            nonlocal x\n            x = 3\n";
    let facts = lower(source);
    let outer = scope_ids(&facts)
        .find(|&id| facts.scope(id).qualname == "f")
        .expect("f");
    let symbol = facts.symbol_in(outer, "x").expect("x");
    let lines: Vec<_> = facts
        .symbol(symbol)
        .definitions
        .iter()
        .map(|&id| line_of(source, facts.definition(id).span.start))
        .collect();
    assert_eq!(lines, [2, 7]);
}

#[test]
fn comprehension_variables_stay_inside() {
    check(
        "x = 1\ny = [x for x in x]\nprint(x)\n",
        "x",
        &["module", "module", "module"],
    );
    let source = "def f(x):\n    y = [x for x in x if x]\n    return x\n";
    let facts = lower(source);
    let inside: Vec<bool> = reads(&facts, "x")
        .into_iter()
        .map(|id| match facts.kind(id) {
            ExprKind::Name {
                symbol: Some(symbol), ..
            } => facts.symbol(*symbol).in_comprehension,
            _ => panic!("unbound"),
        })
        .collect();
    assert_eq!(inside, [true, false, true, false]);
    assert!(
        !facts
            .symbol(facts.symbol_in(scope_ids(&facts).nth(1).expect("f"), "x").expect("x"))
            .in_comprehension
    );
    check("[x for x in a]\nx\n", "x", &["module", "-"]);
    check("def f():\n    return [lambda: x for x in a]\n", "x", &["f"]);
    check(
        "def f():\n    return [[y for y in x] for x in a for z in x]\n",
        "x",
        &["f", "f"],
    );
    check("x = 0\nd = {x: v for x, v in x.items()}\n", "v", &["module"]);
}

#[test]
fn a_lambda_parameter_hides_a_comprehension_variable() {
    check("r = [(lambda x: x) for x in a]\n", "x", &["<lambda>"]);
}

#[test]
fn a_walrus_in_a_comprehension_binds_around_it() {
    let facts = lower("def f(a):\n    if any((hit := x) for x in a):\n        return hit\n");
    let f = scope_ids(&facts).nth(1).expect("f");
    let symbol = facts.symbol_in(f, "hit").expect("hit is bound by f");
    assert!(!facts.symbol(symbol).in_comprehension);
}

#[test]
fn type_parameters_are_seen_in_header_body_and_methods() {
    check(
        "class C[T](Base[T]):\n    def m(self, a: T) -> T:\n        return T\n",
        "T",
        &["C", "C", "C", "C"],
    );
    check("def f[T](a: T) -> T:\n    return T\nT\n", "T", &["f", "f", "f", "-"]);
    check("type Alias[T] = list[T]\nAlias\n", "Alias", &["module"]);
}

#[test]
fn qualified_names_are_those_of_python() {
    let source = "class A:\n    def m(self):\n        def inner(): ...\n        return lambda: 0\n    class B: ...\ndef f():\n    global g\n    def g(): ...\n";
    let names: Vec<String> = lower(source).scopes.into_iter().map(|scope| scope.qualname).collect();
    assert_eq!(
        names,
        [
            "",
            "A",
            "A.m",
            "A.m.<locals>.inner",
            "A.m.<locals>.<lambda>",
            "A.B",
            "f",
            "g"
        ]
    );
}

#[test]
fn string_annotations_are_expressions() {
    let source = "class Foo: ...\ndef f(a: 'Foo', b: \"list[Foo]\", c: Optional['Foo'], *, d: 'Foo' = 0) -> 'Foo | None': ...\nx: 'Foo' = 1\n";
    check(source, "Foo", &["module"; 6]);
    let facts = lower(source);
    let spans: Vec<_> = reads(&facts, "Foo")
        .into_iter()
        .map(|id| text_of(source, facts.span(id)))
        .collect();
    assert_eq!(
        spans,
        ["'Foo'", "\"list[Foo]\"", "'Foo'", "'Foo'", "'Foo | None'", "'Foo'"]
    );
}

#[test]
fn not_every_string_in_an_annotation_is_one() {
    check(
        "x: Literal['Foo']\ny: Annotated[int, 'Foo']\nz: f('Foo')\nw = list['Foo']\n",
        "Foo",
        &[],
    );
    check("y: Annotated['Foo', 'Bar']\n", "Foo", &["-"]);
    check("y: 'Foo is not code'\n", "Foo", &["-"]);
    check("y: 'Foo !'\n", "Foo", &[]);
    check("y: '''\n  Foo\n  | None'''\n", "Foo", &["-"]);
    check("y: \"list['Foo']\"\n", "Foo", &["-"]);
}

#[test]
fn parameters_come_in_the_order_of_declaration() {
    let facts = lower("def f(a, /, b: int, *c, d=1, **e): ...\n");
    let function = scope_named(&facts, "f");
    let kinds: Vec<_> = function
        .parameters
        .iter()
        .map(|parameter| (parameter.name.as_str(), parameter.kind))
        .collect();
    let expected = [
        ("a", ParameterKind::PositionalOnly),
        ("b", ParameterKind::Positional),
        ("c", ParameterKind::Star),
        ("d", ParameterKind::KeywordOnly),
        ("e", ParameterKind::DoubleStar),
    ];
    assert_eq!(kinds, expected);
    for (index, parameter) in function.parameters.iter().enumerate() {
        let index = u32::try_from(index).unwrap();
        assert_eq!(facts.definition(parameter.def).kind, DefKind::Parameter { index });
        assert_eq!(facts.definition(parameter.def).scope.0, 1);
    }
    assert!(function.parameters[1].annotation.is_some() && function.parameters[3].default.is_some());
}

#[test]
fn defaults_and_decorators_are_evaluated_outside() {
    check(
        "x = 1\n@deco(x)\ndef f(a=x, b=lambda: x):\n    x = 2\n",
        "x",
        &["module", "module", "module"],
    );
}

#[test]
fn targets_know_their_part_of_the_value() {
    let facts = lower("a, (b, *c), *d, e = value\n[f] = g = value\n");
    let path = |name: &str| match definitions(&facts, name)[0] {
        DefKind::Assign { path, .. } => path.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(path("a"), [Step::Item(0)]);
    assert_eq!(path("b"), [Step::Item(1), Step::Item(0)]);
    assert_eq!(path("c"), [Step::Item(1), Step::Rest(1)]);
    assert_eq!(path("d"), [Step::Rest(2)]);
    assert_eq!(path("e"), [Step::FromEnd(1)]);
    assert_eq!(path("f"), [Step::Item(0)]);
    assert_eq!(path("g"), []);
}

#[test]
fn imports_say_what_they_bind() {
    let facts = lower("import a.b.c, d\nimport a.b as e\nfrom ..m.n import x as y, z\nfrom . import w\n");
    let import = |module: &str, imported: &str| DefKind::Import {
        module: module.into(),
        imported: imported.into(),
    };
    assert_eq!(definitions(&facts, "a"), [&import("a", "a.b.c")]);
    assert_eq!(definitions(&facts, "d"), [&import("d", "d")]);
    assert_eq!(definitions(&facts, "e"), [&import("a.b", "a.b")]);
    let from = |module: &str, level, name: &str| DefKind::ImportFrom {
        module: module.into(),
        level,
        name: name.into(),
    };
    assert_eq!(definitions(&facts, "y"), [&from("m.n", 2, "x")]);
    assert_eq!(definitions(&facts, "z"), [&from("m.n", 2, "z")]);
    assert_eq!(definitions(&facts, "w"), [&from("", 1, "w")]);
}
