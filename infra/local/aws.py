"""The AWS calls of `cargo dev`. The first argument names one, its input is JSON on stdin, the environment names the AWS.

It runs on the Python of MiniStack, whose template translator brings boto3 and a YAML reader.
"""

import io
import json
import os
import pathlib
import shutil
import signal
import sys
import time
import zipfile

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = pathlib.Path(__file__).parents[1] / "template.yaml"
STACK = os.environ["HUB_STACK_NAME"]
BUCKET = "hub-packages"
STORAGE = ("AWS::DynamoDB::Table", "AWS::SQS::Queue")
DEPLOY_SECONDS = 120
PLATFORM_LINES = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ")


def read_template():
    """The template, and its functions' properties by the names of their binaries."""
    template = yaml_parse(TEMPLATE.read_text())
    properties = [item["Properties"] for item in template["Resources"].values() if item["Type"].endswith("::Function")]
    return template, {pathlib.Path(function["CodeUri"]).name: function for function in properties}


def storage_of(template):
    """The template without everything but tables and queues."""
    resources = {name: item for name, item in template["Resources"].items() if item["Type"] in STORAGE}
    outputs = {name: item for name, item in template["Outputs"].items() if item["Value"].get("Ref") in resources}
    return {"Parameters": template["Parameters"], "Resources": resources, "Outputs": outputs}


def package(binary, staging):
    """A key that changes with the binary, and a zip file whose bootstrap runs a link to it that later builds leave alone.

    So a deployment moves bytes by the hundred, not by the hundred million.
    """
    key = f"{binary.name}-{binary.stat().st_mtime_ns:x}"
    if not (staging / key).exists():
        staging.mkdir(exist_ok=True)
        for older in staging.glob(f"{binary.name}-*"):
            older.unlink()
        try:
            os.link(binary, staging / key)
        except OSError:  # it is on another file system
            shutil.copy2(binary, staging / key)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        bootstrap = zipfile.ZipInfo("bootstrap")
        bootstrap.external_attr = 0o755 << 16
        archive.writestr(bootstrap, f"#!/bin/sh\nexec '{staging / key}'\n")
    return key, content.getvalue()


def deploy(binaries, staging, parameters, secrets):
    """Creates or updates the stack and prints its outputs. Without binaries it has tables and queues only."""
    template, functions = read_template()
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for name, properties in functions.items() if binaries else ():
        key, content = package(pathlib.Path(binaries, name), pathlib.Path(staging))
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        properties["CodeUri"] = f"s3://{BUCKET}/{key}"
    template = template if binaries else storage_of(template)
    s3.put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(template))
    print(json.dumps(apply(f"{os.environ['AWS_ENDPOINT_URL']}/{BUCKET}/template.json", parameters)))
    manager = boto3.client("secretsmanager")
    for name, value in secrets.items():
        try:
            manager.create_secret(Name=name, SecretString=json.dumps(value))
        except manager.exceptions.ResourceExistsException:
            manager.put_secret_value(SecretId=name, SecretString=json.dumps(value))


def apply(url, parameters):
    cloudformation = boto3.client("cloudformation")

    def describe():
        return cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]

    try:
        describe()
        change = cloudformation.update_stack
    except ClientError:
        change = cloudformation.create_stack
    try:
        change(
            StackName=STACK,
            TemplateURL=url,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        )
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
    deadline = time.monotonic() + DEPLOY_SECONDS
    while (stack := describe())["StackStatus"].endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            sys.exit(f"the deployment did not finish within {DEPLOY_SECONDS} s")
        time.sleep(0.05)
    if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        failures = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
        reasons = [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failures]
        # The newest event comes first, and the first failure is the cause of the others.
        sys.exit(f"the deployment ended as {stack['StackStatus']}: {(reasons or ['no reason was given'])[-1]}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def queues():
    """Prints how many messages each queue holds."""
    sqs = boto3.client("sqs")
    waiting, held = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
    for name in ("fulfilment", "results", "score-checks"):
        url = os.environ[f"{name.upper().replace('-', '_')}_QUEUE_URL"]
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[waiting, held])["Attributes"]
        print(f"{name:<14} {counts[waiting]} waiting, {counts[held]} in flight")


def logs(function, follow, lines):
    """Prints what the functions logged, without the lines that Lambda itself writes."""
    # Ctrl-C ends it, and so does a reader such as `head` that has seen enough.
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    names = list(read_template()[1])
    if function not in (None, *names):
        sys.exit(f"error: unknown function; the functions are: {', '.join(names)}")
    client, shown, start = boto3.client("logs"), set(), 0
    while True:
        found = {}
        for name in [function] if function else names:
            group = {"logGroupName": f"/aws/lambda/{STACK}-{name}", "startTime": start}
            try:
                for page in client.get_paginator("filter_log_events").paginate(**group):
                    found |= {(event["timestamp"], name, event["message"].rstrip()): None for event in page["events"]}
            except client.exceptions.ResourceNotFoundException:
                pass
        new = [line for line in found if line not in shown and not line[2].startswith(PLATFORM_LINES)]
        new.sort(key=lambda line: line[0])
        for _, name, message in new if shown else new[max(len(new) - lines, 0) :]:
            print(f"{name:<20} {message}", flush=True)
        if not follow:
            return
        shown, start = found, max((line[0] for line in found), default=start)
        time.sleep(1)


try:
    {"deploy": deploy, "queues": queues, "logs": logs}[sys.argv[1]](**json.load(sys.stdin))
except (BotoCoreError, ClientError) as error:
    sys.exit(f"error: {error}")
