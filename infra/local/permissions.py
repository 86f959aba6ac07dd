"""Teaches MiniStack's policy evaluator `dynamodb:LeadingKeys`, and writes down what the functions' roles are used for.

Each line of CALLS_FILE is a call as IAM sees it: the role, the action, the resource and the partition keys. Calls that
differ only after a key's last `#` are written once.
"""

import contextvars
import json
import os
import re
import threading

from ministack.core import iam_actions, iam_evaluator

PARTITION_KEY = "pk"

# Those of a transaction's items, in the order in which they are checked.
transaction_keys = contextvars.ContextVar("transaction_keys", default=())
written = set()
lock = threading.Lock()


def parse(body):
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def key_of(attributes):
    return next(iter(attributes.get(PARTITION_KEY, {"S": ""}).values()))


def leading_keys(request):
    """The partition keys that a request names; of an index, that index's."""
    if "RequestItems" in request:
        return [key_of(key) for table in request["RequestItems"].values() for key in table["Keys"]]
    if "KeyConditionExpression" in request:
        # The partition key comes first, and is the one that equals something.
        value = re.search(r"=\s*(:\w+)", request["KeyConditionExpression"]).group(1)
        return list(request["ExpressionAttributeValues"][value].values())
    return [key_of(request[part]) for part in ("Item", "Key") if part in request]


original_context = iam_actions.dynamodb_service_context
original_checks = iam_actions.dynamodb_transaction_checks
original_enforce = iam_evaluator.enforce


def service_context(body):
    context, keys = original_context(body), leading_keys(parse(body))
    return {**context, "dynamodb:LeadingKeys": keys} if keys else context


def transaction_checks(action, body, region, account):
    checks = original_checks(action, body, region, account)
    parts = [part for item in parse(body).get("TransactItems", []) for part in item.values()]
    transaction_keys.set(iter([key_of(part.get("Item") or part["Key"]) for part in parts]) if checks else ())
    return checks


def enforce(access_key, action, service, region, resource_arn="*", service_context=None):
    context = dict(service_context or {})
    if "dynamodb:EnclosingOperation" in context:
        context["dynamodb:LeadingKeys"] = [next(transaction_keys.get())]
    denied = original_enforce(access_key, action, service, region, resource_arn, context)
    record(access_key, action, resource_arn, context.get("dynamodb:LeadingKeys", []), denied is None)
    return denied


def record(access_key, action, resource, keys, allowed):
    if iam_evaluator.is_root_access_key(access_key or ""):
        return
    caller = getattr(iam_evaluator.resolve_credential(access_key), "principal_arn", "")
    if ":assumed-role/" not in caller:
        return
    role = caller.split("/")[1]
    kind = (role, action, resource, tuple(sorted({key[: key.rfind("#") + 1] or key for key in keys})), allowed)
    with lock:
        if kind in written:
            return
        written.add(kind)
        with open(os.environ["CALLS_FILE"], "a", encoding="utf-8") as file:
            call = {"role": role, "action": action, "resource": resource, "keys": keys, "allowed": allowed}
            file.write(json.dumps(call) + "\n")


def install():
    iam_actions.dynamodb_service_context = service_context
    iam_actions.dynamodb_transaction_checks = transaction_checks
    iam_evaluator.enforce = enforce
