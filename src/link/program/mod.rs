//! The linked program: what later stages read.

mod calls;
mod classes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use crate::config::{Settings, StartMethod};
use crate::facts::{ExprId, ExprKind, FileFacts, Parameter, ScopeId, ScopeKind};
use crate::finding::{FileId, Place};
use crate::knowledge::{Knowledge, Role, Semantic, TypeFact};
use crate::source::SourceFile;

use super::index::FileIndex;
use super::modules::ModuleTable;
use super::solver::{Solution, Solver};
use super::submissions::{Submission, find_submissions};
use super::values::{ExprRef, Name, ScopeRef, Site, Unresolved, Value, ValueId, ValueSet};

/// Everything that is known of the program before costs are computed.
pub struct Program<'a> {
    /// The files.
    pub sources: &'a [SourceFile],
    /// What the files say.
    pub facts: &'a [FileFacts],
    /// For each file, whether its values are known: see [`super::reach`].
    pub reached: Vec<bool>,
    /// Where everything stands.
    pub indexes: Vec<FileIndex<'a>>,
    /// What API calls do.
    pub knowledge: &'a Knowledge,
    /// The values of all expressions.
    pub solution: Solution,
    /// The places where work is handed over, by file and position.
    pub submissions: Vec<Submission<'a>>,
    /// Start methods that the program sets for itself, with the calls.
    pub start_methods_set: BTreeMap<ExprRef, Option<StartMethod>>,
    /// The settings of the run.
    pub settings: &'a Settings,
    /// Which file a module name means.
    pub modules: ModuleTable,
    /// What a call of each value outside the project calls, as far as it has been asked for.
    called_names: Vec<OnceLock<Arc<str>>>,
    /// The names of all methods of the project, once they have been asked for.
    method_names: OnceLock<BTreeSet<String>>,
}

/// What a call may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A function of the project; `bound` where the receiver is passed.
    Function {
        /// The function.
        function: ScopeRef,
        /// What it is bound to.
        receiver: Option<ValueId>,
    },
    /// A class of the project.
    Class(ScopeRef),
    /// Something outside the project, by its full dotted name, methods with their defining type.
    External {
        /// The name.
        name: Arc<str>,
        /// What a method is bound to.
        receiver: Option<ValueId>,
    },
    /// A callable with arguments filled in.
    Partial(ExprRef),
    /// Not known.
    Unknown(Unresolved),
}

impl<'a> Program<'a> {
    /// Links the files.
    #[must_use]
    pub fn link(
        sources: &'a [SourceFile],
        facts: &'a [FileFacts],
        knowledge: &'a Knowledge,
        settings: &'a Settings,
    ) -> Self {
        let modules = ModuleTable::new(sources);
        let reached = if settings.every_file {
            vec![true; facts.len()]
        } else {
            super::reach::reached_files(sources, facts, &modules, knowledge)
        };
        let solution = Solver::solve(facts, &reached, &modules, knowledge);
        let indexes = facts.par_iter().map(FileIndex::new).collect();
        let called_names = std::iter::repeat_with(OnceLock::new)
            .take(solution.universe.values().len())
            .collect();
        let mut program = Self {
            called_names,
            method_names: OnceLock::new(),
            sources,
            facts,
            reached,
            indexes,
            knowledge,
            solution,
            submissions: Vec::new(),
            start_methods_set: BTreeMap::new(),
            settings,
            modules,
        };
        program.start_methods_set = program.find_start_methods();
        program.submissions = find_submissions(&program);
        program
    }

    /// The files by number.
    pub fn file_ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..u32::try_from(self.facts.len()).expect("internal: fewer than 2^32 files")).map(FileId)
    }

    /// The files that matter to the way work is handed over.
    pub fn reached_files(&self) -> impl Iterator<Item = FileId> + '_ {
        self.file_ids().filter(|file| self.reached[file.index()])
    }

    /// All scopes of the program in order, classes left out.
    pub fn scopes(&self) -> impl Iterator<Item = ScopeRef> + '_ {
        self.reached_files().flat_map(move |file| {
            let scopes = self.file(file).scopes.iter().enumerate();
            scopes
                .filter(|(_, scope)| scope.kind != ScopeKind::Class)
                .map(move |(number, _)| ScopeRef {
                    file,
                    scope: ScopeId(u32::try_from(number).expect("internal: fewer than 2^32 scopes")),
                })
        })
    }

    /// All calls of the program in order.
    pub fn calls(&self) -> impl Iterator<Item = ExprRef> + '_ {
        self.reached_files()
            .flat_map(|file| self.index(file).calls().iter().map(move |&expr| ExprRef { file, expr }))
    }

    /// The facts of a file.
    #[must_use]
    pub fn file(&self, file: FileId) -> &'a FileFacts {
        &self.facts[file.index()]
    }

    /// Whether a file holds tests.
    #[must_use]
    pub fn is_test(&self, file: FileId) -> bool {
        self.sources[file.index()].is_test
    }

    /// The surroundings of everything in a file.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "a file's index is no element that `[]` would give"
    )]
    pub fn index(&self, file: FileId) -> &FileIndex<'a> {
        &self.indexes[file.index()]
    }

    /// The kind of an expression.
    #[must_use]
    pub fn kind(&self, expr: ExprRef) -> &'a ExprKind {
        self.file(expr.file).kind(expr.expr)
    }

    /// Where an expression stands.
    #[must_use]
    pub fn place(&self, expr: ExprRef) -> Place {
        Place {
            file: expr.file,
            span: self.file(expr.file).span(expr.expr),
        }
    }

    /// The name in a definition.
    #[must_use]
    pub fn name_place(&self, scope: ScopeRef) -> Place {
        Place {
            file: scope.file,
            span: self.file(scope.file).scope(scope.scope).name_span,
        }
    }

    /// The scope behind a reference.
    #[must_use]
    pub fn scope(&self, scope: ScopeRef) -> &'a crate::facts::Scope {
        self.file(scope.file).scope(scope.scope)
    }

    /// The name of a function or class as people write it: `Class.method`, `lambda`.
    #[must_use]
    pub fn display_name(&self, scope: ScopeRef) -> String {
        let scope = self.scope(scope);
        if scope.kind == ScopeKind::Lambda {
            return "lambda".to_owned();
        }
        scope.qualname.replace(".<locals>", "")
    }

    /// The dotted name of a function or class with its module.
    #[must_use]
    pub fn full_name(&self, scope: ScopeRef) -> String {
        let module = self.sources[scope.file.index()]
            .modules
            .first()
            .map_or("", String::as_str);
        super::modules::join(module, &self.scope(scope).qualname)
    }

    /// The text of an expression, on one line and cut where it is long.
    #[must_use]
    pub fn text(&self, expr: ExprRef) -> String {
        let span = self.file(expr.file).span(expr.expr);
        let text = self.sources[expr.file.index()]
            .text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("");
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() > 60 {
            line.chars().take(57).chain("...".chars()).collect()
        } else {
            line
        }
    }

    /// What an expression may be.
    #[must_use]
    pub fn values(&self, expr: ExprRef) -> &ValueSet {
        self.solution.values(expr)
    }

    /// The value behind an identifier.
    #[must_use]
    pub fn value(&self, id: ValueId) -> &Value {
        self.solution.universe.get(id)
    }

    /// The text of a name.
    #[must_use]
    pub fn name(&self, name: Name) -> &str {
        self.solution.universe.text(name)
    }

    /// The class whose method a function is.
    #[must_use]
    pub fn class_of_method(&self, function: ScopeRef) -> Option<ScopeRef> {
        let parent = self.scope(function).parent?;
        let parent = ScopeRef {
            file: function.file,
            scope: parent,
        };
        (self.scope(parent).kind == ScopeKind::Class).then_some(parent)
    }

    /// The function or module whose code an expression is.
    #[must_use]
    pub fn scope_of(&self, expr: ExprRef) -> ScopeRef {
        ScopeRef {
            file: expr.file,
            scope: self.index(expr.file).scope_of(expr.expr),
        }
    }

    /// The function itself or the innermost function, lambda or module around it; class bodies are passed over.
    #[must_use]
    pub fn function_around(&self, scope: ScopeRef) -> ScopeRef {
        let mut current = scope;
        while self.scope(current).kind == ScopeKind::Class {
            match self.scope(current).parent {
                Some(parent) => {
                    current = ScopeRef {
                        file: current.file,
                        scope: parent,
                    }
                }
                None => break,
            }
        }
        current
    }

    /// Whether a function is nested in another function, so that it exists only while that one runs.
    #[must_use]
    pub fn is_local(&self, scope: ScopeRef) -> bool {
        let mut current = self.scope(scope).parent;
        while let Some(parent) = current {
            let parent = self.file(scope.file).scope(parent);
            if matches!(parent.kind, ScopeKind::Function | ScopeKind::Lambda) {
                return true;
            }
            current = parent.parent;
        }
        false
    }

    /// The type of a value outside the project, and the types above a class of the project.
    #[must_use]
    pub fn type_names(&self, value: ValueId) -> Vec<&str> {
        match *self.value(value) {
            Value::ExternalInstance { of, .. } => vec![self.name(of)],
            Value::Instance { class, .. } => self
                .solution
                .classes
                .external_ancestors(class)
                .into_iter()
                .map(|name| self.name(name))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What the knowledge base says of a value's type.
    #[must_use]
    pub fn type_fact(&self, value: ValueId) -> Option<&TypeFact> {
        self.type_names(value)
            .into_iter()
            .find_map(|name| self.knowledge.type_fact(name))
    }

    /// The part that a value plays between threads and processes.
    #[must_use]
    pub fn role(&self, value: ValueId) -> Option<Role> {
        self.type_fact(value).and_then(|fact| fact.role)
    }

    /// Whether a value is known to be callable.
    #[must_use]
    pub fn is_callable(&self, value: ValueId) -> bool {
        match *self.value(value) {
            Value::Function(_)
            | Value::BoundMethod { .. }
            | Value::Class(_)
            | Value::Partial(_)
            | Value::External(_)
            | Value::ExternalMethod { .. } => true,
            Value::Instance { class, site } => !self.methods(class, "__call__", site.is_none()).is_empty(),
            _ => false,
        }
    }

    /// Where a value is made.
    #[must_use]
    pub fn site(&self, value: ValueId) -> Option<Site> {
        match *self.value(value) {
            Value::ExternalInstance { site, .. } | Value::Instance { site, .. } => site,
            _ => None,
        }
    }

    /// The literal string that an expression always is.
    #[must_use]
    pub fn literal_string(&self, expr: ExprRef) -> Option<&str> {
        let mut values = self.values(expr).iter();
        match (values.next().map(|value| self.value(value)), values.next()) {
            (Some(Value::Str(name)), None) => Some(self.name(*name)),
            _ => None,
        }
    }

    /// The literal integers that an expression may be, and whether it may be something else, too.
    #[must_use]
    pub fn literal_integers(&self, expr: ExprRef) -> (Vec<i64>, bool) {
        let (mut numbers, mut other) = (Vec::new(), false);
        for value in self.values(expr).iter() {
            match self.value(value) {
                Value::Int(number) => numbers.push(*number),
                _ => other = true,
            }
        }
        (numbers, other)
    }

    /// The parameters of a function that a caller fills: without the receiver of a bound method.
    #[must_use]
    pub fn parameters(&self, function: ScopeRef, bound: bool) -> &'a [Parameter] {
        let parameters = &self.scope(function).parameters;
        if bound && !parameters.is_empty() {
            &parameters[1..]
        } else {
            parameters
        }
    }

    /// The context start method that calls of `set_start_method` choose for the whole program.
    fn find_start_methods(&self) -> BTreeMap<ExprRef, Option<StartMethod>> {
        let mut found = BTreeMap::new();
        for call in self.calls() {
            for callee in self.callees(call) {
                if let Callee::External { name, .. } = callee
                    && self.knowledge.semantic(&name) == Some(Semantic::SetStartMethod)
                {
                    let method = self
                        .argument(call, Some(0), Some("method"))
                        .and_then(|argument| self.start_method_named(argument));
                    found.insert(call, method);
                }
            }
        }
        found
    }

    /// The start method that a literal argument names.
    #[must_use]
    pub fn start_method_named(&self, argument: ExprRef) -> Option<StartMethod> {
        let text = self.literal_string(argument)?;
        [StartMethod::Fork, StartMethod::Forkserver, StartMethod::Spawn]
            .into_iter()
            .find(|method| method.as_str() == text)
    }

    /// Whether a scope's code is a lambda's or function's body that another function defines and returns.
    #[must_use]
    pub fn parent_scope(&self, scope: ScopeRef) -> Option<ScopeRef> {
        self.scope(scope).parent.map(|parent| ScopeRef {
            file: scope.file,
            scope: parent,
        })
    }

    /// The module scope of a file.
    #[must_use]
    pub fn module_scope(&self, file: FileId) -> ScopeRef {
        ScopeRef {
            file,
            scope: crate::facts::MODULE,
        }
    }

    /// The reference to a scope of a file.
    #[must_use]
    pub fn scope_ref(&self, file: FileId, scope: ScopeId) -> ScopeRef {
        ScopeRef { file, scope }
    }

    /// The reference to an expression in the file of another.
    #[must_use]
    pub fn sibling(&self, of: ExprRef, expr: ExprId) -> ExprRef {
        ExprRef { file: of.file, expr }
    }
}
