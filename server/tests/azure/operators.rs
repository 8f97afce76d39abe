//! What an operator has done by the program: everything moved from a folder to Azure, and settings that are tried
//! before anybody depends on them.

use crate::service::{PRIMARY, SECONDARY, Service};
use crate::storage::Storage;
use app::chat::UserId;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A folder that is gone after the test.
struct Desk(PathBuf);

impl Desk {
    fn new() -> Desk {
        let desk = Desk(std::env::temp_dir().join(format!("chatr-desk-{}", UserId::random())));
        std::fs::create_dir_all(desk.0.join("site/pkg")).expect("a folder");
        desk
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// Runs the program to its end with these settings, in nobody's environment.
    fn run(&self, settings: &[String], task: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatr"));
        command
            .env_clear()
            .env(
                "CHATR_SESSION_KEY",
                "a secret of sixty-four bytes and more, which nobody shall read anywhere",
            )
            .args([
                format!("--data-dir={}", self.path("data")),
                format!("--site-root={}", self.path("site")),
                "--addr=127.0.0.1:0".into(),
            ])
            .args(settings)
            .args(task)
            .output()
            .expect("the program runs")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The line about this setting.
fn about<'t>(text: &'t str, what: &str) -> &'t str {
    let mut lines = text.lines();
    let found = lines.find(|line| line.contains(what) && line.contains("   "));
    found.unwrap_or_else(|| panic!("nothing about {what}: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_moves_to_azure_and_one_altered_byte_stops_it() {
    let desk = Desk::new();
    let data = format!("--data-dir={}", desk.path("data"));
    let config = <server::config::Settings as clap::Parser>::parse_from(["chatr", &data]);
    let built = server::build(&config.check().expect("settings"))
        .await
        .expect("a server");
    let file = desk.path("everything.jsonl");
    let refused = desk.run(&[], &["export", &file]);
    assert!(!refused.status.success(), "a server runs");
    assert!(err(&refused).contains("another Chatr"), "{}", err(&refused));
    drop(built);

    let exported = desk.run(&[], &["export", &file]);
    assert!(exported.status.success(), "{}", err(&exported));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let storage = Storage::new();
    let azure = [format!(
        "--storage-connection-string={}",
        storage.connection_string()
    )];
    let mut bytes = std::fs::read(&file).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let altered = desk.path("altered.jsonl");
    std::fs::write(&altered, bytes).expect("written");
    let refused = desk.run(&azure, &["import", &altered]);
    assert!(!refused.status.success());
    assert!(
        err(&refused).contains("line ") && err(&refused).contains("Nothing was stored"),
        "{}",
        err(&refused)
    );

    let imported = desk.run(&azure, &["import", &file]);
    assert!(imported.status.success(), "{}", err(&imported));
    let again = desk.path("again.jsonl");
    let exported_again = desk.run(&azure, &["export", &again]);
    assert_eq!(out(&imported), out(&exported));
    assert_eq!(out(&exported_again), out(&exported));
    assert!(std::fs::read(&file).expect("a file") == std::fs::read(&again).expect("a file"));
    let twice = desk.run(&azure, &["import", &file]);
    assert!(
        err(&twice).contains("kept there already"),
        "{}",
        err(&twice)
    );
}

#[test]
fn settings_are_shown_with_their_source_and_no_secret() {
    let desk = Desk::new();
    let shown = desk.run(&["--idle-seconds=90".into()], &["check-config"]);
    assert!(shown.status.success(), "{}{}", out(&shown), err(&shown));
    let text = out(&shown);
    let idle = about(&text, "CHATR_IDLE_SECONDS");
    assert!(idle.contains("90") && idle.contains("option"), "{idle}");
    let key = about(&text, "CHATR_SESSION_KEY");
    assert!(
        key.contains("secret") && key.contains("environment"),
        "{key}"
    );
    assert!(!text.contains("nobody shall read"), "{text}");
    assert!(about(&text, "CHATR_GUESTS").contains("default"), "{text}");
    assert!(text.contains("ok     CHATR_DATA_DIR"), "{text}");
    assert!(text.contains("ok     CHATR_ADDR"), "{text}");
    assert!(!text.contains("WRONG"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn places_at_azure_are_tried() {
    let desk = Desk::new();
    let (service, storage) = (Service::telling("127.0.0.1:9"), Storage::new());
    let string = storage.connection_string();
    let settings = |key: &str, storage: &str| {
        vec![
            format!(
                "--pubsub-connection-string={}",
                service.connection_string(key)
            ),
            format!("--storage-connection-string={storage}"),
            "--public-url=http://127.0.0.1:9".into(),
        ]
    };
    for key in [PRIMARY, SECONDARY] {
        let fine = desk.run(&settings(key, &string), &["check-config"]);
        let text = out(&fine);
        assert!(fine.status.success(), "{text}{}", err(&fine));
        assert!(text.contains("ok     PUBSUB_CONNECTION_STRING"), "{text}");
        assert!(text.contains("ok     STORAGE_CONNECTION_STRING"), "{text}");
        assert!(
            text.contains("note   http://127.0.0.1:9/api/eventHandler"),
            "{text}"
        );
        assert!(!text.contains(key), "{text}");
    }
    let stranger = "a key of somebody else, with forty characters";
    let other = string.replace("AccountKey=Y2hh", "AccountKey=b3Ro");
    let wrong = desk.run(&settings(stranger, &other), &["check-config"]);
    let text = out(&wrong);
    assert_eq!(wrong.status.code(), Some(1), "{text}");
    assert!(text.contains("WRONG  PUBSUB_CONNECTION_STRING"), "{text}");
    assert!(text.contains("401"), "{text}");
    assert!(text.contains("WRONG  STORAGE_CONNECTION_STRING"), "{text}");
    assert!(text.contains("403"), "{text}");
    assert!(err(&wrong).contains("2 of these"), "{}", err(&wrong));
}

#[test]
fn settings_that_cannot_be_used_are_all_named() {
    let desk = Desk::new();
    std::fs::remove_dir_all(desk.0.join("site")).expect("removed");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let admin = format!("--admin-addr={}", taken.local_addr().expect("an address"));
    let wrong = desk.run(&[admin], &["check-config"]);
    let text = out(&wrong);
    assert_eq!(wrong.status.code(), Some(1), "{text}");
    assert!(text.contains("WRONG  LEPTOS_SITE_ROOT"), "{text}");
    assert!(text.contains("WRONG  CHATR_ADMIN_ADDR"), "{text}");
    let wrong = desk.run(
        &["--idle-seconds=never".into(), "--guests=perhaps".into()],
        &["check-config"],
    );
    let text = out(&wrong);
    assert_eq!(wrong.status.code(), Some(1), "{text}");
    assert!(text.contains("WRONG  CHATR_IDLE_SECONDS"), "{text}");
    assert!(text.contains("WRONG  CHATR_GUESTS"), "{text}");
    assert!(err(&wrong).contains("2 of these"), "{}", err(&wrong));
}
