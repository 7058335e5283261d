//! Writes of a worker process that end with it although the parent looks at what was written.

mod fate;

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{CompareOp, DefId, DefKind, ExprId, ExprKind, MODULE, StmtKind};
use crate::finding::Note;
use crate::knowledge::{Semantic, SubmissionResult};
use crate::link::index::Branch;
use crate::link::language;
use crate::link::solver::Variable;
use crate::link::values::{DefRef, ExprRef, ScopeRef, Site, Value, ValueId};
use crate::link::{Callee, Program, Submission};

use super::graph::{Afterwards, CallGraph};
use super::origin::{Origin, Origins, Root, Spot, home};
use super::shared::stored_behind;
use super::uses::{Deed, Uses, changes_receiver, deed, objects_behind};
use super::walk::ChildRun;

/// A write in a worker that the parent does not see.
#[derive(Clone, Debug)]
pub struct LostWrite {
    /// How the written object came into the worker.
    pub root: Root,
    /// The write.
    pub write: ExprRef,
    /// What is written, as the worker's code calls it.
    pub object: String,
    /// Where the parent looks; `None` where nothing does and the worker only counts or collects.
    pub read: Option<ExprRef>,
    /// The hand-over.
    pub submission: usize,
    /// The calls that lead from the handed-over function to the write.
    pub path: Vec<Note>,
}

/// A write in the code of a worker to an object that is a copy of the parent's.
#[derive(Clone, Debug)]
struct Write {
    at: ExprRef,
    object: ExprRef,
    origin: Origin,
    /// The object is changed in place, rather than a name or attribute bound anew.
    in_place: bool,
    /// It adds to what is there.
    adds: bool,
}

/// Finds the lost writes of all workers, one a place.
pub(super) fn writes(program: &Program<'_>, graph: &CallGraph, uses: &Uses<'_>, runs: &[ChildRun]) -> Vec<LostWrite> {
    let mut found: BTreeMap<ExprRef, LostWrite> = BTreeMap::new();
    for run in runs {
        let submission = &program.submissions[run.submission];
        if submission.forwarded && submission.targets.iter().all(|target| target.function().is_none()) {
            continue;
        }
        let search = Search::new(program, graph, uses, run, submission);
        for &function in run.functions.keys() {
            for write in search.writes_of(function) {
                if found.contains_key(&write.at) || search.is_for_the_worker(function, &write) {
                    continue;
                }
                if let Some(read) = search.fate(&write) {
                    let lost = LostWrite {
                        root: write.origin.root,
                        write: write.at,
                        object: program.text(write.object),
                        read,
                        submission: run.submission,
                        path: run.path(program, function),
                    };
                    found.insert(write.at, lost);
                }
            }
        }
    }
    let mut found: Vec<LostWrite> = found.into_values().collect();
    found.sort_by_key(|lost| program.place(lost.write));
    found
}

struct Search<'p, 'a> {
    program: &'p Program<'a>,
    graph: &'p CallGraph,
    uses: &'p Uses<'a>,
    run: &'p ChildRun,
    submission: &'p Submission<'a>,
    afterwards: Afterwards,
    sent: BTreeSet<ValueId>,
    returned: BTreeSet<ValueId>,
}

impl<'p, 'a> Search<'p, 'a> {
    fn new(
        program: &'p Program<'a>,
        graph: &'p CallGraph,
        uses: &'p Uses<'a>,
        run: &'p ChildRun,
        submission: &'p Submission<'a>,
    ) -> Self {
        let in_child = |function| run.runs(function);
        let afterwards = Afterwards::new(program, graph, submission.call, &in_child);
        let sent = objects_behind(program, &sent_expressions(program, submission));
        let mut returned = BTreeSet::new();
        if submission.shape.result != SubmissionResult::Worker {
            for target in submission.targets.iter().filter_map(crate::link::Target::function) {
                let values = program.solution.variable(Variable::Return(target));
                returned.extend(values.iter());
                for value in values.iter() {
                    if let Value::ExternalInstance { site: Some(site), .. } = *program.value(value) {
                        let elements = Variable::Element(site, crate::link::solver::Key::All);
                        returned.extend(program.solution.variable(elements).iter());
                    }
                }
            }
        }
        Self {
            program,
            graph,
            uses,
            run,
            submission,
            afterwards,
            sent,
            returned,
        }
    }

    /// The writes in the code of a function to objects of the parent.
    fn writes_of(&self, function: ScopeRef) -> Vec<Write> {
        let program = self.program;
        let index = program.index(function.file);
        let Some(entered) = self
            .run
            .functions
            .get(&function)
            .filter(|entered| entered.certain && entered.acts)
        else {
            return Vec::new();
        };
        let in_child = |scope| self.run.owns(scope);
        let origins = Origins {
            program,
            function,
            parameters: &entered.parameters,
            in_child: &in_child,
        };
        let mut found = Vec::new();
        for &id in index.statements_of(function.scope) {
            let stmt = index.statement(id).stmt;
            let (targets, adds): (Vec<ExprId>, bool) = match &stmt.kind {
                StmtKind::Assign { targets, .. } => (targets.clone(), false),
                StmtKind::Annotated {
                    target, value: Some(_), ..
                } => (vec![*target], false),
                StmtKind::Augmented { target, .. } => (vec![*target], true),
                StmtKind::Delete(targets) => (targets.clone(), false),
                _ => (Vec::new(), false),
            };
            for target in targets {
                self.stored(&origins, target, adds, &mut found);
            }
            for root in crate::facts::statement_expressions(stmt) {
                crate::facts::visit_expressions(program.file(function.file), root, &mut |expr| {
                    found.extend(self.called(&origins, expr));
                });
            }
        }
        found
    }

    fn stored(&self, origins: &Origins<'_, '_>, target: ExprId, adds: bool, found: &mut Vec<Write>) {
        let program = self.program;
        let here = |expr| ExprRef {
            file: origins.function.file,
            expr,
        };
        let at = here(target);
        match program.kind(at) {
            ExprKind::Sequence { elements, .. } => {
                for &element in elements {
                    self.stored(origins, element, adds, found);
                }
            }
            ExprKind::Store(def) => {
                let file = program.file(at.file);
                let symbol = file.definition(*def).symbol;
                if file.symbol(symbol).scope == MODULE
                    && origins.function.scope != MODULE
                    && let Some((file, symbol)) = home(program, at.file, symbol, 0)
                {
                    let origin = Origin {
                        root: Root::Global,
                        spot: Spot::Global(file, symbol),
                        at,
                    };
                    found.push(Write {
                        at,
                        object: at,
                        origin,
                        in_place: false,
                        adds,
                    });
                } else if adds {
                    found.extend(self.extended(origins, at, *def));
                }
            }
            ExprKind::Attribute { base, .. } => {
                let named = program.values(here(*base)).iter().any(|value| {
                    matches!(
                        program.value(value),
                        Value::Instance { .. } | Value::Class(_) | Value::Module(_)
                    )
                });
                // A property may store into memory that all see.
                let stays_local = stored_behind(program, at).is_none();
                if named
                    && stays_local
                    && let Some(origin) = origins.of(target)
                {
                    found.push(Write {
                        at,
                        object: at,
                        origin,
                        in_place: false,
                        adds,
                    });
                }
            }
            ExprKind::Subscript { base, .. } if is_plain_container(program, here(*base)) => {
                if let Some(origin) = origins.of(*base) {
                    found.push(Write {
                        at,
                        object: here(*base),
                        origin,
                        in_place: true,
                        adds: true,
                    });
                }
            }
            _ => {}
        }
    }

    /// `rows += more` with a list that was passed: the list grows, whatever name it has.
    fn extended(&self, origins: &Origins<'_, '_>, at: ExprRef, def: DefId) -> Option<Write> {
        let facts = self.program.file(at.file);
        let DefKind::Augmented { previous, .. } = &facts.definition(def).kind else {
            return None;
        };
        let [given] = previous.as_slice() else { return None };
        let DefKind::Parameter { index } = facts.definition(*given).kind else {
            return None;
        };
        let variable = Variable::Def(DefRef {
            file: at.file,
            def: *given,
        });
        let values = self.program.solution.variable(variable);
        let grows = |value| {
            let names = self.program.type_names(value);
            names.contains(&language::LIST) && self.program.role(value).is_none()
        };
        let origin = *origins.parameters.get(&index)?;
        (!values.is_empty() && values.iter().all(grows)).then_some(Write {
            at,
            object: at,
            origin,
            in_place: true,
            adds: true,
        })
    }

    fn called(&self, origins: &Origins<'_, '_>, expr: ExprId) -> Option<Write> {
        let at = ExprRef {
            file: origins.function.file,
            expr,
        };
        let ExprKind::Call { callee, arguments, .. } = self.program.kind(at) else {
            return None;
        };
        let object = if changes_receiver(self.program, at) {
            match self.program.kind(self.program.sibling(at, *callee)) {
                ExprKind::Attribute { base, .. } => *base,
                _ => return None,
            }
        } else if changes_argument(self.program, at) {
            arguments.first()?.value
        } else {
            return None;
        };
        let object = self.program.sibling(at, object);
        let shared = self
            .program
            .values(object)
            .iter()
            .any(|value| self.program.role(value).is_some());
        let origin = origins.of(object.expr).filter(|_| !shared)?;
        Some(Write {
            at,
            object,
            origin,
            in_place: true,
            adds: true,
        })
    }

    /// A global or attribute that is bound anew by code which the parent runs, too (where it does not run it instead of
    /// handing work over), or a global that the worker sets
    /// up for itself: from what it is given, or back to the value that the module starts with.
    fn is_for_the_worker(&self, function: ScopeRef, write: &Write) -> bool {
        if write.adds {
            return self.is_taken_over(function, write) || self.is_put_right(function, write);
        }
        let targets = self.submission.targets.iter().filter_map(crate::link::Target::function);
        let runs_in_parent = targets.chain([function]).any(|function| {
            self.graph.callers(function).iter().any(|&call| {
                let caller = self.program.function_around(self.program.scope_of(call));
                !self.run.owns(caller) && !self.afterwards.excludes(self.program, call)
            })
        });
        runs_in_parent || self.is_set_up(write) || is_filled_once(self.program, write.at)
    }

    /// `busy.add(job)` with a `busy.discard(job)` in a `finally` of the same function: the worker takes back what it
    /// adds, and its own list is right whenever the function is not running.
    fn is_put_right(&self, function: ScopeRef, write: &Write) -> bool {
        let program = self.program;
        let index = program.index(function.file);
        let object = program.text(write.object);
        matches!(program.kind(write.at), ExprKind::Call { .. })
            && index.statements_of(function.scope).iter().any(|&id| {
                let StmtKind::Expr(call) = index.statement(id).stmt.kind else {
                    return false;
                };
                let call = program.sibling(write.at, call);
                let receiver = match program.kind(call) {
                    ExprKind::Call { callee, .. } => program.kind(program.sibling(call, *callee)),
                    _ => return false,
                };
                let same = matches!(receiver, ExprKind::Attribute { base, .. }
                    if program.text(program.sibling(call, *base)) == object);
                same && changes_receiver(program, call)
                    && index.ancestors(id).any(|(_, branch)| branch == Branch::Finally)
            })
    }

    /// `settings.update(given)` by a function that goes on to read `settings`: the parent has what it gives.
    fn is_taken_over(&self, function: ScopeRef, write: &Write) -> bool {
        let program = self.program;
        let ExprKind::Call { arguments, .. } = program.kind(write.at) else {
            return false;
        };
        let [given] = arguments.as_slice() else { return false };
        let ExprKind::Name { reaching, .. } = program.kind(program.sibling(write.at, given.value)) else {
            return false;
        };
        let facts = program.file(write.at.file);
        let is_parameter = |&def| matches!(facts.definition(def).kind, DefKind::Parameter { .. });
        let adds_all = program.callees(write.at).iter().any(|callee| {
            matches!(callee, Callee::External { name, .. }
                if program.knowledge.semantic(name) == Some(Semantic::AddsAll))
        });
        let end = program.place(write.at).span.end;
        adds_all
            && !reaching.is_empty()
            && reaching.iter().all(is_parameter)
            && self.uses.same(program, write.origin.spot).into_iter().any(|read| {
                program.function_around(program.scope_of(read)) == function
                    && program.place(read).span.start > end
                    && deed(program, self.graph, self.uses, read) == Deed::Reads
            })
    }

    fn is_set_up(&self, write: &Write) -> bool {
        if self.is_loaded_into_class(write) {
            return true;
        }
        let (Spot::Global(file, symbol), ExprKind::Store(def)) = (write.origin.spot, self.program.kind(write.at))
        else {
            return false;
        };
        let facts = self.program.file(write.at.file);
        let DefKind::Assign { value, path } = &facts.definition(*def).kind else {
            return false;
        };
        if let ExprKind::Name { reaching, .. } = facts.kind(*value) {
            return reaching
                .iter()
                .any(|&def| matches!(facts.definition(def).kind, DefKind::Parameter { .. }));
        }
        let text = self.program.text(self.program.sibling(write.at, *value));
        let home = self.program.file(file);
        path.is_empty()
            && home.symbol(symbol).definitions.iter().any(|&first| {
                let definition = home.definition(first);
                definition.scope == MODULE
                    && matches!(&definition.kind, DefKind::Assign { value, path }
                        if path.is_empty() && self.program.text(ExprRef { file, expr: *value }) == text)
            })
    }

    /// `cls.table = given` in a class method: the parent passes what it has itself.
    fn is_loaded_into_class(&self, write: &Write) -> bool {
        let program = self.program;
        let ExprKind::Attribute { base, .. } = program.kind(write.at) else {
            return false;
        };
        let of_class = |value| matches!(program.value(value), Value::Class(_));
        let index = program.index(write.at.file);
        let statement = index
            .statement_of(write.at.expr)
            .map(|id| &index.statement(id).stmt.kind);
        let facts = program.file(write.at.file);
        program.values(program.sibling(write.at, *base)).iter().any(of_class)
            && matches!(statement, Some(StmtKind::Assign { value, .. })
            if matches!(facts.kind(*value), ExprKind::Name { reaching, .. }
                if !reaching.is_empty() && reaching.iter().all(|&def| {
                    matches!(facts.definition(def).kind, DefKind::Parameter { .. })
                })))
    }
}

/// `if cache is None: cache = make()`: each process fills its own when it first needs it, with what does not come from
/// the task.
fn is_filled_once(program: &Program<'_>, target: ExprRef) -> bool {
    let index = program.index(target.file);
    let facts = program.file(target.file);
    let Some(statement) = index.statement_of(target.expr) else {
        return false;
    };
    let StmtKind::Assign { value, .. } = &index.statement(statement).stmt.kind else {
        return false;
    };
    let mut from_task = false;
    crate::facts::visit_expressions(facts, *value, &mut |expr| {
        if let ExprKind::Name { reaching, .. } = facts.kind(expr) {
            let is_parameter = |&def| matches!(facts.definition(def).kind, DefKind::Parameter { .. });
            from_task |= reaching.iter().any(is_parameter);
        }
    });
    let name = program.text(target);
    let tests_it = |test: ExprId| match facts.kind(test) {
        ExprKind::Compare { left, comparisons } => {
            program.text(program.sibling(target, *left)) == name
                && matches!(comparisons.as_slice(), [(CompareOp::Is, with)] if matches!(facts.kind(*with), ExprKind::None))
        }
        _ => false,
    };
    !from_task
        && index.ancestors(statement).any(|(above, branch)| {
            matches!(&index.statement(above).stmt.kind, StmtKind::If { test, .. } if branch == Branch::Body && tests_it(*test))
        })
}

fn changes_argument(program: &Program<'_>, call: ExprRef) -> bool {
    program.callees(call).iter().any(|callee| {
        matches!(callee, Callee::External { name, receiver: None }
            if program.knowledge.semantic(name) == Some(Semantic::Changes))
    })
}

/// Whether all that an expression may be are lists, dicts and the like, or arrays in memory of their own.
fn is_plain_container(program: &Program<'_>, expr: ExprRef) -> bool {
    let mut plain = false;
    for value in program.values(expr).iter() {
        match *program.value(value) {
            Value::ExternalInstance { of, site } => {
                let name = program.name(of);
                let built_in = [language::LIST, language::DICT]
                    .iter()
                    .any(|container| program.knowledge.is_subtype(name, container));
                let array = matches!(site, Some(Site::Expr(site)) if allocates(program, site));
                if program.role(value).is_some() || !(built_in || array) {
                    return false;
                }
                plain = true;
            }
            Value::None => {}
            _ => return false,
        }
    }
    plain
}

/// Whether a call makes an array in memory of its own.
pub(super) fn allocates(program: &Program<'_>, call: ExprRef) -> bool {
    program.callees(call).iter().any(|callee| {
        matches!(callee, Callee::External { name, .. }
            if program.knowledge.call(name).is_some_and(|fact| fact.allocates.is_some()))
    })
}

/// The expressions whose values travel with a submission: its arguments and those filled in before.
pub(super) fn sent_expressions(program: &Program<'_>, submission: &Submission<'_>) -> Vec<ExprRef> {
    let mut sent: Vec<ExprRef> = submission.arguments.iter().map(|argument| argument.expr).collect();
    for partial in submission.targets.iter().flat_map(|target| &target.partials) {
        if let ExprKind::Call { arguments, .. } = program.kind(*partial) {
            sent.extend(
                arguments
                    .iter()
                    .skip(1)
                    .map(|argument| program.sibling(*partial, argument.value)),
            );
        }
    }
    sent.sort();
    sent.dedup();
    sent
}
