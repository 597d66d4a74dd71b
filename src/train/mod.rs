//! Data sets, theme mining, training loops, checkpoints.
