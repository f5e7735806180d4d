//! The fields that customers have, and their values.

use crate::{
    Deleted, Store,
    engine::{Executor, Row, Value, params, queries},
    error::{Result, StoreError},
    idempotency::{Created, Idempotency, claim, give_back},
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{
    AttributeId, Timestamp, WorkspaceId,
    attribute::{Attribute, AttributeType},
    customer::Customer,
    log::LogKind,
};
use std::collections::{BTreeMap, HashMap};

/// A field to define.
#[derive(Debug, Clone)]
pub struct NewAttribute {
    /// As it will be.
    pub attribute: Attribute,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
    /// Who.
    pub actor_id: String,
}

/// What changes of a field; `None` stays as it is.
#[derive(Debug, Clone)]
pub struct AttributeUpdate {
    /// Which.
    pub id: AttributeId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The name that people see.
    pub name: Option<String>,
    /// The options of a choice.
    pub options: Option<Vec<String>>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether a value can be taken away.
    pub required: Option<bool>,
    /// Whether it is no longer shown.
    pub archived: Option<bool>,
    /// Its place among the fields.
    pub position: Option<i64>,
    /// Who.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

queries! {
    INSERT = Same("INSERT INTO attribute (id, workspace_id, attribute_key, name, value_type, options, description, required, archived, position, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING");
    FIND_BY_KEY = Same("SELECT id FROM attribute WHERE workspace_id = $1 AND attribute_key = $2");
    GET = Same("SELECT id, attribute_key, name, value_type, options, description, required, archived, position, created_at FROM attribute WHERE workspace_id = $1 AND id = $2");
    GET_BY_KEY = Same("SELECT id, attribute_key, name, value_type, options, description, required, archived, position, created_at FROM attribute WHERE workspace_id = $1 AND attribute_key = $2");
    LIST = Same("SELECT id, attribute_key, name, value_type, options, description, required, archived, position, created_at FROM attribute WHERE workspace_id = $1 AND (position, id) > ($2, $3) ORDER BY position, id LIMIT $4");
    LAST_POSITION = Same("SELECT position FROM attribute WHERE workspace_id = $1 ORDER BY position DESC LIMIT 1");
    UPDATE = Same("UPDATE attribute SET name = COALESCE($1, name), options = COALESCE($2, options), description = COALESCE($3, description), required = COALESCE($4, required), archived = COALESCE($5, archived), position = COALESCE($6, position) WHERE workspace_id = $7 AND id = $8");
    HAS_VALUE = Same("SELECT attribute_id FROM customer_attribute WHERE attribute_id = $1 LIMIT 1");
    DELETE = Same("DELETE FROM attribute WHERE workspace_id = $1 AND id = $2");
    /// The values of many customers at once, and of those who became a part of them, with whose they are; those of archived
    /// fields are kept and not told.
    OF_CUSTOMERS = Two {
        sqlite: "SELECT v.customer_id, v.customer_id, a.attribute_key, v.value FROM customer_attribute v JOIN attribute a ON a.id = v.attribute_id WHERE v.customer_id = $1 AND NOT a.archived UNION ALL SELECT p.merged_into, p.id, a.attribute_key, v.value FROM customer p JOIN customer_attribute v ON v.customer_id = p.id JOIN attribute a ON a.id = v.attribute_id WHERE p.merged_into = $1 AND NOT a.archived",
        postgres: "SELECT v.customer_id, v.customer_id, a.attribute_key, v.value FROM UNNEST($1::bigint[]) AS c(id) JOIN customer_attribute v ON v.customer_id = c.id JOIN attribute a ON a.id = v.attribute_id WHERE NOT a.archived UNION ALL SELECT p.merged_into, p.id, a.attribute_key, v.value FROM UNNEST($1::bigint[]) AS c(id) JOIN customer p ON p.merged_into = c.id JOIN customer_attribute v ON v.customer_id = p.id JOIN attribute a ON a.id = v.attribute_id WHERE NOT a.archived",
    };
}

fn read_attribute(row: &Row<'_>) -> Result<Attribute> {
    Ok(Attribute {
        id: AttributeId(row.int(0)?),
        key: row.text(1)?,
        name: row.text(2)?,
        value_type: row.parse::<AttributeType>(3)?,
        options: row.json(4)?,
        description: row.text(5)?,
        required: row.flag(6)?,
        archived: row.flag(7)?,
        position: row.int(8)?,
        created_at: Timestamp(row.int(9)?),
    })
}

fn options_text(options: &[String]) -> Result<String> {
    serde_json::to_string(options).map_err(|error| StoreError::Internal(error.to_string()))
}

fn definition_record(workspace_id: WorkspaceId, id: AttributeId, actor_id: &str, now: Timestamp) -> NewRecord {
    let mut record = NewRecord::new(workspace_id, now, LogKind::AttributeChanged);
    record.subject_id = Some(id.to_string());
    record.actor_id = Some(actor_id.to_owned());
    record
}

/// Adds their fields' values to customers, in one query. What a customer has no value of is read through from those who became
/// a part of them: the oldest who has one.
pub(crate) async fn add_attributes(executor: &Executor, customers: &mut [Customer]) -> Result<()> {
    let ids: Vec<[Value<'_>; 1]> = customers.iter().map(|customer| params![customer.id.0]).collect();
    let read = |row: &Row<'_>| Ok((row.int(0)?, row.int(1)?, row.text(2)?, row.json::<serde_json::Value>(3)?));
    let mut found = executor.batch(OF_CUSTOMERS, &ids, read).await?;
    found.sort_by_key(|(customer, owner, ..)| (customer != owner, *owner));
    let mut by_customer: HashMap<i64, BTreeMap<String, serde_json::Value>> = HashMap::new();
    for (customer, _, key, value) in found {
        by_customer.entry(customer).or_default().entry(key).or_insert(value);
    }
    for customer in customers {
        customer.attributes = by_customer.remove(&customer.id.0).unwrap_or_default();
    }
    Ok(())
}

impl Store {
    /// Defines a field. `None` when another one has the key. One of negative position is put behind all others.
    pub async fn create_attribute(&self, new: NewAttribute) -> Result<Option<Created<AttributeId>>> {
        let (created, _) = self
            .write(new, |executor, new| {
                async move {
                    let (workspace_id, field) = (new.workspace_id, &new.attribute);
                    match claim(executor, workspace_id, new.idempotency.as_ref(), field.id.0, field.created_at).await? {
                        Created::New(_) => {}
                        Created::Before(id) => return Ok(Some(Created::Before(AttributeId(id)))),
                        Created::KeyReused => return Ok(Some(Created::KeyReused)),
                    }
                    let last = executor.query_opt(LAST_POSITION, &params![workspace_id.0], |row| row.int(0)).await?;
                    let position = match field.position {
                        given if given >= 0 => given,
                        _ => last.map_or(0, |last| last.saturating_add(1)),
                    };
                    let options = options_text(&field.options)?;
                    let params = params![
                        field.id.0,
                        workspace_id.0,
                        &field.key,
                        &field.name,
                        field.value_type.as_str(),
                        &options,
                        &field.description,
                        field.required,
                        field.archived,
                        position,
                        field.created_at,
                    ];
                    if executor.execute(INSERT, &params).await? == 1 {
                        executor.log(definition_record(workspace_id, field.id, &new.actor_id, field.created_at));
                        return Ok(Some(Created::New(field.id)));
                    }
                    let params = params![workspace_id.0, &field.key];
                    if executor.query_opt(FIND_BY_KEY, &params, |row| row.int(0)).await? == Some(field.id.0) {
                        return Ok(Some(Created::New(field.id)));
                    }
                    give_back(executor, workspace_id, new.idempotency.as_ref(), field.id.0).await?;
                    Ok(None)
                }
                .boxed()
            })
            .await?;
        Ok(created)
    }

    /// One field.
    pub async fn find_attribute(&self, workspace_id: WorkspaceId, id: AttributeId) -> Result<Option<Attribute>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move { executor.query_opt(GET, &params![workspace_id.0, id.0], read_attribute).await }.boxed()
        })
        .await
    }

    /// The fields of these keys, those that are archived too, in no particular order.
    pub async fn list_attributes_by_key(&self, workspace_id: WorkspaceId, keys: Vec<String>) -> Result<Vec<Attribute>> {
        self.read((workspace_id, keys), |executor, (workspace_id, keys)| {
            async move {
                let mut found = Vec::with_capacity(keys.len());
                for key in keys {
                    found.extend(executor.query(GET_BY_KEY, &params![workspace_id.0, key], read_attribute).await?);
                }
                Ok(found)
            }
            .boxed()
        })
        .await
    }

    /// Fields behind a place, in the order in which they are shown, those that are archived too.
    pub async fn list_attributes(
        &self,
        workspace_id: WorkspaceId,
        after: (i64, AttributeId),
        limit: u32,
    ) -> Result<Vec<Attribute>> {
        self.read((workspace_id, after, limit), |executor, (workspace_id, after, limit)| {
            async move {
                let params = params![workspace_id.0, after.0, after.1.0, *limit];
                executor.query(LIST, &params, read_attribute).await
            }
            .boxed()
        })
        .await
    }

    /// Changes a field; false when there is none. What changes nothing is not told.
    pub async fn update_attribute(&self, change: AttributeUpdate) -> Result<bool> {
        let (found, _) = self
            .write(change, |executor, change| {
                async move {
                    let key = params![change.workspace_id.0, change.id.0];
                    let Some(before) = executor.query_opt(GET, &key, read_attribute).await? else {
                        return Ok(false);
                    };
                    let options = change.options.as_deref().map(options_text).transpose()?;
                    let params = params![
                        change.name.as_ref(),
                        options.as_ref(),
                        change.description.as_ref(),
                        change.required,
                        change.archived,
                        change.position,
                        change.workspace_id.0,
                        change.id.0,
                    ];
                    executor.execute(UPDATE, &params).await?;
                    if executor.query_opt(GET, &key, read_attribute).await?.as_ref() != Some(&before) {
                        executor.log(definition_record(change.workspace_id, change.id, &change.actor_id, change.now));
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(found)
    }

    /// Deletes a field that no customer has a value of.
    pub async fn delete_attribute(
        &self,
        workspace_id: WorkspaceId,
        id: AttributeId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<Deleted> {
        let input = (workspace_id, id, actor_id.to_owned(), now);
        let (deleted, _) = self
            .write(input, |executor, (workspace_id, id, actor_id, now)| {
                async move {
                    let key = params![workspace_id.0, id.0];
                    if executor.query_opt(GET, &key, |_| Ok(())).await?.is_none() {
                        return Ok(Deleted::NotFound);
                    }
                    if executor.query_opt(HAS_VALUE, &params![id.0], |_| Ok(())).await?.is_some() {
                        return Ok(Deleted::InUse);
                    }
                    executor.execute(DELETE, &key).await?;
                    executor.log(definition_record(*workspace_id, *id, actor_id, *now));
                    Ok(Deleted::Done)
                }
                .boxed()
            })
            .await?;
        Ok(deleted)
    }
}
