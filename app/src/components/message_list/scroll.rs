//! Where the list stands. Everything here measures or sets scroll positions; what to show is not its matter.

use crate::chat::Seq;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, HtmlElement, NodeList};

/// Within so many pixels of the end, the newest message counts as in sight.
const BOTTOM_ZONE: f64 = 120.0;
/// Further messages are fetched when the edge is nearer than so many screens.
const NEAR_SCREENS: f64 = 2.0;

/// A message and how far below the top edge it stands: what must not move when others come above.
#[derive(Clone)]
pub struct Anchor {
    element: Element,
    offset: f64,
}

/// The element that scrolls.
#[derive(Clone)]
pub struct Scroll(pub HtmlElement);

impl Scroll {
    pub fn top(&self) -> f64 {
        f64::from(self.0.scroll_top())
    }

    /// Pixels between the lower edge and the end.
    pub fn below(&self) -> f64 {
        f64::from(self.0.scroll_height() - self.0.client_height()) - self.top()
    }

    pub fn is_at_bottom(&self) -> bool {
        self.below() <= BOTTOM_ZONE
    }

    pub fn is_near_top(&self) -> bool {
        self.top() < NEAR_SCREENS * f64::from(self.0.client_height())
    }

    pub fn is_near_bottom(&self) -> bool {
        self.below() < NEAR_SCREENS * f64::from(self.0.client_height())
    }

    pub fn to_bottom(&self) {
        self.0.set_scroll_top(self.0.scroll_height());
    }

    /// Shows the separator "New messages" in the upper part; says whether there is one.
    pub fn to_mark(&self) -> bool {
        let Ok(Some(mark)) = self.0.query_selector(".message-mark") else {
            return false;
        };
        let distance = mark.get_bounding_client_rect().top() - self.upper();
        let screen = f64::from(self.0.client_height());
        self.0
            .set_scroll_top((self.top() + distance - screen / 4.0) as i32);
        true
    }

    /// The first message that is in sight, and where.
    pub fn anchor(&self) -> Option<Anchor> {
        let upper = self.upper();
        let below = |element: &Element| element.get_bounding_client_rect().bottom() > upper;
        let block = self.blocks().take_while(below).last()?;
        let element = elements(block.query_selector_all(".message").ok()?).find(below)?;
        let offset = element.get_bounding_client_rect().top() - upper;
        Some(Anchor { element, offset })
    }

    /// Puts an anchor back where it was.
    pub fn restore(&self, anchor: &Anchor) {
        if anchor.element.is_connected() {
            let offset = anchor.element.get_bounding_client_rect().top() - self.upper();
            let moved = offset - anchor.offset;
            if moved.abs() >= 1.0 {
                self.0.set_scroll_top((self.top() + moved).round() as i32);
            }
        }
    }

    /// The newest message whose end is in sight.
    pub fn newest_in_sight(&self) -> Option<Seq> {
        let lower = self.upper() + f64::from(self.0.client_height()) + 2.0;
        self.blocks()
            .filter(|block| block.get_bounding_client_rect().top() < lower)
            .find_map(|block| {
                let lines: Vec<Element> =
                    elements(block.query_selector_all("[data-seq]").ok()?).collect();
                let seen = lines
                    .iter()
                    .rev()
                    .find(|line| line.get_bounding_client_rect().bottom() <= lower)?;
                seen.get_attribute("data-seq")?.parse().ok().map(Seq)
            })
    }

    /// The blocks of messages, the newest first. Siblings, one by one: to search for them would look at every
    /// element of every message, with each that comes.
    fn blocks(&self) -> impl Iterator<Item = Element> {
        let content = self.0.first_element_child();
        let newest = content.and_then(|content| content.last_element_child());
        std::iter::successors(newest, Element::previous_element_sibling)
            .filter(|element| element.class_name() == "message-block")
    }

    fn upper(&self) -> f64 {
        self.0.get_bounding_client_rect().top()
    }
}

fn elements(list: NodeList) -> impl Iterator<Item = Element> {
    (0..list.length())
        .filter_map(move |at| list.item(at))
        .filter_map(|node| node.dyn_into().ok())
}

/// Whether somebody looks at this page.
pub fn is_looked_at() -> bool {
    let document = document();
    !document.hidden() && document.has_focus().unwrap_or(true)
}
