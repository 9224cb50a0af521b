"""The network in the files of other programs, and back: BIF, XMLBIF, XDSL (GeNIe), NET (Hugin) and UAI."""

from thighdx.exchange.nodes import network_digest
from thighdx.exchange.read import network_model, read_network
from thighdx.exchange.write import FORMATS, export_network

__all__ = ["FORMATS", "export_network", "network_digest", "network_model", "read_network"]
