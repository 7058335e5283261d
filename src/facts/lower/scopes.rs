//! Functions, lambdas and classes.

use ruff_python_ast::{
    Decorator, ExprLambda, Identifier, Parameter as SyntaxParameter, ParameterWithDefault, Parameters, StmtClassDef,
    StmtFunctionDef, TypeParam, TypeParams,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::names::{Environment, ScopeNames};
use super::{Lowerer, position, span_of};
use crate::facts::{
    DefKind, ExprId, ExprKind, Parameter, ParameterKind, Scope, ScopeId, ScopeKind, Span, Stmt, StmtKind,
};

/// The offset of the statement proper behind its decorators.
fn start_after_decorators(text: &str, range: TextRange, decorators: &[Decorator]) -> TextSize {
    let Some(last) = decorators.last() else {
        return range.start();
    };
    let mut rest = &text[TextRange::new(last.range().end(), range.end())];
    loop {
        rest = rest.trim_start();
        if !rest.starts_with('#') {
            return range.end() - TextSize::of(rest);
        }
        rest = rest.find('\n').map_or("", |end| &rest[end..]);
    }
}

impl Lowerer<'_> {
    /// A new scope inside the current one.
    pub(super) fn open_scope(&mut self, kind: ScopeKind, name: &str, span: Span, name_span: Span) -> ScopeId {
        let id = ScopeId(position(self.facts.scopes.len()));
        let parent = (kind != ScopeKind::Module).then_some(self.current);
        self.facts.scopes.push(Scope {
            kind,
            name: name.to_owned(),
            qualname: parent.map_or_else(String::new, |parent| self.qualname(parent, name)),
            parent,
            span,
            name_span,
            parameters: Vec::new(),
            decorators: Vec::new(),
            returns: None,
            bases: Vec::new(),
            keywords: Vec::new(),
            symbols: Vec::new(),
            is_async: false,
            is_generator: false,
            body: Vec::new(),
        });
        self.names.push(ScopeNames::default());
        self.scope_definitions.push(None);
        id
    }

    fn qualname(&self, parent: ScopeId, name: &str) -> String {
        let around = self.facts.scope(parent);
        match around.kind {
            _ if self.is_global_here(name) => name.to_owned(),
            ScopeKind::Module => name.to_owned(),
            ScopeKind::Class => format!("{}.{name}", around.qualname),
            ScopeKind::Function | ScopeKind::Lambda => format!("{}.<locals>.{name}", around.qualname),
        }
    }

    fn in_scope<T>(&mut self, scope: ScopeId, lower: impl FnOnce(&mut Self) -> T) -> T {
        let around = std::mem::replace(&mut self.current, scope);
        self.environments.push(Environment::Scope(scope));
        let lowered = lower(self);
        self.environments.pop();
        self.current = around;
        lowered
    }

    /// `def`.
    pub(super) fn lower_function(&mut self, function: &StmtFunctionDef) -> StmtKind {
        let decorators = self.lower_decorators(&function.decorator_list);
        let start = start_after_decorators(self.text, function.range, &function.decorator_list);
        let span = span_of(TextRange::new(start, function.range.end()));
        let scope = self.open_named(ScopeKind::Function, &function.name, span);
        self.push_type_parameters(scope, function.type_params.as_deref());
        let parameters = self.lower_parameters(scope, &function.parameters);
        let returns = function
            .returns
            .as_deref()
            .map(|returns| self.lower_annotation(returns));
        self.environments.pop();
        self.define_scope(scope, &function.name, DefKind::Function(scope));
        let body = self.in_scope(scope, |lowerer| lowerer.lower_block(&function.body));
        let lowered = &mut self.facts.scopes[scope.index()];
        lowered.decorators = decorators;
        lowered.parameters = parameters;
        lowered.returns = returns;
        lowered.is_async = function.is_async;
        lowered.body = body;
        StmtKind::Function(scope)
    }

    /// `class`.
    pub(super) fn lower_class(&mut self, class: &StmtClassDef) -> StmtKind {
        let decorators = self.lower_decorators(&class.decorator_list);
        let start = start_after_decorators(self.text, class.range, &class.decorator_list);
        let span = span_of(TextRange::new(start, class.range.end()));
        let scope = self.open_named(ScopeKind::Class, &class.name, span);
        self.push_type_parameters(scope, class.type_params.as_deref());
        let mut bases = Vec::new();
        let mut keywords = Vec::new();
        if let Some(arguments) = class.arguments.as_deref() {
            bases = arguments.args.iter().map(|base| self.lower_expression(base)).collect();
            for keyword in &arguments.keywords {
                let name = keyword.arg.as_ref().map_or("**", Identifier::as_str).to_owned();
                keywords.push((name, self.lower_expression(&keyword.value)));
            }
        }
        self.environments.pop();
        self.define_scope(scope, &class.name, DefKind::Class(scope));
        let body = self.in_scope(scope, |lowerer| lowerer.lower_block(&class.body));
        let lowered = &mut self.facts.scopes[scope.index()];
        lowered.decorators = decorators;
        lowered.bases = bases;
        lowered.keywords = keywords;
        lowered.body = body;
        StmtKind::Class(scope)
    }

    /// `lambda`.
    pub(super) fn lower_lambda(&mut self, lambda: &ExprLambda) -> ExprKind {
        let start = lambda.range.start();
        let word = self.span(TextRange::at(start, TextSize::of("lambda")));
        let scope = self.open_scope(ScopeKind::Lambda, "<lambda>", self.span(lambda.range), word);
        let parameters = lambda
            .parameters
            .as_deref()
            .map_or_else(Vec::new, |parameters| self.lower_parameters(scope, parameters));
        let value = self.in_scope(scope, |lowerer| lowerer.lower_expression(&lambda.body));
        let span = self.facts.span(value);
        let lowered = &mut self.facts.scopes[scope.index()];
        lowered.parameters = parameters;
        lowered.body = vec![Stmt {
            span,
            kind: StmtKind::Return(Some(value)),
        }];
        ExprKind::Lambda(scope)
    }

    fn open_named(&mut self, kind: ScopeKind, name: &Identifier, span: Span) -> ScopeId {
        self.open_scope(kind, name.as_str(), span, span_of(name.range))
    }

    fn define_scope(&mut self, scope: ScopeId, name: &Identifier, kind: DefKind) {
        let definition = self.define(name.as_str(), span_of(name.range), kind);
        self.scope_definitions[scope.index()] = Some(definition);
    }

    fn lower_decorators(&mut self, decorators: &[Decorator]) -> Vec<ExprId> {
        decorators
            .iter()
            .map(|decorator| self.lower_expression(&decorator.expression))
            .collect()
    }

    fn push_type_parameters(&mut self, scope: ScopeId, parameters: Option<&TypeParams>) {
        let mut symbols = Vec::new();
        for parameter in parameters.iter().flat_map(|parameters| &parameters.type_params) {
            // Bounds and defaults are evaluated lazily, by type checkers only.
            self.left_out = true;
            let name = match parameter {
                TypeParam::TypeVar(variable) => &variable.name,
                TypeParam::TypeVarTuple(variable) => &variable.name,
                TypeParam::ParamSpec(variable) => &variable.name,
            };
            let symbol = self.define_type_parameter(scope, name.as_str(), span_of(name.range));
            symbols.push((name.as_str().to_owned(), symbol));
        }
        self.environments.push(Environment::TypeParameters(symbols));
    }

    fn lower_parameters(&mut self, scope: ScopeId, parameters: &Parameters) -> Vec<Parameter> {
        let mut lowered = Vec::with_capacity(parameters.len());
        for parameter in &parameters.posonlyargs {
            self.lower_parameter_with_default(scope, parameter, ParameterKind::PositionalOnly, &mut lowered);
        }
        for parameter in &parameters.args {
            self.lower_parameter_with_default(scope, parameter, ParameterKind::Positional, &mut lowered);
        }
        if let Some(parameter) = parameters.vararg.as_deref() {
            self.lower_parameter(scope, parameter, ParameterKind::Star, None, &mut lowered);
        }
        for parameter in &parameters.kwonlyargs {
            self.lower_parameter_with_default(scope, parameter, ParameterKind::KeywordOnly, &mut lowered);
        }
        if let Some(parameter) = parameters.kwarg.as_deref() {
            self.lower_parameter(scope, parameter, ParameterKind::DoubleStar, None, &mut lowered);
        }
        lowered
    }

    fn lower_parameter_with_default(
        &mut self,
        scope: ScopeId,
        parameter: &ParameterWithDefault,
        kind: ParameterKind,
        lowered: &mut Vec<Parameter>,
    ) {
        let default = parameter
            .default
            .as_deref()
            .map(|default| self.lower_expression(default));
        self.lower_parameter(scope, &parameter.parameter, kind, default, lowered);
    }

    fn lower_parameter(
        &mut self,
        scope: ScopeId,
        parameter: &SyntaxParameter,
        kind: ParameterKind,
        default: Option<ExprId>,
        lowered: &mut Vec<Parameter>,
    ) {
        let annotation = parameter
            .annotation
            .as_deref()
            .map(|annotation| self.lower_annotation(annotation));
        let name = parameter.name.as_str().to_owned();
        let span = self.span(parameter.name.range);
        let def = self.define_in(
            scope,
            &name,
            span,
            DefKind::Parameter {
                index: position(lowered.len()),
            },
        );
        lowered.push(Parameter {
            name,
            kind,
            default,
            annotation,
            def,
        });
    }
}
