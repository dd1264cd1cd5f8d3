import type { HostPreparation, JobPlan } from '../plan.ts'
import { getAtt, type Resource, ref, role, type Statement, sub, type Value } from './template.ts'

/** Public subnets of a network of our own: two, so that one zone without free GPUs is no dead end. */
const zones = 2
/** The 30 GiB that a host has otherwise are gone with an image of CUDA and one large video. */
const hostDiskGib = 100

/** What SCAR makes for a function in Batch: hosts with the supervisor, a queue and a job definition, both named as the function. */
export function jobResources(job: JobPlan): Readonly<Record<string, Resource>> {
  return {
    ...(job.network === null ? networkResources(job.name) : {}),
    ...roles(job),
    ...(job.host === null ? {} : { HostTemplate: launchTemplate(job.host) }),
    // Without a name, for a new one could not replace it otherwise; only the queue refers to it.
    ComputeEnvironment: computeEnvironment(job),
    JobQueue: {
      Type: 'AWS::Batch::JobQueue',
      Properties: {
        JobQueueName: job.name,
        Priority: 1,
        State: 'ENABLED',
        ComputeEnvironmentOrder: [{ Order: 1, ComputeEnvironment: ref('ComputeEnvironment') }],
      },
    },
    JobDefinition: jobDefinition(job),
  }
}

function computeEnvironment(job: JobPlan): Resource {
  const { network, host } = job
  return {
    Type: 'AWS::Batch::ComputeEnvironment',
    ...(network === null ? { DependsOn: ['PublicRoute'] } : {}),
    Properties: {
      Type: 'MANAGED',
      State: 'ENABLED',
      ServiceRole: getAtt('BatchRole', 'Arn'),
      ComputeResources: {
        Type: 'EC2',
        AllocationStrategy: 'BEST_FIT_PROGRESSIVE',
        MinvCpus: job.minVcpus,
        DesiredvCpus: job.minVcpus,
        MaxvCpus: job.maxVcpus,
        InstanceTypes: job.instanceTypes,
        // Said, for what Batch takes by itself has changed: Amazon Linux 2023 has the drivers and the Python that hosts need.
        Ec2Configuration: [{ ImageType: job.gpus > 0 ? 'ECS_AL2023_NVIDIA' : 'ECS_AL2023' }],
        InstanceRole: getAtt('HostProfile', 'Arn'),
        Subnets: network?.subnets ?? subnetIds().map(ref),
        SecurityGroupIds: network?.securityGroups ?? [getAtt('HostSecurityGroup', 'GroupId')],
        ...(host === null
          ? {}
          : {
              LaunchTemplate: {
                LaunchTemplateId: ref('HostTemplate'),
                Version: getAtt('HostTemplate', 'LatestVersionNumber'),
              },
            }),
      },
    },
  }
}

function jobDefinition({ host, ...job }: JobPlan): Resource {
  const volume = 'host-programs'
  const secrets = Object.entries(job.secretEnvironment)
  return {
    Type: 'AWS::Batch::JobDefinition',
    Properties: {
      JobDefinitionName: job.name,
      Type: 'container',
      PlatformCapabilities: ['EC2'],
      // Started once for each delivery; OneTrigger shows what became of it, and `replay --rerun` starts it anew.
      RetryStrategy: { Attempts: 1 },
      ContainerProperties: {
        Image: job.image,
        Command: job.command,
        ResourceRequirements: [
          { Type: 'VCPU', Value: String(job.vcpus) },
          { Type: 'MEMORY', Value: String(job.memory) },
          ...(job.gpus === 0 ? [] : [{ Type: 'GPU', Value: String(job.gpus) }]),
        ],
        ...(job.reads.length + job.writes.length === 0 ? {} : { JobRoleArn: getAtt('JobRole', 'Arn') }),
        Environment: Object.entries(job.environment).map(([Name, Value]) => ({ Name, Value })),
        ...(secrets.length === 0
          ? {}
          : {
              ExecutionRoleArn: getAtt('JobExecutionRole', 'Arn'),
              Secrets: secrets.map(([Name, parameter]) => ({ Name, ValueFrom: ref(parameter) })),
            }),
        ...(host === null
          ? {}
          : {
              Volumes: [{ Name: volume, Host: { SourcePath: host.folder } }],
              MountPoints: [{ SourceVolume: volume, ContainerPath: host.folder, ReadOnly: true }],
            }),
      },
    },
  }
}

/** User data as cloud-init takes it from a launch template of Batch, which adds parts of its own: MIME, in several parts. */
function launchTemplate({ script }: HostPreparation): Resource {
  const boundary = '==onetrigger=='
  const lines = [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    'MIME-Version: 1.0',
    '',
    `--${boundary}`,
    'Content-Type: text/x-shellscript; charset="us-ascii"',
    'MIME-Version: 1.0',
    'Content-Transfer-Encoding: 7bit',
    '',
    script,
    `--${boundary}--`,
    '',
  ]
  return {
    Type: 'AWS::EC2::LaunchTemplate',
    Properties: {
      LaunchTemplateData: {
        UserData: Buffer.from(lines.join('\n')).toString('base64'),
        // Image, input and results of a job lie here. Paid for while a machine runs.
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: hostDiskGib, VolumeType: 'gp3' } }],
        // Jobs get no further than to the host's own address with the credentials of the host: one hop ends before a container.
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      },
    },
  }
}

function roles(job: JobPlan): Readonly<Record<string, Resource>> {
  const secrets = Object.values(job.secretEnvironment)
  return {
    // AWS keeps these two up to date with what Batch and the agent on its hosts need; SCAR uses the same ones.
    BatchRole: role('batch.amazonaws.com', [], ['service-role/AWSBatchServiceRole']),
    HostRole: role('ec2.amazonaws.com', [], ['service-role/AmazonEC2ContainerServiceforEC2Role']),
    HostProfile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [ref('HostRole')] } },
    ...(secrets.length === 0
      ? {}
      : {
          // Not the job itself: the agent that starts it reads them.
          JobExecutionRole: role('ecs-tasks.amazonaws.com', [
            { actions: ['secretsmanager:GetSecretValue'], resources: secrets.map(ref) },
          ]),
        }),
    ...(job.reads.length + job.writes.length === 0
      ? {}
      : { JobRole: role('ecs-tasks.amazonaws.com', bucketStatements(job)) }),
  }
}

function bucketStatements({ reads, writes }: JobPlan): readonly Statement[] {
  return [
    ...(reads.length === 0 ? [] : [{ actions: ['s3:GetObject'], resources: reads.map(objectsBelow) }]),
    ...(writes.length === 0 ? [] : [{ actions: ['s3:PutObject'], resources: writes.map(objectsBelow) }]),
  ]
}

/** What lies in a folder of a bucket; its names are the user's. */
function objectsBelow(place: string): Value {
  return sub(`arn:\${AWS::Partition}:s3:::${place}/*`)
}

/** A network with nothing in it but ways out: hosts fetch images and files, and nobody connects to them. */
function networkResources(name: string): Readonly<Record<string, Resource>> {
  const tags = [{ Key: 'Name', Value: name }]
  return {
    Network: {
      Type: 'AWS::EC2::VPC',
      Properties: { CidrBlock: '10.0.0.0/16', EnableDnsSupport: true, EnableDnsHostnames: true, Tags: tags },
    },
    Gateway: { Type: 'AWS::EC2::InternetGateway', Properties: { Tags: tags } },
    GatewayOfNetwork: {
      Type: 'AWS::EC2::VPCGatewayAttachment',
      Properties: { VpcId: ref('Network'), InternetGatewayId: ref('Gateway') },
    },
    Routes: { Type: 'AWS::EC2::RouteTable', Properties: { VpcId: ref('Network'), Tags: tags } },
    PublicRoute: {
      Type: 'AWS::EC2::Route',
      DependsOn: ['GatewayOfNetwork'],
      Properties: { RouteTableId: ref('Routes'), DestinationCidrBlock: '0.0.0.0/0', GatewayId: ref('Gateway') },
    },
    HostSecurityGroup: {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: 'Hosts of jobs: ways out, and none in',
        VpcId: ref('Network'),
        SecurityGroupEgress: [{ IpProtocol: '-1', CidrIp: '0.0.0.0/0', Description: 'images, providers, AWS' }],
      },
    },
    ...Object.fromEntries(subnetIds().flatMap((id, index) => subnet(id, index, tags))),
  }
}

function subnet(id: string, index: number, tags: Value): readonly (readonly [string, Resource])[] {
  return [
    [
      id,
      {
        Type: 'AWS::EC2::Subnet',
        Properties: {
          VpcId: ref('Network'),
          CidrBlock: `10.0.${index * 16}.0/20`,
          AvailabilityZone: { 'Fn::Select': [index, { 'Fn::GetAZs': '' }] },
          MapPublicIpOnLaunch: true,
          Tags: tags,
        },
      },
    ],
    [
      `${id}Routes`,
      {
        Type: 'AWS::EC2::SubnetRouteTableAssociation',
        Properties: { SubnetId: ref(id), RouteTableId: ref('Routes') },
      },
    ],
  ]
}

function subnetIds(): readonly string[] {
  return Array.from({ length: zones }, (_, index) => `Subnet${index + 1}`)
}
