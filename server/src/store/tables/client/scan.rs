//! Rows of a whole table, one answer after the other: as many as one answer holds are in memory. An answer that
//! does not come is asked for again, for a while. Refuses to know what is looked for.

use super::super::lane::pause;
use super::{Client, Failure, PAGE, Row, Table};
use azure_core::Continuable;
use futures::StreamExt;
use serde_json::{Map, Value};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a service that does not answer is asked again.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub struct Scan<'c> {
    client: &'c Client,
    table: Table,
    filter: Option<String>,
    place: Place,
}

/// Where the next answer begins.
enum Place {
    Start,
    /// As the last answer said: partition, row.
    At(String, Option<String>),
    End,
}

impl Client {
    /// All rows of a table in the order of their keys, or those that fit.
    pub fn scan(&self, table: Table, filter: Option<&str>) -> Scan<'_> {
        Scan {
            client: self,
            table,
            filter: filter.map(str::to_owned),
            place: Place::Start,
        }
    }

    /// Again and again while the service does not answer: for what does no harm a second time.
    pub async fn insist<T, F>(&self, mut request: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let begun = Instant::now();
        let mut tries = 0;
        loop {
            match request().await {
                Err(Failure::Unknown { .. } | Failure::Unsent { .. })
                    if begun.elapsed() < PATIENCE =>
                {
                    tries += 1;
                    sleep(pause(tries)).await;
                }
                answer => return answer,
            }
        }
    }
}

impl Scan<'_> {
    /// The next rows; `None` after the last. An answer may hold none and not be the last.
    pub async fn next(&mut self) -> Result<Option<Vec<Row>>, Failure> {
        if matches!(self.place, Place::End) {
            return Ok(None);
        }
        let (entities, next) = self.client.insist(|| self.ask()).await?;
        self.place = match next {
            Some((partition, row)) => Place::At(partition, row),
            None => Place::End,
        };
        let rows = entities
            .into_iter()
            .map(Row::stored)
            .collect::<Result<_, _>>();
        Ok(Some(rows?))
    }

    async fn ask(&self) -> Result<Answer, Failure> {
        let page = u32::try_from(PAGE).unwrap_or(u32::MAX);
        let mut query = self.client.table(self.table).query().top(page);
        if let Some(filter) = &self.filter {
            query = query.filter(filter.clone());
        }
        if let Place::At(partition, row) = &self.place {
            query = query.initial_partition_key(partition.clone());
            if let Some(row) = row {
                query = query.initial_row_key(row.clone());
            }
        }
        let mut pages = query.into_stream::<Map<String, Value>>();
        let next = async { pages.next().await.transpose() };
        match self.client.ask(next).await? {
            Some(page) => {
                let next = page.continuation();
                Ok((page.entities, next))
            }
            None => Ok((Vec::new(), None)),
        }
    }
}

type Answer = (Vec<Map<String, Value>>, Option<(String, Option<String>)>);
