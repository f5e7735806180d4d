//! A long history: messages as people write them (words of very different frequency by Zipf's law, Latin letters with marks, Han
//! characters, order numbers) with their customers, threads, episodes and log. The rows are the server's own, written beside it
//! while it does not run.

use crate::{
    database::{Database, connect},
    error::Result,
};
use model::{
    CustomerId, ThreadId, Timestamp,
    episode::{EpisodeEvent, EpisodeRules, Handler, open, step},
};
use rusqlite::types::Value;
use testkit::random::Random;
use tokio_postgres::{Client, types::ToSql};

/// Different words.
const WORDS: usize = 40_000;
/// Different Han characters.
const HAN: usize = 3_000;
/// Messages of one customer.
pub const PER_CUSTOMER: usize = 10;
/// The customers who wrote a tenth of everything each.
pub const TALKATIVE: usize = 2;
/// Messages of one transaction.
const CHUNK: usize = 5_000;
/// Messages that hold the rare word.
pub const RARE: usize = 5;
/// The word that few messages hold.
pub const RARE_WORD: &str = "kalideskopas";
/// Between two ids: as if a message came each few milliseconds.
const ID_STEP: i64 = 20_000_000;

// The tables that are filled, in the order in which rows name each other.
const CUSTOMER: usize = 0;
const THREAD: usize = 1;
const IDENTITY: usize = 2;
const ROUTE: usize = 3;
const EPISODE: usize = 4;
const MESSAGE: usize = 5;
const LOG: usize = 6;

/// Makes texts.
pub struct Corpus {
    random: Random,
    words: Vec<String>,
    /// Rising shares of the words and characters; a random share finds one.
    shares: Vec<f64>,
    han_shares: Vec<f64>,
}

fn shares(count: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let mut rising: Vec<f64> = (1..=count)
        .map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        })
        .collect();
    rising.iter_mut().for_each(|share| *share /= sum);
    rising
}

impl Corpus {
    /// The same each time.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::seeded(seed);
        let beginnings =
            ["š", "gr", "k", "pa", "l", "ž", "st", "m", "ā", "tr", "n", "už", "b", "d", "v", "zw", "p", "r"];
        let middles = ["ą", "i", "e", "ie", "o", "ū", "au", "ė", "ł", "a", "ē"];
        let ends = ["s", "ti", "nk", "ć", "m", "ķis", "r", "l", "", "žas"];
        let mut words = Vec::with_capacity(WORDS);
        for number in 0..WORDS {
            let mut word = String::new();
            for _ in 0..=(number + 1).ilog10().min(3) {
                word += beginnings[random.below(beginnings.len())];
                word += middles[random.below(middles.len())];
            }
            words.push(word + ends[random.below(ends.len())]);
        }
        Self { random, words, shares: shares(WORDS), han_shares: shares(HAN) }
    }

    fn rank(&mut self, of_han: bool) -> usize {
        let share = (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let shares = if of_han { &self.han_shares } else { &self.shares };
        shares.partition_point(|rising| *rising < share).min(shares.len() - 1)
    }

    /// A word, common ones more often.
    pub fn word(&mut self) -> String {
        let rank = self.rank(false);
        self.words[rank].clone()
    }

    /// The word of a rank; 0 is the most common.
    pub fn word_of_rank(&self, rank: usize) -> &str {
        &self.words[rank]
    }

    /// Han characters in a row.
    pub fn han(&mut self, count: usize) -> String {
        // Ranks are scattered over the block, so that pairs are of every frequency.
        (0..count)
            .filter_map(|_| char::from_u32(0x4e00 + u32::try_from(self.rank(true) * 6 % 20_000).unwrap_or(0)))
            .collect()
    }

    /// One of several numbers.
    pub fn below(&mut self, end: usize) -> usize {
        self.random.below(end)
    }

    /// What a message says: about 14 words, or 24 Han characters in one of five.
    fn text(&mut self) -> String {
        let mut text = if self.random.chance(0.2) {
            format!("{}，{}。", self.han(10), self.han(14))
        } else {
            let count = 4 + self.random.below(20);
            let words: Vec<String> = (0..count).map(|_| self.word()).collect();
            words.join(" ")
        };
        if self.random.chance(0.1) {
            text += &format!(" NV-{}", 10_000 + self.random.below(900_000));
        }
        text
    }

    /// A person's name.
    fn name(&mut self) -> String {
        format!("{} {}", self.word(), self.word())
    }
}

/// A table's rows, written as the engine likes it.
struct Rows {
    table: &'static str,
    columns: &'static str,
    /// `i` number, `t` text, `b` flag, for each column.
    types: &'static str,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    fn new(table: &'static str, columns: &'static str, types: &'static str) -> Self {
        Self { table, columns, types, rows: Vec::new() }
    }

    fn write_sqlite(&mut self, connection: &rusqlite::Connection) -> Result<()> {
        let places: Vec<String> = (1..=self.types.len()).map(|place| format!("?{place}")).collect();
        let sql = format!("INSERT INTO {} ({}) VALUES ({})", self.table, self.columns, places.join(", "));
        let mut statement = connection.prepare_cached(&sql)?;
        for row in self.rows.drain(..) {
            statement.execute(rusqlite::params_from_iter(row))?;
        }
        Ok(())
    }

    async fn write_postgres(&mut self, client: &Client) -> Result<()> {
        let mut columns: Vec<Box<dyn ToSql + Sync + Send>> = Vec::new();
        let mut places = Vec::new();
        for (column, kind) in self.types.chars().enumerate() {
            let values = self.rows.iter().map(|row| &row[column]);
            let number = |value: &Value| if let Value::Integer(number) = value { *number } else { 0 };
            let (array, name): (Box<dyn ToSql + Sync + Send>, &str) = match kind {
                'i' => (Box::new(values.map(number).collect::<Vec<i64>>()), "bigint"),
                'b' => (Box::new(values.map(|value| number(value) != 0).collect::<Vec<bool>>()), "boolean"),
                _ => {
                    let text = |value: &Value| if let Value::Text(text) = value { text.clone() } else { String::new() };
                    (Box::new(values.map(text).collect::<Vec<String>>()), "text")
                }
            };
            columns.push(array);
            places.push(format!("${}::{name}[]", column + 1));
        }
        let sql = format!("INSERT INTO {} ({}) SELECT * FROM UNNEST({})", self.table, self.columns, places.join(", "));
        let parameters: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column.as_ref() as _).collect();
        client.execute(&sql, &parameters).await?;
        self.rows.clear();
        Ok(())
    }
}

enum Target {
    Sqlite(rusqlite::Connection),
    Postgres(Client),
}

impl Target {
    async fn numbers(&self, sql: &str) -> Result<(i64, i64)> {
        Ok(match self {
            Self::Sqlite(connection) => connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?,
            Self::Postgres(client) => {
                let row = client.query_one(sql, &[]).await?;
                (row.try_get(0)?, row.try_get(1)?)
            }
        })
    }

    async fn run(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql)?,
            Self::Postgres(client) => client.batch_execute(sql).await?,
        }
        Ok(())
    }

    async fn write(&self, tables: &mut [Rows]) -> Result<()> {
        self.run("BEGIN").await?;
        for rows in tables {
            match self {
                Self::Sqlite(connection) => rows.write_sqlite(connection)?,
                Self::Postgres(client) => rows.write_postgres(client).await?,
            }
        }
        self.run("COMMIT").await
    }
}

/// Whom the history is with.
#[derive(Debug, Default)]
pub struct History {
    /// A thread for each customer.
    pub threads: Vec<ThreadId>,
    /// Those who wrote most, with their threads; the one with the older thread first.
    pub talkative: Vec<(CustomerId, ThreadId)>,
}

/// What an episode is once its customer wrote at a time.
fn episode_facts(at: i64) -> Result<String> {
    let opened = open(Handler::Human, Timestamp(at)).facts;
    let spoken = step(&opened, &EpisodeEvent::CustomerMessage, Timestamp(at), &EpisodeRules::default())?;
    Ok(serde_json::to_string(&spoken.facts)?)
}

/// Writes so many messages with their customers, threads, episodes and log, beside a server that does not run.
pub async fn write(database: &Database, corpus: &mut Corpus, messages: usize) -> Result<History> {
    let target = match database {
        Database::Sqlite(path) => Target::Sqlite(rusqlite::Connection::open(path)?),
        Database::Postgres(address) => Target::Postgres(connect(address).await?),
    };
    let (workspace, account) = target.numbers("SELECT workspace_id, id FROM channel_account").await?;
    let (mut seq, _) = target.numbers("SELECT seq, workspace_id FROM log_head").await?;
    let mut id: i64 = 1;
    let mut tables = [
        Rows::new("customer", "id, workspace_id, name, created_at", "iiti"),
        Rows::new("thread", "id, workspace_id, customer_id, created_at, last_activity_at", "iiiii"),
        Rows::new("identity", "id, workspace_id, customer_id, namespace, address, created_at", "iiitti"),
        Rows::new("route", "id, workspace_id, identity_id, channel_account_id, blocked, created_at", "iiiibi"),
        Rows::new(
            "episode",
            "id, workspace_id, identity_id, state, ball, subject, topic, opened_at, last_activity_at, facts, objects, version",
            "iiittttiitti",
        ),
        Rows::new(
            "message",
            "id, workspace_id, identity_id, route_id, channel_account_id, direction, author_kind, author_name, blocks, not_shown, at, external_id, tries, episode_id, recorded_at",
            "iiiiitttttitiii",
        ),
        Rows::new(
            "log",
            "workspace_id, shard, seq, at, kind, shown, customer_id, thread_id, identity_id, entry_id",
            "iiiitbiiii",
        ),
    ];
    let mut history = History::default();
    let (int, text) = (Value::Integer, |text: String| Value::Text(text));
    let word = |word: &str| Value::Text(word.to_owned());
    let mut people: Vec<[i64; 5]> = Vec::new();
    for number in 0..messages {
        // An order of rising ids and times, as it would have grown.
        id += ID_STEP;
        let at = 1_770_000_000_000 + number as i64 * 1_000;
        if number % PER_CUSTOMER == 0 {
            let person = [id + 1, id + 2, id + 3, id + 4, id + 5];
            let [customer, thread, identity, route, episode] = person;
            let address = format!("7{:014}", 31 * people.len());
            tables[CUSTOMER].rows.push(vec![int(customer), int(workspace), text(corpus.name()), int(at)]);
            tables[THREAD].rows.push(vec![int(thread), int(workspace), int(customer), int(at), int(at)]);
            tables[IDENTITY].rows.push(vec![
                int(identity),
                int(workspace),
                int(customer),
                word("bench"),
                text(address),
                int(at),
            ]);
            tables[ROUTE].rows.push(vec![int(route), int(workspace), int(identity), int(account), int(0), int(at)]);
            seq += 1;
            let record = [workspace, 0, seq, at].map(int).into_iter();
            let record = record.chain([word("customer.created"), int(0)]);
            tables[LOG].rows.push(record.chain([customer, thread, identity, customer].map(int)).collect());
            let row = [episode, workspace, identity].map(int).into_iter();
            let row = row.chain(["new", "human", "", ""].map(word)).chain([at, at].map(int));
            tables[EPISODE].rows.push(row.chain([text(episode_facts(at)?), word("[]"), int(1)]).collect());
            people.push(person);
            history.threads.push(ThreadId(thread));
            if history.talkative.len() < TALKATIVE {
                history.talkative.push((CustomerId(customer), ThreadId(thread)));
            }
        }
        let writer = match corpus.below(10) {
            talkative if talkative < TALKATIVE.min(people.len()) => talkative,
            _ => corpus.below(people.len()),
        };
        let [customer, thread, identity, route, episode] = people[writer];
        let mut words = corpus.text();
        if number % (messages / RARE).max(1) == 0 {
            words = format!("{RARE_WORD} {words}");
        }
        let blocks = serde_json::json!([{ "type": "text", "text": words }]).to_string();
        tables[MESSAGE].rows.push(vec![
            int(id),
            int(workspace),
            int(identity),
            int(route),
            int(account),
            word("inbound"),
            word("customer"),
            word(""),
            text(blocks),
            word("[]"),
            int(at),
            text(format!("m_corpus.{number}")),
            int(0),
            int(episode),
            int(at),
        ]);
        seq += 1;
        let record = [workspace, 0, seq, at].map(int).into_iter();
        let record = record.chain([word("message.received"), int(1)]);
        tables[LOG].rows.push(record.chain([customer, thread, identity, id].map(int)).collect());
        if number % CHUNK == CHUNK - 1 || number + 1 == messages {
            target.write(&mut tables).await?;
        }
    }
    target.run(&format!("UPDATE log_head SET seq = {seq}")).await?;
    match &target {
        // Not on SQLite: what it would learn of the still empty index makes FTS5's own statements read all of it.
        Target::Sqlite(_) => {}
        // As its own housekeeping would do soon.
        Target::Postgres(_) => target.run("ANALYZE").await?,
    }
    Ok(history)
}
