"""torch: tensors by dtype, shape, layout and elements; storages and generators by their bytes.

Everything is ``W`` and the text of its kind. A dense tensor is written with the order of its
dimensions in memory, as far as it fills that memory without gaps; other strides count as C,
as with arrays. A tensor that is part of a computation refers to how it was computed and has
no fingerprint.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity.encoding import number, text
from zen_nb.identity.memory import Region

if TYPE_CHECKING:
    from zen_nb.identity.values import Encoder, Handler

_COMPUTED = "it remembers how it was computed; detach() it"
_HOOKED = "hooks are registered on it"
_OPAQUE = "its layout is not known here"


def _tensor(encoder: Encoder, value: Any) -> None:
    if encoder.again(value):
        return
    torch = sys.modules["torch"]
    why = _why_not(value, torch)
    if why:
        raise NoFingerprint(f"torch.{type(value).__name__}", why)
    plain = value.detach()
    _shared(encoder, value, plain, torch)
    encoder.out += b"W" + text("tensor") + encoder.token(type(value))
    encoder.encode((str(value.dtype), str(value.layout), str(value.device), [*value.shape]))
    encoder.encode(bool(value.requires_grad))
    _content(encoder, plain, torch)
    encoder.part("grad", value.grad)
    encoder.encode(vars(value) or None)


def _why_not(value: Any, torch: Any) -> str | None:
    if not value.is_leaf:
        return _COMPUTED
    if value._backward_hooks or getattr(value, "_post_accumulate_grad_hooks", None):
        return _HOOKED
    known = value.layout in _LAYOUTS(torch) and not (value.is_quantized or value.is_nested)
    return None if known else _OPAQUE


def _LAYOUTS(torch: Any) -> tuple[Any, ...]:  # noqa: N802 - a constant that needs the library
    return (
        torch.strided,
        torch.sparse_coo,
        torch.sparse_csr,
        torch.sparse_csc,
        torch.sparse_bsr,
        torch.sparse_bsc,
    )


def _content(encoder: Encoder, plain: Any, torch: Any) -> None:
    if plain.is_meta:
        return
    if plain.layout == torch.strided:
        plain = plain.resolve_conj().resolve_neg()
        order = _order(plain)
        encoder.encode(order)
        encoder.out += encoder.digest(_octets(plain.permute(order), torch))
    elif plain.layout == torch.sparse_coo:
        encoder.encode((plain.is_coalesced(), plain.sparse_dim()))
        _content(encoder, plain._indices(), torch)
        _content(encoder, plain._values(), torch)
    else:
        rows = plain.layout in (torch.sparse_csr, torch.sparse_bsr)
        _content(encoder, plain.crow_indices() if rows else plain.ccol_indices(), torch)
        _content(encoder, plain.col_indices() if rows else plain.row_indices(), torch)
        _content(encoder, plain.values(), torch)


def _order(plain: Any) -> list[int]:
    """Return the dimensions from the outermost in memory to the innermost."""
    dimensions = [*range(plain.dim())]
    if plain.is_contiguous() or 0 in plain.stride():
        return dimensions
    order = sorted(dimensions, key=lambda place: -plain.stride(place))
    return order if plain.permute(order).is_contiguous() else dimensions


def _octets(plain: Any, torch: Any) -> Any:
    if not plain.numel():
        return b""
    flat = plain.cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy()


def _shared(encoder: Encoder, value: Any, plain: Any, torch: Any) -> None:
    """Write on which tensor before it this one lies."""
    if encoder.in_library or plain.layout != torch.strided or plain.device.type != "cpu":
        return
    found = encoder.memory.add(value, partial(_region_of, plain))
    if found is not None:
        encoder.out += b"V" + number(encoder.place_of(found[0]))
        encoder.encode(found[1])


def _region_of(plain: Any) -> Region:
    size = plain.element_size()
    strides = tuple(size * stride for stride in plain.stride())
    owner = plain.untyped_storage().data_ptr()
    return Region(owner, plain.data_ptr(), tuple(plain.shape), strides, size)


def _storage(encoder: Encoder, value: Any) -> None:
    if encoder.again(value):
        return
    torch = sys.modules["torch"]
    encoder.out += b"W" + text("storage") + encoder.token(type(value))
    whole = torch.tensor([], dtype=torch.uint8, device=value.device)
    untyped = value.untyped() if hasattr(value, "untyped") else value
    encoder.encode((str(getattr(value, "dtype", "")), str(value.device)))
    encoder.out += encoder.digest(_octets(whole.set_(untyped), torch))


def _generator(encoder: Encoder, value: Any) -> None:
    if encoder.again(value):
        return
    encoder.out += b"W" + text("generator") + encoder.token(type(value))
    encoder.encode(str(value.device))
    encoder.encode(value.get_state())


HANDLERS: dict[str, Handler] = {
    "torch:Tensor": _tensor,
    "torch:UntypedStorage": _storage,
    "torch:TypedStorage": _storage,
    "torch:Generator": _generator,
}
