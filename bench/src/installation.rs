//! Installations to measure: a folder, a database, the server on it.

use crate::{
    database::Database,
    error::Result,
    http::post_json,
    messages::{APP_SECRET, Target, target},
    process::Watched,
};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use testkit::{
    binary::{Program, Serving},
    graph::{GraphStandIn, Page},
};

/// The folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The server's binary: the one named, or that of the release build.
pub fn binary(named: Option<PathBuf>) -> Result<PathBuf> {
    let built = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let path = named.unwrap_or_else(|| built.join("release/onethread"));
    match path.canonicalize() {
        Ok(path) if path.is_file() => Ok(path),
        _ => {
            Err(format!("{} is not there; build it with `make build`, or name one with --binary", path.display())
                .into())
        }
    }
}

/// Where an engine's installations live: a folder of this run, and the cluster if there is one.
pub struct Place {
    // Stops before its folder goes.
    cluster: Option<Cluster>,
    folder: tempfile::TempDir,
}

/// A PostgreSQL cluster of this run alone, with the settings that it comes with.
struct Cluster {
    folder: PathBuf,
    /// `host=… port=… user=… password=…`.
    address: String,
    first_process: u32,
}

impl Place {
    /// SQLite in a folder of this run.
    pub fn sqlite(scratch: &Path) -> Result<Self> {
        Ok(Self { folder: folder(scratch)?, cluster: None })
    }

    /// A PostgreSQL cluster in a folder of this run.
    pub async fn postgres(scratch: &Path) -> Result<Self> {
        let folder = folder(scratch)?;
        let cluster = folder.path().join("cluster");
        // The server runs as a user of its own, who has to reach the cluster.
        open_to_others(folder.path())?;
        let output = control("start", &cluster)?;
        let address = output.lines().last().unwrap_or_default().trim().to_owned();
        let process = fs::read_to_string(cluster.join("data/postmaster.pid"))?;
        let first_process = process.lines().next().unwrap_or_default().trim().parse()?;
        Ok(Self { folder, cluster: Some(Cluster { folder: cluster, address, first_process }) })
    }

    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        if self.cluster.is_some() { "postgres" } else { "sqlite" }
    }

    /// Where the database keeps its files: the disk that is probed.
    pub fn disk(&self) -> &Path {
        self.folder.path()
    }

    /// A fresh database (and the folder of an installation that uses it).
    pub async fn database(&self, name: &str) -> Result<Database> {
        match &self.cluster {
            None => Ok(Database::Sqlite(self.data(name).join("onethread.db"))),
            Some(cluster) => Database::create_postgres(&cluster.address, name).await,
        }
    }

    /// The data folder of an installation.
    pub fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Nothing can be done about a cluster that does not stop; its folder is this run's own.
        let _ = control("stop", &self.folder);
    }
}

fn folder(scratch: &Path) -> Result<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("onethread-bench-").tempdir_in(scratch)?)
}

fn open_to_others(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?)
}

fn control(verb: &str, folder: &Path) -> Result<String> {
    let output = Command::new(root().join(".ci/pg")).arg(verb).arg(folder).output()?;
    if !output.status.success() {
        return Err(format!("no PostgreSQL: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// An installation with a channel account; its server can be started again and again.
pub struct Installation {
    program: Program,
    first_process: Option<u32>,
    /// Where its data is counted.
    pub database: Database,
    /// An owner's token.
    pub token: String,
    callback_path: String,
    // Nothing is sent out, but who somebody is gets asked; nobody is known there.
    _provider: GraphStandIn,
}

/// A running server.
pub struct Server {
    serving: Serving,
    /// Where callbacks go.
    pub target: Target,
    /// Whose processor time is counted.
    pub watched: Watched,
}

impl Installation {
    /// Makes one: a token by the command line, the account by the API.
    pub async fn create(binary: &Path, place: &Place, name: &str) -> Result<Self> {
        let (data, database) = (place.data(name), place.database(name).await?);
        let mut arguments = vec!["--data".into(), data.clone().into_os_string()];
        if let Database::Postgres(address) = &database {
            arguments.extend(["--database".into(), address.into()]);
        }
        fs::create_dir_all(&data)?;
        let made = Command::new(binary)
            .args(["token", "create", "--name", "bench", "--role", "owner"])
            .args(&arguments)
            .output()?;
        if !made.status.success() {
            return Err(format!("no token: {}", String::from_utf8_lossy(&made.stderr).trim()).into());
        }
        let token = String::from_utf8(made.stdout)?.trim().to_owned();
        // The log goes to a file, as under a service manager; this program would pay for reading a pipe.
        let mut program = Program::new("/bin/sh")
            .arg("-c")
            .arg("log=$1; shift; exec \"$@\" 2>>\"$log\"")
            .arg("sh")
            .arg(data.with_extension("log"))
            .arg(binary)
            .arg("serve")
            .arg("--listen")
            .arg("127.0.0.1:0");
        for argument in arguments {
            program = program.arg(argument);
        }
        let first_process = place.cluster.as_ref().map(|cluster| cluster.first_process);
        let (page, provider) = (Page::default(), GraphStandIn::start().await);
        let api_base = provider.base();
        let callback_path = String::new();
        let mut installation = Self { program, first_process, database, token, callback_path, _provider: provider };
        let server = installation.start()?;
        let account = post_json(
            &server.target.address,
            "/api/v1/channel-accounts",
            &installation.token,
            &json!({
                "kind": "messenger",
                "name": "Bench",
                "settings": { "page_id": page.id, "api_base": api_base },
                "secrets": { "page_access_token": page.token, "app_secret": APP_SECRET },
            }),
        )
        .await?;
        installation.callback_path =
            account["callback_path"].as_str().ok_or("the account has no callback path")?.to_owned();
        server.stop();
        Ok(installation)
    }

    /// Where callbacks go, once a server runs.
    pub fn target(&self) -> Target {
        Target { address: String::new(), path: self.callback_path.clone() }
    }

    /// Starts the server and waits for its address.
    pub fn start(&self) -> Result<Server> {
        let serving = self.program.start();
        let target = target(serving.address(), &self.callback_path)?;
        let watched = Watched { server: serving.id(), database: self.first_process };
        Ok(Server { serving, target, watched })
    }
}

impl Server {
    /// Asks it to stop and waits.
    pub fn stop(self) {
        // A server that has to be killed loses nothing that was acknowledged: the counts show it.
        let _ = self.serving.stop(Duration::from_secs(25));
    }
}
