"""The helpers of tests: stand-ins for engines and disks, sites, signals, and what other tools measure in them."""
