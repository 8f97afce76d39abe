//! What a start says about places that are not there.

use clap::Parser;
use server::StartError;
use server::config::Settings;

#[tokio::test]
async fn tables_that_do_not_answer_stop_the_start_and_are_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let endpoint = format!("http://{}/chatr", free.local_addr().expect("an address"));
    drop(free);
    let folder = std::env::temp_dir().join(format!("chatr-azure-{}", uuid::Uuid::new_v4()));
    let config = Settings::parse_from([
        "chatr".to_owned(),
        format!("--data-dir={}", folder.display()),
        format!(
            "--storage-connection-string=AccountName=chatr;AccountKey=a2V5;TableEndpoint={endpoint}"
        ),
    ]);
    let config = config.check().expect("settings");
    let why = server::build(&config)
        .await
        .err()
        .expect("there is no store");
    assert!(matches!(why, StartError::Tables { .. }), "{why}");
    let text = why.to_string();
    assert!(
        text.contains("STORAGE_CONNECTION_STRING") && text.contains(&endpoint),
        "{text}"
    );
    assert!(!text.contains("a2V5"), "{text}");
    let _ = std::fs::remove_dir_all(folder);
}
