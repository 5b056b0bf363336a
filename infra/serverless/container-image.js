'use strict';

// With the parameter ImageUri, all functions are that one image, each with a command of its own;
// what only a zip has goes: a runtime of Lambda's, and snapshots.

const ZIP_ONLY = {
  Parameters: ['PythonVersion', 'SnapStart'],
  Conditions: ['HasSnapStart'],
  Rules: ['SnapshotsOrProvisionedConcurrency'],
};

class ContainerImage {
  constructor(serverless) {
    this.service = serverless.service;
    this.hooks = {
      initialize: () => this.uri() && this.replace(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.uri() && this.strip(),
    };
  }

  uri() {
    return this.service.custom.image;
  }

  replace() {
    delete this.service.package.artifact;
    for (const each of Object.values(this.service.functions)) {
      each.image = { uri: this.uri(), command: [each.handler] };
      delete each.handler;
    }
  }

  strip() {
    const template = this.service.provider.compiledCloudFormationTemplate;
    for (const [section, names] of Object.entries(ZIP_ONLY)) {
      for (const name of names) delete template[section][name];
    }
    const functions = Object.values(template.Resources).filter(isFunction);
    for (const { Properties } of functions) {
      delete Properties.Runtime;
      delete Properties.SnapStart;
    }
  }
}

function isFunction({ Type }) {
  return Type === 'AWS::Lambda::Function';
}

module.exports = ContainerImage;
