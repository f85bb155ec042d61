"""Catalog of the NMPU family."""

from gen.catalog.design import Design

_SOURCE = "Ferro et al., arXiv 2402.07549 (ISCAS 2024)"
_STATUS = "golden, simulated, proved, priced"

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
        status=_STATUS,
        parameters="sim_models.nmpu:NmpuParameters",
        component="hdl.nmpu:Nmpu",
        latency="columns_per_unit + pipeline_stages",
        cycles=lambda parameters: parameters.latency,
        bench="nmpu",
        vectors="gen.vectors.nmpu:array_vectors",
    ),
)
