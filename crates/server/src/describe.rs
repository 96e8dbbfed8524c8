//! Routes that say what they do: the router and the published contract come from the same lines.
//!
//! A route cannot be added without its operation, so `/openapi.json` cannot miss one.
//!
//! ```text
//! Api::new("Rooms")
//!     .get("/rooms", list, Op::new("List rooms").scopes(&["spark:rooms_read"])
//!         .query("max", "Most rooms on a page.").answers::<Items<Room>>(200))
//!     .post("/rooms", create, Op::new("Create a room").scopes(&["spark:rooms_write"])
//!         .takes::<NewRoom>().answers::<Room>(200))
//!     .delete("/rooms/{id}", delete, Op::new("Delete a room").scopes(&["spark:rooms_write"]).empty(204))
//! ```

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::app::App;

/// How a schema is made, when somebody asks for it.
pub(crate) type MakeSchema = fn(&mut SchemaGenerator) -> Schema;

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A bearer token.
    Token,
    /// Anybody.
    Open,
}

/// What the value of a parameter looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text,
    /// A whole number, at least this.
    Whole(u32),
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Texts, joined by commas or repeated.
    Many,
}

/// A parameter of the query, or a header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) required: bool,
    pub(crate) value: Value,
}

/// A body, coming or going.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyShape {
    pub(crate) content_type: &'static str,
    /// `None`: any bytes of that type.
    pub(crate) schema: Option<MakeSchema>,
}

/// What one method of one path does.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) summary: &'static str,
    pub(crate) description: Option<&'static str>,
    pub(crate) access: Access,
    /// Any one of these is enough.
    pub(crate) scopes: &'static [&'static str],
    /// What the braces of the path stand for, where their names do not say it.
    pub(crate) path: Vec<(&'static str, &'static str)>,
    pub(crate) query: Vec<Parameter>,
    pub(crate) headers: Vec<Parameter>,
    pub(crate) body: Vec<BodyShape>,
    /// Success: status and body.
    pub(crate) answers: Vec<(u16, Option<BodyShape>)>,
    /// Errors beside those that follow from what the operation is.
    pub(crate) fails: Vec<u16>,
    pub(crate) body_optional: bool,
    pub(crate) deprecated: bool,
}

const JSON: &str = "application/json";

impl Op {
    /// An operation that needs a token. The summary is a few words: "List rooms".
    pub(crate) fn new(summary: &'static str) -> Self {
        Self {
            summary,
            description: None,
            access: Access::Token,
            scopes: &[],
            path: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            answers: Vec::new(),
            fails: Vec::new(),
            body_optional: false,
            deprecated: false,
        }
    }

    /// One or two sentences for who reads the reference.
    pub(crate) fn about(mut self, description: &'static str) -> Self {
        self.description = Some(description);
        self
    }

    /// Nobody needs a token for it.
    pub(crate) fn open(mut self) -> Self {
        self.access = Access::Open;
        self
    }

    pub(crate) fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }

    /// Scopes, any one of which is enough.
    pub(crate) fn scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// What a brace of the path stands for, where it is not just the id of what stands before it.
    pub(crate) fn path(mut self, name: &'static str, what: &'static str) -> Self {
        self.path.push((name, what));
        self
    }

    fn parameter(mut self, name: &'static str, what: &'static str, required: bool, value: Value) -> Self {
        self.query.push(Parameter {
            name,
            what,
            required,
            value,
        });
        self
    }

    /// A parameter that may be there. `max` and `start` are numbers wherever they stand.
    pub(crate) fn query(self, name: &'static str, what: &'static str) -> Self {
        let value = match name {
            "max" => Value::Whole(1),
            "start" => Value::Whole(0),
            _ => Value::Text,
        };
        self.parameter(name, what, false, value)
    }

    /// A parameter that must be there.
    pub(crate) fn required_query(self, name: &'static str, what: &'static str) -> Self {
        self.parameter(name, what, true, Value::Text)
    }

    /// A parameter that is `true` or `false`.
    pub(crate) fn flag(self, name: &'static str, what: &'static str) -> Self {
        self.parameter(name, what, false, Value::Flag)
    }

    /// A parameter that is one of a few words.
    pub(crate) fn choice(
        self,
        name: &'static str,
        what: &'static str,
        words: &'static [&'static str],
    ) -> Self {
        self.parameter(name, what, false, Value::Choice(words))
    }

    /// A parameter that may be repeated, or joined by commas.
    pub(crate) fn many(self, name: &'static str, what: &'static str) -> Self {
        self.parameter(name, what, false, Value::Many)
    }

    /// As [`many`](Self::many), where at least one is needed.
    pub(crate) fn required_many(self, name: &'static str, what: &'static str) -> Self {
        self.parameter(name, what, true, Value::Many)
    }

    /// A header of the request that means something to this operation only.
    pub(crate) fn header(mut self, name: &'static str, what: &'static str) -> Self {
        self.headers.push(Parameter {
            name,
            what,
            required: false,
            value: Value::Text,
        });
        self
    }

    /// Statuses of errors, beside those that follow from what the operation is: a token brings 401, 403 and
    /// 429, a body 413 and 415, a change 409, anything with a token 400, 404 and 500.
    pub(crate) fn fails(mut self, statuses: &'static [u16]) -> Self {
        self.fails.extend_from_slice(statuses);
        self
    }

    /// The body may be left out.
    pub(crate) fn body_optional(mut self) -> Self {
        self.body_optional = true;
        self
    }

    /// A JSON body whose schema was written by hand.
    pub(crate) fn takes_shape(self, schema: MakeSchema) -> Self {
        self.takes_as(JSON, Some(schema))
    }

    /// A JSON answer whose schema was written by hand.
    pub(crate) fn shape(self, status: u16, schema: MakeSchema) -> Self {
        self.answers_as(status, JSON, Some(schema))
    }

    /// A JSON body.
    pub(crate) fn takes<T: JsonSchema>(self) -> Self {
        self.takes_as(JSON, Some(|schemas| schemas.subschema_for::<T>()))
    }

    /// A body of another type, or a further type of it.
    pub(crate) fn takes_as(mut self, content_type: &'static str, schema: Option<MakeSchema>) -> Self {
        self.body.push(BodyShape { content_type, schema });
        self
    }

    /// A JSON answer.
    pub(crate) fn answers<T: JsonSchema>(self, status: u16) -> Self {
        self.answers_as(status, JSON, Some(|schemas| schemas.subschema_for::<T>()))
    }

    /// An answer of another type.
    pub(crate) fn answers_as(
        mut self,
        status: u16,
        content_type: &'static str,
        schema: Option<MakeSchema>,
    ) -> Self {
        self.answers
            .push((status, Some(BodyShape { content_type, schema })));
        self
    }

    /// An answer without a body.
    pub(crate) fn empty(mut self, status: u16) -> Self {
        self.answers.push((status, None));
        self
    }
}

/// An operation where it is.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) method: Method,
    /// As axum spells it: `/rooms/{id}`, with what it is nested below.
    pub(crate) path: String,
    pub(crate) tag: &'static str,
    pub(crate) op: Op,
}

/// Routes with their operations.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    tag: &'static str,
    router: Router<App>,
    pub(crate) operations: Vec<Described>,
}

impl Api {
    /// No routes yet. The tag is the chapter of the reference that they stand in.
    pub(crate) fn new(tag: &'static str) -> Self {
        Self {
            tag,
            router: Router::new(),
            operations: Vec::new(),
        }
    }

    fn on<H, T>(mut self, filter: MethodFilter, method: Method, path: &str, handler: H, op: Op) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.router = self.router.route(path, MethodRouter::new().on(filter, handler));
        self.operations.push(Described {
            method,
            path: path.to_owned(),
            tag: self.tag,
            op,
        });
        self
    }

    pub(crate) fn get<H: Handler<T, App>, T: 'static>(self, path: &str, handler: H, op: Op) -> Self {
        self.on(MethodFilter::GET, Method::GET, path, handler, op)
    }

    pub(crate) fn post<H: Handler<T, App>, T: 'static>(self, path: &str, handler: H, op: Op) -> Self {
        self.on(MethodFilter::POST, Method::POST, path, handler, op)
    }

    pub(crate) fn put<H: Handler<T, App>, T: 'static>(self, path: &str, handler: H, op: Op) -> Self {
        self.on(MethodFilter::PUT, Method::PUT, path, handler, op)
    }

    pub(crate) fn patch<H: Handler<T, App>, T: 'static>(self, path: &str, handler: H, op: Op) -> Self {
        self.on(MethodFilter::PATCH, Method::PATCH, path, handler, op)
    }

    pub(crate) fn delete<H: Handler<T, App>, T: 'static>(self, path: &str, handler: H, op: Op) -> Self {
        self.on(MethodFilter::DELETE, Method::DELETE, path, handler, op)
    }

    /// These and those.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.operations.extend(other.operations);
        self
    }

    /// All of them below a path.
    pub(crate) fn below(self, prefix: &str) -> Self {
        let operations = self
            .operations
            .into_iter()
            .map(|it| Described {
                path: format!("{prefix}{}", it.path),
                ..it
            })
            .collect();
        Self {
            tag: self.tag,
            router: Router::new().nest(prefix, self.router),
            operations,
        }
    }

    /// Something that handlers take with `Extension`.
    pub(crate) fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.router = self.router.layer(axum::Extension(value));
        self
    }

    /// The router and the operations.
    pub(crate) fn into_parts(self) -> (Router<App>, Vec<Described>) {
        (self.router, self.operations)
    }
}

/// Every route that the server has.
pub(crate) fn whole() -> Api {
    let hallway = crate::control::routes().merge(crate::link::routes());
    Api::new("Hallway")
        .merge(crate::rest::routes().below("/v1"))
        .merge(crate::rest::scim::routes().below("/identity/scim"))
        .merge(hallway.below("/hallway/v1"))
        .merge(crate::rest::app_url::routes())
        .merge(crate::activate::routes())
        .merge(crate::metrics::routes())
        .merge(crate::contract::routes())
}
