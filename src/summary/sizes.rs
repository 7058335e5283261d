//! How often loops go round and how large things are.

use crate::facts::{ExprId, ExprKind, UnaryOp};
use crate::finding::FileId;
use crate::knowledge::{Growth, Semantic};
use crate::link::values::{ExprRef, Site, Value, ValueId};
use crate::link::{Callee, Program};

use super::estimate::Estimate;
use super::profile::Profile;

/// Rounds of a loop over something whose size is not known.
pub(super) const UNKNOWN_ROUNDS: Estimate = Estimate::new(0.0, 60.0, 1e5);
/// Rounds of a loop over functions that were registered somewhere.
pub(super) const CALLABLE_ROUNDS: Estimate = Estimate::new(0.0, 3.0, 1e3);
/// Rounds of a `while` whose end depends on data.
pub(super) const WHILE_ROUNDS: Estimate = Estimate::new(0.0, 30.0, 1e6);
/// Rounds of a loop that looks for one thing and leaves.
pub(super) const SEARCH_ROUNDS: Estimate = Estimate::new(1.0, 2.0, 1e6);
/// Rounds of a loop without end.
pub(super) const ENDLESS_ROUNDS: Estimate = Estimate::new(1.0, 100.0, 1e6);
/// Rounds of a loop that nothing ends and that waits for nothing.
pub(super) const SPINNING_ROUNDS: Estimate = Estimate::new(1e3, 1e6, 1e6);
/// Calls that a recursion makes.
pub(super) const RECURSION: Estimate = Estimate::new(1.0, 10.0, 1e6);
/// Bytes of a string or buffer of unknown size.
const UNKNOWN_BYTES: Estimate = Estimate::new(1.0, 3e3, 1e8);
/// Elements of a container of unknown size.
const UNKNOWN_ELEMENTS: Estimate = Estimate::new(0.0, 60.0, 1e6);
/// Bytes of an array element.
const ELEMENT_BYTES: f64 = 8.0;
/// How deep expressions are read for their size.
const DEPTH: u32 = 8;

/// A number of rounds, and whether it rests on literals alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounds {
    /// The number.
    pub count: Estimate,
    /// It is what the code says, not a guess.
    pub known: bool,
}

impl Rounds {
    /// What so many rounds cost of which one costs this.
    #[must_use]
    pub(super) fn of(self, round: Profile) -> Profile {
        if self.known {
            round.times(self.count)
        } else {
            round.guessed(self.count)
        }
    }

    const fn guess(count: Estimate) -> Self {
        Self { count, known: false }
    }

    fn exactly(count: f64) -> Self {
        Self {
            count: Estimate::exactly(count),
            known: true,
        }
    }
}

/// Reads sizes from expressions.
#[derive(Clone, Copy)]
pub struct Sizes<'a, 'p> {
    /// The program.
    pub program: &'a Program<'p>,
    /// The file.
    pub file: FileId,
}

impl Sizes<'_, '_> {
    fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef { file: self.file, expr }
    }

    /// How many elements iterating an expression gives.
    #[must_use]
    pub fn rounds(&self, iterable: ExprId) -> Rounds {
        self.rounds_at(iterable, 0)
    }

    fn rounds_at(&self, iterable: ExprId, depth: u32) -> Rounds {
        if depth > DEPTH {
            return Rounds::guess(UNKNOWN_ROUNDS);
        }
        match self.program.kind(self.at(iterable)) {
            ExprKind::Sequence { elements, len, .. } => {
                let starred = elements
                    .iter()
                    .any(|&element| matches!(self.program.kind(self.at(element)), ExprKind::Starred(_)));
                if starred {
                    Rounds::guess(UNKNOWN_ROUNDS)
                } else {
                    Rounds::exactly(f64::from(*len))
                }
            }
            ExprKind::Dict { len, .. } | ExprKind::Str { len, .. } | ExprKind::Bytes { len } => {
                Rounds::exactly(f64::from(*len))
            }
            ExprKind::Comprehension { clauses, .. } => {
                let mut rounds = Rounds::exactly(1.0);
                for clause in clauses {
                    let inner = self.rounds_at(clause.iterable, depth + 1);
                    let share = if clause.conditions.is_empty() { 1.0 } else { 0.5 };
                    rounds.count = rounds.count.times(inner.count).times(Estimate::new(0.0, share, 1.0));
                    if clause.conditions.is_empty() && inner.known {
                        rounds.count.least = rounds.count.most;
                    }
                    rounds.known &= inner.known && clause.conditions.is_empty();
                }
                rounds
            }
            // `[0] * n`
            ExprKind::Binary {
                op: crate::facts::BinaryOp::Mult,
                left,
                right,
            } => {
                let (items, number) = match self.program.kind(self.at(*left)) {
                    ExprKind::Sequence { .. }
                    | ExprKind::Call { .. }
                    | ExprKind::Str { .. }
                    | ExprKind::Bytes { .. } => (*left, *right),
                    _ => (*right, *left),
                };
                let items = self.rounds_at(items, depth + 1);
                let number = self.number(number);
                Rounds {
                    count: items.count.times(number.count),
                    known: items.known && number.known,
                }
            }
            ExprKind::Subscript { base, index } => match self.most_of_slice(*index) {
                Some(most) => {
                    let typical = self.rounds_at(*base, depth + 1).count.typical.min(most);
                    Rounds::guess(Estimate::new(0.0, typical, most))
                }
                None => self.rounds_by_value(iterable, depth),
            },
            ExprKind::Call { arguments, callee, .. } => self.rounds_of_call(iterable, *callee, arguments, depth),
            ExprKind::Name { reaching, .. } => match self.single_definition(reaching) {
                Some(value) => self.rounds_at(value, depth + 1),
                None => self.rounds_by_value(iterable, depth),
            },
            _ => self.rounds_by_value(iterable, depth),
        }
    }

    /// The elements that a slice with written bounds has at most: 200 of `[:200]`.
    fn most_of_slice(&self, index: ExprId) -> Option<f64> {
        let ExprKind::Slice { lower, upper, .. } = self.program.kind(self.at(index)) else {
            return None;
        };
        let upper = self.number((*upper)?);
        let lower = lower.map_or(Rounds::exactly(0.0), |lower| self.number(lower));
        let most = upper.count.most - lower.count.least;
        (upper.known && lower.known && lower.count.least >= 0.0 && upper.count.least >= 0.0).then_some(most.max(0.0))
    }

    fn rounds_of_call(&self, call: ExprId, callee: ExprId, arguments: &[crate::facts::Argument], depth: u32) -> Rounds {
        let mut semantic = None;
        for found in self.program.callees(self.at(call)) {
            match found {
                Callee::External { name, .. } => semantic = self.program.knowledge.semantic(&name),
                _ => return Rounds::guess(UNKNOWN_ROUNDS),
            }
        }
        let first = arguments.first().map(|argument| argument.value);
        match (semantic, first) {
            (Some(Semantic::Range), Some(_)) => self.range(arguments, depth + 1),
            (Some(Semantic::Endless | Semantic::Repeats), _) => Rounds::guess(ENDLESS_ROUNDS),
            (
                Some(Semantic::Enumerate | Semantic::CopiesElements | Semantic::Argument | Semantic::Zip),
                Some(first),
            ) => self.rounds_at(first, depth + 1),
            (Some(Semantic::Map | Semantic::Filter), Some(_)) if arguments.len() > 1 => {
                self.rounds_at(arguments[1].value, depth + 1)
            }
            (Some(Semantic::Items | Semantic::Values), _) => match self.program.kind(self.at(callee)) {
                ExprKind::Attribute { base, .. } => self.rounds_at(*base, depth + 1),
                _ => Rounds::guess(UNKNOWN_ROUNDS),
            },
            _ => self.rounds_by_value(call, depth),
        }
    }

    fn range(&self, arguments: &[crate::facts::Argument], depth: u32) -> Rounds {
        let numbers: Vec<Option<Rounds>> = arguments
            .iter()
            .take(3)
            .map(|argument| self.number_at(argument.value, depth))
            .collect();
        let rounds = match numbers.as_slice() {
            [stop] => *stop,
            [Some(start), Some(stop)] => Some(span(*start, *stop)),
            [_, None] => self.width(arguments[0].value, arguments[1].value, depth),
            [Some(start), Some(stop), Some(step)] if step.count.typical != 0.0 => {
                let all_known = start.known && stop.known && step.known;
                let count = ((stop.count.typical - start.count.typical) / step.count.typical)
                    .ceil()
                    .max(0.0);
                all_known.then(|| Rounds::exactly(count))
            }
            _ => None,
        };
        rounds.unwrap_or(Rounds::guess(UNKNOWN_ROUNDS))
    }

    /// The rounds of `range(start, start + width)`.
    fn width(&self, start: ExprId, stop: ExprId, depth: u32) -> Option<Rounds> {
        let ExprKind::Binary {
            op: crate::facts::BinaryOp::Add,
            left,
            right,
        } = self.program.kind(self.at(stop))
        else {
            return None;
        };
        if self.is_same_name(start, *left) {
            self.number_at(*right, depth)
        } else if self.is_same_name(start, *right) {
            self.number_at(*left, depth)
        } else {
            None
        }
    }

    fn is_same_name(&self, one: ExprId, other: ExprId) -> bool {
        match (self.program.kind(self.at(one)), self.program.kind(self.at(other))) {
            (
                ExprKind::Name { name, reaching, .. },
                ExprKind::Name {
                    name: other_name,
                    reaching: other_reaching,
                    ..
                },
            ) => name == other_name && reaching == other_reaching,
            _ => false,
        }
    }

    /// The value of a number: literals, constants, and simple arithmetic on them.
    #[must_use]
    pub fn number(&self, expr: ExprId) -> Rounds {
        self.number_at(expr, 0).unwrap_or(Rounds::guess(UNKNOWN_ROUNDS))
    }

    fn number_at(&self, expr: ExprId, depth: u32) -> Option<Rounds> {
        use crate::facts::BinaryOp;
        if depth > DEPTH {
            return None;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "counts beyond 2^52 are beyond the ceiling anyway"
        )]
        let exact = |number: i64| Rounds::exactly(number as f64);
        match self.program.kind(self.at(expr)) {
            ExprKind::Int(Some(number)) => Some(exact(*number)),
            ExprKind::Float(number) => Some(Rounds::exactly(*number)),
            ExprKind::Unary {
                op: UnaryOp::Minus,
                operand,
            } => {
                let inner = self.number_at(*operand, depth + 1)?;
                inner.known.then(|| Rounds::exactly(-inner.count.typical))
            }
            ExprKind::Binary { op, left, right } => {
                let left = self.number_at(*left, depth + 1)?;
                let right = self.number_at(*right, depth + 1)?;
                if !(left.known && right.known) {
                    return None;
                }
                let (left, right) = (left.count.typical, right.count.typical);
                let value = match op {
                    BinaryOp::Add => left + right,
                    BinaryOp::Sub => left - right,
                    BinaryOp::Mult => left * right,
                    BinaryOp::FloorDiv if right != 0.0 => (left / right).floor(),
                    BinaryOp::Div if right != 0.0 => left / right,
                    BinaryOp::Pow => left.powf(right),
                    BinaryOp::LShift => left * right.exp2(),
                    _ => return None,
                };
                value.is_finite().then(|| Rounds::exactly(value))
            }
            ExprKind::Call { arguments, .. } if arguments.len() == 1 && self.is_length(expr) => {
                Some(self.rounds_at(arguments[0].value, depth + 1))
            }
            ExprKind::Name { reaching, .. } => {
                if let Some(value) = self.single_definition(reaching)
                    && let Some(found) = self.number_at(value, depth + 1)
                {
                    return Some(found);
                }
                self.number_by_value(expr)
            }
            _ => self.number_by_value(expr),
        }
    }

    fn is_length(&self, call: ExprId) -> bool {
        self.program.callees(self.at(call)).iter().any(|callee| {
            matches!(callee, Callee::External { name, .. }
                if self.program.knowledge.semantic(name) == Some(Semantic::Length))
        })
    }

    fn number_by_value(&self, expr: ExprId) -> Option<Rounds> {
        let (numbers, other) = self.program.literal_integers(self.at(expr));
        if numbers.is_empty() {
            return None;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "counts beyond 2^52 are beyond the ceiling anyway"
        )]
        let mut numbers: Vec<f64> = numbers.into_iter().map(|number| number as f64).collect();
        numbers.sort_by(f64::total_cmp);
        let (least, most) = (numbers[0], numbers[numbers.len() - 1]);
        let typical = numbers[numbers.len() / 2];
        let count = if other {
            Estimate::new(0.0, typical.max(1.0), (most * 100.0).max(1e4))
        } else {
            Estimate::new(least, typical, most)
        };
        Some(Rounds { count, known: !other })
    }

    /// The value of a name that one assignment gives it.
    fn single_definition(&self, reaching: &[crate::facts::DefId]) -> Option<ExprId> {
        let [def] = reaching else { return None };
        match &self.program.file(self.file).definition(*def).kind {
            crate::facts::DefKind::Assign { value, path } if path.is_empty() => Some(*value),
            _ => None,
        }
    }

    /// The rounds of whatever the expression may be, where each of its values was made at a place that shows its size.
    fn rounds_by_value(&self, expr: ExprId, depth: u32) -> Rounds {
        let mut hull: Option<Rounds> = None;
        for value in self.program.values(self.at(expr)).iter() {
            let rounds = match self.program.value(value) {
                Value::ExternalInstance {
                    site: Some(Site::Expr(site)),
                    ..
                } => self.rounds_of_site(*site, expr, depth),
                Value::Str(_) | Value::None => continue,
                _ => None,
            };
            let Some(rounds) = rounds else {
                return Rounds::guess(UNKNOWN_ROUNDS);
            };
            hull = Some(hull.map_or(rounds, |other| Rounds {
                count: other.count.or(rounds.count),
                known: false,
            }));
        }
        hull.unwrap_or(Rounds::guess(UNKNOWN_ROUNDS))
    }

    /// What is written out is a table, even if something may be added to it; an empty display is filled later.
    fn rounds_of_site(&self, site: ExprRef, expr: ExprId, depth: u32) -> Option<Rounds> {
        let inner = Sizes {
            program: self.program,
            file: site.file,
        };
        match self.program.kind(site) {
            ExprKind::Sequence { len, .. } | ExprKind::Dict { len, .. } => {
                let count = f64::from(*len);
                (*len > 0).then(|| Rounds::guess(Estimate::new(0.0, count, count * 100.0)))
            }
            ExprKind::Comprehension { .. } if site != self.at(expr) && depth < DEPTH => {
                let count = inner.rounds_at(site.expr, depth + 2).count;
                Some(Rounds::guess(Estimate::new(0.0, count.typical, count.most * 100.0)))
            }
            ExprKind::Call { .. } if site != self.at(expr) && depth < DEPTH => {
                Some(inner.rounds_at(site.expr, depth + 2))
            }
            _ => None,
        }
    }

    /// The size of an expression's value in bytes or elements.
    #[must_use]
    pub fn size(&self, expr: ExprId, growth: Growth) -> Estimate {
        match self.program.kind(self.at(expr)) {
            ExprKind::Str { len, .. } | ExprKind::Bytes { len } => return Estimate::exactly(f64::from(*len)),
            ExprKind::Sequence { .. } | ExprKind::Dict { .. } | ExprKind::Comprehension { .. } => {
                return self.rounds(expr).count;
            }
            _ => {}
        }
        if growth == Growth::Elements {
            let rounds = self.rounds(expr);
            if rounds.known {
                return rounds.count;
            }
        }
        self.size_by_type(expr, growth)
    }

    fn size_by_type(&self, expr: ExprId, growth: Growth) -> Estimate {
        let mut found: Option<Estimate> = None;
        for value in self.program.values(self.at(expr)).iter() {
            if let Some(estimate) = self.size_of_value(value, growth) {
                found = Some(found.map_or(estimate, |other| other.or(estimate)));
            }
        }
        found.unwrap_or(match growth {
            Growth::Bytes => UNKNOWN_BYTES,
            Growth::Elements => UNKNOWN_ELEMENTS,
        })
    }

    /// The size of a value outside the project, where its type or the literal says it.
    #[must_use]
    pub fn size_of_value(&self, value: ValueId, growth: Growth) -> Option<Estimate> {
        if let Value::Str(name) = self.program.value(value) {
            #[expect(clippy::cast_precision_loss, reason = "a literal is short")]
            return Some(Estimate::exactly(self.program.name(*name).len() as f64));
        }
        let bytes = Estimate::between(self.program.type_fact(value)?.bytes?);
        Some(match growth {
            Growth::Bytes => bytes,
            Growth::Elements => bytes.times(Estimate::exactly(1.0 / ELEMENT_BYTES)),
        })
    }
}

/// The rounds from one number to another.
fn span(start: Rounds, stop: Rounds) -> Rounds {
    let between = |low: f64, high: f64| (high - low).max(0.0);
    Rounds {
        count: Estimate::new(
            between(start.count.most, stop.count.least),
            between(start.count.typical, stop.count.typical),
            between(start.count.least, stop.count.most),
        ),
        known: start.known && stop.known,
    }
}
