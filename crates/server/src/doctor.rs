//! `doctor`: one line for each check. What must be mended says how, and makes the exit code 1.

use crate::{
    Failure, advice,
    config::{Config, Flags},
    open, say,
};
use model::{
    FailureReason, Role, TokenId,
    channel_account::ChannelAccount,
    operation::{InboundState, JobState},
    webhook::{Webhook, WebhookError, WebhookState},
};
use service::{
    Actor, Caller, Clock, ServiceError, Services, SystemClock, auth, channel_accounts, operations, webhooks,
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// 2026-01-01 and 2100-01-01, between which a sane clock is.
const SANE_MILLIS: std::ops::Range<i64> = model::ID_EPOCH_MILLIS..4_102_444_800_000;
/// What must fit into the data folder: less is as good as full.
const PROBE_BYTES: usize = 1024 * 1024;
/// How many things a check looks at.
const LOOKS_AT: u32 = 100;

/// What a check found.
enum Finding {
    /// As it should be.
    Good(String),
    /// Worth knowing.
    Note(String),
    /// Must be mended; says how.
    Mend(String),
}

use Finding::{Good, Mend, Note};

/// Prints what each check found.
struct Report {
    mend: usize,
}

impl Report {
    fn tell(&mut self, check: &str, finding: Finding) -> Result<(), Failure> {
        let (mark, text) = match finding {
            Good(text) => ("ok  ", text),
            Note(text) => ("note", text),
            Mend(text) => {
                self.mend += 1;
                ("MEND", text)
            }
        };
        say(&format!("{mark}  {check}: {text}"))
    }
}

/// Checks everything that can be checked from here.
///
/// # Errors
/// When something must be mended.
pub async fn examine(flags: &Flags, workspace: Option<&str>) -> Result<(), Failure> {
    let mut report = Report { mend: 0 };
    match Config::load(flags) {
        Err(faults) => {
            for fault in faults {
                report.tell("configuration", Mend(fault.to_string()))?;
            }
        }
        Ok(config) => {
            open::find_folder(&config.data)?;
            report.tell("configuration", Good("every setting can be read".to_owned()))?;
            examine_machine(&config, &mut report)?;
            examine_data(config, workspace, &mut report).await?;
        }
    }
    match report.mend {
        0 => Ok(()),
        1 => Err(Failure::new("one thing must be mended")),
        many => Err(Failure::new(format!("{many} things must be mended"))),
    }
}

fn examine_machine(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let now = SystemClock.now();
    report.tell(
        "clock",
        if SANE_MILLIS.contains(&now.0) {
            Good(now.to_rfc3339())
        } else {
            Mend(format!("the machine says {}; set its clock", now.to_rfc3339()))
        },
    )?;
    report.tell("data folder", writable(&config.data))?;
    if let Some(told) = readable_by_others(config) {
        report.tell("data files", told)?;
    }
    report.tell(
        "public address",
        match &config.public_url {
            Some(url) if url.0.starts_with("https://") => Good(url.0.clone()),
            Some(url) => {
                Note(format!("{} is not https: providers call only https, and sessions can be read on the way", url.0))
            }
            None => Note("public_url is not set; set it once providers or other machines reach this server".to_owned()),
        },
    )
}

fn writable(data: &Path) -> Finding {
    let probe = data.join(format!("doctor.{}", std::process::id()));
    let outcome = fs::write(&probe, vec![b'x'; PROBE_BYTES]);
    // What could not be written whole takes up the last of the space.
    let removed = fs::remove_file(&probe);
    match outcome.and(removed) {
        Ok(()) => Good(format!("{} can be written", data.display())),
        Err(error) => {
            let error = error.to_string();
            let advice = advice(&error, "make it writable for this user");
            Mend(format!("{}: {error}; {advice}", data.display()))
        }
    }
}

/// The files of the database that others on this machine may read.
fn readable_by_others(config: &Config) -> Option<Finding> {
    if config.database.is_some() {
        return None;
    }
    let main = open::sqlite_path(config);
    let files = ["", "-wal", "-shm"].map(|end| format!("{}{end}", main.display()));
    let open: Vec<String> = files
        .into_iter()
        .filter(|file| fs::metadata(file).is_ok_and(|file| file.permissions().mode() & 0o077 != 0))
        .collect();
    let names = open.join(" ");
    (!open.is_empty()).then(|| Mend(format!("others on this machine may read {names}; chmod 600 {names}")))
}

fn secret_key(config: &Config) -> Finding {
    let path = open::key_path(config);
    if config.secret_key.is_some() {
        return Good("configured".to_owned());
    }
    match fs::metadata(&path) {
        Ok(file) if file.permissions().mode() & 0o077 != 0 => {
            Mend(format!("others may read {}; chmod 600 it", path.display()))
        }
        Ok(_) => Good(format!("{}; keep a copy where the backup is", path.display())),
        Err(_) => Note(format!("{} is made at the first start", path.display())),
    }
}

async fn examine_data(config: Config, workspace: Option<&str>, report: &mut Report) -> Result<(), Failure> {
    let engine = if config.database.is_some() { "PostgreSQL" } else { "SQLite" };
    let file = secret_key(&config);
    let opened = match open::look(config).await {
        Ok((opened, key)) => {
            report.tell("secret key", key.map_or_else(|lost| Mend(lost.to_string()), |()| file))?;
            opened
        }
        Err(failure) => {
            report.tell("secret key", file)?;
            return report.tell("database", Mend(failure.to_string()));
        }
    };
    report.tell(
        "database",
        match opened.services.check_ready().await {
            Ok(()) => Good(format!("{engine} answers, and its schema is current")),
            // It says itself what helps.
            Err(error @ ServiceError::CannotWrite(_)) => Mend(error.to_string()),
            Err(error) => Mend(format!("{error}; check that it runs")),
        },
    )?;
    let caller = match auth::find_workspace(&opened.services, workspace).await {
        // The doctor looks as the owner would. It is nobody: what it reads leaves no trace, and it writes nothing.
        Ok(workspace_id) => Caller {
            workspace_id,
            actor: Actor::Token(TokenId(0)),
            role: Role::Owner,
            name: "doctor".to_owned(),
            credential_hash: String::new(),
        },
        // Nobody set it up yet: nothing is wrong with that.
        Err(error) if workspace.is_none() && auth::needs_setup(&opened.services).await? => {
            return report.tell("workspace", Note(Failure::from(error).to_string()));
        }
        Err(error) => return report.tell("workspace", Mend(format!("{}; check --workspace", Failure::from(error)))),
    };
    let services = &opened.services;
    match channel_accounts::list_channel_accounts(services, &caller, LOOKS_AT, None).await {
        Ok(page) if page.items.is_empty() => {
            report.tell("channel accounts", Note("none is connected yet".to_owned()))?
        }
        Ok(page) => {
            for account in &page.items {
                report.tell("channel account", callbacks(account))?;
            }
        }
        Err(error) => report.tell("channel accounts", Mend(error.to_string()))?,
    }
    match webhooks::list_webhooks(services, &caller, LOOKS_AT, None).await {
        Ok(page) => {
            for webhook in &page.items {
                report.tell("webhook", deliveries(webhook))?;
            }
        }
        Err(error) => report.tell("webhooks", Mend(error.to_string()))?,
    }
    report.tell("jobs", dead_jobs(services, &caller).await)?;
    report.tell("messages under way", lost_messages(services, &caller).await)?;
    report.tell("stored events", undecodable(services, &caller).await)
}

fn callbacks(account: &ChannelAccount) -> Finding {
    let who = format!("{} ({}, {})", account.id, account.kind, if account.enabled { "on" } else { "off" });
    if let Some(pause) = &account.pause {
        let since = pause.at.to_rfc3339();
        return match (pause.until, pause.reason) {
            (Some(until), _) => Note(format!("{who}: the provider limits it; it goes on at {}", until.to_rfc3339())),
            (None, FailureReason::Unauthorized) => Mend(format!(
                "{who}: its credentials are refused since {since}; give it new ones, it goes on by itself"
            )),
            (None, reason) => Mend(format!(
                "{who}: the provider stopped it since {since} ({}); settle it there, then let it go on at the desk",
                reason.as_str()
            )),
        };
    }
    match account.last_callback_at {
        Some(at) => Good(format!("{who}: the provider last called at {}", at.to_rfc3339())),
        None => Mend(format!(
            "{who}: the provider never called with a good signature; give it this server's public address with {} after it, \
             and subscribe the page",
            account.callback_path
        )),
    }
}

fn deliveries(webhook: &Webhook) -> Finding {
    // No address and no name: an address may carry a secret, and a report is passed on.
    let id = webhook.id;
    let why = match webhook.last_error {
        Some(WebhookError::AddressRefused) => {
            "its address is private or not https; change it, or name it in the setting webhook_allow"
        }
        Some(WebhookError::NotConnected) => "there is no connection; check its name, port and certificate",
        Some(WebhookError::NoAnswer) => "it does not answer in time; it should answer at once and work afterwards",
        Some(WebhookError::NotAccepted) => "it answers with another status than 2xx; see the deliveries under Webhooks",
        None => "see the deliveries under Webhooks",
    };
    let since = webhook.failing_since.map_or_else(String::new, |at| format!(" since {}", at.to_rfc3339()));
    match webhook.state {
        WebhookState::Retrying => Note(format!("{id}: deliveries fail{since} and are tried again: {why}")),
        WebhookState::Failing => Mend(format!("{id}: nothing arrives{since}: {why}")),
        WebhookState::Gone => Mend(format!(
            "{id}: the receiver answered 410 Gone, which switched it off; delete it, or switch it on again at the desk"
        )),
        _ if webhook.failed_events > 0 => Mend(format!(
            "{id}: {} events were given up; send them again at the desk under Webhooks",
            webhook.failed_events
        )),
        WebhookState::Disabled => Note(format!("{id}: switched off")),
        WebhookState::Healthy => Good(webhook.last_success_at.map_or_else(
            || format!("{id}: nothing was sent yet"),
            |at| format!("{id}: the last delivery arrived at {}", at.to_rfc3339()),
        )),
    }
}

async fn lost_messages(services: &Services, caller: &Caller) -> Finding {
    match operations::list_lost_messages(services, caller, LOOKS_AT).await {
        Ok(lost) if lost.is_empty() => Good("each has a job that brings it to its end".to_owned()),
        Ok(lost) => Mend(format!(
            "{} have no job and would wait for ever ({}); send them again at the desk, and report this: it is a fault of onethread",
            count(lost.len()),
            lost.iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join(", ")
        )),
        Err(error) => Mend(error.to_string()),
    }
}

async fn dead_jobs(services: &Services, caller: &Caller) -> Finding {
    match operations::list_jobs(services, caller, JobState::Dead, LOOKS_AT, None).await {
        Ok(page) if page.items.is_empty() => Good("none was given up".to_owned()),
        Ok(page) => {
            Mend(format!("{} given up; replay or dismiss them at the desk under Operations", count(page.items.len())))
        }
        Err(error) => Mend(error.to_string()),
    }
}

async fn undecodable(services: &Services, caller: &Caller) -> Finding {
    match operations::list_inbound_events(services, caller, InboundState::Undecodable, LOOKS_AT, None).await {
        Ok(page) if page.items.is_empty() => Good("all could be read".to_owned()),
        Ok(page) => Mend(format!(
            "{} cannot be read; read them again or dismiss them at the desk under Operations",
            count(page.items.len())
        )),
        Err(error) => Mend(error.to_string()),
    }
}

fn count(found: usize) -> String {
    if found >= LOOKS_AT as usize { format!("{found} or more") } else { found.to_string() }
}
