//! API tokens.

use crate::{
    Store,
    engine::{Row, params, queries},
    error::Result,
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{Role, Timestamp, TokenId, WorkspaceId, agent::Token, log::LogKind};

/// A token to make.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Made by the caller.
    pub id: TokenId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// SHA-256 of the token, in hex.
    pub secret_hash: String,
    /// Now.
    pub now: Timestamp,
}

/// What a token proves.
#[derive(Debug, Clone)]
pub struct TokenCredentials {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The token.
    pub token: Token,
}

queries! {
    INSERT = Same("INSERT INTO api_token (id, workspace_id, name, role, secret_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING");
    FIND = Same("SELECT id, name, role, created_at, last_used_at, workspace_id FROM api_token WHERE secret_hash = $1 AND revoked_at IS NULL");
    LIST = Same("SELECT id, name, role, created_at, last_used_at FROM api_token WHERE workspace_id = $1 AND id < $2 AND revoked_at IS NULL ORDER BY id DESC LIMIT $3");
    ROLE = Same("SELECT role FROM api_token WHERE workspace_id = $1 AND id = $2 AND revoked_at IS NULL");
    REVOKE = Same("UPDATE api_token SET revoked_at = $1 WHERE workspace_id = $2 AND id = $3 AND revoked_at IS NULL");
    TOUCH = Same("UPDATE api_token SET last_used_at = $1 WHERE workspace_id = $2 AND id = $3");
}

fn read_token(row: &Row<'_>) -> Result<Token> {
    Ok(Token {
        id: TokenId(row.int(0)?),
        name: row.text(1)?,
        role: row.parse(2)?,
        created_at: Timestamp(row.int(3)?),
        last_used_at: row.opt_int(4)?.map(Timestamp),
    })
}

impl Store {
    /// Makes a token.
    pub async fn create_token(&self, new: NewToken) -> Result<()> {
        self.write(new, |executor, new| {
            async move {
                let params =
                    params![new.id.0, new.workspace_id.0, &new.name, new.role.as_str(), &new.secret_hash, new.now];
                if executor.execute(INSERT, &params).await? == 1 {
                    let mut record = NewRecord::new(new.workspace_id, new.now, LogKind::TokenCreated);
                    record.subject_id = Some(new.id.to_string());
                    executor.log(record);
                }
                Ok(())
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }

    /// What a token proves, while it is not revoked.
    pub async fn find_token(&self, secret_hash: &str) -> Result<Option<TokenCredentials>> {
        self.read(secret_hash.to_owned(), |executor, hash| {
            async move {
                executor
                    .query_opt(FIND, &params![hash], |row| {
                        Ok(TokenCredentials { token: read_token(row)?, workspace_id: WorkspaceId(row.int(5)?) })
                    })
                    .await
            }
            .boxed()
        })
        .await
    }

    /// Tokens before `before`, newest first.
    pub async fn list_tokens(&self, workspace_id: WorkspaceId, before: TokenId, limit: u32) -> Result<Vec<Token>> {
        self.read((workspace_id, before, limit), |executor, (workspace_id, before, limit)| {
            async move { executor.query(LIST, &params![workspace_id.0, before.0, *limit], read_token).await }.boxed()
        })
        .await
    }

    /// What a token that works may do. A token's role never changes.
    pub async fn find_token_role(&self, workspace_id: WorkspaceId, id: TokenId) -> Result<Option<Role>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move { executor.query_opt(ROLE, &params![workspace_id.0, id.0], |row| row.parse(0)).await }.boxed()
        })
        .await
    }

    /// Ends a token; false when there is none that works.
    pub async fn revoke_token(&self, workspace_id: WorkspaceId, id: TokenId, now: Timestamp) -> Result<bool> {
        let (revoked, _) = self
            .write((workspace_id, id, now), |executor, (workspace_id, id, now)| {
                async move {
                    let revoked = executor.execute(REVOKE, &params![*now, workspace_id.0, id.0]).await? == 1;
                    if revoked {
                        let mut record = NewRecord::new(*workspace_id, *now, LogKind::TokenRevoked);
                        record.subject_id = Some(id.to_string());
                        executor.log(record);
                    }
                    Ok(revoked)
                }
                .boxed()
            })
            .await?;
        Ok(revoked)
    }

    /// Remembers when a token was last used. The caller does so at most once a minute.
    pub async fn touch_token(&self, workspace_id: WorkspaceId, id: TokenId, now: Timestamp) -> Result<()> {
        self.write((workspace_id, id, now), |executor, (workspace_id, id, now)| {
            async move { executor.execute(TOUCH, &params![*now, workspace_id.0, id.0]).await }.boxed()
        })
        .await
        .map(|_| ())
    }
}
