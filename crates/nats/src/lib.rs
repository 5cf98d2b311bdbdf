//! Twitter/X webhooks into NATS JetStream.
