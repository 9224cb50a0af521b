"""Case tables to scored tables, by the same function whether they come from a file, a frame or a cluster.

`columns` reads Arrow columns as cells, `batch` scores a batch of rows; `frame`, `files` and `spark` are its callers.
`csvblocks` and `sources` read case tables, `results` writes scored ones.
"""
