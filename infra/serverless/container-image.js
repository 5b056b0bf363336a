'use strict';

// With the parameter ImageUri, all functions are that one image, each with a command of its own;
// what only a zip has goes: a runtime of Lambda's, and snapshots.

const ZIP_ONLY = {
  Parameters: ['PythonVersion', 'SnapStart'],
  Conditions: ['HasSnapStart'],
  Rules: ['SnapshotsOrProvisionedConcurrency'],
};

// What SAM's template for images takes, too.
const IMAGE =
  /^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$/;

class ContainerImage {
  constructor(serverless) {
    this.service = serverless.service;
    this.refusal = (message) => new serverless.classes.Error(message);
    this.hooks = {
      initialize: () => this.uri() && this.check() && this.replace(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.uri() && this.strip(),
    };
  }

  uri() {
    return this.service.custom.image;
  }

  check() {
    if (!IMAGE.test(this.uri())) {
      throw this.refusal(
        `ImageUri can't be '${this.uri()}': it must be ` +
          'ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256:DIGEST',
      );
    }
    if (String(this.service.custom.snapStart) === 'true') {
      throw this.refusal('SnapStart=true needs a zip: there are no snapshots of images');
    }
    return true;
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
