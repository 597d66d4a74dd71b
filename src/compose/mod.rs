//! Asks a network for music: jobs, candidates, ranking, lineage, the worker thread.
