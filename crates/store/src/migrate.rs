//! Bringing the schema up to date. One text per step for both engines; several processes may start at once.

use crate::{
    engine::{postgres, sqlite},
    error::{Result, StoreError},
};
use refinery::{Migration, Runner};
use std::{fs::File, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

/// A step of the schema.
struct Step {
    /// `V`, a number and two underscores, then what it is about. Numbers rise and need not be consecutive.
    name: &'static str,
    /// What both engines run.
    both: &'static str,
    /// What SQLite runs then (the file `NAME.sqlite.sql`).
    sqlite: &'static str,
    /// What PostgreSQL runs then (the file `NAME.postgres.sql`).
    postgres: &'static str,
}

/// The steps in order. A test compares the list with the folder. Released steps never change.
const STEPS: &[Step] = &[
    Step { name: "V0001__start", both: include_str!("../migrations/V0001__start.sql"), sqlite: "", postgres: "" },
    Step {
        name: "V0004__search",
        both: include_str!("../migrations/V0004__search.sql"),
        sqlite: include_str!("../migrations/V0004__search.sqlite.sql"),
        postgres: include_str!("../migrations/V0004__search.postgres.sql"),
    },
];

/// The advisory lock that migrating processes take turns under: "onethread" as a number of ours.
const ADVISORY_LOCK: i64 = 0x006f_6e65_7468_7264;

fn runner(id_type: &str, own: impl Fn(&Step) -> &'static str) -> Result<Runner> {
    let steps = STEPS
        .iter()
        .map(|step| Migration::unapplied(step.name, &(step.both.replace("{ID}", id_type) + own(step))))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| StoreError::Setup(format!("a schema step is misnamed: {error}")))?;
    Ok(Runner::new(&steps))
}

fn failed(error: &refinery::Error) -> StoreError {
    StoreError::Setup(format!(
        "the schema cannot be brought up to date: {error}; is this database from a newer onethread?"
    ))
}

/// Creates or upgrades a SQLite file.
pub(crate) fn sqlite(path: &Path) -> Result<()> {
    let lock_path = path.with_file_name("migrate.lock");
    let lock = File::options().create(true).append(true).mode(0o600).open(&lock_path).map_err(|error| {
        StoreError::Setup(format!(
            "cannot write {}: {error}; is the data folder there and writable?",
            lock_path.display()
        ))
    })?;
    lock.lock().map_err(|error| StoreError::Setup(format!("cannot lock {}: {error}", lock_path.display())))?;
    sqlite::make_private(path)?;
    let mut connection = sqlite::connect(path)?;
    // A step may rebuild a table; the check afterwards stands in for the keys that are off meanwhile.
    connection.execute_batch("PRAGMA foreign_keys = OFF")?;
    runner("INTEGER", |step| step.sqlite)?.run(&mut connection).map_err(|error| failed(&error))?;
    let broken: i64 = connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
    if broken > 0 {
        return Err(StoreError::Setup(format!("{broken} rows of {} refer to rows that are gone", path.display())));
    }
    Ok(())
}

/// Creates or upgrades a PostgreSQL schema.
pub(crate) async fn postgres(url: &str) -> Result<()> {
    let (mut client, driver) = postgres::connect(url).await?;
    // Asked again and again rather than waited for: a waiting lock holds a snapshot, which CREATE INDEX CONCURRENTLY waits for.
    loop {
        let row = client.query_one("SELECT pg_try_advisory_lock($1)", &[&ADVISORY_LOCK]).await?;
        if row.try_get(0)? {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let migrated = runner("BIGINT", |step| step.postgres)?.run_async(&mut client).await;
    // The lock ends with the connection in any case.
    let _ = client.query_one("SELECT pg_advisory_unlock($1)", &[&ADVISORY_LOCK]).await;
    drop(client);
    let _ = driver.await;
    migrated.map(|_| ()).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_every_file_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let mut listed: Vec<String> = Vec::new();
        for step in STEPS {
            listed.push(step.name.to_owned());
            for (engine, own) in [("sqlite", step.sqlite), ("postgres", step.postgres)] {
                if !own.is_empty() {
                    listed.push(format!("{}.{engine}", step.name));
                }
            }
        }
        listed.sort();
        assert_eq!(files, listed);
        assert!(STEPS.is_sorted_by_key(|step| step.name), "the numbers rise");
    }
}
