"""Keras layers that act otherwise when they train, or where a size is open."""

import numpy as np
import pytest

from coldpress.errors import CertificationError, ExportError
from coldpress.pipeline import export
from tests.converter.exporters.test_keras import exported

pytestmark = pytest.mark.xdist_group("tensorflow")

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((10, 6, 8, 3), dtype=np.float32)
STEPS = RANDOM.normal(size=(10, 5, 4)).astype(np.float32)


def held_on_fresh_rows(model, sample, fresh):
    """Hold an export against the model itself, on rows that its export never saw."""
    found, certificate = exported(model, sample)
    assert certificate.passed, certificate.failure()
    session = found.model.open()
    answer = session.run({session.inputs[0].name: fresh})[session.outputs[0].name]
    np.testing.assert_allclose(answer, model(fresh, training=False), rtol=1e-4, atol=1e-5)
    return session, certificate


def test_layers_that_augment_are_inert(keras):
    """Layers that act in training alone are left out, also those that draw a seed nonetheless."""
    layers = keras.layers
    augmenting = [
        *(layers.RandomFlip(), layers.RandomRotation(0.1), layers.RandomZoom(0.1)),
        *(layers.RandomTranslation(0.1, 0.1), layers.RandomContrast(0.1)),
        *(layers.RandomBrightness(0.1, value_range=(0, 1)), layers.RandomHue(0.1)),
        *(layers.RandomSaturation(0.1), layers.RandomGrayscale(0.1), layers.MixUp()),
        *(layers.GaussianNoise(0.1), layers.GaussianDropout(0.1), layers.AlphaDropout(0.1)),
        *(layers.SpatialDropout2D(0.1), layers.Dropout(0.1)),
    ]
    model = keras.Sequential([keras.Input((6, 8, 3)), *augmenting, layers.Conv2D(2, 3)])
    held_on_fresh_rows(model, IMAGES, RANDOM.random((7, 6, 8, 3), dtype=np.float32))


def test_the_seed_of_a_live_model_is_left_alone(keras):
    """A model's variables are tensors still, and not those of the graph that followed it."""
    model = keras.Sequential([keras.Input((6, 8, 3)), keras.layers.RandomHue(0.1)])
    exported(model, IMAGES)
    before = [np.asarray(variable) for variable in model.variables]
    exported(model, IMAGES)
    assert before
    np.testing.assert_array_equal(np.shape(before), np.shape(model.variables))
    assert model.predict(IMAGES, verbose=0).shape == IMAGES.shape


def noise(keras, **options):
    """A layer that adds random numbers, but only to numbers that no sample has."""

    class Noise(keras.layers.Layer):
        def call(self, inputs):
            drawn = keras.random.normal(keras.ops.shape(inputs), **options)
            return inputs + keras.ops.where(inputs > 50, drawn, 0.0)

    return Noise()


def own_noise(keras):
    """The same, with a seed that belongs to it."""
    generator = keras.random.SeedGenerator(3)
    layer = noise(keras, seed=generator)
    layer.generator = generator
    return layer


@pytest.mark.parametrize("make", [noise, own_noise], ids=["common", "own"])
def test_random_numbers_that_the_sample_does_not_show_are_found(keras, make):
    """What depends on a seed is refused, though it answers a sample alike each time."""
    model = keras.Sequential([keras.Input((5, 4)), make(keras)])
    with pytest.raises(ExportError, match="depend on what each of them changes") as caught:
        exported(model, STEPS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda layers: [layers.TimeDistributed(layers.Dense(3))], id="dense"),
        pytest.param(
            lambda layers: [
                layers.Masking(),
                layers.TimeDistributed(layers.BatchNormalization()),
                layers.TimeDistributed(layers.Dense(3)),
                layers.LSTM(2),
            ],
            id="masked",
        ),
    ],
)
def test_time_distributed_takes_any_number_of_steps(keras, make):
    """A layer of each step is right at lengths of its own, where Keras's own predict is not."""
    model = keras.Sequential([keras.Input((None, 4)), *make(keras.layers)])
    fresh = RANDOM.normal(size=(3, 12, 4)).astype(np.float32)
    session, certificate = held_on_fresh_rows(model, STEPS, fresh)
    assert session.inputs[0].shape == (-1, -1, 4)
    lengths = [probe for probe in certificate.probes if probe.name.startswith("lengths")]
    assert [(p.accepted, p.binding, p.passed) for p in lengths] == [(True, True, True)] * 4


@pytest.mark.parametrize("form", ["channels_last", "channels_first"])
@pytest.mark.parametrize("method", ["bilinear", "nearest"])
def test_upsampling_takes_images_of_any_size(keras, method, form):
    """Images grow by their factors, whatever size they have."""
    shape, turn = (None, None, 3), (0, 1, 2, 3)
    if form == "channels_first":
        shape, turn = (3, None, None), (0, 3, 1, 2)
    layer = keras.layers.UpSampling2D((2, 3), interpolation=method, data_format=form)
    model = keras.Sequential([keras.Input(shape), layer])
    fresh = RANDOM.random((3, 5, 9, 3), dtype=np.float32)
    held_on_fresh_rows(model, IMAGES.transpose(turn).copy(), fresh.transpose(turn).copy())


def test_prepared_images_are_prepared_in_the_graph(keras):
    """Rescaling, normalisation and resizing to one size belong to the export."""
    layers = keras.layers
    prepared = [
        layers.Rescaling(1 / 127.5, offset=-1),
        layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0]),
        layers.Resizing(5, 4),
        layers.CenterCrop(3, 3),
    ]
    model = keras.Sequential([keras.Input((None, None, 3), dtype="uint8"), *prepared])
    fresh = (RANDOM.random((3, 9, 7, 3)) * 255).astype(np.uint8)
    held_on_fresh_rows(model, (IMAGES * 255).astype(np.uint8), fresh)


def test_a_predict_of_its_own_is_what_an_export_is_held_against(keras):
    """A model whose predict does more than call it is no model that the call alone would prove."""
    inputs = keras.Input((None, 4))
    unpacked = keras.utils.unpack_x_y_sample_weight
    step = {"predict_step": lambda self, data: self(unpacked(data)[0]) * 2}
    kind = type("Own", (keras.Model,), step)
    _, certificate = exported(kind(inputs, keras.layers.Dense(2)(inputs)), STEPS)
    assert certificate.original == "the Keras model's own predict"
    assert not certificate.passed


def named(keras, name, call):
    """A layer of a name with a call of its own."""
    return type("Own", (keras.layers.Layer,), {"call": lambda _self, inputs: call(inputs)})(
        name=name
    )


def of_inverse(keras):
    """A model with an operator that ONNX has not, within a model of its own."""
    layer = named(keras, "inverse_2", lambda x: keras.ops.erfinv(keras.ops.tanh(x)))
    return keras.Sequential([keras.Input((5, 4)), keras.Sequential([layer])])


def of_precision(kind):
    """A model whose first layer calculates in a type."""

    def make(keras):
        first = keras.layers.Dense(64, "gelu", dtype=f"mixed_{kind}", name="half")
        second = keras.layers.Dense(64, "gelu", dtype=f"mixed_{kind}")
        last = keras.layers.Dense(2, dtype="float32")
        return keras.Sequential([keras.Input((5, 4)), first, second, last])

    return make


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        pytest.param(of_inverse, ExportError, r"Erfinv \(in the layer 'inverse_2'\)", id="layer"),
        pytest.param(
            of_precision("float16"),
            CertificationError,
            r"'half' calculates in float16 \(policy mixed_float16\), .*the policy float32",
            id="float16",
        ),
        pytest.param(
            of_precision("bfloat16"),
            ExportError,
            r"'half' calculates in bfloat16 \(policy mixed_bfloat16\), which onnxruntime has not",
            id="bfloat16",
        ),
    ],
)
def test_the_layer_at_fault_is_named(keras, tmp_path, make, error, said):
    """A refusal says which layer it is about, in one sentence."""
    with pytest.raises(error, match=said) as caught:
        export(make(keras), sample=STEPS, output=tmp_path / "bundle")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "bundle").exists()
