//! What Redis keeps of what it is told.
