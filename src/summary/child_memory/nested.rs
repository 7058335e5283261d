//! Changes of what was taken out of a manager's proxy: the proxy hands out copies.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{ExprId, ExprKind, StmtKind};
use crate::knowledge::{Role, Semantic};
use crate::link::Program;
use crate::link::language;
use crate::link::values::{ExprRef, Site, Value};

use super::proxies::is_data_proxy;

/// A change of a copy.
#[derive(Clone, Debug)]
pub struct NestedWrite {
    /// The change.
    pub write: ExprRef,
    /// What is taken out of the proxy: `results[key]`.
    pub taken: ExprRef,
    /// The container that the program puts there.
    pub put: ExprRef,
}

/// The containers that a proxy holds, by what makes the proxy and the attribute that holds them (none for items).
type Held<'a> = BTreeMap<(Site, Option<&'a str>), Vec<ExprRef>>;

/// Finds changes of lists, dicts and sets that a proxy hands out copies of.
pub(super) fn writes(program: &Program<'_>) -> Vec<NestedWrite> {
    let (held, mut found) = (held(program), Vec::new());
    for (change, part, method) in changes(program) {
        let taken = handed_out(program, part);
        let Some((proxy, name)) = taken_from(program, taken) else {
            continue;
        };
        // What lies deeper is changed in the copy, whatever it is.
        let method = method.filter(|_| taken == part);
        let sites = program.values(proxy).iter().filter_map(|value| program.site(value));
        let put: BTreeSet<ExprRef> = sites
            .flat_map(|site| held.get(&(site, name)).into_iter().flatten().copied())
            .collect();
        // A proxy in a proxy passes changes on.
        let plain = put.iter().all(|&put| is_plain(program, put));
        let changed = put
            .iter()
            .find(|&&put| method.is_none_or(|method| changes_it(program, put, method)));
        if let (true, Some(&put)) = (plain, changed) {
            found.push(NestedWrite {
                write: change,
                taken,
                put,
            });
        }
    }
    found
}

/// `proxy[key]` or `namespace.name`: the proxy, and the name.
fn taken_from<'p>(program: &'p Program<'_>, taken: ExprRef) -> Option<(ExprRef, Option<&'p str>)> {
    let (base, name) = match program.kind(taken) {
        ExprKind::Subscript { base, .. } => (*base, None),
        ExprKind::Attribute { base, name, .. } => (*base, Some(name.as_str())),
        _ => return None,
    };
    let proxy = program.sibling(taken, base);
    is_data_proxy(program, proxy).then_some((proxy, name))
}

/// `proxy[key]` in `proxy[key][row][column]`: what the proxy hands out.
fn handed_out(program: &Program<'_>, part: ExprRef) -> ExprRef {
    let mut taken = part;
    while taken_from(program, taken).is_none() {
        let ExprKind::Subscript { base, .. } = program.kind(taken) else {
            return part;
        };
        taken = program.sibling(taken, *base);
    }
    taken
}

/// What changes an object in place: the change, the object, and the method that is called, if one is.
fn changes<'p>(program: &'p Program<'_>) -> Vec<(ExprRef, ExprRef, Option<&'p str>)> {
    let mut found = Vec::new();
    for target in targets(program) {
        if let ExprKind::Subscript { base, .. } = program.kind(target) {
            found.push((target, program.sibling(target, *base), None));
        }
    }
    for call in program.calls() {
        if let ExprKind::Call { callee, .. } = program.kind(call)
            && let ExprKind::Attribute { base, name, .. } = program.kind(program.sibling(call, *callee))
        {
            found.push((call, program.sibling(call, *base), Some(name.as_str())));
        }
    }
    found
}

/// What assignments and `del` store into.
fn targets(program: &Program<'_>) -> Vec<ExprRef> {
    let mut found = Vec::new();
    for file in program.file_ids() {
        for statement in &program.index(file).statements {
            let targets: &[ExprId] = match &statement.stmt.kind {
                StmtKind::Assign { targets, .. } | StmtKind::Delete(targets) => targets,
                StmtKind::Augmented { target, .. } => std::slice::from_ref(target),
                _ => &[],
            };
            found.extend(targets.iter().map(|&expr| ExprRef { file, expr }));
        }
    }
    found
}

/// What the program puts into its proxies: by assignment, by `append`, and when they are made.
fn held<'p>(program: &'p Program<'_>) -> Held<'p> {
    let mut found = Held::new();
    for file in program.file_ids() {
        for statement in &program.index(file).statements {
            let StmtKind::Assign { targets, value, .. } = &statement.stmt.kind else {
                continue;
            };
            for &target in targets {
                if let Some((proxy, name)) = taken_from(program, ExprRef { file, expr: target }) {
                    put(program, &mut found, proxy, name, ExprRef { file, expr: *value });
                }
            }
        }
    }
    for call in program.calls() {
        let ExprKind::Call { callee, arguments, .. } = program.kind(call) else {
            continue;
        };
        let [first] = arguments.as_slice() else { continue };
        let first = program.sibling(call, first.value);
        if is_data_proxy(program, call) {
            for element in elements(program, first) {
                put(program, &mut found, call, None, element);
            }
        } else if let ExprKind::Attribute { base, .. } = program.kind(program.sibling(call, *callee))
            && adds(program, call)
        {
            let proxy = program.sibling(call, *base);
            if is_data_proxy(program, proxy) {
                put(program, &mut found, proxy, None, first);
            }
        }
    }
    found
}

fn put<'p>(program: &Program<'_>, held: &mut Held<'p>, proxy: ExprRef, name: Option<&'p str>, value: ExprRef) {
    for site in program.values(proxy).iter().filter_map(|value| program.site(value)) {
        held.entry((site, name)).or_default().push(value);
    }
}

/// What the displays and comprehensions that an expression may be hold.
fn elements(program: &Program<'_>, expr: ExprRef) -> Vec<ExprRef> {
    let made = program.values(expr).iter().filter_map(|value| program.site(value));
    made.filter_map(Site::expression)
        .flat_map(|display| elements_of(program, display))
        .collect()
}

fn elements_of(program: &Program<'_>, display: ExprRef) -> Vec<ExprRef> {
    let inner: Vec<ExprId> = match program.kind(display) {
        ExprKind::Dict { entries, .. } => entries.iter().map(|(_, value)| *value).collect(),
        ExprKind::Sequence { elements, .. } => elements.clone(),
        ExprKind::Comprehension { element, value, .. } => vec![value.unwrap_or(*element)],
        _ => Vec::new(),
    };
    inner.into_iter().map(|expr| program.sibling(display, expr)).collect()
}

fn adds(program: &Program<'_>, call: ExprRef) -> bool {
    program.callees(call).iter().any(|callee| {
        matches!(callee, crate::link::Callee::External { name, .. }
            if program.knowledge.semantic(name) == Some(Semantic::Adds))
    })
}

/// Whether an expression is a list, dict or set of this process and no proxy.
fn is_plain(program: &Program<'_>, expr: ExprRef) -> bool {
    let values = program.values(expr);
    !values.is_empty()
        && values.iter().all(|value| match *program.value(value) {
            Value::ExternalInstance { of, .. } => {
                let name = program.name(of);
                let of_containers = [language::LIST, language::DICT, language::SET];
                program.role(value) != Some(Role::Proxy) && of_containers.contains(&name)
            }
            _ => false,
        })
}

/// Whether a method of what an expression is changes it.
fn changes_it(program: &Program<'_>, expr: ExprRef, method: &str) -> bool {
    program.values(expr).iter().any(|value| match *program.value(value) {
        Value::ExternalInstance { of, .. } => {
            let full_name = format!("{}.{method}", program.name(of));
            matches!(
                program.knowledge.semantic(&full_name),
                Some(
                    Semantic::Adds
                        | Semantic::AddsSecond
                        | Semantic::AddsAll
                        | Semantic::SetDefault
                        | Semantic::Changes
                )
            )
        }
        _ => false,
    })
}
