//! What runs while a module is imported, and where that starts processes.
//!
//! Import-time code is what stands in a module outside its functions (class bodies, decorators, defaults included) and
//! is not kept out by a main guard. A way leads from there, or from a function, through calls to a call that starts
//! processes.

mod conditions;
mod creation;
mod imports;
mod library;
mod liveness;
mod reach;

use std::collections::BTreeMap;

use crate::finding::FileId;
use crate::link::Program;
use crate::link::values::{ExprRef, ScopeRef};

use super::Summaries;

pub(in crate::summary) use conditions::{holds, literal, tested_parameter};
use imports::Imports;
use liveness::{Liveness, definition_statement};
pub(in crate::summary) use liveness::{decide, only_assignment};
use reach::{CallGraph, Ways};

pub use creation::{Creation, Started};
pub use liveness::Runs;

/// What runs while a module is imported, and where that starts processes.
#[derive(Debug, Default)]
pub struct Startup {
    liveness: Liveness,
    graph: CallGraph,
    creations: BTreeMap<ExprRef, Creation>,
    choices: BTreeMap<ExprRef, Creation>,
    to_creations: Ways,
    to_choices: Ways,
    imports: Imports,
}

/// A way from a place to a call that starts processes or chooses how they start.
#[derive(Clone, Debug)]
pub struct Way {
    /// The calls from the first to the last, each with the function that it calls.
    pub steps: Vec<(ExprRef, Option<ScopeRef>)>,
    /// What the last call does.
    pub creation: Creation,
    /// Whether it happens whenever the first step's code runs.
    pub runs: Runs,
}

impl Way {
    /// The first step.
    #[must_use]
    pub fn start(&self) -> ExprRef {
        self.steps.first().map_or(self.creation.at, |&(at, _)| at)
    }
}

impl Startup {
    /// Reads the program.
    #[must_use]
    pub fn compute(program: &Program<'_>, _summaries: &Summaries<'_>) -> Self {
        let liveness = Liveness::compute(program);
        let graph = CallGraph::compute(program);
        let creations = creation::creations(program);
        let choices = creation::start_method_calls(program);
        let to_creations = graph.ways(program, &liveness, creations.keys().copied());
        let to_choices = graph.ways(program, &liveness, choices.keys().copied());
        Self {
            liveness,
            graph,
            creations,
            choices,
            to_creations,
            to_choices,
            imports: Imports::compute(program),
        }
    }

    /// Where the import of a module starts processes, by position.
    #[must_use]
    pub fn creations_on_import(&self, program: &Program<'_>, file: FileId) -> Vec<Way> {
        self.ways_of(&self.to_creations, &self.creations, program, program.module_scope(file))
    }

    /// Where the import of a module chooses a start method other than `fork`, by position.
    #[must_use]
    pub fn choices_on_import(&self, program: &Program<'_>, file: FileId) -> Vec<Way> {
        self.ways_of(&self.to_choices, &self.choices, program, program.module_scope(file))
    }

    /// How a run of a function starts processes, whatever it is passed; the shortest way first.
    #[must_use]
    pub fn creations_in(&self, program: &Program<'_>, function: ScopeRef) -> Vec<Way> {
        self.ways_of(&self.to_creations, &self.creations, program, function)
    }

    fn ways_of(
        &self,
        ways: &Ways,
        ends: &BTreeMap<ExprRef, Creation>,
        program: &Program<'_>,
        scope: ScopeRef,
    ) -> Vec<Way> {
        let mut found: Vec<Way> = ways
            .of(scope)
            .iter()
            .filter_map(|reach| {
                Some(Way {
                    steps: ways.steps(reach),
                    creation: *ends.get(&reach.end)?,
                    runs: Ways::whatever_is_passed(reach),
                })
            })
            .collect();
        if scope.scope == crate::facts::MODULE {
            found.sort_by_key(|way| (program.place(way.start()), std::cmp::Reverse(way.runs)));
        }
        found
    }

    /// All calls that start processes, by expression.
    #[must_use]
    pub fn creations(&self) -> &BTreeMap<ExprRef, Creation> {
        &self.creations
    }

    /// Whether a child that imports the main module anew finds a definition of it.
    #[must_use]
    pub fn is_defined_on_import(&self, program: &Program<'_>, definition: ScopeRef) -> Runs {
        match definition_statement(program, definition) {
            Some(statement) => self.liveness.of_statement(program, definition.file, statement),
            None => Runs::Always,
        }
    }

    /// Whether an expression runs where the main guard does not hold, once its function or module does.
    #[must_use]
    pub fn runs(&self, program: &Program<'_>, expr: ExprRef) -> Runs {
        self.liveness.of(program, expr).0
    }

    /// Whether one of two modules imports the other, directly or through others.
    #[must_use]
    pub fn are_related(&self, one: FileId, other: FileId) -> bool {
        self.imports.reaches(one, other) || self.imports.reaches(other, one)
    }

    /// The functions from which calls lead to one of the scopes.
    #[must_use]
    pub fn leading_to(&self, scopes: impl IntoIterator<Item = ScopeRef>) -> std::collections::BTreeSet<ScopeRef> {
        self.graph.leading_to(scopes)
    }
}
