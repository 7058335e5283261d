//! Tests of the lowering, by what they are about.

mod binding;
mod depth;
mod reaching;
mod syntax;

use crate::facts::{DefKind, ExprId, ExprKind, FileFacts, MODULE, Scope, ScopeId, Span, StmtKind, lower};

/// The line of an offset, from 1.
fn line_of(source: &str, offset: u32) -> usize {
    source[..offset as usize].matches('\n').count() + 1
}

fn text_of(source: &str, span: Span) -> &str {
    &source[span.start as usize..span.end as usize]
}

/// All reads of a name, in source order.
fn reads(facts: &FileFacts, wanted: &str) -> Vec<ExprId> {
    let ids = (0..facts.expressions.len()).map(|index| ExprId(u32::try_from(index).unwrap()));
    let mut reads: Vec<ExprId> = ids
        .filter(|&id| matches!(facts.kind(id), ExprKind::Name { name, .. } if name == wanted))
        .collect();
    reads.sort_by_key(|&id| facts.span(id));
    reads
}

/// For each read of a name: the scope that owns the symbol (`-` for none, `module` for the module).
fn owners(source: &str, name: &str) -> Vec<String> {
    let facts = lower(source);
    let owner = |id: ExprId| match facts.kind(id) {
        ExprKind::Name {
            symbol: Some(symbol), ..
        } => {
            let scope = facts.scope(facts.symbol(*symbol).scope);
            if scope.parent.is_none() {
                "module".to_owned()
            } else {
                scope.qualname.clone()
            }
        }
        _ => "-".to_owned(),
    };
    reads(&facts, name).into_iter().map(owner).collect()
}

/// For each read of a name: the lines of the definitions that reach it.
fn reaching_lines(source: &str, name: &str) -> Vec<Vec<usize>> {
    let facts = lower(source);
    let lines = |id: ExprId| match facts.kind(id) {
        ExprKind::Name { reaching, .. } => {
            let spans = reaching.iter().map(|&definition| facts.definition(definition).span);
            let mut lines: Vec<usize> = spans.map(|span| line_of(source, span.start)).collect();
            lines.sort_unstable();
            lines
        }
        _ => Vec::new(),
    };
    reads(&facts, name).into_iter().map(lines).collect()
}

fn scope_named<'facts>(facts: &'facts FileFacts, qualname: &str) -> &'facts Scope {
    facts
        .scopes
        .iter()
        .find(|scope| scope.qualname == qualname)
        .expect("the scope is there")
}

/// The kinds of all definitions of a name, in source order.
fn definitions<'facts>(facts: &'facts FileFacts, name: &str) -> Vec<&'facts DefKind> {
    let mut found: Vec<_> = facts
        .definitions
        .iter()
        .filter(|def| facts.symbol(def.symbol).name == name)
        .collect();
    found.sort_by_key(|definition| definition.span);
    found.into_iter().map(|definition| &definition.kind).collect()
}

/// The statements of the module.
fn body(facts: &FileFacts) -> Vec<&StmtKind> {
    facts
        .scope(MODULE)
        .body
        .iter()
        .map(|statement| &statement.kind)
        .collect()
}

/// The expression of an expression statement.
fn value_of(kind: &StmtKind) -> ExprId {
    match kind {
        StmtKind::Expr(value) | StmtKind::Assign { value, .. } => *value,
        other => panic!("not an expression: {other:?}"),
    }
}

fn scope_ids(facts: &FileFacts) -> impl Iterator<Item = ScopeId> + '_ {
    (0..facts.scopes.len()).map(|index| ScopeId(u32::try_from(index).unwrap()))
}
