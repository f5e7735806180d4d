//! The commands about tokens and people.

use crate::{
    Failure,
    command::{TokenCommand, UserCommand},
    open::{Opened, base_address},
    say,
};
use service::{ServiceError, auth};

/// Makes a token and prints it alone, so that a script can take it.
///
/// # Errors
/// When the workspace is not clear, or the database does not answer.
pub async fn token(opened: Opened, command: TokenCommand) -> Result<(), Failure> {
    let TokenCommand::Create { name, role, workspace } = command;
    let made = auth::create_token(&opened.services, workspace.as_deref(), &name, role).await;
    say(&made.map_err(about_workspaces)?)
}

/// Invites a person, renews a password, ends an access or gives it back.
///
/// # Errors
/// When there is no such person, nobody would be left who owns the workspace, the address is taken, the workspace is not clear, or the database does not answer.
pub async fn user(opened: Opened, command: UserCommand) -> Result<(), Failure> {
    let services = &opened.services;
    let link = async |code: &str| say(&format!("{}/link?code={code}", base_address(&opened).await?));
    match command {
        UserCommand::Create { email, name, role, workspace } => {
            let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
            let made = auth::create_agent(services, workspace.as_deref(), &email, &name, role).await;
            link(&made.map_err(about_workspaces)?.1).await
        }
        UserCommand::ResetPassword { email, workspace } => {
            let made = auth::create_reset_link(services, workspace.as_deref(), &email).await;
            link(&made.map_err(about_people)?).await
        }
        UserCommand::Disable { email, workspace } => {
            auth::disable_agent(services, workspace.as_deref(), &email).await.map_err(about_people)
        }
        UserCommand::Enable { email, workspace } => {
            auth::enable_agent(services, workspace.as_deref(), &email).await.map_err(about_people)
        }
    }
}

fn about_workspaces(error: ServiceError) -> Failure {
    match error {
        ServiceError::NotFound => Failure::new("there is no such workspace; set one up first, or check --workspace"),
        other => other.into(),
    }
}

fn about_people(error: ServiceError) -> Failure {
    match error {
        ServiceError::NotFound => Failure::new("nobody here has this e-mail address; check --email and --workspace"),
        other => other.into(),
    }
}
