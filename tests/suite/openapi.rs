//! The description of the JSON routes: it is whole, it is well made, and real answers fit it.

use std::collections::{BTreeSet, HashSet};

use bakuhantam::web::api::openapi;
use bakuhantam::web::routes::{Access, table};
use serde_json::{Value, json};

use crate::harness::http;
use crate::harness::night;
use crate::harness::viewers::Viewer;

mod shapes;

use shapes::misfits;

/// The document as it is served.
fn document() -> Value {
    serde_json::to_value(openapi::build()).expect("JSON")
}

/// Every operation: method, path, description.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("methods").iter();
            methods.map(|(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
        })
        .collect()
}

fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/") || matches!(path, "/ws" | "/health" | "/metrics")
}

#[test]
fn the_document_has_every_route_for_programs_and_no_other() {
    let described: BTreeSet<_> =
        operations(&document()).into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let routes = table().into_iter().filter(|entry| is_for_programs(entry.path));
    let there: BTreeSet<_> = routes.map(|entry| format!("{} {}", entry.method, entry.path)).collect();
    assert_eq!(described, there);
}

#[test]
fn every_operation_is_named_once_and_says_what_it_does() {
    let document = document();
    let mut names = HashSet::new();
    let tags: HashSet<&str> =
        document["tags"].as_array().expect("tags").iter().filter_map(|tag| tag["name"].as_str()).collect();
    for (method, path, operation) in operations(&document) {
        let of = format!("{method} {path}");
        let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
        assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()), "{of}: {name}");
        assert!(names.insert(name), "{of}: its name stands twice");
        for words in ["summary", "description"] {
            assert!(!operation[words].as_str().unwrap_or_default().is_empty(), "{of} has no {words}");
        }
        assert!(operation["tags"][0].as_str().is_some_and(|tag| tags.contains(tag)), "{of}: {}", operation["tags"]);
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let places: Vec<&str> = path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        let told: Vec<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        assert_eq!(places, told, "{of}");
        assert!(parameters.iter().all(|parameter| !parameter["description"].as_str().unwrap_or_default().is_empty()));
    }
}

#[test]
fn every_refusal_is_described_and_has_the_one_shape() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let of = format!("{method} {path}");
        let responses = operation["responses"].as_object().expect("responses");
        let good = responses.keys().filter(|status| status.as_str() < "400").count();
        assert!((1..=2).contains(&good), "{of}: how it goes well");
        for (status, response) in responses {
            assert!(!response["description"].as_str().unwrap_or_default().is_empty(), "{of} {status}");
            if status.as_str() >= "400" {
                let shape = &response["content"]["application/json"]["schema"]["$ref"];
                let own = path == "/health";
                assert!(own || shape == "#/components/schemas/Problem", "{of} {status}: {response}");
            }
            if status == "429" || (status == "503" && path != "/health") {
                assert!(response["headers"]["Retry-After"].is_object(), "{of} {status}");
            }
        }
        let has = |status: &str| responses.contains_key(status);
        let entry = table().into_iter().find(|entry| entry.method == method && entry.path == path).expect("a route");
        assert_eq!(entry.access == Access::Viewer, operation["security"] == json!([{"session": []}]), "{of}");
        assert!(entry.access != Access::Viewer || (has("401") && has("503")), "{of}");
        assert!(method != "POST" || has("403"), "{of}: a page of another site");
        assert!(!path.contains('{') || has("404"), "{of}");
        let body = &operation["requestBody"]["content"]["application/json"];
        assert!(!body.is_object() || has("400"), "{of}");
        assert!(operation["requestBody"]["required"] != true || has("413"), "{of}");
        let keyed = operation["parameters"].as_array().is_some_and(|parameters| {
            parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key" && parameter["required"] == true)
        });
        let moves_coins = ["/unlock", "/coin-orders", "/supports", "/votes"].iter().any(|end| path.ends_with(end));
        assert_eq!(keyed, method == "POST" && moves_coins, "{of}");
        assert!(!keyed || (has("400") && has("409")), "{of}");
    }
}

#[test]
fn every_shape_is_there_and_is_used() {
    let document = document();
    let text = document.to_string();
    let shapes = document["components"]["schemas"].as_object().expect("shapes");
    let used: BTreeSet<&str> = text
        .match_indices("\"#/components/schemas/")
        .filter_map(|(at, found)| text[at + found.len()..].split('"').next())
        .collect();
    let there: BTreeSet<&str> = shapes.keys().map(String::as_str).collect();
    assert_eq!(used, there);
}

#[tokio::test]
async fn the_document_is_served_and_answers_fit_it() {
    let server = night::serve("").await;
    let given = http::get(&server.url("/api/v1/openapi.json")).await;
    assert_eq!((given.status.as_u16(), given.header("content-type")), (200, "application/json"));
    let document = given.json();
    assert_eq!(document, self::document());
    assert!(document["openapi"].as_str().expect("a version").starts_with("3.1"));

    let ari = Viewer::register(&server, 1).await;
    let mut fitted = 0;
    for (method, path, operation) in operations(&document) {
        if path == "/ws" || path == "/metrics" {
            continue;
        }
        let address = path.replace("{slug}", "island-fight").replace("{id}", "01J00000000000000000000000");
        let address = address.replace("{invoice}", "BH01J00000000000000000000000");
        // Rightly, without a session, and with nothing at all where something is asked.
        let answers = match method.as_str() {
            "GET" => vec![ari.get(&address).await, http::get(&server.url(&address)).await],
            _ if path.ends_with("/logout") => {
                vec![http::send(hyper::Method::POST, &server.url(&address), &[], "").await]
            }
            _ => vec![ari.post(&address, "k", &json!({})).await, ari.post(&address, "", &json!([])).await],
        };
        for answer in answers {
            let status = answer.status.as_u16().to_string();
            let response = &operation["responses"][&status];
            assert!(response.is_object(), "{method} {path} answers {status}, which it does not tell");
            let shape = &response["content"]["application/json"]["schema"];
            if shape.is_object() {
                let wrong = misfits(&document, shape, &answer.json(), "");
                assert!(wrong.is_empty(), "{method} {path} {status}: {wrong:#?}\n{}", answer.text());
                fitted += 1;
            }
        }
    }
    assert!(fitted > 20, "{fitted}");
}
