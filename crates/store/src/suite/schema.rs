//! Both engines have the same schema, take every query, and answer each by an index.

use super::{Harness, Kind};
use crate::{
    Database,
    engine::{Query, postgres, sqlite},
};
use std::{collections::BTreeSet, path::PathBuf};

/// Every query of the store, as `module.NAME`.
fn queries() -> Vec<(String, Query)> {
    let modules = [
        ("agents", crate::agents::QUERIES),
        ("attributes", crate::attributes::QUERIES),
        ("calendars", crate::calendars::QUERIES),
        ("channel_accounts", crate::channel_accounts::QUERIES),
        ("customers", crate::customers::QUERIES),
        ("deliveries", crate::deliveries::QUERIES),
        ("files", crate::files::QUERIES),
        ("files", crate::files::FETCHING_QUERIES),
        ("idempotency", crate::idempotency::QUERIES),
        ("ids", crate::ids::QUERIES),
        ("entries", crate::entries::QUERIES),
        ("jobs", crate::jobs::QUERIES),
        ("labels", crate::labels::QUERIES),
        ("labels", crate::labels::CARRIED_QUERIES),
        ("log", crate::log::QUERIES),
        ("messages", crate::messages::QUERIES),
        ("notes", crate::notes::QUERIES),
        ("open", crate::open::QUERIES),
        ("profiles", crate::profiles::QUERIES),
        ("routes", crate::routes::QUERIES),
        ("lost", crate::lost::QUERIES),
        ("pauses", crate::pauses::QUERIES),
        ("scheduled", crate::scheduled::QUERIES),
        ("suppression", crate::suppression::QUERIES),
        ("search", crate::search::QUERIES),
        ("search", crate::search::INDEXING_QUERIES),
        ("threads", crate::threads::QUERIES),
        ("tokens", crate::tokens::QUERIES),
        ("webhooks", crate::webhooks::QUERIES),
        ("webhooks", crate::webhooks::FOLLOW_QUERIES),
        ("webhooks", crate::webhooks::DELIVERY_QUERIES),
        ("workspaces", crate::workspaces::QUERIES),
    ];
    let episodes = crate::episodes::ALL_QUERIES.map(|queries| ("episodes", queries));
    let merges = crate::merges::ALL_QUERIES.map(|queries| ("merges", queries));
    let inbound = crate::inbound::ALL_QUERIES.map(|queries| ("inbound", queries));
    modules
        .into_iter()
        .chain(episodes)
        .chain(inbound)
        .chain(merges)
        .flat_map(|(module, queries)| queries.iter().map(move |(name, query)| (format!("{module}.{name}"), *query)))
        .collect()
}

/// Queries that look through a whole table or index, and why they may.
const MAY_SCAN: &[(&str, &str)] = &[
    ("workspaces.LIST", "the process's own start; a workspace is a business"),
    ("ids.LIST_NODES", "at most 1,024 rows, at start"),
    ("ids.SERVED_AT", "at most 1,024 rows, for a link that a command prints"),
    ("channel_accounts.SECRETS_PAGE", "the command that changes keys looks at every account"),
    ("channel_accounts.ENDPOINTS", "the command that changes keys looks at every callback address"),
    ("channel_accounts.ALL_SEALED", "at start; an account is a page or a number of the business"),
    ("webhooks.ALL_SEALED", "at start; a workspace has a few webhooks"),
    ("webhooks.SECRETS_PAGE", "the command that changes keys looks at every webhook"),
    ("agents.COUNT_OWNERS", "the whole of an index that holds owners alone"),
    ("search.LAG", "a row for each workspace; a workspace is a business"),
    ("search.OPEN_CURSOR", "the highest number among the workspaces"),
    ("jobs.NEXT_DUE", "200 rows of the index of due jobs, in its order"),
    ("jobs.VOID_LEASES", "once, at the start of a process that is alone"),
];

/// SQLite's plan names the children of a row's foreign keys for an upsert; at run time it reads them only when a
/// violation is already pending.
const FOREIGN_KEY_CHECKS: &[&str] = &["inbound.UPSERT_ROUTES: SCAN message"];

fn may_scan(name: &str) -> bool {
    MAY_SCAN.iter().any(|(known, _)| *known == name)
}

fn sqlite_path(harness: &Harness) -> PathBuf {
    match &harness.config.database {
        Database::Sqlite { path } => path.clone(),
        Database::Postgres { .. } => panic!("not a file"),
    }
}

async fn postgres_client(harness: &Harness) -> tokio_postgres::Client {
    match &harness.config.database {
        Database::Postgres { url } => postgres::connect(url).await.unwrap().0,
        Database::Sqlite { .. } => panic!("not a server"),
    }
}

#[test]
fn every_module_with_queries_is_listed() {
    let mut with_queries = BTreeSet::new();
    for (path, text) in super::coverage::sources() {
        if text.contains("queries! {\n") && !path.starts_with("engine") {
            let module = path.split(['/', '.']).next().unwrap_or_default();
            with_queries.insert(module.to_owned());
        }
    }
    let listed: BTreeSet<String> =
        queries().iter().filter_map(|(name, _)| name.split_once('.').map(|(module, _)| module.to_owned())).collect();
    assert_eq!(with_queries, listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_prepares_every_query_and_numbers_its_parameters_as_written() {
    let harness = Harness::shared(Kind::Sqlite).await;
    let connection = sqlite::connect(&sqlite_path(&harness)).unwrap();
    for (name, query) in queries() {
        let statement = connection.prepare(query.sqlite()).unwrap_or_else(|error| panic!("{name}: {error}"));
        for place in 1..=statement.parameter_count() {
            assert_eq!(statement.parameter_name(place), Some(format!("${place}").as_str()), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_prepares_every_query_with_types_that_we_bind() {
    use tokio_postgres::types::Type;
    let harness = Harness::shared(Kind::Postgres).await;
    let client = postgres_client(&harness).await;
    for (name, query) in queries() {
        let statement = client.prepare(query.postgres()).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        for ty in statement.params() {
            let known =
                [Type::INT8, Type::TEXT, Type::BOOL, Type::INT8_ARRAY, Type::TEXT_ARRAY, Type::BOOL_ARRAY].contains(ty);
            assert!(known, "{name} binds a {ty}");
        }
        for column in statement.columns() {
            let known = [Type::INT8, Type::TEXT, Type::BOOL].contains(column.type_());
            assert!(known, "{name} gives {} as {}", column.name(), column.type_());
        }
        if let Query::Two { sqlite, postgres } = query {
            let most = |text: &str| (1..20).filter(|n| text.contains(&format!("${n}"))).max().unwrap_or(0);
            let sqlite_only = sqlite == "SELECT 1";
            assert!(sqlite_only || most(sqlite) == most(postgres), "{name}: the two texts take different parameters");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_answers_every_query_by_an_index() {
    let harness = Harness::shared(Kind::Sqlite).await;
    let connection = sqlite::connect(&sqlite_path(&harness)).unwrap();
    let mut slow = Vec::new();
    for (name, query) in queries().into_iter().filter(|(name, _)| !may_scan(name)) {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", query.sqlite())).unwrap();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let detail: String = row.get(3).unwrap();
            let line = format!("{name}: {detail}");
            // FTS5 calls every look a scan: "M…" is one by the lists of its tokens, "=" one by the row's id.
            let by_fts = detail
                .split_once(" VIRTUAL TABLE INDEX ")
                .and_then(|(_, index)| index.split_once(':'))
                .is_some_and(|(_, how)| how.starts_with(['M', '=']));
            let is_scan = detail.starts_with("SCAN ") && detail != "SCAN CONSTANT ROW" && !by_fts;
            if is_scan && !FOREIGN_KEY_CHECKS.contains(&line.as_str()) {
                slow.push(line);
            }
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_becomes_an_entry_never_enters_the_index_of_problems() {
    let file = Harness::shared(Kind::Sqlite).await;
    let sql = "SELECT sql FROM sqlite_master WHERE name = 'inbound_event_problem'";
    let server = Harness::shared(Kind::Postgres).await;
    let definition = "SELECT indexdef FROM pg_indexes WHERE indexname = 'inbound_event_problem'";
    for definition in [file.raw(sql, &[]).await, server.raw(definition, &[]).await] {
        assert_eq!(definition.len(), 1);
        assert!(definition[0].contains("unroutable") && !definition[0].contains("stored"), "{definition:?}");
    }
    // Those that wait are listed by the index of the workers.
    let (_, query) = queries().into_iter().find(|(name, _)| name == "inbound.LIST_STORED").unwrap();
    let connection = sqlite::connect(&sqlite_path(&file)).unwrap();
    let plan: String = connection
        .query_row(&format!("EXPLAIN QUERY PLAN {}", query.sqlite()), [3, 1, 1, 1], |row| row.get(3))
        .unwrap();
    assert_eq!(plan, "SEARCH inbound_event USING INDEX inbound_event_waiting (lane=? AND id<?)");
}

/// Nodes of a plan that read a whole table or a whole index.
fn scans(plan: &serde_json::Value, found: &mut Vec<String>) {
    match plan {
        serde_json::Value::Array(nodes) => nodes.iter().for_each(|node| scans(node, found)),
        serde_json::Value::Object(node) => {
            let text = |key: &str| node.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
            let kind = text("Node Type");
            let by_index = kind.contains("Index") && node.contains_key("Index Cond");
            if kind.ends_with("Scan") && !by_index && (kind == "Seq Scan" || kind.contains("Index")) {
                found.push(format!("{kind} of {}{}", text("Relation Name"), text("Index Name")));
            }
            node.values().for_each(|child| scans(child, found));
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_answers_every_query_by_an_index() {
    // Nobody else's rows: what a few of them tell the planner is no plan for many.
    let harness = Harness::own(Kind::Postgres).await;
    let client = postgres_client(&harness).await;
    let settings = [
        "enable_seqscan = off",
        "enable_hashjoin = off",
        "enable_mergejoin = off",
        "plan_cache_mode = force_generic_plan",
    ];
    for setting in settings {
        client.batch_execute(&format!("SET {setting}")).await.unwrap();
    }
    let mut slow = Vec::new();
    for (name, query) in queries().into_iter().filter(|(name, _)| !may_scan(name)) {
        let count = client.prepare(query.postgres()).await.unwrap().params().len();
        client.batch_execute(&format!("PREPARE explained AS {}", query.postgres())).await.unwrap();
        let nulls = vec!["NULL"; count].join(", ");
        let call = if count == 0 { String::new() } else { format!("({nulls})") };
        let rows = client.simple_query(&format!("EXPLAIN (FORMAT JSON) EXECUTE explained{call}")).await.unwrap();
        client.batch_execute("DEALLOCATE explained").await.unwrap();
        let plan = rows.iter().find_map(|row| match row {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        let mut found = Vec::new();
        scans(&serde_json::from_str(&plan.unwrap()).unwrap(), &mut found);
        slow.extend(found.into_iter().map(|scan| format!("{name}: {scan}")));
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

#[test]
fn the_list_of_queries_that_may_scan_names_queries() {
    let names: BTreeSet<String> = queries().into_iter().map(|(name, _)| name).collect();
    for (name, why) in MAY_SCAN {
        assert!(names.contains(*name), "{name} is gone");
        assert!(!why.is_empty());
    }
}

/// A schema as lines that both engines can say.
type Schema = BTreeSet<String>;

/// All but `search_index`, which shares nothing but its name: a table of FTS5 here, one with a GIN index there.
fn sqlite_schema(connection: &rusqlite::Connection) -> Schema {
    let lines = |sql: &str| -> Vec<Vec<String>> {
        let mut statement = connection.prepare(sql).unwrap();
        let count = statement.column_count();
        let mut rows = statement.raw_query();
        let mut lines = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            lines.push((0..count).map(|n| row.get::<_, String>(n).unwrap()).collect());
        }
        lines
    };
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'refinery%' AND name NOT LIKE 'search_index%'";
    let mut schema = Schema::new();
    for line in lines(&format!(
        "SELECT t.name, c.name, c.type, c.\"notnull\" OR c.pk > 0, coalesce(c.dflt_value, '') FROM ({tables}) t JOIN pragma_table_info(t.name) c"
    ).replace("c.\"notnull\" OR c.pk > 0", "CAST(c.\"notnull\" OR c.pk > 0 AS TEXT)")) {
        let ty = if line[2] == "INTEGER" { "BIGINT" } else { &line[2] };
        schema.insert(format!("column {}.{} {ty} required={} default={}", line[0], line[1], line[3], line[4]));
    }
    for line in lines(&format!(
        "SELECT t.name, i.name, CAST(i.\"unique\" AS TEXT), CAST(i.partial AS TEXT), i.origin, (SELECT group_concat(n.name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) n) FROM ({tables}) t JOIN pragma_index_list(t.name) i WHERE i.origin <> 'pk'"
    )) {
        let name = if line[4] == "u" { "" } else { &line[1] };
        schema.insert(format!("index {name} on {}({}) unique={} partial={}", line[0], line[5], line[2], line[3]));
    }
    for line in lines(&format!(
        "SELECT t.name, (SELECT group_concat(c.name, ',') FROM (SELECT name FROM pragma_table_info(t.name) WHERE pk > 0 ORDER BY pk) c) FROM ({tables}) t"
    )) {
        schema.insert(format!("primary key of {}({})", line[0], line[1]));
    }
    for line in lines(&format!(
        "SELECT t.name, f.\"from\", f.\"table\", f.\"to\" FROM ({tables}) t JOIN pragma_foreign_key_list(t.name) f"
    )) {
        schema.insert(format!("{}.{} refers to {}.{}", line[0], line[1], line[2], line[3]));
    }
    for line in lines("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql LIKE '%CHECK (%'") {
        schema.insert(format!("checks of {}: {}", line[0], line[1].matches("CHECK").count()));
    }
    schema
}

async fn postgres_schema(client: &tokio_postgres::Client) -> Schema {
    let mut schema = Schema::new();
    let statements = [
        "SELECT format('column %s.%s %s required=%s default=%s', table_name, column_name, upper(data_type), CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END, replace(coalesce(column_default, ''), '::text', ''))
           FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'refinery%' AND table_name <> 'search_index'",
        "SELECT format('index %s on %s(%s) unique=%s partial=%s', CASE WHEN k.oid IS NULL THEN c.relname::text ELSE '' END, t.relname,
                (SELECT string_agg(a.attname, ',' ORDER BY u.place) FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(num, place) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.num),
                i.indisunique::int, (i.indpred IS NOT NULL)::int)
           FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
           LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype = 'u'
          WHERE n.nspname = 'public' AND NOT i.indisprimary AND t.relname NOT LIKE 'refinery%' AND t.relname <> 'search_index'",
        "SELECT format('primary key of %s(%s)', t.relname, (SELECT string_agg(a.attname, ',' ORDER BY u.place) FROM unnest(k.conkey) WITH ORDINALITY u(num, place) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.num))
           FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
          WHERE k.contype = 'p' AND n.nspname = 'public' AND t.relname NOT LIKE 'refinery%' AND t.relname <> 'search_index'",
        "SELECT format('%s.%s refers to %s.%s', t.relname, a.attname, r.relname, b.attname)
           FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace n ON n.oid = t.relnamespace
           JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1] JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = k.confkey[1]
          WHERE k.contype = 'f' AND n.nspname = 'public'",
        "SELECT format('checks of %s: %s', t.relname, count(*)) FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
          WHERE k.contype = 'c' AND n.nspname = 'public' GROUP BY t.relname",
    ];
    for statement in statements {
        for row in client.query(statement, &[]).await.unwrap() {
            // PostgreSQL names a default's type and writes flags small.
            let line: String = row.get(0);
            schema.insert(line.replace("::text", "").replace("default=false", "default=FALSE"));
        }
    }
    schema
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_have_the_same_schema() {
    let file = Harness::shared(Kind::Sqlite).await;
    let server = Harness::shared(Kind::Postgres).await;
    let one = sqlite_schema(&sqlite::connect(&sqlite_path(&file)).unwrap());
    let other = postgres_schema(&postgres_client(&server).await).await;
    assert!(one.len() > 100, "the comparison sees the schema: {one:#?}");
    let differences: Vec<&String> = one.symmetric_difference(&other).collect();
    assert!(differences.is_empty(), "{differences:#?}");
}
