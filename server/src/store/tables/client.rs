//! The few operations that the store needs, each with a deadline and an honest ending: done, not done, or
//! unknown. Owns all that must be known about the Azure crate; refuses to know what the rows mean.

mod scan;

use super::carrier::{Carrier, Unsent};
use super::health::Health;
use super::key::Key;
use super::row::{Etag, Row, Unfit};
use crate::store::StoreError;
use crate::transport::{Bearer, HttpService};
use azure_core::error::{Error, ErrorKind};
use azure_core::{RetryOptions, TransportOptions};
use azure_data_tables::IfMatchCondition;
use azure_data_tables::clients::{TableClient, TableServiceClient, TableServiceClientBuilder};
use azure_data_tables::operations::InsertEntityResponse;
use azure_storage::{CloudLocation, StorageCredentials};
use futures::StreamExt;
use serde_json::{Map, Value};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How long one request may take. The crate has no deadline of its own; the service's 99th percentile is below
/// a tenth of this.
const REQUEST: Duration = Duration::from_secs(2);

/// Before a read is tried again.
const AGAIN: Duration = Duration::from_millis(100);

/// Operations in one batch. Source: "Performing entity group transactions".
pub const MAX_BATCH: usize = 100;

/// Rows in one answer. Source: "Query timeout and pagination".
const PAGE: usize = 1_000;

const BUSY: Duration = Duration::from_millis(500);

/// Where an account's tables are, and what opens them.
#[derive(Clone)]
pub struct Account {
    pub name: String,
    pub proof: Proof,
    /// Such as `https://name.table.core.windows.net`, without a slash at the end.
    pub endpoint: String,
}

/// What opens an account.
#[derive(Clone)]
pub enum Proof {
    /// Base64, as the portal shows it.
    Key(String),
    Token(Arc<dyn Bearer>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Chats,
    Messages,
    Users,
    Reminders,
    /// Connections: over when they are, so no part of what is kept.
    Presence,
}

impl Table {
    pub const ALL: [Table; 5] = [
        Table::Chats,
        Table::Messages,
        Table::Users,
        Table::Reminders,
        Table::Presence,
    ];

    /// What is kept.
    pub const KEPT: [Table; 4] = [
        Table::Chats,
        Table::Messages,
        Table::Users,
        Table::Reminders,
    ];

    const fn name(self) -> &'static str {
        match self {
            Table::Chats => "chats",
            Table::Messages => "messages",
            Table::Users => "users",
            Table::Reminders => "reminders",
            Table::Presence => "presence",
        }
    }
}

/// Why an operation was not done, as far as can be known.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the row is there already")]
    Exists,
    #[error("the row is another one by now")]
    Changed,
    #[error("the row is not there")]
    Missing,
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("the service refuses: {why}")]
    Refused { why: String },
    /// Nothing was done.
    #[error("the service is not asked, or cannot be: {why}")]
    Unsent { why: String },
    /// It was done, or was not, or is about to be.
    #[error("the service did not answer: {why}")]
    Unknown { why: String },
    #[error(transparent)]
    Corrupt(#[from] StoreError),
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Exists | Failure::Changed | Failure::Missing => StoreError::Conflict,
            Failure::Corrupt(error) => error,
            Failure::Unsent { .. } | Failure::Unknown { .. } => StoreError::Busy { after: BUSY },
            Failure::Unfit(_) | Failure::Refused { .. } => StoreError::Unavailable {
                why: failure.to_string(),
            },
        }
    }
}

/// One operation of a batch. What changes a row says which version of it.
#[derive(Clone, Debug)]
pub enum Change {
    Insert(Row),
    Update(Row, Etag),
    Delete(Key, Etag),
    /// Whatever was there. Only where nobody else writes.
    Put(Row),
}

pub struct Client {
    service: TableServiceClient,
    health: Health,
}

impl Client {
    pub fn new(account: &Account, service: HttpService) -> Client {
        let place = CloudLocation::Custom {
            account: account.name.clone(),
            uri: account.endpoint.clone(),
        };
        let (credentials, bearer) = match &account.proof {
            Proof::Key(key) => {
                let credentials = StorageCredentials::access_key(account.name.clone(), key.clone());
                (credentials, None)
            }
            // The carrier adds the token: it knows whether it has one.
            Proof::Token(bearer) => (StorageCredentials::anonymous(), Some(bearer.clone())),
        };
        Client {
            service: TableServiceClientBuilder::with_location(place, credentials)
                // The crate would go on for a minute; deadlines and retries are ours.
                .retry(RetryOptions::none())
                .transport(TransportOptions::new(Arc::new(Carrier { service, bearer })))
                .build(),
            health: Health::default(),
        }
    }

    /// Creates the tables that are not there.
    pub async fn prepare(&self) -> Result<(), Failure> {
        for table in Table::ALL {
            match self.ask(self.table(table).create().into_future()).await {
                Ok(_) | Err(Failure::Exists) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    pub fn get<'c>(
        &'c self,
        table: Table,
        partition: &Key,
        key: &Key,
    ) -> impl Future<Output = Result<Option<Row>, Failure>> + Send + use<'c> {
        let entity = self
            .table(table)
            .partition_key_client(partition.as_str())
            .entity_client(key.as_str());
        async move {
            let found = self
                .reading(|| self.ask(entity.get::<Map<String, Value>>().into_future()))
                .await;
            match found {
                Ok(found) => {
                    let mut row = Row::stored(found.entity)?;
                    row.etag = Some(Etag(found.etag.to_string()));
                    Ok(Some(row))
                }
                Err(Failure::Missing) => Ok(None),
                Err(failure) => Err(failure),
            }
        }
    }

    /// Rows of one partition in the order of their keys, at most `most`, however many answers that takes.
    pub fn query<'c>(
        &'c self,
        table: Table,
        partition: &Key,
        range: Option<(String, String)>,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Row>, Failure>> + Send + use<'c> {
        // Keys need no escaping: that is what they are for.
        let mut filter = format!("PartitionKey eq '{partition}'");
        if let Some((from, to)) = range {
            filter.push_str(&format!(" and RowKey ge '{from}' and RowKey lt '{to}'"));
        }
        async move {
            self.reading(|| self.pages(table, filter.clone(), most))
                .await
        }
    }

    async fn pages(&self, table: Table, filter: String, most: usize) -> Result<Vec<Row>, Failure> {
        let page = u32::try_from(most.clamp(1, PAGE)).unwrap_or(1);
        // `top` is the size of a page; the stream goes on after it.
        let query = self.table(table).query().filter(filter).top(page);
        let mut pages = query.into_stream::<Map<String, Value>>();
        let mut rows = Vec::new();
        while rows.len() < most {
            let next = async { pages.next().await.transpose() };
            let Some(page) = self.ask(next).await? else {
                break;
            };
            for entity in page.entities {
                rows.push(Row::stored(entity)?);
            }
        }
        rows.truncate(most);
        Ok(rows)
    }

    /// Adds a row. Fails with `Exists`; a row that says the same is the one of an earlier try.
    pub async fn insert(&self, table: Table, row: &Row) -> Result<(), Failure> {
        let json = row.to_json()?;
        let tried = self
            .reading(|| async {
                let insert = self.table(table).insert::<_, Value>(&json).map_err(read)?;
                let done: Result<InsertEntityResponse<Value>, Failure> =
                    self.ask(insert.into_future()).await;
                done.map(|_| ())
            })
            .await;
        if let Err(Failure::Exists) = tried {
            let there = self.get(table, &row.partition, &row.key).await?;
            if there.is_some_and(|there| there.says_what(row)) {
                return Ok(());
            }
        }
        tried
    }

    /// Writes a row whatever was there. Only for rows that say the same whoever writes them.
    pub async fn put(&self, table: Table, row: &Row) -> Result<(), Failure> {
        let json = row.to_json()?;
        let entity = self
            .table(table)
            .partition_key_client(row.partition.as_str())
            .entity_client(row.key.as_str());
        self.reading(|| async {
            let put = entity.insert_or_replace(&json).map_err(read)?;
            self.ask(put.into_future()).await.map(|_| ())
        })
        .await
    }

    /// Fails with `Changed` if the row is not of this version any more.
    pub async fn update(&self, table: Table, row: &Row, etag: &Etag) -> Result<(), Failure> {
        let json = row.to_json()?;
        let entity = self
            .table(table)
            .partition_key_client(row.partition.as_str())
            .entity_client(row.key.as_str());
        let update = entity.update(&json, version(etag)).map_err(read)?;
        self.ask(update.into_future()).await.map(|_| ())
    }

    /// Fails with `Changed` if the row is not of this version any more. A row that has gone is no failure.
    pub async fn delete(&self, table: Table, row: &Row) -> Result<(), Failure> {
        let etag = row.etag()?;
        let entity = self
            .table(table)
            .partition_key_client(row.partition.as_str())
            .entity_client(row.key.as_str());
        let delete = entity.delete().if_match(version(&etag));
        match self.ask(delete.into_future()).await {
            Ok(_) | Err(Failure::Missing) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// All of it or nothing, in one partition of one table.
    pub async fn batch(
        &self,
        table: Table,
        partition: &Key,
        changes: &[Change],
    ) -> Result<(), Failure> {
        if changes.len() > MAX_BATCH {
            return Err(Failure::Refused {
                why: format!(
                    "{} operations in one batch, {MAX_BATCH} at most",
                    changes.len()
                ),
            });
        }
        let partition = self.table(table).partition_key_client(partition.as_str());
        let mut batch = partition.transaction();
        for change in changes {
            batch = match change {
                Change::Insert(row) => batch.insert(row.to_json()?),
                // Without a version it would be an upsert.
                Change::Update(row, etag) => {
                    batch.update(row.key.as_str(), row.to_json()?, Some(version(etag)))
                }
                Change::Delete(key, etag) => batch.delete(key.as_str(), Some(version(etag))),
                Change::Put(row) => batch.insert_or_replace(row.key.as_str(), row.to_json()?),
            }
            .map_err(read)?;
        }
        let answer = self.ask(batch.into_future()).await?;
        // The answer of a batch that failed is as successful as any other: what happened is inside.
        let statuses: Vec<u16> = answer
            .operation_responses
            .iter()
            .map(|response| u16::from(response.status_code))
            .collect();
        match statuses.iter().find(|status| !(200..300).contains(*status)) {
            Some(status) => Err(ended(*status, "in a batch")),
            None if statuses.len() == changes.len() => Ok(()),
            None => Err(Failure::Unknown {
                why: format!("{} answers to {} operations", statuses.len(), changes.len()),
            }),
        }
    }

    fn table(&self, table: Table) -> TableClient {
        self.service.table_client(table.name())
    }

    async fn ask<T>(
        &self,
        request: impl Future<Output = azure_core::Result<T>>,
    ) -> Result<T, Failure> {
        if !self.health.may_ask() {
            return Err(Failure::Unsent {
                why: "it has been silent for a while".into(),
            });
        }
        let answer = match tokio::time::timeout(REQUEST, request).await {
            Ok(answer) => answer.map_err(read),
            Err(_) => Err(Failure::Unknown {
                why: format!("no answer within {REQUEST:?}"),
            }),
        };
        match &answer {
            Err(Failure::Unsent { .. } | Failure::Unknown { .. }) => self.health.silent(),
            Ok(_) | Err(_) => self.health.answered(),
        }
        answer
    }

    /// Once more, where that does no harm and the failure came fast.
    async fn reading<T, F>(&self, mut request: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let begun = tokio::time::Instant::now();
        match request().await {
            Err(Failure::Unknown { .. } | Failure::Unsent { .. })
                if begun.elapsed() < AGAIN && self.health.may_retry() =>
            {
                tokio::time::sleep(AGAIN).await;
                request().await
            }
            answer => answer,
        }
    }
}

fn version(etag: &Etag) -> IfMatchCondition {
    IfMatchCondition::Etag(etag.0.clone().into())
}

/// What an error of the crate means.
fn read(error: Error) -> Failure {
    if let ErrorKind::HttpResponse { status, error_code } = error.kind() {
        return ended(
            u16::from(*status),
            error_code.as_deref().unwrap_or_default(),
        );
    }
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        if inner.is::<Unsent>() {
            return Failure::Unsent {
                why: inner.to_string(),
            };
        }
        source = inner.source();
    }
    match error.kind() {
        ErrorKind::Credential => Failure::Refused {
            why: error.to_string(),
        },
        _ => Failure::Unknown {
            why: error.to_string(),
        },
    }
}

fn ended(status: u16, code: &str) -> Failure {
    let why = format!("{status} {code}");
    match status {
        // Not one row is missing but all of them: nobody is to be told that they do not exist.
        404 if code == "TableNotFound" => Failure::Refused { why },
        404 => Failure::Missing,
        409 => Failure::Exists,
        412 => Failure::Changed,
        // Too many requests, or a server in trouble: what it did before is not said.
        408 | 429 | 500.. => Failure::Unknown { why },
        _ => Failure::Refused { why },
    }
}

#[cfg(test)]
mod tests;
