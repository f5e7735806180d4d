//! What can be typed.

use crate::config::Flags;
use clap::{Args, Parser, Subcommand};
use model::Role;
use std::path::PathBuf;

/// Every message with every customer, on one thread.
#[derive(Debug, Parser)]
#[command(name = "onethread", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server. Prints its address, and a one-time set-up link while nobody owns the installation.
    Serve {
        /// Where the data is.
        #[command(flatten)]
        data: DataArguments,
        /// Address and port to listen on; port 0 takes any free one [default: 127.0.0.1:8080].
        #[arg(long, value_name = "ADDR")]
        listen: Option<String>,
    },
    /// Make tokens for programs.
    Token {
        /// What to do.
        #[command(subcommand)]
        command: TokenCommand,
        /// Where the data is.
        #[command(flatten)]
        data: DataArguments,
    },
    /// Invite people, renew their passwords, end their access.
    User {
        /// What to do.
        #[command(subcommand)]
        command: UserCommand,
        /// Where the data is.
        #[command(flatten)]
        data: DataArguments,
    },
    /// Check the installation, a line for each check; each fault says what to do.
    Doctor {
        /// The workspace, when there are several.
        #[arg(long, value_name = "W")]
        workspace: Option<String>,
        /// Where the data is.
        #[command(flatten)]
        data: DataArguments,
    },
    /// Print the API's description (OpenAPI 3.1).
    Openapi,
    /// Print a commented configuration file with every setting and its default.
    Config {
        /// Print the reference page instead.
        #[arg(long)]
        markdown: bool,
    },
}

/// Where the data is; the same for every command that touches it.
#[derive(Debug, Clone, Default, Args)]
pub struct DataArguments {
    /// The folder for everything onethread keeps [default: ./data].
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<String>,
    /// A PostgreSQL database instead of SQLite in the data folder.
    #[arg(long, value_name = "URL", global = true)]
    pub database: Option<String>,
    /// A configuration file (see `onethread config`).
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

impl DataArguments {
    /// These and the address as the configuration's topmost layer.
    #[must_use]
    pub fn flags(&self, listen: Option<String>) -> Flags {
        Flags { file: self.config.clone(), data: self.data.clone(), database: self.database.clone(), listen }
    }
}

/// What can be done about tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it, and nothing else.
    Create {
        /// What it is for.
        #[arg(long, value_name = "N")]
        name: String,
        /// What it may do: owner, admin, supervisor, agent or read-only.
        #[arg(long, value_name = "ROLE")]
        role: Role,
        /// The workspace, when there are several.
        #[arg(long, value_name = "W")]
        workspace: Option<String>,
    },
}

/// What can be done about people.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Invite a person; prints a one-time link with which they choose a password.
    Create {
        /// Their e-mail address.
        #[arg(long, value_name = "E")]
        email: String,
        /// Their name [default: the part of the address before the @].
        #[arg(long, value_name = "N")]
        name: Option<String>,
        /// What they may do: owner, admin, supervisor, agent or read-only.
        #[arg(long, value_name = "ROLE", default_value = "agent")]
        role: Role,
        /// The workspace, when there are several.
        #[arg(long, value_name = "W")]
        workspace: Option<String>,
    },
    /// Print a one-time link with which a person chooses a new password.
    ResetPassword {
        /// Their e-mail address.
        #[arg(long, value_name = "E")]
        email: String,
        /// The workspace, when there are several.
        #[arg(long, value_name = "W")]
        workspace: Option<String>,
    },
    /// End a person's access and sessions at once. The last owner stays.
    Disable {
        /// Their e-mail address.
        #[arg(long, value_name = "E")]
        email: String,
        /// The workspace, when there are several.
        #[arg(long, value_name = "W")]
        workspace: Option<String>,
    },
    /// Give a disabled person access again, with the password that they had.
    Enable {
        /// Their e-mail address.
        #[arg(long, value_name = "E")]
        email: String,
        /// The workspace, when there are several.
        #[arg(long, value_name = "W")]
        workspace: Option<String>,
    },
}
