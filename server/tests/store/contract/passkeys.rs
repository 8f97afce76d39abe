//! What guests sign in by.

use crate::hall::{Hall, Place, at_once};
use app::chat::{Millis, UserId};
use server::store::Passkey;

fn passkey(user: UserId, id: u8, added_at: u64) -> Passkey {
    Passkey {
        user,
        id: format!("{id:064x}"),
        credential: r#"{"it's":"a \"key\", ✅"}"#.into(),
        added_at: Millis(added_at),
        used_at: Millis(0),
    }
}

pub async fn a_passkey_is_kept_for_its_person_until_it_is_removed<P: Place>() {
    let mut hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let (new, old) = (passkey(ada.id, 1, 1 << 53), passkey(ada.id, 2, 7));
    for passkey in [&new, &old] {
        assert!(hall.store.add_passkey(passkey.clone()).await.expect("kept"));
    }
    // Two people may have devices that call their passkeys the same.
    let same = passkey(bob.id, 1, 9);
    assert!(hall.store.add_passkey(same.clone()).await.expect("kept"));
    hall = hall.reopened().await;
    let store = &hall.store;
    let theirs = store.passkeys(ada.id).await.expect("passkeys");
    assert_eq!(theirs, [old.clone(), new.clone()]);
    let removed = store.remove_passkey(ada.id, new.id.clone()).await;
    assert!(removed.expect("an answer"));
    let removed = store.remove_passkey(ada.id, new.id.clone()).await;
    assert!(!removed.expect("an answer"), "it is gone already");
    hall = hall.reopened().await;
    let store = &hall.store;
    assert_eq!(store.passkeys(ada.id).await.expect("passkeys"), [old]);
    assert_eq!(store.passkeys(bob.id).await.expect("passkeys"), [same]);
}

pub async fn nobody_has_a_passkey_twice<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let first = passkey(ada.id, 1, 1);
    let added = at_once((1..=16).map(|at| {
        let hall = hall.clone();
        async move {
            let passkey = passkey(ada.id, 1, at);
            hall.store.add_passkey(passkey).await.expect("an answer")
        }
    }))
    .await;
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
    let kept = hall.store.passkeys(ada.id).await.expect("passkeys");
    assert_eq!(kept.len(), 1);
    let other = Passkey {
        credential: "another".into(),
        ..first
    };
    assert!(!hall.store.add_passkey(other).await.expect("an answer"));
    assert_eq!(hall.store.passkeys(ada.id).await.expect("passkeys"), kept);
}

pub async fn of_many_who_renew_a_passkey_at_once_one_does<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let before = passkey(ada.id, 1, 1);
    let used = |at: u64| Passkey {
        credential: format!("counter {at}"),
        used_at: Millis(at),
        ..passkey(ada.id, 1, 1)
    };
    let renewed = hall.store.renew_passkey(before.clone(), used(5)).await;
    assert!(!renewed.expect("an answer"), "it is not there");
    assert!(hall.store.add_passkey(before.clone()).await.expect("kept"));
    let renewed = at_once((10..26).map(|at| {
        let (hall, before, after) = (hall.clone(), before.clone(), used(at));
        async move {
            let renewed = hall.store.renew_passkey(before, after).await;
            (at, renewed.expect("an answer"))
        }
    }))
    .await;
    let first: Vec<u64> = renewed
        .iter()
        .filter(|(_, done)| *done)
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(first.len(), 1, "{renewed:?}");
    let kept = hall.store.passkeys(ada.id).await.expect("passkeys");
    assert_eq!(kept, [used(first[0])]);
    let removed = hall.store.remove_passkey(ada.id, before.id.clone()).await;
    assert!(removed.expect("an answer"));
    let renewed = hall.store.renew_passkey(used(first[0]), used(99)).await;
    assert!(!renewed.expect("an answer"), "what is removed stays so");
    assert_eq!(hall.store.passkeys(ada.id).await.expect("passkeys"), []);
}
