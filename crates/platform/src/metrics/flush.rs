//! Writing figures down, and throwing old ones away.

use hallway_wire::Timestamp;
use hallway_wire::id::WorkspaceId;

use super::{HOUR_MS, Hour, hour_id};
use crate::error::{Doing as _, Result};
use crate::platform::Platform;
use crate::ports::Write;
use crate::ports::records::Find;
use crate::records::{Document as _, put_new};

/// Most hours in one commit.
const BATCH: usize = 200;
/// How long figures are kept: longer than the longest span that can be asked for.
const KEEP_MS: i64 = 35 * 24 * HOUR_MS;
/// How long single values are kept.
const KEEP_SAMPLES_MS: i64 = 3 * 24 * HOUR_MS;
/// Every how many passes of the sweeper, which makes one a second.
const FLUSH_EVERY: u64 = 60;
const CARRY_ON_EVERY: u64 = 600;
const TIDY_EVERY: u64 = 3600;

impl Platform {
    /// What a pass of the sweeper does for figures.
    pub(crate) async fn sweep_metrics(&self, pass: u64) -> Result<()> {
        if pass.is_multiple_of(CARRY_ON_EVERY) {
            self.metrics.carry_on(self.now());
        }
        if pass.is_multiple_of(FLUSH_EVERY) {
            self.flush_metrics(None).await?;
        }
        if pass.is_multiple_of(TIDY_EVERY) {
            self.tidy_metrics(self.now()).await?;
        }
        Ok(())
    }

    /// Writes down what was gathered, of one workspace or of all.
    pub(crate) async fn flush_metrics(&self, only: Option<WorkspaceId>) -> Result<()> {
        let _turn = self.metrics.turn.lock().await;
        let mut rest = self.metrics.take(only, self.now());
        while !rest.is_empty() {
            let later = rest.split_off(rest.len().min(BATCH));
            if let Err(error) = self.write_hours(&rest).await {
                rest.extend(later);
                self.metrics.put_back(rest);
                return Err(error);
            }
            rest = later;
        }
        Ok(())
    }

    async fn write_hours(&self, hours: &[Hour]) -> Result<()> {
        self.retrying(|| async {
            let mut writes: Vec<Write> = Vec::with_capacity(hours.len());
            for news in hours {
                let kept = self
                    .get::<Hour>(news.org, &hour_id(news.workspace, news.start))
                    .await?;
                writes.push(match kept {
                    None => put_new(news)?,
                    Some(kept) => {
                        let mut merged = kept.doc.clone();
                        merged.merge(news);
                        kept.put(&merged)?
                    }
                });
            }
            self.commit(writes).await
        })
        .await
    }

    async fn tidy_metrics(&self, now: Timestamp) -> Result<()> {
        for org in self.store.organizations().await.doing("listing organizations")? {
            let old = |index, age: i64| {
                Find::new(Hour::KIND, org.id, index, "", BATCH).between(None, Some(now.plus_millis(-age)))
            };
            loop {
                let found = self.list::<Hour>(old(Hour::ALL, KEEP_MS)).await?.items;
                if found.is_empty() {
                    break;
                }
                self.commit(found.iter().map(|kept| kept.delete()).collect())
                    .await?;
            }
            loop {
                let found = self
                    .list::<Hour>(old(Hour::WITH_SAMPLES, KEEP_SAMPLES_MS))
                    .await?
                    .items;
                if found.is_empty() {
                    break;
                }
                let without = found.iter().map(|kept| {
                    let mut hour = kept.doc.clone();
                    hour.samples.clear();
                    hour.condensed = true;
                    kept.put(&hour)
                });
                self.commit(without.collect::<Result<Vec<_>>>()?).await?;
            }
        }
        Ok(())
    }

    /// Writes down what is left when the platform stops.
    pub(crate) async fn flush_metrics_at_end(&self) {
        if let Err(error) = self.flush_metrics(None).await {
            tracing::warn!(%error, "the figures of the last minute could not be written");
        }
    }
}
