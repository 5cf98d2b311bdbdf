//! A checker for the parts of OpenAPI schemas that X's description of these calls uses.

use serde_json::Value;

pub(crate) struct Description(pub(crate) Value);

impl Description {
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => {
                let found = self.0.pointer(name.strip_prefix('#').unwrap());
                self.resolve(found.unwrap_or_else(|| panic!("there is no {name}")))
            }
            None => schema,
        }
    }

    /// Returns the path template and the operation of a request.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<(String, &Value)> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &&String| {
            let template: Vec<&str> = template.split('/').collect();
            let mut pairs = template.iter().zip(&parts);
            template.len() == parts.len() && pairs.all(|(expected, part)| expected.starts_with('{') || expected == part)
        };
        let paths = self.0["paths"].as_object().unwrap();
        // A path without parameters takes precedence over one with parameters.
        let best = paths.keys().filter(fits).min_by_key(|template| template.matches('{').count())?;
        Some((best.clone(), paths[best].get(method.to_lowercase())?))
    }

    pub(crate) fn operations(&self) -> Vec<String> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        let of = |(path, methods): (&String, &Value)| -> Vec<String> {
            methods.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())).collect()
        };
        paths.flat_map(of).collect()
    }

    /// Returns all query parameters and body members with their operation. Skips the stream.
    pub(crate) fn members(&self) -> Vec<String> {
        let mut all = Vec::new();
        let operations = self.operations().into_iter().filter(|operation| !operation.ends_with("/stream"));
        for name in operations {
            let (method, path) = name.split_once(' ').unwrap();
            let operation = &self.0["paths"][path][method.to_lowercase()];
            for parameter in operation["parameters"].as_array().into_iter().flatten().map(|one| self.resolve(one)) {
                if parameter["in"] == "query" {
                    all.push(format!("{name}?{}", parameter["name"].as_str().unwrap()));
                }
            }
            self.add_members(&operation["requestBody"]["content"]["application/json"]["schema"], &name, &mut all);
        }
        all
    }

    fn add_members(&self, schema: &Value, at: &str, all: &mut Vec<String>) {
        for (name, member) in self.resolve(schema)["properties"].as_object().into_iter().flatten() {
            all.push(format!("{at}.{name}"));
            self.add_members(member, &format!("{at}.{name}"), all);
        }
    }

    pub(crate) fn parameter<'a>(&'a self, operation: &'a Value, name: &str) -> Option<&'a Value> {
        let all = operation["parameters"].as_array()?;
        let found = all.iter().map(|one| self.resolve(one)).find(|one| one["name"] == name)?;
        Some(&found["schema"])
    }

    /// Checks a parameter's text against its schema. Lists are comma-separated.
    pub(crate) fn check_text(&self, schema: &Value, text: &str, at: &str) {
        let schema = self.resolve(schema);
        let value = match schema["type"].as_str() {
            Some("integer") => serde_json::json!(text.parse::<i64>().unwrap()),
            Some("array") => text.split(',').collect(),
            _ => Value::from(text),
        };
        self.check(schema, &value, at);
    }

    /// Panics unless the value matches the schema.
    pub(crate) fn check(&self, schema: &Value, value: &Value, at: &str) {
        let schema = self.resolve(schema);
        if schema["oneOf"].is_array() {
            // X returns `about:blank` although its description does not list it.
            let kind = value["type"].as_str().unwrap_or_else(|| panic!("{at}: {value} has no type"));
            match schema["discriminator"]["mapping"][kind].as_str() {
                Some(name) => self.check(&serde_json::json!({ "$ref": name }), value, at),
                None => assert_eq!(kind, "about:blank", "{at}"),
            }
            return;
        }
        if let Some(allowed) = schema["enum"].as_array() {
            assert!(allowed.contains(value), "{at}: {value} is none of {allowed:?}");
        }
        match schema["type"].as_str() {
            Some("object") => self.check_object(schema, value, at),
            Some("array") => {
                let list = value.as_array().unwrap_or_else(|| panic!("{at}: {value} is no list"));
                let least = usize::try_from(schema["minItems"].as_u64().unwrap_or(0)).unwrap();
                let most = usize::try_from(schema["maxItems"].as_u64().unwrap_or(u64::MAX)).unwrap();
                assert!((least..=most).contains(&list.len()), "{at}: {} things", list.len());
                for (number, one) in list.iter().enumerate() {
                    self.check(&schema["items"], one, &format!("{at}[{number}]"));
                }
            }
            Some("string") => check_string(schema, value, at),
            Some("integer") => {
                let number = value.as_i64().unwrap_or_else(|| panic!("{at}: {value} is no number"));
                assert!(schema["minimum"].as_i64().is_none_or(|least| number >= least), "{at}: {number}");
                assert!(schema["maximum"].as_i64().is_none_or(|most| number <= most), "{at}: {number}");
            }
            Some("boolean") => assert!(value.is_boolean(), "{at}: {value}"),
            _ => {}
        }
    }

    fn check_object(&self, schema: &Value, value: &Value, at: &str) {
        let object = value.as_object().unwrap_or_else(|| panic!("{at}: {value} is no object"));
        for required in schema["required"].as_array().into_iter().flatten() {
            assert!(object.contains_key(required.as_str().unwrap()), "{at}: without {required}: {value}");
        }
        let is_closed = schema["additionalProperties"] == Value::Bool(false);
        for (name, member) in object {
            match schema["properties"].get(name) {
                Some(schema) => self.check(schema, member, &format!("{at}.{name}")),
                None => assert!(!is_closed, "{at}: {name:?} is not known"),
            }
        }
    }
}

fn check_string(schema: &Value, value: &Value, at: &str) {
    let text = value.as_str().unwrap_or_else(|| panic!("{at}: {value} is no text"));
    let length = u64::try_from(text.chars().count()).unwrap();
    assert!(length >= schema["minLength"].as_u64().unwrap_or(0), "{at}: {text:?} is too short");
    assert!(length <= schema["maxLength"].as_u64().unwrap_or(u64::MAX), "{at}: {text:?} is too long");
    let Some(pattern) = schema["pattern"].as_str() else { return };
    // All of X's patterns for these calls are `^[0-9]{1,19}$` or `^[0-9]{12}$`.
    let numbers = pattern.strip_prefix("^[0-9]{").and_then(|rest| rest.strip_suffix("}$"));
    let numbers = numbers.unwrap_or_else(|| panic!("{at}: a pattern that is new: {pattern}"));
    let (least, most) = numbers.split_once(',').unwrap_or((numbers, numbers));
    let lengths = least.parse().unwrap()..=most.parse().unwrap();
    assert!(text.bytes().all(|byte| byte.is_ascii_digit()) && lengths.contains(&length), "{at}: {text:?}");
}
