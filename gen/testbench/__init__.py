"""What generated benches are made of. The files need only cocotb: each is also copied beside the generated Verilog."""
