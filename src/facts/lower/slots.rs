//! The sets of the tracked symbols at one point of the code, cheap to copy and to merge.
//!
//! A tree whose parts are shared between copies: two states that differ in few symbols, as the branches of an `if` do,
//! share all the rest, and merging them looks only at what is not shared. With plain copies a loop over thousands of
//! `if`s would take time with the square of their number.

use std::rc::Rc;

use super::reaching::{NOTHING, SetId};

/// Children of a node, and sets in a leaf.
const WIDTH: usize = 16;

/// A set for each tracked symbol, by position.
#[derive(Clone)]
pub(super) struct Slots {
    root: Rc<Node>,
    /// Levels of inner nodes.
    height: u32,
}

#[derive(Clone)]
enum Node {
    Leaf([SetId; WIDTH]),
    Inner([Rc<Node>; WIDTH]),
}

impl Slots {
    /// Nothing is bound yet.
    pub(super) fn new(count: usize) -> Self {
        let mut root = Rc::new(Node::Leaf([NOTHING; WIDTH]));
        let (mut height, mut room) = (0, WIDTH);
        while room < count {
            root = Rc::new(Node::Inner(std::array::from_fn(|_| Rc::clone(&root))));
            height += 1;
            room *= WIDTH;
        }
        Self { root, height }
    }

    /// The set at a position.
    pub(super) fn get(&self, slot: usize) -> SetId {
        let mut node = &self.root;
        let mut level = self.height;
        loop {
            match &**node {
                Node::Leaf(sets) => return sets[slot % WIDTH],
                Node::Inner(children) => node = &children[digit(slot, level)],
            }
            level -= 1;
        }
    }

    /// Changes the set at a position.
    pub(super) fn set(&mut self, slot: usize, set: SetId) {
        if self.get(slot) == set {
            return;
        }
        let mut node = &mut self.root;
        let mut level = self.height;
        loop {
            match Rc::make_mut(node) {
                Node::Leaf(sets) => {
                    sets[slot % WIDTH] = set;
                    return;
                }
                Node::Inner(children) => node = &mut children[digit(slot, level)],
            }
            level -= 1;
        }
    }

    /// Replaces each set by its union with that of another state of the same scope.
    pub(super) fn merge(&mut self, other: &Self, union: &mut dyn FnMut(SetId, SetId) -> SetId) {
        merge(&mut self.root, &other.root, union);
    }
}

/// Which child of an inner node at this level holds a position.
fn digit(slot: usize, level: u32) -> usize {
    slot / WIDTH.pow(level) % WIDTH
}

fn merge(mine: &mut Rc<Node>, theirs: &Rc<Node>, union: &mut dyn FnMut(SetId, SetId) -> SetId) {
    if Rc::ptr_eq(mine, theirs) {
        return;
    }
    match (Rc::make_mut(mine), &**theirs) {
        (Node::Leaf(mine), Node::Leaf(theirs)) => {
            for (mine, &theirs) in mine.iter_mut().zip(theirs) {
                if *mine != theirs {
                    *mine = union(*mine, theirs);
                }
            }
        }
        (Node::Inner(mine), Node::Inner(theirs)) => {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                merge(mine, theirs, union);
            }
        }
        // States of one scope have one height.
        (Node::Leaf(_), Node::Inner(_)) | (Node::Inner(_), Node::Leaf(_)) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_independent() {
        for count in [1, 16, 17, 300, 4096] {
            let mut first = Slots::new(count);
            first.set(count - 1, SetId(7));
            let mut second = first.clone();
            second.set(0, SetId(8));
            second.set(count - 1, SetId(9));
            assert_eq!(first.get(count - 1).0, 7, "{count}");
            assert_eq!(second.get(count - 1).0, 9, "{count}");
        }
    }

    #[test]
    fn a_merge_unites_what_differs_and_looks_at_nothing_else() {
        let mut first = Slots::new(1000);
        first.set(5, SetId(2));
        let mut second = first.clone();
        first.set(600, SetId(10));
        second.set(601, SetId(20));
        let mut asked = 0;
        first.merge(&second, &mut |mine, theirs| {
            asked += 1;
            SetId(mine.0 + theirs.0)
        });
        assert_eq!(asked, 2);
        let found: Vec<u32> = [5, 600, 601, 602].map(|slot| first.get(slot).0).to_vec();
        assert_eq!(found, [2, 10, 20, 0]);
    }
}
