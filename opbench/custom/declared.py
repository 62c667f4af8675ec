"""`@opbench.operator`: an operator of one's own in one file, with its inputs and its backends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from opbench.custom.custom_axes import custom_axes
from opbench.custom.definition import Definition
from opbench.custom.implementation import MODES, Implementation
from opbench.errors import UsageError, unknown
from opbench.vocabulary.operator import Tolerance

if TYPE_CHECKING:
    from opbench.vocabulary.operator import Operator

Function = TypeVar("Function", bound=Callable[..., Any])

EAGER = "eager"
"""The backend that the reference itself is, in the dtype of its inputs."""

DEVICES = {"cpu": frozenset({"cpu"}), "cuda": frozenset({"cuda"}), "": frozenset({"cpu", "cuda"})}


class DeclaredOperator:
    """A function that is the reference of an operator and its first backend; it can still be called."""

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        self.function, self._options = function, options
        self._inputs: Callable[..., Any] | None = None
        self._implementations: dict[str, Implementation] = {EAGER: Implementation(function)}
        self.name: str = options.pop("name") or function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def inputs(self, function: Function) -> Function:
        """Declare what makes the arguments: given one value of each axis, as `inputs` of `opbench.compare`."""
        self._inputs = function
        return function

    def backend(
        self, name: str, *, device: str = "", prepares: bool = False, simulator: str = "", ptx: str = ""
    ) -> Callable[[Function], Function]:
        """Declare another way to compute it, with the reference's arguments.

        device: `cpu` or `cuda` where it runs on that alone. prepares: whether the function, called once with the
        arguments, returns the one of no arguments that is timed. simulator: what runs its GPU kernels on CPU tensors
        for `opbench check --simulate`, such as "Triton's interpreter". ptx: what of it runs under `--simulate=ptx`,
        such as "CuPy's PTX", where it launches on `opbench.ptx.current()`; of Triton's kernels nothing need be said.
        Raises UsageError for a name that is taken and a device that is none.
        """
        if name in self._implementations:
            raise UsageError(f"operator {self.name!r} has a backend {name!r} already; give each a name of its own")
        if device not in DEVICES:
            raise UsageError(f"device of backend {name!r} is {device!r}; expected cpu or cuda, or none for both")

        def declare(function: Function) -> Function:
            self._implementations[name] = Implementation(function, DEVICES[device], prepares, simulator, ptx)
            return function

        return declare

    def opbench_operator(self) -> Operator:
        """The operator as everything else knows it. Raises UsageError where no inputs are declared."""
        if self._inputs is None:
            raise UsageError(f"operator {self.name!r} has no inputs; expected a function under @{self.name}.inputs")
        definition = Definition(self.name, self._implementations, self._inputs, device="", **self._options)
        return definition.operator()


def operator(
    axes: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    check: Sequence[Mapping[str, Any]] = (),
    tolerance: Tolerance | float | None = None,
    flops: Callable[..., float] | None = None,
    bytes: Callable[..., float] | None = None,  # noqa: A002  (what it is)
    modes: Sequence[str] = ("forward",),
) -> Callable[[Callable[..., Any]], DeclaredOperator]:
    """Declare a function as the reference of an operator: it is right in float64, and is the backend `eager`.

    axes: by name, the default of each; its type is the axis's. name: the function's where it is left out.
    check: points at which `opbench check` looks beside the defaults: odd, prime, one and empty ones find most.
    tolerance, flops, bytes: as for `opbench.compare`. modes: `forward`, `backward` (gradients of the first floating
        argument) or both. Raises UsageError for another.
    """
    for mode in modes:
        if mode not in MODES:
            raise unknown("mode", mode, MODES, "of an operator of one's own")

    def declare(function: Callable[..., Any]) -> DeclaredOperator:
        return DeclaredOperator(
            function,
            name=name,
            axes=custom_axes({axis: [default] for axis, default in (axes or {}).items()}),
            check_points=(dict[str, Any](), *check),
            tolerance=tolerance,
            flops=flops,
            moved_bytes=bytes,
            modes=frozenset(modes),
        )

    return declare
