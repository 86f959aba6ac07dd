//! What a role's policy allows, by IAM's rules as far as the template uses them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

const LEADING_KEYS: &str = "dynamodb:LeadingKeys";

/// A call as IAM sees it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Call {
    pub(crate) role: String,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) keys: Vec<String>,
    /// Whether the emulator let it through.
    pub(crate) allowed: bool,
}

/// One thing that a statement grants: an action on a resource, for a pattern of keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    pub(crate) action: String,
    pub(crate) resource: String,
    /// `None` where the statement has no condition.
    pub(crate) keys: Option<String>,
}

pub(crate) struct Statement {
    actions: Vec<String>,
    resources: Vec<String>,
    /// Patterns of which each key needs one; and a call without keys is refused.
    keys: Option<Vec<String>>,
}

impl Statement {
    /// Reads a statement. What this evaluator does not know must not be in the template.
    pub(crate) fn read(statement: &Value) -> Self {
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        let fields = ["Effect", "Action", "Resource", "Condition"];
        assert!(statement.as_object().expect("a statement").keys().all(|field| fields.contains(&field.as_str())));
        let keys = statement.get("Condition").map(|condition| {
            let operators: Vec<_> = condition.as_object().expect("operators").keys().collect();
            assert_eq!(operators, ["ForAllValues:StringLike", "Null"], "{statement}");
            assert_eq!(condition["Null"][LEADING_KEYS], "false", "{statement}");
            texts(&condition["ForAllValues:StringLike"][LEADING_KEYS])
        });
        Self { actions: texts(&statement["Action"]), resources: texts(&statement["Resource"]), keys }
    }

    pub(crate) fn allows(&self, call: &Call) -> bool {
        let matches = |patterns: &[String], text: &str| patterns.iter().any(|pattern| is_like(text, pattern));
        let keys = || match &self.keys {
            None => true,
            Some(patterns) => !call.keys.is_empty() && call.keys.iter().all(|key| matches(patterns, key)),
        };
        self.actions.contains(&call.action) && matches(&self.resources, &call.resource) && keys()
    }

    pub(crate) fn grants(&self) -> impl Iterator<Item = Grant> {
        let keys: Vec<_> = self.keys.as_ref().map_or(vec![None], |keys| keys.iter().cloned().map(Some).collect());
        self.actions.iter().flat_map(move |action| {
            let (action, keys) = (action.clone(), keys.clone());
            self.resources.iter().flat_map(move |resource| {
                let (action, resource) = (action.clone(), resource.clone());
                keys.clone().into_iter().map(move |keys| Grant {
                    action: action.clone(),
                    resource: resource.clone(),
                    keys,
                })
            })
        })
    }
}

impl Grant {
    pub(crate) fn serves(&self, call: &Call) -> bool {
        let is_for_keys = |pattern: &String| call.keys.iter().any(|key| is_like(key, pattern));
        self.action == call.action
            && is_like(&call.resource, &self.resource)
            && self.keys.as_ref().is_none_or(is_for_keys)
    }
}

/// The grants of all statements, each once.
pub(crate) fn grants(statements: &[Statement]) -> BTreeSet<Grant> {
    statements.iter().flat_map(Statement::grants).collect()
}

/// IAM's `StringLike`: `*` is any text, `?` any character.
pub(crate) fn is_like(text: &str, pattern: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, first) => first.is_none(),
        (Some('*'), _) => {
            let rest = &pattern[1..];
            text.char_indices().map(|(at, _)| &text[at..]).chain([""]).any(|text| is_like(text, rest))
        }
        (Some(wanted), Some(first)) if wanted == '?' || wanted == first => {
            is_like(&text[first.len_utf8()..], &pattern[wanted.len_utf8()..])
        }
        _ => false,
    }
}

fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| value.as_str().expect("a text").to_owned();
    value.as_array().map_or_else(|| vec![one(value)], |values| values.iter().map(one).collect())
}
