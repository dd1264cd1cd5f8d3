"""What the tests need from AWS beside what OneTrigger does: prints one JSON document. The endpoint and credentials come from the environment."""
import ast
import io
import json
import sys
import zipfile

import boto3
import botocore.exceptions

REGION = 'us-east-1'


def client(service):
    return boto3.client(service, region_name=REGION)


def make_function(name):
    role = client('iam').create_role(RoleName=f'{name}-role', AssumeRolePolicyDocument='{}')['Role']['Arn']
    code = io.BytesIO()
    with zipfile.ZipFile(code, 'w') as archive:
        archive.writestr('index.py', 'def handler(event, context):\n    return event\n')
    client('lambda').create_function(
        FunctionName=name, Runtime='python3.12', Role=role, Handler='index.handler', Code={'ZipFile': code.getvalue()}
    )
    return {'function': name}


def make_queue(name):
    """A job queue with a definition, as SCAR makes them: all of one name."""
    ec2 = client('ec2')
    vpc = ec2.create_vpc(CidrBlock='10.0.0.0/16')['Vpc']['VpcId']
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='10.0.0.0/24')['Subnet']['SubnetId']
    group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)['GroupId']
    iam = client('iam')
    role = iam.create_role(RoleName=f'{name}-role', AssumeRolePolicyDocument='{}')['Role']['Arn']
    profile = iam.create_instance_profile(InstanceProfileName=name)['InstanceProfile']['Arn']
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=f'{name}-role')
    batch = client('batch')
    environment = batch.create_compute_environment(
        computeEnvironmentName=name,
        type='MANAGED',
        state='ENABLED',
        serviceRole=role,
        computeResources={
            'type': 'EC2', 'minvCpus': 0, 'maxvCpus': 2, 'instanceTypes': ['g4dn.xlarge'],
            'subnets': [subnet], 'securityGroupIds': [group], 'instanceRole': profile,
        },
    )['computeEnvironmentArn']
    batch.create_job_queue(
        jobQueueName=name, state='ENABLED', priority=1,
        computeEnvironmentOrder=[{'order': 1, 'computeEnvironment': environment}],
    )
    batch.register_job_definition(
        jobDefinitionName=name,
        type='container',
        retryStrategy={'attempts': 1},
        containerProperties={
            'image': 'busybox', 'vcpus': 1, 'memory': 512,
            'command': ['/bin/sh', '-c', 'echo $EVENT | /opt/faas-supervisor/bin/supervisor'],
        },
    )
    return {'queue': name}


def jobs(queue):
    """Every job of a queue, as DescribeJobs tells it."""
    batch = client('batch')
    states = ['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED']
    ids = [job['jobId'] for state in states for job in batch.list_jobs(jobQueue=queue, jobStatus=state)['jobSummaryList']]
    return batch.describe_jobs(jobs=ids)['jobs'] if ids else []


def make_bus(name):
    """A bus with a rule that hands everything on to an SQS queue."""
    sqs = client('sqs')
    url = sqs.create_queue(QueueName=name)['QueueUrl']
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
    events = client('events')
    events.create_event_bus(Name=name)
    events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps({'source': ['onetrigger']}), State='ENABLED')
    events.put_targets(Rule=name, EventBusName=name, Targets=[{'Id': 'queue', 'Arn': arn}])
    return {'bus': name, 'queue': url}


def make_table(name):
    """As the stack makes it."""
    keys = [{'AttributeName': 'pk', 'KeyType': 'HASH'}, {'AttributeName': 'sk', 'KeyType': 'RANGE'}]
    attributes = [{'AttributeName': each, 'AttributeType': 'S'} for each in ('pk', 'sk')]
    client('dynamodb').create_table(
        TableName=name, BillingMode='PAY_PER_REQUEST', AttributeDefinitions=attributes, KeySchema=keys
    )
    return {'table': name}


def make_secret(name, value):
    return {'arn': client('secretsmanager').create_secret(Name=name, SecretString=value)['ARN']}


def make_parameter(name, value):
    ssm = client('ssm')
    ssm.put_parameter(Name=name, Value=value, Type='SecureString')
    return {'arn': ssm.get_parameter(Name=name)['Parameter']['ARN']}


def receive(url):
    """All messages of a queue."""
    found = []
    while True:
        messages = client('sqs').receive_message(QueueUrl=url, MaxNumberOfMessages=10).get('Messages', [])
        if not messages:
            return found
        for message in messages:
            found.append(json.loads(message['Body']))
            client('sqs').delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])


def deployed(name, job=''):
    """What AWS has of a deployment, service by service; None for what is not there."""
    function = found(lambda: client('lambda').get_function(FunctionName=name))
    role = function and function['Configuration']['Role'].split('/')[-1]
    iam = client('iam')
    policies = iam.list_role_policies(RoleName=role)['PolicyNames'] if role else []
    rules = client('events').list_rules()['Rules']
    secrets = client('secretsmanager')
    batch = client('batch')
    definitions = batch.describe_job_definitions(jobDefinitionName=job, status='ACTIVE')['jobDefinitions'] if job else []
    queues = batch.describe_job_queues(jobQueues=[job])['jobQueues'] if job else []
    order = queues[0]['computeEnvironmentOrder'] if queues else []
    return {
        'function': function and function['Configuration'],
        'statements': [
            statement
            for policy in policies
            for statement in document(iam.get_role_policy(RoleName=role, PolicyName=policy))['Statement']
        ],
        'schedules': [
            {**rule, 'targets': client('events').list_targets_by_rule(Rule=rule['Name'])['Targets']} for rule in rules
        ],
        'table': found(lambda: client('dynamodb').describe_table(TableName=name)['Table']),
        'log': [
            group.get('retentionInDays')
            for group in client('logs').describe_log_groups(logGroupNamePrefix=f'/aws/lambda/{name}')['logGroups']
        ],
        'secrets': {
            secret['Name']: secrets.get_secret_value(SecretId=secret['ARN'])['SecretString']
            for secret in secrets.list_secrets()['SecretList']
        },
        'definition': definitions[-1] if definitions else None,
        'queue': queues[0] if queues else None,
        'environment': batch.describe_compute_environments(
            computeEnvironments=[order[0]['computeEnvironment']]
        )['computeEnvironments'][0] if order else None,
    }


def make_bucket(name):
    client('s3').create_bucket(Bucket=name)
    return {'bucket': name}


def document(policy):
    """moto keeps what came through CloudFormation as Python writes it."""
    given = policy['PolicyDocument']
    return ast.literal_eval(given) if isinstance(given, str) else given


def unpack(path):
    """An archive as Python reads it: names and texts of its files."""
    with zipfile.ZipFile(path) as files:
        assert files.testzip() is None
        return {file: files.read(file).decode() for file in files.namelist()}


def first_object(bucket):
    return {'key': client('s3').list_objects_v2(Bucket=bucket)['Contents'][0]['Key']}


def make_stack(name, path, parameters):
    client('cloudformation').create_stack(
        StackName=name,
        TemplateBody=open(path).read(),
        Capabilities=['CAPABILITY_IAM'],
        Parameters=[{'ParameterKey': key, 'ParameterValue': value} for key, value in json.loads(parameters).items()],
    )
    return {}


def template(name):
    """The template of a stack with the parameters that it was given, as text."""
    formation = client('cloudformation')
    body = formation.get_template(StackName=name)['TemplateBody']
    return {'text': json.dumps([body, formation.describe_stacks(StackName=name)['Stacks'][0]['Parameters']], default=str)}


def remove_routes():
    """moto's CloudFormation cannot remove route tables, and then no network: this takes them out of its way."""
    ec2 = client('ec2')
    for table in ec2.describe_route_tables()['RouteTables']:
        for association in table['Associations']:
            if not association.get('Main'):
                ec2.disassociate_route_table(AssociationId=association['RouteTableAssociationId'])
        if not any(association.get('Main') for association in table['Associations']):
            ec2.delete_route_table(RouteTableId=table['RouteTableId'])
    return {}


def found(ask):
    try:
        return ask()
    except botocore.exceptions.ClientError as error:
        if 'NotFound' in error.response['Error']['Code']:
            return None
        raise


commands = {
    each.__name__: each
    for each in (make_function, make_queue, jobs, make_bus, make_table, make_secret, make_parameter, receive, deployed, unpack, make_bucket, first_object, make_stack, template, remove_routes)
}
print(json.dumps(commands[sys.argv[1]](*sys.argv[2:]), default=str))
