//! A list: a row for each key, and what keeps its key keeps its part of the page. Leptos' own weighs 2 KiB more.

use super::flow::{Draw, Key};
use super::view::{Place, ViewState};
use crate::signal::Ask;
use leptos::prelude::*;
use leptos::tachys::renderer::{Rndr, types};
use leptos::tachys::view::Position;

/// What makes the rows, and whom they belong to.
pub struct Rows {
    pub(super) owner: Owner,
    pub(super) rows: Box<dyn Ask<(), Vec<(Key, Draw)>> + Send>,
}

/// The rows in the page.
pub struct RowsState {
    rows: Vec<Row>,
    /// Stands behind the last one.
    mark: types::Placeholder,
}

struct Row {
    key: Key,
    view: ViewState,
    /// Dropped after the view.
    _owner: Owner,
}

impl Rows {
    pub(super) fn write(&self, html: &mut String, position: &mut Position) {
        for (_, draw) in self.rows.ask(()) {
            let owner = self.owner.with(Owner::new);
            owner.with(|| draw().write(html, position));
        }
        html.push_str("<!>");
        *position = Position::NextChild;
    }

    pub(super) fn make(&self, place: Option<&Place>) -> RowsState {
        let rows = self.rows.ask(()).into_iter();
        RowsState {
            rows: rows.map(|(key, draw)| self.row(key, draw, place)).collect(),
            mark: match place {
                Some((cursor, position)) => cursor.next_placeholder(position),
                None => Rndr::create_placeholder(),
            },
        }
    }

    fn row(&self, key: Key, draw: Draw, place: Option<&Place>) -> Row {
        let owner = self.owner.with(Owner::new);
        let view = owner.with(|| draw().make(place));
        Row {
            key,
            view,
            _owner: owner,
        }
    }

    /// Has the page follow: as few rows as may be are put elsewhere, since one that moves loses the focus.
    pub(super) fn update(&self, state: &mut RowsState) {
        let mut old: Vec<_> = state.rows.drain(..).map(Some).collect();
        let mut rows = Vec::new();
        // Where each row stood, counted from 1; 0 is a new one.
        let mut stood = Vec::new();
        // Most rows follow the one that they followed before.
        let mut next = 0;
        for (key, draw) in self.rows.ask(()) {
            let at = (next..old.len())
                .chain(0..next)
                .find(|at| old[*at].as_ref().is_some_and(|row| row.key == key));
            let row = match at {
                Some(at) => {
                    next = at + 1;
                    stood.push(next);
                    old[at].take()
                }
                None => {
                    stood.push(0);
                    None
                }
            };
            rows.push(row.unwrap_or_else(|| self.row(key, draw, None)));
        }
        for row in old.iter_mut().flatten() {
            row.view.unmount();
        }
        let moved = moved(&stood);
        for at in (0..rows.len()).rev().filter(|at| moved[*at]) {
            let (to, behind) = rows.split_at_mut(at + 1);
            let Some(row) = to.last_mut() else { continue };
            match behind.first() {
                Some(behind) => behind.view.insert_before_this(&mut row.view),
                None => state.mark.insert_before_this(&mut row.view),
            };
        }
        state.rows = rows;
    }
}

/// Which rows are to be put where they belong, from the places where they stood: all new ones, and those that stand in
/// the wrong order, seen from whichever end sees fewer of them.
fn moved(stood: &[usize]) -> Vec<bool> {
    let mut top = 0;
    let forward = stood.iter().map(|at| {
        let stays = *at > top;
        top = top.max(*at);
        !stays
    });
    let forward: Vec<bool> = forward.collect();
    let mut bottom = usize::MAX;
    let backward = stood.iter().rev().map(|at| {
        let stays = *at > 0 && *at < bottom;
        if stays {
            bottom = *at;
        }
        !stays
    });
    let mut backward: Vec<bool> = backward.collect();
    backward.reverse();
    let count = |moved: &[bool]| moved.iter().filter(|moved| **moved).count();
    match count(&forward) <= count(&backward) {
        true => forward,
        false => backward,
    }
}

impl Mountable for RowsState {
    fn unmount(&mut self) {
        for row in &mut self.rows {
            row.view.unmount();
        }
        self.mark.unmount();
    }

    fn mount(&mut self, parent: &types::Element, marker: Option<&types::Node>) {
        for row in &mut self.rows {
            row.view.mount(parent, marker);
        }
        self.mark.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        match self.rows.first() {
            Some(row) => row.view.insert_before_this(child),
            None => self.mark.insert_before_this(child),
        }
    }

    fn elements(&self) -> Vec<types::Element> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::moved;

    /// The places of the rows that are moved.
    fn places(stood: &[usize]) -> Vec<usize> {
        let moved = moved(stood);
        (0..stood.len()).filter(|at| moved[*at]).collect()
    }

    #[test]
    fn rows_that_stand_as_they_should_stay() {
        assert!(places(&[1, 2, 3]).is_empty());
        assert!(places(&[1, 3, 7]).is_empty(), "some are gone");
        assert!(places(&[]).is_empty());
    }

    #[test]
    fn new_rows_are_put_in_and_the_others_stay() {
        assert_eq!(places(&[0, 1, 2]), [0]);
        assert_eq!(places(&[1, 0, 2, 0]), [1, 3]);
        assert_eq!(places(&[0, 0]), [0, 1]);
    }

    #[test]
    fn a_row_that_goes_elsewhere_goes_alone() {
        assert_eq!(places(&[4, 1, 2, 3]), [0]);
        assert_eq!(places(&[2, 3, 4, 1]), [3]);
        assert_eq!(places(&[2, 1]), [1]);
    }
}
