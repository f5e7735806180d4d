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
    ("V0004__search", include_str!("../migrations/V0004__search.sql")),
    ("V0005__catalogue", include_str!("../migrations/V0005__catalogue.sql")),
    ("V0006__files", include_str!("../migrations/V0006__files.sql")),
    ("V0007__merging", include_str!("../migrations/V0007__merging.sql")),
    ("V0009__inbound_problem_index", include_str!("../migrations/V0009__inbound_problem_index.sql")),
    ("V0010__delivery", include_str!("../migrations/V0010__delivery.sql")),
    ("V0011__media", include_str!("../migrations/V0011__media.sql")),
    ("V0012__labels_on_episodes", include_str!("../migrations/V0012__labels_on_episodes.sql")),
    ("V0013__pictures", include_str!("../migrations/V0013__pictures.sql")),
];

/// What a step does on one engine alone, after its text for both: the files `NAME.sqlite.sql` and `NAME.postgres.sql`.
const OWN: &[(&str, &str, &str)] = &[(
    "V0004__search",
    include_str!("../migrations/V0004__search.sqlite.sql"),
    include_str!("../migrations/V0004__search.postgres.sql"),
)];

/// How the engines write the type of a row's own key.
const SQLITE_ID: &str = "INTEGER";
const POSTGRES_ID: &str = "BIGINT";

/// The advisory lock that migrating processes take turns under: "onethread" as a number of ours.
const ADVISORY_LOCK: i64 = 0x006f_6e65_7468_7264;

/// What applies the steps that a database has not had, in order. A step with a smaller number that came later (two were
/// written side by side) is made up for: that is what refinery's `U` stands for, and the names keep their `V` for people.
fn runner(steps: &[(&str, &str)], id_type: &str) -> Result<Runner> {
    let steps = steps
        .iter()
        .map(|(name, text)| {
            Migration::unapplied(&name.replacen('V', "U", 1), &(text.replace("{ID}", id_type) + own(name, id_type)))
        })
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| StoreError::Setup(format!("a schema step is misnamed: {error}")))?;
    Ok(Runner::new(&steps))
}

fn own(name: &str, id_type: &str) -> &'static str {
    let found = OWN.iter().find(|(known, ..)| *known == name);
    found.map_or("", |(_, sqlite, postgres)| if id_type == SQLITE_ID { sqlite } else { postgres })
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
    runner(STEPS, SQLITE_ID)?.run(&mut connection).map_err(|error| failed(&error))?;
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
    let migrated = runner(STEPS, POSTGRES_ID)?.run_async(&mut client).await;
    // The lock ends with the connection in any case.
    let _ = client.query_one("SELECT pg_advisory_unlock($1)", &[&ADVISORY_LOCK]).await;
    drop(client);
    let _ = driver.await;
    migrated.map(|_| ()).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: (&str, &str) = ("V0001__one", "CREATE TABLE one (id {ID} PRIMARY KEY);");
    const TWO: (&str, &str) = ("V0002__two", "ALTER TABLE one ADD COLUMN two BIGINT;");
    const NINE: (&str, &str) = ("V0009__nine", "ALTER TABLE one ADD COLUMN nine BIGINT;");

    #[test]
    fn a_step_that_came_later_is_made_up_for() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        let mut run = |steps: &[(&str, &str)]| {
            let report = runner(steps, "INTEGER").unwrap().run(&mut connection).map_err(|error| error.to_string())?;
            Ok::<_, String>(report.applied_migrations().iter().map(Migration::version).collect::<Vec<_>>())
        };
        assert_eq!(run(&[ONE, NINE]), Ok(vec![1, 9]));
        assert_eq!(run(&[ONE, TWO, NINE]), Ok(vec![2]), "between the others, once");
        assert_eq!(run(&[ONE, TWO, NINE]), Ok(vec![]));
        assert!(run(&[ONE, NINE]).is_err(), "a database from a newer version is refused");
        assert!(run(&[ONE, TWO, ("V0009__nine", "SELECT 9;")]).is_err(), "a step that was changed, too");
    }

    #[test]
    fn the_list_names_every_file_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let mut listed: Vec<String> = STEPS.iter().map(|(name, _)| (*name).to_owned()).collect();
        listed.extend(OWN.iter().flat_map(|(name, ..)| [format!("{name}.sqlite"), format!("{name}.postgres")]));
        listed.sort();
        assert_eq!(files, listed);
    }
}
