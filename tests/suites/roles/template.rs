//! `infra/template.yaml`, read as CloudFormation reads it.

use std::collections::{BTreeMap, BTreeSet};

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

const TEMPLATE: &str = include_str!("../../../infra/template.yaml");
/// Of the local stack.
const STACK: &str = "hub";
const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";

/// The resources as the template has them, with intrinsic functions in their long form.
pub(crate) struct Template {
    resources: Map<String, Value>,
}

impl Template {
    pub(crate) fn read() -> Self {
        let documents = Yaml::load_from_str(TEMPLATE).expect("the template is YAML");
        let template = plain(&documents[0]);
        Self { resources: template["Resources"].as_object().expect("resources").clone() }
    }

    /// The policy statements of each role, by its logical name.
    pub(crate) fn statements(&self) -> BTreeMap<String, Vec<Value>> {
        let roles = self.resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role");
        let statements = |role: &Value| -> Vec<Value> {
            let policies = role["Properties"]["Policies"].as_array().expect("policies").iter();
            let statements = policies.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array());
            statements.flatten().map(|statement| self.resolved(statement)).collect()
        };
        roles.map(|(name, role)| (name.clone(), statements(role))).collect()
    }

    /// The logical names of the resources of a type.
    pub(crate) fn names_of(&self, kind: &str) -> BTreeSet<&str> {
        self.resources.iter().filter(|(_, it)| it["Type"] == kind).map(|(name, _)| name.as_str()).collect()
    }

    fn resolved(&self, value: &Value) -> Value {
        match value {
            Value::Array(values) => values.iter().map(|value| self.resolved(value)).collect(),
            Value::Object(fields) => match fields.iter().next() {
                Some((name, argument)) if name.starts_with("Fn::") || name == "Ref" => self.call(name, argument),
                _ => fields.iter().map(|(name, value)| (name.clone(), self.resolved(value))).collect(),
            },
            other => other.clone(),
        }
    }

    fn call(&self, function: &str, argument: &Value) -> Value {
        let argument = argument.as_str().expect("a text");
        match function {
            "Fn::GetAtt" | "Ref" => json!(self.reference(argument)),
            "Fn::Sub" => {
                let mut parts = argument.split("${");
                let mut text = parts.next().unwrap_or_default().to_owned();
                for part in parts {
                    let (name, rest) = part.split_once('}').expect("a name in braces");
                    text += &(self.reference(name) + rest);
                }
                json!(text)
            }
            other => panic!("{other} is not for policies"),
        }
    }

    fn reference(&self, name: &str) -> String {
        match name {
            "AWS::StackName" => STACK.to_owned(),
            "AWS::Region" => REGION.to_owned(),
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            name => self.arn(name.strip_suffix(".Arn").expect("an ARN")),
        }
    }

    fn arn(&self, logical_name: &str) -> String {
        let resource = &self.resources[logical_name];
        let name = |property: &str| self.resolved(&resource["Properties"][property]);
        let (service, name) = match resource["Type"].as_str().expect("a type") {
            "AWS::DynamoDB::Table" => ("dynamodb", format!("table/{}", text(&name("TableName")))),
            "AWS::SQS::Queue" => ("sqs", text(&name("QueueName"))),
            "AWS::Logs::LogGroup" => ("logs", format!("log-group:{}:*", text(&name("LogGroupName")))),
            other => panic!("no policy names a {other}"),
        };
        format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{name}")
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// YAML as JSON; `!Ref x` as `{"Ref": x}`, `!Sub x` as `{"Fn::Sub": x}`.
fn plain(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Tagged(tag, inner) => match tag.suffix.as_str() {
            "Ref" => json!({ "Ref": plain(inner) }),
            function => json!({ format!("Fn::{function}"): plain(inner) }),
        },
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(values) => values.iter().map(plain).collect(),
        Yaml::Mapping(fields) => {
            fields.iter().map(|(name, value)| (text(&plain(name)), plain(value))).collect::<Map<_, _>>().into()
        }
        Yaml::Value(Scalar::Null) => Value::Null,
        other => panic!("the template has no such YAML: {other:?}"),
    }
}
