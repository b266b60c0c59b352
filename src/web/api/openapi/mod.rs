//! `GET /api/v1/openapi.json`: every route for programs, described.
//!
//! What a route is, who may call it and how it can refuse stands in `operations`; who may call is taken from the table of
//! routes itself, and the shapes from the types that are sent. A test compares the document with the table of routes,
//! and real answers with the document.

mod operations;
mod schemas;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, Header, Info, LicenseBuilder, OpenApi, OpenApiBuilder, PathsBuilder, RefOr, Required,
    Response, Schema, Server, Tag,
};

use self::operations::{Answer, Asked, Operation, TAGS};
use self::schemas::{Problem, Shape, ulid_shape, word_shape};
use crate::web::routes::{self, Access};
use crate::web::session::VIEWER_COOKIE;

/// Shapes by name.
type Shapes = BTreeMap<String, RefOr<Schema>>;

/// The name of the session's cookie among the ways to be let in.
const SESSION: &str = "session";
/// The name of the metrics' token there.
const METRICS: &str = "metrics_token";

/// The name of an event's overlay key there.
const OVERLAY: &str = "overlay_key";

/// `GET /api/v1/openapi.json`
pub async fn document() -> HttpResponse {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let body = DOCUMENT.get_or_init(|| Bytes::from(build().to_json().unwrap_or_default()));
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
        .content_type("application/json")
        .body(web::Bytes::clone(body))
}

/// The document. The same for every node: it depends on nothing but the program.
#[must_use]
pub fn build() -> OpenApi {
    let mut known = Shapes::new();
    let mut paths = PathsBuilder::new();
    for operation in operations::all() {
        let access = routes::table()
            .into_iter()
            .find(|entry| entry.method == operation.method && entry.path == operation.path)
            .map_or(Access::Open, |entry| entry.access);
        let method = if operation.method == "POST" { HttpMethod::Post } else { HttpMethod::Get };
        paths = paths.path(operation.path, PathItem::new(method, describe(operation, access, &mut known)));
    }
    shapes::<Problem>(&mut known);
    let cookie = ApiKeyValue::with_description(VIEWER_COOKIE, "Given by /api/v1/register and /api/v1/login.");
    let components = ComponentsBuilder::new()
        .schemas_from_iter(known)
        .security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
        .security_scheme(METRICS, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .security_scheme(OVERLAY, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .build();
    OpenApiBuilder::new()
        .info(info())
        .servers(Some([Server::new("/")]))
        .tags(Some(TAGS.iter().map(|(name, words)| {
            let mut tag = Tag::new(*name);
            tag.description = Some((*words).to_owned());
            tag
        })))
        .paths(paths)
        .components(Some(components))
        .build()
}

fn info() -> Info {
    let mut info = Info::new("Bakuhantam", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "A pay-per-view live event: who is here, what is on, what it costs. Errors are `{\"error\":{\"code\",\
         \"message\",\"incident\"}}`; a code is stable, a message is for people. JSON bodies need `Content-Type: \
         application/json`. A request that moves coins needs an `Idempotency-Key`: the same key and body within a day \
         is the same request, and is given the same answer; refusals are not kept."
            .to_owned(),
    );
    info.license = Some(LicenseBuilder::new().name("Proprietary").build());
    info
}

/// Adds the shape of a type and of what it holds; a reference to it.
fn shapes<T: utoipa::ToSchema>(into: &mut Shapes) -> RefOr<Schema> {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    into.extend(found);
    RefOr::Ref(utoipa::openapi::Ref::from_schema_name(T::name()))
}

fn describe(operation: &Operation, access: Access, into: &mut Shapes) -> utoipa::openapi::path::Operation {
    let mut built = OperationBuilder::new()
        .operation_id(Some(operation.id))
        .tag(operation.tag)
        .summary(Some(operation.summary))
        .description(Some(operation.words));
    for name in operation.places() {
        built = built.parameter(place(operation.path, name));
    }
    for (name, words) in operation.queries {
        let parameter = ParameterBuilder::new().name(*name).parameter_in(ParameterIn::Query);
        built = built
            .parameter(parameter.required(Required::False).description(Some(*words)).schema(Some(Shape::text(0, 200))));
    }
    if operation.keyed {
        built = built.parameter(key());
    }
    built = match access {
        Access::Viewer => built.security(SecurityRequirement::new::<_, [&str; 0], &str>(SESSION, [])),
        Access::Overlay => built.security(SecurityRequirement::new::<_, [&str; 0], &str>(OVERLAY, [])),
        Access::Metrics => built
            .security(SecurityRequirement::new::<_, [&str; 0], &str>(METRICS, []))
            .security(SecurityRequirement::default()),
        _ if operation.knows_viewer => built
            .security(SecurityRequirement::default())
            .security(SecurityRequirement::new::<_, [&str; 0], &str>(SESSION, [])),
        _ => built,
    };
    if let Some((kind, shape, required)) = body_of(operation, access, into) {
        let required = if required { Required::True } else { Required::False };
        let body = RequestBodyBuilder::new().content(kind, Content::new(Some(shape))).required(Some(required));
        built = built.request_body(Some(body.build()));
    }
    built = built.response(operation.answers.0.to_string(), answer(operation, into));
    if let Some(status) = operation.or_answers {
        built = built.response(status.to_string(), ResponseBuilder::new().description(good(status)).build());
    }
    for (status, codes) in operation.refusals(access) {
        built = built.response(status.to_string(), refusal(status, &codes));
    }
    built.build()
}

fn body_of(operation: &Operation, access: Access, into: &mut Shapes) -> Option<(&'static str, RefOr<Schema>, bool)> {
    match &operation.asked {
        // `{}`: the type of the body is looked at, not what is in it.
        Asked::Nothing if operation.asks_for_json(access) => Some(("application/json", Shape::anything(), false)),
        Asked::Nothing => None,
        Asked::Json(shape) => Some(("application/json", shape(into), true)),
        Asked::MaybeJson(shape) => Some(("application/json", shape(into), false)),
        Asked::Raw(kind) => Some((kind, Shape::anything(), true)),
    }
}

fn answer(operation: &Operation, into: &mut Shapes) -> Response {
    let (status, answer) = &operation.answers;
    let built = ResponseBuilder::new().description(good(*status));
    match answer {
        Answer::Json(shape) => built.content("application/json", Content::new(Some(shape(into)))).build(),
        Answer::Text(kind) => built.content(*kind, Content::new(Some(Shape::text(0, usize::MAX)))).build(),
        Answer::Bytes => built.content("application/octet-stream", Content::new(Some(Shape::bytes()))).build(),
        Answer::Nothing => built.build(),
    }
}

const fn good(status: u16) -> &'static str {
    match status {
        201 => "Made.",
        204 => "Done; there is nothing to say.",
        101 => "The socket is open.",
        _ => "As asked.",
    }
}

fn refusal(status: u16, codes: &[&str]) -> Response {
    let said = codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ");
    let shape = RefOr::Ref(utoipa::openapi::Ref::from_schema_name("Problem"));
    let built = ResponseBuilder::new()
        .description(format!("Refused: {said}."))
        .content("application/json", Content::new(Some(shape)));
    match status {
        429 | 503 => built
            .header("Retry-After", {
                let mut header = Header::new(Shape::count());
                header.description = Some("Seconds to wait.".to_owned());
                header
            })
            .build(),
        _ => built.build(),
    }
}

/// A place in a path.
fn place(path: &str, name: &str) -> utoipa::openapi::path::Parameter {
    let (words, shape) = match name {
        "id" if path.starts_with("/api/v1/keys/") => {
            ("The key's id, as playlists name it.", Shape::pattern("^[0-7][0-9A-HJKMNP-TV-Z]{25}-[0-9]{1,12}$"))
        }
        "slug" => ("The event's name in addresses.", word_shape()),
        "invoice" => ("The order's invoice.", Shape::pattern("^BH[0-7][0-9A-HJKMNP-TV-Z]{25}$")),
        _ => ("An id.", ulid_shape()),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(words))
        .schema(Some(shape))
        .build()
}

fn key() -> utoipa::openapi::path::Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some("New for each purchase, the same when one is sent again: 1 to 64 visible ASCII characters."))
        .schema(Some(Shape::pattern("^[!-~]{1,64}$")))
        .build()
}
