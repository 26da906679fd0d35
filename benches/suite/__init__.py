"""What measures whole processes: `benches/peers/run`, `benches/growth` and `benches/guard` share it. Standard library only."""
