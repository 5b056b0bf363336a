'use strict';

// What the framework has no words for: the alias `live` of the version that it makes, moved by
// CodeDeploy; that version's name for the hook; rules for parameters that do not go together; and
// tags that are chosen when the stack is deployed.

const FUNCTION = 'PredictLambdaFunction';

class LiveAlias {
  constructor(serverless) {
    this.service = serverless.service;
    this.hooks = {
      initialize: () => this.tag(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.extend(),
    };
  }

  tag() {
    const { custom, provider } = this.service;
    const pairs = custom.tags ? custom.tags.split(',').map(pair) : [];
    provider.stackTags = { ...provider.stackTags, ...Object.fromEntries(pairs) };
  }

  extend() {
    const template = this.service.provider.compiledCloudFormationTemplate;
    const { Resources: resources } = template;
    const version = Object.keys(resources).find((name) => isVersion(resources[name]));
    resources[`${FUNCTION}Aliaslive`] = alias(version);
    resources.HooksLambdaFunction.Properties.Environment.Variables.NEW_VERSION = { Ref: version };
    template.Rules = this.service.custom.rules.Rules;
  }
}

function pair(text) {
  const [name, ...value] = text.split('=');
  return [name, value.join('=')];
}

function isVersion({ Type, Properties }) {
  return Type === 'AWS::Lambda::Version' && Properties.FunctionName.Ref === FUNCTION;
}

function alias(version) {
  return {
    Type: 'AWS::Lambda::Alias',
    UpdatePolicy: {
      CodeDeployLambdaAliasUpdate: {
        ApplicationName: { Ref: 'ServerlessDeploymentApplication' },
        DeploymentGroupName: { Ref: `${FUNCTION}DeploymentGroup` },
        BeforeAllowTrafficHook: { Ref: 'HooksLambdaFunction' },
      },
    },
    Properties: {
      Name: 'live',
      FunctionName: { Ref: FUNCTION },
      FunctionVersion: { 'Fn::GetAtt': [version, 'Version'] },
      ProvisionedConcurrencyConfig: {
        'Fn::If': [
          'ProvisionsConcurrency',
          { ProvisionedConcurrentExecutions: { Ref: 'ProvisionedConcurrency' } },
          { Ref: 'AWS::NoValue' },
        ],
      },
    },
  };
}

module.exports = LiveAlias;
