//! Whose the objects are that a unit touches: made by the run itself, one for each run, or the same for all.

use crate::facts::{BinaryOp, DefId, DefKind, ExprKind, Span, SymbolId};
use crate::finding::FileId;
use crate::link::index::Loop;
use crate::link::values::{ExprRef, ScopeRef, Site};
use crate::link::{Callee, Intent, Program, Slot, Submission, Target};

use super::Origin;
use super::places::{same_text, single_site};
use super::units::{Share, Unit};

impl<'a> Unit<'_, 'a> {
    /// What the parameters of one of the unit's functions hold.
    pub(super) fn parameters(&self, root: ScopeRef) -> Vec<Share> {
        let parameters = &self.program.scope(root).parameters;
        let mut found = vec![Share::Unknown; parameters.len()];
        if self.is_callback {
            return found;
        }
        let Some(submission) = self.submission() else {
            // Each request has an object of its own.
            found.iter_mut().take(1).for_each(|own| *own = Share::Own);
            return found;
        };
        let bound = self.receiver.is_some();
        if let (true, Some(first)) = (bound, found.first_mut()) {
            *first = self.receiver_share(submission, root);
        }
        if self.anchor.is_some_and(|anchor| anchor != submission.call) {
            return found;
        }
        for argument in &submission.arguments {
            let at = match &argument.slot {
                Some(Slot::Position(position)) => Some(position + usize::from(bound)),
                Some(Slot::Keyword(name)) => parameters.iter().position(|parameter| parameter.name == *name),
                None => None,
            };
            if let Some(slot) = at.and_then(|at| found.get_mut(at)) {
                *slot = self.argument_share(argument.expr, argument.elements);
            }
        }
        found
    }

    fn argument_share(&self, expr: ExprRef, elements: bool) -> Share {
        if !elements {
            return self.outside_share(expr);
        }
        if repeats(self.program, expr) {
            Share::Unknown
        } else {
            Share::PerTask
        }
    }

    fn receiver_share(&self, submission: &Submission<'_>, root: ScopeRef) -> Share {
        let site = self.receiver.and_then(|receiver| self.program.site(receiver));
        if site == Some(Site::Expr(submission.call)) {
            return Share::Own;
        }
        // An expression that may be one of several objects does not say whether two runs have the same.
        if !is_one_object(submission, root) && self.loop_span().is_none() {
            return Share::Unknown;
        }
        if submission.intent == Intent::Several && !self.same_receiver_elsewhere(submission, root) {
            return Share::Unknown;
        }
        let base = submission
            .callable
            .and_then(|callable| self.receiver_expression(callable, 0));
        let direct = base.map_or(Share::Unknown, |base| self.outside_share(base));
        match (direct, site) {
            (Share::Unknown, Some(site)) => self.site_share(site),
            _ => direct,
        }
    }

    /// Whether another submission of the same function runs a method of the very same object.
    fn same_receiver_elsewhere(&self, submission: &Submission<'_>, root: ScopeRef) -> bool {
        let scope = self.program.function_around(submission.scope);
        let all = self.program.submissions.iter().enumerate();
        let others = all.filter(|(number, other)| {
            self.origin != Origin::Submission(*number) && self.program.function_around(other.scope) == scope
        });
        let runs_same = |target: &Target| target.function() == Some(root) && target.receiver() == self.receiver;
        let own_text = self.receiver_text(submission);
        others
            .filter(|(_, other)| is_one_object(other, root) && other.targets.iter().any(runs_same))
            // An object that is known by its class only is the same where it is written the same.
            .any(|(_, other)| self.has_site() || own_text.is_some() && own_text == self.receiver_text(other))
    }

    fn has_site(&self) -> bool {
        self.receiver
            .is_some_and(|receiver| self.program.site(receiver).is_some())
    }

    fn receiver_text(&self, submission: &Submission<'_>) -> Option<String> {
        let base = self.receiver_expression(submission.callable?, 0)?;
        Some(self.program.text(base))
    }

    /// The `x` of a submitted `x.method`.
    fn receiver_expression(&self, callable: ExprRef, depth: u32) -> Option<ExprRef> {
        if depth > 3 {
            return None;
        }
        match self.program.kind(callable) {
            ExprKind::Attribute { base, .. } => Some(self.program.sibling(callable, *base)),
            ExprKind::Call { .. } => {
                let inner = self.program.argument(callable, Some(0), None)?;
                self.receiver_expression(inner, depth + 1)
            }
            ExprKind::Name { reaching, .. } => match reaching.as_slice() {
                [only] => match &self.program.file(callable.file).definition(*only).kind {
                    DefKind::Assign { value, path } if path.is_empty() => {
                        self.receiver_expression(self.program.sibling(callable, *value), depth + 1)
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// The innermost loop around the call that makes several runs; none for maps.
    fn loop_span(&self) -> Option<Span> {
        let (anchor, submission) = (self.anchor?, self.submission()?);
        if anchor == submission.call && matches!(submission.intent, Intent::Map | Intent::Several) {
            return None;
        }
        let index = self.program.index(anchor.file);
        match index.loops_around(anchor.expr).first()? {
            Loop::Statement(id) => Some(index.statement(*id).stmt.span),
            Loop::Comprehension(expr) => Some(index.facts.span(*expr)),
        }
    }

    /// What an expression of the submitting function is to the runs.
    fn outside_share(&self, expr: ExprRef) -> Share {
        match (self.anchor, self.submission()) {
            (Some(anchor), Some(submission)) if anchor != submission.call => {
                self.outside_share_at(expr, anchor, submission)
            }
            (Some(_), _) => self.direct_share(expr),
            (None, _) => Share::Shared,
        }
    }

    /// As above where the runs come from a loop around a call of the submitting function.
    fn outside_share_at(&self, expr: ExprRef, anchor: ExprRef, submission: &Submission<'_>) -> Share {
        let ExprKind::Name { reaching, .. } = self.program.kind(expr) else {
            return single_site(self.program, expr).map_or(Share::Unknown, |site| self.site_share(site));
        };
        let facts = self.program.file(expr.file);
        let is_self = |&def| matches!(facts.definition(def).kind, DefKind::Parameter { index: 0 });
        let submitter = self.program.function_around(submission.scope);
        if reaching.iter().any(is_self) && self.program.class_of_method(submitter).is_some() {
            let ExprKind::Call { callee, .. } = self.program.kind(anchor) else {
                return Share::Unknown;
            };
            return match self.program.kind(self.program.sibling(anchor, *callee)) {
                ExprKind::Attribute { base, .. } => self.direct_share(self.program.sibling(anchor, *base)),
                _ => Share::Unknown,
            };
        }
        single_site(self.program, expr).map_or(Share::Unknown, |site| self.site_share(site))
    }

    /// What an expression that stands beside the repeated call is to the runs.
    fn direct_share(&self, expr: ExprRef) -> Share {
        let facts = self.program.file(expr.file);
        match self.program.kind(expr) {
            ExprKind::Name {
                symbol: Some(symbol),
                reaching,
                ..
            } => {
                if reaching.is_empty() && facts.symbol(*symbol).scope == crate::facts::MODULE {
                    return Share::Shared;
                }
                let all = &facts.symbol(*symbol).definitions;
                let definitions = if reaching.is_empty() { all } else { reaching };
                let shares = definitions.iter().map(|&def| self.definition_share(expr.file, def));
                shares.reduce(Share::or).unwrap_or(Share::Unknown)
            }
            ExprKind::Attribute { base, .. } => match self.direct_share(self.program.sibling(expr, *base)) {
                Share::Shared => Share::Shared,
                Share::PerTask | Share::Own => {
                    single_site(self.program, expr).map_or(Share::Own, |site| self.site_share(site))
                }
                other => other,
            },
            ExprKind::Call { .. } | ExprKind::Sequence { .. } | ExprKind::Dict { .. } => {
                let inside = self.loop_span().is_some_and(|span| {
                    self.anchor.is_some_and(|anchor| anchor.file == expr.file) && span.contains(facts.span(expr.expr))
                });
                match (inside, single_site(self.program, expr)) {
                    (_, Some(site)) => self.site_share(site),
                    (true, None) => Share::Own,
                    (false, None) => Share::Unknown,
                }
            }
            ExprKind::Binary { .. } | ExprKind::Subscript { .. } | ExprKind::FString(_) => {
                if self.mentions_loop_variable(expr) {
                    Share::PerTask
                } else {
                    Share::Unknown
                }
            }
            _ => Share::Unknown,
        }
    }

    fn mentions_loop_variable(&self, expr: ExprRef) -> bool {
        let facts = self.program.file(expr.file);
        let mut found = false;
        crate::facts::visit_expressions(facts, expr.expr, &mut |inner| {
            if let ExprKind::Name { reaching, .. } = facts.kind(inner) {
                found |= reaching
                    .iter()
                    .any(|&def| self.definition_share(expr.file, def) == Share::PerTask);
            }
        });
        found
    }

    fn definition_share(&self, file: FileId, def: DefId) -> Share {
        let definition = self.program.file(file).definition(def);
        let in_loop =
            |span: Span| self.anchor.is_some_and(|anchor| anchor.file == file) && span.contains(definition.span);
        let inside = self.loop_span().is_some_and(in_loop);
        match &definition.kind {
            DefKind::Element { iterable, .. } if inside => {
                let iterable = ExprRef { file, expr: *iterable };
                if repeats(self.program, iterable) {
                    Share::Unknown
                } else {
                    Share::PerTask
                }
            }
            _ if inside => Share::PerTask,
            _ => Share::Shared,
        }
    }

    /// What the objects made at a place are to the runs.
    pub(super) fn site_share(&self, site: Site) -> Share {
        let Some(expr) = site.expression() else {
            return Share::Unknown;
        };
        let maker = self.program.function_around(self.program.scope_of(expr));
        if self.reached.contains(&maker) {
            return Share::Own;
        }
        let index = self.program.index(expr.file);
        let loops = index.loops_around(expr.expr);
        if !loops.is_empty() {
            let Some(anchor) = self.anchor.or(self.submission().map(|submission| submission.call)) else {
                return Share::Unknown;
            };
            let same_scope = self.program.function_around(self.program.scope_of(anchor)) == maker;
            let around = if same_scope {
                index.loops_around(anchor.expr)
            } else {
                Vec::new()
            };
            let repeated = if self.loop_span().is_some() {
                around.first()
            } else {
                None
            };
            let outer = same_scope
                && loops
                    .iter()
                    .all(|inner| around.contains(inner) && Some(inner) != repeated);
            if !outer {
                return if same_scope && repeated.is_some_and(|inner| loops.contains(inner)) {
                    Share::Own
                } else {
                    Share::Unknown
                };
            }
        }
        let is_module = self.program.scope(maker).parent.is_none();
        let is_constructor = self.program.class_of_method(maker).is_some();
        if is_module || (self.outside.contains(&maker) && !is_constructor) {
            Share::Shared
        } else {
            Share::Unknown
        }
    }

    /// The call of a function that makes the runs, one a call, with whether it passes a receiver.
    fn repeated_call_of(&self, function: ScopeRef) -> Option<(ExprRef, bool)> {
        let (anchor, submission) = (self.anchor?, self.submission()?);
        if anchor == submission.call || self.program.function_around(submission.scope) != function {
            return None;
        }
        let callees = self.program.callees(anchor);
        callees.iter().find_map(|callee| match callee {
            Callee::Function {
                function: called,
                receiver,
            } if *called == function => Some((anchor, receiver.is_some())),
            _ => None,
        })
    }

    /// What a variable of the function that a repeated call goes to is to the runs: each call has variables of its own,
    /// parameters hold what is passed.
    fn share_in_call(&self, file: FileId, def: DefId, call: ExprRef, bound: bool) -> Share {
        let definition = self.program.file(file).definition(def);
        let DefKind::Parameter { index } = definition.kind else {
            return Share::PerTask;
        };
        let passed = match (index.checked_sub(u32::from(bound)), self.program.kind(call)) {
            (Some(position), _) => {
                let name = &self.program.file(file).symbol(definition.symbol).name;
                self.program.argument(call, Some(position), Some(name))
            }
            (None, ExprKind::Call { callee, .. }) => match self.program.kind(self.program.sibling(call, *callee)) {
                ExprKind::Attribute { base, .. } => Some(self.program.sibling(call, *base)),
                _ => None,
            },
            (None, _) => None,
        };
        passed.map_or(Share::Unknown, |passed| self.direct_share(passed))
    }

    /// What a variable of an enclosing function is to the runs.
    pub(super) fn cell_share(&self, file: FileId, symbol: SymbolId) -> Share {
        let facts = self.program.file(file);
        let owner = ScopeRef {
            file,
            scope: facts.symbol(symbol).scope,
        };
        if self.reached.contains(&owner) {
            return Share::Own;
        }
        let mut around = match self.submission() {
            Some(submission) => Some(self.program.function_around(submission.scope)),
            None => self.roots.first().copied(),
        };
        while let Some(scope) = around {
            if scope == owner {
                let definitions = &facts.symbol(symbol).definitions;
                let own = definitions
                    .iter()
                    .filter(|&&def| facts.definition(def).scope == owner.scope);
                let repeated = self.repeated_call_of(owner);
                let shares = own.map(|&def| match repeated {
                    Some((call, bound)) => self.share_in_call(file, def, call, bound),
                    None => self.definition_share(file, def),
                });
                return shares.reduce(Share::or).unwrap_or(Share::Unknown);
            }
            around = self.program.parent_scope(scope);
        }
        Share::Unknown
    }
}

/// Whether an iterable gives the same thing several times.
fn repeats(program: &Program<'_>, iterable: ExprRef) -> bool {
    let facts = program.file(iterable.file);
    match program.kind(iterable) {
        ExprKind::Binary { op: BinaryOp::Mult, .. } => true,
        ExprKind::Sequence { elements, .. } => elements.iter().enumerate().any(|(number, &first)| {
            elements[number + 1..]
                .iter()
                .any(|&other| same_text(facts, first, other))
        }),
        ExprKind::Name { reaching, .. } => match reaching.as_slice() {
            [only] => match &facts.definition(*only).kind {
                DefKind::Assign { value, path } if path.is_empty() => {
                    matches!(facts.kind(*value), ExprKind::Binary { op: BinaryOp::Mult, .. })
                }
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

/// Whether a submission runs a function for one receiver only.
fn is_one_object(submission: &Submission<'_>, root: ScopeRef) -> bool {
    let runs_root = |target: &&Target| target.function() == Some(root);
    submission.targets.iter().filter(runs_root).count() == 1
}
