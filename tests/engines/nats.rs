//! What a JetStream keeps of what it is told.
