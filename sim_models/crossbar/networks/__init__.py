"""Nine networks as tables of layers, one file each: shapes only, for counts of arrays, cycles and conversions."""

from sim_models.crossbar.networks.network_layer import NetworkLayer
from sim_models.crossbar.networks.tables import NETWORKS, Network, load, neuraltalk, read_table

__all__ = ["NETWORKS", "Network", "NetworkLayer", "load", "neuraltalk", "read_table"]
