"""The compiled loops: rows of pattern tables looked up, multiplied, summed over levels and normalised.

numba's own vectoriser loses itself in checks whether arrays overlap, so vectors are spelled out: `Lanes` is one vector
register's worth of causes (8 of float64, 16 of float32; LLVM splits it where registers are smaller), made and used by
the intrinsics below. Cases go through in blocks, so that index columns and joint probabilities stay in the cache; and
one step after the other within a block, so that its tables do.

All loops of inference stand in this one module, because numba compiles anew only when the module that holds the called
function changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model
from numpy.typing import NDArray

from thighdx.fast.compiling import entry, part
from thighdx.fast.plan import Program, aligned

BLOCK = 2048  # cases at once. Measured on an earlier plan, ns a case: 256 132, 512 122, 1024 118, 2048 112, 4096 115
PAD = 64  # past each row of a block's arrays: at a power of two all rows would fall into the same cache sets
TILE = 16  # bytes; codes are transposed in squares of this side
ABREAST = 32  # cases whose patterns are worked out at once: 64 bytes
LANES = {np.dtype(np.float64): 8, np.dtype(np.float32): 16}  # 64 bytes, one cache line
FEW_LEVELS, FEW_TABLES = 4, 5  # that the quick loop takes; more go through the general one

U = np.uint64
Codes = NDArray[np.uint8]
Patterns = NDArray[np.uint16]
Numbers = NDArray[Any]  # float64 or float32
INDEX, SHUFFLE = ir.IntType(64), ir.IntType(32)


def _instruction(define: Callable[..., Any]) -> Any:
    """A function of compiled code that is written in LLVM's terms."""
    return intrinsic(define)


# ------------------------------------------------------------------------------------------------ vectors of causes


class Lanes(types.Type):
    """The type of a vector: probabilities, one for each of 8 or 16 causes, or the patterns of 32 cases."""

    def __init__(self, element: Any) -> None:
        self.element = element
        super().__init__(name=f"Lanes({element})")


@register_model(Lanes)
class LanesModel(models.PrimitiveModel):
    """A vector is an LLVM vector."""

    def __init__(self, manager: Any, lanes: Any) -> None:
        super().__init__(manager, lanes, _vector(lanes.element))  # type: ignore[no-untyped-call]


def _vector(element: Any) -> Any:
    if element == types.uint16:
        return ir.VectorType(ir.IntType(16), ABREAST)
    return ir.VectorType(ir.DoubleType(), 8) if element == types.float64 else ir.VectorType(ir.FloatType(), 16)


def _pick(lanes: list[int]) -> Any:
    return ir.Constant(ir.VectorType(SHUFFLE, len(lanes)), lanes)


def _address(context: Any, builder: Any, array_type: Any, array: Any, index: Any, pointed: Any) -> Any:
    data = context.make_array(array_type)(context, builder, value=array).data
    return builder.bitcast(builder.gep(data, [index]), pointed.as_pointer())


def _broadcast(builder: Any, value: Any, count: int) -> Any:
    empty = ir.Constant(ir.VectorType(value.type, count), ir.Undefined)
    return builder.shuffle_vector(builder.insert_element(empty, value, SHUFFLE(0)), empty, _pick([0] * count))


def _bytes_of(vector: Any) -> int:
    return 64 // int(vector.count)


@_instruction
def _load(_typing: Any, array: Any, index: Any) -> Any:
    """The vector from element `index` on."""

    def generate(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        vector = _vector(array.dtype)
        return builder.load(_address(context, builder, array, given[0], given[1], vector), align=_bytes_of(vector))

    return Lanes(array.dtype)(array, index), generate


@_instruction
def _store(_typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write a vector from element `index` on."""

    def generate(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        vector = _vector(array.dtype)
        place = _address(context, builder, array, given[0], given[1], vector)
        builder.store(given[2], place, align=_bytes_of(vector))
        return context.get_dummy_value()

    return types.void(array, index, value), generate


@_instruction
def _times(_typing: Any, left: Any, right: Any) -> Any:
    return left(left, right), lambda _context, builder, _signature, given: builder.fmul(*given, flags=("contract",))


@_instruction
def _plus(_typing: Any, left: Any, right: Any) -> Any:
    return left(left, right), lambda _context, builder, _signature, given: builder.fadd(*given, flags=("contract",))


@_instruction
def _all(_typing: Any, value: Any) -> Any:
    """The vector with this value in each lane."""

    def generate(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return _broadcast(builder, given[0], _vector(value).count)

    return Lanes(value)(value), generate


@_instruction
def _sum(_typing: Any, lanes: Any) -> Any:
    """The sum of the lanes, by halves."""

    def generate(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        rest, count = given[0], _vector(lanes.element).count
        while count > 1:
            count //= 2
            low, high = _pick(list(range(count))), _pick(list(range(count, 2 * count)))
            rest = builder.fadd(builder.shuffle_vector(rest, rest, low), builder.shuffle_vector(rest, rest, high))
        return builder.extract_element(rest, SHUFFLE(0))

    return lanes.element(lanes), generate


@_instruction
def _scaled(_typing: Any, codes: Any, index: Any, stride: Any) -> Any:
    """The codes of `ABREAST` cases, from element `index` on, times the stride."""
    patterns = Lanes(types.uint16)

    def generate(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        narrow = ir.VectorType(ir.IntType(8), ABREAST)
        found = builder.load(_address(context, builder, codes, given[0], given[1], narrow), align=1)
        wide = builder.zext(found, _vector(patterns.element))
        return builder.mul(wide, _broadcast(builder, given[2], ABREAST))

    return patterns(codes, index, stride), generate


@_instruction
def _added(_typing: Any, left: Any, right: Any) -> Any:
    """The sum of two vectors of patterns."""
    return left(left, right), lambda _context, builder, _signature, given: builder.add(*given)


@_instruction
def _product(_typing: Any, flat: Any, firsts: Any, columns: Any, levels: Any, case: Any, level: Any) -> Any:
    """The product over tables of the case's row, values[first + levels * patterns[column, case] + level]."""
    values, patterns = flat.types[:2]

    def generate(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        arrays, first, column, step, row, at = given
        vector, product = _vector(values.dtype), None
        offset = builder.mul(at, INDEX(vector.count))
        for number in range(len(firsts)):
            index, width = builder.extract_value(arrays, 1), builder.extract_value(arrays, 3)
            place = builder.add(builder.mul(builder.extract_value(column, number), width), row)
            pattern = builder.load(_address(context, builder, patterns, index, place, ir.IntType(16)))
            line = builder.add(builder.mul(builder.zext(pattern, INDEX), step), builder.extract_value(first, number))
            element, table = builder.mul(line, INDEX(vector.count)), builder.extract_value(arrays, 0)
            # the level's offset comes last, so that the levels share one address
            where = builder.gep(_address(context, builder, values, table, element, vector.element), [offset])
            found = builder.load(builder.bitcast(where, vector.as_pointer()), align=_bytes_of(vector))
            product = found if product is None else builder.fmul(product, found, flags=("contract",))
        return product

    return Lanes(values.dtype)(flat, firsts, columns, levels, case, level), generate


@_instruction
def _mixture(_typing: Any, flat: Any, firsts: Any, columns: Any, levels: Any, case: Any) -> Any:
    """The sum over levels, as many as `levels` is long, of the products over tables, as in `_product`."""
    values, patterns = flat.types[:2]

    def generate(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        arrays, first, column, _, row = given
        vector = _vector(values.dtype)
        products: list[Any] = [None] * len(levels)
        for number in range(len(firsts)):
            index, width = builder.extract_value(arrays, 1), builder.extract_value(arrays, 3)
            place = builder.add(builder.mul(builder.extract_value(column, number), width), row)
            pattern = builder.load(_address(context, builder, patterns, index, place, ir.IntType(16)))
            wide = builder.zext(pattern, INDEX)
            line = builder.add(builder.mul(wide, INDEX(len(levels))), builder.extract_value(first, number))
            element, table = builder.mul(line, INDEX(vector.count)), builder.extract_value(arrays, 0)
            start = _address(context, builder, values, table, element, vector.element)
            for level in range(len(levels)):
                where = builder.gep(start, [INDEX(level * vector.count)])
                found = builder.load(builder.bitcast(where, vector.as_pointer()), align=_bytes_of(vector))
                held = products[level]
                products[level] = found if held is None else builder.fmul(held, found, flags=("contract",))
        total, *rest = products
        for product in rest:
            total = builder.fadd(total, product, flags=("contract",))
        return total

    return Lanes(values.dtype)(flat, firsts, columns, levels, case), generate


@_instruction
def _turn(_typing: Any, source: Any, first: Any, stride: Any, target: Any, to: Any, to_stride: Any) -> Any:
    """Transpose a square of TILE x TILE bytes, in four rounds of interleaving rows i and i + 8."""

    def generate(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        line = ir.VectorType(ir.IntType(8), TILE)

        def place(row: int, array_type: Any, array: Any, start: Any, step: Any) -> Any:
            index = builder.add(start, builder.mul(step, INDEX(row)))
            return _address(context, builder, array_type, array, index, line)

        rows = [builder.load(place(row, source, *given[:3]), align=1) for row in range(TILE)]
        half = TILE // 2
        halves = [_pick([x for i in range(half) for x in (at + i, at + i + TILE)]) for at in (0, half)]
        for _ in range(4):
            rows = [builder.shuffle_vector(rows[i], rows[i + half], part) for i in range(half) for part in halves]
        for row in range(TILE):
            builder.store(rows[row], place(row, target, *given[3:]), align=1)
        return context.get_dummy_value()

    return types.void(source, first, stride, target, to, to_stride), generate


# ------------------------------------------------------------------------------------------------------- the loops


class Flat(NamedTuple):
    """What a step reads and writes, as flat arrays: `values` of the program, `patterns` and `joint` of the scratch."""

    values: Numbers
    patterns: Patterns
    joint: Numbers
    width: np.uint64
    lanes: np.uint64


class Place(NamedTuple):
    """Where in `joint` a set of causes begins, and whether it holds nothing yet and is to begin with P(cause)."""

    first: np.uint64
    fresh: bool
    prior: Any  # a vector


class Scratch(NamedTuple):
    """What one thread works in, for a block of cases.

    codes: (findings, BLOCK + PAD). patterns: (columns, BLOCK + PAD). joint: (sets of causes, BLOCK, lanes).
    """

    codes: Codes
    patterns: Patterns
    joint: Numbers


def make_scratch(program: Program) -> Scratch:
    """Room for one thread."""
    sets, lanes = program.start.shape
    return Scratch(
        np.zeros((len(program.highest), BLOCK + PAD), dtype=np.uint8),
        np.zeros((len(program.column_ends) - 1, BLOCK + PAD), dtype=np.uint16),
        aligned(np.zeros((sets, BLOCK, lanes)), program.start.dtype.type),
    )


@part
def _transpose(codes: Codes, start: int, count: int, findings: int, target: Codes, width: int) -> None:
    """The block's codes from (cases, findings) to (findings, width)."""
    whole = count - count % TILE if findings >= TILE else 0
    for row in range(0, whole, TILE):
        for column in range(0, findings, TILE):
            finding = min(column, findings - TILE)
            source = U((start + row) * findings + finding)
            _turn(codes, source, U(findings), target, U(finding * width + row), U(width))
    for row in range(whole, count):
        for finding in range(findings):
            target[finding * width + row] = codes[(start + row) * findings + finding]


@part
def _first_bad(codes: Codes, start: int, width: int, count: int, highest: Codes) -> int:
    """The first finding with a code past its last state, or -1: a pattern must lie within its table."""
    for finding in range(len(highest)):
        at, largest = finding * width + start, np.uint8(0)
        for code in codes[at : at + count]:
            largest = max(largest, code)
        if largest > highest[finding]:
            return finding
    return -1


@part
def _fill_patterns(program: Program, codes: Codes, start: int, width: int, count: int, patterns: Patterns) -> None:
    """The pattern of each case in each column, the sum of stride x code over the column's findings."""
    whole = count - count % ABREAST
    for column in range(len(program.column_ends) - 1):
        into, begin, end = patterns[column], program.column_ends[column], program.column_ends[column + 1]
        for case in range(0, whole, ABREAST):
            at = program.column_finding[begin] * width + start + case
            total = _scaled(codes, U(at), program.column_stride[begin])
            for member in range(begin + 1, end):
                at = program.column_finding[member] * width + start + case
                total = _added(total, _scaled(codes, U(at), program.column_stride[member]))
            _store(into, U(case), total)
        for case in range(whole, count):
            into[case] = 0
            for member in range(begin, end):
                at = program.column_finding[member] * width + start + case
                into[case] += np.uint16(codes[at]) * program.column_stride[member]


@part
def _mix(flat: Flat, place: Place, count: int, tables: Any, columns: Any, levels: Any) -> None:
    """Multiply each case's joint by the sum over levels of the product of its tables."""
    for case in range(U(count)):
        total = _mixture(flat, tables, columns, levels, case)
        at = place.first + case * flat.lanes
        before = place.prior if place.fresh else _load(flat.joint, at)
        _store(flat.joint, at, _times(before, total))


@part
def _mix_few(flat: Flat, place: Place, count: int, t: Any, c: Any, levels: Any) -> None:
    """`_mix`, a function of its own for every number of tables and levels: addresses are then sums of constants."""
    if len(t) == 1:
        _mix(flat, place, count, (t[0],), (c[0],), levels)
    elif len(t) == 2:
        _mix(flat, place, count, (t[0], t[1]), (c[0], c[1]), levels)
    elif len(t) == 3:
        _mix(flat, place, count, (t[0], t[1], t[2]), (c[0], c[1], c[2]), levels)
    elif len(t) == 4:
        _mix(flat, place, count, (t[0], t[1], t[2], t[3]), (c[0], c[1], c[2], c[3]), levels)
    else:
        _mix(flat, place, count, (t[0], t[1], t[2], t[3], t[4]), (c[0], c[1], c[2], c[3], c[4]), levels)


@part
def _mix_many(flat: Flat, place: Place, count: int, tables: Any, columns: Any, levels: np.uint64) -> None:
    """`_mix` for any number of tables and levels."""
    for case in range(U(count)):
        total = _all(flat.values.dtype.type(0))
        for level in range(levels):
            term = _product(flat, (tables[0],), (columns[0],), levels, case, level)
            for table in range(1, len(tables)):
                term = _times(term, _product(flat, (tables[table],), (columns[table],), levels, case, level))
            total = _plus(term, total)
        at = place.first + case * flat.lanes
        before = place.prior if place.fresh else _load(flat.joint, at)
        _store(flat.joint, at, _times(before, total))


@part
def _take(program: Program, step: int, flat: Flat, place: Place, count: int) -> None:
    """One step of the program, for one set of causes."""
    levels = program.step_levels[step]
    at, end = program.step_ends[step], program.step_ends[step + 1]
    t, c = program.table_first[at:end], program.table_column[at:end]
    if len(t) > FEW_TABLES or levels > U(FEW_LEVELS):
        _mix_many(flat, place, count, t, c, levels)
    elif levels == U(1):
        _mix_few(flat, place, count, t, c, (0,))
    elif levels == U(2):
        _mix_few(flat, place, count, t, c, (0, 0))
    elif levels == U(3):
        _mix_few(flat, place, count, t, c, (0, 0, 0))
    else:
        _mix_few(flat, place, count, t, c, (0, 0, 0, 0))


@part
def _normalise(
    joint: Numbers, sets: int, lanes: int, start: int, count: int, out: Numbers, causes: int, total: Numbers
) -> None:
    """P(cause, e) of each case to `total`, its sum, and `out`, its shares."""
    whole, size = causes // lanes, BLOCK * lanes
    for case in range(count):
        first, at = case * lanes, (start + case) * causes
        together = _load(joint, U(first))
        for number in range(1, sets):
            together = _plus(together, _load(joint, U(first + number * size)))
        total[start + case] = _sum(together)
        share = total.dtype.type(1) / total[start + case]
        for number in range(whole):
            _store(out, U(at + number * lanes), _times(_load(joint, U(first + number * size)), _all(share)))
        for lane in range(causes - whole * lanes):
            out[U(at + whole * lanes + lane)] = joint[U(first + whole * size + lane)] * share


@entry
def infer(
    program: Program,
    codes: Codes,
    by_finding: bool,
    step: int,
    start: int,
    stop: int,
    out: Numbers,
    causes: int,
    total: Numbers,
    scratch: Scratch,
) -> int:
    """Posterior and P(e) of the cases from `start` to `stop`. Returns a finding with a code it does not have, or -1.

    All flat. codes: `by_finding`, those of a finding side by side and `step` from one finding to the next; else
    (cases, findings). out: (cases, causes). total: (cases,).
    """
    sets, lanes = program.start.shape
    findings, width = scratch.codes.shape
    prior, turned = program.start.reshape(-1), scratch.codes.reshape(-1)
    flat = Flat(program.values.reshape(-1), scratch.patterns.reshape(-1), scratch.joint.reshape(-1), U(width), U(lanes))
    for begin in range(start, stop, BLOCK):
        count = min(BLOCK, stop - begin)
        if by_finding:
            block, first_code, row = codes, begin, step
        else:
            _transpose(codes, begin, count, findings, turned, width)
            block, first_code, row = turned, 0, width
        bad = _first_bad(block, first_code, row, count, program.highest)
        if bad >= 0:
            return int(bad)
        _fill_patterns(program, block, first_code, row, count, scratch.patterns)
        for number in range(sets):
            first, base = U(number * BLOCK * lanes), _load(prior, U(number * lanes))
            begin_set, end_set = program.set_ends[number], program.set_ends[number + 1]
            for at in range(begin_set, end_set):
                _take(program, at, flat, Place(first, at == begin_set, base), count)
            if begin_set == end_set:  # no finding says anything of these causes
                for case in range(U(count)):
                    _store(flat.joint, first + case * flat.lanes, base)
        _normalise(flat.joint, sets, lanes, begin, count, out, causes, total)
    return -1
