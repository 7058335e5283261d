//! Proxies of a manager that a worker uses in each round of a loop with little work.

use std::collections::BTreeMap;

use crate::facts::{ExprKind, StmtKind};
use crate::link::Program;
use crate::link::index::Loop;
use crate::link::values::{ExprRef, ScopeRef};
use crate::summary::locks::share_a_lock;
use crate::summary::{Sizes, Summaries};

use super::random::each_expression;
use super::walk::ChildRun;

/// A proxy in a loop.
#[derive(Clone, Debug)]
pub struct ProxyInLoop {
    /// The operation on the proxy.
    pub operation: ExprRef,
    /// The proxy.
    pub proxy: ExprRef,
    /// How often it happens, where the code says so.
    pub rounds: Option<f64>,
    /// The hand-over.
    pub submission: usize,
}

/// Loops with fewer rounds than this cost little.
const FEW: f64 = 200.0;
/// Seconds of work a round against which a round trip does not count.
const LITTLE_WORK: f64 = 1.5e-4;

/// Finds proxies in loops, the first operation of each loop.
pub(super) fn in_loops(program: &Program<'_>, summaries: &Summaries<'_>, runs: &[ChildRun]) -> Vec<ProxyInLoop> {
    let mut found: BTreeMap<ExprRef, ProxyInLoop> = BTreeMap::new();
    let mut judged = std::collections::BTreeSet::new();
    for run in runs {
        for &function in run.functions.keys() {
            if judged.insert(function) {
                for proxy in in_loops_of(program, summaries, function, run.submission) {
                    found.entry(proxy.operation).or_insert(proxy);
                }
            }
        }
    }
    found.into_values().collect()
}

fn in_loops_of(
    program: &Program<'_>,
    summaries: &Summaries<'_>,
    function: ScopeRef,
    submission: usize,
) -> Vec<ProxyInLoop> {
    let mut found: Vec<(crate::link::index::StmtId, ProxyInLoop)> = Vec::new();
    let index = program.index(function.file);
    each_expression(program, function, &mut |expr| {
        let (ExprKind::Attribute { base, .. } | ExprKind::Subscript { base, .. }) = program.kind(expr) else {
            return;
        };
        let proxy = program.sibling(expr, *base);
        // What is used under a lock may have been changed by another worker since the last round.
        if !is_data_proxy(program, proxy) || share_a_lock(program, expr, expr) {
            return;
        }
        let Some(Loop::Statement(id)) = index.loops_around(expr.expr).first().copied() else {
            return;
        };
        let StmtKind::For { iterable, .. } = &index.statement(id).stmt.kind else {
            return;
        };
        if found.iter().any(|(other, _)| *other == id) {
            return;
        }
        let sizes = Sizes {
            program,
            file: function.file,
        };
        let rounds = sizes.rounds(*iterable);
        let few = rounds.known && rounds.count.most < FEW;
        let Some(profile) = summaries.profile(function) else {
            return;
        };
        let work = (profile.interpreter + profile.native).typical;
        let waits = profile.evidence.iter().any(|evidence| {
            evidence.part == crate::summary::Part::Wait && evidence.weight > 1e-3 * rounds.count.typical.max(1.0)
        });
        if few || waits || work / rounds.count.typical.max(1.0) > LITTLE_WORK {
            return;
        }
        let operation = ProxyInLoop {
            operation: expr,
            proxy,
            rounds: rounds.known.then_some(rounds.count.typical),
            submission,
        };
        found.push((id, operation));
    });
    found.into_iter().map(|(_, proxy)| proxy).collect()
}

/// Whether an expression is always a proxy of data.
pub(super) fn is_data_proxy(program: &Program<'_>, expr: ExprRef) -> bool {
    let values = program.values(expr);
    !values.is_empty()
        && values
            .iter()
            .all(|value| program.type_fact(value).is_some_and(|fact| fact.data_proxy))
}
