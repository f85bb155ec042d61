"""Catalog of the successive approximation converters' digital control."""

from gen.catalog.design import Design

SAR = (
    Design(
        name="sar_controller",
        family="sar",
        summary="successive approximation register: controller of a plain converter, a bit a cycle",
        source="textbook binary search; host of Zhang et al., arXiv 2402.06164 (DATE 2024)",
        status="golden, simulated, priced",
        parameters="sim_models.sar:SarParameters",
        component="hdl.sar:SarController",
        latency="sample_cycles + bits + 1",
        cycles=lambda parameters: parameters.latency,
        bench="sar_controller",
        vectors="gen.vectors.sar:sar_controller_vectors",
    ),
)
