//! The raw engine: the rows that the server writes for a message, written by the driver alone, in groups of a given size.
//!
//! A group is what the server makes of it: one transaction stores the events, a second one turns them into entries. There
//! is no HTTP, no signature, no JSON, no look-up and no waiting here, so nothing that keeps these rows can be faster by much.
//! The schema is the real one, made by opening a store; durability is the server's.

mod postgres;
mod sqlite;

use crate::{database::Database, error::Result, installation::Place, messages::person, process::Watched};
use serde::Serialize;
use std::time::{Duration, Instant};
use store::{Keyring, SecretKey, Store, StoreConfig};
use testkit::graph::now_millis;

/// People whose messages are written; the server's load has as many.
pub const PEOPLE: usize = 200;
/// Fixed ids of the rows that must be there before.
const WORKSPACE: i64 = 1;
const ACCOUNT: i64 = 1;
const CALLBACK_KEY: &str = "benchbenchbenchbenchbench";
const ADDRESS: &str = "110022003300440";
const BLOCKS: &str =
    r#"[{"type":"text","text":"Hello, is the blue lamp from your window still there? I would like two"}]"#;

/// How fast the engine took the rows of messages.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Raw {
    /// Messages of one transaction.
    pub group: usize,
    /// Messages a second, each written twice over (event, entry).
    pub rate: f64,
    /// Cores in other hands meanwhile, this program and its database apart.
    pub foreign: f64,
}

/// One message's values.
struct Line {
    event_id: i64,
    message_id: i64,
    route_id: i64,
    identity_id: i64,
    customer_id: i64,
    thread_id: i64,
    lane: i64,
    external_id: String,
    payload: String,
    at: i64,
}

/// An engine that takes groups.
trait Engine {
    /// Writes one group in two transactions. The second one may run beside the next group's first.
    async fn write(&mut self, lines: Vec<Line>) -> Result<()>;
    /// Waits until everything is written.
    async fn finish(&mut self) -> Result<()>;
    /// Messages and log entries that are there.
    async fn count(&mut self) -> Result<(i64, i64)>;
}

/// Writes groups for so long, after one that is not counted.
async fn run(engine: &mut impl Engine, group: usize, duration: Duration) -> Result<Raw> {
    let mut number = 0;
    engine.write(lines(&mut number, group)).await?;
    engine.finish().await?;
    let (mut elapsed, mut written) = (Duration::ZERO, 0);
    while elapsed < duration {
        // Not timed: making the values.
        let lines = lines(&mut number, group);
        let begun = Instant::now();
        engine.write(lines).await?;
        elapsed += begun.elapsed();
        written += group;
    }
    let begun = Instant::now();
    engine.finish().await?;
    elapsed += begun.elapsed();
    let expected = (written + group) as i64;
    let counted = engine.count().await?;
    if counted != (expected, expected) {
        return Err(format!("the raw engine holds {counted:?} rows instead of {expected} each").into());
    }
    Ok(Raw { group, rate: written as f64 / elapsed.as_secs_f64(), foreign: 0.0 })
}

fn lines(number: &mut i64, group: usize) -> Vec<Line> {
    let at = now_millis();
    (0..group)
        .map(|_| {
            *number += 1;
            let person_number = (*number * 7919) % PEOPLE as i64;
            let sender = person(person_number as usize);
            let external_id = format!("m_bench.{number}.");
            let payload = format!(
                r#"{{"list":"messaging","event":{{"message":{{"mid":"{external_id}","text":"Hello, is the blue lamp from your window still there? I would like two"}},"recipient":{{"id":"{ADDRESS}"}},"sender":{{"id":"{sender}"}},"timestamp":{at}}}}}"#
            );
            Line {
                event_id: at << 22 | *number & 0x3f_ffff,
                message_id: (at << 22 | *number & 0x3f_ffff) + (1 << 60),
                route_id: person_number + 1,
                identity_id: person_number + 1,
                customer_id: person_number + 1,
                thread_id: person_number + 1,
                lane: person_number % 16,
                external_id,
                payload,
                at,
            }
        })
        .collect()
}

/// The rows that a message refers to.
fn rows_before() -> Vec<String> {
    let mut rows = vec![
        format!("INSERT INTO workspace (id, name, created_at) VALUES ({WORKSPACE}, 'Bench', 0)"),
        format!("INSERT INTO log_head (workspace_id, shard, seq) VALUES ({WORKSPACE}, 0, 0)"),
        format!(
            "INSERT INTO callback_endpoint (callback_key, workspace_id, kind, created_at) VALUES ('{CALLBACK_KEY}', {WORKSPACE}, 'messenger', 0)"
        ),
        format!(
            "INSERT INTO channel_account (id, workspace_id, kind, name, enabled, address, namespace, settings, secrets, secret_names, callback_key, version, created_at) VALUES ({ACCOUNT}, {WORKSPACE}, 'messenger', 'Bench', TRUE, '{ADDRESS}', 'messenger:{ADDRESS}', '{{}}', '', '[]', '{CALLBACK_KEY}', 1, 0)"
        ),
    ];
    for id in 1..=PEOPLE {
        let address = person(id - 1);
        rows.extend([
            format!("INSERT INTO customer (id, workspace_id, name, created_at) VALUES ({id}, {WORKSPACE}, '', 0)"),
            format!("INSERT INTO thread (id, workspace_id, customer_id, created_at, last_activity_at) VALUES ({id}, {WORKSPACE}, {id}, 0, 0)"),
            format!("INSERT INTO identity (id, workspace_id, customer_id, namespace, address, created_at) VALUES ({id}, {WORKSPACE}, {id}, 'messenger:{ADDRESS}', '{address}', 0)"),
            format!("INSERT INTO route (id, workspace_id, identity_id, channel_account_id, blocked, created_at) VALUES ({id}, {WORKSPACE}, {id}, {ACCOUNT}, FALSE, 0)"),
        ]);
    }
    rows
}

/// Measures the engine of this place on a database of its own, in groups of these sizes.
pub async fn measure(
    place: &Place,
    watched: Watched,
    name: &str,
    groups: &[usize],
    duration: Duration,
) -> Result<Vec<Raw>> {
    let mut figures = Vec::new();
    for (turn, group) in groups.iter().enumerate() {
        let name = format!("{name}_{turn}");
        std::fs::create_dir_all(place.data(&name))?;
        let database = place.database(&name).await?;
        make_schema(&database, &place.data(&name)).await?;
        let begun = watched.usage()?;
        let raw = match &database {
            Database::Sqlite(path) => run(&mut sqlite::Sqlite::open(path)?, *group, duration).await?,
            Database::Postgres(address) => run(&mut postgres::Postgres::open(address).await?, *group, duration).await?,
        };
        figures.push(Raw { foreign: watched.usage()?.since(&begun).foreign, ..raw });
    }
    Ok(figures)
}

async fn make_schema(database: &Database, data: &std::path::Path) -> Result<()> {
    let database = match database {
        Database::Sqlite(path) => store::Database::Sqlite { path: path.clone() },
        Database::Postgres(address) => store::Database::Postgres { url: address.clone() },
    };
    let keys = Keyring::new(SecretKey::generate()?, Vec::new());
    let opened = Store::open(StoreConfig { database, keys, files_dir: data.join("files"), now: now_millis }).await?;
    drop(opened);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_rows_still_fit_the_schema() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::sqlite(folder.path()).unwrap();
        let watched = Watched { server: std::process::id(), database: None };
        let figures = measure(&place, watched, "raw", &[4], Duration::from_millis(20)).await.unwrap();
        assert!(figures[0].rate > 0.0);
    }
}
