"""Many machines: speaking and mixing as tasks of a Dask cluster, with the same bytes as on one machine.

The client reads the site and alone writes it. Workers get orders and places, never a path of the site, and give back
names of what they put into the cache that all share.
"""
