"""What a deployment would run, without running any of it; and what it refuses beforehand."""

import re
from pathlib import Path

import pytest

from coldpress.deployment import Order, rehearse
from coldpress.errors import DeployError, StoreError, UsageError
from coldpress.pipeline import ModelSource
from coldpress.registry import publish
from coldpress.scaffold import lay_down

STORE = "s3://my-bucket/models"
TAGGED = '[default.deploy.parameters]\ntags = ["team=all", "cost=a"]'


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder to work in, with tools on the PATH that fail if they are called, and no AWS."""
    place = tmp_path / "bin"
    place.mkdir()
    for name in ("sam", "osls"):
        (place / name).write_text("#!/bin/sh\nexit 9\n")
        (place / name).chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("PATH", str(place))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    return work


def _order(model, *, trust=False, **fields):
    return Order(source=ModelSource(model=model, trust=trust), **fields)


def test_a_model_s_file_goes_the_whole_way(elsewhere):
    """Export, publish, build, deploy, ask, promote; what only running tells is in capitals."""
    (elsewhere / "model.joblib").write_bytes(b"")
    (elsewhere / "rows.csv").write_bytes(b"")
    rows = elsewhere / "rows.csv"
    order = _order("model.joblib", trust=True, sample=rows, drop=("id",), store=STORE)
    export, publish, build, template, deploy, ask, promote = rehearse(order)
    assert export == (
        f"coldpress export model.joblib --sample {elsewhere}/rows.csv -o build/exported/model "
        "--name model --trust --drop id --force"
    )
    assert publish == f"coldpress publish build/exported/model {STORE}"
    assert build == "coldpress build -o build --python 3.13 --arch x86_64"
    assert template == "# lay the shipped template down in build/deployment/model-live"
    assert deploy.startswith(
        "(cd build/deployment/model-live && sam deploy --template-file template.yaml "
    )
    assert f"ModelUri={STORE}/model@sha256:VERSION Revision=REVISION" in deploy
    assert ask.startswith("# ask model-live")
    assert promote == f"coldpress promote {STORE}/model@sha256:VERSION --channel live"
    assert not (elsewhere / "build").exists()


def test_a_bundle_is_published_as_it_is(elsewhere, make_bundle):
    """There is nothing to export, and its version is known."""
    bundle = make_bundle()
    commands = rehearse(_order(str(bundle.path), store=STORE, tool="serverless", stage="staging"))
    assert commands[0] == f"coldpress publish {bundle.path} {STORE}"
    assert f"--param=ModelUri={STORE}/churn@sha256:{bundle.digest}" in commands[3]
    assert "osls deploy --stage staging --region REGION" in commands[3]
    assert "--param=StackName=churn-staging" in commands[3]
    assert commands[-1].endswith("--channel staging")
    assert elsewhere


def test_a_published_model_is_only_deployed(elsewhere):
    """A model URI needs neither export nor publish; its version is known to who has signed in."""
    template, deploy, *_ = rehearse(_order(f"{STORE}/churn@live", build=False))
    assert template.startswith("# lay")
    assert f"ModelUri={STORE}/churn@sha256:VERSION" in deploy
    assert elsewhere


def test_a_channel_is_deployed_pinned(elsewhere, make_bundle, aws_environment, bucket):
    """What is deployed is one version, which a dry run names as the deployment does."""
    assert aws_environment
    bundle = make_bundle()
    pinned = publish(bundle, f"s3://{bucket}/models", channel="live").uri
    _, _, deploy, *_ = rehearse(_order(f"s3://{bucket}/models/churn@live"))
    assert f"ModelUri={pinned} " in deploy
    with pytest.raises(StoreError, match="coldpress channels STORE lists"):
        rehearse(_order(f"s3://{bucket}/models/churn@other"))
    assert elsewhere


def test_a_channel_is_looked_up_in_the_deployment_s_region(
    elsewhere, aws_environment, denied_regions
):
    """The store is asked where the function will read it."""
    assert elsewhere, aws_environment
    with pytest.raises(StoreError):
        rehearse(_order(f"{STORE}/churn@live", region="eu-west-1"))
    assert denied_regions == {"eu-west-1"}


def test_the_project_s_own_values(elsewhere, make_bundle):
    """In a project its template and settings count; the package goes where that looks for it."""
    lay_down(elsewhere, model=str(make_bundle().path))
    order = _order("model", store=STORE, parameters={"Architecture": "arm64"})
    _, build, deploy, *_ = rehearse(order)
    assert build == "coldpress build -o build --python 3.13 --arch arm64"
    assert re.match("sam deploy", deploy)
    assert "Architecture=arm64" in deploy


def test_without_a_store_the_account_s_own(elsewhere, make_bundle, aws_environment):
    """The bucket is named after account and region, and made if need be."""
    assert aws_environment
    bucket, publish, *_ = rehearse(_order(str(make_bundle().path)))
    name = "coldpress-models-123456789012-us-east-1"
    assert bucket == f"# make the bucket {name}, by the stack coldpress-models, unless it is there"
    assert publish.endswith(f"s3://{name}/models")
    assert elsewhere


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"stage": "Live!"}, "can't be a stage", id="stage"),
        pytest.param({"store": "./store"}, "reads its model from S3, not from ./store", id="store"),
        pytest.param({"stack": "a b"}, "can't be a stack's name", id="stack"),
        pytest.param({"stack": "a" * 50}, "can't be a stack's name", id="long stack"),
        pytest.param({"parameters": {"Nothing": "1"}}, "no parameter Nothing", id="parameter"),
        pytest.param({"parameters": {"PythonVersion": "2.7"}}, "can't be '2.7'", id="Python"),
        pytest.param({"parameters": {"Architecture": "mips"}}, "can't be 'mips'", id="processor"),
        pytest.param({"parameters": {"MemorySize": "99"}}, "at least 128", id="memory"),
        pytest.param({"parameters": {"Auth": "jwt"}}, "needs JwtIssuer", id="rule"),
        pytest.param({"parameters": {"BurstLimit": "1.5"}}, "must be a whole number", id="half"),
        pytest.param({"parameters": {"SubnetIds": "subnet-1"}}, "go together: give both", id="VPC"),
        pytest.param(
            {"parameters": {"ReservedConcurrency": "2", "ProvisionedConcurrency": "3"}},
            "ProvisionedConcurrency=3 is more than ReservedConcurrency=2",
            id="warmer than there are",
        ),
        pytest.param({"parameters": {"ModelUri": "x"}}, "leave --param ModelUri out", id="model"),
        pytest.param({"parameters": {"Revision": "1"}}, "leave --param Revision", id="revision"),
        pytest.param({"store": "s3://my bucket/models"}, "a bucket's name has 3 to 63", id="blank"),
        pytest.param({"stack": ""}, "can't be a stack's name", id="no stack"),
        pytest.param({"name": "other"}, "is a bundle, .* leave --name out", id="name"),
        pytest.param({"sample": Path("x.csv")}, "leave --sample out", id="sample"),
        pytest.param({"compress": "int8"}, "leave --compress out", id="compress"),
        pytest.param({"trust": True}, "leave --trust out", id="trust"),
        pytest.param({"region": ""}, "'' can't be a region", id="no region"),
        pytest.param({"region": "Frankfurt"}, "'Frankfurt' can't be a region", id="region"),
        pytest.param({"stack": "coldpress-models"}, "holds the account's models", id="models"),
        pytest.param(
            {"tool": "serverless", "parameters": {"ImageUri": "churn:latest"}},
            "ImageUri can't be 'churn:latest': it must be",
            id="image",
        ),
        pytest.param({"project": Path()}, "there is no template of Coldpress", id="project"),
        pytest.param({"tool": "terraform"}, "use one of sam, serverless", id="tool"),
    ],
)
def test_what_has_no_meaning_is_refused(elsewhere, make_bundle, fields, message):
    """Each is told in one sentence, before anything is done."""
    assert elsewhere
    with pytest.raises(UsageError, match=message):
        rehearse(_order(str(make_bundle().path), **{"store": STORE, **fields}))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        pytest.param("nothing", "there is no nothing", id="nothing"),
        pytest.param(" ", "the model has no name", id="blank"),
        pytest.param("", "the model has no name", id="empty"),
        pytest.param(f"{STORE}/churn", "add a channel, such as .*/churn@live", id="no version"),
        pytest.param("model.joblib", "has to be exported first", id="no sample"),
        pytest.param("./store/churn@live", "reads its model from S3, not from file://", id="local"),
    ],
)
def test_a_model_that_can_t_be_deployed_is_told(elsewhere, model, message):
    """A model that is not there, has no rows, or lies where Lambda can't read it."""
    (elsewhere / "model.joblib").write_bytes(b"")
    with pytest.raises(UsageError, match=message):
        rehearse(_order(model))


def test_a_published_model_is_published_nowhere_else(elsewhere):
    """A store beside a model URI would be ignored."""
    assert elsewhere
    with pytest.raises(UsageError, match="leave --store out, or deploy its bundle"):
        rehearse(_order(f"{STORE}/churn@live", store="s3://other/models"))


def test_a_project_of_the_other_tool_is_told(elsewhere, make_bundle):
    """The shipped template is not deployed in the place of the project's own."""
    bundle = str(make_bundle().path)
    lay_down(elsewhere, model=bundle)
    with pytest.raises(UsageError, match="is a project of sam, which serverless does not deploy"):
        rehearse(_order(bundle, store=STORE, tool="serverless"))


def test_a_project_says_its_stack_and_region(elsewhere, make_bundle, monkeypatch):
    """What samconfig.toml names is where it is deployed, unless the order says otherwise."""
    bundle = str(make_bundle().path)
    lay_down(elsewhere, model=bundle)
    path = elsewhere / "samconfig.toml"
    mine = 'stack_name = "shop"\nregion = "eu-north-1"\nprofile = "work"'
    path.write_text(path.read_text("utf-8").replace('stack_name = "churn-live"', mine), "utf-8")
    with pytest.raises(UsageError, match=r"names the profile work.*set AWS_PROFILE=work"):
        rehearse(_order(bundle, store=STORE))
    (elsewhere / "credentials").write_text("[work]\naws_access_key_id=x\n", "utf-8")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(elsewhere / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "work")
    deployed = rehearse(_order(bundle, store=STORE))[2]
    assert "--stack-name shop --region eu-north-1" in deployed
    staging = rehearse(_order(bundle, store=STORE, stage="staging", region="eu-west-1"))[2]
    assert "--stack-name churn-staging --region eu-west-1" in staging
    assert "--stack-name other " in rehearse(_order(bundle, store=STORE, stack="other"))[2]


def test_a_template_of_another_name(elsewhere, make_bundle):
    """What samconfig.toml would have SAM deploy instead is told; the same by its path is not."""
    bundle = str(make_bundle().path)
    lay_down(elsewhere, model=bundle)
    path = elsewhere / "samconfig.toml"
    text = path.read_text("utf-8")
    header = "[default.deploy.parameters]\n"
    path.write_text(text.replace(header, f'{header}template_file = "./template.yaml"\n'), "utf-8")
    assert rehearse(_order(bundle, store=STORE))
    path.write_text(text.replace(header, f'{header}template_file = "other.yaml"\n'), "utf-8")
    with pytest.raises(UsageError, match=r"names the template other.yaml, and template.yaml"):
        rehearse(_order(bundle, store=STORE))


def test_a_project_has_a_place_for_its_package(elsewhere, make_bundle):
    """Another one would not be where its template looks."""
    bundle = str(make_bundle().path)
    lay_down(elsewhere, model=bundle)
    with pytest.raises(UsageError, match="leave --output out: the package goes to build"):
        rehearse(_order(bundle, store=STORE, output=elsewhere / "out"))


def test_steps_alone_ask_the_same_region(elsewhere, make_bundle, monkeypatch):
    """Where the shell has another region, the commands for the store say theirs."""
    bundle = str(make_bundle().path)
    order = _order(bundle, store=STORE, region="eu-west-1")
    publish, *_, promote = rehearse(order)
    assert publish.startswith("AWS_REGION=eu-west-1 coldpress publish ")
    assert promote.startswith("AWS_REGION=eu-west-1 coldpress promote ")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    publish, *_, promote = rehearse(order)
    assert publish.startswith("coldpress publish ")
    assert promote.startswith("coldpress promote ")
    assert elsewhere


def test_a_stack_that_serverless_names_itself(elsewhere, make_bundle):
    """Another name can't be told to it, and is refused; its own is the deployment's."""
    bundle = str(make_bundle().path)
    lay_down(elsewhere, model=bundle, tool="serverless")
    path = elsewhere / "serverless.yml"
    text = path.read_text("utf-8")
    path.write_text(re.sub("stackName: .*", "stackName: shop", text), "utf-8")
    assert rehearse(_order(bundle, store=STORE))[3].startswith("# ask shop the golden")
    with pytest.raises(UsageError, match="takes no name for its stack, which is shop; leave --"):
        rehearse(_order(bundle, store=STORE, stack="other"))
    path.write_text(re.sub("stackName: .*", "stackName: ${ssm:/name}", text), "utf-8")
    with pytest.raises(
        UsageError, match=r"calls its stack \$\{ssm:/name\}, which is not known; write "
    ):
        rehearse(_order(bundle, store=STORE))


@pytest.mark.parametrize(
    ("name", "allowed"), [("Architecture", "riscv64"), ("PythonVersion", "3.11")]
)
def test_a_template_s_own_choices_can_be_built(elsewhere, make_bundle, name, allowed):
    """What a changed template allows is refused all the same, if no package can be built for it."""
    bundle = str(make_bundle().path)
    lay_down(elsewhere, model=bundle)
    path = elsewhere / "template.yaml"
    text = path.read_text("utf-8")
    path.write_text(
        text.replace("AllowedValues: [x86_64, arm64]", "").replace(
            'AllowedValues: ["3.12", "3.13", "3.14"]', ""
        ),
        "utf-8",
    )
    with pytest.raises(UsageError, match=f"{name} can't be '{allowed}'"):
        rehearse(_order(bundle, store=STORE, parameters={name: allowed}))


def test_what_only_serverless_knows_is_left_to_it(elsewhere, make_bundle):
    """An image from a variable is not checked; tags from one can't be told beside others."""
    bundle = str(make_bundle().path)
    lay_down(elsewhere, model=bundle, tool="serverless")
    path = elsewhere / "serverless.yml"
    text = path.read_text("utf-8")
    own = "params:\n  live: { ImageUri: '${env:IMAGE}', Tags: '${env:TAGS}' }\n"
    path.write_text(text.replace("params:\n", own, 1), "utf-8")
    assert any("coldpress build" in each for each in rehearse(_order(bundle, store=STORE)))
    with pytest.raises(UsageError, match=r"has the tags \$\{env:TAGS\}, which --tag can't come"):
        rehearse(_order(bundle, store=STORE, tags={"team": "ml"}))


def test_a_template_with_a_security_group_of_its_own(elsewhere, make_bundle):
    """What it is not told of, it has itself."""
    bundle = str(make_bundle().path)
    lay_down(elsewhere, model=bundle)
    path = elsewhere / "template.yaml"
    document = re.sub(r"  SecurityGroupIds:\n(    .*\n)+", "", path.read_text("utf-8"), count=1)
    path.write_text(document, "utf-8")
    order = _order(bundle, store=STORE, parameters={"SubnetIds": "subnet-1"})
    assert "SubnetIds=subnet-1" in rehearse(order)[2]


def test_tags_come_beside_the_project_s(elsewhere, make_bundle):
    """A tag of the order stands before one of that name; without one each tool reads its own."""
    bundle = str(make_bundle().path)
    lay_down(elsewhere, model=bundle)
    path = elsewhere / "samconfig.toml"
    text = path.read_text("utf-8").replace("[default.deploy.parameters]", TAGGED, 1)
    path.write_text(text, "utf-8")
    assert "--tags" not in rehearse(_order(bundle, store=STORE))[2]
    deploy = rehearse(_order(bundle, store=STORE, tags={"team": "ml", "new": "1"}))[2]
    assert re.search("--tags '?team=ml'? '?cost=a'? '?new=1'?", deploy), deploy


def test_an_image_needs_no_package(elsewhere, make_bundle):
    """The framework is told the image, which was built with a package of its own."""
    image = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/churn@sha256:{'ab' * 32}"
    told = {"ImageUri": image}
    order = _order(str(make_bundle().path), store=STORE, tool="serverless", parameters=told)
    _, _, deploy, *_ = commands = rehearse(order)
    assert not any("coldpress build" in each for each in commands)
    assert f"--param=ImageUri={image}" in deploy
    assert elsewhere


def test_rows_that_are_not_there_are_told(elsewhere):
    """A sample that is missing is no matter of the export, which takes a while."""
    (elsewhere / "model.joblib").write_bytes(b"")
    with pytest.raises(UsageError, match=r"there is no sample .*rows\.csv"):
        rehearse(_order("model.joblib", sample=elsewhere / "rows.csv"))


def test_two_templates_need_a_choice(elsewhere, make_bundle):
    """A folder that both tools can deploy is not guessed about."""
    bundle = str(make_bundle().path)
    lay_down(elsewhere / "a", model=bundle)
    lay_down(elsewhere / "b", tool="serverless", model=bundle)
    (elsewhere / "a" / "serverless.yml").write_bytes(
        (elsewhere / "b" / "serverless.yml").read_bytes()
    )
    with pytest.raises(UsageError, match="by sam and serverless; choose with --with"):
        rehearse(_order(bundle, project=elsewhere / "a"))
    assert rehearse(_order(bundle, project=elsewhere / "a", tool="serverless"))


def test_no_tool_at_all(elsewhere, make_bundle, monkeypatch):
    """Without a tool and without a project nothing can be said, but how to get one."""
    monkeypatch.setenv("PATH", str(elsewhere))
    with pytest.raises(DeployError, match="pipx install aws-sam-cli"):
        rehearse(_order(str(make_bundle().path)))
