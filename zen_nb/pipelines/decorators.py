"""``@step`` and ``@pipeline``, spelt as in ZenML."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any, overload

from zen_nb.core.errors import UsageError
from zen_nb.core.model import StepOptions
from zen_nb.core.options import Configuration, Setting, parse_duration, resolve
from zen_nb.engine.body import Call
from zen_nb.engine.call import Place, answer
from zen_nb.engine.dispatch import elsewhere
from zen_nb.engine.run import Invocation, PipelineRun, run
from zen_nb.executors.named import On, opened
from zen_nb.pipelines import surroundings
from zen_nb.pipelines.asked import note
from zen_nb.pipelines.compile import Drawing, drawing
from zen_nb.pipelines.followed import Called, listeners, toggles_of
from zen_nb.pipelines.mapped import over
from zen_nb.pipelines.recent import Recent, remember
from zen_nb.pipelines.signature import Binder, output_names


class StepFunction:
    """A function as a cached step.

    Called inside a pipeline function it gives handles; called anywhere else it runs,
    or is served from the cache, and returns its values.
    """

    def __init__(
        self,
        function: FunctionType,
        name: str,
        options: StepOptions,
        each: str = "",
        binder: Binder | None = None,
    ) -> None:
        self._function = function
        self._each = each
        self._binder = binder or Binder(function)
        self._outputs = output_names(function)
        self.name = name
        self.options = options
        functools.update_wrapper(self, function)

    @property
    def __zen_nb_function__(self) -> FunctionType:
        return self._function

    @property
    def entrypoint(self) -> FunctionType:
        """The function itself: calling it is never cached."""
        return self._function

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what the step returns."""
        return self._outputs

    def with_options(self, **changes: Any) -> StepFunction:
        """Return a copy with some options changed; the original stays as it is.

        Parameters
        ----------
        **changes
            ``enable_cache``, ``name``, ``expires_after`` (seconds or ``"7d"``), ``ignored_inputs``,
            ``file_dependencies``, ``store``. ``None`` puts one back to not set.

        Raises
        ------
        UsageError
            For an option that there is not.
        """
        name, options = _changed(self.name, self.options, changes)
        return StepFunction(self._function, name, options, self._each, self._binder)

    def configure(self, **changes: Any) -> StepFunction:
        """Change options of this very step; returns it. Options are those of `with_options`."""
        self.name, self.options = _changed(self.name, self.options, changes)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        arguments = self._binder.bind(args, kwargs)
        drawn = drawing.get()
        if drawn is not None:
            call = Call(self.name, self._function, self._outputs, arguments, options=self.options)
            return drawn.add(replace(call, each=self._each) if self._each else call)
        found = surroundings.configuration()
        setting = resolve(step=self.options.enable_cache, surroundings=found.enable_cache)
        call = Call(
            self.name,
            self._function,
            self._outputs,
            arguments,
            options=self.options,
            setting=setting,
        )
        given = answer(call, _place(found))
        remember(self.name, Recent(given.cached, given.reason, given.duration_s, given.note))
        surroundings.tell_of_sharing()
        values = given.values or {}
        if len(self._outputs) == 1:
            return values[self._outputs[0]]
        return tuple(values[name] for name in self._outputs) or None

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return self if owner is None else functools.partial(self, owner)

    def __repr__(self) -> str:
        return f"<step {self.name}>"


def _place(found: Configuration) -> Place:
    """Return where a direct call of a step is answered."""
    return Place(
        surroundings.store(found), surroundings.shell(), heed=note, waiting=surroundings.log
    )


@dataclass(frozen=True, slots=True)
class _PipelineOptions:
    enable_cache: bool | None = None
    run_cache: bool | None = None
    on: On = None
    steps: Mapping[str, Mapping[str, Any]] | None = None


class PipelineFunction:
    """A function that joins steps; calling it runs them and returns the run."""

    def __init__(self, function: FunctionType, name: str, options: _PipelineOptions) -> None:
        self._function = function
        self._options = options
        self.name = name
        functools.update_wrapper(self, function)

    def with_options(
        self,
        *,
        enable_cache: bool | None = None,
        steps: Mapping[str, Mapping[str, Any]] | None = None,
        executor: On = None,
        name: str | None = None,
    ) -> PipelineFunction:
        """Return a copy for runs with other settings.

        Parameters
        ----------
        enable_cache
            For every step of the run, over the steps' own settings.
        steps
            Step name to options, over everything else: ``{"train": {"enable_cache": False}}``.
        executor
            Where steps that do not depend on each other are computed side by side:
            ``"threads"``, ``"dask"``, the address of a dask scheduler, or any object of the kind
            that ``concurrent.futures`` has. ``"inline"`` puts it back to one after the other.
        """
        options = replace(
            self._options,
            run_cache=self._options.run_cache if enable_cache is None else enable_cache,
            steps={**(self._options.steps or {}), **(steps or {})},
            on=self._options.on if executor is None else executor,
        )
        return PipelineFunction(self._function, name or self.name, options)

    def configure(self, *, enable_cache: bool | None = None) -> PipelineFunction:
        """Set the pipeline's own ``enable_cache``, which a step's own setting wins over."""
        self._options = replace(self._options, enable_cache=enable_cache)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> PipelineRun:
        __tracebackhide__ = True
        invocations = self._draw(args, kwargs)
        found = surroundings.configuration()

        def again(every: bool) -> PipelineRun:  # noqa: FBT001 - told by a page
            return (self.with_options(enable_cache=False) if every else self)(*args, **kwargs)

        tell = listeners(Called(self.name, tuple(invocations), again), surroundings.log)
        place = Place(surroundings.store(found), surroundings.shell(), tell, note, tell)
        with opened(self._options.on) as executor:
            where = None
            if executor is not None and place.store is not None:
                where = elsewhere(executor, found, place.store)
            return run(self.name, invocations, place, where)

    def _draw(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Invocation]:
        if drawing.get() is not None:
            raise UsageError(
                f"pipeline {self.name} is called inside another pipeline; call its steps there"
            )
        drawn = Drawing(self.name)
        token = drawing.set(drawn)
        try:
            self._function(*args, **kwargs)
        finally:
            drawing.reset(token)
        self._check_steps([part.node for part in drawn.invocations])
        enabled = surroundings.configuration().enable_cache
        return [self._settled(part, enabled) for part in drawn.invocations]

    def _check_steps(self, known: list[str]) -> None:
        for name in self._options.steps or ():
            if name not in known:
                raise UsageError(
                    f"pipeline {self.name} has no step {name!r}; "
                    f"steps: {', '.join(known) or 'none'}"
                )

    def _settled(self, invocation: Invocation, enabled: Setting | None) -> Invocation:
        """Return a call under the setting that counts for it; `enabled` is the surroundings'."""
        asked = (self._options.steps or {}).get(invocation.node, {})
        _, now = _changed(invocation.node, _UNSET, asked)
        own = invocation.call.options
        step_now, run_now = now.enable_cache, self._options.run_cache
        toggles = toggles_of(self.name)
        setting = resolve(
            step_now=toggles.step(invocation.node) if step_now is None else step_now,
            run_now=toggles.run if run_now is None else run_now,
            step=own.enable_cache,
            pipeline=self._options.enable_cache,
            surroundings=enabled,
        )
        if setting == invocation.call.setting:
            return invocation
        return replace(invocation, call=replace(invocation.call, setting=setting))

    def __repr__(self) -> str:
        return f"<pipeline {self.name}>"


_UNSET = StepOptions()
_OPTIONS = ("enable_cache", "name", "expires_after", "ignored_inputs", "file_dependencies", "store")


def _changed(
    name: str, options: StepOptions, changes: Mapping[str, Any]
) -> tuple[str, StepOptions]:
    """Return name and options after `changes`; raises `UsageError` for one there is not."""
    for option, value in changes.items():
        if option == "name":
            name = str(value)
        elif option == "enable_cache":
            options = replace(options, enable_cache=_switch(value))
        elif option == "expires_after":
            options = replace(options, expires_after_s=_duration(value))
        elif option == "ignored_inputs":
            options = replace(options, ignore=frozenset(_names(value)))
        elif option == "file_dependencies":
            options = replace(options, files=tuple(_names(value)))
        elif option == "store":
            options = replace(options, keep=value is not False)
        else:
            raise UsageError(f"a step has no option {option!r}; options: {', '.join(_OPTIONS)}")
    return name, options


def _switch(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise UsageError(f"enable_cache={value!r} is not a switch; write True, False or None")


def _duration(value: object) -> float | None:
    return None if value is None else parse_duration(str(value), "expires_after")


def _names(value: Collection[str] | str | None) -> Collection[str]:
    return () if value is None else (value,) if isinstance(value, str) else value


def _plain(function: Callable[..., Any]) -> FunctionType:
    if not isinstance(function, FunctionType):
        raise UsageError(
            "@step and @pipeline decorate functions written with def, "
            f"not {type(function).__name__}"
        )
    return function


@overload
def step(function: Callable[..., Any], /) -> StepFunction: ...


@overload
def step(
    function: None = None, /, **options: Any
) -> Callable[[Callable[..., Any]], StepFunction]: ...


def step(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a cached step.

    Parameters
    ----------
    **options
        Those of `StepFunction.with_options`, and ``map``: the name of a parameter that the step
        takes a list for. The function is called for each element, and each call is cached; the
        step's outputs are lists, in the order of the elements.

    Examples
    --------
    >>> @step(enable_cache=True)
    ... def load() -> Annotated[pd.DataFrame, "df"]:
    ...     return pd.read_csv("sales.csv")
    """
    if function is None:
        return lambda decorated: _made(decorated, **options)
    return _made(function)


def _made(function: Callable[..., Any], *, map: str = "", **options: Any) -> StepFunction:  # noqa: A002
    plain = _plain(function)
    body = over(plain, map, _of_elements) if map else plain
    return StepFunction(body, plain.__name__, StepOptions(), map).configure(**options)


def _of_elements() -> Place:
    found = surroundings.configuration()
    return Place(surroundings.store(found), surroundings.shell(), waiting=surroundings.log)


@overload
def pipeline(function: Callable[..., Any], /) -> PipelineFunction: ...


@overload
def pipeline(
    function: None = None, /, *, enable_cache: bool | None = None, name: str | None = None
) -> Callable[[Callable[..., Any]], PipelineFunction]: ...


def pipeline(
    function: Callable[..., Any] | None = None,
    /,
    *,
    enable_cache: bool | None = None,
    name: str | None = None,
) -> Any:
    """Make a function that calls steps a pipeline.

    Parameters
    ----------
    enable_cache
        For steps that set nothing themselves.
    name
        Left out, the function's.
    """
    if function is None:
        return lambda decorated: pipeline(decorated, enable_cache=enable_cache, name=name)
    plain = _plain(function)
    return PipelineFunction(plain, name or plain.__name__, _PipelineOptions(_switch(enable_cache)))
