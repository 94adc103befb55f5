"""Makes it happen: look, settle, act, sweep. The only loops, retries and writes. Reaches the outside through World."""
