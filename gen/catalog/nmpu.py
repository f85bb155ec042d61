"""Catalog of the NMPU family."""

from typing import TYPE_CHECKING

from gen.catalog.design import Design

if TYPE_CHECKING:
    from sim_models.nmpu import LdpuParameters

_SOURCE = "Ferro et al., arXiv 2402.07549 (ISCAS 2024)"
_STATUS = "golden, simulated, proved, priced"
_ARRAY_STATUS = _BASELINE_STATUS = "golden, simulated, priced"


def _ldpu_cycles(parameters: "LdpuParameters") -> int:
    from sim_models.nmpu import ldpu_cycles

    return ldpu_cycles(parameters.columns, parameters)


NMPU = (
    Design(
        name="nmpu_unit",
        family="nmpu",
        summary="near-memory unit: affine correction, batch norm, ReLU and requantization of a few crossbar columns",
        source=_SOURCE,
        status=_STATUS,
        parameters="sim_models.nmpu:NmpuParameters",
        component="hdl.nmpu:NmpuUnit",
        latency="columns_per_unit + pipeline_stages",
        cycles=lambda parameters: parameters.latency,
        bench="nmpu_unit",
        vectors="gen.vectors.nmpu:unit_vectors",
    ),
    Design(
        name="nmpu",
        family="nmpu",
        summary="array of near-memory units for a whole crossbar, with parameter memory and streamed results",
        source=_SOURCE,
        status=_ARRAY_STATUS,
        parameters="sim_models.nmpu:NmpuParameters",
        component="hdl.nmpu:Nmpu",
        latency="columns_per_unit + pipeline_stages",
        cycles=lambda parameters: parameters.latency,
        bench="nmpu",
        vectors="gen.vectors.nmpu:array_vectors",
    ),
    Design(
        name="nmpu_fp16",
        family="nmpu",
        summary="binary16 unit that the NMPU replaces: storage, aggregation, control; three service models",
        source=f"baseline of {_SOURCE}; bitline's reconstruction",
        status=_BASELINE_STATUS,
        parameters="sim_models.nmpu:LdpuParameters",
        component="hdl.nmpu_fp16:Ldpu",
        latency="passes * columns / lanes + 5",
        cycles=_ldpu_cycles,
        bench="nmpu_fp16",
        vectors="gen.vectors.nmpu_fp16:unit_vectors",
    ),
    Design(
        name="nmpu_fp16_lane",
        family="nmpu",
        summary="binary16 lane of that unit: two converters, two multipliers, two adders, conversion to int8",
        source=f"baseline of {_SOURCE}; bitline's reconstruction",
        status=_BASELINE_STATUS,
        parameters="sim_models.nmpu:LdpuParameters",
        component="hdl.nmpu_fp16:Fp16Lane",
        latency="5",
        cycles=lambda parameters: 5,
        bench="nmpu_fp16_lane",
        vectors="gen.vectors.nmpu_fp16:lane_vectors",
    ),
)
