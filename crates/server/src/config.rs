//! The configuration: defaults, then a TOML file, then the environment, then flags.
//!
//! One table ([`Config`]'s) documents every setting; the sample file and the reference page are made from it. Every
//! fault is reported at once, each with the key, what is wrong and what would be right.

mod layers;
mod values;

pub use layers::{Fault, Flags};
pub use values::{DatabaseAddress, LogFormat, LogLevel, PublicUrl, SecretKeys, Whole};

use channel::http::AllowList;
use layers::Layers;
use std::{fmt::Write as _, net::SocketAddr, path::PathBuf};

/// What is known of a setting without reading it.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key in a file; in the environment with `ONETHREAD_` before it, in capitals.
    pub name: &'static str,
    /// What it is counted in, or the form it has.
    pub unit: &'static str,
    /// The default, as it would be written; empty when there is none.
    pub default: &'static str,
    /// What it means.
    pub text: &'static [&'static str],
    /// How its value is written in a file.
    pub form: Form,
}

/// How a value is written in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In quotes.
    Text,
    /// As a number or true/false.
    Bare,
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])* $name:ident: $type:ty = $default:literal, $unit:literal, $form:ident;)*) => {
        /// Every setting, read and checked.
        #[derive(Debug, Clone)]
        pub struct Config {
            $($(#[doc = $doc])* pub $name: $type,)*
        }

        impl Config {
            /// The table of settings, from which the sample and the reference are made.
            pub const FIELDS: &[Field] = &[$(Field {
                name: stringify!($name),
                unit: $unit,
                default: $default,
                text: &[$($doc),*],
                form: Form::$form,
            },)*];

            fn read(layers: &Layers, faults: &mut Vec<Fault>) -> Option<Self> {
                $(let $name = layers.read::<$type>(stringify!($name), $default, faults);)*
                Some(Self { $($name: $name?,)* })
            }
        }
    };
}

settings! {
    /// Where the server listens. Port 0 takes any free one; stay on loopback behind a reverse proxy.
    listen: SocketAddr = "127.0.0.1:8080", "address:port", Text;
    /// The folder for everything that onethread keeps, apart from a PostgreSQL database.
    data: PathBuf = "./data", "folder", Text;
    /// A PostgreSQL database (`postgres://user:password@host/name`). Empty: SQLite in the data folder.
    database: Option<DatabaseAddress> = "", "address", Text;
    /// The address under which browsers and providers reach this server. Needed behind a reverse proxy.
    public_url: Option<PublicUrl> = "", "https://host", Text;
    /// Believe `X-Forwarded-For` and `X-Forwarded-Proto`. Only when every request comes through a proxy that sets them.
    trusted_proxy: bool = "false", "true or false", Bare;
    /// How the log looks: for people or for machines.
    log_format: LogFormat = "text", "text or json", Text;
    /// What is logged.
    log_level: LogLevel = "info,refinery_core=warn", "level, or target=level with commas between", Text;
    /// Seals the secrets of channel accounts and webhooks. Several with commas between: the first seals, the others still open. Empty:
    /// the file `secret.key` in the data folder, which is made at the first start.
    secret_key: Option<SecretKeys> = "", "32 bytes in base64", Text;
    /// How long a worker may hold a job before another may take it. Longer than a provider may take to answer.
    lease_seconds: Whole<15, 3600> = "30", "seconds, 15 to 3600", Bare;
    /// How long to wait for proof of a message that left without an answer, before it is shown as uncertain. Empty: what
    /// the channel says.
    proof_wait_seconds: Option<Whole<1, 86400>> = "", "seconds, 1 to 86400", Bare;
    /// How often the sweep looks for work that no wake-up announced.
    sweep_seconds: Whole<1, 300> = "5", "seconds, 1 to 300", Bare;
    /// How long the raw events of providers are kept once they are done.
    inbound_retention_days: Whole<1, 3650> = "14", "days, 1 to 3650", Bare;
    /// The longest that a message waits and is tried. After that it fails, and a person decides.
    give_up_hours: Whole<1, 168> = "24", "hours, 1 to 168", Bare;
    /// The most messages that one channel account sends in a second. Empty: what the channel says, which is well below what its
    /// provider takes.
    sends_per_second: Option<Whole<1, 1000>> = "", "messages, 1 to 1000", Bare;
    /// Jobs (deliveries, timers, media) that this process works on at the same time.
    job_concurrency: Whole<1, 1024> = "64", "jobs, 1 to 1024", Bare;
    /// The largest file that may be uploaded. A reverse proxy in front has a limit of its own.
    max_upload_mb: Whole<1, 100> = "25", "megabytes (of 1024 x 1024 bytes), 1 to 100", Bare;
    /// Hosts that webhooks may call although they are private or speak plain http, with commas between. Without a place here a
    /// webhook's address has to be https and public.
    webhook_allow: AllowList = "", "host or host:port, with commas between", Text;
    /// Hosts that the files which customers send may be copied from although they are private or speak plain http, with commas
    /// between. Without a place here a file's address has to be https and public.
    media_allow: AllowList = "", "host or host:port, with commas between", Text;
}

impl Config {
    /// Reads every layer.
    ///
    /// # Errors
    /// Every fault there is.
    pub fn load(flags: &Flags) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let layers = Layers::gather(flags, std::env::vars_os(), &mut faults);
        match (Self::read(&layers, &mut faults), faults.is_empty()) {
            (Some(config), true) => Ok(config),
            _ => Err(faults),
        }
    }
}

/// A configuration file with every setting, its meaning and its default, all commented out.
#[must_use]
pub fn sample() -> String {
    let mut text = String::from(
        "# onethread's settings. A line without # replaces the default.\n\
         # The environment (ONETHREAD_LISTEN=…) wins over this file, a flag of the command (--listen) over both.\n",
    );
    for field in Config::FIELDS {
        text.push('\n');
        for line in field.text {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "#{line}");
        }
        let _ = writeln!(text, "# ({})", field.unit);
        let _ = match (field.form, field.default) {
            (Form::Text, default) => writeln!(text, "#{} = \"{default}\"", field.name),
            (Form::Bare, "") => writeln!(text, "#{} =", field.name),
            (Form::Bare, default) => writeln!(text, "#{} = {default}", field.name),
        };
    }
    text
}

/// The reference of the settings, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from("| key | unit | default | means |\n|---|---|---|---|\n");
    for field in Config::FIELDS {
        let default = if field.default.is_empty() { "none".to_owned() } else { format!("`{}`", field.default) };
        let means = field.text.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "| `{}` | {} | {default} | {means} |", field.name, field.unit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)], flags: Flags) -> Result<Config, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("onethread.toml");
        std::fs::write(&path, file).unwrap();
        let flags = Flags { file: Some(path), ..flags };
        let mut faults = Vec::new();
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let layers = Layers::gather(&flags, environment, &mut faults);
        match (Config::read(&layers, &mut faults), faults.is_empty()) {
            (Some(config), true) => Ok(config),
            _ => Err(faults.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn later_layers_win() {
        let file = "listen = \"127.0.0.1:1\"\nsweep_seconds = 7\ntrusted_proxy = true\n";
        let environment = [("ONETHREAD_LISTEN", "127.0.0.1:2"), ("ONETHREAD_LEASE_SECONDS", "60")];
        let flags = Flags { listen: Some("127.0.0.1:3".into()), ..Flags::default() };
        let config = load(file, &environment, flags).unwrap();
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.lease_seconds.0, 60);
        assert_eq!(config.sweep_seconds.0, 7);
        assert!(config.trusted_proxy);
        assert_eq!(config.inbound_retention_days.0, 14);
    }

    #[test]
    fn every_fault_is_told_at_once_with_what_would_be_right() {
        let file = "listn = \"127.0.0.1:1\"\nsweep_seconds = 0\npublic_url = \"desk.example.com\"\ndata = [1]\n";
        let environment = [("ONETHREAD_TRUSTED_PROXI", "true"), ("ONETHREAD_LOG_FORMAT", "xml")];
        let flags = Flags { database: Some("mysql://root:hunter2@db".into()), ..Flags::default() };
        let faults = load(file, &environment, flags).unwrap_err();
        let all = faults.join("\n");
        for part in [
            "listn",
            "do you mean listen?",
            "sweep_seconds",
            "1 to 300",
            "public_url",
            "https://",
            "data",
            "trusted_proxy",
            "log_format",
            "text or json",
            "database",
            "postgres://",
        ] {
            assert!(all.contains(part), "{part} is missing in:\n{all}");
        }
        assert_eq!(faults.len(), 7, "{all}");
        assert!(!all.contains("hunter2"), "a password is never repeated");
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        assert!(
            load("", &[("ONETHREAD_BIN", "x"), ("ONETHREAD_KILLS", "9"), ("PATH", "/bin")], Flags::default()).is_ok()
        );
    }

    #[test]
    fn a_broken_file_is_told_by_line_and_not_by_content() {
        let faults = load("secret_key = \"abc\n", &[], Flags::default()).unwrap_err();
        assert!(faults[0].contains("line 1") && !faults[0].contains("abc"), "{faults:?}");
    }

    #[test]
    fn a_missing_file_is_a_fault() {
        let flags = Flags { file: Some("/nowhere/onethread.toml".into()), ..Flags::default() };
        assert!(Config::load(&flags).unwrap_err()[0].to_string().contains("/nowhere/onethread.toml"));
    }

    #[test]
    fn secrets_do_not_print() {
        let key = store::SecretKey::generate().unwrap().to_base64();
        let file = format!("secret_key = \"{key}\"\ndatabase = \"postgres://u:hunter2@localhost/x\"\n");
        let printed = format!("{:?}", load(&file, &[], Flags::default()).unwrap());
        assert!(!printed.contains(&key) && !printed.contains("hunter2"), "{printed}");
    }

    #[test]
    fn the_sample_says_the_defaults() {
        let bare = load("", &[], Flags::default()).unwrap();
        let uncommented: String = sample()
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(|line| !line.starts_with(' ') && !line.ends_with('='))
            .map(|line| format!("{line}\n"))
            .collect();
        let read = load(&uncommented, &[], Flags::default()).unwrap();
        assert_eq!(format!("{bare:?}"), format!("{read:?}"));
        assert_eq!(reference().lines().count(), Config::FIELDS.len() + 2);
    }
}
