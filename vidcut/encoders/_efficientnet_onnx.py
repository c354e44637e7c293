"""EfficientNet-Lite2 on the CPU, by ONNX Runtime: the same numbers as torch's, to rounding.

Its graph is written here, from the weights that its package carries. That and importing `onnx`
take 0.4 s of a core, where torch takes 2.3 s to import alone and five times as long at a picture.
Nothing is kept, for what ONNX Runtime makes of a graph is for one kind of processor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from vidcut.encoders import _checkpoint, _runtime
from vidcut.encoders._checkpoint import CheckpointError
from vidcut.encoders._efficientnet import (
    CLASSES,
    DEVIATION,
    MEAN,
    SIDE_PX,
    Classifier,
    unreadable,
    weights_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from vidcut.encoders._efficientnet import Row, Work
    from vidcut.records import Picture

# tensorflow/tpu, efficientnet/lite/efficientnet_lite_builder.py. Seven stages of 1, 2, 2, 3, 3, 4
# and 1 blocks, of which all but the outer ones are 1.2 times as long here; four halve the picture.
_BLOCKS = 21
_HALVING = frozenset({1, 4, 7, 15})
_EPSILON = 1e-3
_OPSET, _IR = 17, 8


def load(*, threads: int) -> Classifier:
    """Read the weights.

    Raises:
        MissingError: they cannot be read.
    """
    try:
        model = graph(_checkpoint.read(weights_path()))
    except (OSError, KeyError, CheckpointError) as error:
        raise unreadable(error) from error
    options = _runtime.options(threads)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def probabilities(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = session.run(None, {"x": pixels})[0]
        return found

    return Classifier(probabilities, _one_by_one)


def graph(weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """The model as ONNX has it: ``x``, ``uint8 (n, 260, 260, 3)``, to ``y``, probabilities.

    Raises:
        KeyError: some weights are missing.
    """
    net = _Net(weights)
    x = net.add("Transpose", net.add("Cast", "x", to=TensorProto.FLOAT), perm=[0, 3, 1, 2])
    x = net.add("Sub", x, net.constant(np.float32(MEAN)))
    x = net.add("Div", x, net.constant(np.float32(DEVIATION)))
    x = net.clipped(net.convolved(x, "_conv_stem", "_bn0", step=2))
    for block in range(_BLOCKS):
        x = net.block(x, f"_blocks.{block}.", step=2 if block in _HALVING else 1)
    x = net.clipped(net.convolved(x, "_conv_head", "_bn1"))
    x = net.add("Flatten", net.add("GlobalAveragePool", x))
    x = net.add("Gemm", x, net.weight("_fc.weight"), net.weight("_fc.bias"), transB=1)
    return net.written(net.add("Softmax", x))


@dataclass(slots=True)
class _Net:
    """A graph while it is written; what a step gives is called by the step's name."""

    weights: Mapping[str, NDArray[np.float32]]
    nodes: list[Any] = field(default_factory=list)
    tensors: dict[str, Any] = field(default_factory=dict)

    def add(self, kind: str, *taken: str, **how: Any) -> str:
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, taken, [name], **how))
        return name

    def constant(self, value: np.float32) -> str:
        name = f"c{float(value)}"
        self.tensors[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def weight(self, name: str) -> str:
        self.tensors[name] = numpy_helper.from_array(self.weights[name], name)
        return name

    def convolved(self, x: str, name: str, norm: str, *, step: int = 1) -> str:
        """A convolution and what evens it out, which ONNX Runtime makes one."""
        weight = self.weight(f"{name}.weight")
        outputs, inputs = self.weights[weight].shape[:2]
        # A kernel that sees one channel is its own channel's; the picture itself has three.
        groups = outputs if inputs == 1 else 1
        padded = {"auto_pad": "SAME_UPPER", "strides": [step, step]}
        x = self.add("Conv", x, weight, group=groups, **padded)
        parts = ("weight", "bias", "running_mean", "running_var")
        evens = [self.weight(f"{norm}.{part}") for part in parts]
        return self.add("BatchNormalization", x, *evens, epsilon=_EPSILON)

    def clipped(self, x: str) -> str:
        return self.add("Clip", x, self.constant(np.float32(0)), self.constant(np.float32(6)))

    def block(self, x: str, name: str, *, step: int) -> str:
        """Wider, each channel by itself, narrower; added to what came in where they are alike."""
        before = x
        if f"{name}_expand_conv.weight" in self.weights:
            x = self.clipped(self.convolved(x, f"{name}_expand_conv", f"{name}_bn0"))
        x = self.clipped(self.convolved(x, f"{name}_depthwise_conv", f"{name}_bn1", step=step))
        x = self.convolved(x, f"{name}_project_conv", f"{name}_bn2")
        came, goes = self._widths(name)
        return self.add("Add", x, before) if step == 1 and came == goes else x

    def _widths(self, name: str) -> tuple[int, int]:
        """How many channels come into a block, and how many it gives."""
        given, within, _, _ = self.weights[f"{name}_project_conv.weight"].shape
        expanding = self.weights.get(f"{name}_expand_conv.weight")
        return within if expanding is None else expanding.shape[1], given

    def written(self, y: str) -> bytes:
        pixels = helper.make_tensor_value_info("x", TensorProto.UINT8, ["n", SIDE_PX, SIDE_PX, 3])
        found = helper.make_tensor_value_info(y, TensorProto.FLOAT, ["n", CLASSES])
        made = helper.make_graph(
            self.nodes, "lite2", [pixels], [found], list(self.tensors.values())
        )
        opset = [helper.make_operatorsetid("", _OPSET)]
        model = helper.make_model(made, opset_imports=opset, ir_version=_IR)
        return bytes(model.SerializeToString())


def _one_by_one(pictures: Sequence[Picture], work: Work) -> Iterator[Row]:
    """More at a time are no quicker, and take more memory."""
    for picture in pictures:
        yield from work([picture])
