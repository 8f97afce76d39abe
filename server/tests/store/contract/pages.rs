//! What of a chat's messages is read at once.

use crate::hall::{Hall, Place, seqs};
use app::chat::{Access, Page, Seq, Window};

pub async fn an_empty_chat_has_empty_pages<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    for window in windows(0..3) {
        assert_eq!(
            hall.page(chat, window, Page::SIZE).await,
            Page::default(),
            "{window:?}"
        );
    }
}

pub async fn every_window_of_every_size_is_exactly_what_lies_there<P: Place>() {
    const LAST: u64 = 12;
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let messages = hall.fill(&ada, chat, LAST).await;
    let all = seqs(&messages);
    for limit in [1, 2, 3, 4, 5, 11, 12, 13, Page::SIZE, 1_000] {
        let far = [99, u64::from(u32::MAX), i64::MAX as u64, u64::MAX];
        for window in windows((0..LAST + 3).chain(far)) {
            let page = hall.page(chat, window, limit).await;
            let expected = lying_there(&all, window, limit);
            assert_eq!(seqs(&page.messages), expected, "{limit} of {window:?}");
            // The flags tell of what lies beside the page; an empty page lies nowhere.
            let first = expected.first().copied();
            let end = expected.last().copied();
            let beside = (
                first.is_some_and(|first| first > 1),
                end.is_some_and(|end| end < LAST),
            );
            assert_eq!((page.before, page.after), beside, "{limit} of {window:?}");
            for message in &page.messages {
                assert_eq!(message, &messages[message.seq.0 as usize - 1]);
            }
        }
    }
}

pub async fn a_thousand_messages_are_read_page_by_page_in_both_directions<P: Place>() {
    const LAST: u64 = 1_000;
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let posted = hall.fill(&ada, chat, LAST).await;
    let hall = hall.reopened().await;

    let mut page = hall.page(chat, Window::Latest, Page::SIZE).await;
    assert!(!page.after);
    let mut backwards = page.messages;
    let mut turned = 1;
    while page.before {
        let window = Window::Before(backwards[0].seq);
        page = hall.page(chat, window, Page::SIZE).await;
        assert!(page.after);
        backwards.splice(0..0, page.messages);
        turned += 1;
    }
    assert_eq!(turned, LAST as usize / Page::SIZE);
    assert_eq!(backwards, posted);

    let mut forwards = Vec::new();
    loop {
        let newest = Seq(forwards.len() as u64);
        let page = hall.page(chat, Window::After(newest), Page::SIZE).await;
        forwards.extend(page.messages);
        if !page.after {
            break;
        }
    }
    assert_eq!(forwards, posted);
}

fn windows(seqs: impl IntoIterator<Item = u64>) -> Vec<Window> {
    let mut windows = vec![Window::Latest];
    for seq in seqs.into_iter().map(Seq) {
        windows.extend([Window::Before(seq), Window::After(seq), Window::Around(seq)]);
    }
    windows
}

/// What the words "before", "after" and "around" mean, on a list that holds everything.
fn lying_there(all: &[u64], window: Window, limit: usize) -> Vec<u64> {
    let newest = |some: &[u64]| some[some.len().saturating_sub(limit)..].to_vec();
    let oldest = |some: &[u64]| some[..some.len().min(limit)].to_vec();
    match window {
        Window::Latest => newest(all),
        Window::Before(Seq(seq)) => {
            newest(&all[..all.iter().filter(|other| **other < seq).count()])
        }
        Window::After(Seq(seq)) => {
            oldest(&all[all.iter().filter(|other| **other <= seq).count()..])
        }
        // Half of them stand before it, as long as the page stays full.
        Window::Around(Seq(seq)) => {
            let before = all.iter().filter(|other| **other < seq).count();
            let start = before
                .saturating_sub(limit / 2)
                .min(all.len().saturating_sub(limit));
            oldest(&all[start..])
        }
    }
}
