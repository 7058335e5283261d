use super::{body, definitions, lower, scope_named, text_of, value_of};
use crate::facts::{
    ArgumentKind, BinaryOp, ComprehensionKind, DefKind, ExprKind, FileFacts, ScopeKind, SequenceKind, StmtKind,
    UnaryOp, child_blocks, child_expressions, statement_expressions, visit_expressions,
};

/// A source with what its first statement or expression must be.
type Case<Kind> = (&'static str, fn(&Kind) -> bool);

/// The kind of the only expression statement of a source.
fn expression(source: &str) -> (FileFacts, ExprKind) {
    let facts = lower(source);
    let kind = facts.kind(value_of(body(&facts)[0])).clone();
    (facts, kind)
}

#[test]
fn every_statement_has_its_kind() {
    let cases: &[Case<StmtKind>] = &[
        ("f()\n", |kind| matches!(kind, StmtKind::Expr(_))),
        (
            "a = b = 1\n",
            |kind| matches!(kind, StmtKind::Assign { targets, .. } if targets.len() == 2),
        ),
        ("a: int\n", |kind| {
            matches!(kind, StmtKind::Annotated { value: None, .. })
        }),
        ("a.b: int = 1\n", |kind| {
            matches!(kind, StmtKind::Annotated { value: Some(_), .. })
        }),
        ("a //= 1\n", |kind| {
            matches!(
                kind,
                StmtKind::Augmented {
                    op: BinaryOp::FloorDiv,
                    ..
                }
            )
        }),
        ("raise a from b\n", |kind| {
            matches!(
                kind,
                StmtKind::Raise {
                    exception: Some(_),
                    cause: Some(_)
                }
            )
        }),
        (
            "for a in b: pass\nelse: pass\n",
            |kind| matches!(kind, StmtKind::For { orelse, is_async: false, .. } if orelse.len() == 1),
        ),
        (
            "while a: break\n",
            |kind| matches!(kind, StmtKind::While { orelse, .. } if orelse.is_empty()),
        ),
        (
            "with a as b, c: continue\n",
            |kind| matches!(kind, StmtKind::With { items, .. } if items.len() == 2),
        ),
        ("try: a\nexcept* B as c: pass\nelse: pass\nfinally: pass\n", |kind| {
            matches!(kind, StmtKind::Try { handlers, orelse, finally, .. }
                if handlers[0].def.is_some() && orelse.len() == 1 && finally.len() == 1)
        }),
        ("match a:\n    case B(c) if d: pass\n    case _: pass\n", |kind| {
            matches!(kind, StmtKind::Match { cases, .. }
                if cases[0].guard.is_some() && !cases[0].irrefutable && cases[1].irrefutable)
        }),
        ("def f(): ...\n", |kind| matches!(kind, StmtKind::Function(_))),
        ("class C: ...\n", |kind| matches!(kind, StmtKind::Class(_))),
        (
            "import a, b\n",
            |kind| matches!(kind, StmtKind::Import(names) if names.len() == 2),
        ),
        (
            "from ..a import *\n",
            |kind| matches!(kind, StmtKind::ImportStar { module, level: 2 } if module == "a"),
        ),
        (
            "del a, b[0]\n",
            |kind| matches!(kind, StmtKind::Delete(targets) if targets.len() == 2),
        ),
        ("assert a, b\n", |kind| {
            matches!(kind, StmtKind::Assert { message: Some(_), .. })
        }),
        ("type A[T] = list[T]\n", |kind| matches!(kind, StmtKind::Pass)),
        ("pass\n", |kind| matches!(kind, StmtKind::Pass)),
        ("return 1\n", |kind| matches!(kind, StmtKind::Return(Some(_)))),
    ];
    for (source, is_expected) in cases {
        let facts = lower(source);
        assert!(facts.syntax_errors.is_empty(), "{source}: {:?}", facts.syntax_errors);
        assert!(is_expected(body(&facts)[0]), "{source}: {:?}", body(&facts)[0]);
    }
}

#[test]
fn every_expression_has_its_kind() {
    let cases: &[Case<ExprKind>] = &[
        ("a", |kind| matches!(kind, ExprKind::Name { .. })),
        (
            "a.b",
            |kind| matches!(kind, ExprKind::Attribute { name, .. } if name == "b"),
        ),
        ("a[1:]", |kind| matches!(kind, ExprKind::Subscript { .. })),
        (
            "'a' 'é'",
            |kind| matches!(kind, ExprKind::Str { value, len: 2 } if value == "aé"),
        ),
        ("b'abc'", |kind| matches!(kind, ExprKind::Bytes { len: 3 })),
        ("0x10", |kind| matches!(kind, ExprKind::Int(Some(16)))),
        ("99999999999999999999", |kind| matches!(kind, ExprKind::Int(None))),
        ("1e3", |kind| matches!(kind, ExprKind::Float(value) if *value == 1000.0)),
        ("True", |kind| matches!(kind, ExprKind::Bool(true))),
        ("None", |kind| matches!(kind, ExprKind::None)),
        ("...", |kind| matches!(kind, ExprKind::Ellipsis)),
        (
            "f'{a}{b:{c}.{d}} {e!r}'",
            |kind| matches!(kind, ExprKind::FString(fields) if fields.len() == 5),
        ),
        (
            "t'{a}'",
            |kind| matches!(kind, ExprKind::FString(fields) if fields.len() == 1),
        ),
        ("{1, 2}", |kind| {
            matches!(
                kind,
                ExprKind::Sequence {
                    kind: SequenceKind::Set,
                    len: 2,
                    ..
                }
            )
        }),
        (
            "{1: 2, **a}",
            |kind| matches!(kind, ExprKind::Dict { entries, len: 2 } if entries[1].0.is_none()),
        ),
        ("lambda: 0", |kind| matches!(kind, ExprKind::Lambda(_))),
        ("{a: b for a in c}", |kind| {
            matches!(
                kind,
                ExprKind::Comprehension {
                    kind: ComprehensionKind::Dict,
                    value: Some(_),
                    ..
                }
            )
        }),
        ("(a async for a in b if c if d)", |kind| {
            matches!(kind, ExprKind::Comprehension { kind: ComprehensionKind::Generator, clauses, .. }
                if clauses[0].is_async && clauses[0].conditions.len() == 2)
        }),
        ("a @ b", |kind| {
            matches!(
                kind,
                ExprKind::Binary {
                    op: BinaryOp::MatMult,
                    ..
                }
            )
        }),
        (
            "a and b and c",
            |kind| matches!(kind, ExprKind::Boolean { is_and: true, values } if values.len() == 3),
        ),
        (
            "a < b in c",
            |kind| matches!(kind, ExprKind::Compare { comparisons, .. } if comparisons.len() == 2),
        ),
        ("-a", |kind| matches!(kind, ExprKind::Unary { op: UnaryOp::Minus, .. })),
        ("a if b else c", |kind| matches!(kind, ExprKind::Conditional { .. })),
        ("await a", |kind| matches!(kind, ExprKind::Await(_))),
        ("(yield)", |kind| matches!(kind, ExprKind::Yield(None))),
        ("(yield from a)", |kind| matches!(kind, ExprKind::YieldFrom(_))),
        ("(a := 1)", |kind| matches!(kind, ExprKind::Named { .. })),
    ];
    for (source, is_expected) in cases {
        let (_, kind) = expression(source);
        assert!(is_expected(&kind), "{source}: {kind:?}");
    }
}

#[test]
fn arguments_keep_their_way_and_their_place() {
    let source = "f(a, *b, c=1, **d)\n";
    let (
        facts,
        ExprKind::Call {
            arguments,
            arguments_span,
            ..
        },
    ) = expression(source)
    else {
        panic!("not a call")
    };
    assert!(facts.syntax_errors.is_empty());
    let kinds: Vec<_> = arguments.iter().map(|argument| argument.kind.clone()).collect();
    let keyword = ArgumentKind::Keyword("c".to_owned());
    assert_eq!(
        kinds,
        [
            ArgumentKind::Positional,
            ArgumentKind::Star,
            keyword,
            ArgumentKind::DoubleStar
        ]
    );
    let texts: Vec<_> = arguments
        .iter()
        .map(|argument| text_of(source, argument.span))
        .collect();
    assert_eq!(texts, ["a", "*b", "c=1", "**d"]);
    assert_eq!(text_of(source, arguments_span), "(a, *b, c=1, **d)");
}

#[test]
fn large_literals_are_cut_but_counted() {
    let numbers = vec!["1"; 2000].join(", ");
    let (_, ExprKind::Sequence { elements, len, .. }) = expression(&format!("[{numbers}]\n")) else {
        panic!()
    };
    assert_eq!((elements.len(), len), (512, 2000));
    let entries = vec!["1: 2"; 600].join(", ");
    let (_, ExprKind::Dict { entries, len }) = expression(&format!("{{{entries}}}\n")) else {
        panic!()
    };
    assert_eq!((entries.len(), len), (512, 600));
    let (_, ExprKind::Str { value, len }) = expression(&format!("'{}'\n", "€".repeat(1000))) else {
        panic!()
    };
    assert_eq!((value.len(), len), (1023, 1000));
}

#[test]
fn scopes_know_their_header() {
    let source = "@deco\n# why\n@other\nasync def f(): yield 1\nclass C(Base, metaclass=M): ...\ng = lambda: (yield)\n";
    let facts = lower(source);
    let function = scope_named(&facts, "f");
    assert!(function.is_async && function.is_generator);
    assert_eq!(function.decorators.len(), 2);
    assert_eq!(text_of(source, function.span), "async def f(): yield 1");
    assert_eq!(text_of(source, function.name_span), "f");
    let class = scope_named(&facts, "C");
    assert_eq!(
        (class.kind, class.bases.len(), class.keywords[0].0.as_str()),
        (ScopeKind::Class, 1, "metaclass")
    );
    let lambda = scope_named(&facts, "<lambda>");
    assert_eq!(
        (lambda.kind, text_of(source, lambda.name_span)),
        (ScopeKind::Lambda, "lambda")
    );
    assert!(matches!(lambda.body[0].kind, StmtKind::Return(Some(_))));
}

#[test]
fn asynchronous_statements_are_marked() {
    let facts = lower("async def f():\n    async for a in b: pass\n    async with c as d: pass\n");
    let body = &scope_named(&facts, "f").body;
    assert!(matches!(body[0].kind, StmtKind::For { is_async: true, .. }));
    assert!(matches!(body[1].kind, StmtKind::With { is_async: true, .. }));
    assert!(matches!(
        definitions(&facts, "a")[0],
        DefKind::Element { is_async: true, .. }
    ));
    assert!(matches!(
        definitions(&facts, "d")[0],
        DefKind::Context { is_async: true, .. }
    ));
}

#[test]
fn comments_are_kept_with_their_text() {
    let source = "# first\nx = '# no'  # second\n";
    let facts = lower(source);
    let texts: Vec<_> = facts.comments.iter().map(|comment| comment.text.as_str()).collect();
    assert_eq!(texts, ["# first", "# second"]);
    assert_eq!(text_of(source, facts.comments[1].span), "# second");
}

#[test]
fn spans_count_bytes_of_the_text_as_given() {
    let source = "\u{feff}s = 'é'\r\nwörk(s)\r\n";
    let facts = lower(source);
    assert_eq!(text_of(source, facts.span(value_of(body(&facts)[1]))), "wörk(s)");
}

#[test]
fn a_syntax_error_costs_only_its_statement() {
    let source = "import a\nprint 'python 2'\ndef f(:\n    pass\ndef g():\n    return a\nx = = 1\ny = g()\n";
    let facts = lower(source);
    assert!(!facts.syntax_errors.is_empty());
    for error in &facts.syntax_errors {
        assert!(!error.message.ends_with('.') && !error.message.is_empty());
        assert!(!error.message.starts_with(char::is_uppercase), "{}", error.message);
    }
    scope_named(&facts, "g");
    assert_eq!((definitions(&facts, "a").len(), definitions(&facts, "y").len()), (1, 1));
}

#[test]
fn anything_can_be_lowered() {
    let sources = [
        "",
        "\0",
        "\u{feff}",
        "\\",
        "'",
        "'''",
        "f'{",
        "f'{a:{",
        "(",
        "[x for",
        "def",
        "class",
        "class C(",
        "lambda",
        "@",
        "x: '",
        "x: 'a['",
        "import",
        "from . import",
        "from .",
        "import a.",
        "import .a",
        "match x:\n case",
        "try:",
        "if x:\nelse:",
        "1 = 2",
        "f() = 3",
        "del f()",
        "(a, b) += 1",
        "(f() := 1)",
        "for 1 in x: pass",
        "nonlocal x\nx = 1",
        "global x\nx = 1",
        "  x",
        "x\n  y",
        "%magic",
        "!ls",
        "a b c",
        "é = 'ü",
        "async",
        "await",
        "yield",
        "*a",
        "**a",
        "def f(a, a): a",
        "def f(*): ...",
        "class C[T: (",
        "type X =",
        "x = 1\nglobal x",
        "with a as 1: pass",
        "x: \"\"\"'''é'''\"\"\"",
    ];
    for source in sources {
        let facts = lower(source);
        for id in facts.symbols.iter().flat_map(|symbol| &symbol.definitions) {
            assert!(facts.definition(*id).symbol.index() < facts.symbols.len(), "{source}");
        }
        for expression in &facts.expressions {
            let range = expression.span.start as usize..expression.span.end as usize;
            assert!(source.get(range).is_some(), "{source}: {expression:?}");
        }
    }
}

#[test]
fn walking_reaches_every_part() {
    let source = "f(a, *b, c=d[e:g], k=lambda p=q: r)\n[s for t in u if v]\nh = {w: x}\n";
    let facts = lower(source);
    let mut names = Vec::new();
    for statement in &facts.scopes[0].body {
        for expression in statement_expressions(statement) {
            visit_expressions(&facts, expression, &mut |id| {
                if let ExprKind::Name { name, .. } = facts.kind(id) {
                    names.push(name.as_str());
                }
            });
        }
    }
    assert_eq!(names.join(""), "fabdegquvswx");
    let (facts, _) = expression("a < b < c\n");
    assert_eq!(child_expressions(&facts, value_of(body(&facts)[0])).len(), 3);
    let facts = lower("try: a\nexcept B: b\nexcept C: c\nfinally: d\n");
    let lengths: Vec<_> = child_blocks(&facts.scopes[0].body[0])
        .into_iter()
        .map(<[_]>::len)
        .collect();
    assert_eq!(lengths, [1, 1, 1, 0, 1]);
}
