//! Many SCIM requests in one (RFC 7644, 3.7). Each is done by itself: what was done before a failure stays.

use hallway_wire::id::{GroupId, OrgId, PersonId};
use hallway_wire::scim::{BULK, BulkOperation, BulkOutcome, BulkRequest, BulkResponse, PatchRequest};
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::error::{CodedKind, Error, Result};
use crate::platform::Platform;

/// Most operations in one request.
const MOST: usize = 500;

impl Platform {
    /// Does many operations, in their order, and says of each what came of it.
    ///
    /// # Errors
    /// Missing scope or role; too many operations. What is wrong with one of them is in its own outcome.
    pub async fn scim_bulk(
        &self,
        caller: &Caller,
        org: OrgId,
        request: &BulkRequest,
    ) -> Result<BulkResponse> {
        caller.may_write_scim()?;
        caller.check_org(Some(org))?;
        if request.operations.len() > MOST {
            return Err(Error::TooLarge {
                message: format!(
                    "operations: at most {MOST} at once, not {}",
                    request.operations.len()
                ),
            });
        }
        let mut outcomes = Vec::with_capacity(request.operations.len());
        let mut failed = 0;
        for operation in &request.operations {
            let done = self.one_of_bulk(caller, org, operation).await;
            let outcome = outcome(operation, done)?;
            failed += u32::from(outcome.response.is_some());
            outcomes.push(outcome);
            if request.fail_on_errors > 0 && failed >= request.fail_on_errors {
                break;
            }
        }
        Ok(BulkResponse {
            schemas: vec![BULK.to_owned()],
            operations: outcomes,
        })
    }

    /// One operation: its status, and the resource as it is then.
    async fn one_of_bulk(
        &self,
        caller: &Caller,
        org: OrgId,
        operation: &BulkOperation,
    ) -> Result<(u16, Option<Value>)> {
        let path = operation.path.trim().trim_matches('/');
        let (kind, id) = path
            .split_once('/')
            .map_or((path, None), |(kind, id)| (kind, Some(id)));
        let data = operation.data.clone().unwrap_or_default();
        let steps = || {
            serde_json::from_value::<PatchRequest>(data.clone())
                .map_err(|error| Error::invalid(format!("data: {error}")))
        };
        let user = |id: &str| {
            id.parse::<PersonId>()
                .map_err(|error| Error::invalid(format!("path: {error}")))
        };
        let group = |id: &str| {
            id.parse::<GroupId>()
                .map_err(|error| Error::invalid(format!("path: {error}")))
        };
        let method = operation.method.to_ascii_uppercase();
        Ok(match (method.as_str(), kind.to_ascii_lowercase().as_str(), id) {
            ("POST", "users", None) => (201, Some(self.scim_create_user(caller, org, &data).await?)),
            ("PATCH", "users", Some(id)) => {
                let steps = steps()?.operations;
                (
                    200,
                    Some(self.scim_patch_user(caller, org, user(id)?, &steps).await?),
                )
            }
            ("DELETE", "users", Some(id)) => {
                self.scim_delete_user(caller, org, user(id)?).await?;
                (204, None)
            }
            ("POST", "groups", None) => (201, Some(self.scim_create_group(caller, org, &data).await?)),
            ("PATCH", "groups", Some(id)) => {
                let steps = steps()?.operations;
                (
                    200,
                    Some(self.scim_patch_group(caller, org, group(id)?, &steps).await?),
                )
            }
            ("DELETE", "groups", Some(id)) => {
                self.scim_delete_group(caller, org, group(id)?).await?;
                (204, None)
            }
            _ => {
                return Err(Error::invalid(format!(
                    "method, path: {} {} is not possible in bulk; POST /Users, PATCH /Users/{{id}} and DELETE \
                     /Users/{{id}} are",
                    operation.method, operation.path
                )));
            }
        })
    }
}

/// What is said of one operation. Faults of ours end the whole request.
fn outcome(operation: &BulkOperation, done: Result<(u16, Option<Value>)>) -> Result<BulkOutcome> {
    let plain = BulkOutcome {
        method: operation.method.to_ascii_uppercase(),
        bulk_id: operation.bulk_id.clone(),
        location: None,
        version: None,
        status: String::new(),
        response: None,
    };
    let meta = |resource: &Value, key: &str| {
        resource
            .get("meta")
            .and_then(|meta| meta.get(key))
            .and_then(Value::as_str)
            .map(ToOwned::to_owned)
    };
    match done {
        Ok((status, resource)) => Ok(BulkOutcome {
            location: resource.as_ref().and_then(|it| meta(it, "location")),
            version: resource.as_ref().and_then(|it| meta(it, "version")),
            status: status.to_string(),
            ..plain
        }),
        Err(error) => {
            let status = match &error {
                Error::Forbidden { .. } => 403,
                Error::NotFound { .. }
                | Error::Missing { .. }
                | Error::Coded {
                    kind: CodedKind::NotFound,
                    ..
                } => 404,
                Error::Conflict { .. }
                | Error::Stale
                | Error::Coded {
                    kind: CodedKind::Conflict,
                    ..
                } => 409,
                Error::Invalid { .. } | Error::Coded { .. } => 400,
                Error::TooLarge { .. } => 413,
                _ => return Err(error),
            };
            Ok(BulkOutcome {
                status: status.to_string(),
                response: Some(json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                    "status": status.to_string(),
                    "detail": error.to_string(),
                })),
                ..plain
            })
        }
    }
}
