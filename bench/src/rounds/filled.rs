//! An installation with a long history, filled once for all rounds that read it.

use super::Plan;
use crate::{
    corpus::{self, Corpus, History, PER_CUSTOMER},
    database::Reader,
    error::Result,
    installation::{Installation, Place, Server},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// How long the search index may need.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// A running server over a long history, its search index at the log's end.
pub struct Filled {
    /// The installation.
    pub installation: Installation,
    /// The server on it.
    pub server: Server,
    /// Reads beside the server.
    pub reader: Reader,
    /// What the texts were made of.
    pub corpus: Corpus,
    /// Whom it is with.
    pub history: History,
    /// Messages and customers in the index.
    pub documents: usize,
    /// How long the index took for them.
    pub indexing: Duration,
    /// Bytes of the whole database before the index and with it.
    pub bytes: [u64; 2],
}

impl Filled {
    /// Fills an installation of its own.
    pub async fn create(binary: &Path, place: &Place, plan: &Plan) -> Result<Self> {
        let messages = plan.documents();
        let mut corpus = Corpus::new(7);
        let installation = Installation::create(binary, place, "filled").await?;
        let history = corpus::write(&installation.database, &mut corpus, messages).await?;
        let reader = installation.database.reader().await?;
        let before = reader.bytes().await?;
        let server = installation.start()?;
        let begun = Instant::now();
        wait_until_indexed(&reader).await?;
        let indexing = begun.elapsed();
        let bytes = [before, reader.bytes().await?];
        let documents = messages + messages.div_ceil(PER_CUSTOMER);
        Ok(Self { installation, server, reader, corpus, history, documents, indexing, bytes })
    }
}

async fn wait_until_indexed(reader: &Reader) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while reader.search_lag().await? != 0 {
        if Instant::now() > end {
            return Err("the search index did not reach the log's end".into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
