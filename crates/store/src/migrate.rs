//! Bringing the schema up to date. One text per step for both engines; several processes may start at once.

use crate::{
    engine::{postgres, sqlite},
    error::{Result, StoreError},
};
use refinery::{Migration, Runner};
use std::{fs::File, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

/// The steps in order. A test compares the list with the folder. Released steps never change.
const STEPS: &[(&str, &str)] = &[
    ("V0001__start", include_str!("../migrations/V0001__start.sql")),
    ("V0002__episodes", include_str!("../migrations/V0002__episodes.sql")),
    ("V0003__webhooks", include_str!("../migrations/V0003__webhooks.sql")),
    ("V0006__files", include_str!("../migrations/V0006__files.sql")),
    ("V0007__merging", include_str!("../migrations/V0007__merging.sql")),
];

/// The advisory lock that migrating processes take turns under: "onethread" as a number of ours.
const ADVISORY_LOCK: i64 = 0x006f_6e65_7468_7264;

/// The steps of one release are written side by side, and a number may be filled in after a higher one ran somewhere. To
/// refinery a step named `U` is like one named `V`, checksum included, but it runs late rather than not at all.
fn runner(steps: &[(&str, &str)], id_type: &str) -> Result<Runner> {
    let steps = steps
        .iter()
        .map(|(name, text)| Migration::unapplied(&name.replacen('V', "U", 1), &text.replace("{ID}", id_type)))
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
    runner(STEPS, "INTEGER")?.run(&mut connection).map_err(|error| failed(&error))?;
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
    let migrated = runner(STEPS, "BIGINT")?.run_async(&mut client).await;
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
    fn a_number_that_is_filled_in_later_still_runs() {
        let first = ("V0001__first", "CREATE TABLE first (id {ID})");
        let third = ("V0003__third", "CREATE TABLE third (id {ID})");
        let second = ("V0002__second", "ALTER TABLE first ADD COLUMN more BIGINT");
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        let named_v = Migration::unapplied(first.0, &first.1.replace("{ID}", "INTEGER")).unwrap();
        Runner::new(&[named_v]).run(&mut connection).unwrap();
        runner(&[first, third], "INTEGER").unwrap().run(&mut connection).unwrap();
        for _ in 0..2 {
            runner(&[first, second, third], "INTEGER").unwrap().run(&mut connection).unwrap();
        }
        connection.execute("INSERT INTO first (id, more) SELECT 1, count(*) FROM third", []).unwrap();
        let from_newer = runner(&[first, second], "INTEGER").unwrap().run(&mut connection).unwrap_err();
        assert!(from_newer.to_string().contains("third"), "{from_newer}");
        let changed = ("V0003__third", "CREATE TABLE other (id {ID})");
        runner(&[first, second, changed], "INTEGER").unwrap().run(&mut connection).unwrap_err();
    }

    #[test]
    fn the_list_names_every_file_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        files.sort();
        assert_eq!(files, STEPS.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
    }
}
