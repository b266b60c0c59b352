//! Whether a value fits a shape: as much of JSON Schema as the document uses. What it does not know fits nothing.

use serde_json::Value;

/// What of `value` does not fit `shape`, each with where it stands. A property that the shape does not name fits not.
pub fn misfits(document: &Value, shape: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(name) = shape["$ref"].as_str() {
        let found = document.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} is not there"));
        return misfits(document, found, value, at);
    }
    if let Some(ways) = shape["oneOf"].as_array().or_else(|| shape["anyOf"].as_array()) {
        let fits = ways.iter().any(|way| misfits(document, way, value, at).is_empty());
        return if fits { Vec::new() } else { vec![format!("{at}: {value} fits none of {}", shape["oneOf"])] };
    }
    if let Some(words) = shape["enum"].as_array() {
        return if words.contains(value) { Vec::new() } else { vec![format!("{at}: {value} is none of {words:?}")] };
    }
    let types: Vec<&str> = match &shape["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        // Nothing is said of it: whatever there is fits.
        _ => return Vec::new(),
    };
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    if !types.iter().any(|kind| is(kind)) {
        return vec![format!("{at}: {value} is no {types:?}")];
    }
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(number, item)| misfits(document, &shape["items"], item, &format!("{at}[{number}]")))
            .collect(),
        Value::Object(members) => {
            let required = shape["required"].as_array().cloned().unwrap_or_default();
            let missing = required.iter().filter_map(Value::as_str).filter(|name| !members.contains_key(*name));
            let mut wrong: Vec<String> = missing.map(|name| format!("{at}.{name} is missing")).collect();
            for (name, member) in members {
                let place = format!("{at}.{name}");
                match &shape["properties"][name] {
                    Value::Null => wrong.push(format!("{place} is not described")),
                    inner => wrong.extend(misfits(document, inner, member, &place)),
                }
            }
            wrong
        }
        Value::Number(_) if shape["minimum"].as_i64().is_some_and(|least| value.as_i64() < Some(least)) => {
            vec![format!("{at}: {value} is too small")]
        }
        _ => Vec::new(),
    }
}

#[test]
fn what_does_not_fit_is_told_with_its_place() {
    let document = serde_json::json!({"components": {"schemas": {"Coins": {"type": "integer", "minimum": 0}}}});
    let shape = serde_json::json!({
        "type": "object",
        "required": ["coins"],
        "properties": {
            "coins": {"$ref": "#/components/schemas/Coins"},
            "note": {"type": ["string", "null"]},
            "ways": {"type": "array", "items": {"type": "string", "enum": ["a"]}},
        },
    });
    let wrong = |value: Value| misfits(&document, &shape, &value, "");
    assert!(wrong(serde_json::json!({"coins": 1, "note": null, "ways": ["a"]})).is_empty());
    for bad in [
        serde_json::json!({}),
        serde_json::json!({"coins": -1}),
        serde_json::json!({"coins": "1"}),
        serde_json::json!({"coins": 1, "more": 1}),
        serde_json::json!({"coins": 1, "note": 1}),
        serde_json::json!({"coins": 1, "ways": ["b"]}),
        serde_json::json!([]),
    ] {
        assert_eq!(wrong(bad.clone()).len(), 1, "{bad}");
    }
}
