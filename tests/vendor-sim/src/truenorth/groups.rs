//! What an account has to choose from: assessments and groups.

use hyper::StatusCode;
use serde_json::json;

use super::state::{Account, Group, uuid};
use super::wire::{self, NewGroup};
use crate::http::{Reply, Request};

impl Account {
    pub(super) fn list_assessments(&self) -> Reply {
        Reply::json(StatusCode::OK, &json!({ "assessments": self.settings.assessments }))
    }

    pub(super) fn list_groups(&self) -> Reply {
        Reply::json(StatusCode::OK, &json!({ "groups": self.groups }))
    }

    pub(super) fn create_group(&mut self, request: &Request) -> Result<Reply, Reply> {
        let name = wire::read::<NewGroup>(request)?.name.unwrap_or_default();
        if name.trim().is_empty() {
            return Err(wire::errors(400, &["name is required.".to_owned()]));
        }
        if self.groups.iter().any(|group| group.name == name) {
            return Err(wire::refusal("A group of this name exists."));
        }
        let group = Group { name, group_id: uuid() };
        let reply = Reply::json(StatusCode::OK, &group);
        self.groups.push(group);
        Ok(reply)
    }
}
