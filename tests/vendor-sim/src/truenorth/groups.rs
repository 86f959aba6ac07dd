//! What an account has to choose from: assessments and groups.

use hyper::StatusCode;
use serde_json::json;

use super::state::{Account, Group, uuid};
use super::wire::{self, NewGroup};
use crate::http::{Reply, Request};

impl Account {
    /// `assessments`.
    pub(super) fn list_assessments(&self) -> Reply {
        Reply::json(StatusCode::OK, &json!({ "assessments": self.settings.assessments }))
    }

    /// `GET groups`.
    pub(super) fn list_groups(&self) -> Reply {
        Reply::json(StatusCode::OK, &json!({ "groups": self.groups }))
    }

    /// `POST groups`.
    pub(super) fn create_group(&mut self, request: &Request) -> Reply {
        let name = match wire::read::<NewGroup>(request) {
            Ok(group) => group.name.unwrap_or_default(),
            Err(reply) => return reply,
        };
        if name.trim().is_empty() {
            return wire::errors(400, &["name is required.".to_owned()]);
        }
        if self.groups.iter().any(|group| group.name == name) {
            return wire::refusal("A group of this name exists.");
        }
        let group = Group { name, group_id: uuid() };
        let reply = Reply::json(StatusCode::OK, &group);
        self.groups.push(group);
        reply
    }
}
