//! A PostgreSQL server for tests: the one that `TEST_PG_URL` names, or our own, started once by `.ci/pg start`.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio_postgres::{Config, NoTls};

/// The server's address without a database: `host=… port=… user=… password=…`, or whatever `TEST_PG_URL` says.
///
/// The first call of a process may take seconds (it starts the server); later ones take nothing. `.ci/pg` is safe to
/// run from many processes at once. The server outlives the tests.
///
/// # Panics
/// When there is no server and none can be started; the message says what to do.
pub fn server() -> &'static str {
    static SERVER: OnceLock<String> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var("TEST_PG_URL") {
        Ok(url) if !url.trim().is_empty() => url.trim().to_owned(),
        _ => start(),
    })
}

fn start() -> String {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.ci/pg");
    let help = "start one with `.ci/pg start`, or name one in TEST_PG_URL";
    let output = Command::new(&script)
        .arg("start")
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("no PostgreSQL for this test: .ci/pg does not run ({error}); {help}"));
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(
        output.status.success(),
        "no PostgreSQL for this test: `.ci/pg start` failed ({}): {}; {help}",
        output.status,
        said(&output.stderr)
    );
    // Installing the server may print lines of its own before; the address is the last one.
    let address = said(&output.stdout).lines().last().unwrap_or_default().to_owned();
    assert!(!address.is_empty(), "`.ci/pg start` gave no address; {help}");
    address
}

/// A new, empty database of this process (`t_PID_N`), and its address in the key-value form that `tokio_postgres`
/// reads. It is not dropped; `.ci/pg clean` removes those of ended processes.
///
/// Cheap enough for migrations, jobs and restarts (some 200 ms); tests that can share one database take a fresh
/// workspace in it instead.
///
/// # Panics
/// When the server cannot be reached or refuses.
pub async fn fresh_database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("t_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    // Starting the server blocks for seconds.
    let server = tokio::task::spawn_blocking(server).await.expect("the start of PostgreSQL did not panic");
    let mut config: Config = server.parse().expect("the address of the test server can be read");
    config.dbname("postgres").connect_timeout(Duration::from_secs(10));
    let (client, connection) = config.connect(NoTls).await.expect("the test server takes connections");
    let running = tokio::spawn(connection);
    // A process id may come again before the databases of its last bearer were cleaned away.
    for statement in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")] {
        client.batch_execute(&statement).await.expect("the test server makes databases");
    }
    drop(client);
    // Closed by us: whatever it ends with tells nothing.
    let _ = running.await;
    with_database(server, &name)
}

/// The address with another database in it, for both forms of an address.
fn with_database(server: &str, name: &str) -> String {
    match server.split_once("://") {
        None => {
            let others = server.split_whitespace().filter(|part| !part.starts_with("dbname="));
            format!("{} dbname={name}", others.collect::<Vec<_>>().join(" "))
        }
        Some((scheme, rest)) => {
            let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
            let host = place.split_once('/').map_or(place, |(host, _)| host);
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            format!("{scheme}://{host}/{name}{query}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_put_into_both_forms_of_an_address() {
        assert_eq!(with_database("host=h port=1 dbname=x user=u", "t_1"), "host=h port=1 user=u dbname=t_1");
        assert_eq!(
            with_database("postgres://u:p@h:1/x?sslmode=disable", "t_1"),
            "postgres://u:p@h:1/t_1?sslmode=disable"
        );
        assert_eq!(with_database("postgres://u@h", "t_1"), "postgres://u@h/t_1");
    }

    #[tokio::test]
    async fn each_call_gives_an_empty_database_of_its_own() {
        let (one, two) = tokio::join!(fresh_database(), fresh_database());
        assert_ne!(one, two);
        for address in [one, two] {
            let (client, connection) = address.parse::<Config>().unwrap().connect(NoTls).await.unwrap();
            tokio::spawn(connection);
            let row =
                client.query_one("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap();
            assert_eq!(row.get::<_, i64>(0), 0);
        }
    }
}
