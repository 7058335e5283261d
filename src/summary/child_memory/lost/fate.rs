//! What becomes of a write in a worker: whether the parent goes on with what it has itself.

use crate::facts::{DefKind, ExprKind, StmtKind};
use crate::knowledge::{Pickling, Role, SubmissionResult, WorkerKind};
use crate::link::solver::Variable;
use crate::link::values::{DefRef, ExprRef, Site, Value, ValueSet};
use crate::link::{Callee, Program};

use super::super::origin::{Root, Spot};
use super::super::uses::{Deed, deed};
use super::{Search, Write};

impl Search<'_, '_> {
    /// Where the parent misses a write: `None` where it does not, `Some(None)` where nothing at all looks at it.
    pub(super) fn fate(&self, write: &Write) -> Option<Option<ExprRef>> {
        if self.is_returned(write) {
            return None;
        }
        let mut places = self.uses.same(self.program, write.origin.spot);
        if write.in_place {
            for site in self.sites(write) {
                places.extend(self.uses.mentions(site));
            }
        }
        places.sort_by_key(|&place| self.program.place(place));
        places.dedup();
        let again = matches!(write.origin.root, Root::Global | Root::Receiver);
        let mut read = None;
        let mut known = false;
        for place in places {
            let scope = self.program.function_around(self.program.scope_of(place));
            let inside = self.run.runs(scope);
            // Who calls an attribute means the method of that name.
            if self.is_called(write, place) {
                continue;
            }
            let deed = deed(self.program, self.graph, self.uses, place);
            if inside {
                if self.is_handed_on(place) {
                    return None;
                }
                known |= deed == Deed::Reads;
                continue;
            }
            known |= deed == Deed::Reads;
            if !self.afterwards.covers(self.program, place, again) {
                continue;
            }
            match deed {
                Deed::Changes => return None,
                Deed::Reads => read = read.or(Some(place)),
                Deed::Passes => {}
            }
        }
        if self.is_bound_anew(write) {
            return None;
        }
        match read {
            Some(read) => Some(Some(read)),
            None if !known && self.only_collects(write) => Some(None),
            None => None,
        }
    }

    fn is_called(&self, write: &Write, place: ExprRef) -> bool {
        let parent = self.program.index(place.file).parent(place.expr);
        let called = parent.is_some_and(|parent| {
            matches!(self.program.kind(self.program.sibling(place, parent)),
                ExprKind::Call { callee, .. } if *callee == place.expr)
        });
        called && !write.in_place && matches!(write.origin.spot, Spot::Attribute(_))
    }

    /// The parent binds the global itself after the hand-over.
    fn is_bound_anew(&self, write: &Write) -> bool {
        let (Spot::Global(file, symbol) | Spot::Captured(file, symbol)) = write.origin.spot else {
            return false;
        };
        let facts = self.program.file(file);
        let index = self.program.index(file);
        facts.symbol(symbol).definitions.iter().any(|&def| {
            let definition = facts.definition(def);
            let scope = self.program.scope_ref(file, definition.scope);
            if self.run.runs(scope) {
                return false;
            }
            let value = match &definition.kind {
                DefKind::Assign { value, .. } | DefKind::Augmented { value, .. } => *value,
                DefKind::Element { iterable, .. } => *iterable,
                _ => return false,
            };
            index.statement_of(value).is_some()
                && self
                    .afterwards
                    .covers(self.program, ExprRef { file, expr: value }, false)
        })
    }

    /// What the changed object may be.
    fn objects(&self, write: &Write) -> &ValueSet {
        match self.program.kind(write.object) {
            ExprKind::Store(def) => self.program.solution.variable(Variable::Def(DefRef {
                file: write.object.file,
                def: *def,
            })),
            _ => self.program.values(write.object),
        }
    }

    /// What makes the changed object, outside of the worker.
    fn sites(&self, write: &Write) -> Vec<Site> {
        let values = self.objects(write).iter();
        let kept = values.filter(|value| write.origin.spot != Spot::Whole || self.sent.contains(value));
        kept.filter_map(|value| match *self.program.value(value) {
            Value::ExternalInstance { site: Some(site), .. } => Some(site),
            _ => None,
        })
        .filter(|site| match site {
            Site::Expr(expr) => !self
                .run
                .runs(self.program.function_around(self.program.scope_of(*expr))),
            _ => false,
        })
        .collect()
    }

    /// The worker returns the object, so that the parent may go on with what comes back.
    fn is_returned(&self, write: &Write) -> bool {
        let object = self.objects(write).iter();
        let owner = match self.program.kind(write.object) {
            ExprKind::Attribute { base, .. } => Some(self.program.sibling(write.object, *base)),
            _ => None,
        };
        let owner = owner.into_iter().flat_map(|owner| self.program.values(owner).iter());
        object.chain(owner).any(|value| {
            matches!(
                self.program.value(value),
                Value::ExternalInstance { site: Some(_), .. } | Value::Instance { .. }
            ) && self.returned.contains(&value)
        })
    }

    /// The worker returns what an expression mentions, or sends it over a queue or connection.
    fn is_handed_on(&self, place: ExprRef) -> bool {
        let program = self.program;
        let index = program.index(place.file);
        let mut inner = place;
        for around in index.expressions_around(place.expr) {
            let around = program.sibling(place, around);
            if let ExprKind::Call { callee, .. } = program.kind(around) {
                return *callee != inner.expr && sends(program, around);
            }
            inner = around;
        }
        index.statement_of(place.expr).is_some_and(|id| {
            let returns = matches!(index.statement(id).stmt.kind, StmtKind::Return(_));
            let scope = program.function_around(program.scope_of(place));
            let is_target = self
                .submission
                .targets
                .iter()
                .any(|target| target.function() == Some(scope));
            returns && is_target && self.submission.shape.result != SubmissionResult::Worker
        })
    }

    /// A pool's worker counts or collects in its object what no code of the project looks at.
    fn only_collects(&self, write: &Write) -> bool {
        let ExprKind::Attribute { name, .. } = self.program.kind(write.object) else {
            return false;
        };
        write.adds
            && write.origin.root == Root::Receiver
            && !name.starts_with('_')
            && self.submission.shape.result != SubmissionResult::Worker
            && self.submission.is_always(WorkerKind::Process)
    }
}

/// Whether a call puts its argument on a queue or connection, or gives it to something unknown that may do so.
fn sends(program: &Program<'_>, call: ExprRef) -> bool {
    program.callees(call).iter().any(|callee| match callee {
        Callee::External {
            receiver: Some(receiver),
            ..
        } => {
            matches!(
                program.role(*receiver),
                Some(Role::ProcessQueue | Role::Proxy | Role::SharedValue | Role::Queue)
            ) || program
                .type_fact(*receiver)
                .and_then(|fact| fact.pickle)
                .is_some_and(|pickle| pickle != Pickling::Ok)
                || matches!(program.value(*receiver), Value::Unknown(_))
        }
        Callee::Unknown(_) => true,
        _ => false,
    })
}
