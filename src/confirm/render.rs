//! Writes down, as one Python expression, what the program hands over: local names are replaced by what they stand for.
//!
//! In: an expression at a hand-over. Out: text that means the same when it is evaluated in the module. Loop variables
//! become variables of a comprehension around the whole, other local names are bound once in front of it. What cannot be evaluated there is [`Blocked`], with the reason.

use crate::facts::{DefId, DefKind, ExprId, ExprKind, MODULE, Step, SymbolId, child_expressions, visit_expressions};
use crate::finding::FileId;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program};
use crate::summary::child_memory::is_under_guard;

use super::effects;

/// Why an expression cannot be evaluated outside its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blocked(pub(super) String);

/// Values of values are followed this far.
const DEPTH: u32 = 12;

/// Writes expressions of one file.
pub(super) struct Renderer<'p, 'a> {
    program: &'p Program<'a>,
    file: FileId,
    /// What loops around the expression run over: those whose variables were met.
    elements: Vec<(ExprId, String)>,
    /// Local names with their values, in the order in which they must be bound.
    bindings: Vec<(DefId, [String; 2])>,
    /// Variables of comprehensions inside the expression.
    bound: Vec<SymbolId>,
    depth: u32,
}

impl<'p, 'a> Renderer<'p, 'a> {
    pub(super) fn new(program: &'p Program<'a>, file: FileId) -> Self {
        Self {
            program,
            file,
            elements: Vec::new(),
            bindings: Vec::new(),
            bound: Vec::new(),
            depth: 0,
        }
    }

    /// The clauses that bind the loop variables met so far, with a blank in front of each.
    pub(super) fn clauses(&self) -> String {
        let clauses = self.elements.iter().enumerate();
        clauses
            .map(|(number, (_, iterable))| format!(" for __e{number} in {iterable}"))
            .collect()
    }

    /// Names with the texts of their values, to be bound one after the other before the text is evaluated.
    pub(super) fn bindings(&self) -> Vec<[String; 2]> {
        self.bindings.iter().map(|(_, binding)| binding.clone()).collect()
    }

    /// The text of an expression.
    pub(super) fn text(&mut self, expr: ExprId) -> Result<String, Blocked> {
        self.depth += 1;
        let text = if self.depth > DEPTH * 4 {
            Err(self.blocked(expr, "is nested too deeply"))
        } else {
            self.any(expr)
        };
        self.depth -= 1;
        text
    }

    fn any(&mut self, expr: ExprId) -> Result<String, Blocked> {
        let file = self.program.file(self.file);
        match file.kind(expr) {
            ExprKind::Name {
                name,
                symbol: Some(symbol),
                reaching,
            } => self.name(expr, name, *symbol, reaching),
            ExprKind::Call { .. } => {
                let call = ExprRef { file: self.file, expr };
                if let Some(objection) = effects::of_call(self.program, call) {
                    return Err(self.blocked(expr, objection.what));
                }
                self.spliced(expr)
            }
            ExprKind::Comprehension { clauses, .. } => {
                let before = self.bound.len();
                for clause in clauses {
                    visit_expressions(file, clause.target, &mut |target| {
                        if let ExprKind::Store(def) = file.kind(target) {
                            self.bound.push(file.definition(*def).symbol);
                        }
                    });
                }
                let text = self.spliced(expr);
                self.bound.truncate(before);
                text
            }
            ExprKind::Lambda(_) => Err(self.blocked(expr, "is a lambda")),
            ExprKind::Await(_) | ExprKind::Yield(_) | ExprKind::YieldFrom(_) | ExprKind::Named { .. } => {
                Err(self.blocked(expr, "depends on what runs before"))
            }
            ExprKind::Opaque => Err(self.blocked(expr, "could not be read")),
            _ => self.spliced(expr),
        }
    }

    /// The source of an expression, with its parts replaced by their texts.
    fn spliced(&mut self, expr: ExprId) -> Result<String, Blocked> {
        let file = self.program.file(self.file);
        let source = &self.program.sources[self.file.index()].text;
        let whole = file.span(expr);
        let mut children = child_expressions(file, expr);
        children.sort_by_key(|&child| file.span(child).start);
        let (mut text, mut at) = (String::new(), whole.start);
        let in_string = matches!(file.kind(expr), ExprKind::FString(_));
        for child in children {
            let span = file.span(child);
            if span.start < at || span.end > whole.end {
                continue;
            }
            let inner = self.text(child)?;
            if in_string && inner.contains(['"', '\'', '\\', '\n']) {
                return Err(self.blocked(expr, "holds values that do not fit into its quotes"));
            }
            text.push_str(source.get(at as usize..span.start as usize).unwrap_or(""));
            text.push_str(&inner);
            at = span.end;
        }
        text.push_str(source.get(at as usize..whole.end as usize).unwrap_or(""));
        Ok(text)
    }

    fn name(&mut self, expr: ExprId, name: &str, symbol: SymbolId, reaching: &[DefId]) -> Result<String, Blocked> {
        let file = self.program.file(self.file);
        let bound = file.symbol(symbol);
        if self.bound.contains(&symbol) {
            return Ok(name.to_owned());
        }
        let is_importable =
            |def: &DefId| file.definition(*def).scope == MODULE && !is_under_guard(self.program, self.file, *def);
        if bound.scope == MODULE && !bound.in_comprehension && bound.definitions.iter().any(is_importable) {
            return Ok(name.to_owned());
        }
        let definitions = if reaching.is_empty() {
            &bound.definitions
        } else {
            reaching
        };
        match definitions {
            [def] if self.depth < DEPTH * 3 => self.definition(expr, *def),
            _ => Err(Blocked(format!("`{name}` may be one of several values"))),
        }
    }

    fn definition(&mut self, expr: ExprId, def: DefId) -> Result<String, Blocked> {
        let definition = self.program.file(self.file).definition(def);
        match &definition.kind {
            DefKind::Assign { value, path } => Ok(format!("{}{}", self.assigned(def, *value)?, steps(path))),
            DefKind::Element {
                iterable,
                path,
                is_async: false,
            } => self.element(*iterable, path),
            DefKind::Parameter { index } => self.parameter(expr, def, *index),
            DefKind::Import { module, .. } => Ok(format!("__import__('importlib').import_module('{module}')")),
            DefKind::ImportFrom { module, level: 0, name } => Ok(format!(
                "getattr(__import__('importlib').import_module('{module}'), '{name}')"
            )),
            DefKind::Function(_) | DefKind::Class(_) => Err(self.blocked(expr, "is defined inside a function")),
            _ => Err(self.blocked(expr, "is only known while the program runs")),
        }
    }

    /// A value is computed once, however many tasks are given it; one that changes from task to task is written out.
    fn assigned(&mut self, def: DefId, value: ExprId) -> Result<String, Blocked> {
        if let Some((_, [name, _])) = self.bindings.iter().find(|(other, _)| *other == def) {
            return Ok(name.clone());
        }
        let text = self.text(value)?;
        let file = self.program.file(self.file);
        let is_plain = matches!(
            file.kind(value),
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::None | ExprKind::Str { .. }
        );
        if is_plain || text.contains("__e") {
            return Ok(format!("({text})"));
        }
        let written = &file.symbol(file.definition(def).symbol).name;
        let mut name = format!("local_{written}");
        while self.bindings.iter().any(|(_, [other, _])| *other == name) {
            name.push('_');
        }
        self.bindings.push((def, [name.clone(), text]));
        Ok(name)
    }

    fn element(&mut self, iterable: ExprId, path: &[Step]) -> Result<String, Blocked> {
        let known = self.elements.iter().position(|(other, _)| *other == iterable);
        let number = match known {
            Some(number) => number,
            None => {
                let text = self.text(iterable)?;
                self.elements.push((iterable, format!("({text})")));
                self.elements.len() - 1
            }
        };
        Ok(format!("__e{number}{}", steps(path)))
    }

    /// A parameter is what some call in the same file passes, or its default.
    fn parameter(&mut self, expr: ExprId, def: DefId, index: u32) -> Result<String, Blocked> {
        let file = self.program.file(self.file);
        let function = ScopeRef {
            file: self.file,
            scope: file.symbol(file.definition(def).symbol).scope,
        };
        let parameter = &file.scope(function.scope).parameters[index as usize];
        for &call in self.program.solution.callers.get(&function).into_iter().flatten() {
            if call.file != self.file {
                continue;
            }
            let bound = self.program.callees(call).iter().any(
                |callee| matches!(callee, Callee::Function { function: called, receiver: Some(_) } if *called == function),
            );
            let position = index.checked_sub(u32::from(bound));
            let Some(argument) = self.program.argument(call, position, Some(&parameter.name)) else {
                continue;
            };
            if matches!(self.program.kind(argument), ExprKind::None) {
                continue;
            }
            if let Ok(text) = self.text(argument.expr) {
                return Ok(format!("({text})"));
            }
        }
        match parameter.default {
            Some(default) => Ok(format!("({})", self.text(default)?)),
            None => {
                let function = self.program.display_name(function);
                Err(Blocked(format!(
                    "{} is a parameter of `{function}`, which is not called with a value that can be evaluated",
                    self.quoted(expr)
                )))
            }
        }
    }

    fn quoted(&self, expr: ExprId) -> String {
        format!("`{}`", self.program.text(ExprRef { file: self.file, expr }))
    }

    fn blocked(&self, expr: ExprId, why: &str) -> Blocked {
        Blocked(format!("{} {why}", self.quoted(expr)))
    }
}

/// The way from a value to the part of it that a name gets.
fn steps(path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Item(place) => format!("[{place}]"),
        Step::Rest(from) => format!("[{from}:]"),
        Step::FromEnd(place) => format!("[-{place}]"),
    };
    path.iter().map(step).collect()
}
